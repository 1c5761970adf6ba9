"""What an edge adds to the PACS behind it: both latencies side by side, and both capacities."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from stepwedge.events import Added, Overhead
from stepwedge.reports import scale, units
from stepwedge.reports.plot import WIDTH, captioned, tag

_ROW = 34
_TOP = 30  # the legend
_BOTTOM = 46
_NAMES = 118
_TEXTS = 150  # room for what is added
_SIDES = (("alone", "the PACS alone"), ("through", "through the edge"))


def rows(overhead: Overhead, number: int) -> dict[str, Any]:
    """One comparison as its template wants it."""
    return {
        "event": overhead,
        "anchor": f"overhead-{number}",
        "sentence": sentence(overhead),
        "figure": bars(f"overhead-{number}-bars", overhead),
        "rows": [(one, added(one)) for one in overhead.latencies],
    }


def added(one: Added) -> str:
    """The difference of two latencies, with its sign."""
    sign = "+" if one.through >= one.alone else "−"
    return f"{sign}{units.seconds(abs(one.through - one.alone))}"


def sentence(overhead: Overhead) -> str:
    """What the comparison came to."""
    medians = [one for one in overhead.latencies if one.measure == "response.p50"]
    told = [f"{one.operation} {added(one)}" for one in medians if _is_shown(one)]
    parts = [f"In the median the edge adds: {', '.join(told)}" if told else "No difference shown"]
    if overhead.capacities is not None:
        alone, through = (
            "none was found" if rate is None else units.rate(rate) for rate in overhead.capacities
        )
        parts.append(f"Capacity in {overhead.operation}: {alone} alone, {through} through the edge")
    return ". ".join(parts) + "."


def bars(anchor: str, overhead: Overhead) -> Markup:
    """Each latency as two points on one row, alone and through the edge, on a logarithmic axis."""
    told = overhead.latencies
    if not told:
        return Markup("")
    height = _TOP + _BOTTOM + _ROW * len(told)
    axis = scale.latencies("", [value for one in told for value in (one.alone, one.through)])
    title = "Response times at the PACS alone and through the edge"
    parts = [
        *_legend(),
        *_grid(axis, height),
        *(_row(axis, one, _TOP + _ROW * (n + 0.5)) for n, one in enumerate(told)),
    ]
    note = f"{overhead.scenario}, {units.counted(overhead.rounds, 'round')} of each, in turn"
    summary = "; ".join(map(_in_words, told)) + "."
    return captioned(anchor, title, summary, parts, height=height, note=note, kind="overhead")


def _across(axis: scale.Axis, value: float) -> float:
    return _NAMES + axis.place(value) * (WIDTH - _NAMES - _TEXTS)


def _legend() -> list[Markup]:
    parts = []
    for n, (side, words) in enumerate(_SIDES):
        at = _NAMES + n * 170
        parts.append(_mark(side, at + 6, 14))
        parts.append(tag("text", words, x=at + 18, y=18, class_="tick"))
    return parts


def _grid(axis: scale.Axis, height: int) -> list[Markup]:
    bottom = height - _BOTTOM
    parts = []
    for value, label in axis.ticks:
        at = f"{_across(axis, value):.1f}"
        parts.append(tag("path", d=f"M{at} {_TOP}V{bottom}", class_="grid"))
        parts.append(tag("text", label, x=at, y=bottom + 18, class_="tick x"))
    middle = (_NAMES + WIDTH - _TEXTS) / 2
    label = "response time (logarithmic)"
    return [*parts, tag("text", label, x=f"{middle:.0f}", y=height - 8, class_="label x")]


def _row(axis: scale.Axis, one: Added, y: float) -> Markup:
    alone, through = _across(axis, one.alone), _across(axis, one.through)
    name = f"{one.operation} {one.measure.removeprefix('response.')}"
    return Markup("").join(
        [
            tag("text", name, x=_NAMES - 10, y=f"{y + 4:.1f}", class_="tick y"),
            tag("path", d=f"M{alone:.1f} {y:.1f}H{through:.1f}", class_="between"),
            _mark("alone", alone, y),
            _mark("through", through, y),
            tag("text", _says(one), x=WIDTH - _TEXTS + 12, y=f"{y + 4:.1f}", class_="tick"),
        ]
    )


def _says(one: Added) -> str:
    if not _is_shown(one):
        return "no difference shown"
    return f"{added(one)}, × {units.significant(one.ratio)}"


def _is_shown(one: Added) -> bool:
    """Whether chance alone is no explanation."""
    return one.low > 1 or one.high < 1


def _mark(side: str, at: float, y: float) -> Markup:
    """Its shape tells what its colour tells: a dot for the PACS alone, a square for the edge."""
    if side == "alone":
        return tag("circle", cx=f"{at:.1f}", cy=f"{y:.1f}", r=5.5, class_="s1")
    return tag("rect", x=f"{at - 5:.1f}", y=f"{y - 5:.1f}", width=10, height=10, class_="through")


def _in_words(one: Added) -> str:
    return (
        f"{one.operation} {one.measure}: {units.seconds(one.alone)} alone, "
        f"{units.seconds(one.through)} through the edge"
    )
