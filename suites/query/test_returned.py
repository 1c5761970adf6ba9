"""What a response identifier holds: what was asked for, what C.4.1.1.3.2 adds, nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.queries import Queries, identifier_of
from stepwedge.fixtures.verifiers import expect, expect_success, uids
from stepwedge.synthetic.corpus import UNIQUE_KEY, Corpus
from stepwedge.synthetic.matching import keys_of

CLAIM = "find.study"

# PS3.4 C.4.1.1.3.2: what a response may hold though nobody asked.
ALLOWED = {
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "QueryRetrieveLevel",
    "RetrieveAETitle",
    "StorageMediaFileSetID",
    "StorageMediaFileSetUID",
    "InstanceAvailability",
    *UNIQUE_KEY.values(),
}


def _keys(corpus: Corpus, level: str) -> dict[str, Any]:
    series = corpus.studies[1].series[0]
    keys = {"StudyInstanceUID": series.study.uid}
    if level == "IMAGE":
        keys["SeriesInstanceUID"] = series.uid
    return keys


def _matches(queries: Queries, level: str, *returned: str) -> list[Dataset]:
    keys = _keys(queries.corpus, level)
    return queries.check(level, keys, fenced=False, returned=returned).matches


@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
@check("FIND-170", "PS3.4 C.4.1.1.3.2", SHALL, claim=CLAIM, defects=["find-extra-keys"])
def test_nothing_unasked(study_root: Queries, level: str) -> None:
    """A response holds no attribute that was neither asked for nor named by the clause."""
    for match in _matches(study_root, level):
        extra = [
            f"{element.keyword or 'private'} {element.tag}"
            for element in match
            if element.keyword not in ALLOWED and element.tag.element != 0
        ]
        expect(not extra, "only attributes that were asked for", ", ".join(extra), "Identifier")


@check("FIND-171", "PS3.5 7.2", QUALITY, claim=CLAIM, defects=["find-returns-group-length"])
def test_no_group_length(study_root: Queries) -> None:
    """A response holds no group lengths, which are retired, and no group below 0008."""
    for match in _matches(study_root, "STUDY"):
        odd = [str(e.tag) for e in match if e.tag.element == 0 or e.tag.group < 8]
        expect(not odd, "no group length and no group below 0008", ", ".join(odd), "Identifier")


@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
@check("FIND-172", "PS3.4 C.4.1.1.3.2", SHALL, claim=CLAIM, defects=["find-retrieve-ae-missing"])
def test_where_to_retrieve(study_root: Queries, level: str) -> None:
    """Every match has a Retrieve AE Title, or Storage Media File-Set ID and UID.

    At the lowest level one of them has a value.
    """
    for match in _matches(study_root, level):
        title = "RetrieveAETitle" in match
        media = "StorageMediaFileSetID" in match and "StorageMediaFileSetUID" in match
        expect(title or media, "Retrieve AE Title, or File-Set ID and UID", "neither", "Identifier")
        if level == "IMAGE":
            value = match.get("RetrieveAETitle") or match.get("StorageMediaFileSetID")
            expect(bool(value), "a value at the lowest level", "none", "Retrieve AE Title")


@check("FIND-173", "PS3.4 C.4.1.1.3.2", QUALITY, claim=CLAIM, defects=["find-retrieve-ae-wrong"])
def test_retrieve_here(study_root: Queries) -> None:
    """Where a Retrieve AE Title is given, it names the archive that was asked, among others."""
    own = study_root.peer.target.ae_title
    for match in _matches(study_root, "STUDY"):
        value = match.get("RetrieveAETitle") or own
        titles = [str(t).strip() for t in ([value] if isinstance(value, str) else value)]
        expect(own in titles, f"Retrieve AE Title {own}", ", ".join(titles), "Retrieve AE Title")


@check("FIND-174", "PS3.4 C.4.1.1.3.2", QUALITY, claim=CLAIM, defects=["find-availability-wrong"])
def test_availability(study_root: Queries) -> None:
    """What was stored a moment ago is not said to be OFFLINE or UNAVAILABLE."""
    for match in _matches(study_root, "STUDY"):
        said = match.get("InstanceAvailability")
        expect(
            said in (None, "ONLINE", "NEARLINE"),
            "ONLINE or NEARLINE",
            f"{said!r}",
            "Instance Availability",
        )


@check("FIND-175", "PS3.4 C.4.1.1.3.2", SHALL, claim=CLAIM, defects=["find-omits-accession-number"])
def test_key_without_value(study_root: Queries, corpus: Corpus) -> None:
    """A required key that was asked for is there with zero length when it has no value."""
    study = next(study for study in corpus.studies if not study.accession_number)
    operation = study_root.check(
        "STUDY", {"StudyInstanceUID": study.uid}, fenced=False, returned=["AccessionNumber"]
    )
    for match in operation.matches:
        there = "AccessionNumber" in match
        expect(there, "Accession Number of zero length", "it is absent", "Accession Number")
        expect(not match.AccessionNumber, "no value", repr(match.AccessionNumber))


def _expect_values(match: Dataset, truth: dict[str, Any], *keywords: str) -> None:
    for keyword in keywords:
        expect(keyword in match, f"{keyword} in the response", "it is absent", keyword)
        seen, wanted = str(match[keyword].value), str(truth[keyword])
        expect(seen.strip() == wanted, f"{keyword} {wanted!r}", repr(seen), keyword)


@check("FIND-176", "PS3.4 C.6.1.1.4", SHALL, claim=CLAIM, defects=["find-omits-modality"])
def test_series_attributes(study_root: Queries, corpus: Corpus) -> None:
    """Modality and Series Number of a series come back as they were stored."""
    series = {one.uid: corpus.series_attributes(one) for one in corpus.series}
    for match in _matches(study_root, "SERIES", "Modality", "SeriesNumber"):
        _expect_values(match, series[str(match.SeriesInstanceUID)], "Modality", "SeriesNumber")


@check("FIND-177", "PS3.4 C.6.1.1.5", SHALL, claim=CLAIM, defects=["find-omits-instance-number"])
def test_instance_attributes(study_root: Queries, corpus: Corpus) -> None:
    """Instance Number of an instance comes back as it was stored."""
    truth = {i.sop_instance_uid: corpus.instance_attributes(i) for i in corpus.instances}
    for match in _matches(study_root, "IMAGE", "InstanceNumber"):
        _expect_values(match, truth[str(match.SOPInstanceUID)], "InstanceNumber")


@check(
    "FIND-178", "PS3.4 C.6.1.1.2", SHALL, claim="find.patient", defects=["find-omits-patient-name"]
)
def test_patient_attributes(patient_root: Queries, corpus: Corpus) -> None:
    """Patient's Name and Patient ID come back at PATIENT level as they were stored."""
    patient = corpus.patients[0]
    operation = patient_root.check(
        "PATIENT", {"PatientID": patient.id}, fenced=False, returned=["PatientName"]
    )
    for match in operation.matches:
        _expect_values(match, corpus.patient_attributes(patient), "PatientName", "PatientID")


COUNTS = "keys.counts"


@check(
    "FIND-179",
    "PS3.4 C.3.4",
    SHALL,
    claim=COUNTS,
    defects=["find-counts-wrong", "find-omits-counts"],
)
def test_study_counts(study_root: Queries, corpus: Corpus) -> None:
    """Number of Study Related Series and Instances equal what was stored."""
    names = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
    for match in _matches(study_root, "STUDY", *names):
        _expect_values(match, corpus.study_attributes(corpus.studies[1]), *names)


@check("FIND-180", "PS3.4 C.3.4", SHALL, claim=COUNTS, defects=["find-counts-wrong"])
def test_series_counts(study_root: Queries, corpus: Corpus) -> None:
    """Number of Series Related Instances equals what was stored."""
    series = {one.uid: corpus.series_attributes(one) for one in corpus.series}
    for match in _matches(study_root, "SERIES", "NumberOfSeriesRelatedInstances"):
        truth = series[str(match.SeriesInstanceUID)]
        _expect_values(match, truth, "NumberOfSeriesRelatedInstances")


@check("FIND-181", "PS3.4 C.3.4", SHALL, claim="keys.patient-counts", defects=["find-counts-wrong"])
def test_patient_counts(patient_root: Queries, corpus: Corpus) -> None:
    """Numbers of Patient Related Studies, Series and Instances equal what was stored."""
    names = [f"NumberOfPatientRelated{what}" for what in ("Studies", "Series", "Instances")]
    patient = corpus.patients[0]
    operation = patient_root.check(
        "PATIENT", {"PatientID": patient.id}, fenced=False, returned=names
    )
    for match in operation.matches:
        _expect_values(match, corpus.patient_attributes(patient), *names)


@pytest.mark.parametrize("key", ["", "CT"], ids=["universal", "one"])
@check(
    "FIND-182",
    "PS3.4 C.2.2.3",
    SHALL,
    claim="keys.modalities-in-study",
    defects=["find-modalities-first-only", "find-omits-modalities-in-study"],
)
def test_all_modalities(study_root: Queries, corpus: Corpus, key: str) -> None:
    """Modalities in Study comes back with all of them, also when the key names one."""
    study = corpus.studies[5]
    keys = {"StudyInstanceUID": study.uid, "ModalitiesInStudy": key}
    for match in study_root.check("STUDY", keys, fenced=False).matches:
        value = match.get("ModalitiesInStudy") or ""
        seen = {value} if isinstance(value, str) else {str(one) for one in value}
        expect(seen == {"CT", "CR"}, "CT and CR", f"{sorted(seen)}", "Modalities in Study")


# An attribute of printers, which no level of the models has.
STRANGE = {"PrinterName": "NOBODY"}


def _strange(queries: Queries, corpus: Corpus) -> Any:
    queries.archive.require()
    keys = {"StudyInstanceUID": corpus.studies[1].uid, **STRANGE}
    with queries.asking() as association:
        operation = association.find(queries.model, identifier_of("STUDY", keys))
    expect_success(operation)
    return operation


@check("FIND-183", "PS3.4 C.2.2.1.3", SHALL, claim=CLAIM, defects=["find-unsupported-key-refused"])
def test_unsupported_key(study_root: Queries, corpus: Corpus) -> None:
    """A key that the archive does not support is ignored: the query does not fail for it."""
    found = set(uids(_strange(study_root, corpus).matches, "StudyInstanceUID"))
    wanted = corpus.studies[1].uid
    expect(found == {wanted}, f"study {wanted}", f"{sorted(found)}", "Identifier")


@check("FIND-184", "PS3.4 C.4.1.1.4", SHOULD, claim=CLAIM, defects=["find-warning-never"])
def test_warning_of_unsupported_key(study_root: Queries, corpus: Corpus) -> None:
    """A response that leaves out a key that was asked for has status FF01H, not FF00H."""
    for message in _strange(study_root, corpus).pending:
        if "PrinterName" not in keys_of(message.identifier):
            status = message.status
            expect(status == 0xFF01, "FF01H", f"{status:04X}H", "Status (0000,0900)")


@check("FIND-185", "PS3.4 C.4.1.3.1", SHALL, claim=CLAIM, defects=["find-match-twice"])
def test_each_match_once(study_root: Queries) -> None:
    """There is one response for each match, not two."""
    study_root.check("STUDY", {}, once=True)


@check("FIND-186", "PS3.4 C.4.1.3.1", SHALL, claim=CLAIM, defects=["find-last-match-missing"])
def test_success_means_all(study_root: Queries) -> None:
    """Success means that a response was sent for every match."""
    study_root.check("STUDY", {})


@check("FIND-187", "PS3.4 C.4.1.1.4", SHALL, claim=CLAIM, defects=["find-pending-status-wrong"])
def test_pending_status(study_root: Queries) -> None:
    """Every match has status FF00H or FF01H."""
    operation = study_root.check("STUDY", {})
    expect(bool(operation.pending), "pending responses", "none", "Status (0000,0900)")


@check("FIND-188", "PS3.7 9.1.2", SHALL, claim=CLAIM, defects=["find-final-missing"])
def test_final_response(study_root: Queries, corpus: Corpus) -> None:
    """After the last match a final response ends the operation."""
    study_root.check("STUDY", {"StudyInstanceUID": corpus.studies[0].uid}, fenced=False)


@pytest.mark.parametrize("priority", [1, 2], ids=["high", "low"])
@check("FIND-189", "PS3.4 C.4.1.1.2", SHALL, claim=CLAIM, defects=["find-priority-refused"])
def test_priority(study_root: Queries, corpus: Corpus, priority: int) -> None:
    """A query of high or low priority is answered, whether priority is processed or not."""
    study_root.archive.require()
    identifier = identifier_of("STUDY", {"StudyInstanceUID": corpus.studies[0].uid})
    with study_root.asking() as association:
        operation = association.find(study_root.model, identifier, priority=priority)
    expect_success(operation)
    found = set(uids(operation.matches, "StudyInstanceUID"))
    expect(found == {corpus.studies[0].uid}, "the study that is named", f"{len(found)} of them")
