"""The terminal summary: a snapshot of what a person sees, and that it fits one screen."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_events
import run_records
from rich.console import Console
from run_records import KINDS, write

from stepwedge.events import AnyEvent
from stepwedge.reports import summary


def shown(tmp_path: Path, events: list[AnyEvent], width: int = 100) -> str:
    """The summary as plain text."""
    console = Console(width=width, color_system=None, force_terminal=False, record=True)
    with console.capture() as capture:
        summary.show(write(tmp_path, "run", events), console, Path("runs/1/report.html"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_snapshot_of_a_failing_run(tmp_path: Path) -> None:
    """Verdict, services, the worst findings, the load and the ledger, then where to read on."""
    snapshot = Path(__file__).with_name("summary-failing.txt").read_text(encoding="utf-8")
    assert shown(tmp_path, run_records.failing()) == snapshot.rstrip("\n")


def test_snapshot_of_a_passing_run(tmp_path: Path) -> None:
    """A run in which everything held is short."""
    snapshot = Path(__file__).with_name("summary-passing.txt").read_text(encoding="utf-8")
    assert shown(tmp_path, run_records.passing()) == snapshot.rstrip("\n")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [80, 120])
def test_it_fits_a_screen(kind: str, width: int, tmp_path: Path) -> None:
    """Whatever happened, the summary stays within forty lines."""
    events = KINDS[kind]() if kind != "huge" else run_records.huge(seconds=60)
    text = shown(tmp_path, events, width)
    assert len(text.splitlines()) <= 40
    assert "report  runs/1/report.html" in text


def test_text_of_the_server_is_no_terminal_command(tmp_path: Path) -> None:
    """Escape sequences and console markup in a value are shown, not obeyed."""
    check = run_events.check_finished(
        verdict=run_records.Verdict.FAIL, observed="\x1b[2Jgone [bold]loud[/bold] \\\\"
    )
    text = shown(tmp_path, run_records.ended([run_events.run_started(), check]))
    assert "\x1b" not in text
    assert "␛[2Jgone [bold]loud[/bold]" in text
