"""What an operation gives back: the reply with its clocks, and a reader that costs almost nothing.

A load run reads millions of responses that differ in two numbers.  `peek` takes these two, the
Message ID Being Responded To and the Status, from where the response before had them, after making
sure that everything up to there is the same byte for byte; the full decode happens when somebody
asks for `Reply.command`.
"""

from __future__ import annotations

import msgspec

from stepwedge.wire import commands
from stepwedge.wire.commands import CommandSet
from stepwedge.wire.errors import Malformed


class Clocks(msgspec.Struct, frozen=True, gc=False):
    """When the parts of one exchange happened, in nanoseconds since the epoch.

    CLOCK_REALTIME, because the kernel stamps packets with it.  `first_out` and `last_out` enclose
    the send, `first_in` is our first receive of the answer, `last_in` our last.  `kernel_in` is the
    kernel's own receive stamp of the answer's last byte, 0 where there is none.
    """

    first_out: int
    last_out: int
    first_in: int
    last_in: int
    kernel_in: int = 0

    @property
    def service(self) -> float:
        """Seconds from the first byte out to the last byte in, by the kernel's stamp if any."""
        return ((self.kernel_in or self.last_in) - self.first_out) * 1e-9

    @property
    def lag(self) -> float:
        """Seconds between the kernel's having the answer and our seeing it; 0 without a stamp."""
        return (self.last_in - self.kernel_in) * 1e-9 if self.kernel_in else 0.0


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One response: its status, its data set if it has one, its clocks.

    `command` decodes the command set when asked, and raises Malformed if it does not decode.
    """

    status: int
    message_id: int
    command_bytes: bytes
    data_set: bytes | None
    clocks: Clocks

    @property
    def command(self) -> CommandSet:
        """The command set by the standard's keywords."""
        return commands.decode(self.command_bytes)

    @property
    def pending(self) -> bool:
        """True when more responses to the same request follow."""
        return self.status in commands.PENDING


class ReplyReader:
    """Reads the three numbers that matter of one response after another.

    What it remembers is replaced as a whole, so associations in several threads may share one.
    """

    __slots__ = ("_pattern",)

    def __init__(self) -> None:
        # length, all before the message id and its place, all up to the status and its place, field
        self._pattern = (-1, b"", 0, b"", 0, 0)

    def peek(self, command: bytes) -> tuple[int, int, int]:
        """(command field, message id, status) of a response without a data set.

        Raises Malformed when it cannot be read, is no response, or announces a data set.
        """
        length, head, at, middle, status_at, field = self._pattern
        if (
            len(command) == length
            and command.startswith(head)
            and command[at + 2 : status_at] == middle
        ):
            return (
                field,
                command[at] | command[at + 1] << 8,
                command[status_at] | command[status_at + 1] << 8,
            )
        return self._learn(command)

    def _learn(self, command: bytes) -> tuple[int, int, int]:
        decoded = commands.decode(command)
        field, message_id, status = response_numbers(decoded)
        if decoded.get("CommandDataSetType", commands.NO_DATA_SET) != commands.NO_DATA_SET:
            raise Malformed("the response announces a data set")
        at = commands.offset_of(command, "MessageIDBeingRespondedTo")
        status_at = commands.offset_of(command, "Status")
        # Only the order of the standard can be remembered; anything else is decoded every time.
        # The element's own bytes are compared too, so another length or order cannot pass.
        if at < status_at and commands.offset_of(command, "CommandDataSetType") < status_at:
            head, middle = command[:at], command[at + 2 : status_at]
            self._pattern = (len(command), head, at, middle, status_at, field)
        return field, message_id, status


def response_numbers(command: CommandSet) -> tuple[int, int, int]:
    """(command field, message id, status) of a response; raises Malformed when one is missing."""
    for keyword in ("CommandField", "MessageIDBeingRespondedTo", "Status"):
        if keyword not in command:
            raise Malformed(f"a response without {keyword}")
    return command["CommandField"], command["MessageIDBeingRespondedTo"], command["Status"]
