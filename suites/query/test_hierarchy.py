"""What an identifier must hold: the level, and the unique keys of the levels above it."""

from __future__ import annotations

from typing import Any

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.dimse import DATA_SET, Field, command_set
from stepwedge.fixtures.queries import Queries, identifier_of
from stepwedge.fixtures.verifiers import (
    expect,
    expect_no_data_set,
    expect_status,
    expect_success,
    family,
    status_of,
    uids,
)
from stepwedge.synthetic.corpus import UNIQUE_KEY, Corpus
from stepwedge.verdicts import Deviation

CLAIM = "find.study"


def must_not_find(queries: Queries, level: str, keys: dict[str, Any], why: str) -> None:
    """The query must fail, or succeed without any entity of ours."""
    queries.archive.require()
    operation = queries.ask(level, keys)
    if family(status_of(operation.final)) == "failure":
        return
    expect_success(operation)
    own = {str(a[UNIQUE_KEY[level]]) for _, a in queries.corpus.entities(level)}
    ours = [uid for uid in uids(operation.matches, UNIQUE_KEY[level]) if uid in own]
    expect(not ours, why, f"{len(ours)} matches, first {ours[:1]}", "Identifier")


# Query/Retrieve Level, whose length says that 16 kilobytes follow; in implicit VR even more.
CUT_OFF = b"\x08\0\x52\0CS\0\x40STUDY "
# Seconds for an answer that takes no search.
PATIENCE = 5.0


@check(
    "FIND-117",
    "PS3.4 C.4.1.3.1",
    QUALITY,
    claim=CLAIM,
    defects=["find-garbage-accepted"],
)
def test_undecodable_identifier(study_root: Queries) -> None:
    """An identifier that ends within an element is refused; an abort is a way to say so."""
    with study_root.asking() as association:
        context = association.context(study_root.model)
        command = command_set(
            Field.C_FIND_RQ,
            AffectedSOPClassUID=study_root.model,
            MessageID=association.message_id(),
            Priority=0,
            CommandDataSetType=DATA_SET,
        )
        association.send(context.context_id, command, CUT_OFF)
        try:
            message = association.receive(PATIENCE, "a C-FIND-RSP, or an abort,")
        except Deviation as ending:
            if association.is_alive:
                raise
            expect(bool(ending.observed), "an answer, or an abort", "neither")
            return
        expect_status(message, "failure")


@check(
    "FIND-100",
    "PS3.4 C.4.1.3.2",
    SHOULD,
    claim=CLAIM,
    defects=["find-missing-unique-key-accepted", "find-relational-always"],
    hint="findscu -S -aec CALLED HOST PORT -k QueryRetrieveLevel=SERIES -k Modality=CR",
)
def test_series_without_study(study_root: Queries, corpus: Corpus) -> None:
    """Without negotiation a SERIES query that names no study is not answered as a relational one.

    Only baseline behaviour may be performed with an option that was not agreed upon.
    """
    keys = {"SeriesInstanceUID": corpus.studies[1].series[0].uid}
    must_not_find(study_root, "SERIES", keys, "a failure, or no match: no study is named")


@check(
    "FIND-101",
    "PS3.4 C.4.1.3.2",
    SHOULD,
    claim=CLAIM,
    defects=["find-missing-unique-key-accepted", "find-relational-always"],
)
def test_image_without_series(study_root: Queries, corpus: Corpus) -> None:
    """Without negotiation an IMAGE query that names no series is not answered as relational."""
    study = corpus.studies[1]
    keys = {
        "StudyInstanceUID": study.uid,
        "SOPInstanceUID": study.series[0].instances[0].sop_instance_uid,
    }
    must_not_find(study_root, "IMAGE", keys, "a failure, or no match: no series is named")


@check(
    "FIND-102",
    "PS3.4 C.4.1.3.2",
    SHOULD,
    claim="find.patient",
    defects=["find-missing-unique-key-accepted", "find-relational-always"],
)
def test_study_without_patient(patient_root: Queries, corpus: Corpus) -> None:
    """Without negotiation a Patient Root query at STUDY level must name its patient."""
    keys = {"StudyInstanceUID": corpus.studies[1].uid}
    must_not_find(patient_root, "STUDY", keys, "a failure, or no match: no patient is named")


@check(
    "FIND-103",
    "PS3.4 C.4.1.2.1",
    SHOULD,
    claim="find.patient",
    defects=["find-missing-unique-key-accepted"],
)
def test_wildcard_above(patient_root: Queries, corpus: Corpus) -> None:
    """The unique key of a level above is a single value: a wild card there selects nothing."""
    prefix = corpus.patients[0].id.rsplit("-", 1)[0]
    must_not_find(
        patient_root, "STUDY", {"PatientID": f"{prefix}-*"}, "a failure, or no match: a wild card"
    )


@check(
    "FIND-104",
    "PS3.4 C.4.1.3.1.1",
    SHALL,
    claim="find.patient",
    defects=["find-ignores-keys-above"],
)
def test_study_of_another_patient(patient_root: Queries, corpus: Corpus) -> None:
    """A study is not found below a patient that it does not belong to."""
    study = corpus.studies[0]
    other = next(p for p in corpus.patients if p.id != study.patient.id)
    keys = {"PatientID": other.id, "StudyInstanceUID": study.uid}
    must_not_find(patient_root, "STUDY", keys, "no match: the study is another patient's")


@check("FIND-105", "PS3.4 C.4.1.3.1.1", SHALL, claim=CLAIM, defects=["find-ignores-keys-above"])
def test_series_of_another_study(study_root: Queries, corpus: Corpus) -> None:
    """A series is not found below a study that it does not belong to."""
    keys = {
        "StudyInstanceUID": corpus.studies[0].uid,
        "SeriesInstanceUID": corpus.studies[1].series[0].uid,
    }
    must_not_find(study_root, "SERIES", keys, "no match: the series is of another study")


@check("FIND-106", "PS3.4 C.4.1.3.1.1", SHALL, claim=CLAIM, defects=["find-ignores-keys-above"])
def test_instance_of_another_series(study_root: Queries, corpus: Corpus) -> None:
    """An instance is not found below a series that it does not belong to."""
    first, second = corpus.studies[1].series
    keys = {
        "StudyInstanceUID": first.study.uid,
        "SeriesInstanceUID": first.uid,
        "SOPInstanceUID": second.instances[0].sop_instance_uid,
    }
    must_not_find(study_root, "IMAGE", keys, "no match: the instance is of another series")


@check(
    "FIND-107",
    "PS3.4 C.6.1.1.4",
    SHALL,
    claim="find.patient",
    defects=["find-series-level-refused"],
)
def test_patient_root_series(patient_root: Queries, corpus: Corpus) -> None:
    """Patient Root, SERIES level: all series of a patient's study are found."""
    study = corpus.studies[1]
    keys = {"PatientID": study.patient.id, "StudyInstanceUID": study.uid}
    patient_root.check("SERIES", keys)


@check(
    "FIND-108",
    "PS3.4 C.6.1.1.5",
    SHALL,
    claim="find.patient",
    defects=["find-image-level-refused"],
)
def test_patient_root_image(patient_root: Queries, corpus: Corpus) -> None:
    """Patient Root, IMAGE level: all instances of a patient's series are found."""
    series = corpus.studies[1].series[1]
    keys = {
        "PatientID": series.study.patient.id,
        "StudyInstanceUID": series.study.uid,
        "SeriesInstanceUID": series.uid,
    }
    patient_root.check("IMAGE", keys)


@check("FIND-109", "PS3.4 C.4.1.3.1.1", SHALL, claim=CLAIM, defects=["find-omits-unique-key"])
def test_keys_above_are_returned(study_root: Queries, corpus: Corpus) -> None:
    """A match at a lower level carries the unique keys of the levels above."""
    study = corpus.studies[1]
    operation = study_root.check("SERIES", {"StudyInstanceUID": study.uid})
    for match in operation.matches:
        uid = str(match.get("StudyInstanceUID", ""))
        expect(uid == study.uid, f"Study Instance UID {study.uid}", uid or "none")


@check("FIND-110", "PS3.4 C.4.1.1.3.1", SHALL, claim=CLAIM, defects=["find-unknown-level-accepted"])
def test_unknown_level(study_root: Queries, corpus: Corpus) -> None:
    """A Query/Retrieve Level that no information model has is refused."""
    identifier = identifier_of("STUDY", {"StudyInstanceUID": corpus.studies[0].uid})
    identifier.QueryRetrieveLevel = "EXAM"
    with study_root.asking() as association:
        expect_status(association.find(study_root.model, identifier).final, "failure")


@check("FIND-111", "PS3.4 C.4.1.1.3.1", SHALL, claim=CLAIM, defects=["find-missing-level-accepted"])
def test_empty_level(study_root: Queries, corpus: Corpus) -> None:
    """An empty Query/Retrieve Level is refused."""
    identifier = identifier_of("STUDY", {"StudyInstanceUID": corpus.studies[0].uid})
    identifier.QueryRetrieveLevel = ""
    with study_root.asking() as association:
        expect_status(association.find(study_root.model, identifier).final, "failure")


def _refused(queries: Queries) -> Any:
    identifier = identifier_of("STUDY", {"StudyInstanceUID": queries.corpus.studies[0].uid})
    identifier.QueryRetrieveLevel = "EXAM"
    with queries.asking() as association:
        final = association.find(queries.model, identifier).final
    expect_status(final, "failure")
    return final


@check(
    "FIND-112", "PS3.4 C.4.1.1.4", QUALITY, claim=CLAIM, defects=["find-refusal-without-element"]
)
def test_offending_element(study_root: Queries) -> None:
    """A refused identifier is answered with the Offending Element."""
    final = _refused(study_root)
    element = final.value("OffendingElement")
    expect(
        element not in (None, ""), "an Offending Element", "none", "Offending Element (0000,0901)"
    )


@check(
    "FIND-113", "PS3.4 C.4.1.1.4", QUALITY, claim=CLAIM, defects=["find-refusal-without-comment"]
)
def test_error_comment(study_root: Queries) -> None:
    """A refused identifier is answered with an Error Comment that says why."""
    final = _refused(study_root)
    expect(
        bool(final.value("ErrorComment")), "an Error Comment", "none", "Error Comment (0000,0902)"
    )


@check("FIND-114", "PS3.4 C.4.1.3.1", SHALL, claim=CLAIM, defects=["find-refusal-with-identifier"])
def test_refusal_has_no_identifier(study_root: Queries) -> None:
    """A failed response contains no identifier."""
    expect_no_data_set(_refused(study_root))


@check("FIND-115", "PS3.4 C.2.2.2.2", SHALL, claim=CLAIM, defects=["find-uid-list-first-only"])
def test_list_of_series(study_root: Queries, corpus: Corpus) -> None:
    """A list of Series Instance UIDs finds each of them."""
    study = corpus.studies[5]
    listed = "\\".join(series.uid for series in study.series)
    study_root.check("SERIES", {"StudyInstanceUID": study.uid, "SeriesInstanceUID": listed})


@check("FIND-116", "PS3.4 C.2.2.2.2", SHALL, claim=CLAIM, defects=["find-uid-list-no-match"])
def test_list_of_instances(study_root: Queries, corpus: Corpus) -> None:
    """A list of SOP Instance UIDs finds those instances and no other of the series."""
    series = corpus.studies[0].series[0]
    listed = "\\".join(one.sop_instance_uid for one in series.instances[1:3])
    study_root.check(
        "IMAGE",
        {
            "StudyInstanceUID": series.study.uid,
            "SeriesInstanceUID": series.uid,
            "SOPInstanceUID": listed,
        },
    )
