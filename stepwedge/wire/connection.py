"""One upper layer connection without any input or output: bytes in, events out, in h11's manner.

    connection = Connection(Role.REQUESTOR)
    sock.sendall(connection.send(AssociateRQ(...)))
    while True:
        event = connection.next_event()
        if event is NEED_DATA:
            connection.receive_data(sock.recv(65536))  # b"" says that the peer closed
            continue
        ...

Events are the PDUs themselves, and `ConnectionClosed`.  What is allowed when is asked of the state
machine (`states`); what the bytes mean, of the codec (`pdus`).  `next_event` raises
RemoteProtocolError when the peer breaks the rules and puts the PDU that must go back to it into
the error's `answer`; `send` raises LocalProtocolError when we would, and then nothing has changed.

Memory is bounded whatever arrives: no PDU is collected that is longer than its kind may be, and an
unknown PDU type is refused at its first byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias

from stepwedge.wire.errors import LocalProtocolError, Malformed, RemoteProtocolError
from stepwedge.wire.items import Buffer, MaximumLength
from stepwedge.wire.pdus import (
    FIXED_LENGTH,
    HEADER,
    HEADER_SIZE,
    NAMES,
    PDU,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
    decode,
)
from stepwedge.wire.states import Action, Artim, Event, Role, State, StateMachine


class _NeedData(Enum):
    NEED_DATA = "need data"


NEED_DATA: Final = _NeedData.NEED_DATA
"""What `next_event` returns when it cannot go on before `receive_data`."""

# PS3.8 Table 9-26: reasons of a service-provider abort.
NOT_SPECIFIED, UNRECOGNIZED_PDU, UNEXPECTED_PDU = 0, 1, 2
UNRECOGNIZED_PARAMETER, UNEXPECTED_PARAMETER, INVALID_PARAMETER = 4, 5, 6


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The transport connection was closed by the peer; `unread` bytes of a PDU were cut short."""

    unread: int = 0


WireEvent: TypeAlias = PDU | ConnectionClosed


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one PDU may hold before it is refused, in bytes of its variable field.

    `associate` bounds A-ASSOCIATE PDUs (128 presentation contexts with a hundred transfer syntaxes
    each stay below it); `data` bounds P-DATA-TF when we announced no maximum length.
    """

    associate: int = 1 << 20
    data: int = 1 << 24


_RECEIVED: dict[int, Event] = {
    AssociateAC.KIND: Event.Evt3,
    AssociateRJ.KIND: Event.Evt4,
    AssociateRQ.KIND: Event.Evt6,
    PDataTF.KIND: Event.Evt10,
    ReleaseRQ.KIND: Event.Evt12,
    ReleaseRP.KIND: Event.Evt13,
    Abort.KIND: Event.Evt16,
}
_SENT: dict[type, Event] = {
    AssociateAC: Event.Evt7,
    AssociateRJ: Event.Evt8,
    PDataTF: Event.Evt9,
    ReleaseRQ: Event.Evt11,
    ReleaseRP: Event.Evt14,
    Abort: Event.Evt15,
}


class Connection:
    """The protocol of one connection, for either role.

    `max_length` is what we announce ourselves in our own A-ASSOCIATE PDU and hold the peer to; it
    is taken from that PDU when it goes out.  `peer_max_length` is what the peer announced (0: any,
    and before it has spoken).
    """

    def __init__(self, role: Role, limits: Limits | None = None) -> None:
        self._machine = StateMachine(role)
        self._limits = limits or Limits()
        self._buffer = bytearray()
        self._eof = False
        self._request: AssociateRQ | None = None
        self.max_length = 0
        self.peer_max_length = 0
        self.artim_running = False
        self.should_close = False

    @property
    def role(self) -> Role:
        """Which end we are."""
        return self._machine.role

    @property
    def state(self) -> State:
        """The state of PS3.8 Table 9-10 that the connection is in."""
        return self._machine.state

    @property
    def buffered(self) -> int:
        """Bytes received and not yet consumed by `next_event`."""
        return len(self._buffer)

    # Our own wishes

    def initiate(self, request: AssociateRQ) -> None:
        """Evt1: we want an association; the transport connection is to be opened now."""
        self._do(Event.Evt1)
        self._request = request

    def connected(self, encoded: bytes = b"") -> bytes:
        """The transport connection is open (Evt2 as requestor, Evt5 as acceptor).

        Returns what must be sent: the A-ASSOCIATE-RQ, or nothing.  `encoded` is the request's bytes
        where the caller has them already.
        """
        if self.role is Role.ACCEPTOR:
            self._do(Event.Evt5)
            return b""
        request = self._request
        if request is not None and not encoded:
            encoded = request.encode()
        self._do(Event.Evt2)
        if request is not None:
            self.max_length = request.max_length or 0
        return encoded

    def send(self, pdu: PDU) -> bytes:
        """Returns the bytes of `pdu` and makes the transition.

        An AssociateRQ is `initiate` and `connected` in one, for a transport that is open already.
        Raises LocalProtocolError when the state does not allow it, when a field cannot be written,
        or when a P-DATA-TF is longer than the peer takes.
        """
        if isinstance(pdu, AssociateRQ):
            self.initiate(pdu)
            return self.connected()
        event = _SENT[type(pdu)]
        if not self._machine.allows(event):
            self._machine.fire(event)  # raises, with the words for it
        encoded = pdu.encode()
        if isinstance(pdu, PDataTF):
            size = len(encoded) - HEADER_SIZE
            if self.peer_max_length and size > self.peer_max_length:
                raise LocalProtocolError(
                    f"a P-DATA-TF of {size} bytes is longer than the {self.peer_max_length} "
                    "that the peer takes"
                )
        elif isinstance(pdu, AssociateAC):
            self.max_length = pdu.max_length or 0
        action = self._do(event)
        return encoded if action.sends else b""

    def may_send_data(self) -> bool:
        """True in the states in which P-DATA may go out (Sta6, and Sta8 before the release)."""
        return self._machine.allows(Event.Evt9)

    def artim_expired(self) -> None:
        """Evt18: the ARTIM timer ran out; the transport connection is to be closed."""
        self._do(Event.Evt18)

    # What the peer does

    def receive_data(self, data: Buffer) -> None:
        """Takes bytes off the wire; b"" says that the peer closed the connection."""
        if data:
            if self._eof or self.state is State.Sta4:
                raise LocalProtocolError("bytes were received where there is no connection")
            self._buffer += data
        else:
            self._eof = True

    def next_event(self) -> WireEvent | Literal[_NeedData.NEED_DATA]:
        """The next PDU, ConnectionClosed, or NEED_DATA.

        Raises RemoteProtocolError when the peer sent what Table 9-10 or the codec forbids; the
        connection is then in Sta13, drops whatever else arrives, and should be closed once the
        error's `answer` is sent.
        """
        while True:
            if self.state is State.Sta1:
                self._buffer.clear()  # nobody is listening any more
                return NEED_DATA
            pdu = self._next_pdu()
            if pdu is None:
                if not self._eof:
                    return NEED_DATA
                unread = len(self._buffer)
                self._buffer.clear()
                self._do(Event.Evt17)
                return ConnectionClosed(unread)
            event, kind, body, whole = pdu
            action = self._machine.action(event)
            if action is not None and action.ignores:
                self._do(event)
                continue
            try:
                decoded = decode(kind, body)
            except Malformed as error:
                raise self.violation(f"{NAMES[kind]}: {error}", whole, INVALID_PARAMETER) from error
            return self._arrived(event, decoded, whole)

    def violation(
        self, problem: str, shown: Buffer = b"", reason: int = NOT_SPECIFIED
    ) -> RemoteProtocolError:
        """Evt19: makes the transition for an invalid PDU and returns the error to raise.

        For the layer above too: what it cannot accept inside a P-DATA-TF is invalid to us.
        """
        action = self._do(Event.Evt19)
        return self._error(action, problem, shown, reason)

    # Inside

    def _do(self, event: Event, acceptable: bool = True) -> Action:
        action = self._machine.fire(event, acceptable)
        if action.artim is not None:
            self.artim_running = action.artim is Artim.START
        if action.closes:
            self.should_close = True
            self.artim_running = False
        return action

    def _error(
        self, action: Action, problem: str, shown: Buffer, reason: int
    ) -> RemoteProtocolError:
        # AA-1 aborts as the service-user, whose reason is not significant; AA-7 and AA-8 as the
        # service-provider.
        source = 0 if action.name == "AA-1" else 2
        answer = Abort(source, reason if source else 0).encode()
        return RemoteProtocolError(problem, bytes(shown[:64]), answer, source, reason)

    def _next_pdu(self) -> tuple[Event, int, bytes, bytes] | None:
        """Takes one whole PDU off the buffer; None when more bytes are needed."""
        buffer = self._buffer
        if not buffer:
            return None
        kind = buffer[0]
        event = _RECEIVED.get(kind)
        if event is None:
            shown = bytes(buffer[:64])
            buffer.clear()
            raise self.violation(
                f"{kind:02X}H is no PDU type" + _guess(shown), shown, UNRECOGNIZED_PDU
            )
        if len(buffer) < HEADER_SIZE:
            return None
        length = HEADER.unpack_from(buffer)[1]
        wanted = FIXED_LENGTH.get(kind)
        limit = self._limit(kind) if wanted is None else wanted
        if length > limit or (wanted is not None and length != wanted):
            shown = bytes(buffer[:64])
            buffer.clear()
            allowed = f"not {wanted}" if wanted is not None else f"more than the {limit} allowed"
            raise self.violation(
                f"{NAMES[kind]} announces {length} bytes, {allowed}", shown, INVALID_PARAMETER
            )
        end = HEADER_SIZE + length
        if len(buffer) < end:
            return None
        whole = bytes(buffer[:64])
        body = bytes(buffer[HEADER_SIZE:end])
        del buffer[:end]
        return event, kind, body, whole

    def _limit(self, kind: int) -> int:
        if kind == PDataTF.KIND:
            return self.max_length or self._limits.data
        return self._limits.associate

    def _arrived(self, event: Event, pdu: PDU, whole: bytes) -> PDU:
        # AE-6: the one thing the service provider itself checks is bit 0 of the version.
        acceptable = not isinstance(pdu, AssociateRQ) or bool(pdu.protocol_version & 1)
        action = self._do(event, acceptable)
        if action.name == "AE-6" and not acceptable and isinstance(pdu, AssociateRQ):
            self.artim_running = True
            raise RemoteProtocolError(
                f"protocol version {pdu.protocol_version:04X}H does not have bit 0 set",
                whole,
                AssociateRJ(1, 2, 2).encode(),
                source=2,
                reason=2,
            )
        if action.sends == "A-ABORT":
            raise self._error(
                action, f"{NAMES[pdu.KIND]} was not expected here", whole, UNEXPECTED_PDU
            )
        if isinstance(pdu, AssociateRQ | AssociateAC):
            found = pdu.user(MaximumLength)
            self.peer_max_length = found.value if found is not None else 0
        return pdu


def _guess(shown: bytes) -> str:
    """What a stranger on the DICOM port probably speaks."""
    if shown[:2] == b"\x16\x03":
        return " (the peer speaks TLS)"
    if shown[:2] == b"\x15\x03":
        return " (a TLS alert: the peer speaks TLS)"
    if shown[:5] == b"HTTP/" or shown[:4] in (b"GET ", b"POST", b"PUT ", b"HEAD"):
        return " (the peer speaks HTTP)"
    if shown[:4] == b"SSH-":
        return " (the peer speaks SSH)"
    return ""
