"""Keys of C-FIND by level and matching type, as the claims file lists them (PS3.2 Table N.5-18)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.stated.judging import Judge
from stepwedge.fixtures.stated.keys import StatedKeys
from stepwedge.statement import Statement

TABLE = "PS3.2 Table N.5-18"


def _judge(judge: Judge, keys: StatedKeys, statement: Statement, *matching: str) -> None:
    keys.require()
    first, *also = matching
    judge(keys.judge(first, statement, *also), f"keys with {first} matching")


@check(
    "CLAIM-010",
    TABLE,
    SHALL,
    claim="statement",
    defects=["find-ignores-accession-number", "find-ignores-instance-number"],
)
def test_single(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with single value matching finds what has its value, and nothing else."""
    _judge(judge, stated_keys, statement, "single")


@check(
    "CLAIM-011",
    TABLE,
    SHALL,
    claim="statement",
    defects=["find-asterisk-literal", "find-question-mark-literal"],
)
def test_wildcard(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with wild card matching takes * and ? and finds exactly what matches."""
    _judge(judge, stated_keys, statement, "wildcard")


@check(
    "CLAIM-012",
    TABLE,
    SHALL,
    claim="statement",
    defects=["find-open-start-range-broken", "find-time-range-ignored"],
)
def test_range(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with range matching takes ranges with both ends and with one."""
    _judge(judge, stated_keys, statement, "range")


@check(
    "CLAIM-013",
    TABLE,
    SHALL,
    claim="statement",
    defects=["find-omits-accession-number", "find-omits-counts"],
)
def test_universal(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with universal matching, or to be returned, is returned as it is known."""
    _judge(judge, stated_keys, statement, "universal", "returned", "sequence")


@check("CLAIM-014", TABLE, SHALL, claim="statement", defects=["find-uid-list-first-only"])
def test_list(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with list of UID matching finds exactly what the list names."""
    _judge(judge, stated_keys, statement, "list")


@check("CLAIM-015", TABLE, SHALL, claim="statement", defects=["find-multiple-first-only"])
def test_multiple(judge: Judge, stated_keys: StatedKeys, statement: Statement) -> None:
    """Every key claimed with multiple value matching finds what has one of the values."""
    _judge(judge, stated_keys, statement, "multiple")
