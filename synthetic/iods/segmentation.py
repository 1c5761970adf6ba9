"""Segmentation: one bit a pixel over the slices of another series."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic import modules
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.modules import code, item

# Hounsfield units above which everything is bone.
_THRESHOLD = 300


def seg(instance: Instance) -> Dataset:
    """Segmentation IOD, binary (PS3.3 A.51): the bright part of each CT slice."""
    slices = modules.sources(instance, iod="CT")
    rows, columns = slices[0].series.plan.rows, slices[0].series.plan.columns
    dataset = modules.start(instance)
    dataset.FrameOfReferenceUID = slices[0].series.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    modules.general_image(dataset, instance, "DERIVED", "PRIMARY")
    # Segmentation Image and Series Modules, PS3.3 C.8.20.2 and C.8.20.1
    dataset.ContentLabel = "BONE"
    dataset.ContentDescription = "Everything above a threshold"
    dataset.ContentCreatorName = "PHANTOM^READER"
    dataset.SegmentationType = "BINARY"
    dataset.LossyImageCompression = "00"
    dataset.NumberOfFrames = len(slices)
    dataset.SegmentSequence = [
        item(
            SegmentNumber=1,
            SegmentLabel="Bone",
            SegmentAlgorithmType="AUTOMATIC",
            SegmentAlgorithmName="Threshold",
            SegmentedPropertyCategoryCodeSequence=[
                code("123037004", "SCT", "Anatomical Structure")
            ],
            SegmentedPropertyTypeCodeSequence=[code("272673000", "SCT", "Bone")],
        )
    ]
    dataset.ReferencedSeriesSequence = [
        item(
            SeriesInstanceUID=slices[0].series.uid,
            ReferencedInstanceSequence=[modules.reference(source) for source in slices],
        )
    ]
    organization = instance.study.scope.uid("dimensions", instance.sop_instance_uid)
    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    dataset.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=Tag(pointer),
            FunctionalGroupPointer=Tag(group),
        )
        for pointer, group in (
            ("ReferencedSegmentNumber", "SegmentIdentificationSequence"),
            ("ImagePositionPatient", "PlanePositionSequence"),
        )
    ]
    first = slices[0].dataset
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[
                item(
                    SliceThickness=first.SliceThickness,
                    SpacingBetweenSlices=first.SliceThickness,
                    PixelSpacing=first.PixelSpacing,
                )
            ],
            PlaneOrientationSequence=[item(ImageOrientationPatient=first.ImageOrientationPatient)],
            SegmentIdentificationSequence=[item(ReferencedSegmentNumber=1)],
        )
    ]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(source, position) for position, source in enumerate(slices, start=1)
    ]
    masks = [
        np.frombuffer(source.series.iod.build(source).PixelData, "<i2") > _THRESHOLD
        for source in slices
    ]
    packed = np.packbits(np.concatenate(masks), bitorder="little").tobytes()
    modules.image_pixel(dataset, rows, columns, packed, stored=1, allocated=1)
    return modules.finish(dataset, instance)


def _frame(source: Instance, position: int) -> Dataset:
    """Functional groups of one frame: where it lies and which slice it was made from."""
    derivation = item(
        DerivationCodeSequence=[code("113076", "DCM", "Segmentation")],
        SourceImageSequence=[
            item(
                ReferencedSOPClassUID=source.sop_class_uid,
                ReferencedSOPInstanceUID=source.sop_instance_uid,
                PurposeOfReferenceCodeSequence=[
                    code("121322", "DCM", "Source image for image processing operation")
                ],
            )
        ],
    )
    return item(
        DerivationImageSequence=[derivation],
        FrameContentSequence=[item(DimensionIndexValues=[1, position])],
        PlanePositionSequence=[item(ImagePositionPatient=source.dataset.ImagePositionPatient)],
    )
