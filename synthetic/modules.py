"""Modules of PS3.3 that many objects share, one function each, under the standard's names.

Each function adds its attributes to a data set.  Builders of IODs call them in the order in which
the IOD's module table lists them.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.errors import UsageError
from stepwedge.synthetic import gender
from stepwedge.synthetic.model import Instance, Series
from stepwedge.version import VERSION

MANUFACTURER = "Stepwedge"

# Values of Body Part Examined that are of a paired structure, among those that the mixes have; of
# an unknown part it is not known whether it is.
_MAYBE_PAIRED = frozenset(
    {"", "BREAST", "HAND", "FOOT", "KNEE", "HIP", "SHOULDER", "ELBOW", "WRIST", "ANKLE", "EYE"}
)


def start(instance: Instance) -> Dataset:
    """SOP Common, Patient, General Study, General Series and General Equipment of an instance."""
    dataset = Dataset()
    sop_common(dataset, instance)
    patient(dataset, instance)
    general_study(dataset, instance)
    general_series(dataset, instance.series)
    general_equipment(dataset, instance.series)
    return dataset


def finish(dataset: Dataset, instance: Instance) -> Dataset:
    """Lays the attributes that patient, study and series bring of their own over the builder's."""
    for level in (instance.patient, instance.study, instance.series.plan):
        for keyword, value in level.attributes.items():
            put(dataset, keyword, value)
    return dataset


def put(dataset: Dataset, keyword: str, value: Any) -> None:
    """Sets an attribute by keyword; None removes it."""
    if value is None:
        if keyword in dataset:
            delattr(dataset, keyword)
    elif keyword in gender.ATTRIBUTES:
        gender.add(dataset, keyword, value)
    else:
        setattr(dataset, keyword, value)


def item(**attributes: Any) -> Dataset:
    """A sequence item with `attributes` by keyword."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of the Code Sequence Macro (PS3.3 Table 8.8-1)."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def sop_common(dataset: Dataset, instance: Instance) -> None:
    """SOP Common Module (PS3.3 C.12.1)."""
    put(dataset, "SpecificCharacterSet", instance.patient.charset.value)
    if instance.date:
        dataset.InstanceCreationDate = instance.date
        dataset.InstanceCreationTime = instance.time
    dataset.SOPClassUID = instance.sop_class_uid
    dataset.SOPInstanceUID = instance.sop_instance_uid
    dataset.InstanceNumber = instance.number


def patient(dataset: Dataset, instance: Instance) -> None:
    """Patient Module (PS3.3 C.7.1.1)."""
    person = instance.patient
    dataset.PatientName = person.name
    dataset.PatientID = person.id
    if person.issuer:
        dataset.IssuerOfPatientID = person.issuer
    dataset.PatientBirthDate = person.birth_date
    if person.birth_time:
        dataset.PatientBirthTime = person.birth_time
    dataset.PatientSex = person.sex


def general_study(dataset: Dataset, instance: Instance) -> None:
    """General Study Module (PS3.3 C.7.2.1)."""
    study = instance.study
    dataset.StudyInstanceUID = study.uid
    dataset.StudyDate = study.date
    dataset.StudyTime = study.time
    dataset.ReferringPhysicianName = study.referring_physician
    dataset.StudyID = study.id
    dataset.AccessionNumber = study.accession_number
    if study.description:
        dataset.StudyDescription = study.description


def general_series(dataset: Dataset, series: Series) -> None:
    """General Series Module (PS3.3 C.7.3.1)."""
    plan = series.plan
    dataset.Modality = series.modality
    dataset.SeriesInstanceUID = series.uid
    dataset.SeriesNumber = series.number
    if series.date:
        dataset.SeriesDate = series.date
        dataset.SeriesTime = series.time
    if plan.description:
        dataset.SeriesDescription = plan.description
    if plan.body_part:
        dataset.BodyPartExamined = plan.body_part
    if plan.protocol:
        dataset.ProtocolName = plan.protocol
    if plan.laterality or (series.iod.image and plan.body_part in _MAYBE_PAIRED):
        dataset.Laterality = plan.laterality  # type 2C: empty when nobody knows


def general_equipment(dataset: Dataset, series: Series) -> None:
    """General Equipment Module (PS3.3 C.7.5.1)."""
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = f"Phantom {series.modality}"
    dataset.DeviceSerialNumber = f"{series.study.scope.seed % 10000:04}"
    dataset.SoftwareVersions = VERSION
    dataset.InstitutionName = "Stepwedge General"
    dataset.StationName = f"SW{series.modality}1"


def frame_of_reference(dataset: Dataset, series: Series) -> None:
    """Frame of Reference Module (PS3.3 C.7.4.1)."""
    dataset.FrameOfReferenceUID = series.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""


def general_image(dataset: Dataset, instance: Instance, *image_type: str) -> None:
    """General Image Module (PS3.3 C.7.6.1)."""
    dataset.ImageType = list(image_type or ("ORIGINAL", "PRIMARY"))
    dataset.ContentDate = instance.date
    dataset.ContentTime = instance.time
    dataset.BurnedInAnnotation = "YES"  # the word SYNTHETIC is in the pixels
    dataset.ImageComments = "SYNTHETIC PHANTOM - NOT A PATIENT"


def acquisition(dataset: Dataset, instance: Instance) -> None:
    """General Acquisition Module (PS3.3 C.7.10.1)."""
    if instance.date:
        dataset.AcquisitionDate = instance.date
        dataset.AcquisitionTime = instance.time
    dataset.AcquisitionNumber = 1


def image_plane(
    dataset: Dataset, instance: Instance, *, field_of_view: float, thickness: float
) -> None:
    """Image Plane Module (PS3.3 C.7.6.2): axial slices from feet to head; lengths in mm."""
    plan = instance.series.plan
    spacing = _ds(field_of_view / plan.columns)
    dataset.PixelSpacing = [spacing, spacing]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    position = (instance.number - 1) * thickness
    corner = _ds(-field_of_view / 2)
    dataset.ImagePositionPatient = [corner, corner, _ds(position)]
    dataset.SliceThickness = _ds(thickness)
    dataset.SliceLocation = _ds(position)


def image_pixel(
    dataset: Dataset,
    rows: int,
    columns: int,
    pixels: bytes,
    *,
    stored: int,
    allocated: int | None = None,
    signed: bool = False,
    photometric: str = "MONOCHROME2",
    samples: int = 1,
) -> None:
    """Image Pixel Module (PS3.3 C.7.6.3); `stored` and `allocated` are in bits."""
    dataset.SamplesPerPixel = samples
    dataset.PhotometricInterpretation = photometric
    if samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.Rows = rows
    dataset.Columns = columns
    dataset.BitsAllocated = allocated or (8 if stored <= 8 else 16)
    dataset.BitsStored = stored
    dataset.HighBit = stored - 1
    dataset.PixelRepresentation = int(signed)
    if len(pixels) % 2:
        pixels += b"\0"
    dataset.add_new(0x7FE00010, "OB" if dataset.BitsAllocated <= 8 else "OW", pixels)


def window(dataset: Dataset, centre: int, width: int) -> None:
    """VOI LUT Module (PS3.3 C.11.2)."""
    dataset.WindowCenter = str(centre)
    dataset.WindowWidth = str(width)


def _ds(value: float) -> str:
    """A DS value: at most six decimals, no exponent, well within 16 characters."""
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def cine(dataset: Dataset, frames: int, frame_time: str) -> None:
    """Cine and Multi-frame Modules (PS3.3 C.7.6.5, C.7.6.6); `frame_time` in milliseconds."""
    dataset.NumberOfFrames = frames
    dataset.FrameTime = frame_time
    dataset.FrameIncrementPointer = Tag("FrameTime")


def moment(instance: Instance) -> str:
    """A DT value of when the instance was made; empty when the date is unknown."""
    return instance.date + instance.time if instance.date else ""


def reference(instance: Instance) -> Dataset:
    """An item of the SOP Instance Reference Macro (PS3.3 Table 10-11)."""
    return item(
        ReferencedSOPClassUID=instance.sop_class_uid,
        ReferencedSOPInstanceUID=instance.sop_instance_uid,
    )


def sources(instance: Instance, *, iod: str | None = None) -> tuple[Instance, ...]:
    """The instances that an object of the same study refers to: its first series of images.

    Raises `UsageError` when the study has none (or none of `iod`).
    """
    for series in instance.study.series:
        if series.number == instance.series.number:
            continue
        if iod in (None, series.plan.iod) and series.iod.image:
            return series.instances
    raise UsageError(
        f"{instance.series.plan.iod} refers to images, and study {instance.study.number} has none",
        f"plan a series of {iod or 'images'} in the same study",
    )
