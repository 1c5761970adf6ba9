"""Noise that is the same on every machine: integers from a counter, no floating point.

A bell shape comes from adding uniform bytes; the streams of NumPy's bit generators are stable by
its own policy, where the distributions on top of them are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic.uids import digest

# The sum of twelve uniform bytes has this standard deviation: sqrt(12 * (256**2 - 1) / 12).
_TERMS = 12
_SIGMA = 256.0


def words(count: int, seed: int, *path: object) -> NDArray[np.int64]:
    """`count` random numbers of 62 bits."""
    raw: NDArray[np.int64] = (_bits(seed, *path).random_raw(count) >> np.uint64(2)).astype(np.int64)
    return raw


def _bits(seed: int, *path: object) -> np.random.PCG64:
    return np.random.PCG64(int.from_bytes(digest(seed, "noise", *path)[:16], "big"))


def bell(shape: tuple[int, ...], sigma: float, seed: int, *path: object) -> NDArray[np.int32]:
    """Integers with mean 0 and standard deviation `sigma`, nearly normal (twelve uniform terms)."""
    bits = _bits(seed, *path)
    count = int(np.prod(shape))
    words = bits.random_raw((count * _TERMS + 7) // 8).astype("<u8").view(np.uint8)
    total = words[: count * _TERMS].reshape(_TERMS, count).sum(axis=0, dtype=np.int32)
    centred = total - (_TERMS * 255) // 2
    # Scaled by a fraction over 2**16, so that rounding is an integer shift.
    scale = round(sigma / _SIGMA * 65536)
    scaled: NDArray[np.int64] = (centred.astype(np.int64) * scale + 32768) >> 16
    return scaled.astype(np.int32).reshape(shape)
