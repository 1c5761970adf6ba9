"""The people whom archives confuse are confusable, and the truth about them leaves open what is."""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import pydicom
import pytest

from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.oddpeople import people_corpus

CORPUS = people_corpus(7, "people")


def ids(*numbers: str) -> set[str]:
    return {f"SW-people-{number}" for number in numbers}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return CORPUS


def test_every_kind_of_person_is_there(corpus: Corpus) -> None:
    """Descriptions say why a person is in the corpus; each kind of confusion has two sides."""
    told = [study.description for study in corpus.studies]
    for why in (
        "family", "twin", "namesake of the same birth date", "changed name", "changed sex",
        "one number of two issuers", "newborn", "centenarian",
    ):  # fmt: skip
        assert told.count(why) >= 2
    assert set(told) >= {
        "unknown sex", "other sex", "transgender woman", "transgender man", "nonbinary person",
        "longest values", "one letter", "spaces about the name",
    }  # fmt: skip


@pytest.mark.parametrize("why", ["transgender woman", "transgender man", "nonbinary person"])
def test_what_people_say_of_themselves_is_told(corpus: Corpus, why: str, tmp_path: Path) -> None:
    """Identity, name to use, pronouns and sex parameters are there, and nobody trips over them."""
    (study,) = (study for study in corpus.studies if study.description == why)
    raw = study.instances()[0].part10()
    read = pydicom.dcmread(io.BytesIO(raw))
    assert read[0x00100041].value[0][0x00100044].value[0].CodingSchemeDesignator == "SCT"
    assert read[0x00100011].value[0][0x00100012].value
    assert read[0x00100014].value[0][0x00100015].value[0].CodingSchemeDesignator == "LN"
    parameters = read[0x00100043].value[0]
    assert parameters[0x00100046].value[0].CodeMeaning == "Specified"
    assert parameters[0x00100042].value  # type 2C with that code, as is the reference
    assert parameters[0x00100047].is_empty
    (tmp_path / "file").write_bytes(raw)
    dumped = subprocess.run(["/usr/bin/dcmdump", "-q", tmp_path / "file"], capture_output=True)
    assert (dumped.returncode, dumped.stderr) == (0, b"")
    checked = subprocess.run(["/usr/bin/dciodvfy", "-new", tmp_path / "file"], capture_output=True)
    errors = [line for line in checked.stderr.splitlines() if line.startswith(b"Error")]
    # The validator is of 2022: it has nothing to say but that it does not know them.
    unknown = re.compile(rb"\(0010,00(1[1-6]|4[1-7])\)> - .* not a recognized standard attribute$")
    assert [line for line in errors if not unknown.search(line)] == []


def test_lengths_and_spaces(corpus: Corpus) -> None:
    """The longest values use every character, and spaces about a name are sent as they are."""
    people = {study.description: study.patient for study in corpus.studies}
    assert len(people["longest values"].name) == len(people["longest values"].id) == 64
    (spaced,) = (s for s in corpus.studies if s.description == "spaces about the name")
    assert b"PN\x11\0 SPACE ^ LEADING".replace(b"\x11", b"\x12") in spaced.instances()[0].encoded()


def test_pydicom_reads_everybody(corpus: Corpus) -> None:
    """pydicom reads every patient back."""
    for study in corpus.studies:
        read = pydicom.dcmread(io.BytesIO(study.instances()[0].part10()))
        assert str(read.PatientName).strip() == study.patient.name.strip()
        assert read.PatientID == study.patient.id
        assert read.IssuerOfPatientID.startswith("STEPWEDGE")


def test_namesakes_and_twins_are_two(corpus: Corpus) -> None:
    """Name and birth date do not tell namesakes apart."""
    keys = {"PatientName": "SCHMIDT^HANS", "PatientBirthDate": "19500101"}
    assert corpus.matching("PATIENT", keys).required == ids("N1", "N2")


def test_what_a_server_makes_of_a_changed_name_is_open(corpus: Corpus) -> None:
    """Studies under two names: asked by either name they may be found, asked by number they are."""
    for name in ("NOVAK^EVA", "DVORAK^EVA"):
        answer = corpus.matching("STUDY", {"PatientName": name})
        assert not answer.required
        assert {corpus.study_of(uid).patient.id for uid in answer.optional} == ids("C1", "O3")
    assert len(corpus.matching("STUDY", {"PatientID": "SW-people-C1"}).required) == 2
    (unknown,) = corpus.matching("STUDY", {"PatientName": "NOVAK^ADAM"}).optional
    assert corpus.study_of(unknown).patient.id == "SW-people-O3"


def test_a_number_of_two_issuers_may_come_twice(corpus: Corpus) -> None:
    """One Patient ID is of two patients: a right answer names it once or twice."""
    answer = corpus.matching("PATIENT", {"PatientID": "SW-people-I1"})
    assert not answer.problem(["SW-people-I1", "SW-people-I1"])
    assert not answer.problem(["SW-people-I1"])
    other = corpus.matching("PATIENT", {"PatientID": "SW-people-T1"})
    assert "more than once" in other.problem(["SW-people-T1", "SW-people-T1"])


def test_spaces_about_a_name_are_insignificant(corpus: Corpus) -> None:
    """Asked without the spaces, the name may be found."""
    answer = corpus.matching("PATIENT", {"PatientName": "SPACE^LEADING"})
    assert answer.optional == ids("P1", "O3")  # whose name is unknown
