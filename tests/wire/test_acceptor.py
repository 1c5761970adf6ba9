"""The acceptor: what it keeps, whom it lets in, and how it ends what is not DICOM."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from wire_peers import plan

from stepwedge.errors import UsageError
from stepwedge.wire import (
    Aborted,
    Acceptor,
    Association,
    AssociationError,
    ClosedByPeer,
    Keep,
    Policy,
    Prepared,
    Proposed,
    ProtocolViolation,
    Received,
    Rejected,
    Service,
    Shared,
    Timeout,
    commands,
)
from stepwedge.wire.items import (
    ApplicationContext,
    AsynchronousOperationsWindow,
    MaximumLength,
    RawItem,
    UserIdentity,
    UserInformation,
)
from stepwedge.wire.messages import Message, MessageLimits, fragment
from stepwedge.wire.negotiation import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    build_request,
)
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PDataTF,
    RawPDU,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)
from stepwedge.wire.service import Response
from stepwedge.wire.serving import Serving

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STORE = Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN])
ECHO = Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])


class Notebook(Service):
    """Writes down what it is given, and how associations ended."""

    def __init__(self, keep: Keep = Keep.NOTHING, status: int = 0) -> None:
        self.keep = keep
        self.status = status
        self.received: list[Received] = []
        self.ends: list[BaseException | None] = []
        self.over = threading.Event()

    def store(self, received: Received) -> int:
        self.received.append(received)
        return self.status

    def ended(self, serving: Serving, error: BaseException | None) -> None:
        self.ends.append(error)
        self.over.set()


@contextmanager
def listening(service: Service | None = None, **options: object) -> Iterator[Acceptor]:
    with Acceptor(service=service, **options) as acceptor:  # type: ignore[arg-type]
        yield acceptor


@pytest.mark.parametrize("keep", list(Keep))
@pytest.mark.parametrize("max_pdu", [0, 1024, 16384, 131072])
@pytest.mark.parametrize("size", [0, 1, 5000, 700_001])
def test_what_arrives_is_what_was_sent(keep: Keep, max_pdu: int, size: int) -> None:
    """Size, checksum, digest and bytes are those of the data set, however it was cut."""
    pixels = os.urandom(size)
    service = Notebook(keep, status=0xB000)
    with (
        listening(service, policy=Policy(max_pdu=max_pdu)) as acceptor,
        Association(plan(acceptor.address, STORE)) as association,
    ):
        for n in range(2):
            parts = [b"header", Shared(pixels)]
            prepared = Prepared(
                CT, IMPLICIT_VR_LITTLE_ENDIAN, f"1.2.{n}", parts, move_originator=("MOVER", 9)
            )
            reply = association.store(prepared)
            assert reply.status == 0xB000
            assert reply.command["AffectedSOPInstanceUID"] == f"1.2.{n}"
            assert reply.command["AffectedSOPClassUID"] == CT
    data = b"header" + pixels
    assert [received.sop_instance for received in service.received] == ["1.2.0", "1.2.1"]
    for received in service.received:
        assert received.size == len(data)
        assert received.began <= received.ended
        assert (received.move_originator, received.move_message_id) == ("MOVER", 9)
        assert received.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
        assert received.digest == {
            Keep.CRC32: f"{zlib.crc32(data):08x}",
            Keep.DIGEST: hashlib.blake2b(data, digest_size=16).hexdigest(),
        }.get(keep, "")
        assert received.data == (data if keep is Keep.DATA else None)


def test_many_associations_at_once() -> None:
    """Each association is served on its own; nothing is mixed up or lost."""
    service = Notebook(Keep.CRC32)
    payload = os.urandom(100_000)
    failures: list[BaseException] = []

    def send(acceptor: Acceptor, who: int) -> None:
        try:
            with Association(plan(acceptor.address, STORE)) as association:
                for n in range(10):
                    parts = [bytes([who, n]), Shared(payload)]
                    instance = f"1.2.{who}.{n}"
                    prepared = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, instance, parts)
                    assert association.store(prepared).status == 0
        except BaseException as error:
            failures.append(error)

    with listening(service) as acceptor:
        threads = [threading.Thread(target=send, args=(acceptor, who)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert not failures
    found = {received.sop_instance: received.digest for received in service.received}
    assert found == {
        f"1.2.{who}.{n}": f"{zlib.crc32(bytes([who, n]) + payload):08x}"
        for who in range(8)
        for n in range(10)
    }


def test_requests_are_told_apart() -> None:
    """An echo has its own answer, an unknown operation 0211H, and a query its service's replies."""

    class Queries(Service):
        def echo(self, serving: Serving) -> int:
            return 0x0122

        def other(self, serving: Serving, message: Message) -> Iterable[Response]:
            if message.command["CommandField"] != commands.C_FIND_RQ:
                return super().other(serving, message)
            return self._find(message)

        def _find(self, message: Message) -> Iterator[Response]:
            for n in range(3):
                yield commands.response_to(message.command, 0xFF00), [b"%d" % n * 4]
            yield commands.response_to(message.command, 0), None

    with (
        listening(Queries()) as acceptor,
        Association(plan(acceptor.address, ECHO, Proposed(FIND))) as association,
    ):
        assert association.echo().status == 0x0122
        replies = list(association.find(FIND, b"identifier"))
        assert [reply.data_set for reply in replies] == [b"0000", b"1111", b"2222", None]
        context = association.context_for(VERIFICATION)
        action = {"CommandField": commands.N_ACTION_RQ, "RequestedSOPClassUID": VERIFICATION}
        assert association.call(context, action, [b"x"]).finish().status == 0x0211


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(title="OTHER"), (1, 1, 7)),
        (Policy(title="PEER", callers=["SOMEBODY"]), (1, 1, 3)),
    ],
)
def test_who_is_not_let_in(policy: Policy, reason: tuple[int, int, int]) -> None:
    """A wrong AE title is rejected for what it is."""
    service = Notebook()
    with listening(service, policy=policy) as acceptor:
        with pytest.raises(Rejected) as caught:
            Association(plan(acceptor.address))
        assert service.over.wait(5)
    assert (caught.value.result, caught.value.source, caught.value.reason) == reason
    assert service.ends == [None]


def test_a_wrong_application_context_is_rejected() -> None:
    """PS3.8 Table 9-21: application-context-name-not-supported."""
    request = AssociateRQ("A", "B", (ApplicationContext("1.2.3"),))
    assert Policy().answer(request) == AssociateRJ(1, 1, 2)


def test_contexts_are_answered_by_preference() -> None:
    """Our order of transfer syntaxes decides; what we do not know has result 3 or 4."""
    policy = Policy(
        abstract_syntaxes={CT},
        transfer_syntaxes=[EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN],
        window=(5, 1),
    )
    request = build_request(
        "A",
        "B",
        [
            Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]),
            Proposed(CT, ["1.2.3"]),
            Proposed(FIND),
        ],
        window=(0, 3),
        user_identity=UserIdentity(1, b"me", response_requested=True),
    )
    answer = policy.answer(request)
    assert isinstance(answer, AssociateAC)
    assert [(context.result, context.transfer_syntax) for context in answer.contexts] == [
        (0, EXPLICIT_VR_LITTLE_ENDIAN),
        (4, "1.2.3"),
        (3, IMPLICIT_VR_LITTLE_ENDIAN),
    ]
    assert answer.user(AsynchronousOperationsWindow) == AsynchronousOperationsWindow(5, 1)


def test_one_too_many_is_rejected_for_now() -> None:
    """Above the limit an association is rejected as transient: local limit exceeded."""
    with listening(most=1) as acceptor, Association(plan(acceptor.address)) as first:
        with pytest.raises(Rejected) as caught:
            Association(plan(acceptor.address))
        assert caught.value.kind == "rejected 2/3/2"
        assert first.echo().status == 0


def test_a_port_that_is_taken() -> None:
    """The problem names the address, and what to do."""
    with listening() as acceptor, pytest.raises(UsageError) as caught:
        Acceptor(acceptor.address)
    assert str(acceptor.address[1]) in caught.value.problem


def test_closing_ends_what_is_open() -> None:
    """An association that is open when the acceptor closes sees the end of its connection."""
    acceptor = Acceptor().start()
    association = Association(plan(acceptor.address))
    assert acceptor.associations == 1
    acceptor.close()
    with pytest.raises(ClosedByPeer):
        association.echo()
    assert acceptor.associations == 0


def test_several_acceptors_share_a_port() -> None:
    """With reuse_port the kernel spreads connections over processes that listen on one port."""
    with (
        Acceptor(reuse_port=True) as one,
        Acceptor(one.address, reuse_port=True) as two,
    ):
        assert one.address == two.address
        with Association(plan(two.address)) as association:
            assert association.echo().status == 0


def test_a_service_that_breaks_ends_its_association_only() -> None:
    """An exception of the service aborts that association and is reported; others go on."""

    class Broken(Notebook):
        def store(self, received: Received) -> int:
            raise ZeroDivisionError("mine")

    service = Broken()
    with listening(service) as acceptor:
        prepared = Prepared(CT, IMPLICIT_VR_LITTLE_ENDIAN, "1.2.3", [b"data"])
        with pytest.raises(Aborted):
            Association(plan(acceptor.address, STORE)).store(prepared)
        assert service.over.wait(5)
        with Association(plan(acceptor.address)) as association:
            assert association.echo().status == 0
    assert isinstance(service.ends[0], ZeroDivisionError)


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


def test_an_unknown_item_does_not_matter() -> None:
    """Unknown items of a request are passed over (PS3.8 §9.3.1)."""
    request = build_request("PEER", "RAW", [ECHO])
    odd = AssociateRQ(
        "PEER", "RAW", (*request.items, RawItem(0x61, b"?"), UserInformation((MaximumLength(9),)))
    )
    assert isinstance(Policy().answer(odd), AssociateAC)


@pytest.mark.parametrize("options", [[], ["--max-pdu", "131072"], ["--max-send-pdu", "4096"]])
def test_storescu_is_received(tmp_path: Path, options: list[str]) -> None:
    """DCMTK's storescu sends, and what arrives is the data set of its file."""
    service = Notebook(Keep.DATA)
    path = tmp_path / "image.dcm"
    meta = _part10(path)
    with listening(service) as acceptor:
        host, port = acceptor.address
        command = ["/usr/bin/storescu", "-R", *options, host, str(port), str(path), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [received.sop_instance for received in service.received] == ["1.2.3.4", "1.2.3.4"]
    assert all(received.data == meta for received in service.received)


def _part10(path: Path) -> bytes:
    """Writes a small Part 10 file in explicit VR little endian, and returns its data set."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientID = "STEPWEDGE-1"
    dataset.Rows, dataset.Columns = 256, 256
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.SamplesPerPixel = 1
    dataset.PixelRepresentation = 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = os.urandom(65536)
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    raw = path.read_bytes()
    length = struct.unpack_from("<I", raw, 140)[0]
    return raw[144 + length :]


def test_echoscu_is_answered() -> None:
    """DCMTK's echoscu gets success, many times on one association."""
    with listening(Notebook()) as acceptor:
        host, port = acceptor.address
        command = ["/usr/bin/echoscu", "--repeat", "20", host, str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


_GREEN = """
import gevent.monkey
gevent.monkey.patch_all()
import sys
import gevent
from stepwedge.wire import Acceptor, Association, Keep, Plan, Prepared, Proposed, Service, Shared
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN as IVLE, VERIFICATION

CT = "1.2.840.10008.5.1.4.1.1.2"
seen = []

class Keeper(Service):
    keep = Keep.CRC32
    def store(self, received):
        seen.append(received.sop_instance)
        return 0

def user(plan, who):
    with Association(plan) as association:
        for n in range(5):
            assert association.echo().status == 0
            parts = [b"head", Shared(bytes(300_000))]
            prepared = Prepared(CT, IVLE, f"1.2.{who}.{n}", parts)
            reply = association.store(prepared)
            assert reply.status == 0, reply
            if association.transport.stamps and reply.clocks.kernel_in:
                assert reply.clocks.kernel_in <= reply.clocks.last_in

with Acceptor(service=Keeper()) as acceptor:
    plan = Plan(acceptor.address, called="A", calling="B", stamps=True,
                contexts=[Proposed(VERIFICATION), Proposed(CT, [IVLE])], poll=float(sys.argv[1]))
    jobs = [gevent.spawn(user, plan, who) for who in range(50)]
    gevent.joinall(jobs, timeout=60, raise_error=True)
    assert all(job.successful() for job in jobs)
assert len(set(seen)) == 250, len(set(seen))
print("held")
"""


@pytest.mark.parametrize("poll", [0.0, 1e-3])
def test_both_ends_work_under_gevent(poll: float) -> None:
    """Monkey-patched, fifty associations share one thread, sleeping or polling."""
    done = subprocess.run(
        [sys.executable, "-c", _GREEN, str(poll)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "held", done.stderr
