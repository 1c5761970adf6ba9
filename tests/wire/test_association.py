"""The requestor against peers that behave, misbehave, stall and vanish."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from time import monotonic, time_ns

import pytest
from wire_peers import ScriptedPeer, accept, plan

from stepwedge.wire import (
    Aborted,
    Association,
    AssociationError,
    ClosedByPeer,
    ConnectFailed,
    LocalProtocolError,
    NotAccepted,
    Prepared,
    Proposed,
    ProtocolViolation,
    QuickAck,
    Rejected,
    Shared,
    Timeout,
    commands,
    transport,
)
from stepwedge.wire.chunks import Chunk, Direction
from stepwedge.wire.connection import NEED_DATA, Connection, ConnectionClosed
from stepwedge.wire.items import AcceptedContext, ApplicationContext, AsynchronousOperationsWindow
from stepwedge.wire.messages import Assembler, Message, fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)
from stepwedge.wire.states import Role

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
Start = Callable[[Callable[[socket.socket], None]], ScriptedPeer]


class Reader:
    """Reads messages, and whatever else comes, from the scripted peer's end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._raw = b""
        self._assembler = Assembler(range(1, 256, 2))

    def pdu(self) -> object:
        while len(self._raw) < 6 or len(self._raw) < 6 + struct.unpack(">I", self._raw[2:6])[0]:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._raw += data
        end = 6 + struct.unpack(">I", self._raw[2:6])[0]
        pdu, self._raw = self._raw[:end], self._raw[end:]
        return next(iter(decode_stream(pdu)))

    def message(self) -> Message:
        while True:
            pdu = self.pdu()
            assert isinstance(pdu, PDataTF), pdu
            for pdv in pdu.pdvs:
                message = self._assembler.feed(pdv.context_id, pdv.control, pdv.data)
                if message is not None:
                    return message

    def answer(
        self, message: Message, status: int, data: bytes | None = None, **more: object
    ) -> None:
        command = commands.response_to(message.command, status, **more)
        if data is not None:
            command["CommandDataSetType"] = commands.DATA_SET
        raw = commands.encode(command)
        parts = fragment(message.context_id, 16384, raw, None if data is None else [data])
        self.sock.sendall(b"".join(parts))


def serve(sock: socket.socket, *more: object) -> Reader:
    accept(sock, *more)
    return Reader(sock)


def polite(sock: socket.socket) -> None:
    """Answers echoes and stores, and releases in order."""
    reader = serve(sock)
    while not isinstance(pdu := reader.pdu(), ReleaseRQ):
        if pdu is None or isinstance(pdu, Abort):
            return
        assert isinstance(pdu, PDataTF)
        for pdv in pdu.pdvs:
            message = reader._assembler.feed(pdv.context_id, pdv.control, pdv.data)
            if message is not None:
                reader.answer(message, 0)
    sock.sendall(ReleaseRP().encode())


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


def test_several_operations_at_once(scripted: Start) -> None:
    """With an asynchronous window requests overlap, and answers come in any order."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock, AsynchronousOperationsWindow(3, 1))
        messages = [reader.message() for _ in range(3)]
        for message in reversed(messages):
            reader.answer(message, 0)
        for message in [reader.message() for _ in range(2)]:
            reader.answer(message, 0)
        assert isinstance(reader.pdu(), ReleaseRQ)
        sock.sendall(ReleaseRP().encode())

    peer = scripted(script)
    with Association(plan(peer.address, window=(4, 1))) as association:
        assert association.accepted.invoked == 3
        sent = [association.submit_echo() for _ in range(3)]
        with pytest.raises(LocalProtocolError, match="3 operations are outstanding"):
            association.submit_echo()
        assert [association.collect().message_id for _ in range(3)] == sent[::-1]
        first, second = association.submit_echo(), association.submit_echo()
        assert association.collect(second).message_id == second
        assert association.collect(first).message_id == first
        with pytest.raises(LocalProtocolError, match="no request is outstanding"):
            association.collect()


def test_without_a_window_operations_are_one_by_one(scripted: Start) -> None:
    """A second request before the answer to the first is refused."""
    peer = scripted(polite)
    with Association(plan(peer.address)) as association:
        association.submit_echo()
        with pytest.raises(LocalProtocolError, match="1 may be"):
            association.submit_echo()
        assert association.collect().status == 0


def test_find_gives_each_reply_as_it_comes(scripted: Start) -> None:
    """Pending replies carry their identifiers; the last one ends the iteration."""
    queries: list[Message] = []

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        message = reader.message()
        queries.append(message)
        for n in range(3):
            reader.answer(message, 0xFF00, bytes([n]) * 8)
        reader.answer(message, 0)
        assert isinstance(reader.pdu(), ReleaseRQ)
        sock.sendall(ReleaseRP().encode())

    peer = scripted(script)
    context = Proposed(FIND, [IMPLICIT_VR_LITTLE_ENDIAN])
    with Association(plan(peer.address, context)) as association:
        replies = association.find(FIND, b"identify")
        found = [(reply.status, reply.data_set) for reply in replies]
        assert replies.final is not None
    assert found == [(0xFF00, bytes([n]) * 8) for n in range(3)] + [(0, None)]
    assert queries[0].data_set == b"identify"
    assert queries[0].command["CommandField"] == commands.C_FIND_RQ


def test_cancel_ends_a_find(scripted: Start) -> None:
    """C-CANCEL names the message; the final reply says that it was cancelled."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        message = reader.message()
        reader.answer(message, 0xFF00, b"12345678")
        cancel = reader.message()
        assert cancel.command["CommandField"] == commands.C_CANCEL_RQ
        assert cancel.command["MessageIDBeingRespondedTo"] == message.command["MessageID"]
        reader.answer(message, commands.CANCEL)

    peer = scripted(script)
    context = Proposed(FIND, [IMPLICIT_VR_LITTLE_ENDIAN])
    association = Association(plan(peer.address, context))
    replies = association.find(FIND, b"")
    statuses = []
    for reply in replies:
        statuses.append(reply.status)
        if reply.pending:
            replies.cancel()
    assert statuses == [0xFF00, commands.CANCEL]
    association.abort()


def test_get_hands_over_what_comes_on_the_same_association(scripted: Start) -> None:
    """C-GET's sub-operations are given to the handler and answered with its status."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        get = reader.message()
        for n in range(2):
            store = commands.encode(
                {
                    "AffectedSOPClassUID": CT,
                    "CommandField": commands.C_STORE_RQ,
                    "MessageID": n + 1,
                    "Priority": 0,
                    "CommandDataSetType": 1,
                    "AffectedSOPInstanceUID": f"1.2.{n}",
                }
            )
            sock.sendall(b"".join(fragment(3, 16384, store, [bytes(40_000)])))
            assert reader.message().command["Status"] == 0xB000
            reader.answer(get, 0xFF00, NumberOfCompletedSuboperations=n + 1)
        reader.answer(get, 0)

    peer = scripted(script)
    contexts = (Proposed(GET), Proposed(CT, scp_role=True))
    association = Association(plan(peer.address, *contexts))
    seen: list[tuple[str, int]] = []

    def keep(message: Message) -> int:
        assert message.data_set is not None
        seen.append((message.command["AffectedSOPInstanceUID"], len(message.data_set)))
        return 0xB000

    final = association.get(GET, b"", keep).finish()
    assert final.status == 0
    assert seen == [("1.2.0", 40_000), ("1.2.1", 40_000)]
    association.abort()


def test_an_unasked_request_is_answered_as_unrecognized(scripted: Start) -> None:
    """A request of the peer that nobody handles gets 0211H, and our operation goes on."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        echo = reader.message()
        report = {"CommandField": 0x100, "MessageID": 7, "CommandDataSetType": 0x101}
        sock.sendall(b"".join(fragment(1, 16384, commands.encode(report))))
        assert reader.message().command["Status"] == 0x0211
        reader.answer(echo, 0)

    peer = scripted(script)
    association = Association(plan(peer.address))
    assert association.echo().status == 0
    association.abort()


def test_a_fragmented_answer_is_put_together(scripted: Start) -> None:
    """A response cut into fragments, and into packets anywhere, is one reply."""

    def script(sock: socket.socket) -> None:
        reader = serve(sock)
        message = reader.message()
        raw = commands.encode(commands.response_to(message.command, 0x0107))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = b"".join(fragment(1, 26, raw))
        for at in range(0, len(stream), 7):
            sock.sendall(stream[at : at + 7])

    peer = scripted(script)
    association = Association(plan(peer.address))
    assert association.echo().status == 0x0107
    association.abort()


@pytest.mark.parametrize("peer_max", [0, 7, 128, 4096, 16384])
@pytest.mark.parametrize("size", [0, 1, 100, 20_001])
def test_a_prepared_store_is_the_message_it_should_be(peer_max: int, size: int) -> None:
    """Whatever the parts and the negotiated length, the same command and data set arrive."""
    header, pixels, tail = b"h" * 300, Shared(bytes(range(256)) * (size // 256 + 1)), b"t" * 30
    pixels = Shared(pixels.data[:size])
    for parts in ([header, pixels], [header, pixels, tail], [header], [pixels], [], [b"", pixels]):
        prepared = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3.4", parts, priority=1)
        if peer_max == 7:
            with pytest.raises(LocalProtocolError, match="too short"):
                prepared.buffers(5, peer_max, 1)
            return
        wanted = b"".join(bytes(p.data if isinstance(p, Shared) else p) for p in parts)
        assert prepared.size == len(wanted)
        for message_id in (1, 0x1234):
            stream = b"".join(prepared.buffers(5, peer_max, message_id))
            assembler = Assembler([5])
            found = None
            for pdu in decode_stream(stream):
                assert isinstance(pdu, PDataTF)
                assert not peer_max or len(pdu.encode()) - 6 <= peer_max
                for pdv in pdu.pdvs:
                    assert found is None
                    found = assembler.feed(pdv.context_id, pdv.control, pdv.data)
            assert found is not None
            assert found.data_set == wanted
            assert found.command["MessageID"] == message_id
            assert found.command["AffectedSOPInstanceUID"] == "1.2.3.4"
            assert found.command["Priority"] == 1


def test_shared_pixels_are_framed_once(scripted: Start) -> None:
    """Two instances of a template send the same memory."""
    pixels = Shared(bytes(100_000))
    first = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3", [b"head", pixels])
    second = first.renewed("1.2.4", [b"HEAD", pixels])
    assert first.buffers(1, 16384, 1)[-1] is second.buffers(1, 16384, 2)[-1]


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
