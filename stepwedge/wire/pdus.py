"""The seven PDUs of the upper layer: PS3.8 §9.3, one frozen dataclass each.

`encode` writes a PDU exactly as the tables of §9.3 lay it out; `decode` reads one from its type
byte and its variable field.  Nothing here knows whether a PDU is allowed now: that is the state
machine's business.  `RawPDU` says anything at all, for checks that must.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, TypeAlias, TypeVar

from stepwedge.wire.errors import LocalProtocolError, Malformed
from stepwedge.wire.items import (
    AcceptedContext,
    ApplicationContext,
    Buffer,
    Item,
    MaximumLength,
    ProposedContext,
    UserInformation,
    UserItem,
    decode_items,
    text,
)

HEADER = struct.Struct(">BxI")  # PDU-type, reserved, PDU-length
HEADER_SIZE = 6
PDV_HEADER = struct.Struct(">IBB")  # item-length, presentation context id, message control header
PDV_OVERHEAD = 6

# Annex E.2: the message control header.
COMMAND = 0x01
LAST = 0x02

_ASSOCIATE = struct.Struct(">Hxx16s16s32s")
_FOUR = struct.Struct(">BBBB")
_RESERVED = bytes(32)

_I = TypeVar("_I")


def title(value: str) -> bytes:
    """An AE title as its 16-byte field (PS3.8 Table 9-11: padded with spaces).

    Raises LocalProtocolError when it is longer, or holds a character that has no byte.
    """
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raise LocalProtocolError(f"AE title {value!r} holds a character that has no byte") from None
    if len(raw) > 16:
        raise LocalProtocolError(f"AE title {value!r} is longer than 16 characters")
    return raw.ljust(16)


def _framed(kind: int, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body)) + body


@dataclass(frozen=True, slots=True)
class _Associate:
    """What A-ASSOCIATE-RQ and -AC have in common (PS3.8 Tables 9-11 and 9-17).

    AE titles keep leading spaces (not significant, yet exact) and lose the padding.  `reserved` is
    the field of 32 bytes that an -AC sends back as it came.
    """

    KIND: ClassVar[int] = 0

    called: str
    calling: str
    items: tuple[Item, ...]
    protocol_version: int = 1
    reserved: bytes = _RESERVED

    def encode(self) -> bytes:
        """The PDU's bytes."""
        head = _ASSOCIATE.pack(
            self.protocol_version, title(self.called), title(self.calling), self.reserved
        )
        return _framed(self.KIND, head + b"".join(item.encode() for item in self.items))

    def _of(self, kind: type[_I]) -> tuple[_I, ...]:
        return tuple(item for item in self.items if isinstance(item, kind))

    @property
    def application_context(self) -> str | None:
        """The application context name, None when the item is absent."""
        found = self._of(ApplicationContext)
        return found[0].name if found else None

    @property
    def user_items(self) -> tuple[UserItem, ...]:
        """All user information sub-items, in order."""
        return tuple(item for info in self._of(UserInformation) for item in info.items)

    def user(self, kind: type[_I]) -> _I | None:
        """The first user information sub-item of this class, or None."""
        for information in self.items:
            if isinstance(information, UserInformation):
                for item in information.items:
                    if isinstance(item, kind):
                        return item
        return None

    def users(self, kind: type[_I]) -> tuple[_I, ...]:
        """All user information sub-items of this class."""
        return tuple(item for item in self.user_items if isinstance(item, kind))

    @property
    def max_length(self) -> int | None:
        """The longest variable field of a P-DATA-TF that the sender takes (0: any)."""
        found = self.user(MaximumLength)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class AssociateRQ(_Associate):
    """A-ASSOCIATE-RQ (PS3.8 §9.3.2)."""

    KIND: ClassVar[int] = 0x01

    @property
    def contexts(self) -> tuple[ProposedContext, ...]:
        """The proposed presentation contexts, in order."""
        return self._of(ProposedContext)


@dataclass(frozen=True, slots=True)
class AssociateAC(_Associate):
    """A-ASSOCIATE-AC (PS3.8 §9.3.3)."""

    KIND: ClassVar[int] = 0x02

    @property
    def contexts(self) -> tuple[AcceptedContext, ...]:
        """The presentation contexts as answered, in order."""
        return self._of(AcceptedContext)


@dataclass(frozen=True, slots=True)
class AssociateRJ:
    """A-ASSOCIATE-RJ (PS3.8 §9.3.4)."""

    KIND: ClassVar[int] = 0x03

    result: int
    source: int
    reason: int

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return _framed(self.KIND, _FOUR.pack(0, self.result, self.source, self.reason))


@dataclass(frozen=True, slots=True)
class PDV:
    """A Presentation Data Value item (PS3.8 §9.3.5.1) with its message control header (Annex E.2).

    `control` keeps all eight bits; bits 2 to 7 are reserved.
    """

    context_id: int
    control: int
    data: Buffer

    @property
    def is_command(self) -> bool:
        """True for a fragment of a command set, False for one of a data set."""
        return bool(self.control & COMMAND)

    @property
    def is_last(self) -> bool:
        """True for the last fragment of its command set or data set."""
        return bool(self.control & LAST)

    def encode(self) -> bytes:
        """The item's bytes."""
        return PDV_HEADER.pack(len(self.data) + 2, self.context_id, self.control) + self.data


@dataclass(frozen=True, slots=True)
class PDataTF:
    """P-DATA-TF (PS3.8 §9.3.5)."""

    KIND: ClassVar[int] = 0x04

    pdvs: tuple[PDV, ...]

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return _framed(self.KIND, b"".join(pdv.encode() for pdv in self.pdvs))


@dataclass(frozen=True, slots=True)
class ReleaseRQ:
    """A-RELEASE-RQ (PS3.8 §9.3.6)."""

    KIND: ClassVar[int] = 0x05

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return _framed(self.KIND, bytes(4))


@dataclass(frozen=True, slots=True)
class ReleaseRP:
    """A-RELEASE-RP (PS3.8 §9.3.7)."""

    KIND: ClassVar[int] = 0x06

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return _framed(self.KIND, bytes(4))


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 §9.3.8)."""

    KIND: ClassVar[int] = 0x07

    source: int = 0
    reason: int = 0

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return _framed(self.KIND, _FOUR.pack(0, 0, self.source, self.reason))


@dataclass(frozen=True, slots=True)
class RawPDU:
    """Any bytes as a PDU; `length` is what the length field says when that is not the truth."""

    kind: int
    body: bytes
    length: int | None = None

    def encode(self) -> bytes:
        """The PDU's bytes."""
        return HEADER.pack(self.kind, len(self.body) if self.length is None else self.length) + (
            self.body
        )


PDU: TypeAlias = AssociateRQ | AssociateAC | AssociateRJ | PDataTF | ReleaseRQ | ReleaseRP | Abort

NAMES = {
    0x01: "A-ASSOCIATE-RQ",
    0x02: "A-ASSOCIATE-AC",
    0x03: "A-ASSOCIATE-RJ",
    0x04: "P-DATA-TF",
    0x05: "A-RELEASE-RQ",
    0x06: "A-RELEASE-RP",
    0x07: "A-ABORT",
}
# PDUs whose variable field has one length only.
FIXED_LENGTH = {0x03: 4, 0x05: 4, 0x06: 4, 0x07: 4}


def split_pdvs(body: memoryview) -> list[tuple[int, int, int, memoryview]]:
    """Splits the variable field of a P-DATA-TF into (offset, context id, control, data).

    The data are views, not copies.  Raises Malformed when there is no PDV, or a length is wrong.
    """
    found: list[tuple[int, int, int, memoryview]] = []
    at, end = 0, len(body)
    while at < end:
        if end - at < PDV_OVERHEAD:
            raise Malformed(f"a PDV needs at least 6 bytes but {end - at} are left", at)
        length, context_id, control = PDV_HEADER.unpack_from(body, at)
        stop = at + 4 + length
        if length < 2:
            raise Malformed(f"a PDV item length of {length} has no room for its header", at)
        if stop > end:
            raise Malformed(f"a PDV announces {length} bytes but {end - at - 4} are left", at)
        found.append((at, context_id, control, body[at + PDV_OVERHEAD : stop]))
        at = stop
    if not found:
        raise Malformed("a P-DATA-TF without a presentation data value")
    return found


# A server gives the same answer, and a client sends the same request, again and again.
_KNOWN = 64
_KNOWN_SIZE = 8192


def _decode_associate(kind: int, body: memoryview) -> AssociateRQ | AssociateAC:
    if len(body) < _ASSOCIATE.size:
        raise Malformed(f"{NAMES[kind]} of {len(body)} bytes has no room for its fixed fields")
    version, called, calling, reserved = _ASSOCIATE.unpack_from(body)
    try:
        items = decode_items(body[_ASSOCIATE.size :])
    except Malformed as error:
        raise error.moved(_ASSOCIATE.size) from None
    cls = AssociateRQ if kind == AssociateRQ.KIND else AssociateAC
    return cls(text(called).rstrip(" "), text(calling).rstrip(" "), items, version, reserved)


@lru_cache(_KNOWN)
def _decode_known(kind: int, body: bytes) -> AssociateRQ | AssociateAC:
    return _decode_associate(kind, memoryview(body))


def decode(kind: int, body: Buffer) -> PDU:
    """Reads a PDU from its type byte and its variable field (what follows the 6-byte header).

    Raises Malformed, whose offset counts from the beginning of the variable field.
    """
    view = memoryview(body)
    if kind == PDataTF.KIND:
        return PDataTF(
            tuple(
                PDV(context, control, bytes(data)) for _, context, control, data in split_pdvs(view)
            )
        )
    if kind in (AssociateRQ.KIND, AssociateAC.KIND):
        if len(view) > _KNOWN_SIZE:
            return _decode_associate(kind, view)
        return _decode_known(kind, bytes(view))
    wanted = FIXED_LENGTH.get(kind)
    if wanted is None:
        raise Malformed(f"PDU type {kind:02X}H is not one of 01H to 07H")
    if len(view) != wanted:
        raise Malformed(f"{NAMES[kind]} with a length of {len(view)}, not {wanted}")
    _, second, third, fourth = _FOUR.unpack(view)
    match kind:
        case AssociateRJ.KIND:
            return AssociateRJ(second, third, fourth)
        case ReleaseRQ.KIND:
            return ReleaseRQ()
        case ReleaseRP.KIND:
            return ReleaseRP()
        case _:
            return Abort(third, fourth)


def decode_stream(data: Buffer) -> Iterable[PDU]:
    """Reads whole PDUs one after another; raises Malformed when the last is cut short."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        if len(view) - at < HEADER_SIZE:
            raise Malformed("a PDU header is cut short", at)
        kind, length = HEADER.unpack_from(view, at)
        body = view[at + HEADER_SIZE : at + HEADER_SIZE + length]
        if len(body) < length:
            raise Malformed(f"a PDU announces {length} bytes but {len(body)} are left", at)
        try:
            yield decode(kind, body)
        except Malformed as error:
            raise error.moved(at + HEADER_SIZE) from None
        at += HEADER_SIZE + length
