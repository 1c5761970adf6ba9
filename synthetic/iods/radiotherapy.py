"""Radiotherapy: contours, a plan and the dose that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import activity, anatomy, modules, phantoms
from stepwedge.synthetic.anatomy import Tissue
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import item


@dataclass(frozen=True)
class _Roi:
    """A region of interest: which part of an anatomy, with a margin in shares of the picture."""

    name: str
    kind: str  # RT ROI Interpreted Type (3006,00A4)
    colour: tuple[int, int, int]
    tissue: Tissue
    side: int = 0
    margin: float = 0.0


_CHEST = (
    _Roi("BODY", "EXTERNAL", (0, 200, 0), Tissue.SKIN),
    _Roi("LUNG L", "ORGAN", (80, 160, 255), Tissue.LUNG, 1),
    _Roi("LUNG R", "ORGAN", (80, 160, 255), Tissue.LUNG, -1),
    _Roi("HEART", "ORGAN", (255, 120, 190), Tissue.HEART),
    _Roi("SPINAL CORD", "ORGAN", (255, 230, 0), Tissue.FLUID),
    _Roi("GTV", "GTV", (255, 60, 40), Tissue.LESION),
    _Roi("PTV", "PTV", (255, 140, 0), Tissue.LESION, margin=0.05),
)
_HEAD = (
    _Roi("BODY", "EXTERNAL", (0, 200, 0), Tissue.SKIN),
    _Roi("BRAIN", "ORGAN", (80, 160, 255), Tissue.BRAIN),
    _Roi("VENTRICLE L", "ORGAN", (0, 220, 220), Tissue.FLUID, 1),
    _Roi("VENTRICLE R", "ORGAN", (0, 220, 220), Tissue.FLUID, -1),
    _Roi("GTV", "GTV", (255, 60, 40), Tissue.LESION),
    _Roi("PTV", "PTV", (255, 140, 0), Tissue.LESION, margin=0.05),
)


def structure_set(instance: Instance) -> Dataset:
    """RT Structure Set IOD (PS3.3 A.19): the organs of the CT series, and a target."""
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
    found = _contoured(slices)
    dataset.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=frame,
            ROIName=roi.name,
            ROIGenerationAlgorithm="AUTOMATIC",
        )
        for number, (roi, _) in enumerate(found, start=1)
    ]
    # ROI Contour and RT ROI Observations Modules, C.8.8.6 and C.8.8.8
    dataset.ROIContourSequence = [
        item(ReferencedROINumber=number, ROIDisplayColor=list(roi.colour), ContourSequence=contours)
        for number, (roi, contours) in enumerate(found, start=1)
    ]
    dataset.RTROIObservationsSequence = [
        item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType=roi.kind,
            ROIInterpreter="",
        )
        for number, (roi, _) in enumerate(found, start=1)
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
            activity.dose_slice(layout.rows, layout.columns, frame, layout.frames),
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


def _contoured(slices: tuple[Instance, ...]) -> list[tuple[_Roi, list[Dataset]]]:
    """The regions that any of the slices meets, with a contour for each of those slices."""
    body = anatomy.BY_BODY_PART.get(slices[0].series.plan.body_part, anatomy.HEAD)
    found = []
    for roi in _CHEST if body is anatomy.THORAX else _HEAD:
        organ = anatomy.part(body, roi.tissue, roi.side)
        contours = []
        for source in slices:
            level = phantoms.level(source.number - 1, source.series.plan.instances)
            if points := anatomy.outline(organ, level, roi.margin):
                contours.append(_contour(source, points))
        if contours:
            found.append((roi, contours))
    return found


def _contour(source: Instance, points: list[tuple[float, float]]) -> Dataset:
    """A contour in millimetres of the patient, of points in the picture's unit square."""
    image = source.dataset
    down, across = (float(spacing) for spacing in image.PixelSpacing)
    corner = [float(value) for value in image.ImagePositionPatient]
    data = []
    for x, y in points:
        # The middle of the first pixel is at the position of the image, half a pixel inside.
        data.append(f"{corner[0] + ((x + 1) * image.Columns - 1) / 2 * across:.3f}")
        data.append(f"{corner[1] + ((1 - y) * image.Rows - 1) / 2 * down:.3f}")
        data.append(str(image.ImagePositionPatient[2]))
    return item(
        ContourImageSequence=[modules.reference(source)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
        ContourData=data,
    )
