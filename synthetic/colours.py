"""Colour pictures: a test chart, the inside of a tube, a photographer's patches, flow."""

from __future__ import annotations

from functools import lru_cache
from struct import pack

import numpy as np
from numpy.typing import NDArray

from stepwedge.synthetic import noise, phantoms
from stepwedge.synthetic.lettering import stamp

# The bars of a television test pattern at three quarters of full amplitude.
_BARS = (
    (191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0),
    (0, 0, 191),
)  # fmt: skip


@lru_cache(maxsize=64)
def chart(rows: int, columns: int, frame: int = 0) -> bytes:
    """Colour bars over a grey ramp and three colour ramps; `frame` shifts the bars."""
    image = np.zeros((rows, columns, 3), dtype=np.uint8)
    split = rows * 2 // 3
    bars = (np.arange(columns) * len(_BARS) // columns + frame) % len(_BARS)
    image[:split] = np.array(_BARS, dtype=np.uint8)[bars]
    ramp = (np.arange(columns) * 255 // max(columns - 1, 1)).astype(np.uint8)
    bands = np.array_split(np.arange(split, rows), 4)
    for band, channels in zip(bands, ((0, 1, 2), (0,), (1,), (2,)), strict=True):
        for channel in channels:
            image[band, :, channel] = ramp
    stamp(image, 255)
    return image.tobytes()


@lru_cache(maxsize=16)
def lumen(rows: int, columns: int) -> bytes:
    """The inside of a tube, seen along its axis: three-cornered folds around a dark centre."""
    x = ((2 * np.arange(columns) + 1 - columns) / columns)[np.newaxis, :] - 0.06
    y = ((2 * np.arange(rows) + 1 - rows) / rows)[:, np.newaxis] + 0.04
    radius = np.sqrt(x * x + y * y) + 1e-6
    # The cosine of three times the angle, without trigonometry.
    corner = (x * x * x - 3 * x * y * y) / (radius * radius * radius)
    tube = radius * (1.0 - 0.13 * corner)
    depth = 1.9 / (tube + 0.22)
    fold = np.abs(depth - np.floor(depth) - 0.5) * 2
    light = np.clip(tube * 1.25, 0, 1) * (0.62 + 0.38 * fold * fold)
    veins = noise.smooth(rows, columns, max(4, columns // 24), 0, "veins")
    vein = np.abs(veins - 128) < 9
    red, green, blue = light * 240, light * 138, light * 118
    image = np.stack([red, np.where(vein, green * 0.8, green), np.where(vein, blue * 0.8, blue)])
    image = np.asarray(image.transpose(1, 2, 0), dtype=np.int32)
    image += noise.bell((rows, columns), 3.0, 0, "lumen", rows, columns)[:, :, np.newaxis]
    for cx, cy, size in ((-0.35, -0.3, 0.004), (0.42, -0.18, 0.002), (0.1, 0.5, 0.0015)):
        image[(x - cx) ** 2 + (y - cy) ** 2 < size] = (255, 250, 240)
    outside = np.broadcast_to((x + 0.06) ** 2 + (y - 0.04) ** 2 > 0.96, (rows, columns))
    image[outside] = 0
    stamp(image, 255)
    clipped: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return clipped.tobytes()


# The patches of a photographer's colour checker, row by row, in sRGB as commonly published for it.
_PATCHES = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip


@lru_cache(maxsize=16)
def patches(rows: int, columns: int) -> bytes:
    """What a photographer of findings lays beside the patient: colour patches and a ruler."""
    image = np.full((rows, columns, 3), 24, dtype=np.int32)
    top, bottom = rows // 8, rows - rows // 8
    wide, high = columns / 6, (bottom - top) / 4
    for number, colour in enumerate(_PATCHES):
        row, column = divmod(number, 6)
        y0, y1 = int(top + (row + 0.08) * high), int(top + (row + 0.92) * high)
        x0, x1 = int((column + 0.08) * wide), int((column + 0.92) * wide)
        image[y0:y1, x0:x1] = colour
    image[bottom + 1 :] = 235
    unit = max(2, columns // 64)
    for number in range(columns // unit):
        length = (rows - bottom) * (9 if number % 10 == 0 else 6 if number % 5 == 0 else 4) // 12
        image[bottom + 1 : bottom + 1 + length, number * unit] = 20
    image += noise.bell((rows, columns), 1.5, 0, "patches", rows, columns)[:, :, np.newaxis]
    stamp(image, 255)
    return np.clip(image, 0, 255).astype(np.uint8).tobytes()


@lru_cache(maxsize=1)
def icc_profile() -> bytes:
    """A small matrix profile of the sRGB primaries with a gamma of 2.2 (ICC.1, version 2.1)."""
    tags = [
        (b"desc", b"desc" + bytes(4) + pack(">L", 5) + b"sRGB\0" + bytes(78)),
        (b"cprt", b"text" + bytes(4) + b"none\0"),
        (b"wtpt", _xyz(0.9505, 1.0, 1.0891)),
        (b"rXYZ", _xyz(0.4361, 0.2225, 0.0139)),
        (b"gXYZ", _xyz(0.3851, 0.7169, 0.0971)),
        (b"bXYZ", _xyz(0.1431, 0.0606, 0.7141)),
        *((name, b"curv" + bytes(4) + pack(">LH", 1, 563)) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    directory, body = b"", b""
    at = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        directory += name + pack(">LL", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = at + len(body)
    header = pack(
        ">L4sL4s4s4s6H4s4sLLLQLLLL", size, b"\0\0\0\0", 0x02100000, b"scnr", b"RGB ", b"XYZ ",
        2025, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0, 0, 0, 0, 0, 0xF6D6, 0x10000, 0xD32D,
    )  # fmt: skip
    return header.ljust(128, b"\0") + pack(">L", len(tags)) + directory + body


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + pack(">3l", *(round(value * 65536) for value in values))


@lru_cache(maxsize=32)
def flow(seed: int, rows: int, columns: int, number: int = 1) -> bytes:
    """A grey ultrasound fan with flow in red and blue laid over a vessel."""
    grey = np.frombuffer(phantoms.ultrasound_frame(seed, rows, columns, number, 8), np.uint8)
    image = np.repeat(grey.reshape(rows, columns, 1), 3, axis=2).copy()
    x = ((2 * np.arange(columns) + 1 - columns) / columns)[np.newaxis, :]
    y = ((np.arange(rows) + 0.5) / rows)[:, np.newaxis]
    offset = y - 0.5 - 0.2 * x
    vessel = (np.abs(offset) < 0.06) & (np.abs(x) < 0.35)
    speed = (255 * (1 - np.abs(offset) / 0.06)).astype(np.int64)
    image[:, :, 0] = np.where(vessel & (x < 0), speed, image[:, :, 0])
    image[:, :, 2] = np.where(vessel & (x >= 0), speed, image[:, :, 2])
    for channel in (1, 2):
        image[:, :, channel] = np.where(vessel & (x < 0), 0, image[:, :, channel])
    for channel in (0, 1):
        image[:, :, channel] = np.where(vessel & (x >= 0), 0, image[:, :, channel])
    return image.astype(np.uint8).tobytes()
