"""Specific Character Set in requests and responses of C-FIND (PS3.4 C.2.2.2, PS3.5 6.1)."""

from __future__ import annotations

import pytest

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect
from stepwedge.synthetic.corpus import Corpus

LATIN, CYRILLIC = 6, 7  # studies of the corpus: their patients' names need these alphabets


def _name_comes_back(queries: Queries, corpus: Corpus, number: int) -> None:
    study = corpus.studies[number]
    operation = queries.check(
        "STUDY", {"StudyInstanceUID": study.uid}, fenced=False, returned=["PatientName"]
    )
    for match in operation.matches:
        said = match.get("SpecificCharacterSet")
        expect(bool(said), "a Specific Character Set", "none", "Specific Character Set (0008,0005)")
        seen = str(match.get("PatientName", ""))
        expect(seen == study.patient.name, study.patient.name, repr(seen), "Patient's Name")


@check(
    "CHAR-001",
    "PS3.4 C.4.1.1.3.2",
    SHALL,
    claim="charset.latin1",
    defects=["find-charset-missing"],
)
def test_latin_name_returned(study_root: Queries, corpus: Corpus) -> None:
    """A name with umlauts comes back with a Specific Character Set in which it decodes."""
    _name_comes_back(study_root, corpus, LATIN)


@check(
    "CHAR-002", "PS3.4 C.4.1.1.3.2", SHALL, claim="charset.utf8", defects=["find-charset-missing"]
)
def test_cyrillic_name_returned(study_root: Queries, corpus: Corpus) -> None:
    """A name in Cyrillic comes back with a Specific Character Set in which it decodes."""
    _name_comes_back(study_root, corpus, CYRILLIC)


@check(
    "CHAR-003",
    "PS3.4 C.2.2.2",
    SHALL,
    claim="charset.latin1",
    defects=["find-charset-assumed-cyrillic"],
)
def test_latin_key(study_root: Queries) -> None:
    """A key in ISO_IR 100 finds the name that was stored in ISO_IR 100."""
    study_root.check("STUDY", {"SpecificCharacterSet": "ISO_IR 100", "PatientName": "MÜLLER^JÖRG"})


@pytest.mark.parametrize("name", ["Яковлева^Анна", "Яковлева*"], ids=["whole", "pattern"])
@check(
    "CHAR-004",
    "PS3.4 C.2.2.2",
    SHALL,
    claim="charset.utf8",
    defects=["find-charset-ignored-in-request"],
)
def test_utf8_key(study_root: Queries, name: str) -> None:
    """A key in ISO_IR 192 finds the name that was stored in ISO_IR 192."""
    study_root.check("STUDY", {"SpecificCharacterSet": "ISO_IR 192", "PatientName": name})


@check(
    "CHAR-005",
    "PS3.4 C.2.2.2",
    SHALL,
    claim="charset.utf8",
    defects=["find-charset-ignored-in-request"],
)
def test_utf8_key_latin_data(study_root: Queries) -> None:
    """A key in ISO_IR 192 finds the name that was stored in ISO_IR 100: text is what is matched."""
    study_root.check("STUDY", {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "MÜLLER^JÖRG"})


@check(
    "CHAR-006",
    "PS3.4 C.2.2.2",
    SHALL,
    claim="charset.cyrillic",
    defects=["find-charset-ignored-in-request"],
)
def test_cyrillic_key_utf8_data(study_root: Queries) -> None:
    """A key in ISO_IR 144 finds the name that was stored in ISO_IR 192."""
    keys = {"SpecificCharacterSet": "ISO_IR 144", "PatientName": "Яковлева^Анна"}
    study_root.check("STUDY", keys)


@check("CHAR-007", "PS3.4 C.2.2.2", SHALL, claim="find.study", defects=["find-charset-is-key"])
def test_charset_is_no_key(study_root: Queries) -> None:
    """Specific Character Set in a request is never matched: it only says how keys are encoded."""
    study_root.check("STUDY", {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "DOE^JOHN"})
