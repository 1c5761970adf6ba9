"""Any bytes give events or a protocol error: never another exception, never unbounded memory."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepwedge.wire import commands
from stepwedge.wire.connection import NEED_DATA, Connection, Limits
from stepwedge.wire.errors import Malformed, RemoteProtocolError
from stepwedge.wire.items import AcceptedContext, ApplicationContext, MaximumLength, UserInformation
from stepwedge.wire.messages import Assembler, MessageLimits
from stepwedge.wire.negotiation import VERIFICATION, Proposed, build_request
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
)
from stepwedge.wire.states import Role

RQ = build_request("CALLED", "CALLING", [Proposed(VERIFICATION)])
AC = AssociateAC(
    "CALLED",
    "CALLING",
    (
        ApplicationContext(),
        AcceptedContext(1, 0, "1.2.840.10008.1.2"),
        UserInformation((MaximumLength(16384),)),
    ),
)
ECHO = commands.encode(
    {"AffectedSOPClassUID": VERIFICATION, "CommandField": 0x30, "MessageID": 1,
     "CommandDataSetType": 0x101}
)  # fmt: skip
GOOD = [
    RQ.encode(),
    AC.encode(),
    AssociateRJ(1, 1, 1).encode(),
    PDataTF((PDV(1, 3, ECHO),)).encode(),
    ReleaseRQ().encode(),
    ReleaseRP().encode(),
    Abort().encode(),
]


def _requesting() -> Connection:
    connection = Connection(Role.REQUESTOR)
    connection.send(RQ)
    return connection


def _accepting() -> Connection:
    connection = Connection(Role.ACCEPTOR)
    connection.connected()
    return connection


def _associated() -> Connection:
    connection = _requesting()
    connection.receive_data(AC.encode())
    connection.next_event()
    return connection


def _releasing() -> Connection:
    connection = _associated()
    connection.send(ReleaseRQ())
    return connection


STARTS = [_requesting, _accepting, _associated, _releasing]


def _drain(connection: Connection, chunks: list[bytes]) -> None:
    """Feeds all chunks and then the end, reading all events; only protocol errors may be raised."""
    for chunk in [*chunks, b""]:
        connection.receive_data(chunk)
        for _ in range(10_000):
            try:
                if connection.next_event() is NEED_DATA:
                    break
            except RemoteProtocolError as error:
                assert error.problem
                assert error.answer
        else:
            pytest.fail("events without end")


mutated = st.lists(st.sampled_from(GOOD), min_size=1, max_size=4).flatmap(
    lambda pdus: st.tuples(
        st.just(b"".join(pdus)),
        st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
        st.lists(st.integers(0, 400), max_size=3),
    )
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.sampled_from(STARTS), st.lists(st.binary(min_size=1, max_size=200), max_size=5))
def test_any_bytes(start, chunks: list[bytes]) -> None:  # type: ignore[no-untyped-def]
    """Whatever arrives in whatever pieces, a connection gives events or a protocol error."""
    _drain(start(), chunks)


@settings(derandomize=True, deadline=None, max_examples=600)
@given(st.sampled_from(STARTS), mutated)
def test_any_damage(start, case: tuple[bytes, list[tuple[int, int]], list[int]]) -> None:  # type: ignore[no-untyped-def]
    """Good PDUs with some bytes changed and cut anywhere do no more than that."""
    stream, changes, cuts = case
    raw = bytearray(stream)
    for at, value in changes:
        if at < len(raw):
            raw[at] = value
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [bytes(raw[a:b]) for a, b in itertools.pairwise(edges)]
    _drain(start(), [chunk for chunk in chunks if chunk])


@settings(derandomize=True, deadline=None, max_examples=400)
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 1, 1, 3, 0]), st.integers(0, 3), st.binary(max_size=40)),
        max_size=20,
    )
)
def test_any_fragments(fragments: list[tuple[int, int, bytes]]) -> None:
    """Fragments in any order give messages or Malformed."""
    assembler = Assembler([1, 3], MessageLimits(command=200, data_set=200))
    for fragment in fragments:
        try:
            message = assembler.feed(*fragment)
        except Malformed:
            return
        assert message is None or "CommandField" in message.command


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.binary(max_size=120))
def test_any_command_set(raw: bytes) -> None:
    """Any bytes are a command set or Malformed."""
    try:
        commands.decode(raw)
    except Malformed as error:
        assert 0 <= error.offset <= len(raw)


@pytest.mark.parametrize("length", [0x00100001, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("kind", range(1, 8))
def test_no_announced_length_is_waited_for(kind: int, length: int) -> None:
    """A PDU longer than its kind may be is refused at its header, with an A-ABORT."""
    connection = _associated()
    connection.receive_data(bytes([kind, 0]) + length.to_bytes(4, "big"))
    with pytest.raises(RemoteProtocolError, match="announces"):
        connection.next_event()
    assert connection.buffered == 0


def test_a_p_data_tf_above_our_limit_is_refused() -> None:
    """What we announced as maximum length is what the peer is held to."""
    connection = _associated()
    connection.receive_data(b"\4\0" + (16385).to_bytes(4, "big"))
    with pytest.raises(RemoteProtocolError, match="more than the 16384 allowed"):
        connection.next_event()


@pytest.mark.parametrize(
    ("hello", "who"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    ],
)
def test_a_stranger_is_recognised_at_the_first_byte(hello: bytes, who: str) -> None:
    """A peer that speaks something else is named, and not waited for."""
    connection = _requesting()
    connection.receive_data(hello)
    with pytest.raises(RemoteProtocolError, match=f"the peer speaks {who}"):
        connection.next_event()


def test_memory_stays_bounded_under_a_flood() -> None:
    """Fragments that never end stop at the limit, not at the end of memory."""
    limit = 1 << 20
    assembler = Assembler([1], MessageLimits(command=4096, data_set=limit))
    assembler.feed(1, 3, commands.encode({"CommandField": 1, "CommandDataSetType": 1}))
    piece = bytes(16)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match="more than 1048576"):
            for _ in range(limit):
                assembler.feed(1, 0, piece)
        with pytest.raises(Malformed):
            assembler.feed(1, 1, bytes(5000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * limit


def test_empty_fragments_take_no_memory() -> None:
    """A flood of fragments without a byte does not grow anything."""
    assembler = Assembler([1])
    assembler.feed(1, 3, commands.encode({"CommandField": 1, "CommandDataSetType": 1}))
    tracemalloc.start()
    try:
        for _ in range(100_000):
            assembler.feed(1, 0, b"")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000


def test_the_largest_request_is_collected_within_the_limit() -> None:
    """An A-ASSOCIATE-RQ up to the limit is read; its buffer is given back."""
    connection = Connection(Role.ACCEPTOR, Limits(associate=1 << 16))
    connection.connected()
    connection.receive_data(b"\1\0\0\1\0\0" + bytes(1 << 16))
    with pytest.raises(RemoteProtocolError):
        connection.next_event()
    assert connection.buffered == 0
