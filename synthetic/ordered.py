"""What was ordered and what was done: the worklist item and performed step of a study."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic.model import Study, later
from stepwedge.synthetic.modules import item, put, reference


def worklist_item(study: Study) -> Dataset:
    """The scheduled procedure step that a study came of: keys of PS3.4 Table K.6-1."""
    dataset = _identified(study)
    dataset.AccessionNumber = study.accession_number
    dataset.ReferringPhysicianName = study.referring_physician
    dataset.StudyInstanceUID = study.uid
    dataset.RequestedProcedureID = study.id
    dataset.RequestedProcedureDescription = study.description
    series = study.series[0]
    dataset.ScheduledProcedureStepSequence = [
        item(
            ScheduledStationAETitle=f"SW{series.modality}1",
            ScheduledProcedureStepStartDate=study.date,
            ScheduledProcedureStepStartTime=study.time,
            Modality=series.modality,
            ScheduledPerformingPhysicianName="",
            ScheduledProcedureStepDescription=series.plan.protocol or study.description,
            ScheduledProcedureStepID=f"S{study.id}",
        )
    ]
    return dataset


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
            RequestedProcedureDescription=study.description,
            ScheduledProcedureStepID=f"S{study.id}",
            ScheduledProcedureStepDescription=series.plan.protocol or study.description,
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
