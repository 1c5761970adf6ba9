"""One association as its acceptor: a receive loop that does not copy what nobody wants to keep.

The peer's bytes are received into one buffer and read where they lie: a P-DATA-TF in Sta6 changes
no state (DT-2), so only its two headers are looked at, and the data between them goes to the sink
of the data set as views, or nowhere.  A fragment need not be complete to be passed on.  Every other
PDU, and everything outside Sta6, goes through `Connection`.

What a complete message means is up to the `Service`.
"""

from __future__ import annotations

import contextlib
import struct
from time import monotonic, time_ns

from stepwedge.wire import commands
from stepwedge.wire.commands import CommandSet
from stepwedge.wire.connection import (
    INVALID_PARAMETER,
    NEED_DATA,
    UNEXPECTED_PDU,
    Connection,
    ConnectionClosed,
)
from stepwedge.wire.errors import (
    Aborted,
    AssociationError,
    ClosedByPeer,
    Malformed,
    ProtocolViolation,
    RemoteProtocolError,
    Timeout,
)
from stepwedge.wire.messages import FRAME_SIZE, Message, MessageLimits, fragment
from stepwedge.wire.negotiation import Agreement, settle
from stepwedge.wire.pdus import (
    COMMAND,
    FIXED_LENGTH,
    HEADER_SIZE,
    LAST,
    PDV_OVERHEAD,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
)
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Answers, Keep, Received, Response, Service, Sink
from stepwedge.wire.states import Role
from stepwedge.wire.transport import Transport

_PDV = struct.Struct(">IBB")
_FRAME = struct.Struct(">BBIIBB")
_BUFFER = 256 * 1024
_MOVED = 4096  # bytes that may be moved to make room; more are rather left where they are
_START = 4096  # while an association does nothing large


class Serving:
    """One association of an acceptor, from its A-ASSOCIATE-RQ to its end; `run` does it all."""

    def __init__(
        self,
        transport: Transport,
        policy: Policy,
        service: Service,
        *,
        artim: float,
        idle: float,
        limits: MessageLimits,
        full: bool = False,
    ) -> None:
        self.transport = transport
        self.policy = policy
        self.service = service
        self.artim = artim
        self.idle = idle
        self.limits = limits
        self.request: AssociateRQ | None = None
        self.agreement: Agreement | None = None
        self._full = full
        self._connection = Connection(Role.ACCEPTOR)
        self._buffer = bytearray(_START)
        self._view = memoryview(self._buffer)
        self._at = self._end = 0
        self._stamp = 0  # the kernel's, of the last bytes received; 0 where none was asked for
        self._answers = Answers()

    @property
    def calling(self) -> str:
        """The AE title of the requestor."""
        return self.request.calling.strip() if self.request is not None else ""

    def run(self) -> None:
        """Serves until the end, and closes the socket; raises nothing."""
        error: BaseException | None = None
        try:
            self._serve()
        except Exception as caught:
            error = caught
            if not isinstance(caught, AssociationError):
                self._say(Abort(0, 0).encode())
            elif isinstance(caught, Timeout):
                self._say(Abort(2, 0).encode())
            elif isinstance(caught, ProtocolViolation):
                self._leave_in_peace()
        finally:
            self.transport.close()
        self.service.ended(self, error)

    def send(self, context_id: int, response: Response) -> None:
        """Sends one response, for services that answer little by little.

        Its CommandDataSetType follows from whether there is a data set.
        """
        command, data_set = response
        kind = commands.NO_DATA_SET if data_set is None else commands.DATA_SET
        encoded = commands.encode({**command, "CommandDataSetType": kind})
        buffers = fragment(context_id, self._connection.peer_max_length, encoded, data_set)
        self.transport.send(buffers, self.idle, "response")

    # Inside

    def _say(self, pdu: bytes) -> None:
        """Last words to a peer that may be gone already, which changes nothing."""
        try:
            self.transport.send((pdu,), min(1.0, self.artim), "abort")
        except AssociationError:
            return

    def _receive(self, seconds: float, phase: str, deadline: float | None = None) -> None:
        """Makes room and receives some more; raises ClosedByPeer at the end of the stream."""
        left = self._end - self._at
        if left <= _MOVED and self._at:
            if left:
                self._view[:left] = self._view[self._at : self._end]
            self._at, self._end = 0, left
        elif self._end == len(self._buffer):
            self._grow()
        size, self._stamp = self.transport.receive(
            self._view[self._end :], phase, seconds, deadline
        )
        if not size:
            raise ClosedByPeer(phase)
        self._end += size
        if self._end == len(self._buffer) < _BUFFER:
            self._grow()

    def _grow(self) -> None:
        """A peer that fills the small buffer gets the large one; what is unread moves to its front.

        The large one is never outgrown: what must lie there in one piece is a header, a fragment
        of a command set within its limit, or an A-ASSOCIATE PDU, which `Connection` collects.
        """
        left = self._end - self._at
        fresh = bytearray(_BUFFER if left < _BUFFER else 2 * left)
        fresh[:left] = self._view[self._at : self._end]
        self._buffer, self._view = fresh, memoryview(fresh)
        self._at, self._end = 0, left

    def _need(self, size: int, seconds: float, phase: str) -> None:
        while self._end - self._at < size:
            self._receive(seconds, phase)

    def _serve(self) -> None:
        connection = self._connection
        connection.connected()
        event = self._event(self.artim, "negotiate", monotonic() + self.artim)
        if not isinstance(event, AssociateRQ):
            raise self._ending(event, "negotiate")
        self.request = event
        answer = AssociateRJ(2, 3, 2) if self._full else self.policy.answer(event)
        self.transport.send((connection.send(answer),), self.artim, "negotiate")
        if isinstance(answer, AssociateRJ):
            self._wait_for_close()
            return
        assert isinstance(answer, AssociateAC)
        if connection.buffered:
            raise self._violated("data before the association was accepted", b"", UNEXPECTED_PDU)
        self.agreement = settle(event, answer)
        self.service.accepted(self)
        while self._message():
            pass

    def _event(self, seconds: float, phase: str, deadline: float | None = None) -> object:
        """The next PDU by way of the state machine."""
        connection = self._connection
        while True:
            try:
                event = connection.next_event()
            except RemoteProtocolError as error:
                self._say(error.answer)
                raise ProtocolViolation(error.problem, error.shown, phase) from error
            if event is not NEED_DATA:
                return event
            if self._at == self._end:
                try:
                    self._receive(seconds, phase, deadline)
                except ClosedByPeer:
                    connection.receive_data(b"")
                    continue
            connection.receive_data(self._view[self._at : self._end])
            self._at = self._end

    def _ending(self, event: object, phase: str) -> AssociationError:
        match event:
            case Abort():
                return Aborted(event.source, event.reason, phase)
            case ConnectionClosed():
                return ClosedByPeer(
                    phase, f"{event.unread} bytes cut short" if event.unread else ""
                )
            case _:
                return self._violated(f"{type(event).__name__} was not expected here", b"")

    def _wait_for_close(self) -> None:
        """Sta13: until the peer closes or aborts, or ARTIM runs out.

        What may not come any more is answered by an A-ABORT (AA-7) and ends the association as any
        violation does; what is to be ignored (AA-6) is.
        """
        with contextlib.suppress(Timeout):
            self._event(self.artim, "release", monotonic() + self.artim)

    def _leave_in_peace(self) -> None:
        """After an A-ABORT: Sta13 (AA-8), so that the peer gets to read it.

        Closing with bytes unread would make TCP send a reset, which may overtake the A-ABORT and
        destroy it.  So we end our direction, and throw away what still comes until the peer closes
        or ARTIM runs out.
        """
        self.transport.end_sending()
        deadline = monotonic() + self.artim
        with contextlib.suppress(AssociationError):
            while True:
                self._at = self._end
                self._receive(self.artim, "release", deadline)

    def _violated(self, problem: str, shown: bytes, reason: int = 0) -> ProtocolViolation:
        error = self._connection.violation(problem, shown, reason)
        self._say(error.answer)
        return ProtocolViolation(problem, shown, "data transfer")

    def _control(self) -> bool:
        """Handles a PDU that is not P-DATA; False at the end of the association.

        Of a PDU that may be answered in order `Connection` gets no byte too many.
        """
        kind = self._view[self._at]
        if kind in FIXED_LENGTH:
            self._need(HEADER_SIZE, self.idle, "data transfer")
            announced = int.from_bytes(self._view[self._at + 2 : self._at + HEADER_SIZE], "big")
            # A wrong length is a violation by itself, and what it announces may never come.
            size = HEADER_SIZE + (FIXED_LENGTH[kind] if announced == FIXED_LENGTH[kind] else 0)
            self._need(size, self.idle, "data transfer")
            self._connection.receive_data(self._view[self._at : self._at + size])
            self._at += size
        event = self._event(self.idle, "data transfer")
        if isinstance(event, ReleaseRQ):
            self.transport.send((self._connection.send(ReleaseRP()),), self.artim, "release")
            self._wait_for_close()
            return False
        raise self._ending(event, "data transfer")

    def _header(self, pdu_left: int) -> tuple[int, int, int, int] | None:
        """The next PDV's (data length, context id, control) and what is left of its PDU.

        None when a PDU of another kind stands there, at a PDU's beginning.
        """
        if not pdu_left:
            if self._end == self._at:
                self._receive(self.idle, "data transfer")
            if self._view[self._at] != PDataTF.KIND:
                return None
            self._need(HEADER_SIZE, self.idle, "data transfer")
            pdu_left = int.from_bytes(self._view[self._at + 2 : self._at + 6], "big")
            limit = self.policy.max_pdu or (1 << 24)
            if pdu_left > limit or pdu_left < PDV_OVERHEAD:
                shown = bytes(self._view[self._at : min(self._end, self._at + 64)])
                raise self._violated(
                    f"a P-DATA-TF of {pdu_left} bytes, not {PDV_OVERHEAD} to {limit}",
                    shown,
                    INVALID_PARAMETER,
                )
            self._at += HEADER_SIZE
        self._need(PDV_OVERHEAD, self.idle, "data transfer")
        length, context_id, control = _PDV.unpack_from(self._view, self._at)
        if length < 2 or length + 4 > pdu_left:
            shown = bytes(self._view[self._at : min(self._end, self._at + 64)])
            raise self._violated(
                f"a PDV of {length} bytes with {pdu_left - 4} left in its PDU",
                shown,
                INVALID_PARAMETER,
            )
        self._at += PDV_OVERHEAD
        return length - 2, context_id, control, pdu_left - 4 - length

    def _message(self) -> bool:
        """Receives and answers one message; False at the end of the association."""
        agreement = self.agreement
        assert agreement is not None
        command_bytes = bytearray()
        context: int | None = None
        pdu_left = began = 0
        while True:
            header = self._header(pdu_left)
            if header is None:
                if context is not None:
                    # Table 9-10 decides what this PDU means, but the message is lost.
                    command_bytes.clear()
                return self._control()
            size, context_id, control, pdu_left = header
            began = began or time_ns()
            self._check(context, context_id, control, COMMAND)
            context = context_id
            if len(command_bytes) + size > self.limits.command:
                raise self._violated(f"a command set of more than {self.limits.command} bytes", b"")
            self._need(size, self.idle, "data transfer")
            command_bytes += self._view[self._at : self._at + size]
            self._at += size
            if control & LAST:
                break
        raw = bytes(command_bytes)
        try:
            command = commands.decode(raw)
        except Malformed as error:
            raise self._violated(str(error), raw[:64], INVALID_PARAMETER) from error
        if "CommandField" not in command:
            raise self._violated("a command set without Command Field", raw[:64])
        if command.get("CommandDataSetType", commands.NO_DATA_SET) == commands.NO_DATA_SET:
            if pdu_left:
                raise self._violated("a fragment after the message in the same P-DATA-TF", b"")
            self._dispatch(context, command, raw, None, began)
            return True
        is_store = command["CommandField"] == commands.C_STORE_RQ
        sink = Sink(self.service.keep if is_store else Keep.DATA)
        if not self._data(sink, context, pdu_left):
            return self._control()
        self._dispatch(context, command, raw, sink, began)
        return True

    def _check(self, context: int | None, context_id: int, control: int, kind: int) -> None:
        assert self.agreement is not None
        known = self.agreement.contexts if context is None else (context,)
        if context_id not in known:
            problem = f"presentation context {context_id} was not accepted"
            if context is not None:
                problem = f"a fragment of context {context_id} inside a message of {context}"
            raise self._violated(problem, b"", INVALID_PARAMETER)
        if control & COMMAND != kind:
            problem = (
                "a data set fragment before the command set was complete"
                if kind
                else "a command fragment where the data set should follow"
            )
            raise self._violated(problem, b"", INVALID_PARAMETER)

    def _data(self, sink: Sink, context: int, pdu_left: int) -> bool:
        """Receives a data set into the sink; False when another PDU comes in between."""
        write = None if sink.keep is Keep.NOTHING else sink.write
        limit = self.limits.data_set
        unpack = _FRAME.unpack_from
        max_pdu = self.policy.max_pdu
        idle = self.idle
        total = 0
        while True:
            at = self._at
            # The common case: a P-DATA-TF with one PDV of our context, its headers in the buffer.
            if not pdu_left and self._end - at >= FRAME_SIZE:
                kind, _, length, pdv_length, context_id, control = unpack(self._view, at)
                if (
                    kind == PDataTF.KIND
                    and pdv_length + 4 == length
                    and context_id == context
                    and not control & COMMAND
                    and pdv_length >= 2
                    and (length <= max_pdu or not max_pdu)
                ):
                    size = pdv_length - 2
                    self._at = at + FRAME_SIZE
                else:
                    size, control, pdu_left = self._plain(context, pdu_left)
            else:
                size, control, pdu_left = self._plain(context, pdu_left)
            if size < 0:
                return False
            total += size
            if total > limit:
                raise self._violated(f"a data set of more than {limit} bytes", b"")
            while True:
                at = self._at
                take = self._end - at
                if take >= size:
                    if write is not None and size:
                        write(self._view[at : at + size])
                    self._at = at + size
                    break
                if take:
                    if write is not None:
                        write(self._view[at : self._end])
                    self._at = self._end
                    size -= take
                self._receive(idle, "data transfer")
            if control & LAST:
                if pdu_left:
                    raise self._violated("a fragment after the message in the same P-DATA-TF", b"")
                sink.size = total
                return True

    def _plain(self, context: int, pdu_left: int) -> tuple[int, int, int]:
        """The next PDV of a data set by the careful way: (size, control, left of its PDU)."""
        header = self._header(pdu_left)
        if header is None:
            return -1, 0, 0
        size, context_id, control, pdu_left = header
        self._check(context, context_id, control, 0)
        return size, control, pdu_left

    def _dispatch(
        self, context: int, command: CommandSet, raw: bytes, sink: Sink | None, began: int
    ) -> None:
        field = command["CommandField"]
        if field == commands.C_STORE_RQ and sink is not None and "MessageID" in command:
            self._stored(context, command, sink, began)
            return
        data = b"".join(sink.parts) if sink is not None else None
        message = Message(context, command, data, raw)
        if field == commands.C_ECHO_RQ and "MessageID" in command:
            status = self.service.echo(self)
            self.send(context, (commands.response_to(command, status), None))
            return
        if field == commands.C_CANCEL_RQ:
            # It has no response (PS3.7 9.3.2.3), and what it could end has been answered whole.
            return
        if field & commands.RESPONSE or "MessageID" not in command:
            raise self._violated(f"{commands.name(field)} is not a request with a Message ID", raw)
        for response in self.service.other(self, message):
            self.send(context, response)

    def _stored(self, context: int, command: CommandSet, sink: Sink, began: int) -> None:
        assert self.agreement is not None
        sop_class = command.get("AffectedSOPClassUID", "")
        instance = command.get("AffectedSOPInstanceUID", "")
        status = self.service.store(
            Received(
                self.calling,
                sop_class,
                instance,
                self.agreement.contexts[context].transfer_syntax,
                sink.size,
                began,
                self._stamp or time_ns(),
                sink.digest,
                b"".join(sink.parts) if sink.keep is Keep.DATA else None,
                command.get("MoveOriginatorApplicationEntityTitle", ""),
                command.get("MoveOriginatorMessageID", 0),
            )
        )
        answer = self._answers.store(context, sop_class, instance, command["MessageID"], status)
        self.transport.send((answer,), self.idle, "response")
