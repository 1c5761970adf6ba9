"""What the service time of each operation consists of: one stacked bar each, as shares of the mean.

Means and not percentiles, because only means of parts add up to the mean of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from stepwedge.events import LoadOperation
from stepwedge.reports import units
from stepwedge.reports.plot import WIDTH, captioned, tag

# In the order of the bars; an operation has those of its kind.
PHASES = ("connect", "negotiate", "send", "first answer", "further answers")

_ROW = 30
_TOP = 34  # the legend
_BOTTOM = 44
_NAMES = 78
_TEXTS = 176  # room for the mean and the number of samples
_LETTER = 6.7


def bars(anchor: str, operations: Sequence[LoadOperation]) -> Markup:
    """The figure; nothing where no phases were recorded."""
    told = [one for one in operations if (one.phases and one.is_dimse) or one.name == "associate"]
    told = [one for one in told if whole(one) > 0]
    if not told:
        return Markup("")
    height = _TOP + _BOTTOM + _ROW * len(told)
    title = "Phases of the service time"
    parts = [
        *_legend({phase for one in told for phase in one.phases}),
        *_axis(height),
        *(_row(one, _TOP + _ROW * index) for index, one in enumerate(told)),
    ]
    note = (
        "means; send: first to last byte of the request out; first answer: from there to the first "
        "byte of the answer; further answers: to the last byte of the last one"
    )
    summary = "; ".join(map(_in_words, told)) + "."
    return captioned(anchor, title, summary, parts, height=height, note=note, kind="phases")


def whole(operation: LoadOperation) -> float:
    """The sum of the mean phases, in seconds."""
    return sum(one.mean for one in operation.phases.values())


def _samples(operation: LoadOperation) -> int:
    return max(one.count for one in operation.phases.values())


def _in_words(operation: LoadOperation) -> str:
    parts = ", ".join(
        f"{phase} {units.seconds(operation.phases[phase].mean)}"
        for phase in PHASES
        if phase in operation.phases
    )
    return f"{operation.name}: {parts}"


def _legend(known: set[str]) -> list[Markup]:
    parts = []
    at = float(_NAMES)
    for number, phase in enumerate(PHASES):
        if phase in known:
            parts.append(
                tag("rect", x=f"{at:.0f}", y=8, width=12, height=12, class_=f"phase p{number}")
            )
            parts.append(tag("text", phase, x=f"{at + 17:.0f}", y=18, class_="tick"))
            at += 34 + len(phase) * _LETTER
    return parts


def _across(share: float) -> float:
    return _NAMES + share * (WIDTH - _NAMES - _TEXTS)


def _axis(height: int) -> list[Markup]:
    bottom = height - _BOTTOM
    parts = []
    for percent in (0, 25, 50, 75, 100):
        at = _across(percent / 100)
        parts.append(tag("path", d=f"M{at:.1f} {_TOP}V{bottom}", class_="grid"))
        parts.append(tag("text", f"{percent}", x=f"{at:.1f}", y=bottom + 18, class_="tick x"))
    label = "share of the mean service time (%)"
    parts.append(tag("text", label, x=f"{_across(0.5):.0f}", y=height - 6, class_="label x"))
    return parts


def _row(operation: LoadOperation, top: float) -> Markup:
    total = whole(operation)
    parts = [tag("text", operation.name, x=_NAMES - 8, y=top + 20, class_="tick y")]
    begun = 0.0
    for number, phase in enumerate(PHASES):
        if (histogram := operation.phases.get(phase)) is None:
            continue
        share = histogram.mean / total
        parts.append(
            tag(
                "rect",
                tag("title", f"{phase}: {units.seconds(histogram.mean)}, {units.share(share, 1)}"),
                x=f"{_across(begun):.1f}",
                y=top + 5,
                width=f"{_across(begun + share) - _across(begun):.1f}",
                height=_ROW - 10,
                class_=f"phase p{number}",
            )
        )
        begun += share
    says = f"{units.seconds(total)} over {units.number(_samples(operation))}"
    parts.append(tag("text", says, x=f"{_across(1) + 8:.0f}", y=top + 20, class_="tick"))
    return tag("g", Markup("").join(parts))
