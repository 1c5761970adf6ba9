"""Traceability leads from requirements to verdicts, and tells what no check verifies."""

from __future__ import annotations

import csv
from pathlib import Path

import run_events
import run_records

from stepwedge.events import CheckFinished
from stepwedge.reports import html, traceability
from stepwedge.reports.model import RunView, read_view
from stepwedge.verdicts import Level, Verdict


def checked(id: str, service: str, clause: str, verdict: Verdict) -> CheckFinished:
    """One check that ended."""
    return CheckFinished(
        at=1.0, id=id, node=f"{id}::x", service=service, sentence="A sentence.", clause=clause,
        edition="2025a", level=Level.SHALL, claim="", verdict=verdict, duration=0.1,
    )  # fmt: skip


def view_of(tmp_path: Path, *checks: CheckFinished) -> RunView:
    """A run record with these checks, read back."""
    return read_view(run_records.write(tmp_path, "run", [run_events.run_started(), *checks]))


KNOWN = checked("FIND-033", "query", "PS3.4 C.2.2.2.3", Verdict.PASS)
STRANGE = checked("XYZ-001", "private", "PS3.4 A.4", Verdict.FAIL)


def test_checks_stand_below_their_requirement(tmp_path: Path) -> None:
    """A check is traced to its row of the table, one that the table does not know to itself."""
    rows = traceability.traced(view_of(tmp_path, KNOWN, STRANGE))
    assert [(row.id, [c.id for c in row.checks]) for row in rows] == [
        ("", ["XYZ-001"]),
        ("query.universal", ["FIND-033"]),
    ]


def test_gaps_are_those_of_the_services_of_the_run(tmp_path: Path) -> None:
    """What is untested is told of services that the run touched, and of no other."""
    gaps = traceability.untested(view_of(tmp_path, KNOWN))
    assert {gap.service for gap in gaps} == {"query"}
    assert all(gap.untested and not gap.checks for gap in gaps)


def test_the_table_for_spreadsheets_has_both(tmp_path: Path) -> None:
    """The CSV holds a row a check with its requirement, and a row a gap with its reason."""
    view = view_of(tmp_path, KNOWN)
    with traceability.write(view, tmp_path).open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["requirement"], rows[0]["check"]) == ("query.universal", "FIND-033")
    gaps = [row for row in rows if row["verdict"] == traceability.NOT_TESTED]
    assert len(gaps) == len(rows) - 1 == len(traceability.untested(view))
    assert all(row["reason"] for row in gaps)


def test_the_page_has_both(tmp_path: Path) -> None:
    """The report names the requirement of a check, and what is not tested."""
    view = view_of(tmp_path, KNOWN)
    page = html.write(view, tmp_path).read_text(encoding="utf-8")
    assert "query.universal" in page
    assert "Why it is not tested" in page
