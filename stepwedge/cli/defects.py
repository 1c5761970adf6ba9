"""`stepwedge defects`: which defects of the reference servers prove which checks.

The table is what the checks declare; `--prove` runs them, and tells how many defects are caught.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from stepwedge.cli.catalogue import Entry, catalogue
from stepwedge.errors import StepwedgeError, UsageError


@click.command()
@click.option("--service", help="Only the defects of this service (negotiation, storage, …).")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each pair of defect and check.")
@click.option("--prove", "is_proof", is_flag=True, help="Run each check with each of its defects.")
def defects(service: str | None, as_csv: bool, is_proof: bool) -> None:
    """Show the defects of the reference servers and the checks that must catch them.

    With --prove the checks are run, each against a server that has its defect, and the share of
    defects that were caught is printed; anything below 100 % fails with exit code 6.
    """
    entries = catalogue()
    unseen = without_check(entries)
    if is_proof:
        _prove()
    elif as_csv:
        _print_csv(service, entries)
    else:
        _print_table(service, entries)
    if unseen:
        raise UsageError(
            f"no check looks for {', '.join(unseen)}",
            "name each in the defects of a check, or take it out of the catalogue",
        )


def catchers(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Defect → the checks that declare to catch it."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        for defect in entry.check.defects:
            found.setdefault(defect, []).append(entry.check.id)
    return found


def without_check(entries: Iterable[Entry]) -> list[str]:
    """The defects that no check declares to catch."""
    from stepwedge.fixtures.defects import DEFECTS

    return sorted(DEFECTS.keys() - catchers(entries).keys())


def _chosen(service: str | None, entries: Sequence[Entry]) -> Mapping[str, list[str]]:
    from stepwedge.fixtures.defects import DEFECTS

    found = catchers(entries)
    chosen = {
        name: found.get(name, [])
        for name, defect in DEFECTS.items()
        if service in (None, defect.service)
    }
    if not chosen:
        known = dict.fromkeys(defect.service for defect in DEFECTS.values())
        raise UsageError(f"no defect is of {service!r}", f"services are {', '.join(known)}")
    return chosen


def _print_table(service: str | None, entries: Sequence[Entry]) -> None:
    from rich.console import Console
    from rich.table import Table

    from stepwedge.fixtures.defects import DEFECTS

    chosen = _chosen(service, entries)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("defect", "what a user sees", "caught by"):
        table.add_column(column, overflow="fold")
    for name, ids in chosen.items():
        table.add_row(name, DEFECTS[name].sentence, ", ".join(ids) or "no check")
    console = Console(highlight=False)
    # A pipe has no width: there every defect is one line.
    console.width = console.width if console.is_terminal else 400
    console.print(table)
    pairs = sum(len(ids) for ids in chosen.values())
    console.print(f"{len(chosen)} defects, {pairs} pairs of defect and check")


def _print_csv(service: str | None, entries: Sequence[Entry]) -> None:
    from stepwedge.fixtures.defects import DEFECTS

    writer = csv.writer(sys.stdout)
    writer.writerow(("defect", "service", "sentence", "check"))
    for name, ids in _chosen(service, entries).items():
        for id in ids or [""]:
            writer.writerow((name, DEFECTS[name].service, DEFECTS[name].sentence, id))


def _prove() -> None:
    from stepwedge.cli.proving import prove

    with tempfile.TemporaryDirectory(prefix="stepwedge-") as folder:
        proof = prove(Path(folder))
    for sentence in proof.missed:
        click.echo(sentence)
    click.echo(
        f"{len(proof.caught)} of {len(proof.named)} pairs of check and defect are caught: "
        f"mutation score {proof.score:.1f} %"
    )
    if proof.missed:
        raise StepwedgeError("not every check catches its defects", "each is named above")
