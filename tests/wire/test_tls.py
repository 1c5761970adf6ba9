"""The engine over TLS, in both roles: what is carried, and each way in which it can break."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest
from wire_peers import QUICK, ScriptedPeer, accept, plan

from stepwedge.fixtures.certificates import Authority, Certificates, pem
from stepwedge.tls import Tls, client_context, server_context
from stepwedge.wire import (
    Aborted,
    Acceptor,
    Association,
    AssociationError,
    ClosedByPeer,
    Keep,
    Prepared,
    Proposed,
    Received,
    Service,
    Shared,
    Timeout,
    TlsFailed,
    commands,
    transport,
)
from stepwedge.wire.messages import fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN

CT = "1.2.840.10008.5.1.4.1.1.2"
STORE = Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN])
Start = Callable[[Callable[[socket.socket], None]], ScriptedPeer]


class Kept(Service):
    """Keeps data sets."""

    keep = Keep.DATA

    def __init__(self) -> None:
        self.data: list[bytes | None] = []

    def store(self, received: Received) -> int:
        self.data.append(received.data)
        return 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `stepwedge certificates` makes."""
    folder = tmp_path_factory.mktemp("certificates")
    Certificates().write(folder)
    return folder


@pytest.fixture
def ours(folder: Path) -> ssl.SSLContext:
    return client_context(Tls(enabled=True, certificates=str(folder)))


@pytest.fixture
def theirs(folder: Path) -> ssl.SSLContext:
    return server_context(Tls(enabled=True, certificates=str(folder)))


@pytest.fixture
def acceptor(theirs: ssl.SSLContext) -> Iterator[Acceptor]:
    with Acceptor(service=Kept(), tls=theirs, artim=0.5, idle=5) as acceptor:
        yield acceptor


def test_data_of_any_size_arrive_whole(acceptor: Acceptor, ours: ssl.SSLContext) -> None:
    """PDUs and TLS records have borders of their own; neither shows in what is stored."""
    sizes = (0, 1, 16383, 16384, 16385, 700_001)
    pixels = bytes(range(256)) * 4096
    with Association(plan(acceptor.address, STORE, tls=ours)) as association:
        for number, size in enumerate(sizes):
            parts = [Shared(pixels[: size // 2]), pixels[size // 2 : size]]
            prepared = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, f"1.2.{number}", parts)
            assert association.store(prepared).status == 0
    assert isinstance(acceptor.service, Kept)
    assert acceptor.service.data == [pixels[:size] for size in sizes]


def test_what_tls_was_agreed_on_is_told(acceptor: Acceptor, ours: ssl.SSLContext) -> None:
    """Version and suite are known; the kernel's stamps are not, since they tell of cipher text."""
    with Association(plan(acceptor.address, tls=ours, stamps=True)) as association:
        assert association.echo().status == 0
        assert association.transport.tls_description.startswith("TLSv1.3 TLS_AES_256_GCM")
        assert not association.transport.stamps
    one_two = client_context(Tls(enabled=True, verify="none"))
    one_two.maximum_version = ssl.TLSVersion.TLSv1_2
    with Association(plan(acceptor.address, tls=one_two)) as association:
        assert association.echo().status == 0
        assert association.transport.tls_description.startswith("TLSv1.2 ECDHE-")


def test_many_associations_share_one_context(acceptor: Acceptor, ours: ssl.SSLContext) -> None:
    """A plan is opened again and again, by many threads."""
    made = plan(acceptor.address, tls=ours, timeouts=transport.Timeouts())
    failed: list[AssociationError] = []

    def work() -> None:
        try:
            for _ in range(5):
                with Association(made) as association:
                    association.echo()
        except AssociationError as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_without_a_certificate_is_told_so(
    theirs: ssl.SSLContext, folder: Path, version: ssl.TLSVersion
) -> None:
    """Under TLS 1.3 the refusal comes after our handshake is over; it reads the same."""
    theirs.verify_mode = ssl.CERT_REQUIRED
    bare = client_context(Tls(enabled=True, ca=str(folder / "ca.pem")))
    bare.maximum_version = version
    with (
        Acceptor(tls=theirs, artim=0.5) as acceptor,
        pytest.raises(TlsFailed, match="demands a certificate of us"),
    ):
        Association(plan(acceptor.address, tls=bare))


def test_whom_we_do_not_trust_we_do_not_speak_to(
    acceptor: Acceptor, ours: ssl.SSLContext, tmp_path: Path
) -> None:
    """An unknown authority and another name are told apart."""
    (tmp_path / "ca.pem").write_bytes(pem(Authority("Another CA").certificate))
    stranger = client_context(Tls(enabled=True, ca=str(tmp_path / "ca.pem")))
    with pytest.raises(TlsFailed, match="not from an authority that we trust"):
        Association(plan(acceptor.address, tls=stranger))
    with pytest.raises(TlsFailed, match=r"does not carry the name pacs\.example"):
        Association(plan(acceptor.address, tls=ours, server_name="pacs.example"))


def test_clear_and_secure_do_not_meet(
    acceptor: Acceptor, ours: ssl.SSLContext, folder: Path
) -> None:
    """TLS to a clear acceptor and DICOM to a secure one fail with a typed error, in time."""
    with Acceptor(artim=0.5) as clear, pytest.raises((TlsFailed, ClosedByPeer)):
        Association(plan(clear.address, tls=ours))
    with pytest.raises((ClosedByPeer, AssociationError)):
        Association(plan(acceptor.address))
    with Association(plan(acceptor.address, tls=ours)) as association:
        association.echo()


def test_a_handshake_that_stalls_ends_in_time(scripted: Start, ours: ssl.SSLContext) -> None:
    """A peer that reads our hello and says nothing costs the connect timeout, not more."""
    done = threading.Event()

    def silent(sock: socket.socket) -> None:
        sock.recv(65536)
        done.wait(10)

    peer = scripted(silent)
    began = monotonic()
    limits = transport.Timeouts(connect=0.3, negotiate=5, response=5, release=5)
    with pytest.raises(Timeout) as caught:
        Association(plan(peer.address, tls=ours, timeouts=limits))
    done.set()
    assert caught.value.phase == "tls"
    assert monotonic() - began < 3


def test_an_acceptor_gives_stalled_handshakes_up(acceptor: Acceptor, ours: ssl.SSLContext) -> None:
    """ARTIM bounds the handshake, and others are served meanwhile."""
    with socket.create_connection(acceptor.address) as stalled:
        with Association(plan(acceptor.address, tls=ours)) as association:
            association.echo()
        stalled.settimeout(5)
        assert stalled.recv(1) == b""


def test_an_acceptor_survives_what_is_no_handshake(
    acceptor: Acceptor, ours: ssl.SSLContext
) -> None:
    """Garbage, another protocol and half a record end that connection and nothing else."""
    for rubbish in (
        b"GET / HTTP/1.0\r\n\r\n",
        bytes(512),
        b"\x16\x03\x01\x02\x00\x01",
        b"\xff" * 64,
    ):
        with socket.create_connection(acceptor.address) as stranger:
            stranger.sendall(rubbish)
            read_to_the_end(stranger)
    with Association(plan(acceptor.address, tls=ours)) as association:
        association.echo()


def read_to_the_end(sock: socket.socket) -> None:
    """Ends our direction and waits for the other side to close, with a reset if it must."""
    sock.settimeout(5)
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionError):
        while sock.recv(4096):
            pass


def secured(
    context: ssl.SSLContext, script: Callable[[ssl.SSLSocket], None]
) -> Callable[[socket.socket], None]:
    """A script that runs on a TLS connection; its peer's way to end it is not judged."""

    def run(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as connection:
            script(connection)

    return run


def test_several_messages_in_one_record_are_all_read(
    scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext
) -> None:
    """What was decrypted together does not wait for more cipher text to come."""

    def script(sock: ssl.SSLSocket) -> None:
        accept(sock)
        sock.recv(65536)
        answer = {
            "AffectedSOPClassUID": CT,
            "CommandField": 0x8020,
            "MessageIDBeingRespondedTo": 1,
            "CommandDataSetType": 0x0101,
        }
        replies = [
            b"".join(fragment(1, 16384, commands.encode(answer | {"Status": status})))
            for status in (0xFF00, 0xFF00, 0xFF00, 0)
        ]
        sock.sendall(b"".join(replies))
        sock.recv(65536)

    with Association(plan(scripted(secured(theirs, script)).address, tls=ours)) as association:
        replies = list(association.find("1.2.840.10008.1.1", b""))
        association.abort()
    assert [reply.status for reply in replies] == [0xFF00, 0xFF00, 0xFF00, 0]


@pytest.mark.parametrize("polite", [True, False])
def test_a_peer_that_closes_is_one_that_closed(
    scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext, polite: bool
) -> None:
    """With close_notify or without, in the middle of an answer, that is ClosedByPeer."""

    def script(sock: ssl.SSLSocket) -> None:
        accept(sock)
        sock.recv(65536)
        sock.sendall(b"\x04\x00\x00\x00\x01\x00half a PDU")
        if polite:
            sock.unwrap()

    peer = scripted(secured(theirs, script))
    association = Association(plan(peer.address, tls=ours))
    with pytest.raises(ClosedByPeer):
        association.echo()
    association.abort()


def test_an_abort_is_read_over_tls(
    scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext
) -> None:
    """A-ABORT as the answer to a request, and the close behind it."""

    def script(sock: ssl.SSLSocket) -> None:
        accept(sock)
        sock.recv(65536)
        sock.sendall(b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01")
        sock.unwrap()

    association = Association(plan(scripted(secured(theirs, script)).address, tls=ours))
    with pytest.raises(Aborted):
        association.echo()
    association.abort()


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        (b"\x17\x03\x03\x00\x20" + bytes(32), TlsFailed),  # a record that does not decrypt
        (b"\x17\x03\x03\xff\xff" + bytes(64), TlsFailed),  # longer than records may be
        (b"\x17\x03\x03\x00\x20" + bytes(5), ClosedByPeer),  # cut short by the end
        (b"\x42" * 64, TlsFailed),  # no record at all
    ],
)
def test_broken_records_are_typed_errors(
    scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext, spoilt: bytes, error: type
) -> None:
    """What is no TLS, in the middle of an association, is neither data nor a traceback."""

    def script(sock: socket.socket) -> None:
        descriptor = sock.dup()
        with descriptor, theirs.wrap_socket(sock, server_side=True) as connection:
            accept(connection)
            connection.recv(65536)
            descriptor.sendall(spoilt)
            read_to_the_end(descriptor)

    association = Association(plan(scripted(script).address, tls=ours))
    with pytest.raises(error):
        association.echo()
    association.abort()


def test_a_peer_that_does_not_read_costs_the_response_timeout(
    scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext
) -> None:
    """A send that makes no progress ends in time over TLS too."""
    done = threading.Event()

    def script(sock: ssl.SSLSocket) -> None:
        accept(sock)
        done.wait(10)

    peer = scripted(secured(theirs, script))
    association = Association(plan(peer.address, STORE, tls=ours, send_buffer=4096))
    prepared = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3", [Shared(bytes(32 << 20))])
    with pytest.raises(Timeout):
        association.store(prepared)
    done.set()
    association.abort()


def test_we_say_close_notify(scripted: Start, theirs: ssl.SSLContext, ours: ssl.SSLContext) -> None:
    """RFC 8446 6.1: whoever closes says so; the peer reads an end and not a cut."""
    ended: list[bytes] = []

    def script(sock: socket.socket) -> None:
        wrapped = theirs.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
        with wrapped as connection:
            accept(connection)
            while data := connection.recv(65536):
                if data[0] == 5:
                    connection.sendall(struct.pack(">BBI4x", 6, 0, 4))
            ended.append(data)

    peer = scripted(script)
    Association(plan(peer.address, tls=ours, timeouts=QUICK)).release()
    peer.close()
    assert ended == [b""]
