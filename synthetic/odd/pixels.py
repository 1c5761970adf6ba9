"""Odd pixels: shapes, depths, colours, frames and fragments (PS3.5 8, PS3.3 C.7.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import JPEGLosslessSV1, RLELossless

from stepwedge.synthetic.modules import item
from stepwedge.synthetic.odd.case import OddCase, Outcome, element, put

_SHAPE = ("Rows", "Columns", "PixelData")
_DEPTH = (
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData",
)  # fmt: skip
_COLOUR = ("PhotometricInterpretation", "PlanarConfiguration", "SamplesPerPixel", "PixelData")
_PALETTE = ("PhotometricInterpretation", "RedPaletteColorLookupTableDescriptor", "PixelData")
_PIXEL_DATA = int(Tag("PixelData"))
_SIDE = 16
_WIDEST = 65535  # Rows and Columns are US


def _pixels(dataset: Dataset, raw: bytes) -> None:
    vr = "OB" if dataset.BitsAllocated <= 8 else "OW"
    dataset.add_new(_PIXEL_DATA, vr, raw + b"\0" * (len(raw) % 2))


def _shaped(rows: int, columns: int, bits: int = 16) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        dataset.Rows, dataset.Columns = rows, columns
        size = rows * columns * bits // 8
        _pixels(dataset, (bytes(range(256)) * (size // 256 + 1))[:size])

    return change


def _grey(
    allocated: int, stored: int, *, signed: bool = False, photometric: str = "MONOCHROME2",
    high: int | None = None,
) -> Callable[[Dataset], None]:  # fmt: skip
    """A ramp over the whole range of `stored` bits."""

    def change(dataset: Dataset) -> None:
        if "PlanarConfiguration" in dataset:
            del dataset.PlanarConfiguration
        dataset.SamplesPerPixel = 1
        dataset.PhotometricInterpretation = photometric
        dataset.BitsAllocated, dataset.BitsStored = allocated, stored
        dataset.HighBit = stored - 1 if high is None else high
        dataset.PixelRepresentation = int(signed)
        count = dataset.Rows * dataset.Columns
        low = -(1 << (stored - 1)) if signed else 0
        ramp = low + (np.arange(count, dtype=np.int64) * ((1 << stored) - 1)) // (count - 1)
        if high is not None:
            ramp <<= high + 1 - stored
        _pixels(dataset, ramp.astype(f"<{'i' if signed else 'u'}{allocated // 8}").tobytes())

    return change


def _packed(dataset: Dataset) -> None:
    """Twelve bits allocated: two pixels in three bytes."""
    _grey(16, 12)(dataset)
    words = np.frombuffer(dataset.PixelData, "<u2").astype(np.uint32)
    pairs = words[::2] | words[1::2] << 12
    dataset.BitsAllocated = 12
    dataset.add_new(_PIXEL_DATA, "OW", b"".join(int(pair).to_bytes(3, "little") for pair in pairs))


def _palette(entries: int, bits: int, *, segmented: bool = False) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        _grey(8, 8, photometric="PALETTE COLOR")(dataset)
        descriptor = [entries % 65536, 0, bits]
        for number, colour in enumerate(("Red", "Green", "Blue")):
            name = f"{colour}PaletteColorLookupTable"
            put(dataset, f"{name}Descriptor", descriptor)
            top = (1 << bits) - 1
            table = np.linspace(0, top, entries)[:: -1 if number == 2 else 1]
            if segmented:
                # A discrete segment of one entry, a linear one over the rest (C.7.9.2).
                words = [0, 1, int(table[0]), 1, entries - 1, int(table[-1])]
                put(dataset, f"Segmented{name}Data", np.array(words, "<u2").tobytes())
            else:
                width = "<u1" if bits == 8 else "<u2"
                put(dataset, f"{name}Data", table.astype(width).tobytes())

    return change


def _colour(photometric: str, *, planar: int = 0, bytes_a_pixel: int = 3) -> Any:
    def change(dataset: Dataset) -> None:
        dataset.PhotometricInterpretation = photometric
        dataset.PlanarConfiguration = planar
        size = dataset.Rows * dataset.Columns * bytes_a_pixel
        _pixels(dataset, (bytes(range(0, 256, 3)) * (size // 80))[:size])

    return change


def _icon(dataset: Dataset) -> None:
    icon = item(
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", Rows=8, Columns=8,
        BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0,
    )  # fmt: skip
    icon.add_new(_PIXEL_DATA, "OB", bytes(range(64)))
    dataset.IconImageSequence = [icon]


def _overlay(dataset: Dataset) -> None:
    dataset.add_new(0x60000010, "US", _SIDE)
    dataset.add_new(0x60000011, "US", _SIDE)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", b"\x55\xaa" * (_SIDE * _SIDE // 16))


def _frames(count: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        put(dataset, "NumberOfFrames", count)

    return change


def _cut(size: int) -> Callable[[Dataset], None]:
    """Pixel data of another length than rows and columns make."""

    def change(dataset: Dataset) -> None:
        raw: bytes = dataset.PixelData
        _pixels(dataset, raw[:size] if size < len(raw) else raw + bytes(size - len(raw)))

    return change


def _without(dataset: Dataset) -> None:
    del dataset.PixelData


def _wrong_offsets(dataset: Dataset) -> None:
    """A Basic Offset Table whose second entry lies beyond the pixel data."""
    raw: bytes = dataset.PixelData
    dataset["PixelData"].value = raw[:12] + b"\xf0\xff\xff\x00" + raw[16:]


def _open_native(dataset: Dataset) -> list[tuple[int, bytes]]:
    raw = bytes(512)
    items = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0" + len(raw).to_bytes(4, "little") + raw
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    return [(_PIXEL_DATA, element(_PIXEL_DATA, "OB", items + end, length=0xFFFFFFFF))]


def _depths() -> tuple[OddCase, ...]:
    return tuple(
        OddCase(
            f"bits-{stored}-{'signed' if signed else 'unsigned'}", "PS3.5 8.1.1",
            f"Pixels have {stored} bits, {'signed' if signed else 'unsigned'}, in {allocated}.",
            about=_DEPTH, change=_grey(allocated, stored, signed=signed), iod="SC",
        )
        for allocated, stored in ((8, 8), (16, 12), (16, 16), (32, 32))
        for signed in (False, True)
    )  # fmt: skip


CASES: tuple[OddCase, ...] = (
    OddCase(
        "one-pixel", "PS3.3 C.7.6.3", "An image of one pixel.",
        about=_SHAPE, change=_shaped(1, 1),
    ),
    OddCase(
        "very-wide", "PS3.3 C.7.6.3", "An image of one row and 65,535 columns.",
        about=_SHAPE, change=_shaped(1, _WIDEST),
    ),
    OddCase(
        "very-tall", "PS3.3 C.7.6.3", "An image of 65,535 rows and one column.",
        about=_SHAPE, change=_shaped(_WIDEST, 1),
    ),
    OddCase(
        "odd-number-of-pixels", "PS3.5 8.1.1",
        "Nine pixels of one byte each, and a byte of padding.",
        about=_SHAPE, change=lambda d: (_grey(8, 8)(d), _shaped(3, 3, 8)(d))[1], iod="SC",
    ),
    OddCase(
        "bits-1-unsigned", "PS3.5 8.1.1", "Pixels have one bit, eight of them in a byte.",
        about=_DEPTH, iod="SEG",
    ),
    *_depths(),
    OddCase(
        "inverted-grey", "PS3.3 C.7.6.3.1.2", "The lowest value is white: MONOCHROME1.",
        about=("PhotometricInterpretation", "PixelData"),
        change=_grey(8, 8, photometric="MONOCHROME1"), iod="SC",
    ),
    OddCase(
        "palette-of-8-bits", "PS3.3 C.7.6.3.1.5", "A palette has 256 entries of 8 bits.",
        about=(*_PALETTE, "RedPaletteColorLookupTableData"), change=_palette(256, 8), iod="SC",
    ),
    OddCase(
        "palette-of-16-bits", "PS3.3 C.7.6.3.1.5",
        "A palette has 65,536 entries of 16 bits, a number that is written as 0.",
        about=(*_PALETTE, "RedPaletteColorLookupTableData"), change=_palette(65536, 16), iod="SC",
    ),
    OddCase(
        "segmented-palette", "PS3.3 C.7.9.2", "A palette is given in segments.",
        about=(*_PALETTE, "SegmentedRedPaletteColorLookupTableData"),
        change=_palette(256, 16, segmented=True), iod="SC",
    ),
    OddCase(
        "colour-by-plane", "PS3.3 C.7.6.3.1.3", "Colours are stored plane by plane.",
        about=_COLOUR, change=_colour("RGB", planar=1), iod="SC",
    ),
    OddCase(
        "ybr-full", "PS3.3 C.7.6.3.1.2", "Native pixels are luminance and chrominance.",
        about=_COLOUR, change=_colour("YBR_FULL"), iod="SC",
    ),
    OddCase(
        "ybr-full-422", "PS3.3 C.7.6.3.1.2",
        "Native pixels share their chrominance by two, which makes two bytes a pixel.",
        about=_COLOUR, change=_colour("YBR_FULL_422", bytes_a_pixel=2), iod="SC",
    ),
    OddCase(
        "icon-image", "PS3.3 C.7.6.1.1.6", "A sequence holds an icon with pixel data of its own.",
        about=("IconImageSequence", "PixelData"), change=_icon,
    ),
    OddCase(
        "overlay-plane", "PS3.3 C.9.2", "An overlay plane lies in a repeating group, 6000.",
        change=_overlay,
    ),
    OddCase(
        "frame-in-fragments", "PS3.5 8.2",
        "A frame is cut into three fragments, and the offset table is empty.",
        about=("PixelData",), transfer_syntax=JPEGLosslessSV1, layout="fragments-empty",
    ),
    OddCase(
        "extended-offset-table", "PS3.3 C.7.6.3.1.8", "Offsets of frames are given in 64 bits.",
        about=("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
        transfer_syntax=RLELossless, layout="extended",
    ),
    # What breaks a rule.
    OddCase(
        "high-bit-apart", "PS3.5 8.1.1", "Twelve bits are stored in the upper end of sixteen.",
        Outcome.MAY_REFUSE, change=_grey(16, 12, high=15), iod="SC",
    ),
    OddCase(
        "packed-pixels", "PS3.5 8.1.1", "Twelve bits are allocated: two pixels in three bytes.",
        Outcome.MAY_REFUSE, change=_packed, iod="SC",
    ),
    OddCase(
        "zero-frames", "PS3.3 C.7.6.6", "Number of Frames is 0.",
        Outcome.MAY_REFUSE, change=_frames("0"), iod="US multi-frame", frames=2,
    ),
    OddCase(
        "more-frames-than-there-are", "PS3.3 C.7.6.6", "Number of Frames is 2147483647.",
        Outcome.MAY_REFUSE, change=_frames("2147483647"), iod="US multi-frame", frames=2,
    ),
    OddCase(
        "no-pixel-data", "PS3.3 C.7.6.3", "An image has no Pixel Data.",
        Outcome.MAY_REFUSE, change=_without,
    ),
    OddCase(
        "empty-pixel-data", "PS3.3 C.7.6.3", "The Pixel Data is empty.",
        Outcome.MAY_REFUSE, change=_cut(0),
    ),
    OddCase(
        "short-pixel-data", "PS3.3 C.7.6.3", "The Pixel Data ends in the middle of the image.",
        Outcome.MAY_REFUSE, change=_cut(200),
    ),
    OddCase(
        "excess-pixel-data", "PS3.5 8.1.1", "The Pixel Data has kilobytes of padding.",
        Outcome.MAY_REFUSE, change=_cut(4096),
    ),
    OddCase(
        "open-native-pixel-data", "PS3.5 8.2",
        "The Pixel Data is in fragments, in a transfer syntax that has none.",
        Outcome.MAY_REFUSE, splices=_open_native,
    ),
    OddCase(
        "wrong-offset-table", "PS3.5 A.4", "The offset table points beyond the pixel data.",
        Outcome.MAY_REFUSE, change=_wrong_offsets, iod="US multi-frame", frames=2,
        transfer_syntax=RLELossless,
    ),
)  # fmt: skip
