"""When arrivals happen: planned in advance, from the start of the run, whatever the server does.

Theory of operation.  A plan is a list of segments; in each the arrival rate runs in a straight line
from one value to another.  The number of arrivals expected until a moment is therefore piecewise
quadratic, and its inverse has a closed form.  Everything else is that inverse:

- evenly spaced arrivals are due when the expected number reaches 0, 1, 2, …;
- Poisson arrivals are due when it reaches the running sum of exponential variates of mean one
  (the time change of a unit-rate process), from a seeded generator, so every worker draws the same.

Constant rate, ramp, steps, spike and a day's profile are five ways to write segments.  A run is
split among workers by arrival number modulo the number of slots, so the parts have neither gaps nor
overlaps, and no worker needs to know what another one does.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of `seconds` in which the rate runs linearly from `start` to `end` (per second)."""

    seconds: float
    start: float
    end: float

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise ValueError(f"a segment lasts a positive number of seconds, not {self.seconds}")
        if min(self.start, self.end) < 0 or not math.isfinite(self.start + self.end):
            raise ValueError(f"a rate is zero or more, not {self.start} to {self.end}")

    @property
    def arrivals(self) -> float:
        """The expected number of arrivals in the whole segment."""
        return self.seconds * (self.start + self.end) / 2


class Plan:
    """A planned course of the arrival rate.

    >>> Plan([Segment(10, 2, 2)]).due(5)
    2.5
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        if not segments:
            raise ValueError("a plan needs at least one segment")
        self.segments = tuple(segments)
        self._ends = list(accumulate(s.seconds for s in self.segments))
        self._counts = list(accumulate(s.arrivals for s in self.segments))

    @property
    def duration(self) -> float:
        """Seconds from the first to the end of the last segment."""
        return self._ends[-1]

    @property
    def arrivals(self) -> float:
        """The expected number of arrivals in the whole plan."""
        return self._counts[-1]

    @property
    def peak(self) -> float:
        """The highest planned rate, arrivals per second."""
        return max(max(s.start, s.end) for s in self.segments)

    def rate(self, elapsed: float) -> float:
        """The planned rate at `elapsed` seconds from the start; zero outside the plan."""
        if not 0 <= elapsed < self.duration:
            return 0.0
        index = bisect_right(self._ends, elapsed)
        segment = self.segments[index]
        into = elapsed - (self._ends[index] - segment.seconds)
        return segment.start + (segment.end - segment.start) * into / segment.seconds

    def expected(self, elapsed: float) -> float:
        """The expected number of arrivals in the first `elapsed` seconds."""
        if elapsed <= 0:
            return 0.0
        if elapsed >= self.duration:
            return self.arrivals
        index = bisect_right(self._ends, elapsed)
        segment = self.segments[index]
        into = elapsed - (self._ends[index] - segment.seconds)
        slope = (segment.end - segment.start) / segment.seconds
        before = self._counts[index] - segment.arrivals
        return before + segment.start * into + slope * into * into / 2

    def due(self, number: float) -> float | None:
        """When the expected number reaches `number`: seconds from the start; None: never.

        This is the pacer.  With `hits` arrivals begun after `elapsed` seconds, the next one waits
        `due(hits) - elapsed` (it is late when that is negative), and None says to stop.
        """
        if number < 0 or number >= self.arrivals:
            return None
        index = bisect_right(self._counts, number)
        segment = self.segments[index]
        wanted = number - (self._counts[index] - segment.arrivals)
        slope = (segment.end - segment.start) / segment.seconds
        # wanted = start·x + slope·x²/2, solved so that a slope near zero loses no digits.
        root = math.sqrt(max(0.0, segment.start * segment.start + 2 * slope * wanted))
        into = 2 * wanted / (segment.start + root) if wanted else 0.0
        return self._ends[index] - segment.seconds + min(into, segment.seconds)

    def scaled(self, factor: float) -> Plan:
        """The same course with every rate multiplied by `factor`."""
        return Plan([Segment(s.seconds, s.start * factor, s.end * factor) for s in self.segments])

    def after(self, delay: float) -> Plan:
        """The same course, begun `delay` seconds later."""
        return Plan([Segment(delay, 0, 0), *self.segments]) if delay > 0 else self


@dataclass(frozen=True, slots=True)
class Arrival:
    """One planned arrival: its `number` in the whole run, and when it is `due` (seconds)."""

    number: int
    due: float


def arrivals(
    plan: Plan,
    *,
    poisson: int | None = None,
    slots: int = 1,
    mine: Collection[int] = (0,),
) -> Iterator[Arrival]:
    """The arrivals of a plan in order; those whose number modulo `slots` is in `mine`.

    `poisson` is the seed of random arrivals; without it they are evenly spaced.
    """
    ours = frozenset(mine)
    if slots < 1 or any(not 0 <= slot < slots for slot in ours):
        raise ValueError(f"slots {sorted(ours)} are not all among 0…{slots - 1}")
    draw = None if poisson is None else random.Random(poisson).expovariate
    reached = 0.0 if draw is None else draw(1.0)
    number = 0
    while (due := plan.due(reached)) is not None:
        if number % slots in ours:
            yield Arrival(number, due)
        number += 1
        reached = number if draw is None else reached + draw(1.0)


def constant(rate: float, seconds: float) -> Plan:
    """The same rate throughout."""
    return Plan([Segment(seconds, rate, rate)])


def ramp(start: float, end: float, seconds: float) -> Plan:
    """A straight line from one rate to another."""
    return Plan([Segment(seconds, start, end)])


def steps(rates: Sequence[float], seconds: float) -> Plan:
    """Equal stretches, each at its own constant rate; `seconds` is the whole."""
    return Plan([Segment(seconds / len(rates), rate, rate) for rate in rates])


def spike(base: float, peak: float, at: float, width: float, seconds: float) -> Plan:
    """A constant rate with one stretch of `width` seconds at `peak`, begun at `at`."""
    parts = [(at, base), (min(width, seconds - at), peak), (seconds - at - width, base)]
    return Plan([Segment(length, rate, rate) for length, rate in parts if length > 0])


def profile(shares: Sequence[float], peak: float, seconds: float) -> Plan:
    """A course in equal stretches whose highest has the rate `peak`.

    `shares` are the hours' weights in any unit.  The course is played in `seconds`; the rates stay
    those of the real day, so a compressed day has fewer exams and not a greater load.
    """
    top = max(shares)
    return steps([peak * share / top for share in shares], seconds)
