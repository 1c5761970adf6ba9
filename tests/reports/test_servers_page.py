"""The page of servers × checks: causes in a line each, and every verdict in the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_events
import run_records

from stepwedge.baseline import Baseline, Deviation
from stepwedge.cli.main import run
from stepwedge.errors import Exit
from stepwedge.events import CheckFinished
from stepwedge.reports.model import read_view
from stepwedge.reports.servers import Verified, draw
from stepwedge.verdicts import Level, Verdict


def checked(id: str, verdict: Verdict, parameter: str = "", reason: str = "") -> CheckFinished:
    """One check that ended."""
    return CheckFinished(
        at=1.0, id=id, node=f"{id}{parameter}", service="query", sentence="Finds A|B.",
        clause="PS3.4 C", edition="2025a", level=Level.SHALL, claim="", verdict=verdict,
        duration=0.1, parameter=parameter, expected="this", observed="that", reason=reason,
    )  # fmt: skip


def page(tmp_path: Path, *checks: CheckFinished, known: tuple[Deviation, ...] = ()) -> str:
    """The page of one server with these checks."""
    folder = run_records.write(tmp_path, "run", [run_events.run_started(), *checks])
    baseline = Baseline(about="Somebody's archive", deviation=known)
    return draw([Verified("pacs", "a PACS", "1.2", ("find",), baseline, read_view(folder))])


def test_one_cause_is_one_line(tmp_path: Path) -> None:
    """Deviations that the baseline gives one reason stand together, under the worst verdict."""
    known = tuple(
        Deviation(check=id, verdict=verdict, reason="It is blind.")
        for id, verdict in (("FIND-001", "warn"), ("FIND-002", "fail"))
    )
    text = page(
        tmp_path, checked("FIND-001", Verdict.WARN), checked("FIND-002", Verdict.FAIL), known=known
    )
    assert "| FIND-001, FIND-002 | PS3.4 C | ✗ fail | It is blind. |" in text


def test_what_nobody_has_looked_into_says_so(tmp_path: Path) -> None:
    """A deviation without a reason is shown with what came, and marked."""
    text = page(tmp_path, checked("FIND-001", Verdict.FAIL))
    assert "Not looked into yet: expected this, observed that" in text


def test_the_matrix_shows_the_worst_case(tmp_path: Path) -> None:
    """A check with several cases has the verdict of its worst; a cell is never broken."""
    text = page(
        tmp_path, checked("FIND-001", Verdict.PASS, "a"), checked("FIND-001", Verdict.FAIL, "b")
    )
    assert "| FIND-001 Finds A\\|B. | PS3.4 C | ✗ |" in text


def test_what_was_not_judged_is_counted_by_reason(tmp_path: Path) -> None:
    """Blocked checks are a line a reason, not a line each."""
    blocked = [checked(f"FIND-00{n}", Verdict.BLOCKED, reason="no data") for n in (1, 2)]
    assert "- 2 checks were not judged: no data." in page(tmp_path, *blocked)


def test_what_no_server_claims_is_only_counted(tmp_path: Path) -> None:
    """A row of the matrix is for what at least one server was asked."""
    text = page(
        tmp_path, checked("FIND-001", Verdict.PASS), checked("FIND-002", Verdict.NOT_CLAIMED)
    )
    assert "| FIND-001 " in text and "| FIND-002 " not in text
    assert "Not shown: 1 check of what none of these servers claims: query (1)." in text


def test_an_unknown_server_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The servers that can be checked are named."""
    assert run(["matrix", "--servers", "orthink"]) == Exit.WRONG_USAGE
    assert "known are reference, orthanc" in capsys.readouterr().err


def test_one_command_writes_the_page(tmp_path: Path) -> None:
    """A server is started, checked and written down."""
    output = tmp_path / "servers.md"
    command = ["matrix", "--servers", "reference", "--service", "verification"]
    assert run([*command, "--output", str(output)]) == Exit.HELD
    text = output.read_text(encoding="utf-8")
    assert "| the reference PACS |" in text
    assert "| ECHO-001 " in text
