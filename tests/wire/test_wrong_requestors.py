"""The acceptor against requestors that break the protocol, stall and vanish."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_peers import Notebook, listening

from stepwedge.wire import (
    Aborted,
    Acceptor,
    AssociationError,
    ClosedByPeer,
    Keep,
    Proposed,
    ProtocolViolation,
    Timeout,
    commands,
)
from stepwedge.wire.messages import MessageLimits, fragment
from stepwedge.wire.negotiation import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    build_request,
)
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    PDataTF,
    RawPDU,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
STORE = Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN])
ECHO = Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])


RQ = build_request("PEER", "RAW", [ECHO, STORE]).encode()
_STORE_RQ = commands.encode(
    {
        "AffectedSOPClassUID": CT,
        "CommandField": 1,
        "MessageID": 1,
        "CommandDataSetType": 1,
        "AffectedSOPInstanceUID": "1.2.3",
    }
)
_ECHO_RQ = commands.encode({"CommandField": 0x30, "MessageID": 1, "CommandDataSetType": 0x101})


def _answers_to(acceptor: Acceptor, *parts: bytes, end: bool = False) -> list[object]:
    """Sends bytes on a raw connection and returns all PDUs that come back until it is closed.

    A good request is waited for until it is answered: nothing else may be sent before.
    """
    with socket.create_connection(acceptor.address, timeout=10) as sock:
        got = b""
        for index, part in enumerate(parts):
            sock.sendall(part)
            if not index and part == RQ:
                got = sock.recv(65536)
        if end:
            sock.shutdown(socket.SHUT_WR)
        try:
            while data := sock.recv(65536):
                got += data
        except ConnectionResetError:
            pass
    return list(decode_stream(got))


def _data(*pdvs: PDV) -> bytes:
    return PDataTF(pdvs).encode()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([RQ, RQ], "A-ASSOCIATE-RQ was not expected"),
        ([RQ, ReleaseRP().encode()], "A-RELEASE-RP was not expected"),
        ([RQ, b"\x08\0\0\0\0\4abcd"], "08H is no PDU type"),
        ([RQ, b"GET / HTTP/1.1\r\n\r\n"], "speaks HTTP"),
        ([RQ, _data(PDV(99, 3, _ECHO_RQ))], "context 99 was not accepted"),
        ([RQ, RawPDU(4, b"").encode()], "a P-DATA-TF of 0 bytes"),
        ([RQ, b"\4\0\xff\xff\xff\xff"], "a P-DATA-TF of 4294967295 bytes"),
        ([RQ, RawPDU(4, b"\0\0\0\1\1\3").encode()], "a PDV of 1 bytes"),
        ([RQ, RawPDU(4, b"\x7f\xff\xff\xff\1\3").encode()], "a PDV of 2147483647 bytes"),
        ([RQ, _data(PDV(3, 2, b"data"))], "before the command set was complete"),
        ([RQ, _data(PDV(3, 1, _STORE_RQ[:8]), PDV(3, 2, b"data"))], "before the command set"),
        ([RQ, _data(PDV(3, 3, _STORE_RQ), PDV(3, 3, _STORE_RQ))], "where the data set"),
        ([RQ, _data(PDV(3, 3, _STORE_RQ), PDV(1, 2, b"data"))], "context 1 inside a message of 3"),
        ([RQ, _data(PDV(1, 3, b"\0\0\0\1\2\0\0\0"))], "announces 2 bytes"),
        ([RQ, _data(PDV(1, 3, b""))], "without Command Field"),
        ([RQ, _data(PDV(1, 3, _ECHO_RQ), PDV(1, 2, b"x"))], "after the message"),
        ([RQ, *[_data(PDV(1, 1, bytes(16000)))] * 5], "command set of more than 65536"),
        ([RQ, _data(PDV(1, 3, commands.encode({"CommandField": 0x30})))], "a Message ID"),
        (
            [RQ, _data(PDV(1, 3, commands.encode({"CommandField": 0x8030, "MessageID": 1})))],
            "C-ECHO-RSP is not a request",
        ),
        ([RawPDU(1, bytes(10)).encode()], "no room for its fixed fields"),
        ([ReleaseRQ().encode()], "A-RELEASE-RQ was not expected"),
    ],
)
def test_what_breaks_the_protocol_is_aborted(parts: list[bytes], words: str) -> None:
    """Each violation is answered with A-ABORT, and its words reach the service."""
    service = Notebook()
    with listening(service) as acceptor:
        answers = _answers_to(acceptor, *parts)
        assert service.over.wait(5)
    assert isinstance(answers[-1], Abort)
    (error,) = service.ends
    assert isinstance(error, ProtocolViolation)
    assert words in error.problem
    assert not service.received


def test_a_data_set_has_a_limit() -> None:
    """More than the limit of one data set is a violation, however it is cut."""
    service = Notebook()
    with listening(service, limits=MessageLimits(data_set=100_000)) as acceptor:
        parts = [RQ, *map(bytes, fragment(3, 16384, _STORE_RQ, [bytes(120_000)]))]
        answers = _answers_to(acceptor, *parts)
        assert service.over.wait(5)
    assert isinstance(answers[-1], Abort)
    assert "more than 100000 bytes" in str(service.ends[0])


def test_an_abort_reaches_a_peer_that_still_sends() -> None:
    """An A-ABORT is not destroyed by a reset while the peer still sends (Sta13)."""
    service = Notebook()
    with listening(service) as acceptor:
        answers = _answers_to(acceptor, RQ, _data(PDV(99, 3, _ECHO_RQ)) + bytes(8 << 20))
        assert service.over.wait(5)
    assert isinstance(answers[-1], Abort)


@pytest.mark.parametrize("parts", [[], [RQ[:3]], [RQ[:80]]])
def test_silence_ends_with_artim(parts: list[bytes]) -> None:
    """Without a whole A-ASSOCIATE-RQ the connection is closed when ARTIM runs out."""
    service = Notebook()
    with listening(service, artim=0.2) as acceptor:
        _answers_to(acceptor, *parts)
        assert service.over.wait(5)
    assert isinstance(service.ends[0], Timeout)


def test_data_before_the_answer_is_a_violation() -> None:
    """A peer that does not wait for our answer to its request breaks Table 9-10 (Evt10 in Sta3)."""
    service = Notebook()
    with listening(service) as acceptor:
        answers = _answers_to(acceptor, RQ + _data(PDV(1, 3, _ECHO_RQ)))
        assert service.over.wait(5)
    assert isinstance(answers[-1], Abort)
    assert "before the association was accepted" in str(service.ends[0])


def test_a_stalled_message_ends_with_the_idle_time() -> None:
    """A data set that does not go on is aborted, so that the slot is free again."""
    service = Notebook()
    with listening(service, idle=0.2) as acceptor:
        answers = _answers_to(acceptor, RQ, _data(PDV(3, 3, _STORE_RQ), PDV(3, 0, b"da")))
        assert service.over.wait(5)
        assert acceptor.associations == 0
    assert isinstance(answers[-1], Abort)
    assert isinstance(service.ends[0], Timeout)


@pytest.mark.parametrize(
    ("last", "error"),
    [(Abort().encode(), Aborted), (b"", ClosedByPeer), (_data(PDV(3, 3, _STORE_RQ)), ClosedByPeer)],
)
def test_a_peer_that_leaves(last: bytes, error: type[AssociationError]) -> None:
    """An abort and a vanished peer are told apart, also inside a message; nothing is stored."""
    service = Notebook()
    with listening(service) as acceptor:
        _answers_to(acceptor, RQ, last, end=True)
        assert service.over.wait(5)
    assert isinstance(service.ends[0], error | ProtocolViolation)
    assert not service.received


def test_a_release_inside_a_data_set_stores_nothing() -> None:
    """A-RELEASE-RQ before the last fragment is answered, and the message is dropped."""
    service = Notebook()
    with listening(service) as acceptor:
        with socket.create_connection(acceptor.address, timeout=5) as sock:
            sock.sendall(RQ)
            sock.recv(65536)
            sock.sendall(_data(PDV(3, 3, _STORE_RQ), PDV(3, 0, b"da")) + ReleaseRQ().encode())
            assert list(decode_stream(sock.recv(65536))) == [ReleaseRP()]
        assert service.over.wait(5)
    assert service.ends == [None]
    assert not service.received


def test_valid_but_unusual_fragments() -> None:
    """A command over two PDUs, several PDVs in one PDU, empty fragments and one-byte packets."""
    stream = (
        _data(PDV(3, 1, _STORE_RQ[:10]))
        + _data(PDV(3, 1, b""), PDV(3, 3, _STORE_RQ[10:]), PDV(3, 0, b"da"), PDV(3, 0, b""))
        + _data(PDV(3, 0, b"ta"), PDV(3, 2, b""))
        + ReleaseRQ().encode()
    )
    service = Notebook(Keep.DATA)
    with listening(service) as acceptor:
        with socket.create_connection(acceptor.address, timeout=5) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(RQ)
            sock.recv(65536)
            for at in range(len(stream)):
                sock.sendall(stream[at : at + 1])
            got = b""
            while len(list(_whole(got))) < 2:
                got += sock.recv(65536)
        assert service.over.wait(5)
    assert [received.data for received in service.received] == [b"data"]
    assert service.ends == [None]


def _whole(raw: bytes) -> Iterator[bytes]:
    """The complete PDUs at the beginning of some bytes."""
    while len(raw) >= 6 and len(raw) >= (end := 6 + struct.unpack(">I", raw[2:6])[0]):
        yield raw[:end]
        raw = raw[end:]


_PIECES = [
    _data(PDV(1, 3, _ECHO_RQ)),
    _data(PDV(3, 3, _STORE_RQ), PDV(3, 2, b"data")),
    _data(PDV(3, 3, _STORE_RQ)),
    _data(PDV(3, 0, b"da")),
    _data(PDV(3, 2, b"ta")),
    ReleaseRQ().encode(),
    Abort().encode(),
    RQ,
]


@settings(derandomize=True, deadline=None, max_examples=80)
@given(
    st.lists(st.sampled_from(_PIECES), max_size=5),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
)
def test_any_bytes_end_an_association_in_order(
    pieces: list[bytes], changes: list[tuple[int, int]]
) -> None:
    """Whatever arrives, the association ends with a release, an AssociationError and no other."""
    raw = bytearray(b"".join(pieces))
    for at, value in changes:
        if at < len(raw):
            raw[at] = value
    service = Notebook(Keep.DATA)
    with listening(service, artim=2, idle=2) as acceptor:
        _answers_to(acceptor, RQ, bytes(raw), end=True)
        assert service.over.wait(10)
    (error,) = service.ends
    assert error is None or isinstance(error, AssociationError), error
