"""`stepwedge coverage`: which requirements are checked, which are not and why.

The command fails (exit code 4, a wrong configuration of the project) when the table of requirements
and the checks have gone apart; then it names each difference.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from stepwedge.cli.catalogue import catalogue
from stepwedge.errors import UsageError
from stepwedge.requirements import Requirement, problems, requirements, without_table

_COLUMNS = (
    "id", "service", "clause", "edition", "level", "actor", "condition", "text", "covered",
    "checks", "also", "untested",
)  # fmt: skip


@click.command()
@click.option("--service", help="Only the requirements of this service.")
@click.option("--untested", is_flag=True, help="List what no check verifies, each with its reason.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="For people, for spreadsheets, for programs: the last two give every row.",
)
def coverage(service: str | None, untested: bool, form: str) -> None:
    """Show which requirements the checks cover, and which they do not and why.

    Fails with exit code 4 when the table and the checks have gone apart.
    """
    rows = requirements()
    checks = {entry.check.id: (entry.check, entry.service) for entry in catalogue()}
    found = problems(rows, checks)
    shown = [row for row in rows if service in (None, row.service)]
    if not shown:
        known = ", ".join(sorted({row.service for row in rows}))
        raise UsageError(f"there are no requirements of {service!r}", f"services are {known}")
    if form == "csv":
        writer = csv.DictWriter(sys.stdout, _COLUMNS)
        writer.writeheader()
        writer.writerows(_flat(row) for row in shown)
    elif form == "json":
        click.echo(json.dumps([_as_dict(row) for row in shown], indent=1, ensure_ascii=False))
    elif untested:
        for row in shown:
            if not row.is_covered:
                click.echo(f"{row.id}  {row.clause}, {row.level}\n  {row.text}\n  – {row.untested}")
    else:
        _print_table(shown, without_table(rows, checks))
    if found:
        raise UsageError(
            f"the table of requirements is stale: {len(found)} differences",
            "\n".join(found),
        )


def _as_dict(row: Requirement) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS if name != "covered"}
    return {**values, "covered": row.is_covered}


def _flat(row: Requirement) -> dict[str, Any]:
    return {
        name: " ".join(value) if isinstance(value, tuple) else value
        for name, value in _as_dict(row).items()
    }


def _print_table(rows: Sequence[Requirement], missing: Iterable[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("service")
    for column in ("requirements", "covered", "untested", "shall", "of them covered", "checks"):
        table.add_column(column, justify="right")
    services = list(dict.fromkeys(row.service for row in rows))
    for name in services:
        table.add_row(name, *_numbers([row for row in rows if row.service == name]))
    if len(services) > 1:
        table.add_section()
        table.add_row("together", *_numbers(rows))
    console = Console(highlight=False)
    console.print(table)
    if any(not row.is_covered for row in rows):
        console.print("Why the rest is untested: stepwedge coverage --untested")
    for name in missing:
        console.print(f"{name} has checks, but no table of requirements yet.")


def _numbers(rows: Sequence[Requirement]) -> tuple[str, ...]:
    covered = [row for row in rows if row.is_covered]
    shall = [row for row in rows if row.level == "shall"]
    numbers = (
        len(rows),
        len(covered),
        len(rows) - len(covered),
        len(shall),
        sum(row.is_covered for row in shall),
        sum(len(row.checks) for row in rows),
    )
    return tuple(map(str, numbers))
