"""Noise that is the same on every machine: integers from a counter, no floating point.

A bell shape comes from adding uniform bytes; the streams of NumPy's bit generators are stable by
its own policy, where the distributions on top of them are not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic.uids import digest

# The sum of twelve uniform bytes has this standard deviation: sqrt(12 * (256**2 - 1) / 12).
_TERMS = 12
_SIGMA = 256.0

# Random values of a lattice, drawn from by a hash of the place.
_TABLE = 4096


def words(count: int, seed: int, *path: object) -> NDArray[np.int64]:
    """`count` random numbers of 62 bits."""
    raw: NDArray[np.int64] = (_bits(seed, *path).random_raw(count) >> np.uint64(2)).astype(np.int64)
    return raw


def _bits(seed: int, *path: object) -> np.random.PCG64:
    return np.random.PCG64(int.from_bytes(digest(seed, "noise", *path)[:16], "big"))


@lru_cache(maxsize=32)
def bell(shape: tuple[int, ...], sigma: float, seed: int, *path: object) -> NDArray[np.int32]:
    """Integers with mean 0 and standard deviation `sigma`, nearly normal (twelve uniform terms).

    The result is shared between callers, and cannot be written to.
    """
    bits = _bits(seed, *path)
    count = int(np.prod(shape))
    words = bits.random_raw((count * _TERMS + 7) // 8).astype("<u8").view(np.uint8)
    total = words[: count * _TERMS].reshape(_TERMS, count).sum(axis=0, dtype=np.int32)
    centred = total - (_TERMS * 255) // 2
    # Scaled by a fraction over 2**16, so that rounding is an integer shift.
    scale = round(sigma / _SIGMA * 65536)
    scaled: NDArray[np.int64] = (centred.astype(np.int64) * scale + 32768) >> 16
    return _shared(scaled.astype(np.int32).reshape(shape))


@lru_cache(maxsize=16)
def smooth(
    rows: int,
    columns: int,
    cell: int,
    seed: int,
    *path: object,
    row: int = 0,
    column: int = 0,
) -> NDArray[np.int64]:
    """Smooth noise of 0…255: random values on a lattice of `cell` pixels, bilinear in between.

    `row` and `column` are where the picture begins, so that neighbouring tiles fit together.  The
    result is shared between callers, and cannot be written to.
    """
    table = words(_TABLE, seed, "smooth", cell, *path) & 255
    y = np.arange(row, row + rows)[:, np.newaxis]
    x = np.arange(column, column + columns)[np.newaxis, :]
    fx, fy = x % cell, y % cell
    cx, cy = x // cell, y // cell

    def corner(dx: int, dy: int) -> NDArray[np.int64]:
        found: NDArray[np.int64] = table[((cx + dx) * 57 + (cy + dy) * 113) % _TABLE]
        return found

    top = corner(0, 0) * (cell - fx) + corner(1, 0) * fx
    bottom = corner(0, 1) * (cell - fx) + corner(1, 1) * fx
    total = (top * (cell - fy) + bottom * fy) // (cell * cell)
    return _shared(np.asarray(total, dtype=np.int64))


def _shared(image: NDArray[Any]) -> NDArray[Any]:
    image.flags.writeable = False
    return image
