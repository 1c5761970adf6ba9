"""A data set to bytes: strict text, no copy of pixels, lengths as the data set asks for them.

pydicom holds the values; the bytes are laid down here (PS3.5 7).  Its own writer replaces what a
character set cannot say and writes some repertoires wrongly, and it copies pixel data several
times.  Text goes through `CharacterSet.encode` instead, and large values are passed on by
reference.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from struct import Struct
from typing import Any

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import correct_ambiguous_vr_element, write_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from stepwedge.synthetic.charsets import CharacterSet

PREAMBLE = bytes(128) + b"DICM"  # PS3.10 7.1
UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010

Part = bytes | bytearray | memoryview

# PS3.5 6.1.2.3: the VRs whose repertoire Specific Character Set extends or replaces.
_TEXT = frozenset({"SH", "LO", "ST", "PN", "LT", "UC", "UT"})
# Strings of the default repertoire, and what pads them to even length (PS3.5 6.2).
_STRING_PADDING = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UR"), b" "),
    "UI": b"\0",
}
_BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
# The data set holds these in little endian, whatever it will be written in (PS3.5 6.2, 7.3).
_WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_NUMBERS = {
    "US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d", "UV": "Q", "SV": "q",
}  # fmt: skip
# PS3.5 7.1.2: these have two reserved bytes and a length of four.
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})


class _Writer:
    """Lays down elements in one byte order, with explicit or implicit VR."""

    def __init__(self, *, little: bool, implicit: bool) -> None:
        order = "<" if little else ">"
        self.little, self.implicit = little, implicit
        self.tag = Struct(order + "HH").pack
        self.short = Struct(order + "H").pack
        self.long = Struct(order + "L").pack
        self.number: dict[str, Callable[..., bytes]] = {
            vr: Struct(order + form).pack for vr, form in _NUMBERS.items()
        }
        self.parts: list[Part] = []
        self.pixels_at: int | None = None  # which part is the value of the pixel data

    def dataset(self, dataset: Dataset, inherited: CharacterSet) -> None:
        """All elements of `dataset` in ascending order of tags; items inherit the character set."""
        charset = character_set_of(dataset, inherited)
        # By plain integers: comparing pydicom's tags costs as much as encoding the values.
        for element in sorted(dataset.values(), key=_order):
            decoded = element if isinstance(element, DataElement) else dataset[element.tag]
            self.element(dataset, decoded, charset)

    def element(self, dataset: Dataset, element: DataElement, charset: CharacterSet) -> None:
        """One element with its header."""
        vr = str(element.VR)
        if len(vr) != 2:  # "US or SS": what it is depends on other elements
            copy = DataElement(element.tag, element.VR, element.value)
            element = correct_ambiguous_vr_element(copy, dataset, self.little)
            vr = str(element.VR)
        if vr == "SQ":
            self.sequence(element, charset)
            return
        value = self.value(element, vr, charset)
        encapsulated = element.is_undefined_length and element.tag == PIXEL_DATA
        self.header(element.tag, vr, UNDEFINED if encapsulated else len(value))
        if element.tag == PIXEL_DATA:
            self.pixels_at = len(self.parts)
        self.parts.append(value)
        if encapsulated:
            self.parts.append(self.tag(0xFFFE, 0xE0DD) + bytes(4))

    def header(self, tag: int, vr: str, length: int) -> None:
        """Tag, VR and length of an element (PS3.5 7.1).

        A value too long for a length of two bytes becomes UN (PS3.5 6.2.2).
        """
        out = self.tag(tag >> 16, tag & 0xFFFF)
        if self.implicit:
            out += self.long(length)
        elif vr in _LONG or length > 0xFFFE:
            out += (vr if vr in _LONG else "UN").encode() + b"\0\0" + self.long(length)
        else:
            out += vr.encode() + self.short(length)
        self.parts.append(out)

    def value(self, element: DataElement, vr: str, charset: CharacterSet) -> Part:
        """The value field, padded to even length."""
        value: Any = element.value
        if vr in _BYTES:
            if value is None or len(value) == 0:
                return b""
            if not self.little and vr in _WORDS:
                return _swapped(value, _WORDS[vr])
            return value if len(value) % 2 == 0 else bytes(value) + b"\0"
        if element.is_empty:
            return b""
        values = [value] if element.VM <= 1 else list(value)
        if vr in _TEXT:
            raw = b"\\".join(
                part if isinstance(part, bytes) else charset.encode(str(part), name=vr == "PN")
                for part in values
            )
            return raw + b" " * (len(raw) % 2)
        if vr in _STRING_PADDING:
            raw = "\\".join(_string(part) for part in values).encode("ascii")
            return raw + _STRING_PADDING[vr] * (len(raw) % 2)
        if vr == "AT":
            return b"".join(self.tag(int(tag) >> 16, int(tag) & 0xFFFF) for tag in values)
        pack = self.number[vr]
        return b"".join(pack(number) for number in values)

    def sequence(self, element: DataElement, charset: CharacterSet) -> None:
        """A sequence and its items, each with defined or undefined length (PS3.5 7.5)."""
        outer, self.parts = self.parts, []
        for item in element.value:
            self.item(item, charset)
        inner, self.parts = self.parts, outer
        undefined = element.is_undefined_length
        self.header(element.tag, "SQ", UNDEFINED if undefined else sum(map(len, inner)))
        self.parts += inner
        if undefined:
            self.parts.append(self.tag(0xFFFE, 0xE0DD) + bytes(4))

    def item(self, item: Dataset, charset: CharacterSet) -> None:
        """One item of a sequence."""
        outer, self.parts = self.parts, []
        self.dataset(item, charset)
        inner, self.parts = self.parts, outer
        self.pixels_at = None  # an icon's, if any: not those of the data set
        undefined = getattr(item, "is_undefined_length_sequence_item", False)
        length = UNDEFINED if undefined else sum(map(len, inner))
        self.parts.append(self.tag(0xFFFE, 0xE000) + self.long(length))
        self.parts += inner
        if undefined:
            self.parts.append(self.tag(0xFFFE, 0xE00D) + bytes(4))


def _order(element: Any) -> int:
    return int(element.tag)


def _string(value: Any) -> str:
    """A string value as it was given: IS and DS keep their original text."""
    return str(getattr(value, "original_string", None) or value)


def _swapped(value: bytes, width: int) -> bytes:
    """Words of `width` bytes in the other byte order."""
    return np.frombuffer(value, dtype=f"<u{width}").astype(f">u{width}").tobytes()


def character_set_of(dataset: Dataset, inherited: CharacterSet) -> CharacterSet:
    """The character set that holds within `dataset` (items inherit it, PS3.5 7.5.3)."""
    value = dataset.get("SpecificCharacterSet")
    if value is None:
        return inherited
    if isinstance(value, str):
        return CharacterSet(value)
    return CharacterSet(*map(str, value))


def encode_parts(dataset: Dataset, transfer_syntax: str) -> list[Part]:
    """The bytes of `dataset` in pieces, whose concatenation is the data set.

    Pixel data and other large values are pieces of their own and are not copied.  Raises
    `CannotEncode` when a text does not fit into the data set's character set.
    """
    syntax = UID(transfer_syntax)
    writer = _Writer(little=bool(syntax.is_little_endian), implicit=bool(syntax.is_implicit_VR))
    writer.dataset(dataset, CharacterSet())
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        # RFC 1951 without the zlib header, padded to even length (PS3.5 A.5).
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        raw = packer.compress(b"".join(writer.parts)) + packer.flush()
        return [raw + b"\0" * (len(raw) % 2)]
    return writer.parts


def encode_split(dataset: Dataset, transfer_syntax: str) -> tuple[bytes, memoryview]:
    """The encoded data set in two: up to the value of its pixel data, and from there on.

    Where pixel data is the last element, which is the rule, it is not copied.  Not for the deflated
    transfer syntax, whose bytes have no parts.
    """
    syntax = UID(transfer_syntax)
    writer = _Writer(little=bool(syntax.is_little_endian), implicit=bool(syntax.is_implicit_VR))
    writer.dataset(dataset, CharacterSet())
    if writer.pixels_at is None:
        return b"".join(writer.parts), memoryview(b"")
    rest = writer.parts[writer.pixels_at :]
    header = b"".join(writer.parts[: writer.pixels_at])
    return header, memoryview(rest[0] if len(rest) == 1 else b"".join(rest))


def encode_dataset(dataset: Dataset, transfer_syntax: str) -> bytes:
    """The bytes of `dataset` in `transfer_syntax`, without preamble and File Meta Information.

    Raises `CannotEncode` when a text does not fit into the data set's character set.
    """
    return b"".join(encode_parts(dataset, transfer_syntax))


def encode_file(meta: FileMetaDataset, encoded: bytes) -> bytes:
    """A Part 10 file: preamble, File Meta Information and a data set that is already encoded."""
    stream = BytesIO()
    stream.write(PREAMBLE)
    write_file_meta_info(stream, meta, enforce_standard=True)
    stream.write(encoded)
    return stream.getvalue()
