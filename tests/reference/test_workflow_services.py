"""Storage commitment, worklist and performed procedure steps of the reference PACS."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (
    ModalityPerformedProcedureStep,
    ModalityPerformedProcedureStepRetrieve,
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
)

from stepwedge.errors import UsageError
from stepwedge.fixtures.receiver import Notified, Receiver
from stepwedge.fixtures.reference import ReferencePacs

Make = Callable[..., Dataset]
Store = Callable[..., None]
Find = Callable[..., list[Dataset]]

INSTANCE = "1.2.840.10008.1.20.1.1"


def encode(ds: Dataset) -> bytes:
    """A data set in Explicit VR Little Endian, without file meta."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


# Storage commitment


def request(*references: tuple[str, str], transaction: str | None = None) -> Dataset:
    """Action information for SOP classes and instances."""
    ds = Dataset()
    ds.TransactionUID = transaction or generate_uid()
    ds.ReferencedSOPSequence = []
    for sop_class, uid in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        ds.ReferencedSOPSequence.append(item)
    return ds


def commit(pacs: ReferencePacs, information: Dataset, action: int = 1) -> Dataset:
    """Asks for commitment as STEPWEDGE and releases; the status of the N-ACTION."""
    ae = AE(ae_title="STEPWEDGE")
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate("127.0.0.1", pacs.port)
    status, _ = association.send_n_action(information, action, StorageCommitmentPushModel, INSTANCE)
    association.release()
    assert isinstance(status, Dataset)
    return status


def result(receiver: Receiver, transaction: str) -> tuple[Notified, Dataset]:
    """The report of a transaction, which must come."""

    def of_transaction(notice: Notified) -> bool:
        return transaction.encode() in notice.data

    notice = receiver.wait_notified(of_transaction, 10)
    assert notice is not None
    ds = pydicom.dcmread(io.BytesIO(notice.data), force=True)
    return notice, ds


def test_commitment_tells_the_kept_from_the_lost(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """Every reference is in the result, committed or failed with its reason."""
    store(pacs, make(1), make(2))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    good = [(CTImageStorage, "1.2.826.1.1.1"), (CTImageStorage, "1.2.826.1.1.2")]
    whole = request(*good)
    assert commit(pacs, whole).Status == 0
    notice, ds = result(receiver, whole.TransactionUID)
    assert notice.event_type == 1
    assert notice.calling_ae == "REFERENCE"
    assert len(ds.ReferencedSOPSequence) == 2 and "FailedSOPSequence" not in ds

    mixed = request(good[0], (CTImageStorage, "1.2.9"), (MRImageStorage, "1.2.826.1.1.2"))
    assert commit(pacs, mixed).Status == 0
    notice, ds = result(receiver, mixed.TransactionUID)
    assert notice.event_type == 2
    assert [item.ReferencedSOPInstanceUID for item in ds.ReferencedSOPSequence] == ["1.2.826.1.1.1"]
    assert [item.FailureReason for item in ds.FailedSOPSequence] == [0x0112, 0x0119]


def test_a_damaged_file_is_not_committed_to(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """An instance whose file no longer has the bytes that were acknowledged has failed."""
    store(pacs, make(1))
    (path,) = (pacs.folder / "files").rglob("*.dcm")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    asked = request((CTImageStorage, "1.2.826.1.1.1"))
    commit(pacs, asked)
    _, ds = result(receiver, asked.TransactionUID)
    assert ds.FailedSOPSequence[0].FailureReason == 0x0110


def test_a_transaction_uid_is_used_once(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Store
) -> None:
    """A second request with the same Transaction UID fails with reason 0131."""
    store(pacs, make(1))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    asked = request((CTImageStorage, "1.2.826.1.1.1"))
    commit(pacs, asked)
    result(receiver, asked.TransactionUID)
    commit(pacs, asked)

    def failed(notice: Notified) -> bool:
        return notice.event_type == 2

    notice = receiver.wait_notified(failed, 10)
    assert notice is not None
    ds = pydicom.dcmread(io.BytesIO(notice.data), force=True)
    assert ds.FailedSOPSequence[0].FailureReason == 0x0131


def test_commitment_is_reported_on_an_association_that_stays_open(
    pacs: ReferencePacs, make: Make, store: Store
) -> None:
    """A requestor that keeps its association gets the result over it."""
    store(pacs, make(1))
    reports: list[Dataset] = []

    def take(event: Any) -> tuple[int, None]:
        reports.append(event.event_information)
        return 0x0000, None

    ae = AE(ae_title="UNKNOWN")
    ae.add_requested_context(StorageCommitmentPushModel)
    association = ae.associate(
        "127.0.0.1", pacs.port, evt_handlers=[(evt.EVT_N_EVENT_REPORT, take)]
    )
    asked = request((CTImageStorage, "1.2.826.1.1.1"))
    association.send_n_action(asked, 1, StorageCommitmentPushModel, INSTANCE)
    association.join(0.5)
    association.release()
    assert [report.TransactionUID for report in reports] == [asked.TransactionUID]


def test_commitment_requests_that_make_no_sense_are_refused(pacs: ReferencePacs) -> None:
    """No references, another action: statuses of PS3.7, and no report."""
    assert commit(pacs, request()).Status == 0x0115
    assert commit(pacs, request((CTImageStorage, "1.2")), action=9).Status == 0x0123
    without = request((CTImageStorage, "1.2"))
    del without.TransactionUID
    assert commit(pacs, without).Status == 0x0115


# Modality worklist


def scheduled(number: int, **attributes: str) -> Dataset:
    """A worklist item; attributes of the step and of the patient may be replaced."""
    step = Dataset()
    step.ScheduledStationAETitle = attributes.pop("station", "CT1")
    step.Modality = attributes.pop("modality", "CT")
    step.ScheduledProcedureStepStartDate = attributes.pop("date", "20260310")
    step.ScheduledProcedureStepStartTime = attributes.pop("time", "0900")
    step.ScheduledPerformingPhysicianName = "House^Gregory"
    step.ScheduledProcedureStepID = f"S{number}"
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.PatientName = attributes.pop("name", "Müller^Jörg")
    ds.PatientID = f"P{number}"
    ds.AccessionNumber = attributes.pop("accession", f"A{number}")
    ds.StudyInstanceUID = f"1.2.826.9.{number}"
    ds.RequestedProcedureID = f"R{number}"
    ds.ScheduledProcedureStepSequence = [step]
    return ds


@pytest.fixture
def worklist(pacs: ReferencePacs) -> Callable[..., list[str]]:
    """Schedules three items and asks for the Patient IDs of those that match."""
    for item in (
        scheduled(1),
        scheduled(2, station="MR1", modality="MR", date="20260311", time="0800"),
        scheduled(3, date="20260312", name="Doe^Jane", accession=""),
    ):
        pacs.worklist.add(encode(item))

    def ask(**keys: str) -> list[str]:
        request = Dataset()
        request.PatientID = ""
        step = Dataset()
        for keyword, value in keys.items():
            in_step = keyword.startswith("Scheduled") or keyword == "Modality"
            setattr(step if in_step else request, keyword, value)
        request.ScheduledProcedureStepSequence = [step]
        return [str(answer.PatientID) for answer in worklist_answers(pacs, request)]

    return ask


def worklist_answers(pacs: ReferencePacs, request: Dataset) -> list[Dataset]:
    """The identifiers of a worklist query that must succeed."""
    ae = AE()
    ae.add_requested_context(ModalityWorklistInformationFind)
    association = ae.associate("127.0.0.1", pacs.port)
    answers = list(association.send_c_find(request, ModalityWorklistInformationFind))
    association.release()
    assert [status.Status for status, _ in answers][-1] == 0
    assert all(status.Status == 0xFF00 for status, _ in answers[:-1])
    return [ds for _, ds in answers[:-1] if ds is not None]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({}, ["P1", "P2", "P3"]),
        ({"ScheduledStationAETitle": "CT1"}, ["P1", "P3"]),
        ({"Modality": "MR"}, ["P2"]),
        ({"ScheduledProcedureStepStartDate": "20260310-20260311"}, ["P1", "P2"]),
        ({"ScheduledProcedureStepStartDate": "20260311-"}, ["P2", "P3"]),
        ({"ScheduledProcedureStepStartTime": "-0830"}, ["P2"]),
        ({"PatientName": "doe*"}, ["P3"]),
        ({"PatientID": "P2"}, ["P2"]),
        ({"AccessionNumber": "A9"}, []),
        ({"AccessionNumber": "A1"}, ["P1"]),
        ({"ScheduledStationAETitle": "CT1", "ScheduledProcedureStepStartDate": "20260312"}, ["P3"]),
    ],
)
def test_worklist_matching(
    worklist: Callable[..., list[str]], keys: dict[str, str], found: list[str]
) -> None:
    """Stations, modalities, dates, names and numbers select items; the unknown match nothing."""
    assert worklist(**keys) == found


def test_worklist_answers_have_what_was_asked_for(pacs: ReferencePacs) -> None:
    """Return keys come back, within items too, with the character set where it is needed."""
    pacs.worklist.add(encode(scheduled(1)))
    request = Dataset()
    request.PatientName = request.PatientWeight = request.StudyInstanceUID = None
    step = Dataset()
    step.ScheduledProcedureStepID = None
    request.ScheduledProcedureStepSequence = [step]
    (answer,) = worklist_answers(pacs, request)
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert answer.PatientName == "Müller^Jörg"
    assert answer["PatientWeight"].value is None
    assert answer.StudyInstanceUID == "1.2.826.9.1"
    (item,) = answer.ScheduledProcedureStepSequence
    assert [element.keyword for element in item] == ["ScheduledProcedureStepID"]
    assert "PatientID" not in answer


def test_a_worklist_from_a_folder(pacs: ReferencePacs, tmp_path: Path) -> None:
    """Items may be files, Part 10 or bare; what is none is reported by its name."""
    folder = tmp_path / "worklist"
    folder.mkdir()
    (folder / "bare.wl").write_bytes(encode(scheduled(1)))
    item = scheduled(2)
    item.file_meta = pydicom.dataset.FileMetaDataset()
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.file_meta.MediaStorageSOPClassUID = ModalityWorklistInformationFind
    item.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    item.save_as(folder / "part10.wl", enforce_file_format=True)
    (folder / "lockfile").touch()
    assert pacs.worklist.add_folder(folder) == 2
    (folder / "broken.wl").write_bytes(b"\x08\x00\x05\x00CS\xff\xff")
    with pytest.raises(UsageError, match=r"broken\.wl"):
        pacs.worklist.add_folder(folder)


# Modality performed procedure step


@pytest.fixture
def modality(pacs: ReferencePacs) -> Iterator[Association]:
    """An association for performed procedure steps."""
    ae = AE(ae_title="CT1")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    ae.add_requested_context(ModalityPerformedProcedureStepRetrieve)
    association = ae.associate("127.0.0.1", pacs.port)
    yield association
    association.release()


def begun(**changes: Any) -> Dataset:
    """The attributes of a step that has begun."""
    scheduled_step = Dataset()
    scheduled_step.StudyInstanceUID = "1.2.826.9.1"
    ds = Dataset()
    ds.ScheduledStepAttributesSequence = [scheduled_step]
    ds.PatientName, ds.PatientID = "Doe^Jane", "P1"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle = "PPS1", "CT1"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20260310", "0905"
    ds.PerformedProcedureStepStatus, ds.Modality = "IN PROGRESS", "CT"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def ended(status: str = "COMPLETED") -> Dataset:
    """What ends a step."""
    series = Dataset()
    series.SeriesInstanceUID, series.ProtocolName = "1.2.826.9.1.1", "Head"
    ds = Dataset()
    ds.PerformedProcedureStepStatus = status
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20260310", "0920"
    ds.PerformedSeriesSequence = [series]
    return ds


def create(association: Association, ds: Dataset, uid: str | None = "1.2.3") -> Dataset:
    """The status of an N-CREATE."""
    status, _ = association.send_n_create(ds, ModalityPerformedProcedureStep, uid)
    assert isinstance(status, Dataset)
    return status


def change(association: Association, ds: Dataset, uid: str = "1.2.3") -> Dataset:
    """The status of an N-SET."""
    status, _ = association.send_n_set(ds, ModalityPerformedProcedureStep, uid)
    assert isinstance(status, Dataset)
    return status


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_a_step_from_beginning_to_end(modality: Association, status: str) -> None:
    """A step is created, ended, read, and after that no longer changed."""
    assert create(modality, begun()).Status == 0
    assert change(modality, ended(status)).Status == 0
    read, step = modality.send_n_get([], ModalityPerformedProcedureStepRetrieve, "1.2.3")
    assert read.Status == 0
    assert (step.PerformedProcedureStepStatus, step.PatientID) == (status, "P1")
    refused = change(modality, ended())
    assert (refused.Status, refused.ErrorID) == (0x0110, 0xA710)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"PerformedProcedureStepStatus": "COMPLETED"}, 0x0106),
        ({"Modality": None}, 0x0120),
        ({"PerformedProcedureStepID": ""}, 0x0121),
    ],
)
def test_a_step_that_cannot_begin(
    modality: Association, changes: dict[str, Any], status: int
) -> None:
    """A new step must be in progress and have its required attributes."""
    assert create(modality, begun(**changes)).Status == status


def test_steps_are_told_apart(modality: Association) -> None:
    """A UID is created once, and only a created one can be set."""
    assert create(modality, begun()).Status == 0
    assert create(modality, begun()).Status == 0x0111
    assert change(modality, ended(), uid="1.2.4").Status == 0x0112


def test_what_an_n_set_must_not_do(modality: Association) -> None:
    """Fixed attributes, unknown states and an incomplete end are refused."""
    create(modality, begun())
    patient = Dataset()
    patient.PatientID = "OTHER"
    assert change(modality, patient).Status == 0x0105
    odd = Dataset()
    odd.PerformedProcedureStepStatus = "PAUSED"
    assert change(modality, odd).Status == 0x0106
    early = Dataset()
    early.PerformedProcedureStepStatus = "COMPLETED"
    assert change(modality, early).Status == 0x0121


def test_steps_survive_a_restart(tmp_path: Path) -> None:
    """A step that was created before a restart can be set after it."""
    ae = AE()
    ae.add_requested_context(ModalityPerformedProcedureStep)
    for action in (lambda a: create(a, begun()), lambda a: change(a, ended())):
        with ReferencePacs(tmp_path / "kept") as pacs:
            association = ae.associate("127.0.0.1", pacs.port)
            assert action(association).Status == 0
            association.release()
