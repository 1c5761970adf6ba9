"""One association as its requestor: opening, exchanging, ending; the order of sending and waiting.

The rules live in `Connection`.  In Sta6 data transfer changes no state (DT-1, DT-2), so the
commonest exchange of all, one request and one response in one P-DATA-TF with one PDV, goes past the
state machine: it is recognised by its twelve header bytes and read where it lies.  Whatever looks
different in any way takes the general path.

Requests may overlap where an asynchronous operations window was negotiated.  Without one, the
second request is refused before it is sent.

Whatever goes wrong ends the association: a time-out, a violation or a closed connection is raised
once, the socket is closed, and every later call raises LocalProtocolError.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from time import monotonic, time_ns
from types import TracebackType
from typing import Self, TypeAlias

import msgspec

from stepwedge.wire import commands
from stepwedge.wire.connection import NEED_DATA, Connection, ConnectionClosed, WireEvent
from stepwedge.wire.errors import (
    Aborted,
    AssociationError,
    ClosedByPeer,
    LocalProtocolError,
    Malformed,
    ProtocolViolation,
    Rejected,
    RemoteProtocolError,
    Timeout,
)
from stepwedge.wire.items import Buffer
from stepwedge.wire.messages import FRAME_SIZE, Assembler, Message, fragment
from stepwedge.wire.pdus import (
    COMMAND,
    HEADER_SIZE,
    LAST,
    Abort,
    AssociateAC,
    AssociateRJ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
)
from stepwedge.wire.plan import Plan
from stepwedge.wire.replies import Clocks, Reply, response_numbers
from stepwedge.wire.states import Role, State
from stepwedge.wire.transport import Transport

_FRAME = struct.Struct(">BBIIBB")
_READ = 4096  # any response without a data set fits; kept small, for thousands of associations

# What was asked: command field, presentation context id, first and last byte out.
_Asked: TypeAlias = tuple[int, int, int, int]


class Phases(msgspec.Struct, gc=False):
    """How long the phases of an association took, in seconds; None where it did not come to one."""

    connect: float | None = None
    negotiate: float | None = None
    release: float | None = None


def _end_of_pdu(view: memoryview) -> int:
    """Where the P-DATA-TF at the beginning ends; 0 when it is another PDU, or does not fit."""
    end = HEADER_SIZE + int.from_bytes(view[2:6], "big")
    return end if view[0] == PDataTF.KIND and end <= len(view) else 0


def _speechless(error: BaseException) -> bool:
    """True when an A-ABORT is due: the peer has not ended it, and does not know that we do."""
    return isinstance(error, Timeout) or not isinstance(error, AssociationError)


class Session:
    """An established association as its requestor, without knowledge of the DIMSE services.

    `accepted` is what was negotiated, `answer` the whole A-ASSOCIATE-AC, `phases` how long it took.
    The constructor, like everything that waits, raises an AssociationError: ConnectFailed,
    TlsFailed, Rejected, Aborted, Timeout, ClosedByPeer, ProtocolViolation.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.timeouts = plan.timeouts
        self.phases = Phases()
        self._connection = Connection(Role.REQUESTOR)
        self._outstanding: dict[int, _Asked] = {}
        self._early: dict[int, list[Reply]] = {}  # replies that came before they were asked about
        self._message_id = 0
        self._reader = plan.reader
        self._closed = False
        self._inbox: list[Message] = []
        self._handler = plan.handler
        self._view = memoryview(bytearray(_READ))
        start = monotonic()
        self.transport = Transport.connect(
            plan.family,
            plan.address,
            plan.timeouts.connect,
            tls=plan.tls,
            server_name=plan.server_name,
            quickack=plan.quickack,
            stamps=plan.stamps,
            send_buffer=plan.send_buffer,
            receive_buffer=plan.receive_buffer,
            poll=plan.poll,
        )
        self.transport.record = plan.record
        connected = monotonic()
        self.phases.connect = connected - start
        try:
            self.answer = self._negotiate()
        except BaseException as error:
            self._end(abort=_speechless(error))
            raise
        self.phases.negotiate = monotonic() - connected
        self.accepted = plan.settle(self.answer)
        self._peer_max = self.accepted.max_length
        self._assembler = Assembler(self.accepted.contexts, plan.limits)

    # Negotiation and its end

    def _negotiate(self) -> AssociateAC:
        connection, plan = self._connection, self.plan
        connection.initiate(plan.request)
        seconds = plan.timeouts.negotiate
        encoded = connection.connected(plan.encoded)
        self.transport.send((encoded,), seconds, "negotiate")
        event = self._next_event("negotiate", seconds, monotonic() + seconds)
        match event:
            case AssociateAC():
                return event
            case AssociateRJ():
                raise Rejected(event.result, event.source, event.reason)
            case _:
                raise self._unexpected(event, "negotiate")

    def release(self) -> None:
        """Releases in order: A-RELEASE-RQ, A-RELEASE-RP, close.

        Also when the peer wants to release at the same moment.  Responses that still arrive are
        dropped.  Raises Timeout("release") and the like; the connection is closed in any case.
        """
        self._check_open()
        start = monotonic()
        seconds = self.timeouts.release
        deadline = start + seconds
        try:
            self.transport.send((self._connection.send(ReleaseRQ()),), seconds, "release")
            while True:
                event = self._next_event("release", seconds, deadline)
                match event:
                    case ReleaseRP():
                        break
                    case PDataTF():
                        continue
                    case ReleaseRQ():  # a release collision: PS3.8 §7.2.2
                        answer = self._connection.send(ReleaseRP())
                        self.transport.send((answer,), seconds, "release")
                    case _:
                        raise self._unexpected(event, "release")
        except BaseException as error:
            self._end(abort=_speechless(error))
            raise
        self.phases.release = monotonic() - start
        self._end(abort=False)

    def abort(self) -> None:
        """Sends A-ABORT (service-user) and closes; does nothing on a closed association."""
        self._end(abort=True)

    def _end(self, *, abort: bool) -> None:
        """Closes the socket; with `abort`, says so first where the state allows it."""
        if self._closed:
            return
        self._closed = True
        self._outstanding.clear()
        if abort and self._connection.state not in (State.Sta1, State.Sta13):
            self._last_words(self._connection.send(Abort()))
        self.transport.close()

    def _last_words(self, answer: bytes) -> None:
        """Sends a final PDU to a peer that may be gone already, which changes nothing."""
        try:
            self.transport.send((answer,), min(1.0, self.timeouts.release), "abort")
        except AssociationError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._closed:
            return
        if kind is None and not self._outstanding:
            self.release()
        else:
            self.abort()

    # Operations

    @property
    def open(self) -> bool:
        """True until the association was released, aborted, or failed."""
        return not self._closed

    @property
    def outstanding(self) -> int:
        """Requests that were sent and are not finished."""
        return len(self._outstanding)

    def collect(self, message_id: int | None = None) -> Reply:
        """Waits for the next response, to any outstanding request or to the one named.

        Responses to others that come first are kept and given when they are asked for.  Raises
        LocalProtocolError when nothing is outstanding that could be answered.
        """
        if self._early:
            early = self._early.get(next(iter(self._early)) if message_id is None else message_id)
            if early:
                reply = early.pop(0)
                if not early:
                    del self._early[reply.message_id]
                return reply
        self._check_open()
        if not self._outstanding if message_id is None else message_id not in self._outstanding:
            raise LocalProtocolError("no request is outstanding that could be answered")
        try:
            while True:
                reply = self._collect()
                if message_id is None or reply.message_id == message_id:
                    return reply
                self._early.setdefault(reply.message_id, []).append(reply)
        except BaseException as error:
            self._end(abort=_speechless(error))
            raise

    # Inside

    def _check_open(self) -> None:
        if self._closed:
            raise LocalProtocolError("the association is closed")

    def _new_id(self) -> int:
        if self._closed:
            raise LocalProtocolError("the association is closed")
        invoked = self.accepted.invoked
        if invoked and len(self._outstanding) >= invoked:
            raise LocalProtocolError(
                f"{len(self._outstanding)} operations are outstanding and {invoked} may be: "
                "collect the replies first, or negotiate a larger window"
            )
        message_id = self._message_id % 0xFFFF + 1
        while message_id in self._outstanding:
            message_id = message_id % 0xFFFF + 1
        self._message_id = message_id
        return message_id

    def _submit(
        self, field: int, context_id: int, message_id: int, buffers: Sequence[Buffer]
    ) -> None:
        first = time_ns()
        self._send(buffers, "response")
        self._outstanding[message_id] = (field, context_id, first, time_ns())

    def _send(self, buffers: Sequence[Buffer], phase: str) -> None:
        try:
            self.transport.send(buffers, self.timeouts.response, phase)
        except ClosedByPeer as error:
            reason = self._why_closed(error, phase)
            self._end(abort=False)
            raise reason from error
        except BaseException:
            # Part of a message is out: nothing sensible can follow it, an A-ABORT least of all.
            self._end(abort=False)
            raise

    def _why_closed(self, error: ClosedByPeer, phase: str) -> AssociationError:
        """What the peer said before it closed, when a send found the connection gone."""
        try:
            event = self._next_event(phase, 1.0, monotonic() + 1.0)
        except AssociationError:
            return error
        return Aborted(event.source, event.reason, phase) if isinstance(event, Abort) else error

    def _collect(self) -> Reply:
        seconds = self.timeouts.response
        deadline = monotonic() + seconds
        first = stamp = 0
        if not self._inbox and self._assembler.idle and not self._connection.buffered:
            view = self._view
            size, stamp = self.transport.receive(view, "response", seconds)
            first = last = time_ns()
            # A PDU in two segments, its header and the rest, is what DCMTK sends: wait for it here.
            while HEADER_SIZE <= size < (end := _end_of_pdu(view)):
                more, stamp = self.transport.receive(view[size:end], "response", seconds, deadline)
                last = time_ns()
                size += more
                if not more:
                    break
            command = self._simple(view, size)
            if command is not None:
                context_id, field, answered, status, raw = command
                return self._reply(
                    context_id, field, answered, status, raw, None, first, last, stamp
                )
            self._connection.receive_data(view[:size])
        while True:
            message, first, last, stamp = self._next_message(seconds, deadline, first, stamp)
            if not message.is_response:
                self._serve(message)
                first = stamp = 0
                deadline = monotonic() + seconds
                continue
            try:
                field, answered, status = response_numbers(message.command)
            except Malformed as error:
                raise self._violated(str(error), message.command_bytes) from error
            return self._reply(
                message.context_id,
                field,
                answered,
                status,
                message.command_bytes,
                message.data_set,
                first,
                last,
                stamp,
            )

    def _simple(self, view: memoryview, size: int) -> tuple[int, int, int, int, bytes] | None:
        """Reads a response that is all there is: one P-DATA-TF, one PDV, no data set.

        None for everything else, and for whatever is wrong: the general path has the words for it.
        """
        if size <= FRAME_SIZE:
            return None
        kind, _, length, pdv_length, context_id, control = _FRAME.unpack_from(view)
        limit = self._connection.max_length
        if (
            kind != PDataTF.KIND
            or control != COMMAND | LAST
            or length + HEADER_SIZE != size
            or pdv_length + 4 != length
            or context_id not in self.accepted.contexts
            or (limit and length > limit)
        ):
            return None
        raw = bytes(view[FRAME_SIZE:size])
        try:
            field, answered, status = self._reader.peek(raw)
        except Malformed:
            return None
        return (context_id, field, answered, status, raw) if field & commands.RESPONSE else None

    def _reply(
        self,
        context_id: int,
        field: int,
        answered: int,
        status: int,
        command: bytes,
        data_set: bytes | None,
        first_in: int,
        last_in: int,
        stamp: int,
    ) -> Reply:
        asked = self._outstanding.get(answered)
        if asked is None:
            raise self._violated(
                f"a response to message {answered}, which is not outstanding", command
            )
        if field != asked[0] | commands.RESPONSE:
            raise self._violated(
                f"{commands.name(field)} in response to a {commands.name(asked[0])}", command
            )
        if context_id != asked[1]:
            raise self._violated(
                f"a response on presentation context {context_id} to a request on {asked[1]}",
                command,
            )
        if status not in commands.PENDING:
            del self._outstanding[answered]
        return Reply(
            status,
            answered,
            command,
            data_set,
            Clocks(asked[2], asked[3], first_in, last_in, stamp),
        )

    def _next_message(
        self, seconds: float, deadline: float, first: int, stamp: int
    ) -> tuple[Message, int, int, int]:
        """The next whole message with the times of its first and last receive.

        `first` and `stamp` are those of bytes that were received already, 0 without any.
        """
        last = first
        while not self._inbox:
            event = self._poll("response")
            if event is None:
                size, stamp = self.transport.receive(self._view, "response", seconds, deadline)
                last = time_ns()
                first = first or last
                self._connection.receive_data(self._view[:size])
                continue
            if not isinstance(event, PDataTF):
                raise self._unexpected(event, "response")
            for pdv in event.pdvs:
                try:
                    message = self._assembler.feed(pdv.context_id, pdv.control, pdv.data)
                except Malformed as error:
                    raise self._violated(error.problem, bytes(pdv.data[:64])) from error
                if message is not None:
                    self._inbox.append(message)
        if not last:  # it came together with the message before
            first = last = time_ns()
        return self._inbox.pop(0), first, last, stamp

    def _serve(self, message: Message) -> None:
        """Answers a request of the peer: C-GET's sub-operations, an N-EVENT-REPORT."""
        handler = self._handler
        field = message.command.get("CommandField", 0)
        if "MessageID" not in message.command:
            raise self._violated("a request without Message ID", message.command_bytes)
        # PS3.7 Annex C.5.21: 0211H, unrecognized operation.
        status = 0x0211 if handler is None else handler(message)
        if field == commands.C_CANCEL_RQ:
            return
        command = commands.encode(commands.response_to(message.command, status))
        self._send(fragment(message.context_id, self._peer_max, command), "response")

    def _poll(self, phase: str) -> WireEvent | None:
        """The next event among the bytes that are here already."""
        try:
            event = self._connection.next_event()
        except RemoteProtocolError as error:
            self._last_words(error.answer)
            self._end(abort=False)
            raise ProtocolViolation(error.problem, error.shown, phase) from error
        return None if event is NEED_DATA else event

    def _next_event(self, phase: str, seconds: float, deadline: float) -> WireEvent:
        while True:
            event = self._poll(phase)
            if event is not None:
                return event
            size, _ = self.transport.receive(self._view, phase, seconds, deadline)
            self._connection.receive_data(self._view[:size])

    def _unexpected(self, event: WireEvent, phase: str) -> AssociationError:
        """What an event other than the one waited for means."""
        match event:
            case Abort():
                return Aborted(event.source, event.reason, phase)
            case ConnectionClosed():
                cut = f"{event.unread} bytes of a PDU were cut short" if event.unread else ""
                return ClosedByPeer(phase, cut)
            case ReleaseRQ():
                # Legal, and the end: answer it in order.
                self._last_words(self._connection.send(ReleaseRP()))
                return ClosedByPeer(phase, "it asked for a release while operations were going on")
            case _:
                return self._violated(f"{type(event).__name__} was not expected here", b"", phase)

    def _violated(self, problem: str, shown: bytes, phase: str = "response") -> ProtocolViolation:
        error = self._connection.violation(problem, shown)
        self._last_words(error.answer)
        self._end(abort=False)
        return ProtocolViolation(problem, shown, phase)
