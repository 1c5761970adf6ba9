"""What `stepwedge load` shows: a line while it runs, a table of what it came to at the end."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stepwedge.events import (
    ASSOCIATION_SERVICES,
    WHOLES,
    AnyEvent,
    Capacity,
    CapacityStep,
    Histogram,
    Ledger,
    LoadSecond,
    LoadSummary,
    Note,
    StageStarted,
    TargetSeen,
)

_MARKS = {"info": "[dim]i[/]", "warning": "[yellow]![/]", "problem": "[bold red]✗[/]"}


class LoadProgress:
    """Follows a load by its events.  Use as a context manager; call it with each event."""

    def __init__(self, seconds: float, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.summary: LoadSummary | None = None
        self.ledger: Ledger | None = None
        self._bar = Progress(
            TextColumn("[bold]load[/]"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
        )
        self._task = self._bar.add_task("waiting for the target", total=seconds)
        self._second = -1
        self._now: dict[str, LoadSecond] = {}

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

    def __call__(self, event: AnyEvent) -> None:
        """Shows an event."""
        match event:
            case StageStarted():
                self._bar.update(self._task, description="warming up")
            case LoadSecond():
                self._follow(event)
            case TargetSeen(reachable=False):
                self.console.print(
                    f"[bold red]✗[/] {escape(event.address)}: {escape(event.problem)}"
                )
            case Ledger():
                self.ledger = event
            case LoadSummary():
                self.summary = event
            case Note():
                self.console.print(f"{_MARKS.get(event.severity, '·')} {escape(event.text)}")
            case _:
                pass

    def _follow(self, event: LoadSecond) -> None:
        if event.second != self._second:
            self._bar.update(
                self._task, completed=event.second, description=_line(self._now.values())
            )
            self._second, self._now = event.second, {}
        self._now[event.operation] = event

    def print_summary(self) -> None:
        """Prints the table, the service levels and the findings."""
        summary = self.summary
        if summary is None:
            return
        self.console.print(_table(summary))
        if self.ledger is not None:
            self.console.print(_ledger(self.ledger))
        for level in summary.service_levels:
            mark = "[green]✓[/]" if level.held else "[bold red]✗[/]"
            seen = "nothing was measured" if level.observed is None else _observed(level)
            self.console.print(f"{mark} {escape(level.text)}  [dim]{seen}[/]")
        for text in summary.notes:
            self.console.print(f"[yellow]![/] {escape(text)}")


def _observed(level: object) -> str:
    observed, unit = getattr(level, "observed", None), getattr(level, "unit", "")
    samples = getattr(level, "samples", 0)
    if observed is None:
        return ""
    value = duration(observed) if unit == "s" else f"{observed:g}{unit}"
    return f"{value} over {samples}"


def _line(seconds: Iterable[LoadSecond]) -> str:
    parts = []
    for one in seconds:
        if one.operation in WHOLES | ASSOCIATION_SERVICES:
            continue
        failed = f" [red]{one.failed} failed[/]" if one.failed else ""
        tail = f" p95 {duration(one.p95)}" if one.p95 is not None else ""
        parts.append(f"{one.operation} {one.finished}/s{tail}{failed}")
    return "  ".join(parts)


def _table(summary: LoadSummary) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("operation", no_wrap=True)
    for column in ("done", "failed", "dropped", "rate", "p50", "p95", "p99", "max"):
        table.add_column(column, justify="right", no_wrap=True)
    for op in summary.operations:
        done = op.succeeded
        table.add_row(
            op.name,
            f"{done}",
            f"[red]{op.failed}[/]" if op.failed else "0",
            f"[red]{op.dropped}[/]" if op.dropped else "0",
            f"{done / max(summary.duration, 1e-9):.3g}/s",
            *_times(op.response),
        )
    table.caption = (
        f"{summary.scenario}, {summary.model} model, {summary.duration:.1f} s, "
        f"{summary.users} users; response times from the planned moment on"
    )
    table.caption_justify = "left"
    return table


def _times(histogram: Histogram | None) -> list[str]:
    if histogram is None:
        return ["–"] * 4
    return [duration(v) for v in (histogram.p50, histogram.p95, histogram.p99, histogram.max)]


def _ledger(ledger: Ledger) -> str:
    sound = not (ledger.missing or ledger.altered or ledger.duplicated)
    mark = "[green]✓[/]" if sound else "[bold red]✗[/]"
    lost = "none lost" if not ledger.missing else f"{ledger.missing} LOST"
    more = "".join(
        f", {count} {word}"
        for count, word in ((ledger.duplicated, "duplicated"), (ledger.altered, "altered"))
        if count
    )
    return (
        f"{mark} {ledger.acknowledged} instances acknowledged, {ledger.found} found, {lost}{more}"
    )


def duration(seconds: float | None) -> str:
    """Seconds with three digits and the unit that suits them."""
    if seconds is None:
        return "–"
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def print_step(step: CapacityStep, console: Console) -> None:
    """Prints one trial of a capacity search."""
    mark = "[green]✓[/]" if step.held else "[red]✗[/]"
    own = "" if step.server_limited else "  [yellow]client-limited[/]"
    why = f"  {escape('; '.join(step.missed))}" if step.missed else ""
    console.print(
        f"{mark} {step.phase:<8} × {step.scale:<7.3g} planned {step.planned_rate:.3g}/s, "
        f"achieved {step.achieved_rate:.3g}/s, p95 {duration(step.p95)}{own}{why}"
    )


def print_capacity(found: Capacity, console: Console) -> None:
    """Prints what a capacity search found."""
    if found.scale is None or found.rate is None:
        console.print(f"[bold red]no capacity[/]: {escape(found.limit)}")
        return
    year = (
        f", the busiest hour of {found.exams_per_year:,.0f} exams a year"
        if found.exams_per_year
        else ""
    )
    console.print(
        f"[bold]{found.operation}: {found.rate:.3g}/s[/] (× {found.scale:.3g}){year}\n"
        f"what limits it: {escape(found.limit)}"
    )
