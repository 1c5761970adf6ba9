"""C-MOVE at every level, to our own receiver (PS3.4 C.4.2)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.retrievals import Moved, Moves, expect_instances
from stepwedge.fixtures.verifiers import expect_counts, expect_success
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance


def _expect_delivered(moved: Moved, instances: list[Instance], what: str) -> None:
    expect_success(moved.operation)
    expect_instances(moved.arrivals, instances, what)
    expect_counts(moved.operation.final, completed=len(instances))


@check(
    "MOVE-001",
    "PS3.4 C.4.2",
    SHALL,
    claim="move.study",
    defects=["retrieve-one-missing", "retrieve-one-twice"],
    hint="movescu -S -aec CALLED -aem DEST HOST PORT -k QueryRetrieveLevel=STUDY "
    "-k StudyInstanceUID=UID",
)
def test_study_level(moves: Moves, corpus: Corpus) -> None:
    """Study Root, STUDY level: all instances of the study arrive, and nothing else."""
    study = corpus.studies[1]
    moves.archive.require(study)
    keys = {"StudyInstanceUID": study.uid}
    moved = moves.move("STUDY", keys, expected=len(study.instances()))
    _expect_delivered(moved, study.instances(), "the study")


@check(
    "MOVE-002", "PS3.4 C.4.2", SHALL, claim="move.study", defects=["retrieve-series-sends-study"]
)
def test_series_level(moves: Moves, corpus: Corpus) -> None:
    """Study Root, SERIES level: the instances of that series arrive, and no other series'."""
    study = corpus.studies[1]
    moves.require(study)
    series = study.series[1]
    keys = {"StudyInstanceUID": study.uid, "SeriesInstanceUID": series.uid}
    moved = moves.move("SERIES", keys, expected=len(series.instances))
    _expect_delivered(moved, list(series.instances), "the series")


@check(
    "MOVE-003", "PS3.4 C.4.2", SHALL, claim="move.study", defects=["retrieve-image-sends-series"]
)
def test_image_level(moves: Moves, corpus: Corpus) -> None:
    """Study Root, IMAGE level: that one instance arrives."""
    series = corpus.studies[1].series[0]
    moves.require(series.study)
    instance = series.instances[1]
    keys = {
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": instance.sop_instance_uid,
    }
    _expect_delivered(moves.move("IMAGE", keys, expected=1), [instance], "the image")


@check(
    "MOVE-004",
    "PS3.4 C.4.2",
    SHALL,
    claim="move.patient",
    defects=["retrieve-patient-level-refused"],
)
def test_patient_level(moves: Moves, corpus: Corpus) -> None:
    """Patient Root, PATIENT level: the instances of all studies of the patient arrive."""
    patient = corpus.patients[0]
    studies = [s for s in corpus.studies if s.patient == patient]
    moves.require(*studies)
    instances = [i for study in studies for i in study.instances()]
    keys = {"PatientID": patient.id}
    moved = moves.move("PATIENT", keys, model="patient", expected=len(instances))
    _expect_delivered(moved, instances, "the patient")


@check(
    "MOVE-005",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-uid-list-first-only"],
)
def test_list_of_studies(moves: Moves, corpus: Corpus) -> None:
    """A list of Study Instance UIDs moves the instances of all of them."""
    studies = [corpus.studies[2], corpus.studies[4]]
    moves.require(*studies)
    instances = [i for study in studies for i in study.instances()]
    keys = {"StudyInstanceUID": "\\".join(study.uid for study in studies)}
    _expect_delivered(
        moves.move("STUDY", keys, expected=len(instances)), instances, "the two studies"
    )
