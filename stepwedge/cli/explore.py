"""`stepwedge explore`: sequences of nearly valid PDUs against a target, from a seed, in a budget.

`stepwedge check --replay FILE` says one of the sequences that were found once more.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stepwedge.errors import Exit, NotReachable, UsageError
from stepwedge.options import resolve, target_options
from stepwedge.target import Target

if TYPE_CHECKING:
    from stepwedge.fixtures.hostile.judge import Judge
    from stepwedge.fixtures.hostile.oracle import Finding


@click.command()
@target_options
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    show_default=True,
    help="How long to explore.",
)
@click.option(
    "--connections",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many connections to open at most.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides what is tried.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("explored"),
    show_default=True,
    help="Folder for the sequences that show something.",
)
def explore(
    target_file: Path | None,
    seconds: float,
    connections: int,
    seed: int,
    output: Path,
    **rest: Any,
) -> int:
    """Say sequences of nearly valid PDUs to a target, and keep the smallest that harm it.

    The target file must allow it: allow = ["robustness"].
    """
    if importlib.util.find_spec("hypothesis") is None:
        raise UsageError(
            "explore needs Hypothesis, which is not installed",
            "install it beside Stepwedge: pip install 'stepwedge[explore]'",
        )
    from stepwedge.fixtures.hostile.explorer import Budget, Explorer
    from stepwedge.fixtures.hostile.oracle import Oracle

    target = resolve(target_file, **rest)
    with _judging(target, seed) as judge:
        oracle = Oracle(judge)
        explorer = Explorer(oracle, Budget(seconds, connections), seed)
        found = explorer.explore()
    click.echo(
        f"{explorer.tried} sequences in {oracle.connections} connections (seed {seed}): "
        f"{len(found)} of them showed something new"
    )
    for number, one in enumerate(found, start=1):
        _keep(output, f"sequence-{seed}-{number}", one.finding, one.sequence, seed)
    return int(Exit.NOT_CONFORMANT if found else Exit.HELD)


def _keep(folder: Path, name: str, finding: Finding, sequence: Any, seed: int) -> None:
    import msgspec

    file = folder / f"{name}.json"
    kept = msgspec.structs.replace(sequence, problem=finding.problem, seed=seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept.save(file)
    except OSError as problem:
        raise UsageError(
            f"{file} cannot be written: {problem.strerror}", "name another folder with --output"
        ) from None
    click.echo(f"✗ {sequence.words}\n  {finding.problem}\n  {file}")


def replay(target: Target, file: Path) -> int:
    """Says the sequence of a file to a target and prints what comes of it; the exit code."""
    from stepwedge.fixtures.hostile.oracle import Oracle
    from stepwedge.fixtures.hostile.sequence import load_sequence

    sequence = load_sequence(file)
    with _judging(target, sequence.seed) as judge:
        finding = Oracle(judge).ask(sequence)
    click.echo(sequence.words)
    if finding is None:
        click.echo("✓ nothing wrong came of it")
        return int(Exit.HELD)
    click.echo(f"✗ {finding.problem}")
    return int(Exit.NOT_CONFORMANT)


@contextlib.contextmanager
def _judging(target: Target, seed: int) -> Iterator[Judge]:
    """The judge of a target that may be hurt, and is well."""
    from stepwedge.fixtures.conversation import Recorder
    from stepwedge.fixtures.hostile.judge import Judge
    from stepwedge.synthetic.model import Scope

    target.must_allow("robustness")
    judge = Judge(target, Recorder(), Scope(seed, "EXPLORE"))
    ailing = judge.ailing()
    if ailing:
        raise NotReachable(
            f"{target.name} is not well before anything was tried: {ailing}",
            "stepwedge doctor says more",
        )
    yield judge
