"""An instance as something to look at on a page: a picture with what lies over it, curves, a paper.

Contours, segments, dose and annotations are drawn over the image that they belong to, at the place
that their own attributes name, so that a sheet shows when they do not fit.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape

import numpy as np
from pydicom.dataset import Dataset

from stepwedge.synthetic import phantoms, raster
from stepwedge.synthetic.model import Instance

_SIDE = 384  # pixels of a thumbnail
_LEADS_A_COLUMN = 6
# Dose by its share of the most, as colours: what is below the first is not shown.
_WASH = ((0.2, (40, 80, 255)), (0.4, (0, 190, 190)), (0.6, (60, 200, 60)), (0.8, (240, 210, 40)),
         (0.95, (255, 60, 40)))  # fmt: skip


def picture(instance: Instance) -> raster.Picture | None:
    """The instance as pixels alone, or None when it has none."""
    dataset = instance.dataset
    special = {"SEG": _segments, "RTDOSE": _wash, "WSI": _slide}.get(instance.series.plan.iod)
    if special is not None:
        return special(instance, dataset)
    if "PixelData" not in dataset:
        return None
    return raster.picture(dataset, int(dataset.get("NumberOfFrames", 1) or 1) // 2)


def view(instance: Instance) -> str:
    """The instance as HTML."""
    dataset = instance.dataset
    special = {
        "RTSTRUCT": _contours, "RTDOSE": _dose, "RTPLAN": _beams, "PR": _presented, "KO": _chosen,
    }.get(instance.series.plan.iod)  # fmt: skip
    if special is not None:
        return special(instance, dataset)
    pixels = picture(instance)
    if pixels is not None:
        return _image(pixels)
    if "WaveformSequence" in dataset:
        return _curves(dataset.WaveformSequence[0])
    return f'<div class="paper">{"".join(_paper(dataset))}</div>'


def _image(pixels: raster.Picture) -> str:
    encoded = b64encode(raster.png(raster.fit(pixels, _SIDE, _SIDE))).decode()
    return f'<img alt="" src="data:image/png;base64,{encoded}">'


def _over(rows: int, columns: int, drawing: str) -> str:
    """A drawing in pixels of the image that it lies over."""
    return f'<svg class="over" viewBox="0 0 {columns} {rows}">{drawing}</svg>'


def _source(instance: Instance, uid: str) -> Instance:
    """The instance of the same study with that SOP Instance UID."""
    return next(one for one in instance.study.instances() if one.sop_instance_uid == uid)


def _segments(instance: Instance, dataset: Dataset) -> raster.Picture:
    """The middle frame's segment over the slice that it was made from."""
    middle = int(dataset.NumberOfFrames) // 2
    derived = dataset.PerFrameFunctionalGroupsSequence[middle].DerivationImageSequence[0]
    uid = derived.SourceImageSequence[0].ReferencedSOPInstanceUID
    grey = raster.picture(_source(instance, uid).dataset)
    colour = np.repeat(grey[:, :, np.newaxis], 3, axis=2).astype(np.int32)
    mask = raster.frames(dataset)[middle].astype(bool)
    colour[mask] = (colour[mask] + 3 * np.array((255, 140, 0))) // 4
    return colour.astype(np.uint8)


def _contours(instance: Instance, dataset: Dataset) -> str:
    """Every contour of the slice that most of them lie on."""
    drawn: dict[str, list[str]] = {}
    for roi in dataset.ROIContourSequence:
        colour = ",".join(map(str, roi.ROIDisplayColor))
        for contour in roi.ContourSequence:
            uid = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            image = _source(instance, uid).dataset
            corner, spacing = image.ImagePositionPatient, image.PixelSpacing
            points = " ".join(
                f"{(float(x) - float(corner[0])) / float(spacing[1]) + 0.5:.1f},"
                f"{(float(y) - float(corner[1])) / float(spacing[0]) + 0.5:.1f}"
                for x, y in zip(contour.ContourData[::3], contour.ContourData[1::3], strict=True)
            )
            drawn.setdefault(uid, []).append(
                f'<polygon points="{points}" stroke="rgb({colour})" fill="rgba({colour},.1)"/>'
            )
    uid, polygons = max(drawn.items(), key=lambda found: len(found[1]))
    image = _source(instance, uid).dataset
    names = "".join(
        f'<i style="--c:rgb({",".join(map(str, roi.ROIDisplayColor))})">{escape(named.ROIName)}</i>'
        for roi, named in zip(
            dataset.ROIContourSequence, dataset.StructureSetROISequence, strict=True
        )
    )
    return (
        _image(raster.picture(image))
        + _over(image.Rows, image.Columns, "".join(polygons))
        + f'<div class="legend">{names}</div>'
    )


def _wash(instance: Instance, dataset: Dataset) -> raster.Picture:
    """A wash of dose over a slice of the body that it was planned for."""
    frames = raster.frames(dataset)
    middle = int(frames.reshape(len(frames), -1).max(axis=1).argmax())
    rows, columns = frames[middle].shape
    raw = phantoms.ct_slice(
        instance.study.scope.seed, rows, columns, middle, len(frames), "CHEST", label=False
    )
    grey = np.clip((np.frombuffer(raw, "<i2").reshape(rows, columns) + 500) / 4, 0, 255)
    colour = np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    share = frames[middle] / frames.max()
    for least, tint in _WASH:
        there = share >= least
        colour[there] = 0.5 * grey[there][:, np.newaxis] + 0.5 * np.array(tint)
    return colour.astype(np.uint8)


def _dose(instance: Instance, dataset: Dataset) -> str:
    """The wash with what its colours mean."""
    most = float(raster.frames(dataset).max()) * float(dataset.DoseGridScaling)
    names = "".join(f'<i style="--c:rgb{tint}">{least * most:.1f}</i>' for least, tint in _WASH)
    return _image(_wash(instance, dataset)) + f'<div class="legend">{names}<i>Gy</i></div>'


def _beams(instance: Instance, dataset: Dataset) -> str:
    """The beams of a plan about their isocentre, with energy, gantry angle and field."""
    parts = ['<ellipse cx="150" cy="160" rx="105" ry="72" class="body"/>']
    words = []
    for beam in dataset.BeamSequence:
        point = beam.ControlPointSequence[0]
        field = [float(v) for v in point.BeamLimitingDevicePositionSequence[0].LeafJawPositions]
        wide = (field[1] - field[0]) / 2
        parts.append(
            f'<g transform="rotate({float(point.GantryAngle)} 150 160)">'
            f'<path class="beam" d="M150 18 L{150 + wide * 1.5} 262 H{150 - wide * 1.5} Z"/>'
            '<rect x="132" y="6" width="36" height="12" class="head"/></g>'
        )
        words.append(
            f"{beam.BeamName}: {beam.RadiationType.lower()} {point.NominalBeamEnergy} MV, "
            f"gantry {point.GantryAngle}°, field {field[1] - field[0]:g} mm"
        )
    parts.append('<path class="cross" d="M140 160H160M150 150V170"/>')
    told = "".join(
        f'<text x="150" y="{284 - 14 * n}">{escape(word)}</text>' for n, word in enumerate(words)
    )
    return f'<svg class="plan" viewBox="0 0 300 300">{"".join(parts)}{told}</svg>'


def _presented(instance: Instance, dataset: Dataset) -> str:
    """The middle image through the state's window, with its annotations."""
    references = dataset.ReferencedSeriesSequence[0].ReferencedImageSequence
    middle = references[len(references) // 2]
    image = _source(instance, middle.ReferencedSOPInstanceUID).build()
    window = dataset.SoftcopyVOILUTSequence[0]
    image.WindowCenter, image.WindowWidth = window.WindowCenter, window.WindowWidth
    drawn = ""
    for annotation in dataset.GraphicAnnotationSequence:
        for text in annotation.TextObjectSequence:
            x, y = text.AnchorPoint
            size = image.Columns / 16
            drawn += (
                f'<circle cx="{x}" cy="{y}" r="{size / 4}"/>'
                f'<text x="{x + size / 2}" y="{y - size / 2}" font-size="{size}">'
                f"{escape(text.UnformattedTextValue)}</text>"
            )
    return _image(raster.picture(image)) + _over(
        image.Rows, image.Columns, f'<g class="note">{drawn}</g>'
    )


def _chosen(instance: Instance, dataset: Dataset) -> str:
    """The images that were selected, one beside the other, under what was said of them."""
    uids = [
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in dataset.ContentSequence
        if item.ValueType == "IMAGE"
    ]
    shown = "".join(_image(raster.picture(_source(instance, uid).dataset)) for uid in uids)
    title = dataset.ConceptNameCodeSequence[0].CodeMeaning
    text = "".join(item.TextValue for item in dataset.ContentSequence if item.ValueType == "TEXT")
    return f'<div class="chosen"><b>{escape(title)}</b><p>{escape(text)}</p>{shown}</div>'


def _slide(instance: Instance, dataset: Dataset) -> raster.Picture:
    """A part of a slide where four tiles meet, pixel by pixel."""
    side = int(dataset.TotalPixelMatrixColumns // dataset.Columns)
    tiles = [raster.picture(dataset, frame) for frame in range(side * side)]
    whole = np.vstack([np.hstack(tiles[at : at + side]) for at in range(0, side * side, side)])
    top, left = (max(0, (size - _SIDE) // 2) for size in whole.shape[:2])
    return np.asarray(whole[top : top + _SIDE, left : left + _SIDE], dtype=np.uint8)


def _curves(group: Dataset) -> str:
    """The channels of a multiplex group on graph paper, each with the name of its lead."""
    channels = int(group.NumberOfWaveformChannels)
    samples = np.frombuffer(group.WaveformData, "<i2").reshape(-1, channels)[:1250:2]
    across = -(-channels // _LEADS_A_COLUMN)
    height, width = 300 / -(-channels // across), 300 / across
    samples = samples[: len(samples) // across]
    lines = []
    for number in range(channels):
        left = width * (number // _LEADS_A_COLUMN if across > 1 else 0)
        middle = height * ((number % _LEADS_A_COLUMN if across > 1 else number) + 0.6)
        points = " ".join(
            f"{left + at * width / len(samples):.1f},{middle - int(value) * height / 3400:.1f}"
            for at, value in enumerate(samples[:, number])
        )
        lead = group.ChannelDefinitionSequence[number].ChannelSourceSequence[0].CodeMeaning
        name = str(lead).replace("Lead ", "")
        lines.append(
            f'<polyline points="{points}"/><text x="{left + 4}" y="{middle - height * 0.38:.1f}">'
            f"{escape(name)}</text>"
        )
    fine = "".join(f'<path d="M0 {n}H300M{n} 0V300"/>' for n in range(0, 301, 6))
    bold = "".join(f'<path d="M0 {n}H300M{n} 0V300"/>' for n in range(0, 301, 30))
    return (
        '<svg class="graph" viewBox="0 0 300 300">'
        f'<g class="fine">{fine}</g><g class="bold">{bold}</g>{"".join(lines)}</svg>'
    )


def _paper(dataset: Dataset) -> Iterator[str]:
    """What a document says, as it would be printed."""
    if "DocumentTitle" in dataset:
        kind, length = dataset.MIMETypeOfEncapsulatedDocument, dataset.EncapsulatedDocumentLength
        yield f"<h3>{escape(dataset.DocumentTitle)}</h3>"
        yield f"<p>{escape(dataset.ConceptNameCodeSequence[0].CodeMeaning)}</p>"
        yield f"<small>{escape(kind)}, {length} bytes</small>"
    elif "ContentSequence" in dataset:
        yield f"<h3>{escape(dataset.ConceptNameCodeSequence[0].CodeMeaning)}</h3>"
        yield from _content(dataset)


def _content(parent: Dataset) -> Iterator[str]:
    for item in parent.get("ContentSequence", []):
        if "ConceptNameCodeSequence" not in item:
            yield "<p>→ image</p>"
            continue
        meaning = escape(item.ConceptNameCodeSequence[0].CodeMeaning)
        if item.ValueType == "CONTAINER":
            yield f"<h4>{meaning}</h4>"
        else:
            yield f"<p><em>{meaning}</em> {escape(_value(item))}</p>"
        yield from _content(item)


def _value(item: Dataset) -> str:
    if "MeasuredValueSequence" in item:
        measured = item.MeasuredValueSequence[0]
        return f"{measured.NumericValue} {measured.MeasurementUnitsCodeSequence[0].CodeValue}"
    return str(item.get("TextValue") or item.get("PersonName") or "")
