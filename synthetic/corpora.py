"""The corpora that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stepwedge.errors import UsageError
from stepwedge.synthetic import mix as mixes
from stepwedge.synthetic.conformance import MATRIX, conformance_corpus
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import LOCALES, Hospital, check_size, patient_id
from stepwedge.synthetic.odd import odd_corpus
from stepwedge.synthetic.oddpeople import MATRIX as PEOPLE_MATRIX
from stepwedge.synthetic.oddpeople import people_corpus
from stepwedge.synthetic.variety import MATRIX as VARIETY_MATRIX
from stepwedge.synthetic.variety import variety_corpus


def _conformance(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return conformance_corpus(seed, run, matrix=matrix or MATRIX)


def _hospital(
    seed: int, run: str, studies: int, matrix: int | None, mix: str, locales: Sequence[str]
) -> Corpus:
    hospital = Hospital(seed, run, mix=mix, matrix=matrix, locales=locales or LOCALES)
    found = tuple(hospital.studies(studies))
    mine = {"PatientID": patient_id(run, "*")}
    modalities = sorted({series.modality for study in found for series in study.series})
    questions = [
        Question("all patients", "PATIENT", mine),
        Question("all studies", "STUDY", mine),
        *(
            Question(f"studies with {modality}", "STUDY", {**mine, "ModalitiesInStudy": modality})
            for modality in modalities
        ),
        *(
            Question(f"patient {patient.id}", "STUDY", {"PatientID": patient.id})
            for patient in dict.fromkeys(study.patient for study in found[:10])
        ),
        *(
            Question(f"accession number {study.accession_number}", "STUDY",
                     {"AccessionNumber": study.accession_number})
            for study in found[:10]
        ),
        *(
            Question(f"series of study {study.number}", "SERIES", {"StudyInstanceUID": study.uid})
            for study in found[:10]
        ),
    ]  # fmt: skip
    return Corpus(Path(mix).stem, hospital.scope, found, tuple(questions))


def _variety(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return variety_corpus(seed, run, matrix=matrix or VARIETY_MATRIX)


def _odd(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return odd_corpus(seed, run)


def _people(seed: int, run: str, studies: int, matrix: int | None) -> Corpus:
    return people_corpus(seed, run, matrix=matrix or PEOPLE_MATRIX)


CORPORA: dict[str, Callable[[int, str, int, int | None], Corpus]] = {
    "conformance": _conformance,
    "variety": _variety,
    "odd": _odd,
    "people": _people,
}


def build(
    name: str,
    seed: int,
    run: str,
    *,
    studies: int = 10,
    matrix: int | None = None,
    locales: Sequence[str] = (),
) -> Corpus:
    """The corpus called `name`, which may be a mix or its TOML file.

    `studies` and `locales` count for those that have no studies and people of their own; `matrix`
    limits rows and columns.  Raises `UsageError` for a name that is not known, with those that are,
    and for an argument that is not of the right kind.
    """
    check_size("matrix", matrix)
    if name in mixes.names() or name.endswith(".toml"):
        return _hospital(seed, run, studies, matrix, name, locales)
    try:
        maker = CORPORA[name]
    except KeyError:
        known = ", ".join((*mixes.names(), *CORPORA))
        raise UsageError(
            f"corpus {name!r} is not known", f"choose one of: {known}; or name the TOML of a mix"
        ) from None
    if locales:
        raise UsageError(
            f"{name} has people of its own", f"choose locales for: {', '.join(mixes.names())}"
        )
    return maker(seed, run, studies, matrix)
