"""A corpus: a fixed set of studies, the questions worth asking of it, and their true answers.

The answers are computed from the model (who was described), never from encoded bytes and never by
a server, so that they can be held against what a server says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydicom.dataset import Dataset

from stepwedge.errors import UsageError
from stepwedge.synthetic.matching import Answer, Keys, Match, keys_of, match
from stepwedge.synthetic.model import Instance, Scope, Series, Study
from stepwedge.synthetic.people import Patient

# The unique key of each level (PS3.4 C.6.1.1).
UNIQUE_KEY = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}

Entity = Patient | Study | Series | Instance


@dataclass(frozen=True)
class Question:
    """A query worth asking: a name for it, its level, its keys by keyword."""

    name: str
    level: str
    keys: dict[str, Any]


@dataclass(frozen=True)
class Corpus:
    """Studies of one scope with the questions to ask of them."""

    name: str
    scope: Scope
    studies: tuple[Study, ...]
    questions: tuple[Question, ...] = ()
    notes: dict[str, str] = field(default_factory=dict, hash=False)

    @cached_property
    def patients(self) -> tuple[Patient, ...]:
        """The patients, each once, in the order of their first study."""
        return tuple({(study.patient.id, study.patient.issuer): study.patient
                      for study in self.studies}.values())  # fmt: skip

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """All series, in the order of their studies."""
        return tuple(series for study in self.studies for series in study.series)

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, in the order of their series."""
        return tuple(instance for series in self.series for instance in series.instances)

    def walk(self) -> Iterator[Instance]:
        """All instances in their order, each study's let go of when the next one's are asked for.

        Those that somebody has looked at before are the same ones, and stay.
        """
        for study in self.studies:
            passing = [series for series in study.series if not series.looked_at]
            yield from study.instances()
            for series in passing:
                series.forget()

    def entities(self, level: str) -> Iterator[tuple[Entity, dict[str, Any]]]:
        """Everything at `level` with its attributes by keyword, those of higher levels included.

        Raises `UsageError` for a level that the Query/Retrieve models do not have.
        """
        match level:
            case "PATIENT":
                for patient in self.patients:
                    yield patient, self.patient_attributes(patient)
            case "STUDY":
                for study in self.studies:
                    yield study, self.study_attributes(study)
            case "SERIES":
                for series in self.series:
                    yield series, self.series_attributes(series)
            case "IMAGE":
                for instance in self.instances:
                    yield instance, self.instance_attributes(instance)
            case _:
                raise UsageError(
                    f"{level!r} is not a Query/Retrieve Level",
                    f"use one of: {', '.join(UNIQUE_KEY)} (PS3.4 C.6.1.1)",
                )

    def matching(self, level: str, keys: Keys | Dataset, *, combined: bool = False) -> Answer:
        """Who matches `keys` at `level`: identifiers that an answer must and that it may hold.

        `keys` are values by keyword, or an Identifier data set; a list of UIDs is one string with
        backslashes or a list.  `combined` is true when combined date-time matching was negotiated.
        Raises `UsageError` for an unknown level or keyword.
        """
        wanted = keys_of(keys)
        found: dict[Match, set[str]] = {verdict: set() for verdict in Match}
        seen: Counter[str] = Counter()
        for entity, attributes in self.entities(level):
            identifier = attributes[UNIQUE_KEY[level]]
            seen[identifier] += 1
            verdicts = {
                match({**attributes, **told}, wanted, combined=combined)
                for told in self._told_of(_patient_of(entity))
            }
            found[verdicts.pop() if len(verdicts) == 1 else Match.OPTIONAL].add(identifier)
        required = frozenset(found[Match.REQUIRED])
        return Answer(
            level,
            required,
            frozenset(found[Match.OPTIONAL]) - required,
            frozenset(identifier for identifier, times in seen.items() if times > 1),
        )

    def study_of(self, uid: str) -> Study:
        """The study with that Study Instance UID; raises `UsageError` when there is none."""
        for study in self.studies:
            if study.uid == uid:
                return study
        raise UsageError(f"corpus {self.name} has no study {uid}")

    def patient_attributes(self, patient: Patient) -> dict[str, Any]:
        """What a query at PATIENT level can ask of a patient (PS3.4 Table C.6-1)."""
        return {**_patient(patient), **self._counts[patient.id, patient.issuer]}

    def study_attributes(self, study: Study) -> dict[str, Any]:
        """What a query at STUDY level can ask of a study (PS3.4 Tables C.6-2 and C.6-5)."""
        return {**self.patient_attributes(study.patient), **_study(study)}

    def series_attributes(self, series: Series) -> dict[str, Any]:
        """What a query at SERIES level can ask of a series (PS3.4 Table C.6-3)."""
        return {**self.study_attributes(series.study), **_series(series)}

    def instance_attributes(self, instance: Instance) -> dict[str, Any]:
        """What a query at IMAGE level can ask of an instance (PS3.4 Table C.6-4)."""
        return {**self.series_attributes(instance.series), **_instance(instance)}

    def _told_of(self, patient: Patient) -> list[dict[str, Any]]:
        """What the studies tell of a patient; more than one thing where they disagree.

        Which of it a server goes by is its own affair.
        """
        told = self._versions[patient.id, patient.issuer]
        return [{}] if len(told) == 1 else [_patient(version) for version in told]

    @cached_property
    def _versions(self) -> dict[tuple[str, str], list[Patient]]:
        versions: dict[tuple[str, str], list[Patient]] = {}
        for study in self.studies:
            told = versions.setdefault((study.patient.id, study.patient.issuer), [])
            if study.patient not in told:
                told.append(study.patient)
        return versions

    @cached_property
    def _counts(self) -> dict[tuple[str, str], dict[str, int]]:
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for study in self.studies:
            count = counts.setdefault(
                (study.patient.id, study.patient.issuer),
                {
                    "NumberOfPatientRelatedStudies": 0,
                    "NumberOfPatientRelatedSeries": 0,
                    "NumberOfPatientRelatedInstances": 0,
                },
            )
            count["NumberOfPatientRelatedStudies"] += 1
            count["NumberOfPatientRelatedSeries"] += len(study.series)
            count["NumberOfPatientRelatedInstances"] += sum(s.plan.instances for s in study.series)
        return counts


def _patient_of(entity: Entity) -> Patient:
    if isinstance(entity, Patient):
        return entity
    return entity.patient if isinstance(entity, Study | Instance) else entity.study.patient


def _patient(patient: Patient) -> dict[str, Any]:
    return {
        "PatientName": patient.name,
        "PatientID": patient.id,
        "IssuerOfPatientID": patient.issuer,
        "PatientBirthDate": patient.birth_date,
        "PatientBirthTime": patient.birth_time,
        "PatientSex": patient.sex,
        "PatientComments": None,
        "EthnicGroup": None,
        **patient.attributes,
    }


def _study(study: Study) -> dict[str, Any]:
    return {
        "StudyInstanceUID": study.uid,
        "StudyDate": study.date,
        "StudyTime": study.time,
        "AccessionNumber": study.accession_number,
        "StudyID": study.id,
        "StudyDescription": study.description,
        "ReferringPhysicianName": study.referring_physician,
        "ModalitiesInStudy": _distinct(series.modality for series in study.series),
        "SOPClassesInStudy": _distinct(series.iod.sop_class_uid for series in study.series),
        "NumberOfStudyRelatedSeries": len(study.series),
        "NumberOfStudyRelatedInstances": sum(series.plan.instances for series in study.series),
        **study.attributes,
    }


def _series(series: Series) -> dict[str, Any]:
    return {
        "SeriesInstanceUID": series.uid,
        "Modality": series.modality,
        "SeriesNumber": series.number,
        "SeriesDescription": series.plan.description,
        "BodyPartExamined": series.plan.body_part,
        "ProtocolName": series.plan.protocol,
        "Laterality": series.plan.laterality,
        "SeriesDate": series.date,
        "SeriesTime": series.time if series.date else "",
        "NumberOfSeriesRelatedInstances": series.plan.instances,
        **series.plan.attributes,
    }


def _instance(instance: Instance) -> dict[str, Any]:
    return {
        "SOPInstanceUID": instance.sop_instance_uid,
        "SOPClassUID": instance.sop_class_uid,
        "InstanceNumber": instance.number,
        "ContentDate": instance.date,
        "ContentTime": instance.time,
    }


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
