"""What was ordered and what was done: the worklist item and performed step of a study."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic.model import Study, later
from stepwedge.synthetic.modules import item, put, reference
from stepwedge.synthetic.people import draw, locale, person_name

# Return keys of type 2 of PS3.4 Table K.6-1 of which an ordinary order says nothing.
_UNKNOWN = (
    "ReferencedStudySequence", "ReferencedPatientSequence", "RequestedProcedurePriority",
    "PatientTransportArrangements", "RequestingPhysician", "AdmissionID", "CurrentPatientLocation",
    "PatientWeight", "ConfidentialityConstraintOnPatientDataDescription", "PatientState",
    "PregnancyStatus", "MedicalAlerts", "Allergies", "SpecialNeeds",
)  # fmt: skip


def worklist_item(study: Study) -> Dataset:
    """The scheduled procedure step that a study came of, complete by PS3.4 Table K.6-1."""
    dataset = _identified(study)
    for keyword in _UNKNOWN:
        setattr(dataset, keyword, [] if keyword.endswith("Sequence") else None)
    dataset.AccessionNumber = study.accession_number
    dataset.ReferringPhysicianName = study.referring_physician
    dataset.StudyInstanceUID = study.uid
    dataset.RequestedProcedureID = study.id
    dataset.RequestedProcedureDescription = _procedure(study)
    series = study.series[0]
    dataset.ScheduledProcedureStepSequence = [
        item(
            ScheduledStationAETitle=f"SW{series.modality}1",
            ScheduledProcedureStepStartDate=study.date,
            ScheduledProcedureStepStartTime=study.time,
            Modality=series.modality,
            ScheduledPerformingPhysicianName=_performer(study),
            ScheduledProcedureStepDescription=series.plan.protocol or _procedure(study),
            ScheduledStationName="",
            ScheduledProcedureStepLocation="",
            ScheduledProcedureStepID=f"S{study.id}",
        )
    ]
    return dataset


def _procedure(study: Study) -> str:
    """What was asked for; type 1C, so that a study without a description needs one all the same."""
    return study.description or f"{study.series[0].modality} procedure"


def _performer(study: Study) -> str:
    """A physician whose name the patient's character set can say."""
    rng = draw(study.scope.seed, study.scope.run, "performer", study.number)
    where = locale(study.patient.locale)
    return person_name(rng, where, rng.choice("FM"), study.patient.charset)


def performed_step(study: Study) -> tuple[Dataset, Dataset]:
    """The step that made a study: what N-CREATE begins and N-SET completes (PS3.4 F.7.2).

    Every instance of the study is referred to.
    """
    series = study.series[0]
    begun = _identified(study)
    begun.ScheduledStepAttributesSequence = [
        item(
            StudyInstanceUID=study.uid,
            ReferencedStudySequence=[],
            AccessionNumber=study.accession_number,
            RequestedProcedureID=study.id,
            RequestedProcedureDescription=_procedure(study),
            ScheduledProcedureStepID=f"S{study.id}",
            ScheduledProcedureStepDescription=series.plan.protocol or _procedure(study),
            ScheduledProtocolCodeSequence=[],
        )
    ]
    for keyword, value in {
        "ReferencedPatientSequence": [], "PerformedProcedureStepID": f"P{study.id}",
        "PerformedStationAETitle": f"SW{series.modality}1", "PerformedStationName": "",
        "PerformedLocation": "", "PerformedProcedureStepStartDate": study.date,
        "PerformedProcedureStepStartTime": study.time,
        "PerformedProcedureStepStatus": "IN PROGRESS", "PerformedProcedureStepDescription": "",
        "PerformedProcedureTypeDescription": "", "ProcedureCodeSequence": [],
        "PerformedProcedureStepEndDate": "", "PerformedProcedureStepEndTime": "",
        "Modality": series.modality, "StudyID": study.id, "PerformedProtocolCodeSequence": [],
        "PerformedSeriesSequence": [],
    }.items():  # fmt: skip
        setattr(begun, keyword, value)
    ended = Dataset()
    put(ended, "SpecificCharacterSet", study.patient.charset.value)
    ended.PerformedProcedureStepStatus = "COMPLETED"
    ended.PerformedProcedureStepEndDate = study.date
    ended.PerformedProcedureStepEndTime = later(study.time, 180 * len(study.series))
    ended.PerformedSeriesSequence = [
        item(
            PerformingPhysicianName="",
            ProtocolName=one.plan.protocol or "STEPWEDGE",
            OperatorsName="",
            SeriesInstanceUID=one.uid,
            SeriesDescription=one.description,
            RetrieveAETitle="",
            ReferencedImageSequence=[reference(i) for i in one.instances if one.iod.image],
            ReferencedNonImageCompositeSOPInstanceSequence=[
                reference(i) for i in one.instances if not one.iod.image
            ],
        )
        for one in study.series
    ]
    return begun, ended


def _identified(study: Study) -> Dataset:
    dataset = Dataset()
    put(dataset, "SpecificCharacterSet", study.patient.charset.value)
    dataset.PatientName = study.patient.name
    dataset.PatientID = study.patient.id
    dataset.IssuerOfPatientID = study.patient.issuer
    dataset.PatientBirthDate = study.patient.birth_date
    dataset.PatientSex = study.patient.sex
    return dataset
