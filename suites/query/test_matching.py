"""The matching rules of PS3.4 C.2.2.2, each against data in which it makes a difference."""

from __future__ import annotations

from typing import Any

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.queries import Queries, identifier_of
from stepwedge.fixtures.verifiers import expect, expect_response_fields, expect_success
from stepwedge.synthetic.corpus import Corpus

CLAIM = "find.study"
NOBODYS_MESSAGE = 4711


@check("FIND-030", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-ignores-accession-number"])
def test_single_value(study_root: Queries, corpus: Corpus) -> None:
    """Single value matching on Accession Number finds that study and no other."""
    study_root.check("STUDY", {"AccessionNumber": corpus.studies[0].accession_number})


@check("FIND-031", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-ignores-patient-id"])
def test_patient_id(study_root: Queries, corpus: Corpus) -> None:
    """Single value matching on Patient ID finds the studies of that patient and no other."""
    with study_root.asking() as association:
        for patient in corpus.patients:
            keys = {"PatientID": patient.id}
            study_root.check("STUDY", keys, fenced=False, association=association)


@check("FIND-032", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-name-by-prefix"])
def test_patient_name(study_root: Queries) -> None:
    """Single value matching on Patient's Name finds that name, not one that begins so."""
    study_root.check("STUDY", {"PatientName": "DOE^JOHN"})


@check("FIND-033", "PS3.4 C.2.2.2.3", SHALL, claim=CLAIM, defects=["find-universal-skips-absent"])
def test_universal(study_root: Queries) -> None:
    """A key without a value matches every study, those that lack the attribute too."""
    keys = {"AccessionNumber": "", "StudyDate": "", "ReferringPhysicianName": ""}
    study_root.check("STUDY", keys)


@pytest.mark.parametrize(
    "pattern", ["DOE^JOHN*", "*JOHN", "DO*HN", "*"], ids=["prefix", "suffix", "middle", "all"]
)
@check(
    "FIND-034",
    "PS3.4 C.2.2.2.4",
    QUALITY,
    claim=CLAIM,
    defects=[
        "find-asterisk-literal",
        "find-asterisk-needs-one",
        "find-name-wildcard-within-component",
    ],
)
def test_star(study_root: Queries, pattern: str) -> None:
    """The wild card * stands for any sequence of characters, wherever it is in a name.

    In names wild card matching is left to the implementation: FIND-121 holds it to other texts.
    """
    study_root.check("STUDY", {"PatientName": pattern})


@pytest.mark.parametrize("pattern", ["DO?^JOHN", "O'NEIL?^*"], ids=["inside", "before-star"])
@check(
    "FIND-035",
    "PS3.4 C.2.2.2.4",
    QUALITY,
    claim=CLAIM,
    defects=["find-question-mark-literal", "find-question-mark-matches-none"],
)
def test_question_mark(study_root: Queries, pattern: str) -> None:
    """The wild card ? stands for exactly one character of a name.

    In names wild card matching is left to the implementation: FIND-122 holds it to other texts.
    """
    study_root.check("STUDY", {"PatientName": pattern})


@check("FIND-036", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-sql-wildcard"])
def test_underscore_is_literal(study_root: Queries, corpus: Corpus) -> None:
    """An underscore in a wild card key stands for itself."""
    prefix = corpus.patients[0].id.rsplit("-", 1)[0]
    study_root.check("STUDY", {"PatientID": f"{prefix}-A_*"}, fenced=False)


@check("FIND-037", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-sql-wildcard"])
def test_percent_is_literal(study_root: Queries, corpus: Corpus) -> None:
    """A percent sign in a wild card key stands for itself."""
    prefix = corpus.patients[0].id.rsplit("-", 1)[0]
    study_root.check("STUDY", {"PatientID": f"{prefix}-50%*"}, fenced=False)


RANGES = {
    "one-day": "20230115",
    "both-ends": "20230131-20230201",
    "same-day": "20230115-20230115",
    "from": "20240101-",
    "until": "-20230131",
}


@pytest.mark.parametrize("form", RANGES)
@check(
    "FIND-040",
    "PS3.4 C.2.2.2.5.1",
    SHALL,
    claim=CLAIM,
    defects=[
        "find-range-excludes-start",
        "find-range-excludes-end",
        "find-open-start-range-broken",
        "find-open-end-range-broken",
    ],
)
def test_date_range(study_root: Queries, form: str) -> None:
    """A range of dates matches every study from its first to its last day, both included."""
    study_root.check("STUDY", {"StudyDate": RANGES[form]})


TIMES = {"both-ends": "101500-101530", "from": "120000-", "until": "-080000"}


@pytest.mark.parametrize("form", TIMES)
@check("FIND-041", "PS3.4 C.2.2.2.5.2", SHALL, claim=CLAIM, defects=["find-time-range-ignored"])
def test_time_range(study_root: Queries, form: str) -> None:
    """A range of times matches every study within it, both ends included."""
    study_root.check("STUDY", {"StudyTime": TIMES[form]})


@pytest.mark.parametrize("count", [1, 2, 5, 50])
@check(
    "FIND-050",
    "PS3.4 C.2.2.2.2",
    SHALL,
    claim=CLAIM,
    defects=["find-uid-list-cut", "find-uid-list-first-only"],
)
def test_uid_list(study_root: Queries, corpus: Corpus, count: int) -> None:
    """A list of UIDs returns exactly the entities it names."""
    uids = [study.uid for study in corpus.studies[: min(count, 5)]]
    # The list must be long, not the answer: the rest of it names what nobody has.
    uids += [corpus.scope.uid("nobody", number) for number in range(count - len(uids))]
    study_root.check("STUDY", {"StudyInstanceUID": "\\".join(uids)}, fenced=False)


@check("FIND-051", "PS3.4 C.2.2.2.2", SHALL, claim=CLAIM, defects=["find-uid-list-no-match"])
def test_uid_list_with_unknown(study_root: Queries, corpus: Corpus) -> None:
    """A list that names unknown UIDs too returns the known entities."""
    uids = [corpus.studies[0].uid, corpus.scope.uid("nobody"), corpus.studies[3].uid]
    study_root.check("STUDY", {"StudyInstanceUID": "\\".join(uids)}, fenced=False)


@check("FIND-060", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-ignores-study-id"])
def test_several_keys(study_root: Queries, corpus: Corpus) -> None:
    """Several keys must all match."""
    study = corpus.studies[0]
    keys = {"PatientID": study.patient.id, "StudyDate": study.date, "StudyID": study.id}
    study_root.check("STUDY", keys, fenced=False)


@check("FIND-061", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-ignores-modality"])
def test_modality_of_series(study_root: Queries, corpus: Corpus) -> None:
    """Modality selects the series of a study that has several."""
    study_root.check("SERIES", {"StudyInstanceUID": corpus.studies[5].uid, "Modality": "CR"})


@check(
    "FIND-070",
    "PS3.4 C.2.2.1.2",
    SHALL,
    claim=CLAIM,
    defects=["find-omits-accession-number", "find-omits-patient-name"],
)
def test_required_attributes(study_root: Queries, corpus: Corpus) -> None:
    """The required keys of the STUDY level come back with the values that were stored."""
    study = corpus.studies[0]
    returned = (
        "StudyDate", "StudyTime", "AccessionNumber", "PatientName", "PatientID", "StudyID",
    )  # fmt: skip
    operation = study_root.check(
        "STUDY", {"StudyInstanceUID": study.uid}, fenced=False, returned=returned
    )
    truth: dict[str, Any] = corpus.study_attributes(study)
    for match in operation.matches:
        for keyword in returned:
            seen = str(match.get(keyword, "")).rstrip(" ")
            wanted = str(truth[keyword])
            same = seen == wanted or (
                keyword == "StudyTime" and seen.partition(".")[0] == wanted.partition(".")[0]
            )
            expect(same, f"{keyword} {wanted!r}", repr(seen), keyword)


@check("FIND-080", "PS3.7 9.3.2.3", SHALL, claim=CLAIM, defects=["find-cancel-aborts"])
def test_cancel(study_root: Queries) -> None:
    """After a C-CANCEL the query ends, with FE00H or because it was done, and others go on."""
    study_root.archive.require()
    with study_root.asking() as association:
        keys = dict(study_root.fence)
        identifier = identifier_of("STUDY", keys)
        operation = association.find(study_root.model, identifier, cancel_after=1)
        status = operation.final.status
        expect(status in (0x0000, 0xFE00), "0000H or FE00H", f"{status:04X}H", "Status")
        again = association.find(study_root.model, identifier)
        expect(again.final.status == 0, "the next query to succeed", f"{again.final.status:04X}H")


@check("FIND-081", "PS3.7 9.3.2.3", SHALL, claim=CLAIM, defects=["find-cancel-answered"])
def test_cancel_of_nothing(study_root: Queries) -> None:
    """A C-CANCEL for a request that nobody made is answered by nothing."""
    with study_root.asking() as association:
        context = association.context(study_root.model)
        association.cancel(context.context_id, NOBODYS_MESSAGE)
        # Whatever comes before the answer to this query would be an answer to the C-CANCEL.
        nobody = {"StudyInstanceUID": study_root.corpus.scope.uid("nobody")}
        operation = association.find(study_root.model, identifier_of("STUDY", nobody))
        expect_success(operation)
        expect_response_fields(operation)
