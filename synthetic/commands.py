"""`stepwedge synth`: write synthetic studies to a folder, or look at them.

The names of the corpora stand here, so that the command line can list them without loading what
makes them.
"""

from __future__ import annotations

from pathlib import Path

import click

from stepwedge.errors import UsageError

# Every corpus that can be asked for by name, and what it is.
CORPUS_HELP = {
    "hospital": "A stream of everyday studies; --studies says how many.",
    "conformance": "Few and small studies in which every matching rule makes a difference.",
    "variety": "One study of every kind of object.",
    "odd": "Every odd case of the catalogue, right and wrong ones.",
}


class _Synth(click.Group):
    """A group whose commands are the corpora, and `preview`; without a name it is `hospital`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*CORPUS_HELP, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in CORPUS_HELP:
            return _corpus_command(cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise UsageError(
                f"corpus {args[0]!r} is not known",
                f"choose one of: {', '.join(self.list_commands(ctx))}",
            )
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["hospital", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Synth)
def synth() -> None:
    """Write a corpus of synthetic DICOM files with a manifest, or look at it."""


_seed = click.option("--seed", type=int, default=1, show_default=True, help="Decides everything.")
_run = click.option(
    "--run", default="synth", show_default=True, help="Goes into all UIDs and Patient IDs."
)


def _corpus_command(name: str) -> click.Command:
    """The command that writes the corpus called `name`."""

    @click.command(name, help=CORPUS_HELP[name])
    @_seed
    @_run
    @click.option("--studies", type=int, default=10, show_default=True, help="How many studies.")
    @click.option(
        "--matrix", type=int, help="Most rows and columns of an image; default: the corpus's own."
    )
    @click.option(
        "--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder."
    )
    def write(seed: int, run: str, studies: int, matrix: int | None, out: Path) -> None:
        from stepwedge.synthetic.corpora import build
        from stepwedge.synthetic.write import write_corpus

        manifest = write_corpus(build(name, seed, run, studies=studies, matrix=matrix), out)
        size = sum(entry.size for entry in manifest.files)
        click.echo(
            f"{len(manifest.files)} instances of {name} (seed {seed}, run {run}), "
            f"{size / 2**20:.1f} MiB, in {out}"
        )

    return write


@synth.command()
@_seed
@_run
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("preview.html"),
    show_default=True,
    help="The HTML file to write.",
)
def preview(seed: int, run: str, out: Path) -> None:
    """Draw a contact sheet: every kind of object, and the people."""
    from stepwedge.synthetic.preview import write_preview

    count = write_preview(seed, run, out)
    click.echo(f"{count} pictures in {out}")
