"""The reference PACS sends: C-MOVE and C-GET by pynetdicom, with every count."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelGet as PatientRootGet,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet as StudyRootGet,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelMove as StudyRootMove,
)
from reference_peers import Make, Store, identifier

from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.reference import ReferencePacs


def moved(pacs: ReferencePacs, destination: str, request: Dataset) -> list[tuple[Dataset, Any]]:
    """The responses to a C-MOVE by pynetdicom."""
    ae = AE()
    ae.add_requested_context(StudyRootMove)
    association = ae.associate("127.0.0.1", pacs.port)
    assert association.is_established
    try:
        return list(association.send_c_move(request, destination, StudyRootMove))
    finally:
        association.release()


def numbers(status: Dataset) -> tuple[int | None, ...]:
    """Remaining, completed, failed, warning."""
    return tuple(
        status.get(f"NumberOf{kind}Suboperations")
        for kind in ("Remaining", "Completed", "Failed", "Warning")
    )


def test_move_counts_every_suboperation(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """Remaining, completed, failed and warning add up in every response; failures are listed."""
    store(pacs, *map(make, range(1, 7)))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    request = identifier("STUDY", StudyInstanceUID="1.2.826.1")
    with receiver.behaving(Behaviour(status_of={2: 0xA700, 3: 0xB000, 5: 0xC123})):
        *pending, (final, failed) = moved(pacs, "STEPWEDGE", request)
    assert all(status.Status == 0xFF00 for status, _ in pending)
    assert [sum(n or 0 for n in numbers(status)) for status, _ in pending] == [6] * len(pending)
    assert final.Status == 0xB000
    assert numbers(final) == (None, 3, 2, 1)
    assert list(failed.FailedSOPInstanceUIDList) == ["1.2.826.1.1.2", "1.2.826.1.1.5"]


@pytest.mark.parametrize(
    ("level", "keys", "count"),
    [
        ("STUDY", {"StudyInstanceUID": "1.2.826.1"}, 3),
        ("STUDY", {"StudyInstanceUID": "1.2.826.1\\1.2.826.2"}, 4),
        ("SERIES", {"StudyInstanceUID": "1.2.826.1", "SeriesInstanceUID": "1.2.826.1.1"}, 2),
        (
            "IMAGE",
            {
                "StudyInstanceUID": "1.2.826.1",
                "SeriesInstanceUID": "1.2.826.1.1",
                "SOPInstanceUID": "1.2.826.1.1.2\\1.2.9",
            },
            1,
        ),
        ("STUDY", {"StudyInstanceUID": "1.2.9"}, 0),
    ],
)
def test_move_sends_what_is_named(
    pacs: ReferencePacs,
    receiver: Receiver,
    make: Make,
    store: Store,
    level: str,
    keys: dict[str, str],
    count: int,
) -> None:
    """Each level sends exactly its instances, and nothing for what is unknown."""
    store(pacs, make(1), make(2), make(1, series="2"), make(1, study="1.2.826.2", PatientID="B"))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    *_, (final, _) = moved(pacs, "STEPWEDGE", identifier(level, **keys))
    assert final.Status == 0
    assert numbers(final) == (None, count, 0, 0)
    assert len(receiver.since(0)) == count


def test_move_refusals(pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store) -> None:
    """An unknown destination is A801, a missing key A900, an unreachable destination A702."""
    store(pacs, make(1))
    request = identifier("STUDY", StudyInstanceUID="1.2.826.1")
    ((status, _),) = moved(pacs, "NOWHERE", request)
    assert (status.Status, bool(status.ErrorComment)) == (0xA801, True)
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    ((status, _),) = moved(pacs, "STEPWEDGE", identifier("STUDY", StudyInstanceUID=""))
    assert (status.Status, status.OffendingElement) == (0xA900, 0x0020000D)
    with receiver.behaving(Behaviour(reject=(1, 1, 3))):
        ((status, failed),) = moved(pacs, "STEPWEDGE", request)
    assert (status.Status, numbers(status)) == (0xA702, (None, 0, 1, 0))
    assert failed.FailedSOPInstanceUIDList == "1.2.826.1.1.1"


def test_a_move_is_cancelled(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """C-CANCEL stops the sub-operations and answers FE00 with what is left."""
    store(pacs, *map(make, range(1, 11)))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    ae = AE()
    ae.add_requested_context(StudyRootMove)
    association = ae.associate("127.0.0.1", pacs.port)
    responses = []
    with receiver.behaving(Behaviour(delay=0.05)):
        for status, _ in association.send_c_move(
            identifier("STUDY", StudyInstanceUID="1.2.826.1"), "STEPWEDGE", StudyRootMove, msg_id=3
        ):
            responses.append(status)
            if len(responses) == 1:
                association.send_c_cancel(3, query_model=StudyRootMove)
    association.release()
    assert responses[-1].Status == 0xFE00
    assert sum(n or 0 for n in numbers(responses[-1])) == 10
    assert responses[-1].NumberOfRemainingSuboperations > 0


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)  # fmt: skip
def test_get_in_every_uncompressed_transfer_syntax(
    pacs: ReferencePacs, make: Make, store: Store, syntax: str
) -> None:
    """What was stored comes back equal in whatever uncompressed syntax the peer offers."""
    nested = Dataset()
    nested.CodeValue, nested.CodeMeaning = "X", "Y"
    block_tag = 0x00091001
    original = make(
        1, ProcedureCodeSequence=[nested], SmallestImagePixelValue=3, ImagePositionPatient=[1, 2, 3]
    )
    original.private_block(0x0009, "STEPWEDGE", create=True).add_new(1, "LO", "private")
    store(pacs, original)
    arrived: list[Dataset] = []

    def keep(event: Any) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        arrived.append(ds)
        return 0

    ae = AE()
    association = ae.associate(
        "127.0.0.1",
        pacs.port,
        contexts=[build_context(StudyRootGet), build_context(CTImageStorage, syntax)],
        ext_neg=[build_role(CTImageStorage, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )
    *_, (status, _) = association.send_c_get(
        identifier("STUDY", StudyInstanceUID="1.2.826.1"), StudyRootGet
    )
    association.release()
    assert (status.Status, numbers(status)) == (0, (None, 1, 0, 0))
    (copy,) = arrived
    assert copy.pixel_array.tolist() == original.pixel_array.tolist()
    assert copy.PatientName == original.PatientName
    assert copy.ImagePositionPatient == [1, 2, 3]
    assert copy.SmallestImagePixelValue == 3
    value = copy[block_tag].value
    assert (value if isinstance(value, str) else value.decode().strip()) == "private"


def test_get_without_the_role_fails_every_suboperation(
    pacs: ReferencePacs, make: Make, store: Store
) -> None:
    """Without the SCP role nothing can be sent: A702 with all of them listed, no hang."""
    store(pacs, make(1), make(2))
    ae = AE()
    association = ae.associate(
        "127.0.0.1",
        pacs.port,
        contexts=[build_context(PatientRootGet), build_context(CTImageStorage)],
    )
    *_, (status, failed) = association.send_c_get(
        identifier("PATIENT", PatientID="SW1"), PatientRootGet
    )
    association.release()
    assert (status.Status, numbers(status)) == (0xA702, (None, 0, 2, 0))
    assert len(failed.FailedSOPInstanceUIDList) == 2


def test_compressed_pixels_are_decompressed_for_a_peer_that_needs_it(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """An instance kept in RLE is sent as it is where it can be, and decompressed elsewhere."""
    compressed = make(1)
    compressed.compress(RLELossless, generate_instance_uid=False)
    ae = AE()
    ae.add_requested_context(CTImageStorage, RLELossless)
    association = ae.associate("127.0.0.1", pacs.port)
    assert association.send_c_store(compressed).Status == 0
    association.release()
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    request = identifier("STUDY", StudyInstanceUID="1.2.826.1")
    moved(pacs, "STEPWEDGE", request)
    with receiver.behaving(Behaviour(only_transfer_syntaxes={ImplicitVRLittleEndian})):
        moved(pacs, "STEPWEDGE", request)
    kept, plain = receiver.wait(2, 0, 5)
    assert kept.transfer_syntax == RLELossless
    assert plain.transfer_syntax == ImplicitVRLittleEndian
    assert make(1).PixelData in plain.data
