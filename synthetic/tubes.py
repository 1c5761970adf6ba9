"""Tubes filled with contrast medium: the tree of a coronary artery, and a colon.

A tube is a chain of short segments, each with its ends, its radii and how far from the inlet it
begins.  A ray that crosses one goes through more of it in the middle than at the rim; which part is
filled depends on how far the medium has come.  All turns are by Pythagorean fractions, so that the
arithmetic is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import noise, phantoms
from stepwedge.synthetic.lettering import stamp
from stepwedge.synthetic.uids import digest

Map = NDArray[np.float64]

# Cosine and sine of turns, from slight to wide.
_SLIGHT = ((1599 / 1601, 80 / 1601), (399 / 401, 40 / 401), (99 / 101, 20 / 101))
_WIDE = ((35 / 37, 12 / 37), (0.8, 0.6), (15 / 17, 8 / 17))

_STEP = 0.045  # of a vessel, in half picture widths
_THINNEST = 0.006

# How the two arteries leave the catheter: direction, radius, and how they go on bending.
_OSTIUM = (-0.32, 0.42)
_ARTERIES = (((0.45, -0.89), 0.034, -1), ((0.92, -0.39), 0.030, -1), ((0.1, -0.99), 0.020, 1))
_CATHETER = ((-0.95, -1.02), (-0.98, 0.1), (-0.85, 0.62), (-0.55, 0.72), _OSTIUM)

# The frame of a colon, from the rectum on; half picture widths, x to the right and y upwards.
_COLON = (
    (0.02, -0.92), (0.0, -0.66), (0.14, -0.5), (0.36, -0.62), (0.56, -0.5), (0.62, -0.2),
    (0.6, 0.15), (0.66, 0.5), (0.5, 0.62), (0.3, 0.42), (0.05, 0.3), (-0.22, 0.36), (-0.44, 0.52),
    (-0.62, 0.4), (-0.6, 0.1), (-0.62, -0.2), (-0.52, -0.44),
)  # fmt: skip
_COLON_RADIUS = 0.095
_HAUSTRA = 0.13  # from one fold to the next


@dataclass(frozen=True)
class _Segment:
    """A piece of a tube; `way` is its distance from the inlet along the tube.

    A piece with round ends fits to whatever comes next; one with flat ends keeps a profile.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    radius: float
    way: float
    flat: bool = False


def angiogram(seed: int, rows: int, columns: int, bits: int, frame: int, frames: int) -> bytes:
    """A frame of a coronary angiogram in unsigned words of `bits`: iodine fills it and leaves."""
    return _frame("angiogram", seed, rows, columns, bits, frame, frames)


def barium_enema(seed: int, rows: int, columns: int, bits: int, frame: int, frames: int) -> bytes:
    """A frame of fluoroscopy in unsigned words of `bits`: barium, shown white, fills a colon."""
    return _frame("enema", seed, rows, columns, bits, frame, frames)


@lru_cache(maxsize=128)
def _frame(
    kind: str, seed: int, rows: int, columns: int, bits: int, frame: int, frames: int
) -> bytes:
    top = (1 << bits) - 1
    x, y = phantoms.grid(rows, columns)
    thickness, way = _filled(kind, seed, rows, columns)
    reached = (frame + 1) / frames
    if kind == "angiogram":
        ground = _chest(x, y)
        # In over the first half of the run; over the second it is washed out from the inlet on.
        front = np.clip((2.2 * reached * 1.9 - way) / 0.3, 0, 1)
        left = np.clip(1 - np.clip((reached - 0.6) * 5 - way, 0, 0.75), 0, 1)
        light = ground * (1 - 0.78 * thickness * front * left)
        catheter, _ = _filled("catheter", seed, rows, columns)
        light = light * (1 - 0.3 * catheter)
    else:
        ground = _belly(x, y)
        front = np.clip((1.2 * reached * 4.6 - way) / 0.2, 0, 1)
        light = 1 - ground * (1 - 0.88 * thickness * front)
    image = (light * top).astype(np.int32)
    field = frame % phantoms.NOISE_FIELDS
    image += noise.bell((rows, columns), top / 120, seed, kind, rows, field)
    height = max(1, rows // 24)
    image[-height:, :] = phantoms.wedge(height, columns, 11, top)
    stamp(image, top)
    return np.clip(image, 0, top).astype("<u2").tobytes()


def _chest(x: Map, y: Map) -> Map:
    """How much light is left behind lungs, heart, spine and diaphragm."""
    ribs = phantoms.ribs((x - 0.72) * 0.5, y * 0.7) * np.clip(np.abs(x - 0.72) * 3 - 0.6, 0, 1)
    light = 0.86 - 0.12 * (x * x + y * y) - 0.05 * ribs
    light = light - 0.16 * phantoms.spine(x - 0.72, y)
    heart = ((x - 0.1) / 0.78) ** 2 + ((y + 0.12) / 0.72) ** 2
    light = light - 0.16 * np.sqrt(np.clip(1 - heart, 0, 1))
    dome = ((x + 0.1) / 1.1) ** 2 + ((y + 1.15) / 0.5) ** 2
    return np.asarray(light - 0.24 * np.sqrt(np.clip(1 - dome, 0, 1)), dtype=np.float64)


def _belly(x: Map, y: Map) -> Map:
    """How much light is left behind a belly: spine, the wings of the pelvis, hip joints."""
    light = 0.8 - 0.1 * x * x - 0.08 * y * y - 0.2 * phantoms.spine(x * 0.75, y - 0.35)
    for side in (-1, 1):
        wing = ((x - side * 0.62) / 0.36) ** 2 + ((y + 0.42) / 0.4) ** 2
        hollow = ((x - side * 0.5) / 0.34) ** 2 + ((y + 0.3) / 0.42) ** 2
        light = light - 0.16 * np.sqrt(np.clip(1 - wing, 0, 1)) * np.clip(hollow, 0, 1)
        joint = ((x - side * 0.66) / 0.16) ** 2 + ((y + 0.9) / 0.16) ** 2
        light = light - 0.14 * np.sqrt(np.clip(1 - joint, 0, 1))
    return np.asarray(light, dtype=np.float64)


@lru_cache(maxsize=16)
def _filled(kind: str, seed: int, rows: int, columns: int) -> tuple[Map, Map]:
    """Thickness of the tube on each ray (0…1), and how far from its inlet the ray meets it."""
    thickness, way = np.zeros((rows, columns)), np.zeros((rows, columns))
    x = (2 * np.arange(columns) + 1 - columns) / columns
    y = (rows - 1 - 2 * np.arange(rows)) / rows
    for segment in _segments(kind, seed):
        (ax, ay), (bx, by) = segment.start, segment.end
        # Never thinner than a pixel, so that a coarse picture shows the tree, too.
        radius = max(segment.radius, 1.2 / columns)
        left, right = np.searchsorted(x, (min(ax, bx) - radius, max(ax, bx) + radius))
        upper, lower = np.searchsorted(-y, (-max(ay, by) - radius, radius - min(ay, by)))
        if left == right or upper == lower:
            continue
        dx, dy = x[left:right][np.newaxis, :] - ax, y[upper:lower][:, np.newaxis] - ay
        ux, uy = bx - ax, by - ay
        along = (dx * ux + dy * uy) / (ux * ux + uy * uy)
        along = along if segment.flat else np.clip(along, 0, 1)
        aside = (dx - along * ux) ** 2 + (dy - along * uy) ** 2
        chord = np.sqrt(np.clip(1 - aside / (radius * radius), 0, 1))
        # A wide tube holds more than a narrow one, and what is thinner than a pixel less.
        chord = chord * min(1.0, 0.45 + 18 * segment.radius) * min(1.0, segment.radius / radius)
        if segment.flat:  # a piece more on either side closes the gaps of a bend
            chord = np.where(np.abs(along - 0.5) < 1.7, chord, 0)
        box = (slice(upper, lower), slice(left, right))
        denser = chord > thickness[box]
        thickness[box][denser] = chord[denser]
        way[box][denser] = segment.way
    return thickness, way


def _segments(kind: str, seed: int) -> Iterator[_Segment]:
    match kind:
        case "angiogram":
            rng = Random(digest(seed, "coronary"))
            for direction, radius, bend in _ARTERIES:
                yield from _grown(rng, _OSTIUM, direction, radius, bend, 0.0)
        case "catheter":
            yield from _chain(_smooth(_CATHETER), 0.016)
        case _:
            yield from _colon()


def _grown(
    rng: Random,
    at: tuple[float, float],
    direction: tuple[float, float],
    radius: float,
    bend: int,
    way: float,
) -> Iterator[_Segment]:
    """An artery and, from its sides, branches of its own, ever thinner."""
    steps = 0
    while radius > _THINNEST and abs(at[0]) < 0.93 and -0.85 < at[1] < 0.85:
        cosine, sine = rng.choice(_SLIGHT)
        direction = _turned(direction, cosine, sine * (bend if rng.random() < 0.62 else -bend))
        end = (at[0] + direction[0] * _STEP, at[1] + direction[1] * _STEP)
        yield _Segment(at, end, radius, way)
        at, way, steps = end, way + _STEP, steps + 1
        radius *= 0.962
        if steps > 1 and rng.random() < 0.3:
            cosine, sine = rng.choice(_WIDE)
            side = rng.choice((-1, 1))
            yield from _grown(
                rng, at, _turned(direction, cosine, side * sine), radius * 0.62, -side, way
            )


def _turned(direction: tuple[float, float], cosine: float, sine: float) -> tuple[float, float]:
    dx, dy = direction
    return (dx * cosine - dy * sine, dx * sine + dy * cosine)


def _smooth(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Corners cut off three times (Chaikin): a curve that a tube can follow."""
    line = list(points)
    for _ in range(3):
        cut = [line[0]]
        for (ax, ay), (bx, by) in pairwise(line):
            cut.append((0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by))
            cut.append((0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by))
        line = [*cut, line[-1]]
    return line


def _chain(line: list[tuple[float, float]], radius: float) -> Iterator[_Segment]:
    for start, end in pairwise(line):
        yield _Segment(start, end, radius, 0.0)


def _length(start: tuple[float, float], end: tuple[float, float]) -> float:
    across, up = end[0] - start[0], end[1] - start[1]
    return float(np.sqrt(across * across + up * up))


def _colon() -> Iterator[_Segment]:
    """Pouch after pouch, as the folds divide it, each segment a hundredth long."""
    way = 0.0
    line = _smooth(_COLON)
    lengths = [_length(start, end) for start, end in pairwise(line)]
    whole = sum(lengths)
    for ((ax, ay), (bx, by)), length in zip(pairwise(line), lengths, strict=True):
        pieces = max(1, round(length / 0.01))
        for piece in range(pieces):
            here, there = piece / pieces, (piece + 1) / pieces
            start = (ax + (bx - ax) * here, ay + (by - ay) * here)
            end = (ax + (bx - ax) * there, ay + (by - ay) * there)
            fold = abs(way / _HAUSTRA % 1 - 0.5) * 2  # 1 at a fold, 0 in the middle of a pouch
            radius = _COLON_RADIUS * (1 - 0.4 * fold * fold * fold) * (0.7 if way < 0.3 else 1.0)
            radius *= float(np.sqrt(min(1.0, (whole - way) / _COLON_RADIUS)))  # a blind end
            yield _Segment(start, end, radius, way, flat=True)
            way += length / pieces
