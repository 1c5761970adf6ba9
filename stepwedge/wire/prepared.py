"""A C-STORE request made ready once, to be sent many times: the fast path.

What differs between two instances of a template are a few fields of fixed width; what is large, the
pixel data, is the same.  So the command set is encoded once and its Message ID and SOP Instance UID
are patched in place; and pixel data are laid out once for each negotiated length with all their
P-DATA headers between them, a `Shared` framing that every instance and every association uses.
What is left for one instance is a copy of a kilobyte and one system call.

    pixels = Shared(memoryview(frame))
    store = Prepared(sop_class, transfer_syntax, sop_instance, [header, pixels])
    association.store(store)

A data set is any run of buffers.  Those that are wrapped in `Shared` get P-DATA-TFs of their own,
which is why they can be laid out in advance; the rest is framed as it comes, without being copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from stepwedge.wire import commands
from stepwedge.wire.errors import LocalProtocolError
from stepwedge.wire.items import Buffer
from stepwedge.wire.messages import FRAME_SIZE, cut, frame, room
from stepwedge.wire.pdus import COMMAND, LAST

# Framings kept by one Shared; each is as large as the data.  A run negotiates one or two lengths.
_KEPT = 4


class Shared:
    """A buffer that many data sets end with (or hold), framed once for each negotiated length."""

    __slots__ = ("_framed", "data")

    def __init__(self, data: Buffer) -> None:
        self.data = memoryview(data).cast("B")
        self._framed: dict[tuple[int, int, bool], bytes] = {}

    def __len__(self) -> int:
        return len(self.data)

    def framed(self, context_id: int, peer_max_length: int, last: bool) -> bytes:
        """The data as P-DATA-TFs, one PDV each; `last` when the data set ends with them."""
        key = (context_id, peer_max_length, last)
        found = self._framed.get(key)
        if found is None:
            if len(self._framed) >= _KEPT:
                self._framed.pop(next(iter(self._framed)))
            found = self._framed[key] = _frame_all(
                context_id, room(peer_max_length), self.data, last
            )
        return found


Part: TypeAlias = Buffer | Shared


def _frame_all(context_id: int, size: int, data: memoryview, last: bool) -> bytes:
    parts: list[Buffer] = []
    end = len(data)
    for at in range(0, max(end, 1), size):
        take = min(size, end - at)
        control = LAST if last and at + take == end else 0
        parts += (frame(context_id, control, take), data[at : at + take])
    return b"".join(parts)


class _Command:
    """The command PDU of a C-STORE-RQ with its patchable places; one for each kind of request."""

    __slots__ = ("encoded", "instance_at", "message_at")

    def __init__(
        self,
        context_id: int,
        size: int,
        sop_class: str,
        width: int,
        priority: int,
        move_originator: tuple[str, int] | None,
    ) -> None:
        elements: commands.CommandSet = {
            "AffectedSOPClassUID": sop_class,
            "CommandField": commands.C_STORE_RQ,
            "MessageID": 0,
            "Priority": priority,
            "CommandDataSetType": commands.DATA_SET,
            "AffectedSOPInstanceUID": "0" * width,
        }
        if move_originator is not None:
            title, message_id = move_originator
            elements["MoveOriginatorApplicationEntityTitle"] = title
            elements["MoveOriginatorMessageID"] = message_id
        command = commands.encode(elements)
        if len(command) > size:
            raise LocalProtocolError(
                f"the peer takes P-DATA-TFs of {size + 6} bytes, too short for a C-STORE command"
            )
        self.encoded = frame(context_id, COMMAND | LAST, len(command)) + command
        self.message_at = FRAME_SIZE + commands.offset_of(command, "MessageID")
        self.instance_at = FRAME_SIZE + commands.offset_of(command, "AffectedSOPInstanceUID")


_commands: dict[tuple[object, ...], _Command] = {}
_COMMANDS_KEPT = 256


class Prepared:
    """One C-STORE request.  `parts` is the data set in `transfer_syntax`, without group 0002.

    The SOP Instance UID of the command is `sop_instance`; that the data set says the same is the
    caller's business.  `renewed` makes the next instance of the same template.
    """

    __slots__ = (
        "move_originator",
        "parts",
        "priority",
        "size",
        "sop_class",
        "sop_instance",
        "transfer_syntax",
    )

    def __init__(
        self,
        sop_class: str,
        transfer_syntax: str,
        sop_instance: str,
        parts: Sequence[Part],
        *,
        priority: int = 0,
        move_originator: tuple[str, int] | None = None,
    ) -> None:
        self.sop_class = sop_class
        self.transfer_syntax = transfer_syntax
        self.sop_instance = sop_instance
        self.parts = parts
        self.priority = priority
        self.move_originator = move_originator
        self.size = sum(map(len, parts))  # bytes of the data set

    def renewed(self, sop_instance: str, parts: Sequence[Part]) -> Prepared:
        """Another instance of the same kind."""
        return Prepared(
            self.sop_class,
            self.transfer_syntax,
            sop_instance,
            parts,
            priority=self.priority,
            move_originator=self.move_originator,
        )

    def buffers(self, context_id: int, peer_max_length: int, message_id: int) -> list[Buffer]:
        """The whole message, ready for one scatter-gather send."""
        size = room(peer_max_length)
        instance = self.sop_instance.encode("ascii")
        width = len(instance)
        key = (context_id, size, self.sop_class, width, self.priority, self.move_originator)
        command = _commands.get(key)
        if command is None:
            if len(_commands) >= _COMMANDS_KEPT:
                _commands.clear()
            command = _commands[key] = _Command(
                context_id, size, self.sop_class, width, self.priority, self.move_originator
            )
        head = bytearray(command.encoded)
        at = command.message_at
        head[at] = message_id & 0xFF
        head[at + 1] = message_id >> 8
        at = command.instance_at
        head[at : at + width] = instance
        out: list[Buffer] = [head]
        final = len(self.parts) - 1
        run: list[Buffer] = []
        for index, part in enumerate(self.parts):
            if isinstance(part, Shared):
                if run:
                    _frame_run(out, context_id, size, run, last=False)
                    run = []
                out.append(part.framed(context_id, peer_max_length, index == final))
            else:
                run.append(part)
        if run or final < 0:
            _frame_run(out, context_id, size, run, last=True)
        return out


def _frame_run(
    out: list[Buffer], context_id: int, size: int, run: list[Buffer], last: bool
) -> None:
    """Frames plain buffers; a short run, the usual header, joins the command in one buffer."""
    total = sum(map(len, run))
    if total <= size and total < 8192:
        head = out[-1]
        if isinstance(head, bytearray):
            head += frame(context_id, LAST if last else 0, total)
            for part in run:
                head += part
            return
    cut(out, context_id, 0, size, run, last=last)
