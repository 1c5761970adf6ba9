"""What a C-GET names: levels, lists, and unique keys that are missing (PS3.4 C.4.3.1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.operations import Operation
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import expect_instances, get, getting
from stepwedge.fixtures.verifiers import expect, expect_status, expect_success, words
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance, Study


def _get(
    peer: Peer,
    archive: Archive,
    study: Study,
    level: str,
    keys: Mapping[str, Any],
    model: str = "study",
) -> Operation:
    archive.require(study)
    with getting(peer, model, study.instances()) as association:
        return get(association, level, keys, model=model)


def _expect_delivered(operation: Operation, instances: Iterable[Instance], what: str) -> None:
    expect_success(operation)
    expect_instances(operation.arrivals, instances, what)


def _expect_nothing(operation: Operation, why: str, field: str) -> None:
    came = len(operation.arrivals)
    expect(
        not came,
        f"nothing to come, as {why}",
        f"{came} instances came, {words(operation.final)}",
        field,
    )


@check(
    "GET-140",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-uid-list-first-only"],
)
def test_list_of_series(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A list of Series Instance UIDs gets all of those series."""
    study = corpus.studies[1]
    uids = "\\".join(series.uid for series in study.series)
    keys = {"StudyInstanceUID": study.uid, "SeriesInstanceUID": uids}
    operation = _get(peer, archive, study, "SERIES", keys)
    _expect_delivered(operation, study.instances(), "the two series")


@check(
    "GET-141",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-uid-list-first-only", "retrieve-image-sends-series"],
)
def test_list_of_instances(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A list of SOP Instance UIDs gets exactly those instances."""
    series = corpus.studies[0].series[0]
    wanted = [series.instances[0], series.instances[2]]
    keys = {
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": "\\".join(i.sop_instance_uid for i in wanted),
    }
    operation = _get(peer, archive, series.study, "IMAGE", keys)
    _expect_delivered(operation, wanted, "the two instances")


@check(
    "GET-142",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-uid-list-first-only"],
)
def test_list_of_studies(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A list of Study Instance UIDs gets the instances of all of them."""
    studies = [corpus.studies[2], corpus.studies[4]]
    archive.require(*studies)
    instances = [i for study in studies for i in study.instances()]
    keys = {"StudyInstanceUID": "\\".join(study.uid for study in studies)}
    with getting(peer, "study", instances) as association:
        operation = get(association, "STUDY", keys)
    _expect_delivered(operation, instances, "the two studies")


@check(
    "GET-143",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.patient",
    defects=["retrieve-one-missing"],
)
def test_patient_root_study(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Patient Root, STUDY level: that one study of the patient comes."""
    study = corpus.studies[0]
    keys = {"PatientID": study.patient.id, "StudyInstanceUID": study.uid}
    operation = _get(peer, archive, study, "STUDY", keys, "patient")
    _expect_delivered(operation, study.instances(), "the study")


@check(
    "GET-144",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.patient",
    defects=["retrieve-series-sends-study"],
)
def test_patient_root_series(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Patient Root, SERIES level: that one series comes."""
    series = corpus.studies[1].series[1]
    keys = {
        "PatientID": series.study.patient.id,
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
    }
    operation = _get(peer, archive, series.study, "SERIES", keys, "patient")
    _expect_delivered(operation, series.instances, "the series")


@check(
    "GET-145",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="get.patient",
    defects=["retrieve-image-sends-series"],
)
def test_patient_root_image(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Patient Root, IMAGE level: that one instance comes."""
    series = corpus.studies[1].series[1]
    keys = {
        "PatientID": series.study.patient.id,
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": series.instances[2].sop_instance_uid,
    }
    operation = _get(peer, archive, series.study, "IMAGE", keys, "patient")
    _expect_delivered(operation, [series.instances[2]], "the image")


@check(
    "GET-146",
    "PS3.4 C.4.3.1.3.1",
    QUALITY,
    claim="get.study",
    defects=["retrieve-empty-key-moves-all"],
)
def test_empty_series_key(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """SERIES level with an empty Series Instance UID does not get the whole study."""
    study = corpus.studies[1]
    keys = {"StudyInstanceUID": study.uid, "SeriesInstanceUID": ""}
    operation = _get(peer, archive, study, "SERIES", keys)
    _expect_nothing(operation, "no series is named", "Series Instance UID (0020,000E)")


@check(
    "GET-147",
    "PS3.4 C.4.3.1.3.1",
    SHALL,
    claim="strict.retrieve",
    defects=["retrieve-missing-unique-key-accepted"],
)
def test_missing_series_key(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """IMAGE level without the unique keys above it is refused."""
    study = corpus.studies[0]
    keys = {"SOPInstanceUID": study.instances()[0].sop_instance_uid}
    operation = _get(peer, archive, study, "IMAGE", keys)
    expect_status(operation.final, "failure", why="as Study and Series UID are missing")


@check(
    "GET-148",
    "PS3.4 C.4.3.3.1",
    QUALITY,
    claim="get.study",
    defects=["retrieve-unknown-in-list-fails"],
)
def test_list_with_an_unknown_study(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Of a list with an unknown Study Instance UID, the known studies come."""
    study = corpus.studies[0]
    keys = {"StudyInstanceUID": f"{corpus.scope.uid('not', 'there')}\\{study.uid}"}
    operation = _get(peer, archive, study, "STUDY", keys)
    expect_instances(operation.arrivals, study.instances(), "the study that is there")


@check(
    "GET-149",
    "PS3.4 C.6.2.1",
    QUALITY,
    claim="get.study",
    defects=["find-wrong-level-accepted"],
)
def test_patient_level_in_study_root(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """PATIENT level, which the Study Root model does not have, gets nothing."""
    patient = corpus.studies[2].patient
    studies = [study for study in corpus.studies if study.patient == patient]
    archive.require(*studies)
    # Whichever study a server begins with, a context is there for what is in it.
    with getting(peer, "study", [one for study in studies for one in study.instances()]) as ours:
        operation = get(ours, "PATIENT", {"PatientID": patient.id})
    why = "Study Root has no PATIENT level"
    _expect_nothing(operation, why, "Query/Retrieve Level (0008,0052)")


@check(
    "GET-150",
    "PS3.4 C.4.3.1.3.1",
    QUALITY,
    claim="get.study",
    defects=["find-missing-level-accepted"],
)
def test_missing_level(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A C-GET without Query/Retrieve Level gets nothing."""
    study = corpus.studies[2]
    keys = {"StudyInstanceUID": study.uid, "QueryRetrieveLevel": None}
    operation = _get(peer, archive, study, "STUDY", keys)
    _expect_nothing(operation, "no level is named", "Query/Retrieve Level (0008,0052)")
