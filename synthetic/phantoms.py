"""Pictures to measure with: step wedge, resolution bars, a sliced head, an ultrasound fan.

Arithmetic is by integers, or by the operations that IEEE 754 rounds exactly, so that pixels are the
same on every machine.  Each function returns bytes that callers share and must not change.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import noise
from stepwedge.synthetic.lettering import stamp

Image = NDArray[np.int32]

# How many different noisy slices a series repeats: enough that no two neighbours are alike, few
# enough that a thousand-slice series does not fill the memory.
NOISE_FIELDS = 8

# The modified Shepp-Logan ellipsoids: centre and half axes in the unit cube, rotation about z as
# (cosine, sine) of a Pythagorean triple near the published 18 degrees, and the value it adds.
_ELLIPSOIDS = (
    ((0.0, 0.0, 0.0), (0.69, 0.92, 0.81), (1.0, 0.0), 1000),
    ((0.0, -0.0184, 0.0), (0.6624, 0.874, 0.78), (1.0, 0.0), -800),
    ((0.22, 0.0, 0.0), (0.11, 0.31, 0.22), (0.951, -0.309), -200),
    ((-0.22, 0.0, 0.0), (0.16, 0.41, 0.28), (0.951, 0.309), -200),
    ((0.0, 0.35, -0.15), (0.21, 0.25, 0.41), (1.0, 0.0), 100),
    ((0.0, 0.1, 0.25), (0.046, 0.046, 0.05), (1.0, 0.0), 100),
    ((0.0, -0.1, 0.25), (0.046, 0.046, 0.05), (1.0, 0.0), 100),
    ((-0.08, -0.605, 0.0), (0.046, 0.023, 0.05), (1.0, 0.0), 100),
    ((0.0, -0.605, 0.0), (0.023, 0.023, 0.02), (1.0, 0.0), 100),
    ((0.06, -0.605, 0.0), (0.023, 0.046, 0.02), (1.0, 0.0), 100),
)


def _grid(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of pixel centres in -1…1, x to the right and y upwards."""
    x = (2 * np.arange(columns) + 1 - columns) / columns
    y = (rows - 1 - 2 * np.arange(rows)) / rows
    return x[np.newaxis, :], y[:, np.newaxis]


def wedge(rows: int, columns: int, steps: int = 11, top: int = 1000) -> Image:
    """A step wedge: `steps` vertical bands from 0 to `top`."""
    bands = np.arange(columns) * steps // columns
    row = (bands * top // (steps - 1)).astype(np.int32)
    return np.broadcast_to(row, (rows, columns)).copy()


def bars(rows: int, columns: int, top: int = 1000) -> Image:
    """Resolution bars: bands of vertical lines whose width doubles from one pixel on."""
    image = np.zeros((rows, columns), dtype=np.int32)
    bands = max(1, min(5, rows // 4))
    for band in range(bands):
        lines = ((np.arange(columns) >> band) & 1) * top
        image[rows * band // bands : rows * (band + 1) // bands] = lines
    return image


def head(rows: int, columns: int, z: float) -> Image:
    """A slice of the modified Shepp-Logan head at height `z` (-1…1): 0 to 1000."""
    x, y = _grid(rows, columns)
    image = np.zeros((rows, columns), dtype=np.int32)
    for (cx, cy, cz), (a, b, c), (cosine, sine), value in _ELLIPSOIDS:
        dx, dy, dz = x - cx, y - cy, z - cz
        u = (dx * cosine + dy * sine) / a
        v = (dy * cosine - dx * sine) / b
        image[u * u + v * v + (dz / c) * (dz / c) <= 1.0] += value
    return image


@lru_cache(maxsize=512)
def ct_slice(
    seed: int, rows: int, columns: int, index: int, count: int, label: bool = True
) -> bytes:
    """A CT slice in Hounsfield units stored as signed 16 bits: air, skull, brain, noise.

    A small wedge lies in the corner, where a calibration phantom would.
    """
    z = (2 * index + 1 - count) / max(count, 1) * 0.75
    base = head(rows, columns, z)
    # 0 → air, 200 → brain at 40 HU, 1000 → bone at 1000 HU.
    units = np.where(base <= 0, -1000 + base, np.where(base < 600, base - 160, base)).astype(
        np.int32
    )
    units = units + noise.bell((rows, columns), 12.0, seed, "ct", rows, index % NOISE_FIELDS)
    height, width = max(1, rows // 12), columns // 4
    units[-height - 1 : -1, 1 : 1 + width] = wedge(height, width, 6, 1000)
    if label:
        stamp(units, 1200)
    return np.clip(units, -1024, 3071).astype("<i2").tobytes()


@lru_cache(maxsize=512)
def mr_slice(
    seed: int,
    rows: int,
    columns: int,
    index: int,
    count: int,
    weighting: int = 0,
    label: bool = True,
) -> bytes:
    """An MR slice of 12 stored bits in unsigned words; `weighting` changes which tissue is bright.

    Magnitude images have no negative values, so noise folds at zero.
    """
    z = (2 * index + 1 - count) / max(count, 1) * 0.75
    base = head(rows, columns, z)
    gain = ((3, 1), (1, 4), (2, 2))[weighting % 3]
    signal = np.where(base >= 600, base * gain[0] // 2, base * gain[1])
    field = noise.bell((rows, columns), 18.0, seed, "mr", rows, index % NOISE_FIELDS)
    image = np.abs(signal + field).astype(np.int32)
    if label:
        stamp(image, 2000)
    return np.clip(image, 0, 4095).astype("<u2").tobytes()


@lru_cache(maxsize=64)
def projection(seed: int, rows: int, columns: int, bits: int, view: int = 0) -> bytes:
    """A projection radiograph in unsigned words of `bits`: a body outline, ribs, wedge and bars."""
    top = (1 << bits) - 1
    x, y = _grid(rows, columns)
    body = 1.0 - (x * x * 0.9 + y * y * 0.35)
    lung = ((np.abs(x) - 0.38) / 0.26) ** 2 + ((y - 0.1) / 0.6) ** 2
    level = np.where(lung < 1.0, 0.62, 0.3) * top * np.clip(body, 0, 1)
    image = level.astype(np.int32)
    rib = ((np.arange(rows) * 16 // rows) & 1)[:, np.newaxis] * (top // 24)
    image -= np.where((lung < 1.2) & (body > 0.2), rib, 0).astype(np.int32)
    image += noise.bell((rows, columns), top / 250, seed, "projection", rows, columns, view)
    height = max(1, rows // 16)
    image[-height:, :] = wedge(height, columns, 11, top)
    block = max(4, rows // 8)
    image[-height - block : -height, -block:] = bars(block, block, top)
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()


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
    gland = ((x - 0.25) / 0.3) ** 2 + (y / 0.4) ** 2
    level = np.where(gland < 1, level + 0.18 * (1 - gland), level)
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


@lru_cache(maxsize=128)
def emission_slice(
    seed: int, rows: int, columns: int, index: int, count: int, top: int = 8000
) -> bytes:
    """A slice of activity in unsigned 16-bit words: warm body, hot spots, counting noise."""
    x, y = _grid(rows, columns)
    z = (2 * index + 1 - count) / max(count, 1)
    body = x * x / 0.45 + y * y / 0.3 + z * z * 0.3
    activity = np.where(body < 1, (1 - body) * 0.35 + 0.1, 0.0)
    for cx, cy, cz, size, heat in ((0.25, 0.1, 0.2, 0.02, 0.5), (-0.3, -0.15, -0.4, 0.01, 0.8)):
        distance = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 * 0.5
        activity = activity + np.where(distance < size, heat * (1 - distance / size), 0.0)
    image = (activity * top).astype(np.int32)
    # Counting noise grows with the square root of the signal.
    field = noise.bell((rows, columns), 256.0, seed, "emission", rows, index % NOISE_FIELDS)
    image += (field * np.sqrt(activity * top / 40)).astype(np.int32) // 64
    stamp(image, top)
    return np.clip(image, 0, 65535).astype("<u2").tobytes()


@lru_cache(maxsize=128)
def angiogram(seed: int, rows: int, columns: int, bits: int, frame: int, frames: int) -> bytes:
    """A frame of an angiogram in unsigned words of `bits`: dark branches fill from the top."""
    top = (1 << bits) - 1
    x, y = _grid(rows, columns)
    image = np.full((rows, columns), top * 3 // 4, dtype=np.int32)
    image -= (np.clip(x * x + y * y, 0, 1) * top / 4).astype(np.int32)
    front = 1.0 - 2.0 * (frame + 1) / max(frames, 1)
    for bend, spread, width in ((0.0, 0.0, 0.035), (0.5, 0.35, 0.02), (-0.4, 0.5, 0.02)):
        below = np.clip(0.6 - y, 0, 2)
        path = bend * below * (1 - below * 0.3) * (0.5 + spread)
        vessel = (np.abs(x - path) < width * (1 - below * 0.25)) & (y > front)
        image[vessel] = top // 5
    image += noise.bell((rows, columns), top / 90, seed, "angio", rows, frame % NOISE_FIELDS)
    height = max(1, rows // 20)
    image[-height:, :] = wedge(height, columns, 11, top)
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()
