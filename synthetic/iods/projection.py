"""Projection radiographs: computed, digital, mammographic, intra-oral."""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic import modules, phantoms
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code

# Stored bits of a storage phosphor plate, and of a digital detector.
_CR_BITS = 12
_DX_BITS = 14

# Anatomy by Body Part Examined: SNOMED CT codes as PS3.16 CID 4009 and CID 4031 give them.
_REGIONS = {
    "CHEST": ("51185008", "Chest"),
    "HAND": ("85562004", "Hand"),
    "FOOT": ("56459004", "Foot"),
    "PELVIS": ("12921003", "Pelvis"),
    "BREAST": ("76752008", "Breast"),
    "JAW": ("661005", "Jaw region"),
}


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
    _pixels(dataset, instance, _CR_BITS)
    return modules.finish(dataset, instance)


def dx(instance: Instance) -> Dataset:
    """Digital X-Ray Image IOD, for presentation (PS3.3 A.26)."""
    return _digital(instance, "FOR PRESENTATION", "CHEST")


def dx_for_processing(instance: Instance) -> Dataset:
    """Digital X-Ray Image IOD, for processing (PS3.3 A.26)."""
    return _digital(instance, "FOR PROCESSING", "CHEST")


def io(instance: Instance) -> Dataset:
    """Digital Intra-Oral X-Ray Image IOD, for presentation (PS3.3 A.28)."""
    dataset = _digital(instance, "FOR PRESENTATION", "JAW", finish=False)
    # Intra-Oral Image Module, PS3.3 C.8.11.5
    dataset.ImageLaterality = "R"
    dataset.PrimaryAnatomicStructureSequence = [
        code("866005003", "SCT", "Mandibular right first molar tooth")
    ]
    plan = instance.series.plan
    pixels = phantoms.teeth(
        instance.study.scope.seed, plan.rows, plan.columns, _DX_BITS, instance.number
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=_DX_BITS)
    return modules.finish(dataset, instance)


def mg(instance: Instance) -> Dataset:
    """Digital Mammography X-Ray Image IOD, for presentation (PS3.3 A.27)."""
    # Two views of each breast: craniocaudal, then oblique.
    laterality = "R" if instance.number % 4 in (1, 2) else "L"
    view, meaning = (
        ("399162004", "cranio-caudal"),
        ("399368009", "medio-lateral oblique"),
    )[(instance.number - 1) % 2]
    dataset = _digital(instance, "FOR PRESENTATION", "BREAST", finish=False)
    dataset.BodyPartExamined = "BREAST"
    # Mammography Image Module, PS3.3 C.8.11.7
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.ImageLaterality = laterality
    dataset.PatientOrientation = ["P", "L"] if laterality == "R" else ["A", "R"]
    dataset.OrganExposed = "BREAST"
    dataset.BreastImplantPresent = "NO"
    dataset.PartialView = "NO"
    dataset.ViewCodeSequence = [code(view, "SCT", meaning)]
    dataset.ViewCodeSequence[0].ViewModifierCodeSequence = []
    dataset.AnodeTargetMaterial = "TUNGSTEN"
    dataset.FilterMaterial = "RHODIUM"
    dataset.CompressionForce = "100"
    dataset.BodyPartThickness = "55"
    plan = instance.series.plan
    pixels = phantoms.mammogram(
        instance.study.scope.seed, plan.rows, plan.columns, _DX_BITS, laterality, instance.number
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=_DX_BITS)
    return modules.finish(dataset, instance)


def _digital(instance: Instance, intent: str, region: str, *, finish: bool = True) -> Dataset:
    """What the DX family shares (PS3.3 C.8.11)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "")
    modules.acquisition(dataset, instance)
    dataset.PresentationIntentType = intent  # DX Series Module, C.8.11.1
    # DX Anatomy Imaged Module, C.8.11.2; with it the series has no Laterality (C.7.3.1)
    dataset.ImageLaterality = plan.laterality or "U"
    modules.put(dataset, "Laterality", None)
    value, meaning = _REGIONS.get(plan.body_part or region, _REGIONS[region])
    dataset.AnatomicRegionSequence = [code(value, "SCT", meaning)]
    # DX Image Module, C.8.11.3
    dataset.PixelIntensityRelationship = "LIN"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    dataset.LossyImageCompression = "00"
    dataset.PatientOrientation = ["L", "F"]
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.PositionerType = "NONE"
    if intent == "FOR PRESENTATION":
        modules.window(dataset, 1 << (_DX_BITS - 1), 1 << _DX_BITS)
    # DX Detector and X-Ray Acquisition Dose Modules, C.8.11.4 and C.8.7.2
    dataset.DetectorType = "DIRECT"
    dataset.DetectorConfiguration = "AREA"
    dataset.DetectorDescription = "Phantom panel"
    dataset.ImagerPixelSpacing = ["0.15", "0.15"]
    dataset.KVP = "100"
    dataset.ExposureTime = "8"
    dataset.XRayTubeCurrent = "250"
    dataset.Exposure = "2"
    dataset.DistanceSourceToDetector = "1800"
    dataset.AcquisitionContextSequence = []  # Acquisition Context Module, C.7.6.14
    _pixels(dataset, instance, _DX_BITS)
    return modules.finish(dataset, instance) if finish else dataset


def _pixels(dataset: Dataset, instance: Instance, bits: int) -> None:
    plan = instance.series.plan
    pixels = phantoms.projection(
        instance.study.scope.seed, plan.rows, plan.columns, bits, instance.number
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=bits)
