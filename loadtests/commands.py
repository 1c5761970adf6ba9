"""The commands `load` and `capacity`."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stepwedge.errors import Exit, UsageError
from stepwedge.events import StageFinished, StageStarted
from stepwedge.loadtests import launch
from stepwedge.loadtests.by_size import sizes_up_to
from stepwedge.loadtests.capacity import Bounds, search
from stepwedge.loadtests.fill_command import fill_and_measure
from stepwedge.loadtests.filling import Fill
from stepwedge.loadtests.progress import LoadProgress, print_capacity, print_step
from stepwedge.loadtests.scenarios import Requester
from stepwedge.loadtests.settings import Settings, resolve_scenario
from stepwedge.options import resolve, runs_option, target_options, workers_option
from stepwedge.record import Record
from stepwedge.run import finish, start
from stepwedge.target import Target
from stepwedge.wire.transport import QuickAck


def _scenario_options(command: Any) -> Any:
    for option, kind, text in (
        ("--scale", float, "Multiplies every rate."),
        ("--exams-per-year", float, "Size of the department."),
        ("--users", int, "All users together, in the file's proportions."),
        ("--minutes", float, "Length of the run, in minutes."),
        ("--seconds", float, "Length of the run, in seconds."),
    ):
        command = click.option(option, type=kind, help=text)(command)
    return click.option(
        "--level", "levels", multiple=True, help="A service level; replaces the scenario's own."
    )(command)


def _seconds(seconds: float | None, minutes: float | None) -> float | None:
    if seconds is not None and minutes is not None:
        raise UsageError("--seconds and --minutes are both given", "give one of them")
    return minutes * 60 if minutes is not None else seconds


@click.command()
@click.argument("scenario", default="first")
@target_options
@_scenario_options
@click.option("--studies", type=click.IntRange(1), help="fill: how many studies there shall be.")
@click.option("--images", type=click.IntRange(1), default=1, help="fill: instances in each.")
@click.option("--name", "fill_name", default="archive", help="fill: another name, other studies.")
@click.option("--associations", type=click.IntRange(1, 256), default=8, help="fill: at once.")
@click.option("--measure", is_flag=True, help="fill: measure C-FIND at 1000, 10 000, … instances.")
@workers_option
@click.option("--quickack", is_flag=True, help="Re-arm TCP_QUICKACK before each receive.")
@click.option("--no-audit", is_flag=True, help="Do not look for what was acknowledged.")
@runs_option
@click.option(
    "--run",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A run folder to append to.",
)
def load(
    scenario: str,
    target_file: Path | None,
    seconds: float | None,
    minutes: float | None,
    users: int | None,
    exams_per_year: float | None,
    scale: float | None,
    levels: tuple[str, ...],
    processes: int,
    quickack: bool,
    no_audit: bool,
    runs: Path,
    run: Path | None,
    studies: int | None,
    images: int,
    fill_name: str,
    associations: int,
    measure: bool,
    **fields: Any,
) -> int:
    """Run a load SCENARIO against a target: a built-in one, or a TOML file.

    Built in: first, radiology-day, echo-storm, store-flood, query-mix, edge; and fill, which fills
    an archive with small studies, resumably.
    """
    target = resolve(target_file, **fields)
    if scenario == "fill":
        fill = Fill(fill_name, studies or 1000, images)
        return _fill(target, fill, runs, associations, measure)
    if studies is not None or measure:
        raise UsageError(
            "--studies and --measure belong to fill", "stepwedge load fill --studies N"
        )
    settings = Settings(
        target=target,
        scenario=resolve_scenario(
            scenario, _seconds(seconds, minutes), scale, exams_per_year, users, levels
        ),
        run_folder=run,
        quickack=QuickAck.REARMED if quickack else QuickAck.KERNEL,
        audit=not no_audit,
    )
    settings.check()
    if run is not None:
        return run_load(settings, processes=processes)
    return _own_run(settings, runs, processes)


def _own_run(settings: Settings, runs: Path, processes: int) -> int:
    began = time.time()
    with Record.create(runs, settings.target.name) as record:
        folder = record.folder
        start(record, settings.target, settings.scenario.seed, sys.argv)
    interrupted = False
    code = None
    try:
        code = run_load(replace(settings, run_folder=folder), processes=processes)
    except KeyboardInterrupt:
        interrupted = True
    result = finish(Record.open(folder), began, interrupted)
    click.echo(f"\n{result.sentence}")
    for path in _draw(folder):
        click.echo(path)
    if interrupted:
        return int(Exit.HARNESS_FAILED)
    # What kept the load from beginning (a port of ours that is taken) is not in the record's sums.
    return code if code == Exit.WRONG_USAGE else int(result.exit_code)


def _fill(target: Target, fill: Fill, runs: Path, associations: int, measure: bool) -> int:
    target.must_allow("load")
    began = time.time()
    sizes = sizes_up_to(fill) if measure else []
    interrupted = False
    code = int(Exit.HARNESS_FAILED)
    with Record.create(runs, f"{target.name}-fill") as record:
        folder = record.folder
        start(record, target, 0, sys.argv)
        try:
            code = fill_and_measure(
                target, fill, record, sizes, associations, Console(highlight=False)
            )
        except KeyboardInterrupt:
            interrupted = True
            click.echo("interrupted; the same command goes on where this one ended", err=True)
    finish(Record.open(folder), began, interrupted)
    click.echo(folder)
    return code


def run_load(settings: Settings, *, processes: int = 1, summary: bool = True) -> int:
    """Runs a load with progress on the terminal, appending to its run folder; the exit code.

    For commands that have a run folder already, `stepwedge demo` among them; who sums up the whole
    run at its end says `summary=False`.
    """
    progress = LoadProgress(settings.scenario.seconds)
    try:
        with authenticating(settings), progress:
            return launch.run(settings, processes=processes, tell=progress)
    finally:
        if summary:
            progress.print_summary()


@contextlib.contextmanager
def authenticating(settings: Settings) -> Iterator[None]:
    """Plays the authenticator that the target asks about users from outside, if there are any."""
    asks = any(isinstance(one, Requester) and one.user for one in settings.scenario.users)
    if not asks or not settings.target.is_claimed("authentication.radius"):
        yield
        return
    # The command line is where the rooms come together; the laboratory knows no fixture.
    from stepwedge.fixtures.radius.playing import authenticator_of

    with authenticator_of(settings.target):
        yield


def _draw(folder: Path) -> list[Path]:
    # The command line is where the rooms come together; the laboratory itself knows no report.
    from stepwedge.reports.draw import REPORTS, draw

    return draw(folder, list(REPORTS))


@click.command()
@click.argument("scenario", default="store-flood")
@target_options
@click.option("--level", "levels", multiple=True, help="A service level; replaces the file's.")
@click.option("--lowest", type=float, default=1.0, show_default=True, help="The first scale.")
@click.option("--precision", type=float, default=0.1, show_default=True, help="Of the knee.")
@click.option("--trials", type=click.IntRange(4, 100), default=14, show_default=True)
@click.option("--seconds", type=float, default=12.0, show_default=True, help="Of each trial.")
@workers_option
@runs_option
def capacity(
    scenario: str,
    target_file: Path | None,
    levels: tuple[str, ...],
    lowest: float,
    precision: float,
    trials: int,
    seconds: float,
    processes: int,
    runs: Path,
    **fields: Any,
) -> int:
    """Search the highest load of SCENARIO at which its service levels hold.

    All rates and users are multiplied by a scale, which is doubled, bisected and confirmed.
    """
    if lowest <= 0 or precision <= 0 or seconds <= 0:
        raise UsageError(
            "--lowest, --precision, --seconds must be above 0",
            "leave out what you do not need",
        )
    settings = Settings(
        target=resolve(target_file, **fields),
        scenario=resolve_scenario(scenario, seconds, levels=levels),
    )
    settings.check()
    if not settings.scenario.levels:
        raise UsageError(
            "a search needs service levels to hold", 'name one: --level "store.response.p99 < 1s"'
        )
    began = time.time()
    console = Console(highlight=False)
    interrupted = False
    with Record.create(runs, f"{settings.target.name}-capacity") as record:
        folder = record.folder
        start(record, settings.target, settings.scenario.seed, sys.argv)
        record.emit(StageStarted(at=began, stage="capacity", detail={"scenario": scenario}))
        try:
            with authenticating(settings):
                found = search(
                    settings,
                    Bounds(lowest, precision, trials, seconds),
                    processes=processes,
                    tell=lambda step: print_step(step, console),
                )
            record.emit(found)
            print_capacity(found, console)
        except KeyboardInterrupt:
            interrupted = True
            click.echo("interrupted", err=True)
        record.emit(
            StageFinished(
                at=time.time(),
                stage="capacity",
                duration=time.time() - began,
                interrupted=interrupted,
            )
        )
    finish(Record.open(folder), began, interrupted)
    for path in _draw(folder):
        click.echo(path)
    if interrupted:
        return int(Exit.HARNESS_FAILED)
    return int(Exit.HELD if found.scale is not None else Exit.SERVICE_LEVEL_MISSED)
