"""A forest plot: ratios with their intervals, one row each, around the line of no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stepwedge.reports.plot import captioned, tag
from stepwedge.reports.scale import Axis

_ROW = 30
_TOP = 14
_BOTTOM = 46
_NAMES = 190  # room for the names on the left
_TEXTS = 330  # room for the numbers and words on the right
_WIDTH = 960

# Round ratios, and how far the axis must reach for each set to be used.
_TICKS = (
    (1.15, (0.9, 0.95, 1.0, 1.05, 1.1)),
    (1.5, (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)),
    (3.0, (0.4, 0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5)),
    (12.0, (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)),
    (1000.0, (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One ratio: `style` is a class (worse, better, same), `words` what it means."""

    name: str
    ratio: float
    low: float
    high: float
    words: str
    style: str


def forest(anchor: str, title: str, rows: Sequence[Row], note: str = "") -> Markup:
    """The plot as a figure; an empty one draws nothing."""
    if not rows:
        return Markup("")
    height = _TOP + _BOTTOM + _ROW * len(rows)
    axis = ratios(rows)
    bottom = height - _BOTTOM
    summary = "; ".join(f"{row.name}: {row.words}, {interval(row)}" for row in rows) + "."
    parts: list[Markup] = []
    for value, label in axis.ticks:
        at = _across(axis, value)
        style = "one" if value == 1 else "grid"
        parts.append(tag("path", d=f"M{at:.1f} {_TOP}V{bottom}", class_=style))
        parts.append(tag("text", label, x=f"{at:.1f}", y=bottom + 18, class_="tick x"))
    middle = (_NAMES + _WIDTH - _TEXTS) / 2
    label = "after divided by before (logarithmic)"
    parts.append(tag("text", label, x=f"{middle:.0f}", y=height - 8, class_="label x"))
    parts += [_row(axis, row, _TOP + _ROW * (index + 0.5)) for index, row in enumerate(rows)]
    return captioned(
        anchor, title, summary, parts, height=height, width=_WIDTH, note=note, kind="forest"
    )


def interval(row: Row) -> str:
    """The ratio and its interval in figures: `1.12 (1.03 to 1.21)`."""
    return f"{row.ratio:.3g} ({row.low:.3g} to {row.high:.3g})"


def ratios(rows: Sequence[Row]) -> Axis:
    """A logarithmic axis that is even around one, so that half and double lie equally far."""
    reach = max(max(row.high, 1 / max(row.low, 1e-3)) for row in rows) * 1.05
    limit, marks = next((one for one in _TICKS if reach <= one[0]), _TICKS[-1])
    span = min(max(reach, 1.02), limit)
    ticks = [(mark, f"{mark:g}") for mark in marks if 1 / span <= mark <= span]
    return Axis("", 1 / span, span, ticks, log=True)


def _across(axis: Axis, value: float) -> float:
    return _NAMES + axis.place(value) * (_WIDTH - _NAMES - _TEXTS)


def _row(axis: Axis, row: Row, y: float) -> Markup:
    low, high, at = (_across(axis, value) for value in (row.low, row.high, row.ratio))
    whisker = f"M{low:.1f} {y - 4:.1f}v8M{low:.1f} {y:.1f}H{high:.1f}M{high:.1f} {y - 4:.1f}v8"
    return Markup("").join(
        [
            tag("text", row.name, x=_NAMES - 12, y=f"{y + 4:.1f}", class_="tick y"),
            tag("path", d=whisker, class_=f"whisker {row.style}"),
            _mark(row.style, at, y),
            tag(
                "text",
                f"{interval(row)}  {row.words}",
                x=_WIDTH - _TEXTS + 14,
                y=f"{y + 4:.1f}",
                class_=f"says {row.style}",
            ),
        ]
    )


def _mark(style: str, at: float, y: float) -> Markup:
    """Its shape tells what its colour tells: square is worse, dot better, diamond neither."""
    if style == "worse":
        return tag("rect", x=f"{at - 5:.1f}", y=f"{y - 5:.1f}", width=10, height=10, class_=style)
    if style == "better":
        return tag("circle", cx=f"{at:.1f}", cy=f"{y:.1f}", r=5.5, class_=style)
    return tag("path", d=f"M{at:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6Z", class_=f"diamond {style}")
