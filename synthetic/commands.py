"""`stepwedge synth`: write synthetic studies to a folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("corpus", default="hospital")
@click.option("--seed", type=int, default=1, show_default=True, help="Decides everything.")
@click.option(
    "--run", default="synth", show_default=True, help="Goes into all UIDs and Patient IDs."
)
@click.option("--studies", type=int, default=10, show_default=True, help="How many studies.")
@click.option(
    "--matrix",
    type=int,
    default=None,
    help="Most rows and columns of an image; default: realistic.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder."
)
def synth(corpus: str, seed: int, run: str, studies: int, matrix: int | None, out: Path) -> None:
    """Write CORPUS as DICOM files with a manifest.

    CORPUS is `hospital` (a stream of everyday studies), `conformance` (few and small ones in which
    every matching rule makes a difference) or `variety` (one study of every kind of object).
    """
    from stepwedge.synthetic.corpora import build
    from stepwedge.synthetic.write import write_corpus

    manifest = write_corpus(build(corpus, seed, run, studies=studies, matrix=matrix), out)
    size = sum(entry.size for entry in manifest.files)
    click.echo(
        f"{len(manifest.files)} instances of {corpus} (seed {seed}, run {run}), "
        f"{size / 2**20:.1f} MiB, in {out}"
    )
