"""`stepwedge overhead`: what an edge adds to the PACS behind it, in latency and in capacity.

The same scenario runs against the PACS alone and through the edge, in turn and in an order that
lets a drift of the machine cancel out (alone, through, through, alone, …); then the highest load
that each of them bears is searched.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stepwedge.access import Access, Users
from stepwedge.errors import Exit, UsageError
from stepwedge.events import Added, AnyEvent, Capacity, LoadSecond, LoadSummary, Overhead
from stepwedge.loadtests.capacity import Bounds, search
from stepwedge.loadtests.commands import authenticating, run_load
from stepwedge.loadtests.progress import duration, print_capacity, print_step
from stepwedge.loadtests.scenarios import Requester, Scenario
from stepwedge.loadtests.settings import Settings, resolve_scenario
from stepwedge.options import runs_option, workers_option
from stepwedge.record import Record, read_events
from stepwedge.run import finish, start
from stepwedge.statistics import Ratio, compare
from stepwedge.target import Credentials, Target, load_target
from stepwedge.tls import Tls

# What the two sides are called, in titles too.
ALONE, THROUGH = "the PACS alone", "through the edge"


@click.command()
@click.argument("scenario", default="edge")
@click.option(
    "--target",
    "target_file",
    type=click.Path(path_type=Path),
    help="The target file (TOML) of the edge; its [edge] table says where the PACS is.",
)
@click.option("--seconds", type=float, help="Length of each load.")
@click.option("--rounds", type=click.IntRange(1, 20), default=2, show_default=True)
@click.option("--no-capacity", is_flag=True, help="Measure the added latency only.")
@click.option("--lowest", type=float, default=1.0, show_default=True, help="The first scale.")
@click.option("--precision", type=float, default=0.25, show_default=True, help="Of the knees.")
@click.option("--trials", type=click.IntRange(4, 100), default=8, show_default=True)
@click.option("--trial-seconds", type=float, default=12.0, show_default=True, help="Of each trial.")
@workers_option
@runs_option
def overhead(
    scenario: str,
    target_file: Path | None,
    seconds: float | None,
    rounds: int,
    no_capacity: bool,
    lowest: float,
    precision: float,
    trials: int,
    trial_seconds: float,
    processes: int,
    runs: Path,
) -> int:
    """Run SCENARIO against the PACS alone and through the edge before it, and compare."""
    if lowest <= 0 or precision <= 0 or trial_seconds <= 0:
        raise UsageError(
            "--lowest, --precision, --trial-seconds must be above 0",
            "leave out what you do not need",
        )
    target = load_target(target_file, {})
    wanted = resolve_scenario(scenario, seconds)
    sides = {
        ALONE: Settings(pacs_alone(target), from_within(wanted)),
        THROUGH: Settings(target, named(wanted, THROUGH)),
    }
    for settings in sides.values():
        settings.check()
    bounds = None if no_capacity else Bounds(lowest, precision, trials, trial_seconds)
    if bounds and not wanted.levels:
        raise UsageError(
            f"the scenario {wanted.name} has no service levels, so it has no capacity",
            "write levels into it, or say --no-capacity",
        )
    console = Console(highlight=False)
    began, interrupted, code = time.time(), False, int(Exit.HELD)
    with Record.create(runs, f"{target.name}-overhead") as record:
        folder = record.folder
        start(record, target, wanted.seed, sys.argv)
    try:
        code = _measure(sides, folder, rounds, processes, console)
        if code in (Exit.HELD, Exit.NOT_CONFORMANT, Exit.SERVICE_LEVEL_MISSED):
            knees = _knees(sides, folder, bounds, processes, console) if bounds else None
            found = _found(folder, wanted.name, rounds, knees)
            with Record.open(folder) as record:
                record.emit(found)
            console.print(table(found))
            if found.capacities and found.capacities[1] is None:
                code = int(Exit.SERVICE_LEVEL_MISSED)
    except KeyboardInterrupt:
        interrupted = True
        click.echo("interrupted", err=True)
    result = finish(Record.open(folder), began, interrupted)
    for path in _draw(folder):
        click.echo(path)
    if interrupted:
        return int(Exit.HARNESS_FAILED)
    return int(result.exit_code or code)


def pacs_alone(target: Target) -> Target:
    """The PACS behind an edge as a target of its own.  Raises UsageError when it is not named."""
    pacs = target.edge.pacs
    if pacs is None:
        raise UsageError(
            "the target file does not say where the PACS behind the edge is",
            'add it to [edge]: pacs = { ae_title = "PACS", host = "192.0.2.8", port = 104 }',
        )
    return target.model_copy(
        update={
            "name": f"{target.name}-pacs",
            "host": pacs.host,
            "port": (pacs.port,),
            "ae_title": pacs.ae_title,
            "credentials": Credentials(),
            "tls": Tls(),
            "users": Users(),
            "access": Access(),
        }
    )


def named(scenario: Scenario, side: str) -> Scenario:
    """The scenario, called after the side that it runs against."""
    return scenario.model_copy(update={"name": f"{scenario.name}, {side}"})


def from_within(scenario: Scenario) -> Scenario:
    """The scenario as the PACS knows it: nobody from outside, and no promise of the edge's."""
    users = tuple(
        one.model_copy(update={"user": ""}) if isinstance(one, Requester) else one
        for one in scenario.users
    )
    return named(scenario, ALONE).model_copy(update={"users": users})


def unpromised(scenario: Scenario) -> Scenario:
    """The scenario without its service levels."""
    return scenario.model_copy(update={"levels": ()})


def order(rounds: int) -> Iterator[str]:
    """Which side comes when: each round turns the order of the one before around."""
    for number in range(rounds):
        yield from (ALONE, THROUGH) if number % 2 == 0 else (THROUGH, ALONE)


def _measure(
    sides: dict[str, Settings], folder: Path, rounds: int, processes: int, console: Console
) -> int:
    """Runs the loads into the run folder; the worst exit code, at once when one cannot run."""
    codes = [int(Exit.HELD)]
    known: dict[str, float] | None = None
    for number, side in enumerate(order(rounds)):
        console.print(f"[bold]round {number // 2 + 1} of {rounds}[/] {side}")
        settings = replace(sides[side], run_folder=folder, ceiling=known)
        if side is ALONE:  # nobody has promised anything of the PACS alone
            settings = replace(settings, scenario=unpromised(settings.scenario))
        codes.append(run_load(settings, processes=processes, summary=False))
        if codes[-1] not in (Exit.HELD, Exit.NOT_CONFORMANT, Exit.SERVICE_LEVEL_MISSED):
            return codes[-1]
        summaries = [one for one in read_events(folder) if isinstance(one, LoadSummary)]
        known = summaries[-1].ceiling if summaries else None
    return max(codes)


def _knees(
    sides: dict[str, Settings], folder: Path, bounds: Bounds, processes: int, console: Console
) -> list[Capacity]:
    found = []
    for side, settings in sides.items():
        console.print(f"[bold]capacity[/] {side}")
        with authenticating(settings):
            one = search(
                settings,
                bounds,
                processes=processes,
                tell=lambda step: print_step(step, console),
            )
        print_capacity(one, console)
        # That the PACS alone bears nothing breaks no promise; the comparison tells it.
        if one.scale is not None or side is THROUGH:
            with Record.open(folder) as record:
                record.emit(one)
        found.append(one)
    return found


def _found(folder: Path, scenario: str, rounds: int, knees: Sequence[Capacity] | None) -> Overhead:
    events = read_events(folder)
    alone, through = (_loads(events, f"{scenario}, {side}") for side in (ALONE, THROUGH))
    return Overhead(
        at=time.time(),
        scenario=scenario,
        rounds=rounds,
        latencies=[
            _added(one)
            for one in compare(alone, through, percentiles=(0.5, 0.95))
            if one.measure.startswith("response")
        ],
        operation=knees[0].operation if knees else "",
        capacities=(knees[0].rate, knees[1].rate) if knees else None,
    )


def _loads(events: Sequence[AnyEvent], scenario: str) -> list[AnyEvent]:
    """The seconds and summaries of the loads of one scenario."""
    found: list[AnyEvent] = []
    seconds: list[AnyEvent] = []
    for event in events:
        if isinstance(event, LoadSecond):
            seconds.append(event)
        elif isinstance(event, LoadSummary):
            found += [*seconds, event] if event.scenario == scenario else []
            seconds = []
    return found


def _added(ratio: Ratio) -> Added:
    return Added(
        ratio.operation,
        ratio.measure,
        ratio.before,
        ratio.after,
        ratio.ratio,
        ratio.low,
        ratio.high,
        ratio.samples,
    )


def table(found: Overhead) -> Table:
    """What the edge adds, for the terminal."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("operation", no_wrap=True)
    for column in ("PACS alone", "edge", "added", "ratio"):
        shown.add_column(column, justify="right", no_wrap=True)
    for one in found.latencies:
        shown.add_row(
            f"{one.operation} {one.measure.removeprefix('response.')}",
            duration(one.alone),
            duration(one.through),
            f"{'+' if one.through >= one.alone else '−'}{duration(abs(one.through - one.alone))}",
            f"{one.ratio:.2g} ({one.low:.2g}…{one.high:.2g})",
        )
    if found.capacities:
        rates = ["none" if rate is None else f"{rate:.3g}/s" for rate in found.capacities]
        shown.add_row(f"capacity, {found.operation}", *rates, "", "")
    shown.caption = (
        f"{escape(found.scenario)}, {found.rounds} rounds; response times, ratios with 95 % "
        "intervals"
    )
    shown.caption_justify = "left"
    return shown


def _draw(folder: Path) -> list[Path]:
    from stepwedge.reports.draw import draw_all

    return draw_all(folder)
