"""DIMSE messages in P-DATA: fragmentation to what the peer takes, reassembly within bounds.

PS3.8 Annex E: a message is one command set, then one data set if the command announces it, each cut
into fragments of one presentation context, a fragment a PDV.  Outwards, `fragment` gives a list of
buffers for one scatter-gather send: PDU and PDV headers between slices of the caller's own memory,
nothing copied.  Inwards, an `Assembler` takes PDVs and gives messages; what it holds is bounded by
its limits however many fragments arrive, and every way of getting the order wrong has its sentence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stepwedge.wire import commands
from stepwedge.wire.commands import CommandSet
from stepwedge.wire.errors import Malformed
from stepwedge.wire.items import Buffer
from stepwedge.wire.pdus import COMMAND, HEADER_SIZE, LAST, PDV_OVERHEAD, PDataTF

FRAME = struct.Struct(">BxIIBB")  # the header of a P-DATA-TF and of its only PDV in one
FRAME_SIZE = HEADER_SIZE + PDV_OVERHEAD

# The longest variable field we send where the peer takes any length.  Longer ones gain nothing on
# loopback (measured from 16 KiB to 4 MiB: flat above 128 KiB) and make the peer hold more.
UNLIMITED = 128 * 1024


def room(peer_max_length: int) -> int:
    """How many bytes of a fragment fit into one P-DATA-TF for a peer that takes this length.

    PS3.8 D.1 counts the variable field, so the PDV's own six bytes go off.  Fragments are even.  A
    peer that announces a length with no room for one gets a byte at a time: the standard gives no
    lower bound.
    """
    size = (peer_max_length or UNLIMITED) - PDV_OVERHEAD
    return max(1, size - size % 2)


def frame(context_id: int, control: int, size: int) -> bytes:
    """The 12 bytes before a fragment of `size` bytes that has a P-DATA-TF to itself."""
    return FRAME.pack(PDataTF.KIND, size + PDV_OVERHEAD, size + 2, context_id, control)


def fragment(
    context_id: int,
    peer_max_length: int,
    command: Buffer,
    data_set: Sequence[Buffer] | None = None,
) -> list[Buffer]:
    """A whole message as buffers to be sent one after another; `data_set` is any run of buffers.

    An empty data set is still a data set: one empty last fragment.
    """
    size = room(peer_max_length)
    out: list[Buffer] = []
    cut(out, context_id, COMMAND, size, [command])
    if data_set is not None:
        cut(out, context_id, 0, size, data_set)
    return out


def cut(
    out: list[Buffer],
    context_id: int,
    control: int,
    size: int,
    parts: Sequence[Buffer],
    last: bool = True,
) -> None:
    """Appends `parts` to `out` as P-DATA-TFs with one PDV of at most `size` bytes each.

    `last` says that the command set or data set ends here.
    """
    end = LAST if last else 0
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    left = sum(len(view) for view in views)
    if not left:
        out.append(frame(context_id, control | end, 0))
        return
    index, at = 0, 0
    while left:
        take = min(size, left)
        left -= take
        out.append(frame(context_id, control if left else control | end, take))
        while take:
            view = views[index]
            part = view[at : at + take]
            out.append(part)
            take -= len(part)
            at += len(part)
            if at == len(view):
                index, at = index + 1, 0


@dataclass(frozen=True, slots=True)
class Message:
    """One DIMSE message as received; `data_set` is None when the command announced none."""

    context_id: int
    command: CommandSet
    data_set: bytes | None
    command_bytes: bytes

    @property
    def is_response(self) -> bool:
        """True for the answer to a request of ours."""
        return bool(self.command.get("CommandField", 0) & commands.RESPONSE)


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """How many bytes of one message are held; more is a protocol violation."""

    command: int = 64 * 1024
    data_set: int = 256 * 1024 * 1024


class Assembler:
    """Collects the fragments of one association into messages.

    `contexts` are the ids of the accepted presentation contexts.  `feed` raises Malformed for a
    fragment that Annex E does not allow here; the connection is then beyond repair.
    """

    __slots__ = ("_command", "_context", "_contexts", "_data", "_limits", "_message")

    def __init__(self, contexts: Iterable[int], limits: MessageLimits | None = None) -> None:
        self._contexts = frozenset(contexts)
        self._limits = limits or MessageLimits()
        self._context = 0
        self._command = bytearray()
        self._message: tuple[CommandSet, bytes] | None = None
        self._data = bytearray()

    @property
    def idle(self) -> bool:
        """True between messages."""
        return not self._context

    def feed(self, context_id: int, control: int, data: Buffer) -> Message | None:
        """Takes one fragment and returns the message that it completes, if it does."""
        if self._context:
            if context_id != self._context:
                raise Malformed(
                    f"a fragment of presentation context {context_id} inside a message of "
                    f"context {self._context}"
                )
        elif context_id not in self._contexts:
            raise Malformed(f"presentation context {context_id} was not accepted")
        self._context = context_id
        if control & COMMAND:
            return self._feed_command(control, data)
        return self._feed_data(control, data)

    def _feed_command(self, control: int, data: Buffer) -> Message | None:
        if self._message is not None:
            raise Malformed("a command fragment where the data set should follow")
        if len(self._command) + len(data) > self._limits.command:
            raise Malformed(f"a command set of more than {self._limits.command} bytes")
        self._command += data
        if not control & LAST:
            return None
        raw = bytes(self._command)
        self._command.clear()
        command = commands.decode(raw)
        if "CommandField" not in command:
            raise Malformed("a command set without Command Field (0000,0100)")
        if command.get("CommandDataSetType", commands.NO_DATA_SET) == commands.NO_DATA_SET:
            return self._finish(command, raw, None)
        self._message = (command, raw)
        return None

    def _feed_data(self, control: int, data: Buffer) -> Message | None:
        if self._message is None:
            raise Malformed(
                "a data set fragment before the command set was complete"
                if self._command
                else "a data set fragment without a command set that announces it"
            )
        if len(self._data) + len(data) > self._limits.data_set:
            raise Malformed(f"a data set of more than {self._limits.data_set} bytes")
        self._data += data
        if not control & LAST:
            return None
        command, raw = self._message
        self._message = None
        body = bytes(self._data)
        self._data = bytearray()
        return self._finish(command, raw, body)

    def _finish(self, command: CommandSet, raw: bytes, data_set: bytes | None) -> Message:
        message = Message(self._context, command, data_set, raw)
        self._context = 0
        return message


def request(field: int, message_id: int, has_data_set: bool, **elements: Any) -> bytes:
    """An encoded command set of a request; elements whose value is None are left out."""
    command: CommandSet = {
        "CommandField": field,
        "MessageID": message_id,
        "CommandDataSetType": commands.DATA_SET if has_data_set else commands.NO_DATA_SET,
    }
    command.update((keyword, value) for keyword, value in elements.items() if value is not None)
    return commands.encode(command)
