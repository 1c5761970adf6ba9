"""Colour: secondary capture, photographs, endoscopy, whole slides."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import colours, histology, modules, phantoms
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item

_TILE_SPACING = 0.0005  # millimetres a pixel: a 20x objective


def secondary_capture(instance: Instance) -> Dataset:
    """Secondary Capture Image IOD (PS3.3 A.8.1): one colour picture."""
    plan = instance.series.plan
    dataset = _captured(instance)
    modules.image_pixel(
        dataset,
        plan.rows,
        plan.columns,
        colours.chart(plan.rows, plan.columns),
        stored=8,
        samples=3,
        photometric="RGB",
    )
    return modules.finish(dataset, instance)


def multi_frame_byte(instance: Instance) -> Dataset:
    """Multi-frame Grayscale Byte Secondary Capture Image IOD (PS3.3 A.8.3)."""
    plan = instance.series.plan
    dataset = _captured(instance)
    _frames(dataset, instance)
    # PS3.3 C.8.6.3 and C.11.1: grey values are values of an ideal display.
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.RescaleIntercept = "0"
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "US"
    pixels = b"".join(
        phantoms.test_pattern(plan.rows, plan.columns, frame) for frame in range(plan.frames)
    )
    modules.image_pixel(dataset, plan.rows, plan.columns, pixels, stored=8)
    return modules.finish(dataset, instance)


def multi_frame_colour(instance: Instance) -> Dataset:
    """Multi-frame True Color Secondary Capture Image IOD (PS3.3 A.8.5)."""
    plan = instance.series.plan
    dataset = _captured(instance)
    _frames(dataset, instance)
    pixels = b"".join(colours.chart(plan.rows, plan.columns, frame) for frame in range(plan.frames))
    modules.image_pixel(
        dataset, plan.rows, plan.columns, pixels, stored=8, samples=3, photometric="RGB"
    )
    return modules.finish(dataset, instance)


def photograph(instance: Instance) -> Dataset:
    """VL Photographic Image IOD (PS3.3 A.32.4)."""
    return modules.finish(_visible_light(instance, colours.patches), instance)


def endoscopy(instance: Instance) -> Dataset:
    """VL Endoscopic Image IOD (PS3.3 A.32.1)."""
    return modules.finish(_visible_light(instance, colours.lumen), instance)


def whole_slide(instance: Instance) -> Dataset:
    """VL Whole Slide Microscopy Image IOD (PS3.3 A.32.8), a square of full tiles."""
    plan = instance.series.plan
    side = max(1, isqrt(plan.frames))
    dataset = modules.start(instance)
    modules.frame_of_reference(dataset, instance.series)
    dataset.PositionReferenceIndicator = "SLIDE_CORNER"
    modules.general_image(dataset, instance, "ORIGINAL", "PRIMARY", "VOLUME", "NONE")
    dataset.AcquisitionDateTime = modules.moment(instance)
    dataset.AcquisitionContextSequence = []
    dataset.AcquisitionDuration = 60.0
    _specimen(dataset, instance)
    # Whole Slide Microscopy Image Module, PS3.3 C.8.12.4
    width = plan.columns * side
    height = plan.rows * side
    dataset.ImagedVolumeWidth = width * _TILE_SPACING
    dataset.ImagedVolumeHeight = height * _TILE_SPACING
    dataset.ImagedVolumeDepth = 0.001
    dataset.TotalPixelMatrixColumns = width
    dataset.TotalPixelMatrixRows = height
    dataset.TotalPixelMatrixFocalPlanes = 1
    dataset.TotalPixelMatrixOriginSequence = [
        item(XOffsetInSlideCoordinateSystem="20", YOffsetInSlideCoordinateSystem="40")
    ]
    dataset.ImageOrientationSlide = ["0", "-1", "0", "-1", "0", "0"]
    dataset.DimensionOrganizationType = "TILED_FULL"
    dataset.NumberOfOpticalPaths = 1
    dataset.NumberOfFrames = side * side
    dataset.FocusMethod = "AUTO"
    dataset.ExtendedDepthOfField = "NO"
    dataset.VolumetricProperties = "VOLUME"
    dataset.SpecimenLabelInImage = "NO"
    dataset.LossyImageCompression = "00"
    organization = instance.study.scope.uid("dimensions", instance.sop_instance_uid)
    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    dataset.OpticalPathSequence = [
        item(
            OpticalPathIdentifier="1",
            IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
            IlluminationColorCodeSequence=[code("414298005", "SCT", "Full Spectrum")],
            ICCProfile=colours.icc_profile(),
            ObjectiveLensPower="20",
        )
    ]
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[
                item(
                    SliceThickness="0.001",
                    PixelSpacing=[str(_TILE_SPACING)] * 2,
                    SpacingBetweenSlices="0.001",
                )
            ],
            WholeSlideMicroscopyImageFrameTypeSequence=[
                item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
            ],
            OpticalPathIdentificationSequence=[item(OpticalPathIdentifier="1")],
        )
    ]
    pixels = b"".join(
        histology.tile(instance.study.scope.seed, plan.rows, plan.columns, tile, side)
        for tile in range(side * side)
    )
    modules.image_pixel(
        dataset, plan.rows, plan.columns, pixels, stored=8, samples=3, photometric="RGB"
    )
    return modules.finish(dataset, instance)


def _captured(instance: Instance) -> Dataset:
    dataset = modules.start(instance)
    modules.general_image(dataset, instance, "DERIVED", "SECONDARY")
    dataset.PatientOrientation = ""
    # SC Equipment Module, PS3.3 C.8.6.1
    dataset.ConversionType = "WSD"
    dataset.SecondaryCaptureDeviceManufacturer = modules.MANUFACTURER
    dataset.DateOfSecondaryCapture = instance.date
    dataset.TimeOfSecondaryCapture = instance.time
    return dataset


def _frames(dataset: Dataset, instance: Instance) -> None:
    """Multi-frame of the secondary capture family: pages, not time."""
    dataset.NumberOfFrames = instance.series.plan.frames
    if instance.series.plan.frames > 1:
        dataset.FrameIncrementPointer = Tag("PageNumberVector")
        dataset.PageNumberVector = list(range(1, instance.series.plan.frames + 1))


def _visible_light(instance: Instance, picture: Callable[[int, int], bytes]) -> Dataset:
    plan = instance.series.plan
    dataset = modules.start(instance)
    modules.general_image(dataset, instance)
    modules.acquisition(dataset, instance)
    dataset.PatientOrientation = ""
    dataset.AcquisitionContextSequence = []
    dataset.LossyImageCompression = "00"
    dataset.AnatomicRegionSequence = [code("39937001", "SCT", "Skin")]
    pixels = picture(plan.rows, plan.columns)
    modules.image_pixel(
        dataset, plan.rows, plan.columns, pixels, stored=8, samples=3, photometric="RGB"
    )
    return dataset


def _specimen(dataset: Dataset, instance: Instance) -> None:
    """Specimen Module (PS3.3 C.7.6.22)."""
    dataset.ContainerIdentifier = f"SLIDE-{instance.number}"
    dataset.IssuerOfTheContainerIdentifierSequence = []
    dataset.ContainerTypeCodeSequence = [code("433466003", "SCT", "Microscope slide")]
    dataset.SpecimenDescriptionSequence = [
        item(
            SpecimenIdentifier=f"SLIDE-{instance.number}",
            SpecimenUID=instance.study.scope.uid("specimen", instance.sop_instance_uid),
            IssuerOfTheSpecimenIdentifierSequence=[],
            SpecimenPreparationSequence=[],
        )
    ]
