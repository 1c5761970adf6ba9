"""The conformance corpus: few and small studies in which every matching rule makes a difference.

For each rule there is an entity that a right answer holds and a neighbour that a careless server
would add or lose: names that share a prefix or differ by case, an underscore beside a letter, a
study at midnight, an attribute without value.
"""

from __future__ import annotations

from stepwedge.synthetic.charsets import DEFAULT, LATIN_1, UTF_8
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import accession_number, check_scope, patient_id
from stepwedge.synthetic.model import Scope, SeriesPlan, Study
from stepwedge.synthetic.people import Patient

MATRIX = 64


def conformance_corpus(seed: int, run: str, *, matrix: int = MATRIX) -> Corpus:
    """The corpus that the conformance suites store and query: see the table of studies below.

    `matrix` is rows and columns of every image.  Raises `UsageError` for an unfit seed or run.
    """
    check_scope(seed, run)
    scope = Scope(seed, run)
    people = _patients(run)
    studies = tuple(
        Study(
            scope=scope,
            number=number,
            patient=people[patient],
            date=date,
            time=time,
            description=description,
            accession_number=accession_number(scope, number) if numbered else "",
            id=f"S{number:03}",
            plans=tuple(
                SeriesPlan(
                    iod=iod,
                    instances=count,
                    rows=matrix,
                    columns=matrix,
                    description=text,
                    body_part=part,
                    laterality=_PAIRED.get(part, ""),
                    frames=3 if iod == "US multi-frame" else 1,
                    weighting=position,
                )
                for position, (iod, count, text, part) in enumerate(series)
            ),
            referring_physician=physician,
        )
        for number, (
            patient, date, time, description, numbered, physician, series
        ) in enumerate(_STUDIES)
    )  # fmt: skip
    return Corpus("conformance", scope, studies, _questions(run, studies))


def _patients(run: str) -> dict[str, Patient]:
    def person(name: str, key: str, born: str, sex: str, charset=DEFAULT, **more) -> Patient:  # type: ignore[no-untyped-def]
        return Patient(name, patient_id(run, key), born, sex, charset, **more)

    return {
        "upper": person("DOE^JOHN", "0001", "19600115", "M"),
        "mixed": person("Doe^John", "0002", "19720229", "M"),
        "namesake": person("DOE^JOHN", "0003", "19600115", "M"),
        "longer": person("DOE^JOHNATHAN^QUINCY", "0004", "19991231", "M"),
        "umlaut": person("MÜLLER^JÖRG", "0005", "19451120", "M", LATIN_1, locale="de_DE"),
        "cyrillic": person("Яковлева^Анна", "0006", "19880808", "F", UTF_8, locale="ru_RU"),
        "underscore": person("O'NEIL^ANNE", "A_1", "20010203", "F"),
        "letter": person("O'NEILL^[TEST]", "AX1", "20010203", "O"),
        "percent": person("PERCENT^SIGN", "50%", "19000101", "F"),
        "digit": person("PERCENT^SIGN", "500", "", ""),
    }


# patient, date, time, description, has an accession number, referring physician,
# series of (IOD, instances, description, body part)
_STUDIES: tuple[
    tuple[str, str, str, str, bool, str, tuple[tuple[str, int, str, str], ...]], ...
] = (
    ("upper", "20230115", "080000", "CT HEAD", True, "HOUSE^GREGORY",
     (("CT", 4, "AXIAL 2.0", "HEAD"),)),
    ("upper", "20230115", "093000", "MR BRAIN", True, "HOUSE^GREGORY",
     (("MR", 3, "T1 SE", "BRAIN"), ("MR", 3, "T2 TSE", "BRAIN"))),
    ("upper", "20230220", "120000", "CHEST PA", True, "WILSON^JAMES",
     (("CR", 1, "PA", "CHEST"),)),
    ("mixed", "20230131", "235959", "CT HEAD", True, "HOUSE^GREGORY",
     (("CT", 3, "AXIAL 2.0", "HEAD"),)),
    ("namesake", "20230201", "000000", "CT head", True, "CUDDY^LISA",
     (("CT", 2, "Axial 2.0", "HEAD"),)),
    ("longer", "20230630", "101500", "TRAUMA", True, "CUDDY^LISA",
     (("CT", 2, "POLYTRAUMA", "CHEST"), ("CR", 2, "PELVIS AP", "PELVIS"))),
    ("umlaut", "20230815", "101530", "Sonographie Übersicht", True, "GRÜN^KÄTHE",
     (("US multi-frame", 2, "Längsschnitt", "ABDOMEN"),)),
    ("cyrillic", "20231231", "235959.999999", "Рентгенография грудной клетки", True,
     "Павлов^Иван", (("CR", 2, "Прямая проекция", "CHEST"),)),
    ("underscore", "20240101", "000000", "100% CT_HEAD [A]", True, "O'HARA^SCARLETT",
     (("CT", 2, "A_B", "HEAD"),)),
    ("underscore", "20240102", "101559", "100X CTXHEAD A", True, "",
     (("CT", 2, "AXB", "HEAD"),)),
    ("letter", "20240229", "1015", "", False, "",
     (("MR", 2, "", ""),)),
    ("percent", "20240229", "101530.5", "50% DOSE", True, "",
     (("CR", 1, "", "HAND"),)),
    ("digit", "20240301", "070809", "500 DOSE", True, "",
     (("CR", 1, "AP", "HAND"),)),
    ("digit", "", "", "UNDATED", True, "",
     (("CR", 1, "AP", "FOOT"),)),
)  # fmt: skip


# Laterality (0020,0060) is required of images of paired structures (PS3.3 C.7.3.1).
_PAIRED = {"HAND": "R", "FOOT": "L"}


def _questions(run: str, studies: tuple[Study, ...]) -> tuple[Question, ...]:
    """The queries whose answers the manifest carries; suites ask many more."""
    mine = {"PatientID": patient_id(run, "*")}
    uids = [study.uid for study in studies]

    def ask(name: str, level: str, **keys: str) -> Question:
        return Question(name, level, {**mine, **keys})

    return (
        ask("all patients", "PATIENT"),
        ask("all studies", "STUDY"),
        ask("name, single value", "PATIENT", PatientName="DOE^JOHN"),
        ask("name, wild card", "PATIENT", PatientName="DOE^JOHN*"),
        ask("name, one character", "PATIENT", PatientName="O'NEIL?^*"),
        ask("name with umlauts", "PATIENT", PatientName="MÜLLER^JÖRG"),
        ask("name in Cyrillic", "PATIENT", PatientName="Яковлева*"),
        ask("underscore is no wild card", "PATIENT", PatientID=patient_id(run, "A_*")),
        ask("percent sign is no wild card", "PATIENT", PatientID=patient_id(run, "50%*")),
        ask("bracket is no set", "STUDY", StudyDescription="*[A]"),
        ask("apostrophe", "PATIENT", PatientName="O'NEIL^ANNE"),
        ask("case counts outside of names", "STUDY", StudyDescription="CT HEAD"),
        ask("one day", "STUDY", StudyDate="20230115"),
        ask("date range, both ends", "STUDY", StudyDate="20230131-20230201"),
        ask("dates from", "STUDY", StudyDate="20240101-"),
        ask("dates until", "STUDY", StudyDate="-20230131"),
        ask("time range", "STUDY", StudyTime="101500-101530"),
        ask("birth date", "PATIENT", PatientBirthDate="19600115"),
        ask("sex", "PATIENT", PatientSex="O"),
        ask("accession number", "STUDY", AccessionNumber=studies[0].accession_number),
        ask("modality within a study", "STUDY", ModalitiesInStudy="CR"),
        ask("list of UIDs", "STUDY", StudyInstanceUID="\\".join(uids[2:6])),
        Question("series of a study", "SERIES", {"StudyInstanceUID": uids[5], "Modality": "CR"}),
        Question(
            "instances of a series",
            "IMAGE",
            {
                "StudyInstanceUID": uids[0],
                "SeriesInstanceUID": studies[0].series[0].uid,
                "InstanceNumber": "2",
            },
        ),
    )
