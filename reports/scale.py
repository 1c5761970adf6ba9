"""Axes: from values to places on paper, and the ticks a reader expects there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stepwedge.reports import units


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`, labelled with what it measures and in which unit.

    `ticks` are values with their labels.  A logarithmic axis needs positive limits.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]] = field(default_factory=list)
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies, 0 at `low` and 1 at `high`; values outside are held at the ends."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return (at - low) / (high - low) if high > low else 0.0


def step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10^n that divides `span` into at most `most` parts."""
    if span <= 0:
        return 1.0
    decade: float = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10):
        if span / (factor * decade) <= most:
            return factor * decade
    return 10 * decade


def amounts(label: str, values: Iterable[float], most: int = 5) -> Axis:
    """A linear axis from zero to a round number above the largest value."""
    largest = max(values, default=0.0)
    pace = step(largest or 1.0, most)
    count = max(1, math.ceil((largest or 1.0) / pace - 1e-9))
    return Axis(
        label,
        0.0,
        count * pace,
        [(n * pace, _plain(n * pace)) for n in range(count + 1)],
    )


def _plain(value: float) -> str:
    return units.number(value) if value == round(value) else f"{value:.6g}"


# An elapsed time is read in seconds up to two minutes, in minutes up to two hours, then in hours.
_ELAPSED = ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (0.0, 1.0, "s"))


def elapsed(label: str, longest: float, most: int = 8) -> Axis:
    """A linear axis of elapsed time, in seconds, from the start to `longest`."""
    factor, unit = next((factor, unit) for least, factor, unit in _ELAPSED if longest >= least)
    pace = step(longest / factor, most)
    count = math.floor(longest / factor / pace + 1e-9)
    ticks = [(n * pace * factor, _plain(n * pace)) for n in range(count + 1)]
    return Axis(f"{label} ({unit})", 0.0, max(longest, 1e-9), ticks)


def latencies(label: str, values: Iterable[float]) -> Axis:
    """A logarithmic axis of durations, in seconds, that covers all positive values."""
    positive = [value for value in values if value > 0]
    low, high = (min(positive), max(positive)) if positive else (1e-3, 1.0)
    least, most = math.floor(math.log10(low)), math.ceil(math.log10(high))
    # Half decades keep a narrow range from being drawn as a flat line in the middle of two decades.
    first = 10.0**least * (3 if low >= 3 * 10.0**least else 1)
    last = 10.0**most / (3 if high <= 10.0**most / 3 else 1)
    if last <= first:
        first, last = 10.0**least, 10.0 ** max(most, least + 1)
    ticks = [
        (factor * 10.0**decade, units.seconds(factor * 10.0**decade, digits=1))
        for decade in range(least, most + 1)
        for factor in (1, 3)
        if first * 0.999 <= factor * 10.0**decade <= last * 1.001
    ]
    return Axis(label, first, last, ticks, log=True)


def nines(label: str, samples: int) -> Axis:
    """An axis of percentiles that gives each further nine the same room, to p99.99.

    Its values are 1/(1 − p).  It ends where `samples` stop being able to tell percentiles apart.
    """
    marks = [
        (1.0, "0"),
        (2.0, "50"),
        (10.0, "90"),
        (20.0, "95"),
        (100.0, "99"),
        (1000.0, "99.9"),
        (10_000.0, "99.99"),
    ]
    last = min(10_000.0, max(10.0, float(samples)))
    return Axis(label, 1.0, last, [mark for mark in marks if mark[0] <= last], log=True)
