"""The corpora that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.errors import UsageError
from stepwedge.synthetic.conformance import MATRIX, conformance_corpus
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import Hospital, patient_id
from stepwedge.synthetic.odd import odd_corpus
from stepwedge.synthetic.variety import MATRIX as VARIETY_MATRIX
from stepwedge.synthetic.variety import variety_corpus


def _conformance(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return conformance_corpus(seed, run, matrix=matrix or MATRIX)


def _hospital(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    hospital = Hospital(seed, run, matrix=matrix)
    found = tuple(hospital.studies(studies))
    mine = {"PatientID": patient_id(run, "*")}
    questions = [
        Question("all patients", "PATIENT", mine),
        Question("all studies", "STUDY", mine),
        *(
            Question(f"studies with {modality}", "STUDY", {**mine, "ModalitiesInStudy": modality})
            for modality in ("CT", "MR", "CR", "US")
        ),
        *(
            Question(f"series of study {study.number}", "SERIES", {"StudyInstanceUID": study.uid})
            for study in found[:10]
        ),
    ]
    return Corpus("hospital", hospital.scope, found, tuple(questions))


def _variety(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return variety_corpus(seed, run, matrix=matrix or VARIETY_MATRIX)


def _odd(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return odd_corpus(seed, run)


CORPORA: dict[str, Callable[[int, str, int, int | None], Corpus]] = {
    "conformance": _conformance,
    "hospital": _hospital,
    "variety": _variety,
    "odd": _odd,
}


def build(
    name: str, seed: int, run: str, *, studies: int = 10, matrix: int | None = None
) -> Corpus:
    """The corpus called `name`.

    `studies` counts for those that have no size of their own; `matrix` limits rows and columns.
    Raises `UsageError` for a name that is not known, with those that are.
    """
    try:
        maker = CORPORA[name]
    except KeyError:
        raise UsageError(
            f"corpus {name!r} is not known", f"choose one of: {', '.join(CORPORA)}"
        ) from None
    return maker(seed, run, studies, matrix)
