"""Data sets as pictures: grey values through their window, colours as they are, PNG by hand."""

from __future__ import annotations

import zlib
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

Picture = NDArray[np.uint8]


def frames(dataset: Dataset) -> NDArray[Any]:
    """The native pixels as `(frames, rows, columns[, 3])`; encapsulated ones are not decoded here.

    Raises ValueError when the data set has no native pixel data.
    """
    if "PixelData" not in dataset or dataset["PixelData"].is_undefined_length:
        raise ValueError("no native pixel data")
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    shape: tuple[int, ...] = (count, dataset.Rows, dataset.Columns)
    if dataset.BitsAllocated == 1:
        bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
        return bits[: int(np.prod(shape))].reshape(shape)
    kind = "i" if dataset.PixelRepresentation else "u"
    flat = np.frombuffer(dataset.PixelData, f"<{kind}{dataset.BitsAllocated // 8}")
    if dataset.SamplesPerPixel > 1:
        shape = (*shape, dataset.SamplesPerPixel)
    return flat[: int(np.prod(shape))].reshape(shape)


def picture(dataset: Dataset, frame: int = 0) -> Picture:
    """One frame for a screen: `(rows, columns)` grey or `(rows, columns, 3)` colour, 8 bits."""
    image = frames(dataset)[frame]
    if image.ndim == 3:
        return np.asarray(image, dtype=np.uint8)
    low, high = _window(dataset, image)
    scaled = (image.astype(np.float64) - low) * (255.0 / max(high - low, 1e-9))
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    inverted: Picture = 255 - grey
    return inverted if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def _window(dataset: Dataset, image: NDArray[Any]) -> tuple[float, float]:
    """The stored values that become black and white (PS3.3 C.11.2.1.2)."""
    if "WindowCenter" in dataset:
        centre, width = float(dataset.WindowCenter), float(dataset.WindowWidth)
        slope = float(dataset.get("RescaleSlope", 1) or 1)
        intercept = float(dataset.get("RescaleIntercept", 0) or 0)
        centre, width = (centre - intercept) / slope, width / slope
        return centre - width / 2, centre + width / 2
    return float(image.min()), float(image.max())


def fit(image: Picture, width: int, height: int) -> Picture:
    """`image` scaled by whole pixels (or thinned) to fit into `width` by `height`."""
    rows, columns = image.shape[:2]
    scale = min(width / columns, height / rows)
    new_rows, new_columns = max(1, round(rows * scale)), max(1, round(columns * scale))
    if scale >= 1:
        down = np.arange(new_rows) * rows // new_rows
        across = np.arange(new_columns) * columns // new_columns
        return np.asarray(image[down][:, across], dtype=np.uint8)
    # Mean over the pixels that fall into one: thin lines stay visible.
    down = np.arange(new_rows) * rows // new_rows
    across = np.arange(new_columns) * columns // new_columns
    total = np.add.reduceat(image.astype(np.uint32), down, axis=0)
    total = np.add.reduceat(total, across, axis=1)
    high = np.diff(np.append(down, rows))[:, np.newaxis]
    wide = np.diff(np.append(across, columns))[np.newaxis, :]
    count = high * wide
    if image.ndim == 3:
        count = count[:, :, np.newaxis]
    return np.asarray(total // count, dtype=np.uint8)


def png(image: Picture) -> bytes:
    """A PNG file of a grey or RGB picture (ISO/IEC 15948), the same bytes everywhere."""
    rows, columns = image.shape[:2]
    colour = 2 if image.ndim == 3 else 0
    lines = image.reshape(rows, -1)
    raw = np.hstack([np.zeros((rows, 1), np.uint8), lines]).tobytes()
    header = pack(">LLBBBBB", columns, rows, 8, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(raw, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">L", len(data)) + kind + data + pack(">L", zlib.crc32(kind + data))
