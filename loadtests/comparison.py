"""Two loads compared: the ratio of a measure with its 95 % bootstrap interval, and a gate on it.

Latencies within a run hang together: a server that pauses for two seconds delays everything that
was due meanwhile.  Samples must therefore not be resampled one by one as if they were independent;
whole seconds are.  The interval is the percentile bootstrap's, over runs put together from randomly
drawn seconds of each side.  When it holds 1, no difference was shown, and the words say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepwedge.errors import UsageError
from stepwedge.events import AnyEvent, LoadOperation, LoadSecond, LoadSummary
from stepwedge.loadtests.histograms import Distribution, Floats, value_of

DRAWS = 2000
CONFIDENCE = 0.95
PERCENTILES = (0.5, 0.95, 0.99)

# An interval from fewer samples than this on either side would be an accident of the draw.
FEWEST = 20

# Below so many seconds with samples there is nothing to resample; single samples are then drawn.
_FEWEST_SECONDS = 5

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One measure of run B over the same of run A.

    `before` and `after` are in seconds, per second or shares; `low` and `high` bound the ratio
    with 95 % confidence.
    """

    operation: str
    measure: str  # response.p95, errors, rate
    before: float
    after: float
    ratio: float
    low: float
    high: float
    samples: tuple[int, int]

    @property
    def shown(self) -> bool:
        """True when the interval excludes chance."""
        return self.low > 1 or self.high < 1

    @property
    def words(self) -> str:
        """The finding as one would say it."""
        if not self.shown:
            return "no difference shown"
        return f"{abs(self.ratio - 1):.0%} {'more' if self.ratio > 1 else 'less'}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition under which a comparison fails: `store.response.p95 > +10%`."""

    text: str
    operation: str
    measure: str
    more: bool
    change: float

    def fails(self, ratios: Sequence[Ratio]) -> Ratio | None:
        """The ratio that crosses the limit beyond chance, or None.

        Raises UsageError when neither run measured it.
        """
        for one in ratios:
            if (one.operation, one.measure) == (self.operation, self.measure):
                limit = 1 + self.change
                beyond = one.low > limit if self.more else one.high < limit
                # The limit must be crossed, and the difference itself must not be chance.
                return one if beyond and one.shown else None
        known = ", ".join(f"{one.operation}.{one.measure}" for one in ratios) or "nothing"
        raise UsageError(
            f"--fail-if {self.text!r}: both runs must hold {self.operation}.{self.measure}",
            f"they have in common: {known}",
        )


_GATE = re.compile(
    r"\s*([a-z-]+)\.((?:response\.p\d{1,2}(?:\.\d+)?)|errors|rate)\s*([<>])\s*([+-]\d+(?:\.\d+)?)\s*%\s*"
)


def parse_gate(text: str) -> Gate:
    """Reads a gate.  Raises UsageError that says what it should look like."""
    match = _GATE.fullmatch(text)
    if not match:
        raise UsageError(
            f"--fail-if {text!r} cannot be read",
            'write a measure, > or <, and a signed change: "store.response.p95 > +10%", '
            '"store.rate < -5%"',
        )
    return Gate(text.strip(), match[1], match[2], match[3] == ">", float(match[4]) / 100)


def compare(
    before: Sequence[AnyEvent],
    after: Sequence[AnyEvent],
    percentiles: Sequence[float] = PERCENTILES,
    seed: int = 1,
) -> list[Ratio]:
    """The ratios of all operations that both runs have.

    Raises UsageError when a run holds no load.
    """
    first, second = _Run(before, "first"), _Run(after, "second")
    dice = np.random.default_rng(seed)
    found: list[Ratio] = []
    for name in first.operations:
        if name in second.operations:
            found += _compare(name, first, second, percentiles, dice)
    return found


class _Run:
    """One side: its operations and their seconds."""

    def __init__(self, events: Sequence[AnyEvent], which: str) -> None:
        summaries = [event for event in events if isinstance(event, LoadSummary)]
        if not summaries:
            raise UsageError(
                f"the {which} run holds no load",
                "compare two runs that stepwedge load has written",
            )
        self.duration = sum(one.duration for one in summaries)
        self.operations: dict[str, LoadOperation] = {
            op.name: op for one in summaries for op in one.operations
        }
        self.seconds: dict[str, list[LoadSecond]] = {}
        for event in events:
            if isinstance(event, LoadSecond):
                self.seconds.setdefault(event.operation, []).append(event)

    def blocks(self, name: str) -> Ints:
        """Bucket counts, one row a second in which the operation finished."""
        rows = [
            Distribution.decode(one.encoded).counts
            for one in self.seconds.get(name, [])
            if one.encoded
        ]
        if len(rows) >= _FEWEST_SECONDS:
            return np.array(rows)
        histogram = self.operations[name].response
        if histogram is None:
            return np.zeros((0, 1), dtype=np.int64)
        whole = Distribution.decode(histogram.encoded)
        buckets = np.repeat(np.arange(len(whole.counts)), whole.counts)
        singles = np.zeros((len(buckets), len(whole.counts)), dtype=np.int64)
        singles[np.arange(len(buckets)), buckets] = 1
        return singles


def _compare(
    name: str, first: _Run, second: _Run, percentiles: Sequence[float], dice: np.random.Generator
) -> list[Ratio]:
    found: list[Ratio] = []
    blocks = [run.blocks(name) for run in (first, second)]
    samples = (int(blocks[0].sum()), int(blocks[1].sum()))
    if min(samples) >= FEWEST:
        drawn = [_resampled(one, percentiles, dice) for one in blocks]
        for index, share in enumerate(percentiles):
            values = [_quantiles(one.sum(axis=0)[None, :], [share])[0, 0] for one in blocks]
            spread = drawn[1][:, index] / drawn[0][:, index]
            measure = f"response.p{share * 100:g}"
            found.append(_ratio(name, measure, values[0], values[1], spread, samples))
    found += _rates(name, first, second, dice)
    return found


def _resampled(blocks: Ints, percentiles: Sequence[float], dice: np.random.Generator) -> Floats:
    """DRAWS × percentiles: the percentiles of runs put together from randomly drawn rows."""
    used = np.flatnonzero(blocks.sum(axis=0))
    slim = blocks[:, used].astype(np.float64)
    rows = len(slim)
    result = np.empty((DRAWS, len(percentiles)))
    for start in range(0, DRAWS, 250):
        times = dice.multinomial(rows, np.full(rows, 1 / rows), size=min(250, DRAWS - start))
        # As floats, which hold these counts exactly: numpy multiplies them with BLAS.
        drawn = times.astype(np.float64) @ slim
        result[start : start + len(times)] = _quantiles(drawn, percentiles, used)
    return result


def _quantiles(
    counts: Ints | Floats, percentiles: Sequence[float], buckets: Ints | None = None
) -> Floats:
    """Rows × percentiles, in seconds, of rows of bucket counts."""
    names = np.arange(counts.shape[1]) if buckets is None else buckets
    reached = np.cumsum(counts, axis=1)
    result = np.empty((len(counts), len(percentiles)))
    for column, share in enumerate(percentiles):
        wanted = np.maximum(1, np.ceil(share * reached[:, -1] - 1e-9))
        at = (reached < wanted[:, None]).sum(axis=1)
        result[:, column] = value_of(names[np.minimum(at, len(names) - 1)]) / 1e6
    return result


def _rates(name: str, first: _Run, second: _Run, dice: np.random.Generator) -> list[Ratio]:
    """Throughput and error share, with intervals from the same resampling of seconds."""
    sides = []
    for run in (first, second):
        rows = np.array(
            [(one.finished - one.failed, one.failed) for one in run.seconds.get(name, [])],
            dtype=np.float64,
        ).reshape(-1, 2)
        if len(rows) < _FEWEST_SECONDS:
            return []
        times = dice.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=DRAWS)
        sides.append((rows.sum(axis=0), times @ rows, len(rows)))
    samples = (int(sides[0][0].sum()), int(sides[1][0].sum()))
    found = []
    if sides[0][0][0] > 0:
        values = [
            total[0] / run.duration
            for (total, _, _), run in zip(sides, (first, second), strict=True)
        ]
        spreads = [
            drawn[:, 0] / run.duration
            for (_, drawn, _), run in zip(sides, (first, second), strict=True)
        ]
        spread = spreads[1] / np.maximum(spreads[0], 1e-12)
        found.append(_ratio(name, "rate", values[0], values[1], spread, samples))
    if sides[0][0][1] > 0:
        values = [total[1] / max(total.sum(), 1) for total, _, _ in sides]
        shares = [drawn[:, 1] / np.maximum(drawn.sum(axis=1), 1) for _, drawn, _ in sides]
        spread = shares[1] / np.maximum(shares[0], 1e-12)
        found.append(_ratio(name, "errors", values[0], values[1], spread, samples))
    return found


def _ratio(
    name: str,
    measure: str,
    before: float,
    after: float,
    spread: Floats,
    samples: tuple[int, int],
) -> Ratio:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(spread, [tail, 1 - tail])
    return Ratio(
        operation=name,
        measure=measure,
        before=float(before),
        after=float(after),
        ratio=float(after / before) if before else float("inf"),
        low=float(low),
        high=float(high),
        samples=samples,
    )
