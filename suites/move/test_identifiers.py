"""What a C-MOVE names: levels, lists, and unique keys that are missing (PS3.4 C.4.2.1.4)."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.retrievals import Moved, Moves, expect_instances
from stepwedge.fixtures.verifiers import expect, expect_status, expect_success, words
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance

OFFENDING = "Offending Element (0000,0901)"


def _expect_delivered(moved: Moved, instances: list[Instance], what: str) -> None:
    expect_success(moved.operation)
    expect_instances(moved.arrivals, instances, what)


@check(
    "MOVE-140",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-uid-list-first-only"],
)
def test_list_of_series(moves: Moves, corpus: Corpus) -> None:
    """A list of Series Instance UIDs moves all of those series."""
    study = corpus.studies[1]
    moves.require(study)
    keys = {
        "StudyInstanceUID": study.uid,
        "SeriesInstanceUID": "\\".join(series.uid for series in study.series),
    }
    moved = moves.move("SERIES", keys, expected=len(study.instances()))
    _expect_delivered(moved, study.instances(), "the two series")


@check(
    "MOVE-141",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-uid-list-first-only", "retrieve-image-sends-series"],
)
def test_list_of_instances(moves: Moves, corpus: Corpus) -> None:
    """A list of SOP Instance UIDs moves exactly those instances."""
    series = corpus.studies[0].series[0]
    moves.require(series.study)
    wanted = [series.instances[0], series.instances[2]]
    keys = {
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": "\\".join(i.sop_instance_uid for i in wanted),
    }
    _expect_delivered(moves.move("IMAGE", keys, expected=2), wanted, "the two instances")


@check(
    "MOVE-142",
    "PS3.4 C.4.2.3.1",
    QUALITY,
    claim="move.study",
    defects=["retrieve-unknown-in-list-fails"],
)
def test_list_with_an_unknown_study(moves: Moves, corpus: Corpus) -> None:
    """Of a list with an unknown Study Instance UID, the known studies arrive."""
    study = corpus.studies[0]
    moves.require(study)
    keys = {"StudyInstanceUID": f"{corpus.scope.uid('not', 'there')}\\{study.uid}"}
    moved = moves.move("STUDY", keys, expected=len(study.instances()))
    expect_instances(moved.arrivals, study.instances(), "the study that is there")


@check(
    "MOVE-143",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="move.patient",
    defects=["retrieve-one-missing"],
)
def test_patient_root_study(moves: Moves, corpus: Corpus) -> None:
    """Patient Root, STUDY level: that one study of the patient arrives."""
    study = corpus.studies[0]
    moves.require(study)
    keys = {"PatientID": study.patient.id, "StudyInstanceUID": study.uid}
    moved = moves.move("STUDY", keys, model="patient", expected=len(study.instances()))
    _expect_delivered(moved, study.instances(), "the study")


@check(
    "MOVE-144",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="move.patient",
    defects=["retrieve-series-sends-study"],
)
def test_patient_root_series(moves: Moves, corpus: Corpus) -> None:
    """Patient Root, SERIES level: that one series arrives."""
    series = corpus.studies[1].series[1]
    moves.require(series.study)
    keys = {
        "PatientID": series.study.patient.id,
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
    }
    moved = moves.move("SERIES", keys, model="patient", expected=len(series.instances))
    _expect_delivered(moved, list(series.instances), "the series")


@check(
    "MOVE-145",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="move.patient",
    defects=["retrieve-image-sends-series"],
)
def test_patient_root_image(moves: Moves, corpus: Corpus) -> None:
    """Patient Root, IMAGE level: that one instance arrives."""
    series = corpus.studies[1].series[1]
    moves.require(series.study)
    keys = {
        "PatientID": series.study.patient.id,
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
        "SOPInstanceUID": series.instances[2].sop_instance_uid,
    }
    moved = moves.move("IMAGE", keys, model="patient", expected=1)
    _expect_delivered(moved, [series.instances[2]], "the image")


@check(
    "MOVE-146",
    "PS3.4 C.4.2.1.4.1",
    QUALITY,
    claim="move.study",
    defects=["retrieve-empty-key-moves-all"],
)
def test_empty_series_key(moves: Moves, corpus: Corpus) -> None:
    """SERIES level with an empty Series Instance UID does not move the whole study."""
    study = corpus.studies[1]
    moves.require(study)
    keys = {"StudyInstanceUID": study.uid, "SeriesInstanceUID": ""}
    moved = moves.move("SERIES", keys)
    expect(
        not moved.arrivals,
        "nothing to arrive, as no series is named",
        f"{len(moved.arrivals)} instances arrived, {words(moved.operation.final)}",
        "Series Instance UID (0020,000E)",
    )


@check(
    "MOVE-147",
    "PS3.4 C.4.2.1.4.1",
    SHALL,
    claim="strict.retrieve",
    defects=["retrieve-missing-unique-key-accepted"],
)
def test_missing_series_key(moves: Moves, corpus: Corpus) -> None:
    """IMAGE level without the unique keys above it is refused."""
    instance = corpus.studies[0].instances()[0]
    moves.require(corpus.studies[0])
    moved = moves.move("IMAGE", {"SOPInstanceUID": instance.sop_instance_uid})
    expect_status(moved.operation.final, "failure", why="as Study and Series UID are missing")


@check(
    "MOVE-148",
    "PS3.4 Table C.4-2",
    QUALITY,
    claim="strict.retrieve",
    defects=["retrieve-refusal-without-element"],
)
def test_refusal_names_the_element(moves: Moves, corpus: Corpus) -> None:
    """A refusal with A900H says which element offends."""
    instance = corpus.studies[0].instances()[0]
    moves.require(corpus.studies[0])
    moved = moves.move("IMAGE", {"SOPInstanceUID": instance.sop_instance_uid})
    expect_status(moved.operation.final, 0xA900)
    offending = moved.operation.final.value("OffendingElement")
    expect(bool(offending), "the tag that offends", "none", OFFENDING)


@check(
    "MOVE-149",
    "PS3.4 C.6.2.1",
    QUALITY,
    claim="move.study",
    defects=["find-wrong-level-accepted"],
)
def test_patient_level_in_study_root(moves: Moves, corpus: Corpus) -> None:
    """PATIENT level, which the Study Root model does not have, moves nothing."""
    moves.require(corpus.studies[2])
    moved = moves.move("PATIENT", {"PatientID": corpus.studies[2].patient.id})
    expect(
        not moved.arrivals,
        "nothing to arrive, as Study Root has no PATIENT level",
        f"{len(moved.arrivals)} instances arrived, {words(moved.operation.final)}",
        "Query/Retrieve Level (0008,0052)",
    )


@check(
    "MOVE-150",
    "PS3.4 C.4.2.1.4.1",
    QUALITY,
    claim="move.study",
    defects=["find-missing-level-accepted"],
)
def test_missing_level(moves: Moves, corpus: Corpus) -> None:
    """A move without Query/Retrieve Level moves nothing."""
    study = corpus.studies[2]
    moves.require(study)
    keys = {"StudyInstanceUID": study.uid, "QueryRetrieveLevel": None}
    moved = moves.move("STUDY", keys)
    expect(
        not moved.arrivals,
        "nothing to arrive, as no level is named",
        f"{len(moved.arrivals)} instances arrived, {words(moved.operation.final)}",
        "Query/Retrieve Level (0008,0052)",
    )


@check(
    "MOVE-151",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="strict.retrieve",
    defects=["retrieve-no-match-failure"],
)
def test_nothing_matches(moves: Moves, corpus: Corpus) -> None:
    """A move that matches nothing succeeds, with no sub-operation."""
    moves.require()
    moved = moves.move("STUDY", {"StudyInstanceUID": corpus.scope.uid("not", "there")})
    expect_success(moved.operation)
