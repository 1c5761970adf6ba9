"""Nuclear medicine: positron emission slices and planar scintigraphy."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import activity, modules
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item


def pt(instance: Instance) -> Dataset:
    """Positron Emission Tomography Image IOD (PS3.3 A.21)."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.frame_of_reference(dataset, instance.series)
    modules.general_image(dataset, instance)
    modules.acquisition(dataset, instance)
    modules.image_plane(dataset, instance, field_of_view=600.0, thickness=3.0)
    _orientation(dataset)
    # PET Series Module, PS3.3 C.8.9.1
    dataset.Units = "BQML"
    dataset.CountsSource = "EMISSION"
    dataset.SeriesType = ["STATIC", "IMAGE"]
    dataset.NumberOfSlices = plan.instances
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "NORM"]
    dataset.DecayCorrection = "START"
    dataset.CollimatorType = "NONE"
    dataset.AttenuationCorrectionMethod = "CT"
    # PET Isotope Module, C.8.9.2
    dataset.RadiopharmaceuticalInformationSequence = [
        item(
            RadionuclideCodeSequence=[code("77004003", "SCT", "^18^Fluorine")],
            RadiopharmaceuticalCodeSequence=[code("35321007", "SCT", "Fluorodeoxyglucose F^18^")],
            RadiopharmaceuticalStartTime="080000",
            RadionuclideTotalDose="350000000",
            RadionuclideHalfLife="6586.2",
            RadionuclidePositronFraction="0.967",
        )
    ]
    # PET Image Module, C.8.9.4
    dataset.FrameReferenceTime = "60000"
    dataset.ActualFrameDuration = "120000"
    dataset.ImageIndex = instance.number
    dataset.DecayFactor = "1.05"
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "4"
    modules.window(dataset, 12000, 24000)
    pixels = activity.emission_slice(
        instance.study.scope.seed,
        plan.rows,
        plan.columns,
        instance.number - 1,
        plan.instances,
        plan.body_part,
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=16)
    return modules.finish(dataset, instance)


def nm(instance: Instance) -> Dataset:
    """Nuclear Medicine Image IOD (PS3.3 A.5): static views, one frame a view."""
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "STATIC", "EMISSION")
    modules.acquisition(dataset, instance)
    dataset.PatientOrientation = ["L", "F"]
    _orientation(dataset)
    # NM Multi-frame, NM Image, NM Isotope and NM Detector Modules, C.8.4.8 to C.8.4.11
    dataset.NumberOfFrames = plan.frames
    dataset.FrameIncrementPointer = [Tag("EnergyWindowVector"), Tag("DetectorVector")]
    dataset.EnergyWindowVector = [1] * plan.frames
    dataset.NumberOfEnergyWindows = 1
    dataset.DetectorVector = [1] * plan.frames
    dataset.NumberOfDetectors = 1
    dataset.CountsAccumulated = 500000
    dataset.ActualFrameDuration = "300000"
    dataset.PixelSpacing = ["4", "4"]
    dataset.LossyImageCompression = "00"
    dataset.EnergyWindowInformationSequence = [
        item(
            EnergyWindowRangeSequence=[
                item(EnergyWindowLowerLimit="126", EnergyWindowUpperLimit="154")
            ],
            EnergyWindowName="Tc99m",
        )
    ]
    dataset.RadiopharmaceuticalInformationSequence = [
        item(
            RadionuclideCodeSequence=[code("72454006", "SCT", "^99m^Technetium")],
            RadiopharmaceuticalStartTime="080000",
            RadionuclideTotalDose="700",
            Radiopharmaceutical="Tc99m MDP",
        )
    ]
    dataset.DetectorInformationSequence = [
        item(
            CollimatorType="PARA",
            FieldOfViewShape="RECTANGLE",
            FieldOfViewDimensions=["530", "390"],
            FocalDistance="0",
            XFocusCenter="0",
            YFocusCenter="0",
            ZoomCenter=["0", "0"],
            ZoomFactor=["1", "1"],
            CenterOfRotationOffset="0",
            GantryDetectorTilt="0",
            ImageOrientationPatient=["1", "0", "0", "0", "0", "-1"],
            ImagePositionPatient=["-265", "-200", "195"],
        )
    ]
    modules.window(dataset, 120, 240)
    pixels = b"".join(
        activity.bone_scan(instance.study.scope.seed, plan.rows, plan.columns, frame)
        for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=16)
    return modules.finish(dataset, instance)


def _orientation(dataset: Dataset) -> None:
    """NM/PET Patient Orientation Module (PS3.3 C.8.4.6): supine, head first."""
    lying = code("102538003", "SCT", "recumbent")
    lying.PatientOrientationModifierCodeSequence = [code("40199007", "SCT", "supine")]
    dataset.PatientOrientationCodeSequence = [lying]
    dataset.PatientGantryRelationshipCodeSequence = [code("102540008", "SCT", "headfirst")]
