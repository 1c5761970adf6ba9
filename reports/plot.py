"""Plots as inline SVG: data in, one figure out, no library and nothing to load.

A figure has a caption, axes with units, lines told apart by dash and a label at their end as well
as by colour, and a sentence for those who cannot see it.  Colours are classes, so that the style
sheet decides them for light, dark and paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from stepwedge.reports.scale import Axis
from stepwedge.reports.text import printable

WIDTH, HEIGHT = 640, 250
_LEFT, _TOP, _BOTTOM = 78, 12, 44
_LABEL_HEIGHT = 14
_LETTER = 6.7  # width of an average letter of a label, in the canvas's units


@dataclass(frozen=True, slots=True)
class Line:
    """A series: `style` is a class of the style sheet; a point without y is a gap.

    A stepped line holds each value until the next: for plans and for counts.
    """

    name: str
    style: str
    points: Sequence[tuple[float, float | None]]
    stepped: bool = False
    dotted: bool = False  # each point is a measurement of its own, and is marked
    shown: Sequence[str] = field(default_factory=list)  # each point's value, for reading it off


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of a heat map, in data coordinates; `shade` from 0 to 1."""

    left: float
    right: float
    low: float
    high: float
    shade: float


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the horizontal axis in which something was so, with its name in it."""

    begins: float
    ends: float
    label: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A labelled horizontal line, such as a service level's limit."""

    value: float
    label: str


def tag(name: str, body: Markup | str = "", **attributes: object) -> Markup:
    """One element; underscores in attribute names become hyphens, `class_` becomes `class`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_shown(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{_shown(body)}</{name}>")


def _shown(value: object) -> Markup:
    return value if isinstance(value, Markup) else escape(printable(str(value)))


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where an axis pair puts values on the canvas."""

    x: Axis
    y: Axis
    height: int
    right: float  # room for the names of the lines

    def across(self, value: float) -> float:
        return _LEFT + self.x.place(value) * (WIDTH - _LEFT - self.right)

    def up(self, value: float) -> float:
        return self.height - _BOTTOM - self.y.place(value) * (self.height - _TOP - _BOTTOM)


def figure(
    anchor: str,
    title: str,
    summary: str,
    x: Axis,
    y: Axis,
    lines: Sequence[Line] = (),
    *,
    cells: Sequence[Cell] = (),
    bands: Sequence[Band] = (),
    rules: Sequence[Rule] = (),
    note: str = "",
    height: int = HEIGHT,
) -> Markup:
    """A figure with its caption.

    `summary` is what a screen reader says in place of the drawing; `note` stands below it: over how
    many samples, how the points were thinned.
    """
    longest = max((len(line.name) for line in lines), default=0)
    frame = _Frame(x, y, height, right=18 + longest * _LETTER)
    parts = [
        *(_cell(frame, cell) for cell in cells),
        *(_band(frame, band) for band in bands),
        _grid(frame),
        *(_line(frame, line) for line in lines),
        *(_rule(frame, rule) for rule in rules),
        _labels(frame, lines),
    ]
    readout = _readout(frame, lines)
    return captioned(anchor, title, summary, parts, height=height, note=note, data_read=readout)


def captioned(
    anchor: str,
    title: str,
    summary: str,
    parts: Iterable[Markup],
    *,
    height: int,
    width: int = WIDTH,
    note: str = "",
    kind: str = "",
    **attributes: object,
) -> Markup:
    """A drawing with its caption, and its words for a screen reader.

    `kind` is one more class of the figure; `attributes` are the drawing's own.
    """
    drawing = tag(
        "svg",
        tag("title", title, id=f"{anchor}-title")
        + tag("desc", summary, id=f"{anchor}-desc")
        + _join(parts),
        role="img",
        aria_labelledby=f"{anchor}-title {anchor}-desc",
        viewBox=f"0 0 {width} {height}",
        **attributes,
    )
    caption = tag("figcaption", tag("b", title) + (tag("span", note) if note else ""))
    classes = f"plot {kind}".rstrip()
    return tag("figure", caption + tag("div", drawing, class_="canvas"), class_=classes)


def _grid(frame: _Frame) -> Markup:
    bottom, top = frame.up(frame.y.low), frame.up(frame.y.high)
    left, right = frame.across(frame.x.low), frame.across(frame.x.high)
    parts = []
    for value, label in frame.y.ticks:
        at = frame.up(value)
        parts.append(_stroke("grid", f"M{left:.0f} {at:.1f}H{right:.0f}"))
        parts.append(tag("text", label, x=left - 8, y=f"{at + 4:.1f}", class_="tick y"))
    for value, label in frame.x.ticks:
        at = frame.across(value)
        parts.append(_stroke("mark", f"M{at:.1f} {bottom:.0f}v5"))
        parts.append(tag("text", label, x=f"{at:.1f}", y=f"{bottom + 18:.0f}", class_="tick x"))
    parts.append(_stroke("axis", f"M{left:.0f} {top:.0f}V{bottom:.0f}H{right:.0f}"))
    middle = (left + right) / 2
    parts.append(
        tag("text", frame.x.label, x=f"{middle:.0f}", y=frame.height - 6, class_="label x")
    )
    middle = (top + bottom) / 2
    turn = f"translate(13 {middle:.0f}) rotate(-90)"
    parts.append(tag("text", frame.y.label, transform=turn, class_="label x"))
    return tag("g", _join(parts), class_="frame")


def _stroke(style: str, path: str) -> Markup:
    return tag("path", d=path, class_=style)


def _rule(frame: _Frame, rule: Rule) -> Markup:
    if not frame.y.low <= rule.value <= frame.y.high:
        return Markup("")
    at = frame.up(rule.value)
    left, right = frame.across(frame.x.low), frame.across(frame.x.high)
    return _stroke("limit", f"M{left:.0f} {at:.1f}H{right:.0f}") + tag(
        "text", rule.label, x=f"{left + 6:.0f}", y=f"{at - 4:.1f}", class_="limit"
    )


def _band(frame: _Frame, band: Band) -> Markup:
    left, right = frame.across(band.begins), frame.across(band.ends)
    top, bottom = frame.up(frame.y.high), frame.up(frame.y.low)
    area = tag(
        "rect",
        x=f"{left:.1f}",
        y=f"{top:.0f}",
        width=f"{max(right - left, 1):.1f}",
        height=f"{bottom - top:.0f}",
        class_="band",
    )
    edges = _stroke(
        "edge", f"M{left:.1f} {top:.0f}V{bottom:.0f}M{right:.1f} {top:.0f}V{bottom:.0f}"
    )
    middle = f"{(left + right) / 2:.1f}"
    return area + edges + tag("text", band.label, x=middle, y=_TOP + 15, class_="band x")


def _cell(frame: _Frame, cell: Cell) -> Markup:
    left, right = frame.across(cell.left), frame.across(cell.right)
    low, high = frame.up(cell.low), frame.up(cell.high)
    return tag(
        "rect",
        x=f"{left:.1f}",
        y=f"{high:.1f}",
        width=f"{max(right - left, 0.5):.1f}",
        height=f"{max(low - high, 0.5):.1f}",
        fill_opacity=f"{cell.shade:.2f}",
        class_="heat",
    )


def _line(frame: _Frame, line: Line) -> Markup:
    path = []
    drawing = False
    for x, y in line.points:
        if y is None:
            drawing = False
            continue
        across, up = f"{frame.across(x):.1f}", f"{frame.up(y):.1f}"
        if not drawing:
            path.append(f"M{across} {up}")
        elif line.stepped:
            path.append(f"H{across}V{up}")
        else:
            path.append(f"L{across} {up}")
        drawing = True
    marks = Markup("")
    drawn = sum(y is not None for _, y in line.points)
    if line.dotted or drawn <= 2:  # two are too short to be seen as a line
        marks = _join(
            [
                tag(
                    "circle",
                    cx=f"{frame.across(x):.1f}",
                    cy=f"{frame.up(y):.1f}",
                    r=3,
                    class_=f"dot {line.style}",
                )
                for x, y in line.points
                if y is not None
            ]
        )
    return _stroke(f"line {line.style}", "".join(path)) + marks


def _labels(frame: _Frame, lines: Sequence[Line]) -> Markup:
    """Each line's name at its right end, moved apart where they would overlap."""
    ends: list[tuple[float, Line]] = []
    for line in lines:
        drawn = [y for _, y in line.points if y is not None]
        if drawn:
            ends.append((frame.up(drawn[-1]), line))
    ends.sort(key=lambda end: end[0])
    places = spread([up for up, _ in ends], _TOP + 4, frame.height - _BOTTOM)
    right = frame.across(frame.x.high) + 8
    return _join(
        [
            tag("text", line.name, x=right, y=f"{place + 4:.1f}", class_=f"name {line.style}")
            for place, (_, line) in zip(places, ends, strict=True)
        ]
    )


def spread(places: Sequence[float], low: float, high: float) -> list[float]:
    """Sorted places moved as little as needed to stand a label's height apart."""
    moved: list[float] = []
    for place in places:
        floor = moved[-1] + _LABEL_HEIGHT if moved else low
        moved.append(max(place, floor))
    excess = moved[-1] - high if moved else 0
    if excess > 0:
        ceiling = high
        for index in range(len(moved) - 1, -1, -1):
            moved[index] = min(moved[index], ceiling)
            ceiling = moved[index] - _LABEL_HEIGHT
    return moved


def _readout(frame: _Frame, lines: Sequence[Line]) -> str | None:
    """What the pointer reads off: for each x its place and one text, as JSON."""
    texts: dict[float, list[str]] = {}
    for line in lines:
        if line.shown:
            for (x, _), shown in zip(line.points, line.shown, strict=True):
                if shown:
                    texts.setdefault(x, []).append(shown)
    if not texts:
        return None
    return json.dumps(
        [[round(frame.across(x), 1), " · ".join(shown)] for x, shown in sorted(texts.items())],
        ensure_ascii=False,
        separators=(",", ":"),
    )
