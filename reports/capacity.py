"""The capacity search as the page shows it: the knee in units of a department, and every trial."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from stepwedge.events import Capacity
from stepwedge.reports import scale, units
from stepwedge.reports.plot import Line, figure


def rows(capacity: Capacity, number: int) -> dict[str, Any]:
    """One search as its template wants it."""
    return {
        "event": capacity,
        "sentence": sentence(capacity),
        "figure": knee(f"capacity-{number}", capacity),
    }


def sentence(capacity: Capacity) -> str:
    """What the search came to."""
    if capacity.scale is None or capacity.rate is None:
        return f"{capacity.limit[:1].upper()}{capacity.limit[1:].rstrip('.')}."
    exams = (
        f", {units.number(capacity.exams_per_year)} exams a year"
        if capacity.exams_per_year is not None
        else ""
    )
    return (
        f"Sustains {units.rate(capacity.rate)} of {capacity.operation}{exams}, at "
        f"{units.significant(capacity.scale)} times the scenario's rates. Limited by: "
        f"{capacity.limit.rstrip('.')}."
    )


def knee(anchor: str, capacity: Capacity) -> Markup:
    """Latency against planned rate, trial by trial: where it bends upwards is the knee.

    What was achieved would not do: past the knee more load means less done.
    """
    steps = sorted(capacity.steps, key=lambda step: step.planned_rate)
    lines = []
    for name, style in (("p50", "s1"), ("p95", "s2"), ("p99", "s3")):
        points = [(step.planned_rate, getattr(step, name)) for step in steps]
        if any(value for _, value in points):
            lines.append(
                Line(
                    name,
                    style,
                    points,
                    shown=[
                        f"{units.rate(x)}: {name} {units.seconds(y)}, "
                        + ("held" if step.held else "not held")
                        if y is not None
                        else ""
                        for step, (x, y) in zip(steps, points, strict=True)
                    ],
                )
            )
    if not lines:
        return Markup("")
    values = [value for line in lines for _, value in line.points if value]
    return figure(
        anchor,
        f"{capacity.operation}: response time by load",
        sentence(capacity),
        scale.amounts(
            f"{capacity.operation} planned per second", [step.planned_rate for step in steps]
        ),
        scale.latencies("response time", values),
        lines,
        note=units.counted(len(steps), "trial"),
    )
