"""C-GET: instances come back on the association that asked (PS3.4 C.4.3)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.association import Association
from stepwedge.fixtures.operations import Operation
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import expect_instances, expect_unaltered, get, getting
from stepwedge.fixtures.verifiers import (
    counters,
    counts_in_words,
    expect,
    expect_counts,
    expect_response_fields,
    expect_status,
    expect_success,
)
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance

COUNTS = "Number of Sub-operations (0000,1020) to (0000,1023)"


def _expect_delivered(operation: Operation, instances: list[Instance], what: str) -> None:
    expect_success(operation)
    expect_instances(operation.arrivals, instances, what)
    expect_counts(operation.final, completed=len(instances))


@check(
    "GET-001",
    "PS3.4 C.4.3",
    SHALL,
    claim="get.study",
    defects=["retrieve-one-missing", "retrieve-one-twice", "get-refused"],
    hint="getscu -S -aec CALLED HOST PORT -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=UID",
)
def test_study_level(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Study Root, STUDY level: all instances of the study come back, and nothing else."""
    study = corpus.studies[1]
    archive.require(study)
    with getting(peer, "study", study.instances()) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    _expect_delivered(operation, study.instances(), "the study")


@check("GET-002", "PS3.4 C.4.3", SHALL, claim="get.study", defects=["retrieve-series-sends-study"])
def test_series_level(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Study Root, SERIES level: the instances of that series come back, and no other series'."""
    study = corpus.studies[1]
    archive.require(study)
    series = study.series[0]
    keys = {"StudyInstanceUID": study.uid, "SeriesInstanceUID": series.uid}
    with getting(peer, "study", study.instances()) as association:
        operation = get(association, "SERIES", keys)
    _expect_delivered(operation, list(series.instances), "the series")


@check("GET-003", "PS3.4 C.4.3", SHALL, claim="get.study", defects=["retrieve-image-sends-series"])
def test_image_level(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Study Root, IMAGE level: that one instance comes back."""
    series = corpus.studies[1].series[0]
    archive.require(series.study)
    instance = series.instances[0]
    keys = {
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": instance.sop_instance_uid,
    }
    with getting(peer, "study", series.instances) as association:
        operation = get(association, "IMAGE", keys)
    _expect_delivered(operation, [instance], "the image")


@check(
    "GET-004", "PS3.4 C.4.3", SHALL, claim="get.patient", defects=["retrieve-patient-level-refused"]
)
def test_patient_level(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Patient Root, PATIENT level: the instances of all studies of the patient come back."""
    patient = corpus.patients[0]
    studies = [s for s in corpus.studies if s.patient == patient]
    archive.require(*studies)
    instances = [i for study in studies for i in study.instances()]
    with getting(peer, "patient", instances) as association:
        operation = get(association, "PATIENT", {"PatientID": patient.id}, model="patient")
    _expect_delivered(operation, instances, "the patient")


def _study(peer: Peer, archive: Archive, corpus: Corpus) -> Operation:
    study = corpus.studies[1]
    archive.require(study)
    association: Association
    with getting(peer, "study", study.instances()) as association:
        return get(association, "STUDY", {"StudyInstanceUID": study.uid})


@check("GET-010", "PS3.7 9.3.3.2", SHALL, claim="get.study", defects=["get-message-id-wrong"])
def test_responses_name_the_request(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Every C-GET-RSP names the Message ID and SOP class of its request."""
    expect_response_fields(_study(peer, archive, corpus))


@check(
    "GET-011", "PS3.4 C.4.3.1.5", SHALL, claim="get.study", defects=["retrieve-remaining-constant"]
)
def test_counts_add_up(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """In every pending response the four counts add up to the number of sub-operations."""
    total = len(corpus.studies[1].instances())
    for message in _study(peer, archive, corpus).pending:
        sum_of_counts = sum(value or 0 for value in counters(message).values())
        expect(
            sum_of_counts == total,
            f"counts that add up to {total}",
            f"{counts_in_words(message)}: {sum_of_counts}",
            COUNTS,
        )


@check(
    "GET-012",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-uncounted", "retrieve-some-failed-success"],
)
def test_some_sub_operations_fail(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When we fail some sub-operations, the final status is B000H and the counts say so."""
    study = corpus.studies[1]
    archive.require(study)
    total = len(study.instances())
    answers = iter([0x0000, 0xA700] * total)
    with getting(peer, "study", study.instances()) as association:
        operation = get(
            association,
            "STUDY",
            {"StudyInstanceUID": study.uid},
            on_store=lambda arrival: next(answers),
        )
    expect_status(operation.final, 0xB000, why="as some sub-operations failed")
    expect_counts(operation.final, completed=total - total // 2, failed=total // 2)


@check("GET-013", "PS3.4 B.4.1", SHALL, claim="get.study", defects=["retrieve-alters-attribute"])
def test_content_after_get(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """What comes back by C-GET equals what was stored, element by element and bit for bit."""
    archive.require()
    wanted = {i.sop_instance_uid: i for i in corpus.instances}
    for study in corpus.studies:
        with getting(peer, "study", study.instances()) as association:
            operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
        expect_success(operation)
        for arrival in operation.arrivals:
            uid = arrival.sop_instance_uid
            expect(uid in wanted, "instances that were stored", f"an unknown one, {uid}")
            expect_unaltered(arrival, wanted[uid])


@check(
    "GET-014",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-unknown-uid-sends-all"],
)
def test_nothing_to_get(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A C-GET of a study that does not exist sends nothing."""
    keys = {"StudyInstanceUID": corpus.scope.uid("not", "there")}
    with getting(peer, "study", corpus.studies[0].instances()) as association:
        operation = get(association, "STUDY", keys)
    expect_status(operation.final, 0x0000, "warning", "failure")
    arrived = len(operation.arrivals)
    expect(not operation.arrivals, "nothing to come back", f"{arrived} instances came")
