"""The acceptor: what it keeps, how many it serves, and how it ends."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from wire_peers import Notebook, listening, plan

from stepwedge.errors import UsageError
from stepwedge.wire import (
    Aborted,
    Acceptor,
    Association,
    ClosedByPeer,
    Keep,
    Policy,
    Prepared,
    Proposed,
    Received,
    Rejected,
    Service,
    Shared,
    commands,
)
from stepwedge.wire.messages import Message
from stepwedge.wire.negotiation import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
)
from stepwedge.wire.service import Response
from stepwedge.wire.serving import Serving

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STORE = Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN])
ECHO = Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])


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


_SLEEPLESS = """
import gevent.monkey
gevent.monkey.patch_all()
import sys
from gevent.socket import socket
from stepwedge.wire import Association, Plan, Proposed
from stepwedge.wire.negotiation import VERIFICATION

port, poll = int(sys.argv[1]), float(sys.argv[2])
plan = Plan(("127.0.0.1", port), called="A", calling="B",
            contexts=[Proposed(VERIFICATION)], poll=poll)
slept = []
wait = socket._wait

def waiting(self, *more, **others):
    slept.append(self)
    return wait(self, *more, **others)

with Association(plan) as association:
    socket._wait = waiting
    for _ in range(20):
        assert association.echo().status == 0
print("slept" if slept else "polled")
"""


@pytest.mark.parametrize(("poll", "how"), [(0.0, "slept"), (10.0, "polled")])
def test_polling_under_gevent_never_sleeps(poll: float, how: str) -> None:
    """Who polls asks the kernel until the answer is there; who does not waits for gevent's loop."""
    with listening() as acceptor:
        done = subprocess.run(
            [sys.executable, "-c", _SLEEPLESS, str(acceptor.address[1]), str(poll)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout.strip() == how, done.stderr
