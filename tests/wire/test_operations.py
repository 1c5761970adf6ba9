"""Operations on an association: several at a time, of many answers, and with data sets."""

from __future__ import annotations

import socket

import pytest
from wire_peers import Start, plan, polite, serve

from stepwedge.wire import (
    Association,
    LocalProtocolError,
    Prepared,
    Proposed,
    Shared,
    commands,
)
from stepwedge.wire.items import AsynchronousOperationsWindow
from stepwedge.wire.messages import Assembler, Message, fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN
from stepwedge.wire.pdus import (
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"


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
