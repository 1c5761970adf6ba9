"""`stepwedge discover`: a claims file drafted from what a target does."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import click

from stepwedge.cli.claims import write
from stepwedge.defaults import DEFAULT_SEED
from stepwedge.options import resolve, target_options
from stepwedge.run import new_scope
from stepwedge.statement import render


@click.command()
@target_options
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The claims file to write; the terminal unless said.",
)
@click.option(
    "--no-store",
    is_flag=True,
    help="Store nothing: SOP classes, limits and negotiation only.",
)
@click.option(
    "--associations",
    type=click.IntRange(1, 64),
    default=10,
    show_default=True,
    help="How many associations to open at once, at most, in search of a limit.",
)
def discover(
    target_file: Path | None,
    output: Path | None,
    no_store: bool,
    associations: int,
    **fields: Any,
) -> None:
    """Draft a claims file from what a target does, ready to be edited.

    Negotiates SOP classes and transfer syntaxes, stores a few hundred small synthetic objects, and
    asks for them by each key and matching type.  Everything is done one after another.
    """
    from stepwedge.fixtures.conversation import Recorder
    from stepwedge.fixtures.peer import Peer, abandon
    from stepwedge.fixtures.stated.drafting import draft

    target = resolve(target_file, **fields)
    # Text that a server has damaged makes pydicom warn; what it is worth is judged here.
    warnings.simplefilter("ignore", UserWarning)
    try:
        drafted = draft(
            Peer(target, Recorder()),
            seed=DEFAULT_SEED,
            scope=new_scope(),
            store=not no_store,
            associations=associations,
            say=lambda text: click.echo(f"… {text}", err=True),
        )
    finally:
        abandon()
    write(render(drafted.statement, drafted.notes), output)
    if output is not None:
        click.echo(f"{output}: edit it, then stepwedge check --claims {output}")
