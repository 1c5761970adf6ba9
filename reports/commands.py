"""The commands `report` and `verify`: drawing a run again, and asking whether it is unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from rich.console import Console

from stepwedge.errors import Exit, UsageError
from stepwedge.record import EVENTS, read_events
from stepwedge.record import verify as problems_of
from stepwedge.reports import summary
from stepwedge.reports.draw import REPORTS, draw
from stepwedge.reports.model import read_view

RUN = click.argument("run", type=click.Path(file_okay=False, path_type=Path))

_HELP = {
    "html": "report.html: one page, offline.",
    "junit": "junit.xml: for a continuous integration server.",
    "allure": "allure-results/: for Allure.",
    "csv": "traceability.csv: requirement, clause, check, verdict, evidence.",
}


@click.command()
@RUN
@click.option("--quiet", is_flag=True, help="Print the paths only, not the summary.")
def report(run: Path, quiet: bool, **wanted: bool) -> None:
    """Draw the reports of RUN again from its record: those asked for, or all of them.

    RUN is a folder that check, load or demo has written, finished or not.
    """
    names = [name for name in REPORTS if wanted[name]] or list(REPORTS)
    try:
        paths = draw(run, names)
    except OSError as error:
        raise UsageError(
            f"a report of {run} cannot be written: {error.strerror}: {error.filename}",
            "make room, or copy the run to a folder that can be written",
        ) from error
    if not quiet:
        Console().print(summary.summary(read_view(run)))
        click.echo()
    for path in paths:
        click.echo(path)


for _name in REPORTS:
    report = click.option(f"--{_name}", is_flag=True, help=_HELP[_name])(report)


@click.command()
@RUN
def verify(run: Path) -> None:
    """Say whether RUN is as it was written: hash chain, checksums, nothing missing or added."""
    if not (run / EVENTS).exists():
        read_events(run)  # says what a run folder is
    problems = problems_of(run)
    for problem in problems:
        click.echo(f"✗ {problem}", err=True)
    if problems:
        raise SystemExit(int(Exit.NOT_CONFORMANT))
    digest = hashlib.sha256((run / EVENTS).read_bytes()).hexdigest()
    click.echo(f"✓ {run} is as it was written; {EVENTS} has SHA-256 {digest}")
