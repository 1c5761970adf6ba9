"""Sectional images, one slice an instance: CT and MR."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic import modules, phantoms
from stepwedge.synthetic.model import Instance

# Repetition time, echo time (ms), sequence name and scanning sequence by weighting: T1, T2, PD.
_CONTRASTS = (
    ("500", "12", "SE", "*se2d1"),
    ("4000", "100", "SE", "*tse2d1"),
    ("2500", "20", "SE", "*se2d2"),
)

# Centre and width in Hounsfield units of the window that a body part is read with.
_WINDOWS = {"HEAD": (40, 180), "BRAIN": (40, 180), "CHEST": (40, 450)}


def ct(instance: Instance) -> Dataset:
    """CT Image IOD (PS3.3 A.3)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.frame_of_reference(dataset, instance.series)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "AXIAL")
    modules.acquisition(dataset, instance)
    modules.image_plane(dataset, instance, field_of_view=350.0, thickness=2.0)
    dataset.PatientPosition = "HFS"
    # CT Image Module, PS3.3 C.8.2.1
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.KVP = "120"
    dataset.ExposureTime = "500"
    dataset.XRayTubeCurrent = "200"
    dataset.ConvolutionKernel = "STANDARD"
    dataset.ReconstructionDiameter = "350"
    dataset.GantryDetectorTilt = "0"
    modules.window(dataset, *_WINDOWS.get(plan.body_part, (40, 400)))
    pixels = phantoms.ct_slice(
        instance.study.scope.seed,
        plan.rows,
        plan.columns,
        instance.number - 1,
        plan.instances,
        plan.body_part,
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=16, signed=True)
    return modules.finish(dataset, instance)


def mr(instance: Instance) -> Dataset:
    """MR Image IOD (PS3.3 A.4)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.frame_of_reference(dataset, instance.series)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "OTHER")
    modules.acquisition(dataset, instance)
    modules.image_plane(dataset, instance, field_of_view=240.0, thickness=4.0)
    dataset.PatientPosition = "HFS"
    # MR Image Module, PS3.3 C.8.3.1
    repetition, echo, scanning, name = _CONTRASTS[plan.weighting % len(_CONTRASTS)]
    dataset.ScanningSequence = scanning
    dataset.SequenceVariant = "SK"
    dataset.ScanOptions = ""
    dataset.MRAcquisitionType = "2D"
    dataset.SequenceName = name
    dataset.RepetitionTime = repetition
    dataset.EchoTime = echo
    dataset.EchoTrainLength = 1
    dataset.MagneticFieldStrength = "1.5"
    dataset.FlipAngle = "90"
    modules.window(dataset, 1200, 2400)
    pixels = phantoms.mr_slice(
        instance.study.scope.seed,
        plan.rows,
        plan.columns,
        instance.number - 1,
        plan.instances,
        plan.weighting,
        plan.body_part,
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=12)
    return modules.finish(dataset, instance)
