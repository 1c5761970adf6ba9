"""The contact sheet: a picture of every kind of object, and the people, offline; or a PNG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
from pydicom.uid import UID

from stepwedge.errors import UsageError
from stepwedge.synthetic import people, raster
from stepwedge.synthetic.codecs import CODECS, NATIVE
from stepwedge.synthetic.hospital import Hospital
from stepwedge.synthetic.iods import IODS
from stepwedge.synthetic.lettering import stamp
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.odd import CATALOGUE
from stepwedge.synthetic.variety import variety_corpus
from stepwedge.synthetic.views import picture, view
from stepwedge.version import VERSION

MATRIX = 384
_SLICES = 20  # so that the middle slice is the middle of the body
_TILES = 9

# Which kinds stand together on the sheet.
_GROUPS: dict[str, tuple[str, ...]] = {
    "Slices and emission": ("CT", "MR", "enhanced CT", "enhanced MR", "PT", "NM"),
    "Projections": ("CR", "DX", "DX for processing", "MG", "IO"),
    "Motion and colour": ("XA", "RF", "US", "US multi-frame", "VL endoscopy", "WSI"),
    "Radiotherapy, segments and states": ("RTSTRUCT", "RTDOSE", "RTPLAN", "SEG", "PR", "KO"),
    "Signals and documents": (
        "12-lead ECG", "general ECG", "basic text SR", "comprehensive SR", "PDF", "CDA",
    ),
    "Charts and captures": (
        "SC", "SC multi-frame byte", "SC multi-frame colour", "VL photograph",
    ),
}  # fmt: skip

_STYLE = """
:root { color-scheme: dark; --ground: #0b0e13; --card: #151a21; --line: #262d37;
  --text: #e3e8ee; --quiet: #8b96a5; --mark: #f0b429; }
* { box-sizing: border-box; }
body { margin: 0; padding: 2.6rem clamp(1rem, 4vw, 4rem); background: var(--ground);
  color: var(--text); font: 15px/1.45 system-ui, "Noto Sans", sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 1rem 3rem; justify-content: space-between;
  align-items: end; }
h1 { margin: 0; font-size: 2.3rem; letter-spacing: -.02em; line-height: 1.1; }
h2 { margin: 2.4rem 0 .9rem; font-size: .95rem; font-weight: 600; color: var(--mark);
  letter-spacing: .06em; text-transform: uppercase; }
header p { color: var(--quiet); margin: .5rem 0 0; }
.numbers { display: flex; gap: 1.8rem; color: var(--quiet); font-size: .82rem; }
.numbers b { display: block; color: var(--text); font-size: 1.7rem; line-height: 1.1; }
.wedge { display: flex; height: 14px; margin: 1.4rem 0 0; border-radius: 3px; overflow: hidden; }
.wedge i { flex: 1; }
.sheet { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(216px, 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden; display: flex; flex-direction: column; }
.view { background: #000; aspect-ratio: 1; position: relative; overflow: hidden; }
.view img { display: block; width: 100%; height: 100%; object-fit: contain; }
.view svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.over { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.note { fill: #ffd84d; font-family: system-ui, sans-serif; }
.legend { position: absolute; left: 27%; bottom: 8px; display: flex; flex-wrap: wrap; gap: 2px 8px;
  font-size: 10.5px; text-shadow: 0 0 3px #000, 0 0 3px #000; }
.legend i { font-style: normal; color: var(--c, var(--text)); }
.plan .body { fill: #222a35; stroke: #596678; }
.plan .beam { fill: rgba(240, 180, 41, .22); stroke: #f0b429; }
.plan .head { fill: #8b96a5; }
.plan .cross { stroke: #ff5a44; stroke-width: 2; }
.plan text { fill: var(--text); font-size: 11.5px; text-anchor: middle; }
.chosen { display: grid; grid-template-columns: 1fr 1fr; gap: 3px 6px; padding: 16px 12px;
  align-content: start; height: 100%; }
.chosen b, .chosen p { grid-column: 1 / 3; margin: 0; }
.chosen p { color: var(--quiet); margin-bottom: 8px; }
.chosen img { height: auto; border: 2px solid var(--mark); border-radius: 3px; }
.graph { background: #fff7f4; }
.graph .fine { stroke: #fbe0d9; stroke-width: .5; }
.graph .bold { stroke: #f3b9ab; stroke-width: .6; }
.graph polyline { fill: none; stroke: #15181d; stroke-width: .9; stroke-linejoin: round; }
.graph text { fill: #15181d; font: 600 9px system-ui, sans-serif; }
.paper { background: #fbfaf6; color: #22262c; height: 100%; padding: 1.15rem 1.25rem;
  font: 11.5px/1.4 Georgia, "DejaVu Serif", serif; overflow: hidden; }
.paper h3 { margin: 0 0 .5rem; font-size: 1rem; border-bottom: 1px solid #cfccc2;
  padding-bottom: .4rem; }
.paper h4 { margin: .6rem 0 .1rem; font-size: .85rem; }
.paper p { margin: .15rem 0; }
.paper em { color: #6d7178; }
.paper small { color: #6d7178; }
figcaption { padding: .6rem .8rem .75rem; border-top: 1px solid var(--line); }
figcaption b { display: block; font-weight: 600; }
figcaption span { display: block; color: var(--quiet); font-size: .8rem;
  overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; }
td, th { padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
code { font: .8rem ui-monospace, "DejaVu Sans Mono", monospace; color: var(--mark);
  overflow-wrap: anywhere; }
"""


def write_preview(seed: int, run: str, out: Path, *, matrix: int = MATRIX) -> int:
    """Writes the contact sheet of `seed` to `out`; returns the number of pictures.

    It is a PNG file of what has pixels when `out` ends so, an HTML page of everything otherwise.
    `matrix` is rows and columns of the images.  Raises `UsageError` when `out` cannot be written.
    """
    try:
        with out.open("wb") as file:
            instances = _instances(seed, run, matrix)
            if out.suffix.lower() == ".png":
                pictures = {
                    instance.series.plan.iod: pixels
                    for instance in instances
                    if (pixels := picture(instance)) is not None
                }
                file.write(raster.png(_poster(pictures)))
                return len(pictures)
            cards = {instance.series.plan.iod: _card(instance) for instance in instances}
            file.write(_page(seed, run, cards).encode())
            return len(cards)
    except OSError as problem:
        raise UsageError(
            f"cannot write {out}: {problem.strerror}", "name a file in a folder that you may use"
        ) from None


def _poster(pictures: dict[str, raster.Picture]) -> raster.Picture:
    """The pictures row by row, each with the name of its kind below."""
    cell, label, gap, across = 256, 22, 8, 6
    down = -(-len(pictures) // across)
    high, wide = cell + label + gap, cell + gap
    sheet = np.full((down * high + gap, across * wide + gap, 3), 12, dtype=np.uint8)
    ordered = [kind for _, kinds in _groups() for kind in kinds if kind in pictures]
    for number, kind in enumerate(ordered):
        small = raster.fit(pictures[kind], cell, cell)
        if small.ndim == 2:
            small = np.repeat(small[:, :, np.newaxis], 3, axis=2)
        top, left = gap + number // across * high, gap + number % across * wide
        sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
        stamp(sheet[top + cell : top + cell + label, left : left + cell], 200, kind.upper(),
              scale=2, row=4)  # fmt: skip
    return sheet


def _page(seed: int, run: str, cards: dict[str, str]) -> str:
    wedge = "".join(f'<i style="background:rgb({v},{v},{v})"></i>' for v in range(0, 256, 17))
    groups = "".join(
        f'<h2>{title}</h2><div class="sheet">{"".join(cards[kind] for kind in kinds)}</div>'
        for title, kinds in _groups()
    )
    numbers = (
        (len(cards), "kinds of objects"),
        (len(NATIVE) + len(CODECS), "transfer syntaxes"),
        (len(people.LOCALES), "origins of patients"),
        (len(CATALOGUE), "odd cases"),
        (0, "patients involved"),
    )
    told = "".join(f"<div><b>{number}</b>{label}</div>" for number, label in numbers)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Stepwedge: synthetic hospital, seed {seed}</title><style>{_STYLE}</style>"
        "<header><div><h1>The synthetic hospital</h1>"
        f"<p>Seed {seed}, run {escape(run)}, Stepwedge {VERSION}. The same seed draws the same "
        f'sheet on any day and machine.</p></div><div class="numbers">{told}</div></header>'
        f'<div class="wedge">{wedge}</div>{groups}<h2>People</h2>{_people(seed)}</html>\n'
    )


def _groups() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Titles and kinds; a kind that no title names comes at the end."""
    named = {kind for kinds in _GROUPS.values() for kind in kinds}
    yield from _GROUPS.items()
    if rest := tuple(kind for kind in IODS if kind not in named):
        yield "Others", rest


def _instances(seed: int, run: str, matrix: int) -> Iterator[Instance]:
    """One instance of every kind, the middle one of a series that is long enough to have one."""
    Hospital(seed, run)  # refuses an unfit seed or run before anything is drawn
    for study in variety_corpus(seed, run, matrix=matrix).studies:
        last = study.plans[-1]
        single = last.iod in ("CT", "MR", "PT")
        last = replace(
            last,
            instances=_SLICES if single else 1,
            frames=_TILES if IODS[last.iod].frames else 1,
        )
        # What it refers to, if anything, is a whole body, too.
        sources = tuple(replace(plan, instances=_SLICES) for plan in study.plans[:-1])
        instances = replace(study, plans=(*sources, last)).series[-1].instances
        yield instances[len(instances) // 2]


def _card(instance: Instance) -> str:
    dataset = instance.dataset
    size = len(instance.encoded())
    iod = instance.series.iod
    detail = f"{dataset.Modality} · {_size(size)}"
    if "Rows" in dataset:
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        times = f" × {frames}" if frames > 1 else ""
        detail += f" · {dataset.Columns} × {dataset.Rows}{times} · {dataset.BitsStored} bit"
    return (
        f'<figure><div class="view">{view(instance)}</div><figcaption>'
        f"<b>{escape(iod.key)}</b><span>{escape(UID(iod.sop_class_uid).name)}</span>"
        f"<span>{escape(detail)}</span><span>{escape(instance.patient.name)}</span>"
        "</figcaption></figure>"
    )


def _people(seed: int) -> str:
    """One person of every locale and character set, with the bytes of the name."""
    rows = []
    for where in people.LOCALES.values():
        for charset in where.character_sets:
            rng = people.draw(seed, "preview", where.key, *charset.terms)
            name = people.person_name(rng, where, rng.choice("FM"), charset)
            raw = charset.encode(name, name=True).hex(" ")
            terms = "\\".join(charset.terms) or "default repertoire"
            rows.append(
                f"<tr><td>{escape(name)}</td><td>{where.script}</td><td>{where.key}</td>"
                f"<td>{escape(terms)}</td><td><code>{raw}</code></td></tr>"
            )
    titles = ("Name", "Script", "Locale", "Character set", "Bytes")
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 1024:.0f} KiB"
