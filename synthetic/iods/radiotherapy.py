"""Radiotherapy: contours, a plan and the dose that belongs to it."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import modules, phantoms
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import item

_CONTOUR_POINTS = ((1, 0), (0.8, 0.6), (0.6, 0.8), (0, 1), (-0.6, 0.8), (-0.8, 0.6), (-1, 0),
                   (-0.8, -0.6), (-0.6, -0.8), (0, -1), (0.6, -0.8), (0.8, -0.6))  # fmt: skip


def structure_set(instance: Instance) -> Dataset:
    """RT Structure Set IOD (PS3.3 A.19): a circle on every slice of the CT series."""
    slices = modules.sources(instance, iod="CT")
    dataset = _start(instance)
    frame = slices[0].series.frame_of_reference_uid
    dataset.FrameOfReferenceUID = frame
    dataset.PositionReferenceIndicator = ""
    # Structure Set Module, PS3.3 C.8.8.5
    dataset.StructureSetLabel = "PHANTOM"
    dataset.StructureSetDate = instance.date
    dataset.StructureSetTime = instance.time
    contours = item(
        SeriesInstanceUID=slices[0].series.uid,
        ContourImageSequence=[modules.reference(source) for source in slices],
    )
    study = item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",  # Detached Study Management (retired)
        ReferencedSOPInstanceUID=instance.study.uid,
        RTReferencedSeriesSequence=[contours],
    )
    dataset.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])
    ]
    dataset.StructureSetROISequence = [
        item(
            ROINumber=1,
            ReferencedFrameOfReferenceUID=frame,
            ROIName="TARGET",
            ROIGenerationAlgorithm="AUTOMATIC",
        )
    ]
    # ROI Contour and RT ROI Observations Modules, C.8.8.6 and C.8.8.8
    dataset.ROIContourSequence = [
        item(
            ReferencedROINumber=1,
            ROIDisplayColor=[255, 0, 0],
            ContourSequence=[_contour(source) for source in slices],
        )
    ]
    dataset.RTROIObservationsSequence = [
        item(
            ObservationNumber=1,
            ReferencedROINumber=1,
            RTROIInterpretedType="PTV",
            ROIInterpreter="",
        )
    ]
    dataset.ApprovalStatus = "UNAPPROVED"
    return modules.finish(dataset, instance)


def plan(instance: Instance) -> Dataset:
    """RT Plan IOD (PS3.3 A.20): one static photon beam, not tied to a structure set."""
    dataset = _start(instance)
    _frame_of_reference(dataset, instance)
    # RT General Plan Module, PS3.3 C.8.8.9
    dataset.RTPlanLabel = "PHANTOM"
    dataset.RTPlanDate = instance.date
    dataset.RTPlanTime = instance.time
    dataset.RTPlanGeometry = "TREATMENT_DEVICE"
    # RT Fraction Scheme and RT Beams Modules, C.8.8.13 and C.8.8.14
    dataset.FractionGroupSequence = [
        item(
            FractionGroupNumber=1,
            NumberOfFractionsPlanned=20,
            NumberOfBeams=1,
            NumberOfBrachyApplicationSetups=0,
            ReferencedBeamSequence=[item(ReferencedBeamNumber=1, BeamDose="2", BeamMeterset="200")],
        )
    ]
    jaws = [
        item(RTBeamLimitingDeviceType="X", NumberOfLeafJawPairs=1),
        item(RTBeamLimitingDeviceType="Y", NumberOfLeafJawPairs=1),
    ]
    positions = [
        item(RTBeamLimitingDeviceType=axis, LeafJawPositions=["-50", "50"]) for axis in "XY"
    ]
    dataset.BeamSequence = [
        item(
            BeamNumber=1,
            BeamName="AP",
            BeamType="STATIC",
            RadiationType="PHOTON",
            TreatmentMachineName="PHANTOM1",
            PrimaryDosimeterUnit="MU",
            SourceAxisDistance="1000",
            BeamLimitingDeviceSequence=jaws,
            TreatmentDeliveryType="TREATMENT",
            NumberOfWedges=0,
            NumberOfCompensators=0,
            NumberOfBoli=0,
            NumberOfBlocks=0,
            FinalCumulativeMetersetWeight="1",
            NumberOfControlPoints=2,
            ControlPointSequence=[
                item(
                    ControlPointIndex=0,
                    NominalBeamEnergy="6",
                    CumulativeMetersetWeight="0",
                    BeamLimitingDevicePositionSequence=positions,
                    GantryAngle="0",
                    GantryRotationDirection="NONE",
                    BeamLimitingDeviceAngle="0",
                    BeamLimitingDeviceRotationDirection="NONE",
                    PatientSupportAngle="0",
                    PatientSupportRotationDirection="NONE",
                    TableTopEccentricAngle="0",
                    TableTopEccentricRotationDirection="NONE",
                    TableTopVerticalPosition="",
                    TableTopLongitudinalPosition="",
                    TableTopLateralPosition="",
                    IsocenterPosition=["0", "0", "0"],
                ),
                item(ControlPointIndex=1, CumulativeMetersetWeight="1"),
            ],
        )
    ]
    dataset.ApprovalStatus = "UNAPPROVED"
    return modules.finish(dataset, instance)


def dose(instance: Instance) -> Dataset:
    """RT Dose IOD (PS3.3 A.18): a physical dose grid, frame by frame along the table."""
    layout = instance.series.plan
    dataset = _start(instance)
    modules.frame_of_reference(dataset, instance.series)
    dataset.InstanceNumber = instance.number
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    modules.image_plane(dataset, instance, field_of_view=350.0, thickness=3.0)
    del dataset.SliceLocation
    # Multi-frame and RT Dose Modules, PS3.3 C.7.6.6 and C.8.8.3
    dataset.NumberOfFrames = layout.frames
    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    dataset.DoseUnits = "GY"
    dataset.DoseType = "PHYSICAL"
    dataset.DoseSummationType = "PLAN"
    dataset.GridFrameOffsetVector = [f"{frame * 3}" for frame in range(layout.frames)]
    dataset.DoseGridScaling = "0.0001"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    plans = [s for s in instance.study.series if s.plan.iod == "RTPLAN"]
    dataset.ReferencedRTPlanSequence = (
        [modules.reference(plans[0].instances[0])] if plans else [_absent_plan(instance)]
    )
    grid = [
        np.frombuffer(
            phantoms.emission_slice(
                instance.study.scope.seed, layout.rows, layout.columns, frame, layout.frames
            ),
            "<u2",
        )
        for frame in range(layout.frames)
    ]
    pixels = np.concatenate(grid).astype("<u2").tobytes()
    modules.image_pixel(dataset, layout.rows, layout.columns, pixels, stored=16)
    return modules.finish(dataset, instance)


def _absent_plan(instance: Instance) -> Dataset:
    """A reference to a plan that was never sent, as happens: the dose alone was exported."""
    return item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.481.5",
        ReferencedSOPInstanceUID=instance.study.scope.uid("plan of", instance.sop_instance_uid),
    )


def _start(instance: Instance) -> Dataset:
    dataset = modules.start(instance)
    dataset.OperatorsName = ""  # RT Series Module, PS3.3 C.8.8.1
    return dataset


def _frame_of_reference(dataset: Dataset, instance: Instance) -> None:
    modules.frame_of_reference(dataset, instance.series)


def _contour(source: Instance) -> Dataset:
    z = source.dataset.ImagePositionPatient[2]
    points: list[str] = []
    for x, y in _CONTOUR_POINTS:
        points += [f"{x * 40:g}", f"{y * 40:g}", str(z)]
    return item(
        ContourImageSequence=[modules.reference(source)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(_CONTOUR_POINTS),
        ContourData=points,
    )
