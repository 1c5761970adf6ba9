"""The variety corpus: one study for every kind of object, each with what it refers to."""

from __future__ import annotations

from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import Hospital, accession_number, patient_id
from stepwedge.synthetic.iods import ANY_IMAGE, IODS, Iod
from stepwedge.synthetic.model import SeriesPlan, Study

MATRIX = 64
_INSTANCES = 2
_FRAMES = 4

# What the body part of a kind must be, because its definition says so.
_BODY_PARTS = {"MG": "BREAST", "IO": "JAW", "enhanced MR": "BRAIN", "MR": "BRAIN"}


def variety_corpus(seed: int, run: str, *, matrix: int = MATRIX) -> Corpus:
    """One study of every kind of object in `IODS`, in the order of that table.

    `matrix` is rows and columns of every image.  Raises `UsageError` for an unfit seed or run.
    """
    hospital = Hospital(seed, run, matrix=matrix)
    studies = tuple(
        _study(hospital, number, iod, matrix) for number, iod in enumerate(IODS.values())
    )
    mine = {"PatientID": patient_id(run, "*")}
    questions = (
        Question("all studies", "STUDY", mine),
        *(
            Question(f"modality {modality}", "STUDY", {**mine, "ModalitiesInStudy": modality})
            for modality in dict.fromkeys(iod.modality for iod in IODS.values())
        ),
    )
    return Corpus("variety", hospital.scope, studies, questions)


def _study(hospital: Hospital, number: int, iod: Iod, matrix: int) -> Study:
    template = hospital.study(number)
    source = {"": (), ANY_IMAGE: ("CT",)}.get(iod.needs, (iod.needs,))
    plans = tuple(_plan(key, matrix) for key in (*source, iod.key))
    return Study(
        scope=hospital.scope,
        number=number,
        patient=hospital.patient(number),
        date=template.date,
        time=template.time,
        description=f"One of each: {iod.key}",
        accession_number=accession_number(hospital.scope, number),
        id=f"V{number:03}",
        plans=plans,
        referring_physician="",
    )


def _plan(key: str, matrix: int) -> SeriesPlan:
    iod = IODS[key]
    part = _BODY_PARTS.get(key, "CHEST" if iod.image or key == "PR" else "")
    return SeriesPlan(
        iod=key,
        instances=_INSTANCES if iod.image else 1,
        rows=matrix,
        columns=matrix,
        description=f"{key} series",
        body_part=part,
        frames=_FRAMES if iod.frames else 1,
    )
