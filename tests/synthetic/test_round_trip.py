"""What real archives answer about a stored corpus is what the manifest says, or has a name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
)

from stepwedge.fixtures.servers import Dcmqrscp, LaunchedServer, Orthanc
from stepwedge.synthetic import Corpus, Question, write_corpus
from stepwedge.synthetic.corpora import build
from stepwedge.synthetic.corpus import UNIQUE_KEY

PENDING = (0xFF00, 0xFF01)

# Questions that a server answers otherwise than the standard says: server, question, and how.
_IGNORED = "Modalities in Study is an optional key, which it does not support and ignores"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("orthanc", "percent sign is no wild card"): "a percent sign beside a wild card finds nothing",
    ("dcmqrscp", "modality within a study"): _IGNORED,
}


def deviation(server: str, question: str) -> str:
    """Why a server answers a question otherwise; empty where it has no reason to."""
    if server == "dcmqrscp" and question.startswith("studies with "):
        return _IGNORED
    return DEVIATIONS.get((server, question), "")


def ask(server: LaunchedServer, question: Question) -> list[str]:
    """The identifiers that the server answers a question with."""
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = question.level
    setattr(identifier, UNIQUE_KEY[question.level], "")
    for keyword, value in question.keys.items():
        setattr(identifier, keyword, value.split("\\") if "\\" in value else value)
    model = (
        PatientRootQueryRetrieveInformationModelFind
        if question.level == "PATIENT"
        else StudyRootQueryRetrieveInformationModelFind
    )
    client = AE("HARNESS")
    client.add_requested_context(model)
    association = client.associate(server.host, server.port, ae_title=server.ae_title)
    assert association.is_established
    try:
        found = []
        for status, answer in association.send_c_find(identifier, model):
            if status and status.Status in PENDING:
                found.append(str(answer[UNIQUE_KEY[question.level]].value))
        return found
    finally:
        association.release()


LONG = pytest.mark.long


@pytest.mark.parametrize(
    "corpus_name",
    [
        "general-hospital",
        pytest.param("conformance", marks=LONG),
        pytest.param("people", marks=LONG),
    ],
)
@pytest.mark.parametrize("kind", [Orthanc, Dcmqrscp])
def test_answers_are_those_expected(
    kind: type[LaunchedServer], corpus_name: str, tmp_path: Path
) -> None:
    """Every question of the corpus is answered rightly, or the server has a named deviation."""
    corpus: Corpus = build(corpus_name, 7, "round", studies=25, matrix=16)
    write_corpus(corpus, tmp_path / "files")
    with kind(tmp_path / "server") as server:
        subprocess.run(
            [
                *("/usr/bin/storescu", "+sd", "+r", "-aec", server.ae_title, server.host),
                *(str(server.port), tmp_path / "files" / "DICOM"),
            ],
            check=True,
            timeout=120,
            capture_output=True,
            env=server.environment,
        )
        wrong = {}
        for question in corpus.questions:
            answer = corpus.matching(question.level, question.keys)
            if problem := answer.problem(ask(server, question)):
                wrong[kind.name, question.name] = problem
    assert {key: text for key, text in wrong.items() if not deviation(*key)} == {}
