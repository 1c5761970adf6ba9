"""Beside a crowd of associations that want nothing: how many good clients get in, and how soon."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from stepwedge.events import Admission
from stepwedge.reports import scale, units
from stepwedge.reports.plot import Line, figure

_HELD = "idle associations asked for"


def curves(anchor: str, admissions: Sequence[Admission]) -> list[Markup]:
    """Two figures: who was served, and after how long; nothing when nobody tried."""
    tried = sorted((one for one in admissions if one.tried), key=lambda one: one.held)
    if not tried:
        return []
    held = scale.amounts(_HELD, [float(one.held) for one in tried], most=8)
    served = figure(
        f"{anchor}-served",
        "Good clients that get in beside a crowd",
        " ".join(map(_in_words, tried)),
        held,
        scale.amounts("good clients", [float(one.tried) for one in tried]),
        [
            Line("tried", "plan", [(one.held, one.tried) for one in tried]),
            Line(
                "served",
                "s1",
                [(one.held, one.served) for one in tried],
                dotted=True,
                shown=[_in_words(one) for one in tried],
            ),
        ],
        note=_refused(tried),
    )
    times = [at for one in tried for at in (one.median, one.slowest) if at is not None]
    if not times:
        return [served]
    return [served, _delays(f"{anchor}-after", tried, held, times)]


def _delays(
    anchor: str, tried: Sequence[Admission], held: scale.Axis, times: Sequence[float]
) -> Markup:
    samples = sum(one.served for one in tried)
    return figure(
        anchor,
        "How long they take: associate, echo, release",
        f"Between {units.seconds(min(times))} and {units.seconds(max(times))}.",
        held,
        scale.latencies("time they took", times),
        [
            Line(
                name,
                style,
                [(one.held, getattr(one, name)) for one in tried],
                dotted=True,
                shown=[
                    f"{name} {units.seconds(at)}" if (at := getattr(one, name)) is not None else ""
                    for one in tried
                ],
            )
            for name, style in (("median", "s1"), ("slowest", "s2"))
        ],
        note=f"{units.counted(samples, 'good client')} that got in, one after another at each size "
        "of the crowd",
    )


def _in_words(one: Admission) -> str:
    return f"Beside {units.number(one.held)}: {one.served} of {one.tried} served."


def _refused(tried: Sequence[Admission]) -> str:
    told: dict[str, int] = {}
    for one in tried:
        for words, count in one.refused.items():
            told[words] = told.get(words, 0) + count
    if not told:
        return "everyone was served"
    return "the others: " + "; ".join(f"{count} × {words}" for words, count in told.items())
