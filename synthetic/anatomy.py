"""Bodies made of ellipsoids: a head after the modified Shepp-Logan phantom, and a thorax.

An anatomy is a table of ellipsoids that are painted one over the other, each with the tissue that
it is made of.  What a tissue looks like, in Hounsfield units or as a magnetic resonance signal, is
a table too.  The cube reaches from -1 to 1; x points to the right of the picture, y upwards, and z
to the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import noise


class Tissue(IntEnum):
    """What an ellipsoid is made of."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    BONE = 4
    MARROW = 5
    BRAIN = 6
    FLUID = 7
    LESION = 8
    LUNG = 9
    VESSEL = 10
    HEART = 11


# Hounsfield units of each tissue, and how much its texture varies.
HOUNSFIELD = {
    Tissue.AIR: (-1000, 0), Tissue.SKIN: (20, 10), Tissue.FAT: (-90, 20), Tissue.MUSCLE: (55, 16),
    Tissue.BONE: (950, 120), Tissue.MARROW: (320, 140), Tissue.BRAIN: (36, 14),
    Tissue.FLUID: (6, 4), Tissue.LESION: (64, 16), Tissue.LUNG: (-830, 120),
    Tissue.VESSEL: (210, 10), Tissue.HEART: (120, 30),
}  # fmt: skip

# Signal of each tissue in a T1, T2 and proton density weighted image, out of 4095.
MR_SIGNAL = {
    Tissue.AIR: (0, 0, 0), Tissue.SKIN: (1200, 700, 1300), Tissue.FAT: (2300, 1300, 1900),
    Tissue.MUSCLE: (800, 500, 1000), Tissue.BONE: (120, 90, 130), Tissue.MARROW: (1800, 1000, 1500),
    Tissue.BRAIN: (1050, 850, 1500), Tissue.FLUID: (320, 2500, 1700),
    Tissue.LESION: (1400, 1900, 1800), Tissue.LUNG: (90, 90, 90), Tissue.VESSEL: (200, 150, 250),
    Tissue.HEART: (900, 700, 1200),
}  # fmt: skip


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre, half axes, what it is made of, and a turn about z as (cosine, sine)."""

    centre: tuple[float, float, float]
    axes: tuple[float, float, float]
    tissue: Tissue
    turn: tuple[float, float] = (1.0, 0.0)


def _both(
    centre: tuple[float, float, float],
    axes: tuple[float, float, float],
    tissue: Tissue,
    turn: tuple[float, float] = (1.0, 0.0),
) -> tuple[Ellipsoid, Ellipsoid]:
    """The same on the left and, mirrored, on the right."""
    x, y, z = centre
    return (
        Ellipsoid((x, y, z), axes, tissue, turn),
        Ellipsoid((-x, y, z), axes, tissue, (turn[0], -turn[1])),
    )


HEAD: tuple[Ellipsoid, ...] = (
    Ellipsoid((0.0, 0.0, 0.0), (0.75, 0.96, 0.88), Tissue.SKIN),
    Ellipsoid((0.0, 0.0, 0.0), (0.72, 0.94, 0.85), Tissue.FAT),
    Ellipsoid((0.0, 0.0, 0.0), (0.69, 0.92, 0.81), Tissue.BONE),
    Ellipsoid((0.0, -0.0184, 0.0), (0.6624, 0.874, 0.78), Tissue.FLUID),
    Ellipsoid((0.0, -0.0184, 0.0), (0.64, 0.85, 0.76), Tissue.BRAIN),
    Ellipsoid((0.0, 0.0, 0.0), (0.006, 0.84, 0.7), Tissue.FLUID),
    Ellipsoid((0.22, 0.0, 0.0), (0.11, 0.31, 0.32), Tissue.FLUID, (0.951, 0.309)),
    Ellipsoid((-0.22, 0.0, 0.0), (0.16, 0.41, 0.38), Tissue.FLUID, (0.951, -0.309)),
    Ellipsoid((0.0, 0.35, -0.15), (0.21, 0.25, 0.41), Tissue.LESION),
    Ellipsoid((0.0, 0.1, 0.25), (0.046, 0.046, 0.05), Tissue.BONE),
    Ellipsoid((0.0, -0.1, 0.25), (0.046, 0.046, 0.05), Tissue.BONE),
    Ellipsoid((-0.08, -0.605, 0.0), (0.046, 0.023, 0.25), Tissue.LESION),
    Ellipsoid((0.0, -0.605, 0.0), (0.023, 0.023, 0.22), Tissue.LESION),
    Ellipsoid((0.06, -0.605, 0.0), (0.023, 0.046, 0.25), Tissue.LESION),
    # Below the brain: eyes and the air of the sinuses.
    *_both((0.3, 0.62, -0.62), (0.16, 0.16, 0.14), Tissue.FLUID),
    Ellipsoid((0.0, 0.66, -0.66), (0.1, 0.16, 0.16), Tissue.AIR),
)

THORAX: tuple[Ellipsoid, ...] = (
    Ellipsoid((0.0, 0.0, 0.0), (0.94, 0.66, 2.5), Tissue.SKIN),
    Ellipsoid((0.0, 0.0, 0.0), (0.92, 0.64, 2.5), Tissue.FAT),
    Ellipsoid((0.0, 0.0, 0.0), (0.86, 0.58, 2.5), Tissue.MUSCLE),
    # Ribs: a tilted hoop on each side that the lungs hollow out; which one is cut depends on z.
    *_both((0.42, -0.02, 0.9), (0.37, 0.5, 0.05), Tissue.BONE),
    *_both((0.42, -0.02, 0.5), (0.4, 0.52, 0.05), Tissue.BONE),
    *_both((0.42, -0.02, 0.1), (0.41, 0.53, 0.05), Tissue.BONE),
    *_both((0.42, -0.02, -0.3), (0.41, 0.53, 0.05), Tissue.BONE),
    *_both((0.42, -0.02, -0.7), (0.41, 0.53, 0.05), Tissue.BONE),
    *_both((0.42, -0.02, 0.0), (0.36, 0.48, 1.15), Tissue.LUNG),
    Ellipsoid((0.0, 0.02, 0.0), (0.15, 0.44, 2.0), Tissue.FAT),
    Ellipsoid((0.0, 0.5, 0.2), (0.11, 0.035, 0.8), Tissue.BONE),
    Ellipsoid((0.12, 0.12, -0.3), (0.32, 0.27, 0.5), Tissue.MUSCLE, (0.94, -0.34)),
    Ellipsoid((0.15, 0.12, -0.3), (0.26, 0.21, 0.44), Tissue.HEART, (0.94, -0.34)),
    Ellipsoid((-0.05, 0.15, 0.45), (0.1, 0.1, 0.5), Tissue.VESSEL),
    Ellipsoid((0.12, -0.22, 0.0), (0.075, 0.075, 2.0), Tissue.VESSEL),
    Ellipsoid((-0.02, -0.05, 0.6), (0.05, 0.045, 0.7), Tissue.AIR),
    Ellipsoid((0.0, -0.37, 0.0), (0.16, 0.12, 2.0), Tissue.BONE),
    Ellipsoid((0.0, -0.37, 0.0), (0.13, 0.095, 2.0), Tissue.MARROW),
    Ellipsoid((0.0, -0.51, 0.0), (0.055, 0.045, 2.0), Tissue.FLUID),
    Ellipsoid((0.0, -0.6, 0.0), (0.03, 0.06, 2.0), Tissue.BONE),
    Ellipsoid((-0.5, 0.12, 0.15), (0.06, 0.06, 0.12), Tissue.LESION),
    # Vessels of the lung.
    *_both((0.3, 0.0, 0.1), (0.035, 0.025, 0.35), Tissue.VESSEL),
    *_both((0.45, 0.14, 0.0), (0.02, 0.02, 0.3), Tissue.VESSEL),
    *_both((0.5, -0.2, -0.1), (0.02, 0.025, 0.3), Tissue.VESSEL),
)

# Which anatomy a Body Part Examined shows; all others show the head.
BY_BODY_PART = {"CHEST": THORAX, "ABDOMEN": THORAX, "HEAD": HEAD, "BRAIN": HEAD}


# Points of a circle, a quarter at a time, by Pythagorean fractions.
_QUARTER = ((1.0, 0.0), (84 / 85, 13 / 85), (12 / 13, 5 / 13), (0.8, 0.6), (20 / 29, 21 / 29),
            (0.6, 0.8), (5 / 13, 12 / 13), (13 / 85, 84 / 85))  # fmt: skip
_CIRCLE = tuple(
    point
    for turn in ((1, 0), (0, 1), (-1, 0), (0, -1))
    for point in ((c * turn[0] - s * turn[1], c * turn[1] + s * turn[0]) for c, s in _QUARTER)
)


def part(anatomy: tuple[Ellipsoid, ...], tissue: Tissue, side: int = 0) -> Ellipsoid:
    """The first ellipsoid of a tissue; `side` is 1 or -1 for the one at that end of x, or 0."""
    found = (body for body in anatomy if body.tissue == tissue)
    return next(body for body in found if not side or body.centre[0] * side > 0)


def outline(body: Ellipsoid, z: float, margin: float = 0.0) -> list[tuple[float, float]]:
    """Points around the cut of an ellipsoid at height `z`; none where it is not met.

    `margin` is added to its half axes.
    """
    height = (z - body.centre[2]) / body.axes[2]
    left = 1.0 - height * height
    if left <= 0:
        return []
    scale = float(np.sqrt(left))
    across, up = body.axes[0] * scale + margin, body.axes[1] * scale + margin
    cosine, sine = body.turn
    return [
        (
            body.centre[0] + across * c * cosine - up * s * sine,
            body.centre[1] + across * c * sine + up * s * cosine,
        )
        for c, s in _CIRCLE
    ]


def tissues(anatomy: tuple[Ellipsoid, ...], rows: int, columns: int, z: float) -> NDArray[np.uint8]:
    """The slice of `anatomy` at height `z` (-1…1), as the number of the tissue in each pixel."""
    x = (2 * np.arange(columns) + 1 - columns) / columns
    y = (rows - 1 - 2 * np.arange(rows)) / rows
    image = np.zeros((rows, columns), dtype=np.uint8)
    for body in anatomy:
        height = (z - body.centre[2]) / body.axes[2]
        left = 1.0 - height * height
        if left <= 0:
            continue
        # Only the square around it is looked at: an ellipsoid never reaches past its longer axis.
        reach = max(body.axes[0], body.axes[1])
        across = slice(*np.searchsorted(x, (body.centre[0] - reach, body.centre[0] + reach)))
        down = slice(*np.searchsorted(-y, (-body.centre[1] - reach, reach - body.centre[1])))
        dx, dy = x[np.newaxis, across] - body.centre[0], y[down, np.newaxis] - body.centre[1]
        cosine, sine = body.turn
        if sine:
            dx, dy = dx * cosine + dy * sine, dy * cosine - dx * sine
        u, v = dx / body.axes[0], dy / body.axes[1]
        image[down, across][u * u + v * v <= left] = body.tissue
    return image


def shade(
    labels: NDArray[np.uint8], look: dict[Tissue, tuple[int, int]], seed: int, cell: int
) -> NDArray[np.int32]:
    """Each tissue's value with its texture: smooth noise over `cell` pixels."""
    rows, columns = labels.shape
    values = np.array([look[tissue][0] for tissue in Tissue], dtype=np.int32)
    spread = np.array([look[tissue][1] for tissue in Tissue], dtype=np.int32)
    texture = noise.smooth(rows, columns, cell, seed, "texture")
    return values[labels] + (spread[labels] * (texture - 128) >> 8).astype(np.int32)
