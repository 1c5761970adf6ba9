"""The reference PACS serves independent peers: DCMTK's clients and pynetdicom."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
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
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelGet as PatientRootGet,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind as StudyRootFind,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet as StudyRootGet,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelMove as StudyRootMove,
)
from pynetdicom.sop_class import Verification

from stepwedge.errors import UsageError
from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.reference import ReferencePacs

Make = Callable[..., Dataset]
Find = Callable[..., list[Dataset]]
Store = Callable[..., None]
Dcmtk = Callable[..., str]

STUDY = "QueryRetrieveLevel=STUDY"


def query_statuses(pacs: ReferencePacs, identifier: Dataset, **how: Any) -> list[Dataset]:
    """The command sets of the responses to a query by pynetdicom."""
    ae = AE()
    ae.add_requested_context(how.get("model", StudyRootFind))
    association = ae.associate(
        "127.0.0.1", pacs.port, ae_title=pacs.ae_title, ext_neg=how.get("extended")
    )
    assert association.is_established
    try:
        return [
            status
            for status, _ in association.send_c_find(identifier, how.get("model", StudyRootFind))
        ]
    finally:
        association.release()


def identifier(level: str | None, **keys: str) -> Dataset:
    """A request identifier."""
    ds = Dataset()
    if level is not None:
        ds.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds


def test_echo(pacs: ReferencePacs, dcmtk: Dcmtk) -> None:
    """C-ECHO succeeds whatever the called AE title when it is not checked."""
    dcmtk("echoscu", "-aec", "WHOEVER", "127.0.0.1", str(pacs.port))


def test_a_study_is_found_at_every_level(
    pacs: ReferencePacs, make: Make, store: Store, find: Find
) -> None:
    """Patient, study, series and image levels answer in both models."""
    store(pacs, make(1), make(2), make(1, series="2", Modality="MR"))
    (patient,) = find(
        pacs, "QueryRetrieveLevel=PATIENT", "PatientID=SW1", "PatientName", model="-P"
    )
    assert patient.PatientName == "Müller^Jörg"
    (study,) = find(
        pacs, STUDY, "StudyInstanceUID=1.2.826.1", "ModalitiesInStudy",
        "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "SOPClassesInStudy",
    )  # fmt: skip
    assert sorted(study.ModalitiesInStudy) == ["CT", "MR"]
    assert (study.NumberOfStudyRelatedSeries, study.NumberOfStudyRelatedInstances) == (2, 3)
    assert study.SOPClassesInStudy == CTImageStorage
    series = find(
        pacs, "QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.2.826.1", "SeriesInstanceUID",
        "Modality", "NumberOfSeriesRelatedInstances",
    )  # fmt: skip
    assert {(s.Modality, int(s.NumberOfSeriesRelatedInstances)) for s in series} == {
        ("CT", 2), ("MR", 1),
    }  # fmt: skip
    images = find(
        pacs, "QueryRetrieveLevel=IMAGE", "PatientID=SW1", "StudyInstanceUID=1.2.826.1",
        "SeriesInstanceUID=1.2.826.1.1", "SOPInstanceUID", "InstanceNumber", "Rows", model="-P",
    )  # fmt: skip
    assert {(i.SOPInstanceUID, int(i.InstanceNumber), i.Rows) for i in images} == {
        ("1.2.826.1.1.1", 1, 16), ("1.2.826.1.1.2", 2, 16),
    }  # fmt: skip


def test_a_response_has_what_was_asked_for_and_no_more(
    pacs: ReferencePacs, make: Make, store: Store, find: Find
) -> None:
    """Keys asked for are returned, empty where there is no value; others are not."""
    store(pacs, make(1, StudyDescription=None))
    (study,) = find(pacs, STUDY, "StudyInstanceUID", "StudyDescription", "SliceThickness")
    assert {element.keyword for element in study} == {
        "QueryRetrieveLevel", "RetrieveAETitle", "InstanceAvailability", "StudyInstanceUID",
        "StudyDescription",
    }  # fmt: skip
    assert study.StudyDescription == ""
    assert (study.RetrieveAETitle, study.InstanceAvailability) == ("REFERENCE", "ONLINE")


def test_an_unsupported_key_is_admitted(pacs: ReferencePacs, make: Make, store: Store) -> None:
    """The pending status is FF01 when an optional key is not supported at the level."""
    store(pacs, make(1))
    supported = query_statuses(pacs, identifier("STUDY", StudyInstanceUID="", StudyDate=""))
    assert [status.Status for status in supported] == [0xFF00, 0x0000]
    other = query_statuses(pacs, identifier("STUDY", StudyInstanceUID="", SliceThickness=None))
    assert [status.Status for status in other] == [0xFF01, 0x0000]


@pytest.mark.parametrize(
    ("level", "keys", "offending"),
    [
        (None, {"StudyInstanceUID": ""}, 0x00080052),
        ("PATIENT", {"PatientID": "SW1"}, 0x00080052),
        ("FRAME", {"StudyInstanceUID": ""}, 0x00080052),
        ("SERIES", {"SeriesInstanceUID": ""}, 0x0020000D),
        ("SERIES", {"StudyInstanceUID": "1.2\\1.3", "SeriesInstanceUID": ""}, 0x0020000D),
        ("IMAGE", {"StudyInstanceUID": "1.2.826.1", "SOPInstanceUID": ""}, 0x0020000E),
    ],
)
def test_an_identifier_that_breaks_the_model_is_refused(
    pacs: ReferencePacs, level: str | None, keys: dict[str, str], offending: int
) -> None:
    """A900 names the offending element and says in words what is wrong."""
    (status,) = query_statuses(pacs, identifier(level, **keys))
    assert status.Status == 0xA900
    assert status.OffendingElement == offending
    assert status.ErrorComment


def test_relational_queries_only_when_agreed_on(
    pacs: ReferencePacs, make: Make, store: Store
) -> None:
    """With relational queries negotiated, unique keys above the level may be missing."""
    store(pacs, make(1))
    request = SOPClassExtendedNegotiation()
    request.sop_class_uid = StudyRootFind
    request.service_class_application_information = b"\x01\x01"
    series = identifier("SERIES", SeriesInstanceUID="")
    statuses = query_statuses(pacs, series, extended=[request])
    assert [status.Status for status in statuses] == [0xFF00, 0x0000]
    request.service_class_application_information = b"\x00"
    assert query_statuses(pacs, series, extended=[request])[0].Status == 0xA900


def test_matching_sequence_items_are_returned(
    pacs: ReferencePacs, make: Make, store: Store, find: Find
) -> None:
    """Of a sequence, the items that match come back with the attributes asked for."""
    codes = []
    for value in ("P1", "P2"):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99SW", "Procedure"
        codes.append(item)
    store(pacs, make(1, ProcedureCodeSequence=codes))
    (study,) = find(pacs, STUDY, "StudyInstanceUID", "ProcedureCodeSequence[0].CodeValue=P2")
    (item,) = study.ProcedureCodeSequence
    assert (item.CodeValue, "CodeMeaning" in item) == ("P2", False)
    assert find(pacs, STUDY, "StudyInstanceUID", "ProcedureCodeSequence[0].CodeValue=P3") == []


def test_a_long_list_of_uids(pacs: ReferencePacs, make: Make, store: Store, find: Find) -> None:
    """A list of thousands of characters returns exactly the studies it names."""
    store(pacs, *(make(1, study=f"1.2.826.{n}", PatientID=f"P{n}") for n in range(1, 8)))
    named = [f"1.2.826.{n}" for n in (2, 5, 7)] + [f"1.2.840.99999999.{n}" for n in range(700)]
    found = find(pacs, STUDY, "StudyInstanceUID=" + "\\".join(named))
    assert {study.StudyInstanceUID for study in found} == {"1.2.826.2", "1.2.826.5", "1.2.826.7"}


def test_a_query_can_be_cancelled(pacs: ReferencePacs, make: Make, store: Store) -> None:
    """C-CANCEL ends a query with FE00 and leaves the association usable."""
    store(pacs, *(make(1, study=f"1.2.826.{n}", PatientID=f"P{n}") for n in range(1, 200)))
    ae = AE()
    ae.add_requested_context(StudyRootFind)
    association = ae.associate("127.0.0.1", pacs.port)
    statuses = []
    for status, _ in association.send_c_find(
        identifier("STUDY", StudyInstanceUID="", PatientName=""), StudyRootFind, msg_id=7
    ):
        statuses.append(status.Status)
        if len(statuses) == 1:
            association.send_c_cancel(7, query_model=StudyRootFind)
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 200
    again = association.send_c_find(
        identifier("STUDY", StudyInstanceUID="1.2.826.1"), StudyRootFind
    )
    assert [status.Status for status, _ in again] == [0xFF00, 0x0000]
    association.release()


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


def test_store_refuses_what_is_not_what_it_says(pacs: ReferencePacs, make: Make) -> None:
    """A900 for another instance or class or a missing UID, and nothing is kept of it."""
    ae = AE()
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", pacs.port)
    answers = []
    whole = make(1)
    for change in (
        lambda ds: setattr(ds, "StudyInstanceUID", ""),
        lambda ds: delattr(ds, "SeriesInstanceUID"),
    ):
        broken = make(1)
        change(broken)
        answers.append(association.send_c_store(broken))
    association.release()
    assert [answer.Status for answer in answers] == [0xA900, 0xA900]
    assert [answer.OffendingElement for answer in answers] == [0x0020000D, 0x0020000E]
    assert all(answer.ErrorComment for answer in answers)
    assert pacs.archive.find(whole.SOPInstanceUID) is None


def test_sending_twice_keeps_once(
    pacs: ReferencePacs, make: Make, store: Store, find: Find
) -> None:
    """The same instance again changes nothing; a changed one takes its place."""
    store(pacs, make(1), make(1))
    store(pacs, make(1, InstanceNumber="7"))
    (image,) = find(
        pacs, "QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.2.826.1",
        "SeriesInstanceUID=1.2.826.1.1", "InstanceNumber",
    )  # fmt: skip
    assert image.InstanceNumber == 7
    assert len(list((pacs.folder / "files").rglob("*.dcm"))) == 1


def test_what_is_acknowledged_survives_a_restart(
    tmp_path: Path, make: Make, store: Store, find: Find
) -> None:
    """Files are Part 10, and the index finds them again."""
    with ReferencePacs(tmp_path / "kept") as first:
        store(first, make(1), make(2))
    (one, _) = sorted((tmp_path / "kept" / "files").rglob("*.dcm"))
    assert pydicom.dcmread(one).PatientID == "SW1"
    with ReferencePacs(tmp_path / "kept") as second:
        (study,) = find(second, STUDY, "StudyInstanceUID", "NumberOfStudyRelatedInstances")
        assert study.NumberOfStudyRelatedInstances == 2


def test_an_aborted_transfer_leaves_nothing(pacs: ReferencePacs, make: Make, find: Find) -> None:
    """An instance whose association broke off in the middle is never visible."""
    ae = AE()
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", pacs.port)
    sent: list[int] = []

    def cut(event: Any) -> None:
        if event.data[0] == 4:
            sent.append(len(event.data))
        if len(sent) == 2:  # the command and the first part of the data set
            event.assoc.dul.socket.socket.shutdown(socket.SHUT_RDWR)

    association.bind(evt.EVT_DATA_SENT, cut)
    association.send_c_store(make(1, pixels=300))
    association.abort()
    assert find(pacs, STUDY, "StudyInstanceUID") == []


def test_ae_titles_are_checked_on_demand(tmp_path: Path) -> None:
    """Wrong called and unknown calling AE titles are rejected with the reason of the standard."""
    with ReferencePacs(
        tmp_path / "strict", ae_title="STRICT", check_called_ae=True, allowed_calling={"FRIEND"}
    ) as pacs:
        ae = AE(ae_title="FRIEND")
        ae.add_requested_context(Verification)
        outcomes = {}
        for calling, called in (("FRIEND", "STRICT"), ("FRIEND", "OTHER"), ("FOE", "STRICT")):
            ae.ae_title = calling
            association = ae.associate("127.0.0.1", pacs.port, ae_title=called)
            primitive = association.acceptor.primitive
            outcomes[calling, called] = (
                None
                if association.is_established
                else (primitive.result, primitive.result_source, primitive.diagnostic)
            )
            association.release()
    assert outcomes == {
        ("FRIEND", "STRICT"): None,
        ("FRIEND", "OTHER"): (1, 1, 7),
        ("FOE", "STRICT"): (1, 1, 3),
    }


def test_the_maximum_of_associations_is_transient(tmp_path: Path) -> None:
    """One more than the maximum is rejected for now, and let in once another has gone."""
    with ReferencePacs(tmp_path / "small", max_associations=1) as pacs:
        ae = AE()
        ae.add_requested_context(Verification)
        first = ae.associate("127.0.0.1", pacs.port)
        second = ae.associate("127.0.0.1", pacs.port)
        primitive = second.acceptor.primitive
        assert (primitive.result, primitive.result_source, primitive.diagnostic) == (2, 3, 2)
        first.release()
        third = ae.associate("127.0.0.1", pacs.port)
        assert third.is_established
        third.release()


def test_many_associations_store_one_series(
    pacs: ReferencePacs, make: Make, store: Store, find: Find, dcmtk: Dcmtk, tmp_path: Path
) -> None:
    """Instances that arrive over several associations at once are all kept."""
    folders = [tmp_path / f"part{n}" for n in range(4)]
    for n, folder in enumerate(folders):
        folder.mkdir()
        for number in range(5):
            make(5 * n + number).save_as(folder / f"{number}.dcm", enforce_file_format=True)
    threads = [
        threading.Thread(
            target=dcmtk, args=("storescu", "+sd", "127.0.0.1", str(pacs.port), str(folder))
        )
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (study,) = find(pacs, STUDY, "StudyInstanceUID", "NumberOfStudyRelatedInstances")
    assert study.NumberOfStudyRelatedInstances == 20


def test_an_unknown_defect_is_wrong_usage(pacs: ReferencePacs) -> None:
    """A defect that is not in the catalogue is refused, with a near one named."""
    with pytest.raises(UsageError, match=re.escape("find-uid-list-cut")):
        pacs.use({"find-uid-list-cuts"})


def test_a_folder_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    """An archive folder that is a file is reported by its name."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="file"):
        ReferencePacs(tmp_path / "file").start()
