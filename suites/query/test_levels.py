"""Query at every level of both information models (PS3.4 C.4.1, C.6)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import SETTLE
from stepwedge.fixtures.queries import Queries, identifier_of
from stepwedge.fixtures.verifiers import (
    expect,
    expect_no_data_set,
    expect_response_fields,
    expect_status,
    expect_success,
)
from stepwedge.synthetic.corpus import UNIQUE_KEY, Corpus

FIND = "findscu -S -aec CALLED HOST PORT -k QueryRetrieveLevel="


@check(
    "FIND-001",
    "PS3.4 C.6.2.1",
    SHALL,
    claim="find.study",
    defects=["find-study-root-refused"],
    hint=f"{FIND}STUDY -k StudyInstanceUID=UID",
)
def test_study_level(study_root: Queries, corpus: Corpus) -> None:
    """Study Root, STUDY level: a study is found by its Study Instance UID."""
    study = corpus.studies[1]
    study_root.archive.require_acknowledged(study)
    hidden = study_root.archive.hidden(study)
    expect(not hidden, f"the study within {SETTLE:g} s", "nothing is found", "Identifier")
    study_root.check("STUDY", {"StudyInstanceUID": study.uid}, fenced=False)


@check(
    "FIND-002",
    "PS3.4 C.6.1.1.4",
    SHALL,
    claim="find.study",
    defects=["find-series-level-refused"],
    hint=f"{FIND}SERIES -k StudyInstanceUID=UID -k SeriesInstanceUID",
)
def test_series_level(study_root: Queries, corpus: Corpus) -> None:
    """Study Root, SERIES level: all series of a study are found, and none of another."""
    study_root.check("SERIES", {"StudyInstanceUID": corpus.studies[1].uid})


@check(
    "FIND-003",
    "PS3.4 C.6.1.1.5",
    SHALL,
    claim="find.study",
    defects=["find-image-level-refused"],
    hint=f"{FIND}IMAGE -k StudyInstanceUID=UID -k SeriesInstanceUID=UID -k SOPInstanceUID",
)
def test_image_level(study_root: Queries, corpus: Corpus) -> None:
    """Study Root, IMAGE level: all instances of a series are found, and none of another."""
    series = corpus.studies[1].series[0]
    study_root.check(
        "IMAGE", {"StudyInstanceUID": series.study.uid, "SeriesInstanceUID": series.uid}
    )


@check(
    "FIND-004",
    "PS3.4 C.6.1.1.2",
    SHALL,
    claim="find.patient",
    defects=["find-patient-level-refused"],
)
def test_patient_level(patient_root: Queries, corpus: Corpus) -> None:
    """Patient Root, PATIENT level: a patient is found by Patient ID."""
    patient_root.check("PATIENT", {"PatientID": corpus.patients[0].id}, fenced=False)


@check(
    "FIND-005",
    "PS3.4 C.6.1.1.3",
    SHALL,
    claim="find.patient",
    defects=["find-ignores-keys-above"],
)
def test_patient_root_study_level(patient_root: Queries, corpus: Corpus) -> None:
    """Patient Root, STUDY level: all studies of a patient are found, and none of another."""
    patient_root.check("STUDY", {"PatientID": corpus.patients[0].id}, fenced=False)


@check("FIND-006", "PS3.4 C.2.2.1.1", SHALL, claim="find.study", defects=["find-omits-unique-key"])
def test_unique_key_is_returned(study_root: Queries, corpus: Corpus) -> None:
    """Every match carries the unique key of its level, with a value."""
    study = corpus.studies[1]
    levels = {
        "STUDY": {"StudyInstanceUID": study.uid},
        "SERIES": {"StudyInstanceUID": study.uid},
        "IMAGE": {"StudyInstanceUID": study.uid, "SeriesInstanceUID": study.series[0].uid},
    }
    study_root.archive.require(study)
    with study_root.asking() as association:
        for level, keys in levels.items():
            operation = association.find(study_root.model, identifier_of(level, keys))
            expect_success(operation)
            for match in operation.matches:
                key = UNIQUE_KEY[level]
                expect(bool(match.get(key)), f"{key} with a value", "none", f"{key} of a match")


@check(
    "FIND-007",
    "PS3.4 C.4.1.1.3",
    SHALL,
    claim="find.study",
    defects=["find-level-missing", "find-wrong-level-returned"],
)
def test_level_is_returned(study_root: Queries, corpus: Corpus) -> None:
    """Every match carries the Query/Retrieve Level that was asked for."""
    operation = study_root.check("STUDY", {"StudyInstanceUID": corpus.studies[0].uid}, fenced=False)
    for match in operation.matches:
        level = str(match.get("QueryRetrieveLevel", ""))
        expect(level == "STUDY", "Query/Retrieve Level STUDY", repr(level), "Query/Retrieve Level")


@check(
    "FIND-010",
    "PS3.4 C.4.1.1.3.1",
    SHALL,
    claim="find.study",
    defects=["find-missing-level-accepted"],
)
def test_level_missing(study_root: Queries, corpus: Corpus) -> None:
    """An identifier without a Query/Retrieve Level is refused."""
    identifier = identifier_of("STUDY", {"StudyInstanceUID": corpus.studies[0].uid})
    del identifier.QueryRetrieveLevel
    with study_root.asking() as association:
        expect_status(association.find(study_root.model, identifier).final, "failure")


@check(
    "FIND-011",
    "PS3.4 C.6.2.1",
    SHALL,
    claim="find.study",
    defects=["find-wrong-level-accepted"],
)
def test_patient_level_in_study_root(study_root: Queries, corpus: Corpus) -> None:
    """The PATIENT level does not exist in Study Root, and is refused."""
    identifier = identifier_of("PATIENT", {"PatientID": corpus.patients[0].id})
    with study_root.asking() as association:
        expect_status(association.find(study_root.model, identifier).final, "failure")


@check(
    "FIND-020",
    "PS3.4 C.4.1.1.4",
    SHALL,
    claim="find.study",
    defects=["find-no-match-failure"],
)
def test_no_match(study_root: Queries, corpus: Corpus) -> None:
    """When nothing matches, there is one response: status 0000H and no identifier."""
    keys = {"StudyInstanceUID": corpus.scope.uid("nothing", "has", "this")}
    operation = study_root.ask("STUDY", keys)
    expect_success(operation)
    expect(not operation.pending, "no pending response", f"{len(operation.pending)} of them")
    expect_no_data_set(operation.final)


@check("FIND-021", "PS3.7 9.3.2.2", SHALL, claim="find.study", defects=["find-message-id-wrong"])
def test_responses_name_the_request(study_root: Queries, corpus: Corpus) -> None:
    """Every C-FIND-RSP names the Message ID and SOP class of its request."""
    study_root.archive.require(corpus.studies[0])
    expect_response_fields(study_root.ask("STUDY", {"StudyInstanceUID": corpus.studies[0].uid}))


@check(
    "FIND-022",
    "PS3.7 9.3.2.2",
    SHALL,
    claim="find.study",
    defects=["find-final-with-identifier", "find-pending-without-identifier"],
)
def test_final_has_no_identifier(study_root: Queries, corpus: Corpus) -> None:
    """The final C-FIND-RSP has no identifier, every pending one has."""
    study_root.archive.require(corpus.studies[0])
    operation = study_root.ask("STUDY", {"StudyInstanceUID": corpus.studies[0].uid})
    expect_no_data_set(operation.final)
    for message in operation.pending:
        expect(message.data is not None, "an identifier in a pending response", "none")
