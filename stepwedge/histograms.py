"""Reading the latency distributions of a run record: HdrHistogram V2, compressed, base64."""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """A distribution: ascending values in seconds, and how often each was measured."""

    values: Floats
    counts: Ints

    @property
    def total(self) -> int:
        """The number of samples."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """The smallest value that at least `share` of the samples do not exceed, seconds.

        Raises ValueError when there are no samples: an empty series has no quantile.
        """
        if not self.total:
            raise ValueError("a distribution without samples has no quantile")
        rank = max(1, int(np.ceil(share * self.total - 1e-9)))
        return float(self.values[np.searchsorted(np.cumsum(self.counts), rank)])


def read(encoded: str) -> Buckets:
    """Decodes what `Histogram.encoded` holds; an empty text is an empty distribution.

    Raises ValueError when it is no such histogram.
    """
    if not encoded:
        return Buckets(np.zeros(0), np.zeros(0, dtype=np.int64))
    try:
        histogram = HdrHistogram.decode(encoded)
    except (
        HdrCookieException,
        HdrLengthException,
        binascii.Error,
        zlib.error,
        struct.error,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(f"not an encoded HdrHistogram: {error}") from error
    counts = np.frombuffer(histogram.counts, dtype=f"i{histogram.word_size}")
    used = np.flatnonzero(counts)
    values = _middle(used, histogram.sub_bucket_half_count_magnitude, histogram.unit_magnitude)
    return Buckets(values / 1e6, counts[used].astype(np.int64))


def _middle(index: Ints, half_bits: int, unit_bits: int) -> Ints:
    """The middle of the values that each counter stands for, in the histogram's unit.

    The counters lie in runs of 2^half_bits, each run twice as coarse as the one before; the first
    two are equally fine.  (hdrh's own iterators walk every counter in Python, a thousand times
    slower.)
    """
    run = np.maximum((index >> half_bits) - 1, 0)
    width = np.int64(1) << (run + unit_bits)
    middle: Ints = ((index - (run << half_bits)) << (run + unit_bits)) + (width >> 1)
    return middle


def together(parts: Iterable[Buckets]) -> tuple[Floats, Ints]:
    """Several distributions as one table: the values that occur, and a row of counts for each."""
    known = list(parts)
    values = np.unique(np.concatenate([part.values for part in known] or [np.zeros(0)]))
    rows = np.zeros((len(known), len(values)), dtype=np.int64)
    for row, part in zip(rows, known, strict=True):
        row[np.searchsorted(values, part.values)] = part.counts
    return values, rows
