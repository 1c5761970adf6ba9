"""Matching of texts, names and UIDs where servers differ: anchors, case, spaces, odd characters."""

from __future__ import annotations

import pytest

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect, expect_success, uids
from stepwedge.suites.query.test_hierarchy import must_not_find
from stepwedge.synthetic.corpus import Corpus

CLAIM = "find.study"
DESCRIPTION = "keys.study-description"


@check("FIND-120", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-substring-matches"])
def test_value_is_whole(study_root: Queries, corpus: Corpus) -> None:
    """A value without wild cards does not match a longer one that contains it."""
    study_root.check("STUDY", {"AccessionNumber": corpus.studies[0].accession_number[:-1]})


@check(
    "FIND-121",
    "PS3.4 C.2.2.2.4",
    SHALL,
    claim=CLAIM,
    defects=["find-asterisk-literal", "find-asterisk-needs-one"],
)
def test_accession_star(study_root: Queries, corpus: Corpus) -> None:
    """The wild card * works in Accession Number, for nothing at its end too."""
    study_root.check("STUDY", {"AccessionNumber": corpus.studies[0].accession_number + "*"})


@check("FIND-122", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-question-mark-literal"])
def test_accession_question_mark(study_root: Queries, corpus: Corpus) -> None:
    """The wild card ? works in Accession Number."""
    study_root.check("STUDY", {"AccessionNumber": corpus.studies[0].accession_number[:-1] + "?"})


@check(
    "FIND-123",
    "PS3.4 C.2.2.2.4",
    SHALL,
    claim=CLAIM,
    defects=["find-question-mark-matches-none"],
)
def test_question_mark_needs_one(study_root: Queries) -> None:
    """The wild card ? does not stand for nothing."""
    study_root.check("STUDY", {"StudyID": "S00??"})


@check("FIND-124", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-wildcard-unanchored"])
def test_pattern_is_whole(study_root: Queries) -> None:
    """A pattern with wild cards matches whole values, not their beginnings."""
    study_root.check("STUDY", {"StudyID": "S?0"})


@check("FIND-125", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-case-insensitive"])
def test_case_counts(study_root: Queries) -> None:
    """Single value matching outside of names is case-sensitive."""
    study_root.check("STUDY", {"StudyID": "s000"})


@check("FIND-126", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-case-insensitive"])
def test_case_counts_in_patterns(study_root: Queries) -> None:
    """Wild card matching outside of names is case-sensitive."""
    study_root.check("STUDY", {"StudyID": "s00*"})


@pytest.mark.parametrize("padding", ["{} ", "{}   ", " {}"], ids=["one", "three", "before"])
@check("FIND-127", "PS3.5 6.2", SHOULD, claim=CLAIM, defects=["find-trailing-space-significant"])
def test_spaces_around(study_root: Queries, corpus: Corpus, padding: str) -> None:
    """Spaces around a value of SH make no difference in a key: they are padding."""
    number = corpus.studies[0].accession_number
    study_root.archive.require()
    operation = study_root.ask("STUDY", {"AccessionNumber": padding.format(number)})
    expect_success(operation)
    found = uids(operation.matches, "StudyInstanceUID")
    expect(corpus.studies[0].uid in found, "the study to be found", f"{len(found)} others")


@check("FIND-128", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-quote-breaks"])
def test_apostrophe(study_root: Queries) -> None:
    """An apostrophe in a key stands for itself."""
    study_root.check("STUDY", {"PatientName": "O'NEIL^ANNE"})


@check("FIND-129", "PS3.4 C.2.2.2.1.1", SHALL, claim=CLAIM, defects=["find-bracket-is-class"])
def test_brackets(study_root: Queries) -> None:
    """Brackets in a key stand for themselves."""
    study_root.check("STUDY", {"PatientName": "O'NEILL^[TEST]"})


@pytest.mark.parametrize("key", ["*^[TEST]", "*[TEST]*"])
@check("FIND-145", "PS3.4 C.2.2.2.4", QUALITY, claim=CLAIM, defects=["find-bracket-is-class"])
def test_brackets_beside_wildcards(study_root: Queries, key: str) -> None:
    """Brackets beside wild cards in a name stand for themselves."""
    study_root.check("STUDY", {"PatientName": key})


@check("FIND-130", "PS3.4 C.2.2.2.1", SHALL, claim=DESCRIPTION, defects=["find-sql-wildcard"])
def test_underscore_in_description(study_root: Queries) -> None:
    """An underscore in a single value of Study Description stands for itself."""
    study_root.check("STUDY", {"StudyDescription": "100_ CT_HEAD A"})


@check("FIND-131", "PS3.4 C.2.2.2.4", SHALL, claim=DESCRIPTION, defects=["find-bracket-is-class"])
def test_brackets_in_description(study_root: Queries) -> None:
    """Brackets in a pattern of Study Description are no set of characters."""
    study_root.check("STUDY", {"StudyDescription": "*[A]"})


@check(
    "FIND-132",
    "PS3.4 C.2.2.2.1",
    SHALL,
    claim=DESCRIPTION,
    defects=["find-case-insensitive", "find-ignores-study-description"],
)
def test_description_case(study_root: Queries) -> None:
    """Study Description is matched with regard to case."""
    study_root.check("STUDY", {"StudyDescription": "CT HEAD"})


@check("FIND-133", "PS3.4 C.2.2.2.4", SHALL, claim=DESCRIPTION, defects=["find-asterisk-needs-one"])
def test_description_contains(study_root: Queries) -> None:
    """A word between two asterisks is found anywhere in Study Description."""
    study_root.check("STUDY", {"StudyDescription": "*HEAD*"})


@check("FIND-134", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-uid-prefix-matches"])
def test_uid_is_whole(study_root: Queries, corpus: Corpus) -> None:
    """A UID does not match a longer one that begins with it."""
    keys = {"StudyInstanceUID": corpus.studies[0].uid[:-1]}
    must_not_find(study_root, "STUDY", keys, "no match: a part of a UID")


@check("FIND-135", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-uid-wildcard"])
def test_no_wildcard_in_uid(study_root: Queries, corpus: Corpus) -> None:
    """An asterisk in a UID is no wild card."""
    keys = {"StudyInstanceUID": corpus.studies[0].uid[:-2] + "*"}
    must_not_find(study_root, "STUDY", keys, "a failure, or no match: UI has no wild cards")


@check("FIND-136", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-wildcard-in-dates"])
def test_no_wildcard_in_date(study_root: Queries, corpus: Corpus) -> None:
    """An asterisk in a date is no wild card."""
    keys = {"PatientID": corpus.studies[0].patient.id, "StudyDate": "202301*"}
    must_not_find(study_root, "STUDY", keys, "a failure, or no match: DA has no wild cards")


@check("FIND-148", "PS3.4 C.2.2.2.1", SHALL, claim=CLAIM, defects=["find-wildcard-in-numbers"])
def test_no_wildcard_in_number(study_root: Queries, corpus: Corpus) -> None:
    """An asterisk in Series Number is no wild card."""
    keys = {"StudyInstanceUID": corpus.studies[5].uid, "SeriesNumber": "*"}
    must_not_find(study_root, "SERIES", keys, "a failure, or no match: IS has no wild cards")


@check("FIND-137", "PS3.4 C.2.2.2.2", QUALITY, claim=CLAIM, defects=["find-uid-list-cut"])
def test_very_long_list(study_root: Queries, corpus: Corpus) -> None:
    """A list of 300 UIDs (13 kB) is answered as exactly as a short one."""
    listed = [corpus.scope.uid("nobody", number) for number in range(298)]
    listed = [corpus.studies[0].uid, *listed, corpus.studies[3].uid]
    study_root.check("STUDY", {"StudyInstanceUID": "\\".join(listed)}, fenced=False)


@check("FIND-138", "PS3.4 C.2.2.2.2", SHALL, claim=CLAIM, defects=["find-uid-list-first-only"])
def test_uid_named_twice(study_root: Queries, corpus: Corpus) -> None:
    """A UID that stands twice in a list is found once, and so are the others."""
    first, second = corpus.studies[0].uid, corpus.studies[3].uid
    study_root.check("STUDY", {"StudyInstanceUID": f"{first}\\{first}\\{second}"}, fenced=False)


@check("FIND-139", "PS3.5 6.2.1", SHOULD, claim=CLAIM, defects=["find-name-carets-literal"])
def test_trailing_carets(study_root: Queries) -> None:
    """Trailing empty components of a name may be left out: they make no difference in a key."""
    study_root.check("STUDY", {"PatientName": "DOE^JOHN^^"})


@check(
    "FIND-140",
    "PS3.4 C.2.2.2.4",
    QUALITY,
    claim=CLAIM,
    defects=["find-name-wildcard-within-component"],
)
def test_family_name(study_root: Queries) -> None:
    """The asterisk after a family name stands for any number of further components."""
    study_root.check("STUDY", {"PatientName": "DOE^*"})


@check("FIND-141", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-lone-asterisk-no-match"])
def test_lone_asterisk(study_root: Queries, corpus: Corpus) -> None:
    """A lone asterisk in a required key matches studies without a value, as an empty key does.

    It is equivalent to universal matching (note 1 of C.2.2.2.4), and against a value that is
    unknown all matching is successful.
    """
    study = next(study for study in corpus.studies if not study.accession_number)
    study_root.archive.require()
    keys = {"PatientID": study.patient.id, "AccessionNumber": "*"}
    operation = study_root.ask("STUDY", keys)
    expect_success(operation)
    found = uids(operation.matches, "StudyInstanceUID")
    expect(study.uid in found, "the study without an Accession Number", "it is not found")


@check("FIND-142", "PS3.4 C.2.2.2.4", SHALL, claim=CLAIM, defects=["find-question-mark-literal"])
def test_wildcard_in_code_string(study_root: Queries, corpus: Corpus) -> None:
    """Wild cards work in Modality, whose VR is CS."""
    study_root.check("SERIES", {"StudyInstanceUID": corpus.studies[5].uid, "Modality": "?R"})


@check(
    "FIND-143",
    "PS3.4 C.2.2.2.1",
    SHALL,
    claim="keys.referring-physician",
    defects=["find-ignores-referring-physician"],
)
def test_referring_physician(study_root: Queries) -> None:
    """Referring Physician's Name selects studies."""
    study_root.check("STUDY", {"ReferringPhysicianName": "CUDDY^LISA"})


@check(
    "FIND-144",
    "PS3.4 C.2.2.2.6",
    SHALL,
    claim=CLAIM,
    defects=["find-empty-sequence-no-match"],
)
def test_empty_sequence(study_root: Queries) -> None:
    """A sequence key with an empty item matches every study, whatever it holds."""
    study_root.check("STUDY", {}, returned=["ProcedureCodeSequence"])
