"""The engine against DCMTK and Orthanc: what it says is understood, and what it hears is right."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from wire_peers import Server, plan

from stepwedge.fixtures.servers.dcmtk import Dcmqrscp
from stepwedge.fixtures.servers.launch import LaunchedServer
from stepwedge.fixtures.servers.orthanc import Orthanc
from stepwedge.wire import Acceptor, Association, Plan, Prepared, Proposed, Shared, Timeouts
from stepwedge.wire.items import UserIdentity
from stepwedge.wire.messages import Message
from stepwedge.wire.negotiation import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Keep, Received, Service

VERIFICATION = "1.2.840.10008.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
PATIENT = Timeouts(connect=5, negotiate=10, response=20, release=10)


def _data_set(instance: str, pixels: int) -> bytes:
    """A small explicit VR data set that ends where its pixel data begin."""

    def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
        value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
        return struct.pack("<HH2sH", group, number, vr, len(value)) + value

    us = struct.Struct("<H").pack
    return b"".join(
        (
            element(0x08, 0x16, b"UI", SECONDARY_CAPTURE.encode()),
            element(0x08, 0x18, b"UI", instance.encode()),
            element(0x10, 0x20, b"LO", b"STEPWEDGE-1"),
            element(0x20, 0x0D, b"UI", b"2.25.1"),
            element(0x20, 0x0E, b"UI", b"2.25.2"),
            element(0x28, 0x02, b"US", us(1)),
            element(0x28, 0x04, b"CS", b"MONOCHROME2"),
            element(0x28, 0x10, b"US", us(pixels // 512)),
            element(0x28, 0x11, b"US", us(512)),
            element(0x28, 0x100, b"US", us(8)),
            element(0x28, 0x101, b"US", us(8)),
            element(0x28, 0x102, b"US", us(7)),
            element(0x28, 0x103, b"US", us(0)),
            struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, pixels),
        )
    )


def test_storescp_keeps_what_was_sent(storescp: Callable[..., Server]) -> None:
    """Instances of one template arrive under their own UIDs with the pixel data byte for byte."""
    server = storescp("-pm", "+xa")
    pixels = bytes(range(256)) * 512
    shared = Shared(pixels)
    context = Proposed(SECONDARY_CAPTURE, [EXPLICIT_VR_LITTLE_ENDIAN])
    uids = [f"2.25.{n:039d}".replace("2.25.0", "2.25.1") for n in range(1, 6)]
    with Association(plan(server.address, context, timeouts=PATIENT)) as association:
        for uid in uids:
            parts = [_data_set(uid, len(pixels)), shared]
            prepared = Prepared(SECONDARY_CAPTURE, EXPLICIT_VR_LITTLE_ENDIAN, uid, parts)
            reply = association.store(prepared)
            assert reply.status == 0
            assert reply.command["AffectedSOPInstanceUID"] == uid
    stored = {ds.SOPInstanceUID: ds for ds in map(dcmread, server.folder.glob("SC*"))}
    assert sorted(stored) == sorted(uids)
    assert all(ds.PixelData == pixels for ds in stored.values())


def test_storescp_says_what_it_is(storescp: Callable[..., Server]) -> None:
    """The negotiation shows the implementation, and the contexts that it took and did not take."""
    server = storescp()
    contexts = (
        Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN]),
        Proposed("1.2.3.4.5", [IMPLICIT_VR_LITTLE_ENDIAN]),
        Proposed(SECONDARY_CAPTURE, ["1.2.3.4.6"]),
    )
    identity = UserIdentity(1, b"someone")
    options = {"timeouts": PATIENT, "user_identity": identity, "window": (5, 5)}
    with Association(plan(server.address, *contexts, **options)) as association:
        accepted = association.accepted
        assert association.echo().status == 0
    assert accepted.implementation_version.startswith("OFFIS_DCMTK")
    assert accepted.max_length == 16384
    assert [context.id for context in accepted.contexts.values()] == [1]
    assert [(refusal.id, refusal.result) for refusal in accepted.refused] == [(3, 3), (5, 4)]
    assert accepted.invoked == 1  # DCMTK does not negotiate a window
    assert accepted.problems == ()


STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
_STUDY, _INSTANCE = b"2.25.1", "2.25.71"


def _identifier(level: bytes, *uids: tuple[int, bytes]) -> bytes:
    """A query at `level` in Implicit VR Little Endian: its (element of group 0020H, UID) keys."""

    def element(group: int, number: int, value: bytes, pad: bytes) -> bytes:
        value += pad * (len(value) % 2)
        return struct.pack("<HHI", group, number, len(value)) + value

    keys = [element(0x20, number, uid, b"\0") for number, uid in uids]
    return b"".join([element(0x08, 0x52, level, b" "), *keys])


class _Archive(Service):
    """Keeps a checksum of every data set, by instance."""

    keep = Keep.CRC32

    def __init__(self) -> None:
        self.sums: dict[str, tuple[int, str]] = {}

    def store(self, received: Received) -> int:
        self.sums[received.sop_instance] = received.size, received.digest
        return 0


@pytest.mark.parametrize("server", [Orthanc, Dcmqrscp])
def test_an_archive_gives_back_what_the_engine_stored(
    tmp_path: Path, server: type[LaunchedServer]
) -> None:
    """Stored, found, moved to our acceptor and got again: the same data set by every way."""
    pixels = bytes(range(256)) * 1024
    encoded = _data_set(_INSTANCE, len(pixels)) + pixels
    wanted = len(encoded), f"{zlib.crc32(encoded):08x}"
    archive = _Archive()
    destination = Acceptor(
        service=archive, policy=Policy(transfer_syntaxes=[EXPLICIT_VR_LITTLE_ENDIAN])
    )
    implicit = [IMPLICIT_VR_LITTLE_ENDIAN]
    contexts = [
        Proposed(SECONDARY_CAPTURE, [EXPLICIT_VR_LITTLE_ENDIAN], scp_role=True),
        *(Proposed(uid, implicit) for uid in (STUDY_FIND, STUDY_MOVE, STUDY_GET)),
    ]
    with (
        destination,
        server(tmp_path / "server", destinations={"WIRE": destination.address}) as running,
    ):
        request = Plan(
            ("127.0.0.1", running.port),
            called=running.ae_title,
            calling="WIRE",
            contexts=contexts,
            timeouts=PATIENT,
        )
        with Association(request) as association:
            parts = [_data_set(_INSTANCE, len(pixels)), Shared(pixels)]
            prepared = Prepared(SECONDARY_CAPTURE, EXPLICIT_VR_LITTLE_ENDIAN, _INSTANCE, parts)
            assert association.store(prepared).status == 0

        got: list[bytes] = []

        def keep(message: Message) -> int:
            got.append(message.data_set or b"")
            return 0

        study = _identifier(b"STUDY", (0x0D, _STUDY))
        with Association(request) as association:
            found = list(association.find(STUDY_FIND, study))
            assert [reply.status for reply in found] == [0xFF00, 0]
            assert _STUDY in (found[0].data_set or b"")
            moved = association.move(STUDY_MOVE, study, "WIRE").finish()
            assert (moved.status, moved.command["NumberOfCompletedSuboperations"]) == (0, 1)
            retrieved = association.get(STUDY_GET, study, keep).finish()
            assert (retrieved.status, retrieved.command["NumberOfCompletedSuboperations"]) == (0, 1)
    assert archive.sums == {_INSTANCE: wanted}
    assert [(len(data), f"{zlib.crc32(data):08x}") for data in got] == [wanted]
