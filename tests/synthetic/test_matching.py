"""The truth about who matches a query, rule by rule."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from stepwedge.errors import UsageError
from stepwedge.synthetic import Corpus, conformance_corpus
from stepwedge.synthetic.matching import Match, match


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return conformance_corpus(3, "m")


# attribute, value, key, verdict
RULES = [
    ("StudyDescription", "CT HEAD", "CT HEAD", "REQUIRED"),
    ("StudyDescription", "CT HEAD ", "CT HEAD", "REQUIRED"),
    ("StudyDescription", "CT head", "CT HEAD", "NO"),
    ("StudyDescription", "CT HEAD", "", "REQUIRED"),
    ("StudyDescription", "CT HEAD", "CT*", "REQUIRED"),
    ("StudyDescription", "CT HEAD", "*", "REQUIRED"),
    ("StudyDescription", "CT HEAD", "CT?HEAD", "REQUIRED"),
    ("StudyDescription", "CT HEAD", "CT_HEAD", "NO"),
    ("StudyDescription", "CT HEAD", "CT%", "NO"),
    ("StudyDescription", "A.B", "A.?", "REQUIRED"),
    ("StudyDescription", "AxB", "A.B*", "NO"),
    ("StudyDescription", "", "CT", "OPTIONAL"),
    ("StudyDescription", None, "CT", "OPTIONAL"),
    ("PatientName", "DOE^JOHN", "doe^john", "OPTIONAL"),
    ("PatientName", "DOE^JOHN", "DOE^JOHN^^^", "REQUIRED"),
    ("PatientName", "MÜLLER^JÖRG", "MULLER^JORG", "OPTIONAL"),
    ("PatientName", "Yamada^Tarou=山田^太郎", "Yamada^Tarou", "OPTIONAL"),
    ("PatientName", "DOE^JOHN", "DOE*", "REQUIRED"),
    ("PatientName", "DOE^JOHN", "DOE", "NO"),
    ("StudyDate", "20230115", "20230115", "REQUIRED"),
    ("StudyDate", "20230115", "20230101-20230115", "REQUIRED"),
    ("StudyDate", "20230115", "20230115-", "REQUIRED"),
    ("StudyDate", "20230115", "-20230114", "NO"),
    ("StudyDate", "20230115", "2023*", "NO"),
    ("StudyTime", "101530", "1015-1016", "REQUIRED"),
    ("StudyTime", "101530", "1000-1015", "OPTIONAL"),
    ("StudyTime", "101530", "101530.000000", "REQUIRED"),
    ("StudyTime", "101530", "1015", "OPTIONAL"),
    ("StudyTime", "101500", "1015", "REQUIRED"),
    ("StudyInstanceUID", "1.2.3", "1.2.3", "REQUIRED"),
    ("StudyInstanceUID", "1.2.3", "1.2.4\\1.2.3", "REQUIRED"),
    ("StudyInstanceUID", "1.2.3", "1.2.*", "NO"),
    ("ModalitiesInStudy", ["CT", "CR"], "CR", "REQUIRED"),
    ("ModalitiesInStudy", ["CT", "CR"], "MR\\CR", "OPTIONAL"),
    ("InstanceNumber", 2, "2", "REQUIRED"),
    ("InstanceNumber", 2, "002", "REQUIRED"),
    ("InstanceNumber", 2, "x", "NO"),
]


@pytest.mark.parametrize(("keyword", "value", "key", "verdict"), RULES)
def test_rules(keyword: str, value: object, key: str, verdict: str) -> None:
    """Each matching rule of PS3.4 C.2.2.2 gives its verdict."""
    assert match({keyword: value}, {keyword: key}) is Match[verdict]


def test_all_keys_must_match() -> None:
    """A query matches only when each of its keys does; the weakest verdict counts."""
    entity = {"PatientName": "DOE^JOHN", "PatientID": "1"}
    assert match(entity, {"PatientName": "doe^john", "PatientID": "1"}) is Match.OPTIONAL
    assert match(entity, {"PatientName": "DOE^JOHN", "PatientID": "2"}) is Match.NO


def test_combined_date_and_time() -> None:
    """Dates and times are one range of moments only when that was negotiated."""
    entity = {"StudyDate": "20230115", "StudyTime": "080000"}
    keys = {"StudyDate": "20230114-20230115", "StudyTime": "100000-090000"}
    assert match(entity, keys) is Match.NO
    assert match(entity, keys, combined=True) is Match.REQUIRED


def test_sequence_matching() -> None:
    """One item of the entity must match all keys of the item."""
    first, second, wanted = Dataset(), Dataset(), Dataset()
    first.CodeValue, first.CodingSchemeDesignator = "A", "99X"
    second.CodeValue, second.CodingSchemeDesignator = "B", "99Y"
    wanted.CodeValue, wanted.CodingSchemeDesignator = "A", "99Y"
    entity = {"ProcedureCodeSequence": [first, second]}
    assert match(entity, {"ProcedureCodeSequence": [wanted]}) is Match.NO
    wanted.CodingSchemeDesignator = ""
    assert match(entity, {"ProcedureCodeSequence": [wanted]}) is Match.REQUIRED


def test_the_conformance_corpus_discriminates(corpus: Corpus) -> None:
    """Every question of the corpus is answered by some entities and, bar two, not by all."""
    for question in corpus.questions:
        answer = corpus.matching(question.level, question.keys)
        everything = corpus.matching(question.level, {})
        assert answer.required, question.name
        if not question.name.startswith("all "):
            assert answer.required < everything.required, question.name


def test_neighbours_differ(corpus: Corpus) -> None:
    """The values that trip a careless server have a neighbour that must not be returned."""
    prefix = "SW-m-"
    assert corpus.matching("PATIENT", {"PatientID": f"{prefix}A_*"}).required == {f"{prefix}A_1"}
    assert corpus.matching("PATIENT", {"PatientID": f"{prefix}50%*"}).required == {f"{prefix}50%"}
    twins = corpus.matching("PATIENT", {"PatientName": "DOE^JOHN"})
    assert twins.required == {f"{prefix}0001", f"{prefix}0003"}
    assert twins.optional == {f"{prefix}0002"}


def test_the_model_tells_what_the_data_sets_hold(corpus: Corpus) -> None:
    """The attributes that truth is computed from are those that the data sets carry."""
    computed = {"ModalitiesInStudy", "SOPClassesInStudy"}
    for instance in corpus.instances:
        dataset = instance.dataset
        for keyword, value in corpus.instance_attributes(instance).items():
            if keyword in computed or keyword.startswith("NumberOf"):
                continue
            assert str(dataset.get(keyword, "") or "") == str(value or ""), keyword


def test_an_answer_is_judged_in_words(corpus: Corpus) -> None:
    """A wrong answer is told by what is missing, surplus or repeated; a right one is silence."""
    answer = corpus.matching("PATIENT", {"PatientName": "DOE^JOHN"})
    assert answer.problem(["SW-m-0001", "SW-m-0003"]) == ""
    assert answer.problem(["SW-m-0001", "SW-m-0002", "SW-m-0003"]) == ""
    assert answer.problem(["SW-m-0001"]) == "1 missing: SW-m-0003"
    assert "do not match: SW-m-0004" in answer.problem(["SW-m-0001", "SW-m-0003", "SW-m-0004"])
    assert "more than once" in answer.problem(["SW-m-0001", "SW-m-0001", "SW-m-0003"])


def test_an_identifier_is_a_query_too(corpus: Corpus) -> None:
    """A data set can be asked with; level and character set are no keys."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.StudyInstanceUID = [study.uid for study in corpus.studies[:3]]
    identifier.PatientName = ""
    assert len(corpus.matching("STUDY", identifier).required) == 3


@pytest.mark.parametrize(
    ("level", "keys", "says"),
    [
        ("VISIT", {}, "not a Query/Retrieve Level"),
        ("STUDY", {"NoSuchThing": "1"}, "not a keyword of DICOM"),
        ("STUDY", {"SOPInstanceUID": "1.2"}, "does not tell SOPInstanceUID"),
    ],
)
def test_questions_that_make_no_sense(
    corpus: Corpus, level: str, keys: dict[str, str], says: str
) -> None:
    """An unknown level or keyword, or one of a lower level, is wrong usage."""
    with pytest.raises(UsageError, match=says):
        corpus.matching(level, keys)
