"""Sequence matching (PS3.4 C.2.2.2.6), against a study that has two procedure codes."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom import Dataset

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.deposits import Deposit, Deposits
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect, expect_success, uids

CLAIM = "keys.procedure-code"
CODES = (("SW-HEAD", "99STEPWEDGE"), ("SW-CHEST", "99OTHER"))
FIELD = "Procedure Code Sequence (0008,1032)"


def _code(value: str, scheme: str = "") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, scheme
    return item


def _study_with_codes(deposits: Deposits) -> Deposit:
    def code(dataset: Dataset) -> None:
        dataset.ProcedureCodeSequence = [_code(*code) for code in CODES]
        for item in dataset.ProcedureCodeSequence:
            item.CodeMeaning = "Stepwedge"

    deposit = deposits.of(deposits.ct(), code)
    deposits.keep(deposit)
    return deposit


def _ask(queries: Queries, deposit: Deposit, item: Dataset) -> Sequence[Dataset]:
    keys = {"StudyInstanceUID": deposit.study, "ProcedureCodeSequence": [item]}
    operation = queries.ask("STUDY", keys)
    expect_success(operation)
    return operation.matches


@check(
    "FIND-146",
    "PS3.4 C.2.2.2.6",
    SHALL,
    claim=CLAIM,
    defects=["find-sequence-key-ignored", "find-sequence-first-item-only"],
)
def test_item_by_item(study_root: Queries, deposits: Deposits) -> None:
    """Keys inside of a sequence match when one of its items has them all."""
    deposit = _study_with_codes(deposits)
    first, (second, other) = CODES[0][0], CODES[1]
    for item, wanted in (
        (_code(first), True),
        (_code(second, other), True),
        (_code(first, other), False),
        (_code("SW-NOBODY"), False),
    ):
        found = deposit.study in uids(_ask(study_root, deposit, item), "StudyInstanceUID")
        shown = f"{item.CodeValue} {item.CodingSchemeDesignator}".rstrip()
        expected = f"the study to be found by {shown}" if wanted else f"no match for {shown}"
        expect(found == wanted, expected, "it is found" if found else "it is not", FIELD)


@check(
    "FIND-147",
    "PS3.4 C.2.2.2.6",
    SHALL,
    claim=CLAIM,
    defects=["find-sequence-items-unfiltered"],
)
def test_matching_items_return(study_root: Queries, deposits: Deposits) -> None:
    """Of a sequence the items that match come back, and no other."""
    deposit = _study_with_codes(deposits)
    for match in _ask(study_root, deposit, _code(CODES[1][0])):
        seen = [str(item.get("CodeValue", "")) for item in match.get("ProcedureCodeSequence") or ()]
        expect(seen == [CODES[1][0]], f"the item {CODES[1][0]}", f"{seen}", FIELD)
