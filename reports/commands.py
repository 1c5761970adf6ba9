"""The commands `report`, `verify` and `compare`: views of runs that are over."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from rich.console import Console

from stepwedge.errors import Exit, UsageError
from stepwedge.gates import parse_gate
from stepwedge.record import EVENTS, read_events
from stepwedge.record import verify as problems_of
from stepwedge.reports import comparehtml, summary
from stepwedge.reports.compare import read_comparison
from stepwedge.reports.draw import REPORTS, draw
from stepwedge.reports.model import read_view

RUN = click.argument("run", type=click.Path(file_okay=False, path_type=Path))

_HELP = {
    "html": "report.html: one page, offline.",
    "junit": "junit.xml: for a continuous integration server.",
    "allure": "allure-results/: for Allure.",
    "claims": "claims.csv: every claim of the Conformance Statement, and how it stands.",
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


@click.command()
@click.argument("before", type=click.Path(file_okay=False, path_type=Path))
@click.argument("after", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help='Exit with 2 when it holds beyond chance: "store.response.p95 > +10%".',
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the page; compare.html in the current folder unless said.",
)
def compare(before: Path, after: Path, conditions: tuple[str, ...], output: Path | None) -> None:
    """Compare the runs BEFORE and AFTER: verdicts that changed, and load with 95 % intervals.

    Exits with 1 when a check fails that did not fail before, with 2 when a --fail-if condition
    holds, and with 0 otherwise.
    """
    gates = [parse_gate(text) for text in conditions]
    comparison = read_comparison(before, after, gates)
    path = output or Path("compare.html")
    try:
        comparehtml.write(comparison, path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "name another file with --output"
        ) from error
    Console().print(summary.comparison(comparison, path))
    raise SystemExit(int(comparison.exit_code))
