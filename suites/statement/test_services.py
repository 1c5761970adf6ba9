"""Status codes, character sets, storage level and worklist keys, as the claims file lists them."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.stated import levels, statuses, texts, worklist
from stepwedge.fixtures.stated.judging import Judge
from stepwedge.fixtures.worklists import Worklists
from stepwedge.statement import Statement


@check(
    "CLAIM-016",
    "PS3.4 K.6.1.2",
    SHALL,
    claim="statement",
    defects=["worklist-ignores-modality", "worklist-omits-patient-id"],
)
def test_worklist_keys(judge: Judge, worklists: Worklists, statement: Statement) -> None:
    """Every key claimed of the worklist matches and is returned as claimed."""
    judge(worklist.judge(worklists, statement), "keys of the worklist")


@check(
    "CLAIM-020",
    "PS3.2 Table N.6-1",
    SHALL,
    claim="statement",
    defects=["find-charset-missing", "find-charset-ignored-in-request"],
)
def test_character_sets(judge: Judge, deposits: Deposits, statement: Statement) -> None:
    """A name in every character set claimed comes back as it was, and is found by itself."""
    judge(texts.judge(deposits, statement), "character sets")


@check(
    "CLAIM-050",
    "PS3.2 Table N.7-43",
    SHALL,
    claim="statement",
    defects=["store-status-outside-table", "find-no-match-failure"],
)
def test_statuses(judge: Judge, deposits: Deposits, statement: Statement) -> None:
    """Every status that a service answers is one that the claims file lists for it."""
    judge(statuses.judge(deposits, statement), "status codes")


@check(
    "CLAIM-060",
    "PS3.2 Table N.5-10",
    SHALL,
    claim="statement",
    defects=["store-drops-private", "store-drops-retired"],
)
def test_storage_level(judge: Judge, deposits: Deposits, statement: Statement) -> None:
    """Storage keeps what its claimed level of conformance keeps."""
    judge(levels.judge(deposits, statement), "the storage level")
