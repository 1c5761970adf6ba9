"""Worklist items: complete, told apart by every key, and one value unknown."""

from __future__ import annotations

import pytest

from stepwedge.fixtures.worklists import name_of, value_of
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.scheduled import scheduled_items

MATCHED = (
    "PatientName",
    "PatientID",
    "AccessionNumber",
    "RequestedProcedureID",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "Modality",
    "ScheduledPerformingPhysicianName",
)


@pytest.mark.parametrize("keyword", MATCHED)
def test_every_key_tells_items_apart(keyword: str) -> None:
    """Whatever key is asked for, two items differ in it."""
    values = {value_of(item, keyword) for item in scheduled_items(Scope(1, "R"))}
    assert len(values - {""}) >= 2


def test_one_physician_is_unknown_and_one_name_is_beyond_ascii() -> None:
    """The rules for unknown values and for character sets have something to show."""
    items = scheduled_items(Scope(1, "R"))
    assert [value_of(item, "ScheduledPerformingPhysicianName") for item in items].count("") == 1
    beyond = [item for item in items if not value_of(item, "PatientName").isascii()]
    assert [item.SpecificCharacterSet for item in beyond] == ["ISO_IR 100"]


def test_items_belong_to_their_scope() -> None:
    """Items have names of their own, and another run's are others."""
    names = {name_of(item) for run in ("R", "S") for item in scheduled_items(Scope(1, run))}
    assert len(names) == 10
