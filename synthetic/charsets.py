"""Specific Character Set (0008,0005): text to bytes, strictly, with or without code extensions.

A single term names one repertoire and the text is encoded with it.  Several terms allow switching
by escape sequences (ISO/IEC 2022, PS3.5 6.1.2.5); the encoder here keeps what the decoder would
have in G0 and G1, announces a set just before the first character that needs it, and goes back to
the sets of value 1 before every delimiter, as PS3.5 6.1.2.5.3 asks.  Nothing is ever replaced: a
character that no term can say is a `CannotEncode`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from stepwedge.errors import UsageError

# Before these the sets of value 1 must be active again (PS3.5 6.1.2.5.3); in a Person Name the
# delimiters of components and component groups count too.
_TEXT_DELIMITERS = frozenset("\\\t\n\f\r")
_NAME_DELIMITERS = _TEXT_DELIMITERS | frozenset("^=")

_G0_ASCII = b"\x1b(B"
_G0_ROMAJI = b"\x1b(J"


class CannotEncode(UsageError):
    """A text holds a character that its Specific Character Set cannot say."""


def _single_byte(codec: str) -> Callable[[str], bytes | None]:
    """Bytes 80H and up of an 8-bit codec: the right half, that is designated to G1."""

    def encode(character: str) -> bytes | None:
        try:
            raw = character.encode(codec)
        except UnicodeEncodeError:
            return None
        return raw if len(raw) == 1 and raw[0] >= 0x80 else None

    return encode


def _double_byte(codec: str, lead: int, *, seven_bit: bool) -> Callable[[str], bytes | None]:
    """Two bytes of a 94x94 set, from an EUC codec that writes `lead` bytes more in front."""

    def encode(character: str) -> bytes | None:
        try:
            raw = character.encode(codec)
        except UnicodeEncodeError:
            return None
        if len(raw) != lead + 2 or min(raw) < 0x80 or (lead and raw[0] != 0x8F):
            return None
        if not lead and raw[0] in (0x8E, 0x8F):
            return None  # a single shift: half-width katakana, which belongs to another set
        return bytes(byte & 0x7F for byte in raw) if seven_bit else raw

    return encode


def _katakana(character: str) -> bytes | None:
    """JIS X 0201 half-width katakana: one byte, A1H to DFH."""
    point = ord(character)
    return bytes([point - 0xFF61 + 0xA1]) if 0xFF61 <= point <= 0xFF9F else None


@dataclass(frozen=True)
class _Set:
    """A code element: where it is designated to, how it is announced, how it says a character."""

    g: int
    escape: bytes
    encode: Callable[[str], bytes | None]


def _g1(final: bytes, codec: str) -> tuple[_Set, ...]:
    return (_Set(1, b"\x1b-" + final, _single_byte(codec)),)


# Defined terms with code extensions: PS3.3 Tables C.12-3 and C.12-4.
_SETS: dict[str, tuple[_Set, ...]] = {
    "ISO 2022 IR 6": (),
    "ISO 2022 IR 100": _g1(b"A", "iso8859_1"),
    "ISO 2022 IR 101": _g1(b"B", "iso8859_2"),
    "ISO 2022 IR 109": _g1(b"C", "iso8859_3"),
    "ISO 2022 IR 110": _g1(b"D", "iso8859_4"),
    "ISO 2022 IR 144": _g1(b"L", "iso8859_5"),
    "ISO 2022 IR 127": _g1(b"G", "iso8859_6"),
    "ISO 2022 IR 126": _g1(b"F", "iso8859_7"),
    "ISO 2022 IR 138": _g1(b"H", "iso8859_8"),
    "ISO 2022 IR 148": _g1(b"M", "iso8859_9"),
    "ISO 2022 IR 203": _g1(b"b", "iso8859_15"),
    "ISO 2022 IR 166": _g1(b"T", "tis_620"),
    "ISO 2022 IR 13": (_Set(1, b"\x1b)I", _katakana),),
    "ISO 2022 IR 87": (_Set(0, b"\x1b$B", _double_byte("euc_jp", 0, seven_bit=True)),),
    "ISO 2022 IR 159": (_Set(0, b"\x1b$(D", _double_byte("euc_jp", 1, seven_bit=True)),),
    "ISO 2022 IR 149": (_Set(1, b"\x1b$)C", _double_byte("euc_kr", 0, seven_bit=False)),),
    "ISO 2022 IR 58": (_Set(1, b"\x1b$)A", _double_byte("gb2312", 0, seven_bit=False)),),
}

# Defined terms without code extensions: PS3.3 Tables C.12-2 and C.12-5.
_PLAIN: dict[str, str] = {
    "": "ascii",
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "iso8859_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 203": "iso8859_15",
    "ISO_IR 166": "tis_620",
    "ISO_IR 13": "",  # by hand: no Python codec is JIS X 0201 and nothing more
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}


class CharacterSet:
    """One value of Specific Character Set (0008,0005), in the order in which it is sent.

    `terms` are the defined terms; an empty first term stands for ISO 646, the default repertoire.
    Raises `UsageError` for a term that PS3.3 C.12.1.1.2 does not define, or that cannot stand
    where it stands.
    """

    def __init__(self, *terms: str) -> None:
        self.terms = terms or ("",)
        known = _SETS.keys() | (_PLAIN.keys() if len(self.terms) == 1 else {""})
        for position, term in enumerate(self.terms):
            if term not in known or (position and not term):
                raise UsageError(
                    f"Specific Character Set {chr(92).join(self.terms)!r}: "
                    f"{term!r} is not a defined term here",
                    f"use one of: {', '.join(sorted(known - {''}))} (PS3.3 C.12.1.1.2)",
                )

    def __repr__(self) -> str:
        return f"CharacterSet({', '.join(map(repr, self.terms))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CharacterSet) and other.terms == self.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    @property
    def value(self) -> list[str] | str | None:
        """The value of (0008,0005) as pydicom takes it; None when the attribute is left out."""
        if self.terms == ("",):
            return None
        return self.terms[0] if len(self.terms) == 1 else list(self.terms)

    def encode(self, text: str, *, name: bool = False) -> bytes:
        """`text` in bytes, without padding; `name` is true for a value of VR PN.

        Raises `CannotEncode` when a character has no place in the repertoire.
        """
        if text.isascii() and self.terms[0] not in ("ISO_IR 13", "ISO 2022 IR 13"):
            return text.encode("ascii")
        if len(self.terms) == 1 and self.terms[0] in _PLAIN and _PLAIN[self.terms[0]]:
            try:
                return text.encode(_PLAIN[self.terms[0]])
            except UnicodeEncodeError as problem:
                raise self._cannot(text, text[problem.start]) from None
        return self._with_extensions(text, _NAME_DELIMITERS if name else _TEXT_DELIMITERS)

    def can_encode(self, text: str, *, name: bool = False) -> bool:
        """True when `encode` would not raise."""
        try:
            self.encode(text, name=name)
        except CannotEncode:
            return False
        return True

    def _cannot(self, text: str, character: str) -> CannotEncode:
        terms = "\\".join(self.terms) or "the default repertoire"
        return CannotEncode(
            f"{text!r} cannot be encoded in {terms}: it has no {character!r}",
            "choose a character set that holds the text, such as ISO_IR 192",
        )

    def _with_extensions(self, text: str, delimiters: frozenset[str]) -> bytes:
        romaji = self.terms[0] in ("ISO_IR 13", "ISO 2022 IR 13")
        home_g0 = _G0_ROMAJI if romaji else _G0_ASCII
        first = _SETS.get(self.terms[0].replace("ISO_IR", "ISO 2022 IR"), ())
        home_g1 = first[0] if first and first[0].g == 1 else None
        sets = [element for term in self.terms for element in _sets_of(term)]
        out = bytearray()
        g0, g1 = home_g0, home_g1
        for character in text:
            if character in delimiters:
                if g0 != home_g0:
                    out += home_g0
                g0, g1 = home_g0, home_g1
                out += b"\\" if character == "\\" else character.encode("ascii")
                continue
            if character.isascii():
                # In JIS X 0201 5CH is the yen sign and 7EH the overline: no tilde, no backslash.
                if romaji and character == "~":
                    raise self._cannot(text, character)
                if g0 != home_g0:
                    out += home_g0
                    g0 = home_g0
                out += character.encode("ascii")
                continue
            for element in sets:
                raw = element.encode(character)
                if raw is None:
                    continue
                if element.g == 0 and g0 != element.escape:
                    out += element.escape
                    g0 = element.escape
                elif element.g == 1 and g1 is not element:
                    out += element.escape
                    g1 = element
                out += raw
                break
            else:
                raise self._cannot(text, character)
        if g0 != home_g0:
            out += home_g0
        return bytes(out)


@cache
def _sets_of(term: str) -> tuple[_Set, ...]:
    return _SETS.get(term.replace("ISO_IR", "ISO 2022 IR"), ())


DEFAULT = CharacterSet()
LATIN_1 = CharacterSet("ISO_IR 100")
UTF_8 = CharacterSet("ISO_IR 192")
