"""The items inside A-ASSOCIATE PDUs: PS3.8 §9.3.2, §9.3.3 and Annex D; PS3.7 Annex D.3.3.

Each item is a frozen dataclass that knows its type byte, encodes itself exactly, and is read back
by `decode_items`.  Decoding is strict about lengths and lenient about what the standard leaves to
the receiver: an unknown item becomes a `RawItem` and is kept, in order.  Encoding checks only what
cannot be written down at all, because robustness checks use it to say what nobody should say; for
a wrong length or an unknown type there is `RawItem`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from stepwedge.wire.errors import LocalProtocolError, Malformed

Buffer: TypeAlias = bytes | bytearray | memoryview

_HEADER = struct.Struct(">BxH")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")

DICOM_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"


def text(data: Buffer) -> str:
    """Bytes of a name or UID as text, one character a byte, so that nothing is lost."""
    return bytes(data).decode("latin-1")


def _octets(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise LocalProtocolError(f"{value!r} holds a character that has no byte") from None


def _counted(value: bytes) -> bytes:
    if len(value) > 0xFFFF:
        raise LocalProtocolError(f"a field of {len(value)} bytes is longer than its length can say")
    return _U16.pack(len(value)) + value


def _framed(kind: int, body: bytes) -> bytes:
    if len(body) > 0xFFFF:
        raise LocalProtocolError(
            f"an item of type {kind:02X}H with {len(body)} bytes is longer than its length can say"
        )
    return _HEADER.pack(kind, len(body)) + body


def _number(field: str, value: int, limit: int) -> int:
    if not 0 <= value <= limit:
        raise LocalProtocolError(f"{field} {value} is not within 0 … {limit}")
    return value


class _Reader:
    """A bounded walk over an item's body: every read that runs over raises Malformed."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int(_U16.unpack(self.take(2))[0])

    def take(self, size: int) -> memoryview:
        end = self._at + size
        if end > len(self._data):
            raise Malformed(
                f"{size} bytes are announced but {len(self._data) - self._at} are left", self._at
            )
        part = self._data[self._at : end]
        self._at = end
        return part

    def counted(self) -> memoryview:
        return self.take(self.u16())

    def rest(self) -> memoryview:
        return self.take(len(self._data) - self._at)

    def done(self) -> None:
        left = len(self._data) - self._at
        if left:
            raise Malformed(f"{left} bytes are left over at the end", self._at)


@dataclass(frozen=True, slots=True)
class RawItem:
    """Any item by its bytes: unknown ones as received, wrong ones as a check wants them sent.

    `length` is what the length field says, when that shall differ from the truth.
    """

    kind: int
    body: bytes
    length: int | None = None

    def encode(self) -> bytes:
        """The item's bytes."""
        length = len(self.body) if self.length is None else self.length
        return _HEADER.pack(
            _number("item type", self.kind, 0xFF), _number("item length", length, 0xFFFF)
        ) + bytes(self.body)


@dataclass(frozen=True, slots=True)
class ApplicationContext:
    """Application Context Item (PS3.8 §9.3.2.1)."""

    KIND: ClassVar[int] = 0x10

    name: str = DICOM_APPLICATION_CONTEXT

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _octets(self.name))

    @classmethod
    def decode(cls, body: memoryview) -> ApplicationContext:
        """Reads the item's body."""
        return cls(text(body))


_ABSTRACT_SYNTAX = 0x30
_TRANSFER_SYNTAX = 0x40


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """Presentation Context Item of an A-ASSOCIATE-RQ (PS3.8 §9.3.2.2)."""

    KIND: ClassVar[int] = 0x20

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]

    def encode(self) -> bytes:
        """The item's bytes."""
        parts = [bytes((_number("presentation context id", self.id, 0xFF), 0, 0, 0))]
        parts.append(_framed(_ABSTRACT_SYNTAX, _octets(self.abstract_syntax)))
        parts += [_framed(_TRANSFER_SYNTAX, _octets(uid)) for uid in self.transfer_syntaxes]
        return _framed(self.KIND, b"".join(parts))

    @classmethod
    def decode(cls, body: memoryview) -> ProposedContext:
        """Reads the item's body: one abstract syntax and at least one transfer syntax."""
        reader = _Reader(body)
        identifier = reader.take(4)[0]
        abstract: list[str] = []
        transfer: list[str] = []
        for offset, kind, value in walk(reader.rest()):
            if kind == _ABSTRACT_SYNTAX:
                abstract.append(text(value))
            elif kind == _TRANSFER_SYNTAX:
                transfer.append(text(value))
            else:
                raise Malformed(
                    f"sub-item {kind:02X}H has no place in a presentation context", offset + 4
                )
        if len(abstract) != 1 or not transfer:
            raise Malformed(
                f"presentation context {identifier} has {len(abstract)} abstract and "
                f"{len(transfer)} transfer syntaxes, not one and at least one"
            )
        return cls(identifier, abstract[0], tuple(transfer))


# PS3.8 Table 9-18: Result/Reason of a presentation context in the A-ASSOCIATE-AC.
CONTEXT_RESULTS = {
    0: "acceptance",
    1: "user-rejection",
    2: "no-reason (provider rejection)",
    3: "abstract-syntax-not-supported (provider rejection)",
    4: "transfer-syntaxes-not-supported (provider rejection)",
}


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """Presentation Context Item of an A-ASSOCIATE-AC (PS3.8 §9.3.3.2).

    The transfer syntax is not significant unless `result` is 0; None when the sub-item is absent.
    """

    KIND: ClassVar[int] = 0x21

    id: int
    result: int
    transfer_syntax: str | None = None

    def encode(self) -> bytes:
        """The item's bytes."""
        body = bytes(
            (
                _number("presentation context id", self.id, 0xFF),
                0,
                _number("result", self.result, 255),
                0,
            )
        )
        if self.transfer_syntax is not None:
            body += _framed(_TRANSFER_SYNTAX, _octets(self.transfer_syntax))
        return _framed(self.KIND, body)

    @classmethod
    def decode(cls, body: memoryview) -> AcceptedContext:
        """Reads the item's body: at most one transfer syntax, and one where it was accepted."""
        reader = _Reader(body)
        head = reader.take(4)
        identifier, result = head[0], head[2]
        transfer: list[str] = []
        for offset, kind, value in walk(reader.rest()):
            if kind != _TRANSFER_SYNTAX:
                raise Malformed(
                    f"sub-item {kind:02X}H has no place in an accepted context", offset + 4
                )
            transfer.append(text(value))
        if len(transfer) > 1 or (result == 0 and not transfer):
            raise Malformed(
                f"presentation context {identifier} with result {result} names "
                f"{len(transfer)} transfer syntaxes, not one"
            )
        return cls(identifier, result, transfer[0] if transfer else None)


@dataclass(frozen=True, slots=True)
class MaximumLength:
    """Maximum Length sub-item (PS3.8 Annex D.1): 0 means that no limit is given."""

    KIND: ClassVar[int] = 0x51

    value: int

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _U32.pack(_number("maximum length", self.value, 0xFFFFFFFF)))

    @classmethod
    def decode(cls, body: memoryview) -> MaximumLength:
        """Reads the item's body."""
        if len(body) != 4:
            raise Malformed(f"a maximum length of {len(body)} bytes, not 4")
        return cls(_U32.unpack(body)[0])


@dataclass(frozen=True, slots=True)
class ImplementationClassUID:
    """Implementation Class UID sub-item (PS3.7 D.3.3.2.1)."""

    KIND: ClassVar[int] = 0x52

    uid: str

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _octets(self.uid))

    @classmethod
    def decode(cls, body: memoryview) -> ImplementationClassUID:
        """Reads the item's body."""
        return cls(text(body))


@dataclass(frozen=True, slots=True)
class ImplementationVersionName:
    """Implementation Version Name sub-item (PS3.7 D.3.3.2.3)."""

    KIND: ClassVar[int] = 0x55

    name: str

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _octets(self.name))

    @classmethod
    def decode(cls, body: memoryview) -> ImplementationVersionName:
        """Reads the item's body."""
        return cls(text(body))


@dataclass(frozen=True, slots=True)
class AsynchronousOperationsWindow:
    """Asynchronous Operations Window sub-item (PS3.7 D.3.3.3): 0 means unlimited."""

    KIND: ClassVar[int] = 0x53

    invoked: int
    performed: int

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(
            self.KIND,
            _U16.pack(_number("maximum number operations invoked", self.invoked, 0xFFFF))
            + _U16.pack(_number("maximum number operations performed", self.performed, 0xFFFF)),
        )

    @classmethod
    def decode(cls, body: memoryview) -> AsynchronousOperationsWindow:
        """Reads the item's body."""
        reader = _Reader(body)
        item = cls(reader.u16(), reader.u16())
        reader.done()
        return item


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU Role Selection sub-item (PS3.7 D.3.3.4)."""

    KIND: ClassVar[int] = 0x54

    sop_class: str
    scu: int
    scp: int

    def encode(self) -> bytes:
        """The item's bytes."""
        roles = bytes((_number("SCU-role", self.scu, 0xFF), _number("SCP-role", self.scp, 0xFF)))
        return _framed(self.KIND, _counted(_octets(self.sop_class)) + roles)

    @classmethod
    def decode(cls, body: memoryview) -> RoleSelection:
        """Reads the item's body."""
        reader = _Reader(body)
        item = cls(text(reader.counted()), reader.u8(), reader.u8())
        reader.done()
        return item


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP Class Extended Negotiation sub-item (PS3.7 D.3.3.5)."""

    KIND: ClassVar[int] = 0x56

    sop_class: str
    information: bytes

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _counted(_octets(self.sop_class)) + bytes(self.information))

    @classmethod
    def decode(cls, body: memoryview) -> ExtendedNegotiation:
        """Reads the item's body."""
        reader = _Reader(body)
        return cls(text(reader.counted()), bytes(reader.rest()))


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP Class Common Extended Negotiation sub-item (PS3.7 D.3.3.6)."""

    KIND: ClassVar[int] = 0x57

    sop_class: str
    service_class: str
    related: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The item's bytes."""
        related = b"".join(_counted(_octets(uid)) for uid in self.related)
        return _framed(
            self.KIND,
            _counted(_octets(self.sop_class))
            + _counted(_octets(self.service_class))
            + _counted(related),
        )

    @classmethod
    def decode(cls, body: memoryview) -> CommonExtendedNegotiation:
        """Reads the item's body; what follows the related classes is reserved and ignored."""
        reader = _Reader(body)
        sop_class, service_class = text(reader.counted()), text(reader.counted())
        inner = reader.counted()
        related: list[str] = []
        at = 0
        while at < len(inner):
            step = _Reader(inner[at:])
            uid = step.counted()
            related.append(text(uid))
            at += 2 + len(uid)
        return cls(sop_class, service_class, tuple(related))


# PS3.7 Table D.3-14: User-Identity-Type.
IDENTITY_TYPES = {1: "username", 2: "username and passcode", 3: "Kerberos", 4: "SAML", 5: "JWT"}


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User Identity sub-item of an A-ASSOCIATE-RQ (PS3.7 D.3.3.7.1).

    `repr` shows neither field: they are secrets.
    """

    KIND: ClassVar[int] = 0x58

    type: int
    primary: bytes
    secondary: bytes = b""
    response_requested: bool = False

    def __repr__(self) -> str:
        return (
            f"UserIdentity(type={self.type}, primary=…, secondary=…, "
            f"response_requested={self.response_requested})"
        )

    def encode(self) -> bytes:
        """The item's bytes."""
        head = bytes((_number("user identity type", self.type, 0xFF), int(self.response_requested)))
        return _framed(self.KIND, head + _counted(self.primary) + _counted(self.secondary))

    @classmethod
    def decode(cls, body: memoryview) -> UserIdentity:
        """Reads the item's body."""
        reader = _Reader(body)
        kind, wanted = reader.u8(), reader.u8()
        item = cls(kind, bytes(reader.counted()), bytes(reader.counted()), wanted != 0)
        reader.done()
        return item


@dataclass(frozen=True, slots=True)
class UserIdentityResponse:
    """User Identity sub-item of an A-ASSOCIATE-AC (PS3.7 D.3.3.7.2)."""

    KIND: ClassVar[int] = 0x59

    response: bytes = b""

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, _counted(self.response))

    @classmethod
    def decode(cls, body: memoryview) -> UserIdentityResponse:
        """Reads the item's body."""
        reader = _Reader(body)
        item = cls(bytes(reader.counted()))
        reader.done()
        return item


UserItem: TypeAlias = (
    MaximumLength
    | ImplementationClassUID
    | ImplementationVersionName
    | AsynchronousOperationsWindow
    | RoleSelection
    | ExtendedNegotiation
    | CommonExtendedNegotiation
    | UserIdentity
    | UserIdentityResponse
    | RawItem
)


@dataclass(frozen=True, slots=True)
class UserInformation:
    """User Information Item (PS3.8 §9.3.2.3): its sub-items in the order they stand."""

    KIND: ClassVar[int] = 0x50

    items: tuple[UserItem, ...]

    def encode(self) -> bytes:
        """The item's bytes."""
        return _framed(self.KIND, b"".join(item.encode() for item in self.items))

    @classmethod
    def decode(cls, body: memoryview) -> UserInformation:
        """Reads the item's body; unknown sub-items are kept as RawItem (PS3.8 D.2)."""
        return cls(tuple(_decoded(body, _USER_DECODERS)))


Item: TypeAlias = ApplicationContext | ProposedContext | AcceptedContext | UserInformation | RawItem

_USER_DECODERS: dict[int, Callable[[memoryview], UserItem]] = {
    0x51: MaximumLength.decode,
    0x52: ImplementationClassUID.decode,
    0x53: AsynchronousOperationsWindow.decode,
    0x54: RoleSelection.decode,
    0x55: ImplementationVersionName.decode,
    0x56: ExtendedNegotiation.decode,
    0x57: CommonExtendedNegotiation.decode,
    0x58: UserIdentity.decode,
    0x59: UserIdentityResponse.decode,
}
_ITEM_DECODERS: dict[int, Callable[[memoryview], Item]] = {
    0x10: ApplicationContext.decode,
    0x20: ProposedContext.decode,
    0x21: AcceptedContext.decode,
    0x50: UserInformation.decode,
}


def walk(data: memoryview) -> list[tuple[int, int, memoryview]]:
    """Splits a run of items into (offset of the body, type, body).

    Raises Malformed when a header is cut short or a length runs over the end.
    """
    found: list[tuple[int, int, memoryview]] = []
    at, end = 0, len(data)
    while at < end:
        if end - at < 4:
            raise Malformed(f"an item header needs 4 bytes but {end - at} are left", at)
        kind, length = _HEADER.unpack_from(data, at)
        at += 4
        if length > end - at:
            raise Malformed(
                f"item {kind:02X}H announces {length} bytes but {end - at} are left", at - 4
            )
        found.append((at, kind, data[at : at + length]))
        at += length
    return found


def _decoded(
    data: memoryview, decoders: dict[int, Callable[[memoryview], UserItem]]
) -> list[UserItem]:
    items: list[UserItem] = []
    for offset, kind, body in walk(data):
        decoder = decoders.get(kind)
        try:
            items.append(RawItem(kind, bytes(body)) if decoder is None else decoder(body))
        except Malformed as error:
            raise error.moved(offset) from None
    return items


def decode_items(data: memoryview) -> tuple[Item, ...]:
    """Reads the variable items of an A-ASSOCIATE-RQ or -AC, unknown ones as RawItem.

    Raises Malformed with the offset of what is wrong.
    """
    items: list[Item] = []
    for offset, kind, body in walk(data):
        decoder = _ITEM_DECODERS.get(kind)
        try:
            items.append(RawItem(kind, bytes(body)) if decoder is None else decoder(body))
        except Malformed as error:
            raise error.moved(offset) from None
    return tuple(items)
