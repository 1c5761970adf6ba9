"""The reference PACS finds: C-FIND by DCMTK and pynetdicom."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
)
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind as StudyRootFind,
)
from reference_peers import Find, Make, Store, identifier

from stepwedge.fixtures.reference import ReferencePacs

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
