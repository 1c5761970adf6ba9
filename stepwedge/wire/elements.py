"""The elements of a data set as they lie in its bytes, for showing: tolerant, with offsets.

pydicom reads data sets; this module looks at them.  It never raises: what cannot be read is said
where it stands, and what was readable before it is shown.  Bounded in depth, in number, and in how
much of a value is turned into text.
"""

from __future__ import annotations

import struct

import msgspec
from pydicom import charset, config
from pydicom.datadict import dictionary_description, dictionary_VR
from pydicom.uid import UID

from stepwedge.wire.items import Buffer, text

MAX_ELEMENTS = 400
MAX_DEPTH = 8
SHOWN_TEXT = 200  # characters of a value

_LONG = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
_BINARY = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
_CHARSET_VRS = frozenset(["LO", "LT", "PN", "SH", "ST", "UC", "UT"])
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that stands in the bytes, with what stands inside it.

    `name` is the standard's, with the tag for an element: `Status (0000,0900)`.  `offset` counts
    from the beginning of this direction's stream and is None where the bytes are not in one piece.
    """

    name: str
    value: str = ""
    vr: str = ""
    offset: int | None = None
    length: int = 0
    problem: str = ""
    fields: list[Field] = []


def uid_text(uid: str) -> str:
    """A UID with its name where the dictionary has one."""
    clean = uid.rstrip("\0 ")
    name = UID(clean, config.IGNORE).name if clean else ""
    return f"{clean} ({name})" if name and name != clean else clean


def tag_text(tag: int) -> str:
    """A tag as it is written."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def element_name(tag: int) -> str:
    """An element's name and tag."""
    try:
        return f"{dictionary_description(tag)} {tag_text(tag)}"
    except KeyError:
        return f"{'Private' if tag >> 16 & 1 else 'Unknown'} {tag_text(tag)}"


class _Walk:
    def __init__(self, data: memoryview, explicit: bool, little: bool, cut: bool) -> None:
        self.data = data
        self.explicit = explicit
        self.order = "<" if little else ">"
        self.cut = cut
        self.count = 0
        self.encodings: list[str] = ["iso8859"]

    def header(self, at: int, end: int) -> tuple[int, str, int, int]:
        """(tag, VR, length, offset of the value) at `at`; ValueError says why there is none."""
        if end - at < 8:
            raise ValueError(f"an element needs 8 bytes but {end - at} are left")
        group, number, length = struct.unpack_from(self.order + "HHI", self.data, at)
        tag = group << 16 | number
        if group == 0xFFFE:
            return tag, "", length, at + 8
        if not self.explicit:
            return tag, _vr_of(tag), length, at + 8
        vr = text(self.data[at + 4 : at + 6])
        if not (vr.isascii() and vr.isalpha() and vr.isupper()):
            raise ValueError(f"{tag_text(tag)} has no VR: {vr.encode('latin-1').hex(' ')}")
        if vr not in _LONG:
            return tag, vr, struct.unpack_from(self.order + "H", self.data, at + 6)[0], at + 8
        if end - at < 12:
            raise ValueError(f"{tag_text(tag)} is cut short")
        return tag, vr, struct.unpack_from(self.order + "I", self.data, at + 8)[0], at + 12

    def elements(self, at: int, end: int, depth: int, stop: int) -> tuple[list[Field], int]:
        """The elements from `at` on, until `end` or the delimiter `stop`; and where that was."""
        fields: list[Field] = []
        while at < end:
            if self.count >= MAX_ELEMENTS:
                fields.append(Field("…", f"{end - at} more bytes are not shown", offset=at))
                return fields, end
            self.count += 1
            try:
                tag, vr, length, value = self.header(at, end)
            except ValueError as error:
                fields.append(self.broken(at, end, str(error)))
                return fields, end
            if stop and tag == stop:
                return fields, value
            field, at = self.element(tag, vr, length, at, value, end, depth)
            fields.append(field)
            if field.problem:
                return fields, end
        return fields, at

    def broken(self, at: int, end: int, problem: str) -> Field:
        """What cannot be read: a problem, unless it is only that the rest was not kept."""
        if self.cut and end == len(self.data):
            return Field("…", "not decoded further", offset=at, length=end - at)
        return Field("?", offset=at, length=end - at, problem=problem)

    def element(
        self, tag: int, vr: str, length: int, at: int, value: int, end: int, depth: int
    ) -> tuple[Field, int]:
        name = element_name(tag)
        undefined = length == _UNDEFINED
        sequence = vr == "SQ" or (undefined and vr in ("UN", ""))
        if not undefined and length > end - value:
            problem = "" if self.cut else f"announces {length} bytes but {end - value} are left"
            shown = f"{length} bytes" if self.cut else ""
            return Field(name, shown, vr, at, end - at, problem), end
        if sequence or undefined:
            if depth >= MAX_DEPTH:
                return Field(name, "nested too deeply to be shown", vr, at, end - at), end
            items, stop = self.items(value, end if undefined else value + length, depth)
            shown = f"{len(items)} item{'' if len(items) == 1 else 's'}"
            return Field(name, shown, vr, at, stop - at, fields=items), stop
        raw = self.data[value : value + length]
        if tag == 0x00080005:
            self.encodings = _encodings(bytes(raw))
        return Field(name, self.show(vr, raw), vr, at, value + length - at), value + length

    def items(self, at: int, end: int, depth: int) -> tuple[list[Field], int]:
        """The items of a sequence, or the fragments of encapsulated pixel data."""
        items: list[Field] = []
        while at < end:
            try:
                tag, _, length, value = self.header(at, end)
            except ValueError as error:
                items.append(self.broken(at, end, str(error)))
                return items, end
            if tag == _SEQUENCE_END:
                return items, value
            if tag != _ITEM:
                problem = f"{tag_text(tag)} where an item should begin"
                items.append(Field("?", offset=at, length=end - at, problem=problem))
                return items, end
            if length != _UNDEFINED and length > end - value and not self.cut:
                problem = f"announces {length} bytes but {end - value} are left"
                items.append(Field("Item", offset=at, length=end - at, problem=problem))
                return items, end
            limit = end if length == _UNDEFINED else min(end, value + length)
            fields, stop = self.elements(
                value, limit, depth + 1, _ITEM_END if length == _UNDEFINED else 0
            )
            items.append(Field("Item", offset=at, length=stop - at, fields=fields))
            at = stop
        return items, at

    def show(self, vr: str, raw: memoryview) -> str:
        code = _NUMBERS.get(vr)
        if code is not None and len(raw) % struct.calcsize(code) == 0:
            count = len(raw) // struct.calcsize(code)
            if count > 16:
                return f"{count} values"
            return "\\".join(map(str, struct.unpack(f"{self.order}{count}{code}", raw)))
        if vr == "AT" and len(raw) % 4 == 0:
            pairs = struct.iter_unpack(self.order + "HH", raw[:64])
            return "\\".join(tag_text(group << 16 | number) for group, number in pairs)
        if vr in _BINARY or not vr:
            return f"{len(raw)} bytes" if len(raw) > 16 else bytes(raw).hex(" ")
        plain = bytes(raw[: 4 * SHOWN_TEXT])
        if vr == "UI":
            return "\\".join(uid_text(uid) for uid in text(plain).split("\\"))
        shown = _decoded(plain, self.encodings) if vr in _CHARSET_VRS else text(plain)
        shown = shown.rstrip("\0 ")
        return shown if len(shown) <= SHOWN_TEXT else shown[:SHOWN_TEXT] + "…"


def _vr_of(tag: int) -> str:
    if tag & 0xFFFF == 0:
        return "UL"
    try:
        return str(dictionary_VR(tag)).split(" ")[0]
    except KeyError:
        return "UN"


def _encodings(raw: bytes) -> list[str]:
    terms = [term.strip() for term in text(raw).rstrip("\0 ").split("\\")]
    known = [term for term in terms if term in charset.python_encoding]
    return [charset.python_encoding[term] for term in known] or ["iso8859"]


def _decoded(raw: bytes, encodings: list[str]) -> str:
    if b"\x1b" in raw and len(encodings) > 1:
        try:
            return str(charset.decode_bytes(raw, encodings, set("\\^=\r\n\f")))
        except (LookupError, UnicodeError):
            return text(raw)
    return raw.decode(encodings[0], errors="replace")


def look(
    data: Buffer, *, explicit: bool, little: bool = True, complete: bool = True
) -> list[Field]:
    """The elements of a data set, offsets from its first byte; never raises.

    `complete` is False when only the beginning of the data set is there: what then runs over the
    end is not a problem.
    """
    view = memoryview(data).cast("B")
    fields, _ = _Walk(view, explicit, little, not complete).elements(0, len(view), 0, 0)
    return fields
