"""`stepwedge check`: the conformance suite against a target."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from stepwedge.errors import StepwedgeError, UsageError
from stepwedge.options import as_arguments, resolve, runs_option, target_options


@click.command()
@click.argument("ids", nargs=-1)
@target_options
@click.option("--check", "more_ids", multiple=True, help="Only checks whose id begins so.")
@click.option("--service", "services", multiple=True, help="Only this service (query, move, …).")
@click.option("--level", "levels", multiple=True, help="Only this level (shall, should, quality).")
@click.option("--claim", "claims", multiple=True, help="Only checks whose claim begins so.")
@click.option("--clause", "clauses", multiple=True, help="Only checks whose clause begins so.")
@click.option("--receiver-port", type=int, help="Port of our receiver, the C-MOVE destination.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Known deviations (TOML).")
@click.option("--update-baseline", is_flag=True, help="Write what is observed into --baseline.")
@click.option(
    "--rerun-failed",
    is_flag=True,
    help="Only what did not pass in the last run against this target, among --runs.",
)
@click.option("--corpus-seed", type=int, help="Seed of the synthetic data.")
@runs_option
@click.option("--run", type=click.Path(path_type=Path), help="A run folder to append to.")
@click.option("-n", "--processes", type=int, help="Spread the checks over so many processes.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    help="Instead of checks, a sequence of PDUs that stepwedge explore has found.",
)
def check(
    ids: tuple[str, ...],
    more_ids: tuple[str, ...],
    target_file: Path | None,
    runs: Path,
    run: Path | None,
    processes: int | None,
    receiver_port: int | None,
    corpus_seed: int | None,
    baseline: Path | None,
    update_baseline: bool,
    rerun_failed: bool,
    replay: Path | None,
    **rest: Any,
) -> int:
    """Run the conformance suite against a target.

    IDS are ids of checks, or their beginnings: FIND, FIND-040.
    """
    filters = {name: rest.pop(name) for name in ("services", "levels", "claims", "clauses")}
    target = resolve(target_file, **rest)
    if replay is not None:
        from stepwedge.cli.explore import replay as replayed

        return replayed(target, replay)
    arguments = as_arguments(target_file, **rest)
    for id in (*ids, *more_ids):
        arguments += ["--check", id]
    for name, values in filters.items():
        for value in values:
            arguments += [f"--{name[:-1]}", value]
    if receiver_port is not None:
        arguments += ["--receiver-port", str(receiver_port)]
    if corpus_seed is not None:
        arguments += ["--corpus-seed", str(corpus_seed)]
    if baseline is not None:
        arguments += ["--baseline", str(baseline)]
    if update_baseline:
        arguments.append("--update-baseline")
    if rerun_failed:
        arguments.append("--rerun-failed")
    if run is not None:
        arguments += ["--run", str(run)]
    if processes:
        if importlib.util.find_spec("xdist") is None:
            raise UsageError("-n needs pytest-xdist", "pip install pytest-xdist")
        arguments += ["-n", str(processes)]
    return run_suites([*arguments, "--runs", str(runs)])


def run_suites(arguments: list[str]) -> int:
    """Runs the suites under pytest with our progress in place of its own; the exit code."""
    import pytest

    from stepwedge.cli.progress import Progress

    with Progress() as progress:
        code = pytest.main([*suites_arguments(), "-p", "no:terminal", *arguments], [progress])
    if progress.folder is not None:
        _sum_up(progress.console, progress.folder)
    elif code == pytest.ExitCode.INTERNAL_ERROR and progress.failed_inside:
        raise StepwedgeError("pytest failed inside; the lines above say where")
    return int(code)


def _sum_up(console: Console, folder: Path) -> None:
    """Prints what came of a run, and where its reports are."""
    from stepwedge.reports import summary
    from stepwedge.reports.model import read_view

    console.print()
    console.print(summary.summary(read_view(folder)))
    click.echo()
    for name in ("report.html", "junit.xml", "allure-results", "traceability.csv", "claims.csv"):
        if (folder / name).exists():
            click.echo(folder / name)


def suites_arguments() -> list[str]:
    """Where the checks are, whether in a checkout or in a wheel, with their own pytest.ini."""
    spec = importlib.util.find_spec("stepwedge.suites")
    if spec is None or not spec.submodule_search_locations:
        raise StepwedgeError(
            "the suites are not installed", "install stepwedge again: pip install stepwedge"
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    return [str(folder), "-c", str(folder / "pytest.ini"), f"--rootdir={folder}"]
