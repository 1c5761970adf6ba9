"""Projection radiographs: CR."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic import modules, phantoms
from stepwedge.synthetic.model import Instance

# Stored bits of a storage phosphor plate.
_CR_BITS = 12


def cr(instance: Instance) -> Dataset:
    """Computed Radiography Image IOD (PS3.3 A.2)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance)
    modules.acquisition(dataset, instance)
    # CR Series and CR Image Modules, PS3.3 C.8.1.1 and C.8.1.2
    dataset.ViewPosition = "PA" if instance.number % 2 else "LL"
    dataset.BodyPartExamined = plan.body_part
    dataset.KVP = "110"
    dataset.PlateID = f"PLATE{instance.number:03}"
    dataset.DistanceSourceToDetector = "1800"
    dataset.ExposureTime = "10"
    dataset.ImagerPixelSpacing = ["0.2", "0.2"]
    dataset.PatientOrientation = ["L", "F"] if instance.number % 2 else ["A", "F"]
    modules.window(dataset, 1 << (_CR_BITS - 1), 1 << _CR_BITS)
    pixels = phantoms.projection(
        instance.study.scope.seed, plan.rows, plan.columns, _CR_BITS, instance.number
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=_CR_BITS)
    return modules.finish(dataset, instance)
