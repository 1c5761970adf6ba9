"""A stained section of a colon's mucosa, tile by tile: glands in a stroma, as H&E shows them.

Where a gland lies is drawn by a hash of its place, so that each tile is made by itself and fits its
neighbours.  Each pixel asks the nine glands around it how deep it lies in the nearest one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import noise
from stepwedge.synthetic.lettering import stamp

Map = NDArray[np.int64]
Ratio = NDArray[np.float64]

_TABLE = 4096
_CELL = 112  # pixels from one gland to the next
_NUCLEUS = 17  # from one nucleus of the stroma to the next

# What the stains make of each part, in RGB.
_LUMEN = (243, 238, 243)
_STROMA = (232, 178, 206)
_FIBRE = np.array((34, 66, 36))
_CYTOPLASM = (214, 160, 205)
_MUCIN = (230, 206, 232)
_NUCLEI = (96, 58, 138)
_LYMPHOCYTE = (72, 44, 112)

# A gland from its middle to its rim, as shares of the rim.
_OPENING, _MUCUS, _BASE = 0.3, 0.62, 0.7


@lru_cache(maxsize=256)
def tile(seed: int, rows: int, columns: int, number: int, side: int) -> bytes:
    """Tile `number` of a square slide of `side` by `side` tiles, 8 bits RGB; seamless."""
    row, column = divmod(number, side)
    place = {"row": row * rows, "column": column * columns}
    y = np.arange(row * rows, (row + 1) * rows)[:, np.newaxis]
    x = np.arange(column * columns, (column + 1) * columns)[np.newaxis, :]
    wall = noise.smooth(rows, columns, 24, seed, "wall", **place)
    depth, name = _glands(seed, x, y)
    depth = depth + (wall - 128) / 900
    fibre = noise.smooth(rows, columns, 14, seed, "fibre", **place)
    finer = noise.smooth(rows, columns, 5, seed, "finer", **place)
    image = np.empty((rows, columns, 3), dtype=np.int32)
    image[:] = _STROMA
    image -= ((fibre + finer // 2)[:, :, np.newaxis] * _FIBRE // 300).astype(np.int32)
    gap = (fibre > 200) & (finer > 140)
    image[gap] = _LUMEN
    _dots(image, seed, x, y, depth > 1.02)
    image[depth <= 1] = _CYTOPLASM
    image[depth <= _BASE] = _MUCIN
    goblet = (depth > _OPENING) & (depth <= _MUCUS)
    image[goblet] -= ((255 - finer[goblet])[:, np.newaxis] * (50, 60, 34) // 255).astype(np.int32)
    image[depth <= _OPENING] = _LUMEN
    image[_rim(seed, x, y, depth, name)] = _NUCLEI
    image += noise.bell((rows, columns), 5.0, seed, "tissue", number % 8)[:, :, np.newaxis]
    if row == 0:
        stamp(image, 40, scale=max(1, columns // 128))
    return np.clip(image, 0, 255).astype(np.uint8).tobytes()


def _hash(seed: int, kind: str, cx: Map, cy: Map) -> Map:
    found: Map = noise.words(_TABLE, seed, kind)[(cx * 73856093 ^ cy * 19349663) % _TABLE]
    return found


def _glands(seed: int, x: Map, y: Map) -> tuple[Ratio, Map]:
    """How deep each pixel lies in its nearest gland (1 at its rim), and a number for the gland."""
    depth = np.full((y.shape[0], x.shape[1]), 9.0)
    name = np.zeros(depth.shape, dtype=np.int64)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            cx, cy = x // _CELL + dx, y // _CELL + dy
            word = _hash(seed, "glands", cx, cy)
            middle_x = cx * _CELL + _CELL // 2 + (word & 31) - 16
            middle_y = cy * _CELL + _CELL // 2 + (word >> 5 & 31) - 16
            # Half axes from 38 to 53 pixels, one over the other squeezed or stretched.
            wide, high = 38 + (word >> 10 & 15), 38 + (word >> 14 & 15)
            u, v = (x - middle_x) / wide, (y - middle_y) / high
            lean = ((word >> 18 & 7) - 3) / 10
            u = u + lean * v
            distance = np.sqrt(u * u + v * v)
            nearer = distance < depth
            depth[nearer] = distance[nearer]
            name[nearer] = np.broadcast_to(word, depth.shape)[nearer]
    return depth, name


def _rim(seed: int, x: Map, y: Map, depth: Ratio, name: Map) -> NDArray[np.bool_]:
    """The nuclei that stand in a row at the base of a gland's cells."""
    word = _hash(seed, "rim", x // 8, y // 8) ^ name
    dx, dy = x % 8 - 3 - (word & 1), y % 8 - 3 - (word >> 1 & 1)
    oval = dx * dx + dy * dy <= 10 + (word >> 2 & 7)
    there: NDArray[np.bool_] = (depth > _BASE + 0.02) & (depth < 0.94) & oval
    return there & (word >> 5 & 7 > 0)


def _dots(image: NDArray[np.int32], seed: int, x: Map, y: Map, there: NDArray[np.bool_]) -> None:
    """Nuclei of the stroma: spindles of fibre cells, and round lymphocytes."""
    x = x + (y // _NUCLEUS % 3) * 6  # so that no column of them catches the eye
    word = _hash(seed, "stroma", x // _NUCLEUS, y // _NUCLEUS)
    dx = x % _NUCLEUS - 5 - (word & 7)
    dy = y % _NUCLEUS - 5 - (word >> 3 & 7)
    round_ = dx * dx + dy * dy <= 9 + (word >> 6 & 3)
    across = (word >> 8 & 3) - 1  # in one of four directions
    spindle = (dx + across * dy) ** 2 + 7 * (dy - across * dx) ** 2 <= 36 * (1 + abs(across))
    kind = word >> 10 & 7
    image[there & round_ & (kind < 2)] = _LYMPHOCYTE
    image[there & spindle & (kind > 1) & (kind < 7)] = _NUCLEI
