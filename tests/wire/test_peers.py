"""The engine against DCMTK: what it says is understood, and what it hears is right."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pydicom import dcmread
from wire_peers import Server, plan

from stepwedge.wire import Association, Prepared, Proposed, Shared, Timeouts
from stepwedge.wire.items import UserIdentity
from stepwedge.wire.negotiation import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

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
