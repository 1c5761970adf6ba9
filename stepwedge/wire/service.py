"""What an acceptor does with what it is asked: the `Service` to override, and what it is given.

    class Archive(Service):
        keep = Keep.DIGEST

        def store(self, received: Received) -> int:
            ...
            return 0x0000

Its methods are called in the association's own thread (or greenlet), one at a time for each
association but at the same time for several.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from stepwedge.wire import commands
from stepwedge.wire.commands import CommandSet
from stepwedge.wire.items import Buffer
from stepwedge.wire.messages import FRAME_SIZE, Message, frame
from stepwedge.wire.pdus import COMMAND, LAST

if TYPE_CHECKING:
    from stepwedge.wire.serving import Serving


class Keep(Enum):
    """What is kept of a data set while it arrives."""

    NOTHING = "nothing"
    CRC32 = "crc32"  # a checksum, cheap: finds damage, not malice
    DIGEST = "digest"  # BLAKE2b of 16 bytes
    DATA = "data"  # the bytes


class Received(msgspec.Struct, frozen=True, gc=False):
    """One data set that came with a C-STORE-RQ.

    `began` is when the first byte of its command was seen, `ended` when the last of its data was
    (by the kernel's stamp, where the acceptor asks for stamps), both in nanoseconds since the
    epoch.  `digest` is the hexadecimal checksum or digest that
    was asked for, `data` the bytes when they were.
    """

    calling: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    size: int
    began: int
    ended: int
    digest: str = ""
    data: bytes | None = None
    move_originator: str = ""
    move_message_id: int = 0


# A response: its command set, and its data set if it has one.
Response: TypeAlias = tuple[CommandSet, Sequence[Buffer] | None]


class Service:
    """What is done with what a peer asks; override what matters.

    An exception that a method raises ends that association with A-ABORT and is passed to `failed`.
    """

    keep = Keep.NOTHING

    def accepted(self, serving: Serving) -> None:
        """An association was accepted."""

    def echo(self, serving: Serving) -> int:
        """The status of a C-ECHO."""
        return commands.SUCCESS

    def store(self, received: Received) -> int:
        """The status of a C-STORE."""
        return commands.SUCCESS

    def other(self, serving: Serving, message: Message) -> Iterable[Response]:
        """The responses to any other request; without an override 0211H, unrecognized operation."""
        return [(commands.response_to(message.command, 0x0211), None)]

    def ended(self, serving: Serving, error: BaseException | None) -> None:
        """An association ended: in order (None), or by an AssociationError or an own exception."""


class Sink:
    """Where the fragments of one data set go."""

    __slots__ = ("crc", "hasher", "keep", "parts", "size")

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.size = 0
        self.crc = 0
        self.parts: list[bytes] = []
        self.hasher = hashlib.blake2b(digest_size=16) if keep is Keep.DIGEST else None

    def write(self, view: memoryview) -> None:
        keep = self.keep
        if keep is Keep.DATA:
            self.parts.append(bytes(view))
        elif keep is Keep.CRC32:
            self.crc = zlib.crc32(view, self.crc)
        elif self.hasher is not None:
            self.hasher.update(view)

    @property
    def digest(self) -> str:
        if self.keep is Keep.CRC32:
            return f"{self.crc:08x}"
        return self.hasher.hexdigest() if self.hasher is not None else ""


class Answers:
    """C-STORE-RSPs made ready for each kind of request: the SOP classes of a peer are few."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, int], tuple[bytes, int, int, int]] = {}

    def store(
        self, context_id: int, sop_class: str, instance: str, message_id: int, status: int
    ) -> bytearray:
        raw = instance.encode("latin-1")
        key = (context_id, sop_class, len(raw))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= 64:
                self._known.clear()
            command = commands.encode(
                {
                    "AffectedSOPClassUID": sop_class,
                    "CommandField": commands.C_STORE_RSP,
                    "MessageIDBeingRespondedTo": 0,
                    "CommandDataSetType": commands.NO_DATA_SET,
                    "Status": 0,
                    "AffectedSOPInstanceUID": instance,
                }
            )
            known = self._known[key] = (
                frame(context_id, COMMAND | LAST, len(command)) + command,
                FRAME_SIZE + commands.offset_of(command, "MessageIDBeingRespondedTo"),
                FRAME_SIZE + commands.offset_of(command, "Status"),
                FRAME_SIZE + commands.offset_of(command, "AffectedSOPInstanceUID"),
            )
        encoded, id_at, status_at, instance_at = known
        out = bytearray(encoded)
        out[id_at] = message_id & 0xFF
        out[id_at + 1] = message_id >> 8
        out[status_at] = status & 0xFF
        out[status_at + 1] = status >> 8
        out[instance_at : instance_at + len(raw)] = raw
        return out
