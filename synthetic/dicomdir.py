"""The DICOMDIR of a file-set, record by record as its files come by (PS3.3 Annex F).

A record says where the next one of its kind lies; so each is written at once and mended when its
successor is known.  What is kept is where the last record of each patient, study and series lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack
from typing import BinaryIO

from pydicom import uid as uids
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag

from stepwedge.synthetic.charsets import CannotEncode
from stepwedge.synthetic.encode import encode_dataset, encode_file
from stepwedge.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

NAME = "DICOMDIR"
_FILE_SET_ID = "STEPWEDGE"

# Keys and their types.  A key of type 1 must have a value, one of type 2 must be there, and one of
# type 1C is there when the object has it.
_Keys = tuple[tuple[str, str], ...]

# The levels above the file: PS3.3 Tables F.5-1 to F.5-3.
_LEVELS: tuple[tuple[str, str, _Keys], ...] = (
    ("PATIENT", "PatientID", (("PatientName", "2"), ("PatientID", "1"))),
    (
        "STUDY",
        "StudyInstanceUID",
        (
            ("StudyDate", "1"), ("StudyTime", "1"), ("AccessionNumber", "2"),
            ("StudyDescription", "2"), ("StudyInstanceUID", "1"), ("StudyID", "1"),
        ),
    ),
    (
        "SERIES",
        "SeriesInstanceUID",
        (("Modality", "1"), ("SeriesInstanceUID", "1"), ("SeriesNumber", "1")),
    ),
)  # fmt: skip

_NUMBER = ("InstanceNumber", "1")
_CONTENT = (("ContentDate", "1"), ("ContentTime", "1"))
# HAS CONCEPT MOD items of the root belong into a record too (F.5.25, F.5.26); none is made here.
_TITLE = ("ConceptNameCodeSequence", "1")

# The record of a file by the record's type: PS3.3 Tables F.5-4 to F.5-32.
_FILES: dict[str, _Keys] = {
    "IMAGE": (_NUMBER,),
    "RT DOSE": (_NUMBER, ("DoseSummationType", "1")),
    "RT STRUCTURE SET": (
        _NUMBER, ("StructureSetLabel", "1"), ("StructureSetDate", "2"), ("StructureSetTime", "2"),
    ),
    "RT PLAN": (_NUMBER, ("RTPlanLabel", "1"), ("RTPlanDate", "2"), ("RTPlanTime", "2")),
    "PRESENTATION": (
        _NUMBER, ("PresentationCreationDate", "1"), ("PresentationCreationTime", "1"),
        ("ContentLabel", "1"), ("ContentDescription", "2"), ("ContentCreatorName", "2"),
        ("ReferencedSeriesSequence", "1C"),
    ),
    "WAVEFORM": (_NUMBER, *_CONTENT),
    "SR DOCUMENT": (
        _NUMBER, *_CONTENT, ("CompletionFlag", "1"), ("VerificationFlag", "1"), _TITLE,
        ("VerificationDateTime", "1C"),
    ),
    "KEY OBJECT DOC": (_NUMBER, *_CONTENT, _TITLE),
    "ENCAP DOC": (
        _NUMBER, ("ContentDate", "2"), ("ContentTime", "2"), ("DocumentTitle", "2"),
        ("HL7InstanceIdentifier", "1C"), ("ConceptNameCodeSequence", "2"),
        ("MIMETypeOfEncapsulatedDocument", "1"),
    ),
}  # fmt: skip

# Which record an object has; what is not named here is an IMAGE, segmentations too (F.5.4).
_RECORD_OF = {
    uids.RTDoseStorage: "RT DOSE",
    uids.RTStructureSetStorage: "RT STRUCTURE SET",
    uids.RTPlanStorage: "RT PLAN",
    uids.GrayscaleSoftcopyPresentationStateStorage: "PRESENTATION",
    uids.TwelveLeadECGWaveformStorage: "WAVEFORM",
    uids.GeneralECGWaveformStorage: "WAVEFORM",
    uids.BasicTextSRStorage: "SR DOCUMENT",
    uids.ComprehensiveSRStorage: "SR DOCUMENT",
    uids.KeyObjectSelectionDocumentStorage: "KEY OBJECT DOC",
    uids.EncapsulatedPDFStorage: "ENCAP DOC",
    uids.EncapsulatedCDAStorage: "ENCAP DOC",
}

# Where the two offsets of a record lie, counted from its item: behind the item's header the next
# record (UL), the in-use flag (US), the lower level (UL), in explicit VR.
_NEXT, _LOWER = 8 + 8, 8 + 12 + 10 + 8


class Unlisted(Exception):
    """A file that cannot have a record, as a key without which none is allowed has no value."""


@dataclass
class _Entity:
    """What hangs below a record: where the offset of the first one lies, and the last record."""

    lower: int
    last: int = 0


class Directory:
    """A DICOMDIR that grows in `file`, a new file that can be sought in.

    `file_set_uid` is its SOP Instance UID.  `close` makes it whole; `file` stays open.
    """

    def __init__(self, file: BinaryIO, file_set_uid: str) -> None:
        self._file = file
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\0\1"
        meta.MediaStorageSOPClassUID = uids.MediaStorageDirectoryStorage
        meta.MediaStorageSOPInstanceUID = uids.UID(file_set_uid)
        meta.TransferSyntaxUID = uids.ExplicitVRLittleEndian  # PS3.10 8.6
        meta.ImplementationClassUID = uids.UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        identified = Dataset()
        identified.FileSetID = _FILE_SET_ID
        start = encode_file(meta, encode_dataset(identified, uids.ExplicitVRLittleEndian))
        head = Dataset()
        head.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
        head.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
        head.FileSetConsistencyFlag = 0
        file.write(start + encode_dataset(head, uids.ExplicitVRLittleEndian))
        file.write(pack("<HH2sHL", 0x0004, 0x1220, b"SQ", 0, 0))
        self._first = file.tell()
        self._last_of_root = len(start) + 12 + 8
        self._entities: dict[tuple[str, ...], _Entity] = {(): _Entity(len(start) + 8)}

    def add(self, dataset: Dataset, file_id: str) -> None:
        """Lists the file at `file_id` (components between slashes) that holds `dataset`.

        Raises `Unlisted`, and writes nothing, when the object lacks a key of type 1.
        """
        for keyword in ("SOPClassUID", "SOPInstanceUID"):
            if not dataset.get(keyword):
                raise Unlisted(f"it has no {keyword}")
        path: tuple[str, ...] = ()
        missing = []
        for kind, key, keys in _LEVELS:
            above, path = path, (*path, str(dataset.get(key, "")))
            if path not in self._entities:
                missing.append((above, path, kind, _record(dataset, kind, keys)))
        kind = _RECORD_OF.get(dataset.SOPClassUID, "IMAGE")
        leaf = _record(dataset, kind, _FILES[kind])
        leaf.ReferencedFileID = file_id.split("/")
        leaf.ReferencedSOPClassUIDInFile = dataset.SOPClassUID
        leaf.ReferencedSOPInstanceUIDInFile = dataset.SOPInstanceUID
        leaf.ReferencedTransferSyntaxUIDInFile = dataset.file_meta.TransferSyntaxUID
        for above, entity, level, record in missing:
            at = self._append(above, level, record, dataset)
            self._entities[entity] = _Entity(at + _LOWER)
        self._append(path, kind, leaf, dataset)

    def close(self) -> None:
        """Writes what only the end tells: the length of all records, and the last of the root."""
        end = self._file.seek(0, 2)
        self._patch(self._first - 4, end - self._first)
        self._patch(self._last_of_root, self._entities[()].last)
        self._file.seek(0, 2)

    def _append(self, path: tuple[str, ...], kind: str, record: Dataset, dataset: Dataset) -> int:
        """Writes a record below the entity at `path`; returns where."""
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = kind
        at = self._file.seek(0, 2)
        encoded = _encoded(record, dataset)
        self._file.write(pack("<HHL", 0xFFFE, 0xE000, len(encoded)) + encoded)
        entity = self._entities[path]
        self._patch(entity.last + _NEXT if entity.last else entity.lower, at)
        entity.last = at
        return at

    def _patch(self, at: int, value: int) -> None:
        self._file.seek(at)
        self._file.write(pack("<L", value))


def _record(dataset: Dataset, kind: str, keys: _Keys) -> Dataset:
    """The keys of a record as `dataset` has them."""
    record = Dataset()
    for keyword, type_of_key in keys:
        element = dataset.get(Tag(keyword))
        if element is None or element.is_empty:
            if type_of_key == "1":
                raise Unlisted(f"its {keyword} has no value, which a {kind} record needs")
            if type_of_key == "2":
                record.add(DataElement(Tag(keyword), dictionary_VR(Tag(keyword)), None))
            continue
        record.add(element)
    return record


def _encoded(record: Dataset, dataset: Dataset) -> bytes:
    """A record's bytes; it names a character set only where a key needs one (type 1C)."""
    try:
        return encode_dataset(record, uids.ExplicitVRLittleEndian)
    except CannotEncode:
        record.SpecificCharacterSet = dataset.SpecificCharacterSet
        return encode_dataset(record, uids.ExplicitVRLittleEndian)
