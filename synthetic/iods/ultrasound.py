"""Ultrasound: cine loops in grey, single images in colour."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic import colours, modules, phantoms
from stepwedge.synthetic.model import Instance

_FRAME_TIME = "33.33"  # milliseconds: thirty frames a second


def multi_frame(instance: Instance) -> Dataset:
    """Ultrasound Multi-frame Image IOD (PS3.3 A.7)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "ABDOMINAL", "0001")
    modules.acquisition(dataset, instance)
    dataset.PatientOrientation = ""
    modules.cine(dataset, plan.frames, _FRAME_TIME)
    dataset.SequenceOfUltrasoundRegions = [_region(plan.rows, plan.columns)]
    dataset.TransducerData = "SYNTHETIC"
    dataset.LossyImageCompression = "00"
    pixels = b"".join(
        phantoms.ultrasound_frame(
            instance.study.scope.seed, plan.rows, plan.columns, frame, plan.frames
        )
        for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=8)
    return modules.finish(dataset, instance)


def _region(rows: int, columns: int) -> Dataset:
    """The one region of the US Region Calibration Module (PS3.3 C.8.5.5): 2D tissue."""
    return modules.item(
        RegionSpatialFormat=1,  # 2D
        RegionDataType=1,  # tissue
        RegionFlags=0,
        RegionLocationMinX0=0,
        RegionLocationMinY0=0,
        RegionLocationMaxX1=columns - 1,
        RegionLocationMaxY1=rows - 1,
        PhysicalUnitsXDirection=3,  # cm
        PhysicalUnitsYDirection=3,
        PhysicalDeltaX=0.02,
        PhysicalDeltaY=0.02,
    )


def single(instance: Instance) -> Dataset:
    """Ultrasound Image IOD (PS3.3 A.6), in colour as flow imaging is."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "ABDOMINAL", "0011")
    modules.acquisition(dataset, instance)
    dataset.PatientOrientation = ""
    dataset.SequenceOfUltrasoundRegions = [_region(plan.rows, plan.columns)]
    dataset.LossyImageCompression = "00"
    pixels = colours.flow(instance.study.scope.seed, plan.rows, plan.columns, instance.number)
    modules.image_pixel(
        dataset, plan.rows, plan.columns, pixels, stored=8, samples=3, photometric="RGB"
    )
    return modules.finish(dataset, instance)
