"""Worklist items as files: what DCMTK's wlmscpfs and Orthanc's worklist plugin serve.

wlmscpfs answers for the AE title that a folder is called after, if a lock file lies in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from stepwedge.synthetic.encode import encode_dataset, encode_file
from stepwedge.synthetic.model import Study
from stepwedge.synthetic.ordered import worklist_item
from stepwedge.synthetic.place import Folder
from stepwedge.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

LOCK_FILE = "lockfile"
# Modality Worklist Information Model - FIND (PS3.4 K.6.1.4): a worklist item has no storage class.
_ITEM = UID("1.2.840.10008.5.1.4.31")


def write_worklist(studies: Iterable[Study], out: Path) -> int:
    """Writes the worklist item of each study into the folder `out`; returns how many.

    A study that nobody knows the date of was never scheduled, and has none.  Raises `UsageError`
    when `out` is not an empty or new folder, or cannot be written.
    """
    place = Folder(out)
    place.add(LOCK_FILE, b"")
    count = 0
    for study in studies:
        if study.date and study.time:
            place.add(f"ST{study.number:06}.wl", _file(study))
            count += 1
    return count


def _file(study: Study) -> bytes:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = _ITEM
    meta.MediaStorageSOPInstanceUID = UID(study.scope.uid("worklist", study.number))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return encode_file(meta, encode_dataset(worklist_item(study), ExplicitVRLittleEndian))
