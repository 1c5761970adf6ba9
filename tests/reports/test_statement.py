"""The Conformance Statement's section: both sides of every claim, the broken ones first."""

from __future__ import annotations

import csv
from pathlib import Path

import run_events
import run_records

from stepwedge.events import CheckFinished, ClaimJudged, Event
from stepwedge.reports import html, statement
from stepwedge.reports.model import RunView, read_view
from stepwedge.verdicts import SILENT, Level, Standing, Verdict


def judged(
    subject: str, aspect: str, standing: Standing, seen: str = "as claimed", kind: str = "key"
) -> ClaimJudged:
    """One claim that was looked at."""
    claimed = "" if standing is Standing.SUGGESTED else aspect
    return ClaimJudged(
        at=1.0, kind=kind, subject=subject, aspect=aspect, claimed=claimed, seen=seen,
        standing=standing, check="CLAIM-010",
    )  # fmt: skip


def checked(id: str, verdict: Verdict, reason: str = "") -> CheckFinished:
    """One check of the statement that ended."""
    return CheckFinished(
        at=1.0, id=id, node=f"{id}::x", service="statement", sentence="A sentence.",
        clause="PS3.2 Table N.5-18", edition="2025a", level=Level.SHALL, claim="statement",
        verdict=verdict, duration=0.1, reason=reason,
    )  # fmt: skip


def view_of(tmp_path: Path, *events: Event) -> RunView:
    """A run record with these events, read back."""
    return read_view(run_records.write(tmp_path, "run", [run_events.run_started(), *events]))


CLAIMS = (
    judged("study-root STUDY PatientName", "single", Standing.KEPT),
    judged("study-root STUDY PatientName", "wildcard", Standing.BROKEN, "=1 <missing>"),
    judged("CT Image Storage", "negotiated", Standing.SUGGESTED, "accepted in RLE", "SOP class"),
    judged("MR Image Storage", "negotiated", Standing.SUGGESTED, "accepted in RLE", "SOP class"),
)


def test_claims_are_gathered_by_kind_and_suggestions_by_what_was_seen(tmp_path: Path) -> None:
    """Keys make a matrix; what was seen alike of several subjects is one suggestion."""
    gathered = statement.statement(view_of(tmp_path, *CLAIMS))
    assert [claim.aspect for claim in gathered.broken] == ["wildcard"]
    (kind,) = gathered.kinds
    ((subject, cells),) = kind.matrix
    assert subject == "study-root STUDY PatientName"
    assert {c.aspect: c.standing for c in cells if c} == {
        "single": Standing.KEPT,
        "wildcard": Standing.BROKEN,
    }
    (suggestion,) = gathered.suggestions
    assert suggestion.subjects == ["CT Image Storage", "MR Image Storage"]


def test_the_page_shows_the_section_only_when_claims_were_judged(tmp_path: Path) -> None:
    """Text that a server said is escaped; a run without claims file has no such section."""
    page = html.render(view_of(tmp_path / "a", *CLAIMS, checked("CLAIM-010", Verdict.FAIL)))
    assert 'id="statement"' in page and "=1 &lt;missing&gt;" in page
    page = html.render(view_of(tmp_path / "b", checked("CLAIM-010", Verdict.PASS)))
    assert 'id="statement"' not in page


def test_the_table_for_spreadsheets_has_every_claim(tmp_path: Path) -> None:
    """A row a claim, no cell of which is a formula; no file for a run without claims."""
    path = statement.write(view_of(tmp_path, *CLAIMS), tmp_path)
    assert path is not None
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(CLAIMS)
    assert rows[1]["seen"] == "'=1 <missing>" and rows[1]["standing"] == "broken"
    assert statement.write(view_of(tmp_path / "none"), tmp_path) is None


def test_what_a_file_is_silent_about_is_one_line(tmp_path: Path) -> None:
    """Checks that found nothing claimed are told together, by what the file does not say."""
    view = view_of(
        tmp_path,
        checked("CLAIM-031", Verdict.NOT_CLAIMED, SILENT + "timers"),
        checked("CLAIM-040", Verdict.NOT_CLAIMED, SILENT + "role selection"),
    )
    assert [one.reason for one in view.untested] == [SILENT + "timers, role selection"]
