"""The commands `load` and `capacity`."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stepwedge.errors import Exit, UsageError
from stepwedge.loadtests import launch
from stepwedge.loadtests.progress import LoadProgress
from stepwedge.loadtests.settings import Settings, resolve_scenario
from stepwedge.record import Record
from stepwedge.run import finish, start
from stepwedge.target import load_target
from stepwedge.wire.transport import QuickAck


def _target_options(command: Any) -> Any:
    for option, field, text in (
        ("--calling-aet", "calling_ae_title", "Our AE title."),
        ("--pacs-aet", "ae_title", "AE title of the target."),
        ("--pacs-port", "port", "Its port, or a range such as 2104-2111."),
        ("--pacs-host", "host", "Host of the target, for a quick start without a file."),
    ):
        command = click.option(option, field, help=text)(command)
    return click.option(
        "--target",
        "target_file",
        type=click.Path(path_type=Path),
        help="The target file (TOML).",
    )(command)


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
@_target_options
@_scenario_options
@click.option("--processes", type=click.IntRange(1, 256), default=1, help="Worker processes.")
@click.option("--quickack", is_flag=True, help="Re-arm TCP_QUICKACK before each receive.")
@click.option("--no-audit", is_flag=True, help="Do not look for what was acknowledged.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder in which the run's own folder is made.",
)
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
    **fields: Any,
) -> int:
    """Run a load SCENARIO against a target: a built-in one, or a TOML file.

    Built in: first, radiology-day, echo-storm, store-flood, query-mix.
    """
    settings = Settings(
        target=load_target(target_file, fields),
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


def run_load(settings: Settings, *, processes: int = 1, summary: bool = True) -> int:
    """Runs a load with progress on the terminal, appending to its run folder; the exit code.

    For commands that have a run folder already, `stepwedge demo` among them; who sums up the whole
    run at its end says `summary=False`.
    """
    progress = LoadProgress(settings.scenario.seconds)
    try:
        with progress:
            return launch.run(settings, processes=processes, tell=progress)
    finally:
        if summary:
            progress.print_summary()


def _draw(folder: Path) -> list[Path]:
    # The command line is where the rooms come together; the laboratory itself knows no report.
    from stepwedge.reports.draw import REPORTS, draw

    return draw(folder, list(REPORTS))
