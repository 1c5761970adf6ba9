"""The requestor against peers that stall, misbehave and vanish."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from time import monotonic

import pytest
from wire_peers import Start, accept, plan, serve

from stepwedge.wire import (
    Aborted,
    Association,
    AssociationError,
    ClosedByPeer,
    ConnectFailed,
    Prepared,
    Proposed,
    ProtocolViolation,
    Rejected,
    Shared,
    Timeout,
    commands,
    transport,
)
from stepwedge.wire.messages import fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateRJ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
)

CT = "1.2.840.10008.5.1.4.1.1.2"


def _stalls(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def _stalls_after_accepting(sock: socket.socket) -> None:
    accept(sock)
    _stalls(sock)


def _dribbles(sock: socket.socket) -> None:
    """Sends the beginning of an answer a byte at a time, for ever."""
    reader = serve(sock)
    reader.message()
    raw = b"\4\0\0\0\x20\0" + bytes(2000)
    done = threading.Event()
    for byte in raw:
        try:
            sock.sendall(bytes([byte]))
        except OSError:
            return
        done.wait(0.01)


def _stalls_in_release(sock: socket.socket) -> None:
    reader = serve(sock)
    reader.answer(reader.message(), 0)
    _stalls(sock)


@pytest.mark.parametrize(
    ("script", "phase"),
    [
        (_stalls, "negotiate"),
        (_stalls_after_accepting, "response"),
        (_dribbles, "response"),
        (_stalls_in_release, "release"),
    ],
)
@pytest.mark.parametrize(("armed", "poll"), [(5.0, 0.0), (0.05, 0.0), (5.0, 0.001)])
def test_a_stall_ends_at_the_deadline_of_its_phase(
    scripted: Start,
    monkeypatch: pytest.MonkeyPatch,
    script: Callable[[socket.socket], None],
    phase: str,
    armed: float,
    poll: float,
) -> None:
    """A peer that says nothing, or too slowly, is given up with the name of the phase.

    Also when the socket's own time-out is shorter and has to be armed several times.
    """
    monkeypatch.setattr(transport, "_LONG", armed)
    peer = scripted(script)
    start = monotonic()
    request = plan(peer.address, poll=poll)
    with pytest.raises(Timeout) as caught, Association(request) as association:
        association.echo()
    assert caught.value.kind == f"timeout {phase}"
    assert "0.3 s" in caught.value.problem
    assert 0.2 < monotonic() - start < 3


def test_a_peer_that_never_reads_ends_at_the_deadline(scripted: Start) -> None:
    """A send that makes no progress is bounded too."""
    gone = threading.Event()

    def script(sock: socket.socket) -> None:
        accept(sock)
        gone.wait(10)

    peer = scripted(script)
    contexts = Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN])
    huge = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3", [Shared(bytes(32 << 20))])
    association = Association(plan(peer.address, contexts))
    try:
        with pytest.raises(Timeout) as caught:
            association.store(huge)
    finally:
        gone.set()
    assert caught.value.kind == "timeout response"
    assert not association.open


def _rejects(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.sendall(AssociateRJ(1, 1, 7).encode())


def _aborts_negotiation(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.sendall(Abort(2, 1).encode())


def _closes(sock: socket.socket) -> None:
    sock.recv(65536)


def _closes_after_accepting(sock: socket.socket) -> None:
    serve(sock).message()


def _closes_inside_an_answer(sock: socket.socket) -> None:
    serve(sock).message()
    sock.sendall(b"\4\0\0\0\0\x50\0\0")


def _aborts_the_operation(sock: socket.socket) -> None:
    serve(sock).message()
    sock.sendall(Abort(0, 0).encode())


def _releases_in_the_middle(sock: socket.socket) -> None:
    reader = serve(sock)
    reader.message()
    sock.sendall(ReleaseRQ().encode())
    assert reader.pdu() == ReleaseRP()


def _speaks_http(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _answers(change: Callable[[dict[str, object]], None]) -> Callable[[socket.socket], None]:
    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        message = reader.message()
        command = commands.response_to(message.command, 0)
        change(command)
        sock.sendall(b"".join(fragment(1, 16384, commands.encode(command))))
        assert reader.pdu() == Abort(2, 0)

    return script


def _sends(pdu: object) -> Callable[[socket.socket], None]:
    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        reader.message()
        sock.sendall(pdu if isinstance(pdu, bytes) else pdu.encode())  # type: ignore[attr-defined]
        answer = reader.pdu()
        assert isinstance(answer, Abort)
        assert answer.source == 2

    return script


@pytest.mark.parametrize(
    ("script", "error", "kind", "words"),
    [
        (_rejects, Rejected, "rejected 1/1/7", "called-AE-title-not-recognized"),
        (_aborts_negotiation, Aborted, "aborted 2/1", "unrecognized-PDU"),
        (_closes, ClosedByPeer, "closed negotiate", "closed the connection"),
        (_closes_after_accepting, ClosedByPeer, "closed response", "closed the connection"),
        (_closes_inside_an_answer, ClosedByPeer, "closed response", "8 bytes of a PDU"),
        (_aborts_the_operation, Aborted, "aborted 0/0", "service-user"),
        (_releases_in_the_middle, ClosedByPeer, "closed response", "asked for a release"),
        (_speaks_http, ProtocolViolation, "violation negotiate", "speaks HTTP"),
        (
            _answers(lambda c: c.update(MessageIDBeingRespondedTo=99)),
            ProtocolViolation,
            "violation response",
            "message 99, which is not outstanding",
        ),
        (
            _answers(lambda c: c.update(CommandField=0x8001)),
            ProtocolViolation,
            "violation response",
            "C-STORE-RSP in response to a C-ECHO-RQ",
        ),
        (
            _answers(lambda c: c.pop("Status")),
            ProtocolViolation,
            "violation response",
            "without Status",
        ),
        (
            _sends(PDataTF((PDV(99, 3, b"\0" * 10),))),
            ProtocolViolation,
            "violation response",
            "context 99 was not accepted",
        ),
        (
            _sends(PDataTF((PDV(1, 2, b"\0" * 10),))),
            ProtocolViolation,
            "violation response",
            "without a command set",
        ),
        (
            _sends(b"\4\0\xff\xff\xff\xff"),
            ProtocolViolation,
            "violation response",
            "more than the 16384 allowed",
        ),
        (
            _sends(b"\x63garbage"),
            ProtocolViolation,
            "violation response",
            "63H is no PDU type",
        ),
        (
            _sends(AssociateRJ(1, 1, 1)),
            ProtocolViolation,
            "violation response",
            "A-ASSOCIATE-RJ was not expected",
        ),
    ],
)
def test_what_a_peer_can_do_wrong_is_classified(
    scripted: Start,
    script: Callable[[socket.socket], None],
    error: type[AssociationError],
    kind: str,
    words: str,
) -> None:
    """Each way of ending has its exception, its kind for counting and its words; nothing hangs."""
    peer = scripted(script)
    with pytest.raises(error) as caught, Association(plan(peer.address)) as association:
        association.echo()
    assert caught.value.kind == kind
    assert words in caught.value.problem


def test_a_flood_of_fragments_is_bounded(scripted: Start) -> None:
    """A command set that never ends is a violation at its limit, long before memory is."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        reader.message()
        piece = PDataTF((PDV(1, 1, bytes(8000)),)).encode()
        try:
            for _ in range(10_000):
                sock.sendall(piece)
        except OSError:
            return
        raise AssertionError("the flood was swallowed")

    peer = scripted(script)
    with pytest.raises(ProtocolViolation, match="command set of more than 65536"):
        Association(plan(peer.address)).echo()


def test_nobody_listens() -> None:
    """A refused connection says where, and what to check."""
    with socket.socket() as bound:  # and not listening; held, so that nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        address = bound.getsockname()
        with pytest.raises(ConnectFailed) as caught:
            Association(plan(address))
    assert f"127.0.0.1:{address[1]}" in caught.value.problem
    assert caught.value.mend


def test_a_name_that_does_not_resolve() -> None:
    """An unknown host is found out when the plan is made, before any load."""
    with pytest.raises(ConnectFailed, match="does not resolve"):
        plan(("no-such-host.invalid", 104))
