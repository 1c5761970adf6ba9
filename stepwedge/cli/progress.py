"""What `stepwedge check` shows while it runs: a bar, and each finding as it comes.

It is a pytest plugin that takes the place of pytest's own terminal.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from stepwedge.events import CheckFinished, TargetSeen
from stepwedge.verdicts import Verdict

MARKS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.NOT_CLAIMED: ("–", "dim"),
    Verdict.BLOCKED: ("▪", "magenta"),
    Verdict.ERROR: ("E", "bold magenta"),
}
_SHOWN = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)


class Progress:
    """Follows a run by its events.  Use as a context manager around pytest.main."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.folder: Path | None = None
        self.failed_inside = False
        self._has_begun = False
        self._blocked: set[str] = set()
        self._bar = Bar(
            TextColumn("[bold]{task.fields[service]:<12}[/]"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None, service="preflight")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def pytest_stepwedge_selected(self, config: pytest.Config, count: int) -> None:
        """The checks are known."""
        self._bar.update(self._task, total=count)

    def pytest_stepwedge_event(self, config: pytest.Config, event: Any) -> None:
        """Shows what happened."""
        match event:
            case TargetSeen():
                self._seen(event)
            case CheckFinished():
                self._check(event)
            case _:
                pass

    def pytest_stepwedge_run_finished(self, config: pytest.Config, folder: Path) -> None:
        """The run is complete."""
        self.folder = folder

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot be collected is an error of ours, and must be seen."""
        if report.failed:
            self.console.print(f"[bold magenta]cannot collect[/] {escape(report.nodeid)}")
            self.console.print(escape(str(report.longrepr)))

    def pytest_collection(self) -> None:
        """From now on pytest says nothing of an exit by itself."""
        self._has_begun = True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Shows why a run ended that has no report to say so."""
        if (
            self._has_begun
            and self.folder is None
            and isinstance(excinfo.value, pytest.exit.Exception)
        ):
            self.console.print(f"[bold red]✗[/] {escape(str(excinfo.value.msg))}")

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Shows an internal error of pytest, which else would be lost with its terminal."""
        self.failed_inside = True
        self.console.print(escape(str(excrepr)))

    def _seen(self, event: TargetSeen) -> None:
        if event.reachable:
            version = event.implementation_version or "no version name"
            echo = f", echo {event.echo_time * 1000:.1f} ms" if event.echo_time else ""
            self.console.print(
                f"[green]✓[/] {escape(event.address)} answers: {escape(version)}"
                f", maximum PDU {event.max_pdu}{echo}"
                + (f"\n  {escape(event.tls)}" if event.tls else "")
            )
        else:
            self.console.print(f"[bold red]✗[/] {escape(event.address)}: {escape(event.problem)}")

    def _check(self, event: CheckFinished) -> None:
        self._bar.update(
            self._task,
            advance=1,
            service=event.service,
            description=f"{event.id} {escape(event.sentence[:60])}",
        )
        if event.verdict is Verdict.BLOCKED and event.reason not in self._blocked:
            # One cause is one line, however many checks it blocks.
            self._blocked.add(event.reason)
            self.console.print(f"[magenta]▪[/] {event.id} blocked: {escape(event.reason)}")
        if event.verdict not in _SHOWN:
            return
        mark, style = MARKS[event.verdict]
        where = f" [{event.parameter}]" if event.parameter else ""
        self.console.print(
            f"[{style}]{mark} {event.id}{escape(where)}[/] {escape(event.sentence)} "
            f"[dim]{escape(event.clause)}[/]"
        )
        for word, text in (
            ("expected", event.expected),
            ("observed", event.observed),
            ("reason", event.reason),
        ):
            if text:
                self.console.print(f"    [dim]{word}[/] {escape(text)}")
