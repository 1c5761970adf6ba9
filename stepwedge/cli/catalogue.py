"""`stepwedge list` and `stepwedge explain`: what the checks are, without running them."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from typing import Any

import click

from stepwedge.checks import Check
from stepwedge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """A check, where it stands, and all that its docstring says."""

    check: Check
    service: str
    text: str
    place: str


def catalogue() -> list[Entry]:
    """All checks, in the order in which they run.  Raises StepwedgeError if a suite is broken."""
    import pytest

    from stepwedge.cli.check import suites_arguments
    from stepwedge.errors import StepwedgeError

    class Collector:
        def __init__(self) -> None:
            self.items: list[pytest.Item] = []
            self.broken: list[str] = []

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            self.items = list(session.items)

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                self.broken.append(str(report.longrepr))

    collector = Collector()
    pytest.main([*suites_arguments(), "-p", "no:terminal", "--collect-only"], [collector])
    if collector.broken:
        raise StepwedgeError("a suite cannot be collected", "\n".join(collector.broken))
    return _entries(collector.items)


def _entries(items: list[Any]) -> list[Entry]:
    from stepwedge.fixtures.selection import of_item, service_of

    entries: dict[str, Entry] = {}
    for item in items:
        check = of_item(item)
        if check is not None and check.id not in entries:
            text = inspect.getdoc(item.function) or ""
            place = f"{service_of(item)}/{item.path.name}::{item.originalname}"
            entries[check.id] = Entry(check, service_of(item), text, place)
    return list(entries.values())


@click.command("list")
@click.option("--service", help="Only this service.")
@click.option("--ids", is_flag=True, help="Only the ids, one a line.")
def list_checks(service: str | None, ids: bool) -> None:
    """List the checks: id, clause, level, claim, defects and sentence."""
    entries = [e for e in catalogue() if service in (None, e.service)]
    if not entries:
        raise UsageError(f"there is no service {service!r}", "stepwedge list shows all")
    if ids:
        for entry in entries:
            click.echo(entry.check.id)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("id", "clause", "level", "claim", "requirement", "proven by")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == "id")
    for entry in entries:
        check = entry.check
        table.add_row(
            check.id,
            check.clause,
            str(check.level),
            check.claim or "always",
            check.sentence,
            ", ".join(check.defects),
        )
    # A pipe has no width: there every check is one line.
    console.width = console.width if console.is_terminal else 400
    console.print(table)
    services = {e.service for e in entries}
    console.print(f"{len(entries)} checks in {len(services)} services")


@click.command()
@click.argument("id")
def explain(id: str) -> None:
    """Show one check whole: what it asks, by which clause, and what proves it."""
    from stepwedge.fixtures.defects import DEFECTS

    entries = {entry.check.id: entry for entry in catalogue()}
    entry = entries.get(id.upper())
    if entry is None:
        near = difflib.get_close_matches(id.upper(), entries, n=3, cutoff=0.5)
        raise UsageError(
            f"no check is called {id!r}",
            f"did you mean {', '.join(near)}?" if near else "stepwedge list shows all ids",
        )
    check = entry.check
    click.echo(f"{check.id}  {check.sentence}\n")
    rest = entry.text.partition("\n\n")[2]
    if rest:
        click.echo(rest + "\n")
    rows = {
        "clause": f"{check.clause} (edition {check.edition})",
        "level": str(check.level),
        "claim": check.claim or "always applies",
        "service": entry.service,
        "place": entry.place,
        "by hand": check.hint,
        "run it": f"stepwedge check --target FILE --check {check.id}",
    }
    for name, value in rows.items():
        if value:
            click.echo(f"{name:<8} {value}")
    for defect in check.defects:
        click.echo(f"{'defect':<8} {defect}: {DEFECTS[defect].sentence}")
