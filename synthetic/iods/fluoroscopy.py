"""X-ray cine: angiography and radiofluoroscopy, multi-frame."""

from __future__ import annotations

from collections.abc import Callable

from pydicom.dataset import Dataset

from stepwedge.synthetic import modules, tubes
from stepwedge.synthetic.model import Instance

_BITS = 10
_FRAME_TIME = "66.67"  # milliseconds: fifteen frames a second


def xa(instance: Instance) -> Dataset:
    """X-Ray Angiographic Image IOD (PS3.3 A.14)."""
    dataset = _cine(instance, tubes.angiogram)
    # XA Positioner Module, PS3.3 C.8.7.5
    dataset.PositionerMotion = "STATIC"
    dataset.PositionerPrimaryAngle = "30"
    dataset.PositionerSecondaryAngle = "0"
    dataset.DistanceSourceToPatient = "700"
    return modules.finish(dataset, instance)


def rf(instance: Instance) -> Dataset:
    """X-Ray RF Image IOD (PS3.3 A.16)."""
    dataset = _cine(instance, tubes.barium_enema)
    dataset.ColumnAngulation = "0"
    return modules.finish(dataset, instance)


def _cine(instance: Instance, picture: Callable[..., bytes]) -> Dataset:
    """What both share: X-Ray Image and X-Ray Acquisition Modules (PS3.3 C.8.7.1, C.8.7.2)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "SINGLE PLANE")
    modules.acquisition(dataset, instance)
    modules.cine(dataset, plan.frames, _FRAME_TIME)
    dataset.PixelIntensityRelationship = "LIN"
    dataset.PatientOrientation = ["L", "F"]
    dataset.KVP = "75"
    dataset.RadiationSetting = "GR"
    dataset.XRayTubeCurrent = "400"
    dataset.ExposureTime = "8"
    dataset.Exposure = "3"
    dataset.DistanceSourceToDetector = "1100"
    dataset.ImagerPixelSpacing = ["0.3", "0.3"]
    dataset.LossyImageCompression = "00"
    modules.window(dataset, 1 << (_BITS - 1), 1 << _BITS)
    pixels = b"".join(
        picture(instance.study.scope.seed, plan.rows, plan.columns, _BITS, frame, plan.frames)
        for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=_BITS)
    return dataset
