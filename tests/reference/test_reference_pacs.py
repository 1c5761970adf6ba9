"""The reference PACS keeps: what it stores, whom it serves, and how many at a time."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification
from reference_peers import Dcmtk, Find, Make, Store

from stepwedge.errors import UsageError
from stepwedge.fixtures.reference import ReferencePacs

STUDY = "QueryRetrieveLevel=STUDY"


def test_echo(pacs: ReferencePacs, dcmtk: Dcmtk) -> None:
    """C-ECHO succeeds whatever the called AE title when it is not checked."""
    dcmtk("echoscu", "-aec", "WHOEVER", "127.0.0.1", str(pacs.port))


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
