"""The contact sheet: one picture of every kind of object, and the people, on one offline page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from stepwedge.errors import UsageError
from stepwedge.synthetic import people, raster
from stepwedge.synthetic.hospital import Hospital
from stepwedge.synthetic.model import Instance, Series
from stepwedge.synthetic.variety import variety_corpus
from stepwedge.version import VERSION

MATRIX = 384
_SIDE = 300  # pixels of a thumbnail
_SLICES = 20  # so that the middle slice is the middle of the body
_TILES = 9

_STYLE = """
:root { color-scheme: dark; --ground: #0d1117; --card: #161b22; --line: #2b323c;
  --text: #dfe5ec; --quiet: #8b96a5; --mark: #f0b429; }
* { box-sizing: border-box; }
body { margin: 0; padding: 2.2rem clamp(1rem, 4vw, 4rem); background: var(--ground);
  color: var(--text); font: 15px/1.45 system-ui, "Noto Sans", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.01em; }
h2 { margin: 2.6rem 0 1rem; font-size: 1.15rem; font-weight: 600; }
p { color: var(--quiet); max-width: 70ch; margin: .4rem 0 0; }
.wedge { display: flex; height: 12px; margin: 1.2rem 0 0; border-radius: 3px; overflow: hidden; }
.wedge i { flex: 1; }
.sheet { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(228px, 1fr)); }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  overflow: hidden; display: flex; flex-direction: column; }
.view { background: #000; aspect-ratio: 1; display: grid; place-items: center; overflow: hidden; }
.view img { width: 100%; height: 100%; object-fit: contain; }
.view svg { width: 100%; height: 100%; }
.view pre { margin: 0; padding: 1rem; align-self: start; justify-self: start; white-space: pre-wrap;
  font: 12.5px/1.55 ui-monospace, "DejaVu Sans Mono", monospace; color: #b7c2cf; }
figcaption { padding: .6rem .8rem .75rem; border-top: 1px solid var(--line); }
figcaption b { display: block; font-weight: 600; }
figcaption span { display: block; color: var(--quiet); font-size: .82rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--quiet); font-weight: 500; }
td, th { padding: .42rem .8rem .42rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
code { font: .82rem ui-monospace, "DejaVu Sans Mono", monospace; color: var(--mark);
  overflow-wrap: anywhere; }
"""


def write_preview(seed: int, run: str, out: Path, *, matrix: int = MATRIX) -> int:
    """Writes the contact sheet of `seed` to the HTML file `out`; returns the number of pictures.

    `matrix` is rows and columns of the images.  Raises `UsageError` when `out` cannot be written.
    """
    try:
        with out.open("w", encoding="utf-8") as file:
            cards = list(_cards(seed, run, matrix))
            file.write(_page(seed, run, cards))
    except OSError as problem:
        raise UsageError(
            f"cannot write {out}: {problem.strerror}", "name a file in a folder that you may use"
        ) from None
    return len(cards)


def _page(seed: int, run: str, cards: list[str]) -> str:
    wedge = "".join(f'<i style="background:rgb({v},{v},{v})"></i>' for v in range(0, 256, 17))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Stepwedge: synthetic hospital, seed {seed}</title><style>{_STYLE}</style>"
        "<h1>The synthetic hospital</h1>"
        f"<p>Seed {seed}, run {escape(run)}, Stepwedge {VERSION}. {len(cards)} kinds of objects; "
        "no patient was involved. The same seed draws the same sheet on any day and machine.</p>"
        f'<div class="wedge">{wedge}</div><h2>Objects</h2><div class="sheet">{"".join(cards)}</div>'
        f"<h2>People</h2>{_people(seed)}</html>\n"
    )


def _cards(seed: int, run: str, matrix: int) -> Iterator[str]:
    Hospital(seed, run)  # refuses an unfit seed or run before anything is drawn
    for study in variety_corpus(seed, run, matrix=matrix).studies:
        series = study.series[-1]
        plan = series.plan
        single = plan.iod in ("CT", "MR", "PT")
        plan = replace(
            plan,
            instances=_SLICES if single else 1,
            frames=_TILES if series.iod.frames else 1,
        )
        instances = Series(study, series.number, plan).instances
        yield _card(instances[len(instances) // 2])


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
        f'<figure><div class="view">{_view(dataset)}</div><figcaption>'
        f"<b>{escape(iod.key)}</b><span>{escape(UID(iod.sop_class_uid).name)}</span>"
        f"<span>{escape(detail)}</span><span>{escape(instance.patient.name)}</span>"
        "</figcaption></figure>"
    )


def _view(dataset: Dataset) -> str:
    """A data set as something to look at: a picture, curves or its text."""
    if "PixelData" in dataset:
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        image = _mosaic(dataset, frames) if dataset.Modality == "SM" else None
        if image is None:
            image = raster.picture(dataset, frames // 2)
        encoded = b64encode(raster.png(raster.fit(image, _SIDE, _SIDE))).decode()
        return f'<img alt="" src="data:image/png;base64,{encoded}">'
    if "WaveformSequence" in dataset:
        return _curves(dataset.WaveformSequence[0])
    return f"<pre>{escape(chr(10).join(_lines(dataset)))}</pre>"


def _mosaic(dataset: Dataset, frames: int) -> raster.Picture:
    """The tiles of a slide put together."""
    side = int(dataset.TotalPixelMatrixColumns // dataset.Columns)
    tiles = [raster.picture(dataset, frame) for frame in range(frames)]
    lines = [np.hstack(tiles[at : at + side]) for at in range(0, frames, side)]
    return np.asarray(np.vstack(lines), dtype=np.uint8)


def _curves(group: Dataset) -> str:
    """The channels of a multiplex group, one under the other on graph paper."""
    channels = int(group.NumberOfWaveformChannels)
    samples = np.frombuffer(group.WaveformData, "<i2").reshape(-1, channels)[:1250:2]
    height = 300 / channels
    lines = []
    for number in range(channels):
        middle = height * (number + 0.6)
        points = " ".join(
            f"{at * 300 / len(samples):.1f},{middle - int(value) * height / 3200:.1f}"
            for at, value in enumerate(samples[:, number])
        )
        lines.append(f'<polyline points="{points}"/>')
    grid = "".join(f'<path d="M0 {n}H300M{n} 0V300"/>' for n in range(0, 301, 15))
    return (
        '<svg viewBox="0 0 300 300" fill="none" stroke-width=".9">'
        f'<g stroke="#4a2530" stroke-width=".5">{grid}</g>'
        f'<g stroke="#e8eef5">{"".join(lines)}</g></svg>'
    )


def _lines(dataset: Dataset, depth: int = 0) -> Iterator[str]:
    """What a document says, in a few lines."""
    for keyword in ("RTPlanLabel", "StructureSetLabel", "ContentLabel", "DocumentTitle"):
        if keyword in dataset:
            yield f"{keyword}: {dataset[keyword].value}"
    if "MIMETypeOfEncapsulatedDocument" in dataset:
        kind, length = dataset.MIMETypeOfEncapsulatedDocument, dataset.EncapsulatedDocumentLength
        yield f"{kind}, {length} bytes"
    if "ConceptNameCodeSequence" in dataset and "ValueType" in dataset:
        meaning = dataset.ConceptNameCodeSequence[0].CodeMeaning
        yield "  " * depth + f"{meaning}{_value(dataset)}"
    elif "ReferencedSOPSequence" in dataset:
        yield "  " * depth + "→ image"
    for item in dataset.get("ContentSequence", []):
        yield from _lines(item, depth + 1)
    for roi in dataset.get("StructureSetROISequence", []):
        yield f"ROI {roi.ROINumber}: {roi.ROIName}"
    for beam in dataset.get("BeamSequence", []):
        yield f"beam {beam.BeamName}: {beam.RadiationType}, {beam.NumberOfControlPoints} points"
    for annotation in dataset.get("GraphicAnnotationSequence", []):
        yield f"text: {annotation.TextObjectSequence[0].UnformattedTextValue}"


def _value(item: Dataset) -> str:
    if "TextValue" in item:
        return f": {item.TextValue}"
    if "MeasuredValueSequence" in item:
        measured = item.MeasuredValueSequence[0]
        return f": {measured.NumericValue} {measured.MeasurementUnitsCodeSequence[0].CodeValue}"
    return f": {item.PersonName}" if "PersonName" in item else ""


def _people(seed: int) -> str:
    """One person of every locale and character set, with the bytes of the name."""
    rows = []
    for where in people.LOCALES.values():
        for charset in where.character_sets:
            rng = people.draw(seed, "preview", where.key)
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
