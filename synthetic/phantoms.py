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
def ct_slice(seed: int, rows: int, columns: int, index: int, count: int) -> bytes:
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
    stamp(units, 1200)
    return np.clip(units, -1024, 3071).astype("<i2").tobytes()


@lru_cache(maxsize=512)
def mr_slice(
    seed: int, rows: int, columns: int, index: int, count: int, weighting: int = 0
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
