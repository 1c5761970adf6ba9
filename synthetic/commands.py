"""`stepwedge synth`: write synthetic studies to a folder, or look at them.

The names of the corpora stand here, so that the command line can list them without loading what
makes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stepwedge.errors import UsageError

if TYPE_CHECKING:
    from stepwedge.synthetic.write import Written

# Every corpus that can be asked for by name, and what it is; the mixes first.
MIX_HELP = {
    "general-hospital": "Every department, by day; --studies says how many studies.",
    "mammography-screening": "Women of 50 to 74, four views each.",
    "night-ct": "Heads, chests and the injured, from eight to seven.",
}
CORPUS_HELP = {
    "conformance": "Few and small studies in which every matching rule makes a difference.",
    "variety": "One study of every kind of object.",
    "odd": "Every odd case of the catalogue, right and wrong ones.",
    "people": "People whom archives confuse: kin, twins, namesakes, changed names.",
}


class _Synth(click.Group):
    """A group whose commands are the mixes and corpora too.

    A TOML file is a mix; without a name it is the general hospital.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*MIX_HELP, *CORPUS_HELP, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in MIX_HELP or cmd_name.endswith(".toml"):
            return _corpus_command(cmd_name, MIX_HELP.get(cmd_name, "A mix of one's own."))
        if cmd_name in CORPUS_HELP:
            return _corpus_command(cmd_name, CORPUS_HELP[cmd_name])
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            raise UsageError(
                f"corpus {args[0]!r} is not known",
                f"choose one of: {', '.join(self.list_commands(ctx))}; or name the TOML of a mix",
            )
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = [next(iter(MIX_HELP)), *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Synth)
def synth() -> None:
    """Write a corpus of synthetic DICOM files with a manifest, or look at it."""


_seed = click.option("--seed", type=int, default=1, show_default=True, help="Decides everything.")
_run = click.option(
    "--run", default="synth", show_default=True, help="Goes into all UIDs and Patient IDs."
)


def _corpus_command(name: str, about: str) -> click.Command:
    """The command that writes the corpus called `name`."""

    @click.command(name, help=about)
    @_seed
    @_run
    @click.option("--studies", type=int, default=10, show_default=True, help="How many studies.")
    @click.option(
        "--matrix", type=int, help="Most rows and columns of an image; default: the corpus's own."
    )
    @click.option(
        "--locale", "locales", multiple=True, help="Where the patients of a mix come from: de_DE, …"
    )
    @click.option(
        "--transfer-syntax",
        "syntax",
        help="Of all that it can hold: implicit, deflated, rle, jpeg-ls, j2k, …",
    )
    @click.option("--out", type=click.Path(path_type=Path), help="A new or empty folder.")
    @click.option("--dicomdir", is_flag=True, help="Write a DICOMDIR into that folder, too.")
    @click.option(
        "--zip",
        "zipped",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Instead of a folder, a new ZIP file with a DICOMDIR.",
    )
    @click.option(
        "--worklist",
        type=click.Path(path_type=Path),
        help="The orders of the studies as *.wl files in a new or empty folder.",
    )
    @click.option(
        "--describe",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Instead of files, a line of JSON for every study of a mix; any number of them.",
    )
    def write(
        seed: int,
        run: str,
        studies: int,
        matrix: int | None,
        locales: tuple[str, ...],
        syntax: str | None,
        out: Path | None,
        dicomdir: bool,
        zipped: Path | None,
        worklist: Path | None,
        describe: Path | None,
    ) -> None:
        places = [place for place in (out, zipped, describe) if place is not None]
        if len(places) > 1 or not (places or worklist) or (describe and worklist):
            raise UsageError(
                "say where to write to",
                "give one of --out FOLDER, --zip FILE and --describe FILE, "
                "or --worklist FOLDER, alone or beside the first two",
            )
        if dicomdir and out is None:
            raise UsageError(
                "--dicomdir belongs to a folder of files",
                "give --out FOLDER with it (a ZIP file has a DICOMDIR anyway)",
            )
        if worklist is not None and out is not None and _overlap(worklist, out):
            raise UsageError(
                f"{worklist} and {out} lie one within the other",
                "name two folders side by side: each must be new or empty",
            )
        if describe is not None:
            if syntax is not None:
                raise UsageError(
                    "what is only described is not encoded", "leave --transfer-syntax out"
                )
            _describe(name, seed, run, studies, matrix, locales, describe)
            return
        from stepwedge.synthetic.corpora import build

        corpus = build(name, seed, run, studies=studies, matrix=matrix, locales=locales)
        uid = _transfer_syntax(name, syntax)
        if worklist is not None:
            from stepwedge.synthetic.worklists import write_worklist

            count = write_worklist(corpus.studies, worklist)
            click.echo(f"{count} worklist items of {name} (seed {seed}, run {run}) in {worklist}")
        if out is not None:
            from stepwedge.synthetic.write import write_corpus

            written = write_corpus(corpus, out, dicomdir=dicomdir, transfer_syntax=uid)
            _tell(name, seed, run, written, out)
        if zipped is not None:
            from stepwedge.synthetic.write import write_zip

            written = write_zip(corpus, zipped, transfer_syntax=uid)
            _tell(name, seed, run, written, zipped)

    return write


def _overlap(one: Path, other: Path) -> bool:
    here, there = one.resolve(), other.resolve()
    return here.is_relative_to(there) or there.is_relative_to(here)


def _transfer_syntax(corpus: str, name: str | None) -> str:
    """The UID of the transfer syntax called `name`; empty when none was asked for."""
    if name is None:
        return ""
    from stepwedge.synthetic.codecs import named

    if corpus == "odd":
        raise UsageError("odd cases have transfer syntaxes of their own", "leave the option out")
    return named(name)


def _tell(name: str, seed: int, run: str, written: Written, place: Path) -> None:
    click.echo(
        f"{written.files} instances of {name} (seed {seed}, run {run}), "
        f"{written.size / 2**20:.1f} MiB, in {place}"
    )
    for reason, count in written.left.items():
        click.echo(f"{count} stayed in Explicit VR Little Endian: {reason}")
    for path, reason in written.unlisted.items():
        click.echo(f"not in the DICOMDIR: {path}: {reason}")


def _describe(
    name: str,
    seed: int,
    run: str,
    studies: int,
    matrix: int | None,
    locales: tuple[str, ...],
    out: Path,
) -> None:
    from stepwedge.synthetic.describe import lines
    from stepwedge.synthetic.hospital import LOCALES, Hospital

    if name in CORPUS_HELP:
        raise UsageError(
            f"{name} is no mix: it has all its studies already",
            f"describe one of: {', '.join(MIX_HELP)}",
        )
    hospital = Hospital(seed, run, mix=name, matrix=matrix, locales=locales or LOCALES)
    described = lines(hospital.studies(studies))
    try:
        with out.open("w", encoding="utf-8") as file:
            file.writelines(described)
    except OSError as problem:
        raise UsageError(
            f"cannot write {out}: {problem.strerror}", "name a file in a folder that you may use"
        ) from None
    click.echo(f"{studies} studies of {name} (seed {seed}, run {run}) described in {out}")


@synth.command()
@_seed
@_run
@click.option("--size", default="2GiB", show_default=True, help="Of its pixel data, at least.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new file."
)
def large(seed: int, run: str, size: str, out: Path) -> None:
    """Write one very large multi-frame object, frame by frame."""
    from stepwedge.synthetic.large import large_instance, size_of, write_large

    instance = large_instance(seed, run, size_of(size))
    written = write_large(instance, out)
    click.echo(f"{instance.series.plan.frames} frames, {written / 2**20:.1f} MiB, in {out}")


@synth.command()
@_seed
@_run
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("preview.html"),
    show_default=True,
    help="The HTML file to write, or a PNG file.",
)
def preview(seed: int, run: str, out: Path) -> None:
    """Draw a contact sheet: every kind of object, and the people."""
    from stepwedge.synthetic.preview import write_preview

    count = write_preview(seed, run, out)
    click.echo(f"{count} pictures in {out}")


@synth.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@_seed
@_run
def reidentify(folder: Path, out: Path, seed: int, run: str) -> None:
    """Give the DICOM files of FOLDER new UIDs, names and dates, consistently, in OUT."""
    from stepwedge.synthetic.reidentify import reidentify as renamed

    outcomes = list(renamed(folder, out, seed, run))
    for outcome in outcomes:
        if outcome.target is None:
            click.echo(f"{outcome.source} was left out: {outcome.problem}")
    written = [outcome for outcome in outcomes if outcome.target is not None]
    if not written:
        raise UsageError(f"there is no DICOM file in {folder}", "name the folder that holds them")
    click.echo(f"{len(written)} of {len(outcomes)} files under other names in {out}")
    if declared := sum(outcome.burnt_in for outcome in written):
        click.echo(f"{declared} of them say that something is burnt in.")
    click.echo(
        "Private elements were removed. What is burnt into pixels or written in free text was not "
        "looked at: look before you pass the files on."
    )
