"""`stepwedge claims`: read what vendors publish, and check a claims file without a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from stepwedge.errors import UsageError
from stepwedge.statement import implied, load_statement, render
from stepwedge.statement.model import Statement

Importer = Callable[[Sequence[Path]], tuple[Statement, list[str]]]


def _orthanc(files: Sequence[Path]) -> tuple[Statement, list[str]]:
    from stepwedge.statement.orthanc import read_orthanc

    if len(files) != 1:
        raise UsageError("Orthanc's statement is one file", "name DicomConformanceStatement.txt")
    try:
        text = files[0].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{files[0]} cannot be read: {error}") from None
    return read_orthanc(text, files[0].name)


def _csv(files: Sequence[Path]) -> tuple[Statement, list[str]]:
    from stepwedge.statement.tables import read_tables

    return read_tables(files)


IMPORTERS: dict[str, Importer] = {"orthanc": _orthanc, "csv": _csv}


@click.group()
def claims() -> None:
    """Claims files: what a Conformance Statement says, as data."""


@claims.command("import")
@click.option(
    "--from",
    "source",
    type=click.Choice(list(IMPORTERS)),
    required=True,
    help="orthanc: DicomConformanceStatement.txt; csv: the tables of a statement, as dcm4chee's.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The claims file to write; the terminal unless said.",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def import_(source: str, output: Path | None, files: tuple[Path, ...]) -> None:
    """Write a claims file from FILES, which a vendor published.

    What cannot be taken over is said, and written into the file as a comment.
    """
    statement, notes = IMPORTERS[source](files)
    write(render(statement, notes), output)
    for note in notes:
        click.echo(f"! {note}", err=True)


@claims.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Read a claims FILE, say all that is wrong with it, and which dotted claims it implies."""
    statement = load_statement(file)
    offered, keys = statement.offered("SCP"), list(statement.each_key())
    click.echo(
        f"✓ {file}: {len(offered)} SOP classes as SCP, {len(keys)} keys, "
        f"{len(statement.character_sets)} character sets, "
        f"status codes of {len(statement.status)} services"
    )
    click.echo(f"implies: {', '.join(implied(statement))}")


def write(text: str, output: Path | None) -> None:
    """Writes a claims file, or prints it.  Raises UsageError when it cannot be written."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror}", "name another file with --output"
        ) from None
