"""Latency distributions without loss: whole arrays of samples into HdrHistogram's buckets at once.

HdrHistogram keeps three significant digits from one microsecond to an hour and merges exactly.  One
sample at a time costs it a microsecond; numpy fills the same buckets for a second's samples in one
go, so the hot path only appends to an array.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from stepwedge import events

LOWEST = 1  # microseconds
HIGHEST = 3_600_000_000  # microseconds: an hour
DIGITS = 3

Floats = NDArray[np.float64]

# HdrHistogram's layout for DIGITS: 2048 linear buckets, then 1024 for each doubling.
_HALF_BITS = 10
_HALF = 1 << _HALF_BITS

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def empty() -> Any:
    """A histogram with nothing in it."""
    return HdrHistogram(LOWEST, HIGHEST, DIGITS)


def microseconds(seconds: Floats) -> NDArray[np.int64]:
    """Seconds as whole microseconds within the histogram's range."""
    whole: NDArray[np.int64] = np.clip(np.rint(seconds * 1e6), LOWEST, HIGHEST).astype(np.int64)
    return whole


def bucket_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index of the bucket of each value, as HdrHistogram counts them."""
    # frexp's exponent is the bit length; floats hold these values exactly.
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    magnitude = np.maximum(bits - (_HALF_BITS + 1), 0)
    bucket: NDArray[np.int64] = (magnitude << _HALF_BITS) + (values >> magnitude)
    return bucket


def value_of(buckets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The value in the middle of each bucket, microseconds."""
    magnitude = np.maximum((buckets >> _HALF_BITS) - 1, 0)
    low = (buckets - (magnitude << _HALF_BITS)) << magnitude
    middle: NDArray[np.int64] = low + ((np.int64(1) << magnitude) >> 1)
    return middle


_BUCKETS: int = empty().counts_len


class Distribution:
    """Samples of one latency: bucket counts, and the exact sum and maximum.

    Adding and merging lose nothing; `event` gives the form that the run record keeps.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(_BUCKETS, dtype=np.int64)
        self.count = 0
        self.total = 0.0  # seconds
        self.largest = 0.0  # seconds

    def add(self, seconds: Floats) -> None:
        """Records samples, in seconds."""
        if not len(seconds):
            return
        found = np.bincount(bucket_of(microseconds(seconds)))
        self.counts[: len(found)] += found
        self.count += len(seconds)
        self.total += float(seconds.sum())
        self.largest = max(self.largest, float(seconds.max()))

    def merge(self, other: Distribution) -> None:
        """Adds all samples of another distribution."""
        self.counts += other.counts
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)

    def quantile(self, share: float) -> float | None:
        """The smallest recorded value that at least `share` of the samples do not exceed, seconds.

        None when there are no samples: an empty series has no percentile.
        """
        if not self.count:
            return None
        wanted = max(1, int(np.ceil(share * self.count - 1e-9)))
        bucket = int(np.searchsorted(np.cumsum(self.counts), wanted))
        return min(int(value_of(np.array([bucket]))[0]) / 1e6, self.largest)

    def share_between(self, low: float, high: float) -> float:
        """The share of the samples from `low` to `high` seconds; zero when there are none."""
        first, last = bucket_of(microseconds(np.array([low, high])))
        return int(self.counts[first : last + 1].sum()) / self.count if self.count else 0.0

    def encoded(self) -> str:
        """HdrHistogram V2, compressed, base64."""
        histogram = empty()
        buckets = np.flatnonzero(self.counts)
        values, weights = value_of(buckets).tolist(), self.counts[buckets].tolist()
        for value, weight in zip(values, weights, strict=True):
            histogram.record_value(value, weight)
        text = histogram.encode()
        return text.decode("ascii") if isinstance(text, bytes) else str(text)

    def event(self) -> events.Histogram | None:
        """The distribution as the run record keeps it; None when it is empty."""
        if not self.count:
            return None
        p50, p90, p95, p99, p999 = (self.quantile(q) or 0.0 for q in QUANTILES)
        return events.Histogram(
            encoded=self.encoded(),
            count=self.count,
            mean=self.total / self.count,
            max=self.largest,
            p50=p50,
            p90=p90,
            p95=p95,
            p99=p99,
            p999=p999,
        )

    @classmethod
    def decode(cls, encoded: str) -> Distribution:
        """Reads the form that `encoded` writes.  Sum and maximum are then those of the buckets.

        Raises ValueError when the text is not such a histogram.
        """
        try:
            histogram = HdrHistogram.decode(encoded)
        except Exception as error:  # hdrh raises its own, zlib's, binascii's and struct's
            raise ValueError(f"not an encoded HdrHistogram: {error}") from error
        layout = (histogram.lowest_trackable_value, histogram.highest_trackable_value)
        if layout != (LOWEST, HIGHEST) or histogram.significant_figures != DIGITS:
            raise ValueError(f"a HdrHistogram of another layout: {layout} microseconds")
        self = cls()
        self.counts += np.ctypeslib.as_array(histogram.counts)[: len(self.counts)].astype(np.int64)
        values = value_of(np.flatnonzero(self.counts)) / 1e6
        weights = self.counts[self.counts > 0]
        self.count = int(weights.sum())
        self.total = float((values * weights).sum())
        self.largest = float(values.max()) if len(values) else 0.0
        return self


def merged(parts: Iterable[Distribution]) -> Distribution:
    """All samples of several distributions in one."""
    whole = Distribution()
    for part in parts:
        whole.merge(part)
    return whole
