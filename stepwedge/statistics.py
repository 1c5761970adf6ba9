"""How much two loads differ, with an interval that says how sure one can be.

A measure of two runs is compared by its ratio, with a 95 % interval from the bootstrap: both runs
are put together again many times from randomly drawn stretches of seconds, and the middle 95 % of
the ratios are kept.  Stretches and not single samples, because a server that pauses for two seconds
delays everything that was due meanwhile: such samples are not independent.  When the interval holds
one, no difference was shown, and the words say so.

What the interval covers is chance within these two runs.  It cannot know how much the same server
differs from one run to the next; repeat runs to learn that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from stepwedge.events import AnyEvent, LoadOperation, LoadSecond, LoadSummary
from stepwedge.histograms import Buckets, Floats, read, together

DRAWS = 2000
CONFIDENCE = 0.95
PERCENTILES = (0.5, 0.95, 0.99)

# A percentile with fewer samples beyond it is decided by a handful of them.
FEWEST_BEYOND = 10

# Runs are drawn from at most this many stretches (a second each when short), at least so many.
_MOST_STRETCHES = 120
_FEWEST_STRETCHES = 10

_AT_ONCE = 250  # draws computed together: bounds the memory of the tables


@dataclass(frozen=True, slots=True)
class Ratio:
    """One measure of one operation in the second run, over the same in the first.

    `before` and `after` are seconds, per second, or shares of the operations started, by the
    `measure`: `response.p95`, `rate`, `errors`.  `low` and `high` bound the ratio with 95 %
    confidence.
    """

    operation: str
    measure: str
    before: float
    after: float
    ratio: float
    low: float
    high: float
    samples: tuple[int, int]

    @property
    def shown(self) -> bool:
        """True when the interval excludes one, so that chance alone is no explanation."""
        return self.low > 1 or self.high < 1

    @property
    def words(self) -> str:
        """The finding as one would say it."""
        if not self.shown:
            return "no difference shown"
        return f"{abs(self.ratio - 1):.1%} {'more' if self.ratio > 1 else 'less'}"


def compare(
    before: Sequence[AnyEvent],
    after: Sequence[AnyEvent],
    percentiles: Sequence[float] = PERCENTILES,
    seed: int = 1,
) -> list[Ratio]:
    """The ratios of all operations that both runs have; none when either holds no load.

    The same events and seed give the same intervals.
    """
    first, second = _Run(before), _Run(after)
    dice = np.random.default_rng(seed)
    found: list[Ratio] = []
    for name in first.operations:
        if name in second.operations:
            found += _latencies(name, first, second, percentiles, dice)
            found += _rates(name, first, second, dice)
    return found


class _Run:
    """One side: its operations, and the seconds of each; several loads follow one another."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        self.operations: dict[str, list[LoadOperation]] = {}
        self.seconds: dict[str, list[LoadSecond]] = {}
        begun = last = 0  # when the load that is being read began, and the end of all so far
        for event in events:
            if isinstance(event, LoadSecond):
                at = begun + event.second
                last = max(last, at + 1)
                self.seconds.setdefault(event.operation, []).append(replace(event, second=at))
            elif isinstance(event, LoadSummary):
                begun = last
                for one in event.operations:
                    self.operations.setdefault(one.name, []).append(one)

    def finished(self, name: str) -> int:
        """How many of an operation ended, however."""
        return sum(one.finished for one in self.operations[name])

    def whole(self, name: str) -> Buckets:
        """All response times of an operation."""
        responses = [one.response for one in self.operations[name]]
        return _together([read(one.encoded if one else "") for one in responses])

    def stretches(self, name: str) -> list[list[LoadSecond]]:
        """The seconds of an operation in stretches of equal length, in order."""
        seconds = sorted(self.seconds.get(name, []), key=lambda one: one.second)
        if not seconds:
            return []
        first, last = seconds[0].second, seconds[-1].second
        width = -(-(last - first + 1) // _MOST_STRETCHES)
        found: list[list[LoadSecond]] = [[] for _ in range((last - first) // width + 1)]
        for one in seconds:
            found[(one.second - first) // width].append(one)
        return found


def _latencies(
    name: str,
    first: _Run,
    second: _Run,
    percentiles: Sequence[float],
    dice: np.random.Generator,
) -> Iterator[Ratio]:
    whole = first.whole(name), second.whole(name)
    samples = whole[0].total, whole[1].total
    usable = [share for share in percentiles if min(samples) * (1 - share) >= FEWEST_BEYOND]
    if not usable:
        return
    drawn = [
        _drawn(run.stretches(name), side, usable, dice)
        for run, side in zip((first, second), whole, strict=True)
    ]
    for column, share in enumerate(usable):
        values = whole[0].quantile(share), whole[1].quantile(share)
        spread = drawn[1][:, column] / drawn[0][:, column]
        yield _ratio(name, f"response.p{share * 100:g}", values, spread, samples)


def _drawn(
    stretches: Sequence[Sequence[LoadSecond]],
    whole: Buckets,
    percentiles: Sequence[float],
    dice: np.random.Generator,
) -> Floats:
    """DRAWS × percentiles: the percentiles of runs drawn from stretches, in seconds.

    A record without a distribution for each second is drawn sample by sample: the rank of a
    quantile of n samples drawn from n is beta-distributed, so nothing need be drawn in full.
    """
    parts = [_merged(one) for one in stretches]
    if sum(part.total > 0 for part in parts) < _FEWEST_STRETCHES:
        return np.column_stack([_ranked(whole, share, dice) for share in percentiles])
    values, counts = together(parts)
    table = counts.astype(np.float64)  # the product of floats is far quicker than that of integers
    rows = len(parts)
    found = np.empty((DRAWS, len(percentiles)))
    for start in range(0, DRAWS, _AT_ONCE):
        times = dice.multinomial(rows, np.full(rows, 1 / rows), size=_AT_ONCE)
        reached = np.cumsum(times.astype(np.float64) @ table, axis=1)
        for column, share in enumerate(percentiles):
            rank = np.maximum(1, np.ceil(share * reached[:, -1] - 1e-9))
            places = (reached < rank[:, np.newaxis]).sum(axis=1)
            found[start : start + _AT_ONCE, column] = values[np.minimum(places, len(values) - 1)]
    return found


def _merged(seconds: Sequence[LoadSecond]) -> Buckets:
    return _together([read(one.encoded) for one in seconds])


def _together(parts: Sequence[Buckets]) -> Buckets:
    values, rows = together(parts)
    return Buckets(values, rows.sum(axis=0, dtype=np.int64))


def _ranked(whole: Buckets, share: float, dice: np.random.Generator) -> Floats:
    rank = max(1, int(np.ceil(share * whole.total - 1e-9)))
    places = dice.beta(rank, whole.total - rank + 1, size=DRAWS)
    reached = np.cumsum(whole.counts) / whole.total
    found: Floats = whole.values[
        np.minimum(np.searchsorted(reached, places), len(whole.values) - 1)
    ]
    return found


def _rates(name: str, first: _Run, second: _Run, dice: np.random.Generator) -> Iterator[Ratio]:
    """Successes a second, and the share of failures, from the same stretches."""
    means: list[Floats] = []  # of each side: successes and failures of a mean second
    drawn: list[Floats] = []
    for run in (first, second):
        stretches = run.stretches(name)
        if len(stretches) < _FEWEST_STRETCHES:
            return
        width = max(len(one) for one in stretches)
        table = np.array(
            [
                (sum(s.finished - s.failed for s in one), sum(s.failed for s in one))
                for one in stretches
            ],
            dtype=np.float64,
        )
        rows = len(stretches)
        times = dice.multinomial(rows, np.full(rows, 1 / rows), size=DRAWS)
        means.append(table.sum(axis=0) / (rows * width))
        drawn.append(times @ table / (rows * width))
    samples = first.finished(name), second.finished(name)
    if means[0][0] > 0 and drawn[0][:, 0].min() > 0:
        rates = float(means[0][0]), float(means[1][0])
        yield _ratio(name, "rate", rates, drawn[1][:, 0] / drawn[0][:, 0], samples)
    if means[0][1] > 0 and drawn[0][:, 1].min() > 0:
        shares = [one[1] / one.sum() for one in means]
        spreads = [one[:, 1] / one.sum(axis=1) for one in drawn]
        yield _ratio(name, "errors", (shares[0], shares[1]), spreads[1] / spreads[0], samples)


def _ratio(
    name: str, measure: str, values: tuple[float, float], spread: Floats, samples: tuple[int, int]
) -> Ratio:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(spread, [tail, 1 - tail])
    return Ratio(
        operation=name,
        measure=measure,
        before=float(values[0]),
        after=float(values[1]),
        ratio=float(values[1] / values[0]),
        low=float(low),
        high=float(high),
        samples=samples,
    )
