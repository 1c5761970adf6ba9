"""Pictures to measure with: step wedge, resolution bars, a sliced head, an ultrasound fan.

Arithmetic is by integers, or by the operations that IEEE 754 rounds exactly, so that pixels are the
same on every machine.  Each function returns bytes that callers share and must not change.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import anatomy, noise
from stepwedge.synthetic.lettering import stamp

Image = NDArray[np.int32]

# A body is cut at this many heights, whatever the number of slices of a series, and there are this
# many fields of noise: enough that no two neighbours are alike, few enough that a hospital's worth
# of slices stays in the memory and each is drawn once.
HEIGHTS = 90
NOISE_FIELDS = 8

# Standard deviations of the noise; with them lossless compression comes to about 2.2 : 1.
_CT_NOISE = 10.0
_MR_NOISE = 22.0


def grid(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of pixel centres in -1…1, x to the right and y upwards."""
    x = (2 * np.arange(columns) + 1 - columns) / columns
    y = (rows - 1 - 2 * np.arange(rows)) / rows
    return x[np.newaxis, :], y[:, np.newaxis]


def wedge(rows: int, columns: int, steps: int = 11, top: int = 1000) -> Image:
    """A step wedge: `steps` vertical bands from 0 to `top`."""
    bands = np.arange(columns) * steps // columns
    row = (bands * top // (steps - 1)).astype(np.int32)
    return np.broadcast_to(row, (rows, columns)).copy()


def _place(image: Image, row: int, column: int, part: Image) -> None:
    """Lays `part` over `image`, its corner at `row` and `column`; what hangs over is cut off."""
    top, left = max(row, 0), max(column, 0)
    rows, columns = part.shape
    there = image[top : max(row + rows, 0), left : max(column + columns, 0)]
    there[:] = part[top - row :, left - column :][: there.shape[0], : there.shape[1]]


def bars(rows: int, columns: int, top: int = 1000) -> Image:
    """Resolution bars: bands of vertical lines whose width doubles from one pixel on."""
    image = np.zeros((rows, columns), dtype=np.int32)
    bands = max(1, min(5, rows // 4))
    for band in range(bands):
        lines = ((np.arange(columns) >> band) & 1) * top
        image[rows * band // bands : rows * (band + 1) // bands] = lines
    return image


def ct_slice(
    seed: int,
    rows: int,
    columns: int,
    index: int,
    count: int,
    body_part: str = "HEAD",
    label: bool = True,
) -> bytes:
    """A CT slice in Hounsfield units stored as signed 16 bits, from feet to head.

    A small wedge lies in the corner, where a calibration phantom would.
    """
    return _ct_slice(seed, rows, columns, *_cut(index, count), body_part, label)


@lru_cache(maxsize=512)
def _ct_slice(
    seed: int, rows: int, columns: int, height: int, field: int, body_part: str, label: bool
) -> bytes:
    body = anatomy.BY_BODY_PART.get(body_part, anatomy.HEAD)
    labels = anatomy.tissues(body, rows, columns, _level(height))
    units = anatomy.shade(labels, anatomy.HOUNSFIELD, seed, max(2, columns // 48))
    units += noise.bell((rows, columns), _CT_NOISE, seed, "ct", rows, field)
    band, width = max(1, rows // 16), columns // 4
    units[-band - 1 : -1, 1 : 1 + width] = wedge(band, width, 6, 200) - 40
    if label:
        stamp(units, 1200)
    return np.clip(units, -1024, 3071).astype("<i2").tobytes()


def mr_slice(
    seed: int,
    rows: int,
    columns: int,
    index: int,
    count: int,
    weighting: int = 0,
    body_part: str = "BRAIN",
    label: bool = True,
) -> bytes:
    """An MR slice of 12 stored bits in unsigned words; `weighting` is T1, T2 or proton density.

    Magnitude images have no negative values, so noise folds at zero; towards the sides the coil
    sees more.
    """
    return _mr_slice(seed, rows, columns, *_cut(index, count), weighting % 3, body_part, label)


@lru_cache(maxsize=512)
def _mr_slice(
    seed: int,
    rows: int,
    columns: int,
    height: int,
    field: int,
    weighting: int,
    body_part: str,
    label: bool,
) -> bytes:
    body = anatomy.BY_BODY_PART.get(body_part, anatomy.HEAD)
    labels = anatomy.tissues(body, rows, columns, _level(height))
    look = {t: (s[weighting], s[weighting] // 4) for t, s in anatomy.MR_SIGNAL.items()}
    signal = anatomy.shade(labels, look, seed, max(2, columns // 40)).astype(np.float64)
    x, _ = grid(rows, columns)
    signal *= 0.9 + 0.2 * x * x
    grain = noise.bell((rows, columns), _MR_NOISE, seed, "mr", rows, field)
    image: Image = np.abs(signal.astype(np.int32) + grain)
    if label:
        stamp(image, 2500)
    return np.clip(image, 0, 4095).astype("<u2").tobytes()


def _cut(index: int, count: int) -> tuple[int, int]:
    """The height at which a slice lies, and its field of noise.

    Of a series with more slices than there are heights, neighbours at one height differ by noise.
    """
    height = (2 * index + 1) * HEIGHTS // (2 * max(count, 1))
    turn = index % 2 if count > HEIGHTS else 0
    return height, (2 * height + turn) % NOISE_FIELDS


def level(index: int, count: int) -> float:
    """Where a slice of a series lies in the unit cube."""
    return _level(_cut(index, count)[0])


def _level(height: int) -> float:
    """Where a height lies in the unit cube: the ends of a body are left out."""
    return (2 * height + 1 - HEIGHTS) / HEIGHTS * 0.75


def ribs(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much rib lies on the ray (0…1): arcs that fall off to the side."""
    arc = (y + 1.12 * (np.abs(x) - 0.15) ** 2) * 5.5
    rib = np.abs(arc - np.floor(arc) - 0.5) * 2
    inside = (np.abs(x) > 0.1) & (np.abs(x) < 0.86) & (np.abs(y) < 0.85)
    return np.where(inside, np.clip((rib - 0.55) * 2.2, 0, 1), 0.0)


def spine(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the spine lies on the ray (0…1), disc by disc."""
    disc = np.abs((y * 9) - np.floor(y * 9) - 0.5) * 2
    column = np.sqrt(np.clip(1 - (x / 0.09) ** 2, 0, 1)) * (0.75 + 0.25 * disc)
    return np.asarray(column, dtype=np.float64)


@lru_cache(maxsize=64)
def projection(seed: int, rows: int, columns: int, bits: int, view: int = 0) -> bytes:
    """A projection radiograph of a chest in unsigned words of `bits`; wedge and bars below."""
    top = (1 << bits) - 1
    x, y = grid(rows, columns)
    # How much of the beam each part takes away, added up along the ray.
    across = np.clip(1.0 - (x / 0.95) ** 2, 0, 1)
    weight = 0.55 * np.sqrt(across) * np.clip(1.15 + 0.15 * y, 0, 1.3)
    for side in (-1, 1):
        lung = ((x - side * 0.4) / 0.3) ** 2 + ((y - 0.08) / 0.62) ** 2
        weight = weight - 0.34 * np.sqrt(np.clip(1 - lung, 0, 1))
        weight = weight + np.where(side * x > 0, 0.06 * ribs(x, y), 0)
        collar = y - 0.72 + 0.25 * np.abs(x) * np.abs(x)
        bone = (np.abs(collar) < 0.025) & (side * x > 0.05) & (side * x < 0.62)
        weight = weight + np.where(bone, 0.1, 0)
        dome = ((x - side * 0.42) / 0.42) ** 2 + ((y + 0.78) / 0.32) ** 2
        weight = weight + 0.3 * np.sqrt(np.clip(1 - dome, 0, 1))
    heart = ((x - 0.13) / 0.3) ** 2 + ((y + 0.22) / 0.32) ** 2
    weight = weight + 0.26 * np.sqrt(np.clip(1 - heart, 0, 1))
    weight = weight + 0.17 * spine(x, y)
    nodule = (x + 0.45) ** 2 + (y - 0.28) ** 2
    weight = weight + 0.08 * np.clip(1 - nodule / 0.0025, 0, 1)
    image = (np.clip(weight, 0.02, 1.0) * top * 0.9).astype(np.int32)
    image += noise.bell((rows, columns), top / 250, seed, "projection", rows, columns, view)
    height = max(1, rows // 24)
    image[-height:, :] = wedge(height, columns, 11, top)
    block = max(4, rows // 10)
    _place(image, rows - height - block, columns - block, bars(block, block, top))
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()


@lru_cache(maxsize=32)
def teeth(seed: int, rows: int, columns: int, bits: int, view: int = 0) -> bytes:
    """An intra-oral radiograph in unsigned words of `bits`: four teeth of each jaw, one filled."""
    top = (1 << bits) - 1
    x, y = grid(rows, columns)
    bone = noise.smooth(rows, columns, max(2, columns // 40), seed, "trabeculae")
    weight = np.where(np.abs(y) > 0.45, 0.34 + bone / 1600, 0.12)
    for jaw in (-1, 1):
        for number in range(4):
            dx = x - (number - 1.5) * 0.46
            up = jaw * y
            crown = (dx / 0.2) ** 4 + ((up - 0.24) / 0.21) ** 4
            root = (np.abs(dx) < 0.16 * np.clip(1.05 - up, 0, 1)) & (up > 0.3) & (up < 0.95)
            pulp = (dx / 0.06) ** 2 + ((up - 0.3) / 0.16) ** 2
            weight = np.where(root, 0.58, weight)
            weight = np.where(crown < 1, 0.72, weight)
            weight = np.where(crown < 0.55, 0.62, weight)
            weight = np.where(pulp < 1, 0.42, weight)
            if (jaw, number) == (1, 2):
                filling = (dx / 0.1) ** 2 + ((up - 0.12) / 0.07) ** 2
                weight = np.where(filling < 1, 1.0, weight)
    image = (weight * top * 0.9).astype(np.int32)
    image += noise.bell((rows, columns), top / 180, seed, "teeth", rows, columns, view)
    height = max(1, rows // 24)
    image[-height:, :] = wedge(height, columns, 11, top)
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()


@lru_cache(maxsize=32)
def test_pattern(rows: int, columns: int, page: int = 0) -> bytes:
    """An 8-bit display test pattern after SMPTE RP 133: steps, 5 % and 95 % squares, bars, grid.

    On every other page the bars in the middle lie.
    """
    image = np.full((rows, columns), 128, dtype=np.int32)
    cell = max(4, min(rows, columns) // 12)
    image[::cell, :] = 190
    image[:, ::cell] = 190
    side = cell * 2
    levels = [value * 255 // 10 for value in range(11)]
    ring = [(0, n) for n in range(4)] + [(n, 3) for n in range(1, 4)]
    ring += [(3, n) for n in range(2, -1, -1)] + [(2, 0)]
    left, upper = (columns - 4 * side) // 2, (rows - 4 * side) // 2
    for level, (row, column) in zip(levels, ring, strict=True):
        y, x = upper + row * side, left + column * side
        if y >= 0 and x >= 0:
            image[y : y + side, x : x + side] = level
    middle_y, middle_x = upper + side, left + side
    for offset, (ground, square) in enumerate(((0, 13), (255, 242))):
        x = middle_x + offset * side
        image[middle_y : middle_y + side, x : x + side] = ground
        quarter = side // 4
        image[middle_y + quarter : middle_y + 3 * quarter, x + quarter : x + 3 * quarter] = square
    block = cell * 2
    for row, column in ((0, 0), (0, columns - block), (rows - block, 0),
                        (rows - block, columns - block)):  # fmt: skip
        _place(image, row, column, bars(block, block, 255))
    lines = bars(2 * side, side, 255).T if page % 2 else bars(side, 2 * side, 255)
    _place(image, middle_y + side, middle_x, lines)
    stamp(image, 255, row=cell // 3)
    return np.clip(image, 0, 255).astype(np.uint8).tobytes()


@lru_cache(maxsize=64)
def ultrasound_frame(seed: int, rows: int, columns: int, frame: int, frames: int) -> bytes:
    """An 8-bit ultrasound fan: speckle below an apex, with a cyst that moves with time."""
    x = (2 * np.arange(columns) + 1 - columns) / columns
    y = (np.arange(rows) + 0.5) / rows
    x, y = x[np.newaxis, :], y[:, np.newaxis] + 0.12
    radius = np.sqrt(x * x + y * y)
    inside = (radius > 0.2) & (radius < 1.05) & (np.abs(x) < 0.8 * y)
    speckle = np.abs(noise.bell((rows, columns), 40.0, seed, "us", rows, frame % NOISE_FIELDS))
    image = np.where(inside, speckle + (90 * (1.1 - radius)).astype(np.int32), 0).astype(np.int32)
    phase = frame / max(frames, 1)
    centre = 0.12 * (1 - abs(2 * phase - 1)) - 0.06
    cyst = (x - centre) ** 2 + (y - 0.65) ** 2 < 0.02
    image[cyst & inside] //= 6
    height = max(1, rows // 16)
    image[-height:, :] = wedge(height, columns, 9, 255)
    stamp(image, 255)
    return np.clip(image, 0, 255).astype(np.uint8).tobytes()


@lru_cache(maxsize=64)
def mammogram(
    seed: int, rows: int, columns: int, bits: int, laterality: str, view: int = 0
) -> bytes:
    """A mammogram in unsigned words of `bits`: half an ellipse of gradient, specks, a wedge.

    The chest wall is on the left for the left breast and on the right for the right one.
    """
    top = (1 << bits) - 1
    x = (np.arange(columns) + 0.5) / columns
    y = (2 * np.arange(rows) + 1 - rows) / rows
    x, y = x[np.newaxis, :], y[:, np.newaxis]
    edge = 1.0 - (x / 0.8) * (x / 0.8) - (y / 0.85) * (y / 0.85)
    level = np.where(edge > 0, np.sqrt(np.clip(edge, 0, 1)) * 0.55 + 0.12, 0.0)
    gland = ((x - 0.25) / 0.36) ** 2 + (y / 0.5) ** 2
    strands = noise.smooth(rows, columns, max(3, columns // 14), seed, "gland", view)
    finer = noise.smooth(rows, columns, max(2, columns // 40), seed, "duct", view)
    texture = (strands * 2 + finer) / 765.0
    level = np.where(edge > 0, level + 0.08 * (texture - 0.5), level)
    level = np.where(gland < 1, level + (1 - gland) * (0.05 + 0.3 * texture), level)
    image = (level * top).astype(np.int32)
    field = noise.bell((rows, columns), top / 200, seed, "mammogram", rows, columns, view)
    image += np.where(edge > 0, field, 0)
    step = max(2, rows // 32)
    for speck in range(5):  # calcifications: single bright pixels in a row
        row, column = rows // 2 + (speck - 2) * step, columns // 4 + speck
        if 0 <= row < rows:
            image[row, min(column, columns - 1)] = top
    if laterality == "R":
        image = image[:, ::-1].copy()
    height = max(1, rows // 24)
    image[-height:, :] = wedge(height, columns, 11, top)
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()
