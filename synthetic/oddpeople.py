"""People whom archives confuse: kin, twins, namesakes, changed names, two issuers of one number.

Each has an image or two.  What a server makes of two data sets that tell different things of one
patient is its own affair; so an answer that depends on it is optional.
"""

from __future__ import annotations

from typing import Any

from stepwedge.synthetic import gender
from stepwedge.synthetic.charsets import DEFAULT, LATIN_1, UTF_8
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import accession_number, check_scope, patient_id
from stepwedge.synthetic.model import Scope, SeriesPlan, Study
from stepwedge.synthetic.people import ISSUER, Patient

MATRIX = 32
OTHER_ISSUER = f"{ISSUER}-OTHER"
_DATE = "20240515"
_FAMILY = {"PatientAddress": "1 Phantom Street"}

# Why, number, name, date and time of birth, sex, and what else is told of the person.  A number
# that is there twice is one patient, seen twice.
_PEOPLE: tuple[tuple[str, str, str, str, str, str, dict[str, Any]], ...] = (
    ("family", "F1", "WEBER^ANNA", "19750314", "", "F", _FAMILY),
    ("family", "F2", "WEBER^PAUL", "19730921", "", "M", _FAMILY),
    ("family", "F3", "WEBER^PAUL^^^JR", "20051130", "", "M", _FAMILY),
    ("twin", "T1", "LINDQVIST^ELSA", "20150704", "083000", "F", {}),
    ("twin", "T2", "LINDQVIST^ELIN", "20150704", "083400", "F", {}),
    ("twin of the same name", "T3", "ROSSI^MARIA", "20110203", "120000", "F", {}),
    ("twin of the same name", "T4", "ROSSI^MARIA", "20110203", "120500", "F", {}),
    ("namesake of the same birth date", "N1", "SCHMIDT^HANS", "19500101", "", "M", {}),
    ("namesake of the same birth date", "N2", "SCHMIDT^HANS", "19500101", "", "M", {}),
    ("changed name", "C1", "NOVAK^EVA", "19881212", "", "F", {}),
    ("changed name", "C1", "DVORAK^EVA", "19881212", "", "F",
     {"PatientBirthName": "NOVAK^EVA", "OtherPatientNames": "NOVAK^EVA"}),
    ("changed sex", "X1", "HANSEN^KARL", "19790505", "", "M", {}),
    ("changed sex", "X1", "HANSEN^KARLA", "19790505", "", "F",
     {"OtherPatientNames": "HANSEN^KARL"}),
    ("corrected birth date", "B1", "MOREAU^LUC", "19670203", "", "M", {}),
    ("corrected birth date", "B1", "MOREAU^LUC", "19670302", "", "M", {}),
    ("one number of two issuers", "I1", "FIRST^ISSUER", "19400101", "", "M", {}),
    ("one number of two issuers", "I1", "SECOND^ISSUER", "19900909", "", "F",
     {"IssuerOfPatientID": OTHER_ISSUER}),
    ("other sex", "O1", "OTHER^SEX", "19910101", "", "O", {}),
    ("unknown sex", "O2", "UNKNOWN^SEX", "19910102", "", "", {}),
    ("unknown in every way", "O3", "", "", "", "", {}),
    ("newborn", "W1", "OKAFOR^BABY BOY", _DATE, "073000", "M", {"PatientAge": "000D"}),
    ("newborn", "W2", "OKAFOR^BABY GIRL", _DATE, "073500", "F", {"PatientAge": "000D"}),
    ("centenarian", "A1", "ALDERMAN^EDITH", "19200229", "", "F", {"PatientAge": "104Y"}),
    ("centenarian", "A2", "ELDER^OLD", "18991231", "", "M", {"PatientAge": "124Y"}),
    ("longest values", "L1", "^".join(("L" * 30, "M" * 16, "N" * 16)), "19600606", "", "M", {}),
    ("single letters", "S1", "X^Y", "19610101", "", "F", {}),
    ("one letter", "S2", "O", "19610102", "", "M", {}),
    ("one name only", "S3", "SUKARTI", "19610103", "", "F", {}),
    ("spaces about the name", "P1", " SPACE ^ LEADING ", "19620101", "", "F", {}),
    ("all components", "P2", "VAN DER BERG^JAN^WILLEM HENDRIK^PROF DR^JR", "19620102", "", "M", {}),
    ("punctuation", "P3", "SMITH-JONES^MARY ANN", "19620103", "", "F", {}),
    ("punctuation", "P4", "D'ARCY^JOHN (JACK)", "19620104", "", "M", {}),
    ("accents", "U1", "Müller^Zoë", "19630101", "", "F", {}),
    ("accents", "U2", "Muller^Zoe", "19630101", "", "F", {}),
    ("transgender woman", "X2", "LARSEN^ERIK", "19850612", "", "M",
     gender.told(gender.WOMAN, "Erika Larsen", gender.SHE,
                 "Hormone treatment: creatinine by the ranges for women")),
    ("transgender man", "X3", "LARSEN^MARIE", "19920817", "", "F",
     gender.told(gender.MAN, "Mats", gender.HE, "Uterus present: ask before X-ray")),
    ("nonbinary person", "X4", "LARSEN^KIM", "20010430", "", "O",
     gender.told(gender.NONBINARY, "Kim", gender.THEY, "Ask the patient")),
    ("two scripts", "U3", "Yamada^Tarou=山田^太郎=やまだ^たろう", "19630102", "", "M", {}),
)  # fmt: skip


def people_corpus(seed: int, run: str, *, matrix: int = MATRIX) -> Corpus:
    """A study of one image for every line of the table; raises `UsageError` for an unfit scope."""
    check_scope(seed, run)
    scope = Scope(seed, run)
    studies = tuple(
        Study(
            scope=scope,
            number=number,
            patient=_patient(run, *_PEOPLE[number][1:]),
            date=_DATE,
            time=f"{8 + number // 60:02}{number % 60:02}00",
            description=why,
            accession_number=accession_number(scope, f"people {number}"),
            id=f"P{number:03}",
            plans=(SeriesPlan("CR", 1, matrix, matrix, body_part="CHEST"),),
        )
        for number, (why, *_) in enumerate(_PEOPLE)
    )
    return Corpus("people", scope, studies, _questions(run))


def _patient(
    run: str, number: str, name: str, date: str, time: str, sex: str, more: dict[str, Any]
) -> Patient:
    charset = DEFAULT if name.isascii() else LATIN_1 if LATIN_1.can_encode(name) else UTF_8
    id = patient_id(run, number)
    if number == "L1":
        id = id.ljust(64, "X")
    told = dict(more)
    issuer = told.pop("IssuerOfPatientID", ISSUER)
    return Patient(name, id, date, sex, charset, issuer, time, attributes=told)


def _questions(run: str) -> tuple[Question, ...]:
    mine = {"PatientID": patient_id(run, "*")}

    def ask(name: str, level: str, **keys: str) -> Question:
        return Question(name, level, {**mine, **keys})

    return (
        ask("all patients", "PATIENT"),
        ask("all studies", "STUDY"),
        ask("a family", "PATIENT", PatientName="WEBER*"),
        ask("junior", "PATIENT", PatientName="WEBER^PAUL^^^JR"),
        ask("twins", "PATIENT", PatientName="LINDQVIST*", PatientBirthDate="20150704"),
        ask("namesakes", "PATIENT", PatientName="SCHMIDT^HANS", PatientBirthDate="19500101"),
        ask("a name that was changed", "STUDY", PatientName="NOVAK^EVA"),
        ask("the name it was changed to", "STUDY", PatientName="DVORAK^EVA"),
        Question("studies under both names", "STUDY", {"PatientID": patient_id(run, "C1")}),
        Question("studies before and after", "STUDY", {"PatientID": patient_id(run, "X1")}),
        Question("one number of two issuers", "STUDY", {"PatientID": patient_id(run, "I1")}),
        Question("single letter", "PATIENT", {**mine, "PatientName": "O"}),
        ask("born in 1899", "PATIENT", PatientBirthDate="18991231"),
        ask("newborns", "PATIENT", PatientBirthDate=_DATE),
        ask("other sex", "PATIENT", PatientSex="O"),
        ask("transgender and nonbinary people", "PATIENT", PatientName="LARSEN*"),
        ask("longest name", "PATIENT", PatientName="L" * 30 + "*"),
        ask("hyphen", "PATIENT", PatientName="SMITH-JONES^MARY ANN"),
        ask("parentheses", "PATIENT", PatientName="*(JACK)"),
        ask("accents", "PATIENT", PatientName="Müller^Zoë"),
        ask("without accents", "PATIENT", PatientName="Muller^Zoe"),
        ask("alphabetic group", "PATIENT", PatientName="Yamada*"),
    )
