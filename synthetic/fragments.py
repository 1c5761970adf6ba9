"""Encapsulated pixel data: fragments and the tables that say where frames begin (PS3.5 A.4).

A layout is data: whether the Basic Offset Table has entries, whether there is an Extended Offset
Table, and into how many fragments a frame is cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack

from pydicom.dataset import Dataset

_ITEM = b"\xfe\xff\x00\xe0"


@dataclass(frozen=True)
class Layout:
    """How encoded frames are laid out; `fragments` is the number of fragments a frame."""

    basic: bool = True
    extended: bool = False
    fragments: int = 1


# PS3.5 A.4: an Extended Offset Table asks for an empty Basic Offset Table and one fragment a frame.
LAYOUTS: dict[str, Layout] = {
    "basic": Layout(),
    "empty": Layout(basic=False),
    "extended": Layout(basic=False, extended=True),
    "fragments": Layout(fragments=3),
    "fragments-empty": Layout(basic=False, fragments=3),
}


def encapsulate(dataset: Dataset, frames: list[bytes], layout: Layout) -> None:
    """Puts encoded `frames` into the Pixel Data of `dataset`, without the closing delimiter."""
    items: list[bytes] = []
    offsets, lengths = [], []
    at = 0
    for frame in frames:
        offsets.append(at)
        lengths.append(len(frame))
        for fragment in _cut(frame, layout.fragments):
            items.append(_ITEM + pack("<L", len(fragment)) + fragment)
            at += len(items[-1])
    table = pack(f"<{len(offsets)}L", *offsets) if layout.basic else b""
    element = dataset["PixelData"]
    element.VR = "OB"
    element.value = b"".join([_ITEM + pack("<L", len(table)) + table, *items])
    element.is_undefined_length = True
    if layout.extended:
        # PS3.3 C.7.6.3.1.8: offsets and lengths of 64 bits; the length leaves out the padding.
        dataset.ExtendedOffsetTable = pack(f"<{len(offsets)}Q", *offsets)
        dataset.ExtendedOffsetTableLengths = pack(f"<{len(lengths)}Q", *lengths)


def _cut(frame: bytes, fragments: int) -> list[bytes]:
    """`frame` in at most that many pieces of even length."""
    frame += b"\0" * (len(frame) % 2)
    size = -(-len(frame) // fragments)
    size += size % 2
    return [frame[at : at + size] for at in range(0, len(frame), size)] or [b""]
