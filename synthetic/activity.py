"""What a body gives off, or is left with: tracers of nuclear medicine, and the dose of beams."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import anatomy, noise, phantoms
from stepwedge.synthetic.anatomy import Tissue
from stepwedge.synthetic.lettering import stamp

# How much of a tracer of glucose each tissue takes up, in thousandths of the most.
_UPTAKE = {
    Tissue.AIR: 0, Tissue.SKIN: 40, Tissue.FAT: 50, Tissue.MUSCLE: 110, Tissue.BONE: 90,
    Tissue.MARROW: 240, Tissue.BRAIN: 700, Tissue.FLUID: 60, Tissue.LESION: 1000, Tissue.LUNG: 45,
    Tissue.VESSEL: 200, Tissue.HEART: 620,
}  # fmt: skip


@lru_cache(maxsize=128)
def emission_slice(
    seed: int, rows: int, columns: int, index: int, count: int, body_part: str = "CHEST"
) -> bytes:
    """A slice of activity in unsigned 16-bit words: organs, a lesion, blur and counting noise."""
    body = anatomy.BY_BODY_PART.get(body_part, anatomy.THORAX)
    labels = anatomy.tissues(body, rows, columns, phantoms.level(index, count))
    uptake = np.array([_UPTAKE[tissue] for tissue in Tissue], dtype=np.int64)[labels] * 8
    activity = _blur(uptake, max(1, columns // 48))
    return _counted(activity, 40, 8000, seed, "pet", rows, columns, index)


# Beams of a plan: the direction that each comes from.
_BEAMS = ((0.0, 1.0), (0.8, -0.6), (-0.96, -0.28))


@lru_cache(maxsize=128)
def dose_slice(rows: int, columns: int, index: int, count: int) -> bytes:
    """A slice of dose in unsigned 16-bit words: three beams that cross in the lung's lesion."""
    x, y = phantoms.grid(rows, columns)
    target = anatomy.part(anatomy.THORAX, Tissue.LESION)
    dx, dy = x - target.centre[0], y - target.centre[1]
    dz = phantoms.level(index, count) - target.centre[2]
    dose = np.zeros((rows, columns))
    for ux, uy in _BEAMS:
        aside = (dx * uy - dy * ux) ** 2 + (dz * 0.6) ** 2
        # Flat within the field, falling off beyond its edge; weaker the deeper it has come.
        far = aside / 0.012
        edge = 1 / (1 + far * far * far)
        dose = dose + edge * (1 + 0.35 * (dx * ux + dy * uy))
    body = (x / 0.94) ** 2 + (y / 0.66) ** 2 < 1
    grid: NDArray[np.uint16] = (np.clip(dose * body / 3, 0, 1.2) * 20_000).astype("<u2")
    return grid.tobytes()


# Where a bone scan is hot besides: x, y, size, counts.
_HOT_SPOTS = ((0.0, 0.86, 0.02, 60), (-0.52, 0.3, 0.004, 220), (0.0, -0.4, 0.004, 260))


@lru_cache(maxsize=32)
def bone_scan(seed: int, rows: int, columns: int, view: int = 0) -> bytes:
    """A planar view of the skeleton in unsigned 16-bit words: counts, most of them in bone."""
    x, y = phantoms.grid(rows, columns)
    body = np.clip(1 - (x / 0.9) ** 2, 0, 1) * 12
    skeleton = body + 60 * phantoms.ribs(x, y) + 110 * phantoms.spine(x, y)
    for cx, cy, size, heat in _HOT_SPOTS:
        distance = (x - cx) ** 2 + (y - cy) ** 2
        skeleton = skeleton + heat * np.clip(1 - distance / size, 0, 1)
    if view % 2:
        skeleton = skeleton[:, ::-1]
    activity = _blur(skeleton.astype(np.int64), max(1, columns // 90))
    return _counted(activity, 1, 255, seed, "nm", rows, columns, view)


def _blur(image: NDArray[np.int64], radius: int) -> NDArray[np.int64]:
    """Two passes of a box of `2 * radius + 1` pixels in both directions: nearly a bell."""
    width = 2 * radius + 1
    for _ in range(2):
        for axis in (0, 1):
            padding = [(0, 0), (0, 0)]
            padding[axis] = (radius + 1, radius)
            total = np.cumsum(np.pad(image, padding, mode="edge"), axis=axis)
            ahead = np.take(total, np.arange(width, total.shape[axis]), axis=axis)
            behind = np.take(total, np.arange(total.shape[axis] - width), axis=axis)
            image = (ahead - behind) // width
    return image


def _counted(
    activity: NDArray[np.int64], gain: int, top: int, seed: int, kind: str, *place: int
) -> bytes:
    """Activity as it is counted: noise grows with its square root; `gain` is a count's worth."""
    rows, columns, index = place
    field = noise.bell((rows, columns), 64.0, seed, kind, rows, index % phantoms.NOISE_FIELDS)
    deviation = np.sqrt(np.clip(activity, 0, None).astype(np.float64) * gain)
    image: phantoms.Image = activity.astype(np.int32) + (field * deviation).astype(np.int32) // 64
    height = max(1, rows // 24)
    image[-height:, :] = phantoms.wedge(height, columns, 11, top)
    stamp(image, top)
    return np.clip(image, 0, 65535).astype("<u2").tobytes()
