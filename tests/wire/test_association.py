"""The requestor from the first echo to the release, against peers that behave."""

from __future__ import annotations

import socket
import threading
from time import time_ns

import pytest
from wire_peers import Reader, Start, accept, plan, polite, serve

from stepwedge.wire import (
    Association,
    ClosedByPeer,
    LocalProtocolError,
    NotAccepted,
    Prepared,
    QuickAck,
    commands,
)
from stepwedge.wire.chunks import Chunk, Direction
from stepwedge.wire.connection import NEED_DATA, Connection, ConnectionClosed
from stepwedge.wire.items import AcceptedContext, ApplicationContext
from stepwedge.wire.messages import fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN
from stepwedge.wire.pdus import (
    Abort,
    AssociateAC,
    ReleaseRP,
    ReleaseRQ,
)
from stepwedge.wire.states import Role

CT = "1.2.840.10008.5.1.4.1.1.2"


def test_an_echo_and_a_release(scripted: Start) -> None:
    """The simplest association: its phases are timed, and its clocks are in order."""
    peer = scripted(polite)
    before = time_ns()
    with Association(plan(peer.address)) as association:
        reply = association.echo()
        assert reply.status == 0
        assert reply.command["CommandField"] == commands.C_ECHO_RSP
        clocks = reply.clocks
        assert before <= clocks.first_out <= clocks.last_out <= clocks.first_in <= clocks.last_in
        assert clocks.service > 0
    assert not association.open
    phases = association.phases
    assert phases.connect is not None
    assert phases.negotiate is not None
    assert phases.release is not None


@pytest.mark.parametrize("poll", [0.0, 0.001])
def test_an_answer_may_come_in_two_segments(scripted: Start, poll: float) -> None:
    """The P-DATA header alone is waited on, not taken for the answer; so is an end after it."""
    header_is_here = threading.Event()

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        for rest in (True, False):
            message = reader.message()
            command = commands.encode(commands.response_to(message.command, 0))
            whole = b"".join(fragment(message.context_id, 16384, command))
            sock.sendall(whole[:12])
            assert header_is_here.wait(5)
            header_is_here.clear()
            if rest:
                sock.sendall(whole[12:])

    def heard(chunk: Chunk) -> None:
        if chunk.direction is Direction.TO_CLIENT and len(chunk.data) == 12:
            header_is_here.set()

    peer = scripted(script)
    with Association(plan(peer.address, record=heard, poll=poll)) as association:
        reply = association.echo()
        assert reply.status == 0
        assert reply.clocks.first_in < reply.clocks.last_in
        with pytest.raises(ClosedByPeer):
            association.echo()


def test_the_kernel_stamps_what_arrives(scripted: Start) -> None:
    """With stamps the answer's arrival is the kernel's, between our send and our own receive."""
    peer = scripted(polite)
    with Association(plan(peer.address, stamps=True)) as association:
        if not association.transport.stamps:
            pytest.skip("this kernel gives no receive stamps")
        # The kernel switches stamping on a moment after the first socket asks for it: on a machine
        # that is busy, hundreds of echoes later.
        stamped = []
        for _ in range(20_000):
            clocks = association.echo().clocks
            if clocks.kernel_in:
                stamped.append(clocks)
            if len(stamped) == 10:
                break
    assert len(stamped) == 10
    for clocks in stamped:
        assert clocks.first_out < clocks.kernel_in <= clocks.last_in
        assert 0 <= clocks.lag < clocks.service + clocks.lag


@pytest.mark.parametrize("policy", list(QuickAck))
def test_both_acknowledgement_policies_work(scripted: Start, policy: QuickAck) -> None:
    """TCP_QUICKACK is a named policy; operations are the same under each."""
    peer = scripted(polite)
    with Association(plan(peer.address, quickack=policy)) as association:
        assert association.transport.quickack is policy
        assert association.transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert [association.echo().message_id for _ in range(3)] == [1, 2, 3]


def test_message_ids_start_over_without_zero(scripted: Start) -> None:
    """Message IDs run from 1 to 65535 and begin again."""
    peer = scripted(polite)
    with Association(plan(peer.address)) as association:
        association._message_id = 0xFFFE
        assert [association.echo().message_id for _ in range(3)] == [0xFFFF, 1, 2]


def test_a_closed_association_stays_closed(scripted: Start) -> None:
    """After the end every operation is our own mistake, and abort does nothing."""
    peer = scripted(polite)
    association = Association(plan(peer.address))
    association.release()
    association.abort()
    for operation in (association.echo, association.release, association.collect):
        with pytest.raises(LocalProtocolError, match="closed"):
            operation()


def test_an_abstract_syntax_that_was_not_accepted(scripted: Start) -> None:
    """What was not negotiated is refused before anything is sent; the association lives on."""
    peer = scripted(polite)
    with Association(plan(peer.address)) as association:
        with pytest.raises(NotAccepted):
            association.store(Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3", [b""]))
        assert association.echo().status == 0


def test_a_release_collision(scripted: Start) -> None:
    """When both ends release at once the requestor answers first (PS3.8 §7.2.2.1, Sta9, Sta11)."""

    def script(sock: socket.socket) -> None:
        accept(sock)
        sock.sendall(ReleaseRQ().encode())
        reader = Reader(sock)
        assert reader.pdu() == ReleaseRQ()
        assert reader.pdu() == ReleaseRP()
        sock.sendall(ReleaseRP().encode())

    peer = scripted(script)
    Association(plan(peer.address)).release()


def test_leaving_by_an_exception_aborts(scripted: Start) -> None:
    """An error of the caller's own ends the association with A-ABORT, not with a release."""
    ends: list[object] = []

    def script(sock: socket.socket) -> None:
        ends.append(serve(sock).pdu())

    peer = scripted(script)
    with pytest.raises(KeyError), Association(plan(peer.address)):
        raise KeyError("mine")
    peer.close()
    assert ends == [Abort(0, 0)]


def test_the_connection_closes_its_socket(scripted: Start) -> None:
    """The peer sees the end of the stream after a release, and no reset."""
    ends: list[object] = []

    def script(sock: socket.socket) -> None:
        connection = Connection(Role.ACCEPTOR)
        connection.connected()
        while not isinstance(event := connection.next_event(), ReleaseRQ):
            if event is NEED_DATA:
                connection.receive_data(sock.recv(65536))
            else:
                answer = AssociateAC("", "", (ApplicationContext(), AcceptedContext(1, 3)))
                sock.sendall(connection.send(answer))
        sock.sendall(connection.send(ReleaseRP()))
        connection.receive_data(sock.recv(65536))
        ends.append(connection.next_event())

    peer = scripted(script)
    association = Association(plan(peer.address))
    assert association.accepted.refused[0].result == 3
    association.release()
    peer.close()
    assert ends == [ConnectionClosed(0)]
