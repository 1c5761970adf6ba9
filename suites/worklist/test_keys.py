"""The keys that a worklist must match (PS3.4 K.2.2.1.1.1, Table K.6-1)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from pydicom import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.queries import element_of
from stepwedge.fixtures.sopclasses import MODALITY_WORKLIST
from stepwedge.fixtures.verifiers import expect, expect_success
from stepwedge.fixtures.worklists import (
    Worklists,
    identifier,
    name_of,
    value_of,
)
from stepwedge.verdicts import Blocked

START = ("ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime")


@check("MWL-001", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-station"])
def test_station(worklists: Worklists) -> None:
    """Scheduled Station AE Title selects the steps of one station."""
    worklists.check("ScheduledStationAETitle")


@check("MWL-002", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-modality"])
def test_modality(worklists: Worklists) -> None:
    """Modality selects the steps of one modality."""
    worklists.check("Modality")


@check("MWL-003", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-date"])
def test_date(worklists: Worklists) -> None:
    """Scheduled Procedure Step Start Date selects the steps of one day."""
    worklists.check("ScheduledProcedureStepStartDate")


@pytest.mark.parametrize("span", ["{0}-{0}", "{0}-", "-{0}"], ids=["one-day", "from", "until"])
@check("MWL-004", "PS3.4 C.2.2.2.5.1", SHALL, claim="worklist", defects=["worklist-ignores-date"])
def test_date_range(worklists: Worklists, span: str) -> None:
    """A range of start dates selects the steps within it, both ends included."""
    worklists.check("ScheduledProcedureStepStartDate", lambda day: span.format(day))


@pytest.mark.parametrize("span", ["{0}-{0}", "-{0}"], ids=["one-moment", "until"])
@check("MWL-005", "PS3.4 C.2.2.2.5.2", SHALL, claim="worklist", defects=["worklist-ignores-time"])
def test_time_range(worklists: Worklists, span: str) -> None:
    """A range of start times selects the steps within it, both ends included."""
    worklists.check("ScheduledProcedureStepStartTime", lambda time: span.format(time))


@check(
    "MWL-006", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-performer"]
)
def test_performer(worklists: Worklists) -> None:
    """Scheduled Performing Physician's Name selects the steps of one physician."""
    worklists.check("ScheduledPerformingPhysicianName")


@check("MWL-007", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-name"])
def test_patient_name(worklists: Worklists) -> None:
    """Patient's Name selects the steps of one name."""
    worklists.check("PatientName")


@check("MWL-008", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-name"])
def test_patient_name_wildcard(worklists: Worklists) -> None:
    """The wild card * works in Patient's Name."""
    worklists.check("PatientName", lambda name: name[:-2] + "*")


@check(
    "MWL-009", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-ignores-patient-id"]
)
def test_patient_id(worklists: Worklists) -> None:
    """Patient ID selects the steps of one patient."""
    worklists.check("PatientID")


@check(
    "MWL-010",
    "PS3.4 K.2.2.1.1.2",
    SHALL,
    claim="worklist-keys",
    defects=["worklist-ignores-accession-number"],
)
def test_accession_number(worklists: Worklists) -> None:
    """Accession Number selects the steps of one order."""
    worklists.check("AccessionNumber")


@check(
    "MWL-011",
    "PS3.4 K.2.2.1.1.2",
    SHALL,
    claim="worklist-keys",
    defects=["worklist-ignores-requested-procedure"],
)
def test_requested_procedure(worklists: Worklists) -> None:
    """Requested Procedure ID selects the steps of one procedure."""
    worklists.check("RequestedProcedureID")


@check(
    "MWL-045",
    "PS3.4 K.2.2.1.1.2",
    QUALITY,
    claim="worklist",
    defects=["worklist-unknown-key-fails", "worklist-unknown-key-selects"],
)
def test_unsupported_key(worklists: Worklists) -> None:
    """A key that no worklist supports is ignored: it selects nothing, and fails nothing.

    A server that supports every attribute as a key finds it unknown in all items, and no match.
    """
    asked = identifier({})
    asked.add(element_of("PrinterName", "NOBODY"))
    with worklists.asking() as association:
        items = worklists.everything(association)
        operation = association.find(MODALITY_WORKLIST, asked)
    expect_success(operation)
    worklists.compare(items, {}, operation.matches)


@check(
    "MWL-014", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-start-not-combined"]
)
def test_start_is_one_moment(worklists: Worklists) -> None:
    """Ranges of start date and start time together are one period, not some hours of each day."""
    with worklists.asking() as association:
        items = [item for item in worklists.everything(association) if all(_start(item))]
        first, last = _telling_period(items)
        keys = dict(zip(START, (f"{a}-{b}" for a, b in zip(first, last, strict=True)), strict=True))
        operation = association.find(MODALITY_WORKLIST, identifier(keys))
    expect_success(operation)
    found = {name_of(item) for item in operation.matches}
    for item in items:
        is_within = first <= _start(item) <= last
        shown = f"{name_of(item)}, which starts {' '.join(_start(item))}"
        if is_within:
            expect(name_of(item) in found, f"{shown}, in the period", "it is missing", START[0])
        else:
            expect(name_of(item) not in found, f"nothing outside of {keys}", shown, START[0])


def _start(item: Dataset) -> tuple[str, str]:
    date, time = (value_of(item, keyword) for keyword in START)
    return date, time.partition(".")[0].ljust(6, "0") if time else ""


def _telling_period(items: Sequence[Dataset]) -> tuple[tuple[str, str], tuple[str, str]]:
    """The starts of two items between which another is that starts at no hour between theirs."""
    starts = sorted({_start(item) for item in items})
    for first, last in itertools.combinations(starts, 2):
        hours = first[1], last[1]
        between = [start for start in starts if first < start < last]
        if hours[0] <= hours[1] and any(not hours[0] <= s[1] <= hours[1] for s in between):
            return first, last
    raise Blocked("no three worklist items start so that a period tells itself from daily hours")


@check(
    "MWL-012",
    "PS3.4 C.2.2.2.6",
    SHALL,
    claim="worklist",
    defects=["worklist-ignores-modality", "worklist-ignores-station"],
)
def test_keys_together(worklists: Worklists) -> None:
    """Keys inside the sequence and outside of it must all match, as a modality asks them."""
    keywords = ("ScheduledStationAETitle", "Modality", "ScheduledProcedureStepStartDate")
    with worklists.asking() as association:
        items = worklists.everything(association)
        complete = [item for item in items if all(value_of(item, k) for k in keywords)]
        for keyword in keywords:
            if len({value_of(item, keyword) for item in complete}) < 2:
                raise Blocked(f"no two worklist items differ in {keyword}")
        # One key at a time is taken from another item, so that each decides once.
        for keyword in keywords:
            first = complete[0]
            keys = {k: value_of(first, k) for k in keywords}
            other = next(i for i in complete if value_of(i, keyword) != keys[keyword])
            keys[keyword] = value_of(other, keyword)
            operation = association.find(MODALITY_WORKLIST, identifier(keys))
            expect_success(operation)
            worklists.compare(items, keys, operation.matches)


@check(
    "MWL-013", "PS3.4 K.2.2.1.1.1", SHALL, claim="worklist", defects=["worklist-unknown-matches"]
)
def test_unknown_value(worklists: Worklists) -> None:
    """An item whose value is unknown fails to match a key with a value."""
    keyword = "ScheduledPerformingPhysicianName"
    with worklists.asking() as association:
        items = worklists.everything(association)
        unknown = {name_of(item)[:-1] for item in items if not value_of(item, keyword)}
        known = [value for item in items if (value := value_of(item, keyword))]
        if not unknown or not known:
            raise Blocked(f"no worklist item lacks {keyword} beside one that has it")
        operation = association.find(MODALITY_WORKLIST, identifier({keyword: known[0]}))
    expect_success(operation)
    wrong = [name for item in operation.matches if (name := name_of(item)[:-1]) in unknown]
    expect(not wrong, "no item without a value", f"{len(wrong)}, first {wrong[:1]}", keyword)
