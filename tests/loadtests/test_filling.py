"""Filling: deterministic, resumable, and honest about a target that fails."""

from __future__ import annotations

import time

import pytest

from stepwedge.errors import UsageError
from stepwedge.loadtests import queries
from stepwedge.loadtests.by_size import KEYS, Measured, markdown, measure, sizes_up_to
from stepwedge.loadtests.filling import (
    BLOCK,
    DAYS,
    Fill,
    date_of,
    first_incomplete,
    instance,
    run,
)
from stepwedge.loadtests.links import Answer
from stepwedge.wire.errors import ClosedByPeer


class Shelf:
    """An archive in a dictionary, behind the seam that roles speak to."""

    def __init__(self, status: int = 0, fail_at: int = -1) -> None:
        self.kept: dict[str, set[str]] = {}
        self.status = status
        self.fail_at = fail_at
        self.stores = 0

    def __call__(self, purpose: str, sop_classes: object = (), port: int = 0) -> Shelf:
        return self

    def store(self, parcel: object) -> Answer:
        self.stores += 1
        if self.stores == self.fail_at:
            raise ClosedByPeer("response")
        if not self.status:
            header = parcel.parts[0]  # type: ignore[attr-defined]
            series = queries.value_of(header, queries.SERIES, explicit=True) or ""
            uid = parcel.sop_instance  # type: ignore[attr-defined]
            self.kept.setdefault(series, set()).add(uid)
        return Answer(self.status, time.time_ns())

    def find(self, sop_class: str, identifier: bytes) -> Answer:
        series = queries.value_of(identifier, queries.SERIES)
        found = [b""] * len(self.kept.get(series or "", ()))
        return Answer(0, time.time_ns(), identifiers=found)

    def release(self) -> None:
        """Nothing to end."""

    def abort(self) -> None:
        """Nothing to end."""


def test_whole() -> None:
    """A fill stores every study once, whatever the number of associations."""
    shelf, fill = Shelf(), Fill("t", studies=BLOCK + 7, images=2)
    done = run(fill, shelf, associations=4)
    assert (done.stored, done.failed, done.problem) == (2 * fill.studies, 0, "")
    assert sum(map(len, shelf.kept.values())) == 2 * fill.studies


def test_same_again() -> None:
    """Study n is the same in every process, and another in a fill of another name."""
    one = instance(Fill("a"), 7, 0)
    assert instance(Fill("a"), 7, 0).sop_instance == one.sop_instance
    assert instance(Fill("b"), 7, 0).sop_instance != one.sop_instance
    assert len({date_of(n) for n in range(DAYS)}) == DAYS


def test_resumes() -> None:
    """The first block that is not whole is found by asking, and the rest completes the fill."""
    shelf, fill = Shelf(), Fill("t", studies=6 * BLOCK)
    run(Fill("t", studies=2 * BLOCK + 3), shelf, associations=1)
    assert first_incomplete(fill, shelf, fill.blocks) == 2
    done = run(fill, shelf, first=2)
    assert done.stored == 4 * BLOCK
    assert first_incomplete(fill, shelf, fill.blocks) == fill.blocks


def test_a_closed_connection_is_counted_and_mended() -> None:
    """A connection that is closed costs its block another try, and nothing is missing after it."""
    shelf = Shelf(fail_at=30)
    done = run(Fill("t", studies=BLOCK), shelf, associations=1)
    assert done.errors == {"closed response": 1}
    assert len(shelf.kept) == BLOCK


def test_a_full_archive_ends_the_fill() -> None:
    """A target that refuses nearly everything ends the fill, with the status in words."""
    done = run(Fill("t", studies=50 * BLOCK), Shelf(status=0xA700), associations=2)
    assert "out of resources" in done.problem
    assert done.stored == 0
    assert done.failed < 50 * BLOCK


def test_nothing_to_fill() -> None:
    """A fill of nothing is a mistake."""
    with pytest.raises(UsageError, match="nothing"):
        Fill(studies=0)


def test_table() -> None:
    """Every kind of key is asked and stands in the table; a failure stands there in words."""
    fill = Fill("t", studies=20)
    rows: list[Measured] = []
    assert measure(fill, Shelf(), rows.append, keys=["Patient ID"]) == rows
    assert rows[0].asked == 200
    assert all(KEYS[key](fill, 3)[queries.LEVEL] == "STUDY" for key in KEYS)
    rows.append(Measured(40, 40, "Patient ID", 0, 0, 0.0, 0.0, 0.0, "no answer in time"))
    assert "| Patient ID |" in markdown(rows)
    assert "no answer in time" in markdown(rows)


def test_sizes() -> None:
    """Sizes are powers of ten of instances, and the whole."""
    assert sizes_up_to(Fill(studies=100_000)) == [1000, 10_000, 100_000]
    assert sizes_up_to(Fill(studies=500, images=200)) == [5, 50, 500]
