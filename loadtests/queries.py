"""The identifiers that users of a load ask with, encoded once for each question.

Implicit VR little endian, the transfer syntax that every application must accept (PS3.5 10.1), so
that any accepted presentation context of the information model will do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from stepwedge.loadtests.identities import Identity

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"

STUDY_DATE, ACCESSION, LEVEL, MODALITIES = 0x00080020, 0x00080050, 0x00080052, 0x00080061
SOP_INSTANCE, MODALITY, STATION_AET = 0x00080018, 0x00080060, 0x00400001
PATIENT_NAME, PATIENT_ID = 0x00100010, 0x00100020
STUDY, SERIES = 0x0020000D, 0x0020000E
STEP_SEQUENCE, STEP_DATE = 0x00400100, 0x00400002
_UIDS = frozenset({SOP_INSTANCE, STUDY, SERIES})

# The day of every study of a load; a range around it is a range query.
DATE = "20240229"


def encode(elements: dict[int, str | bytes]) -> bytes:
    """A data set of text elements in implicit VR little endian, in ascending order of tags."""
    parts = []
    for tag in sorted(elements):
        value = elements[tag]
        raw = value if isinstance(value, bytes) else value.encode("ascii")
        if len(raw) % 2:  # PS3.5 6.2: UI is padded with NULL, text with a space
            raw += b"\0" if tag in _UIDS else b" "
        parts.append(struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(raw)) + raw)
    return b"".join(parts)


def value_of(data_set: bytes, wanted: int, explicit: bool = False) -> str | None:
    """The text of one top-level element of an encoded data set, None when it is not there.

    Raises ValueError when the bytes are no data set.
    """
    offset, end = 0, len(data_set)
    while offset + 8 <= end:
        group, element = struct.unpack_from("<HH", data_set, offset)
        tag = group << 16 | element
        if explicit:
            vr = data_set[offset + 4 : offset + 6]
            if vr in _LONG:
                (length,) = struct.unpack_from("<I", data_set, offset + 8)
                offset += 12
            else:
                (length,) = struct.unpack_from("<H", data_set, offset + 6)
                offset += 8
        else:
            (length,) = struct.unpack_from("<I", data_set, offset + 4)
            offset += 8
        if tag == wanted:
            return data_set[offset : offset + length].decode("ascii", "replace").strip(" \0")
        if tag > wanted:
            return None
        if length == 0xFFFFFFFF:
            raise ValueError("a sequence of undefined length before the element that is looked for")
        offset += length
    return None


# PS3.5 7.1.2: explicit VRs with a length of 32 bits.
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR"})


def study(key: str, identity: Identity) -> bytes:
    """A study-level query that must find the study of `identity`, among others or alone."""
    asked: dict[int, str | bytes] = {
        LEVEL: "STUDY",
        STUDY: "",
        PATIENT_ID: "",
        PATIENT_NAME: "",
        STUDY_DATE: "",
        ACCESSION: "",
        MODALITIES: "",
    }
    match key:
        case "patient-id":
            asked[PATIENT_ID] = identity.patient_id
        case "study-uid":
            asked[STUDY] = identity.study
        case "date":
            asked[STUDY_DATE] = f"{DATE}-{DATE}"
        case "wildcard":
            asked[PATIENT_ID] = identity.patient_id[:-1] + "*"
        case "universal":
            pass
        case _:
            raise ValueError(f"no such key: {key}")
    return encode(asked)


def study_uids(identifiers: Iterable[bytes]) -> set[str]:
    """The Study Instance UIDs of a query's matches."""
    return {uid for raw in identifiers if (uid := value_of(raw, STUDY))}


def retrieve_study(identity: Identity) -> bytes:
    """The identifier that retrieves a whole study (PS3.4 C.4.2.1.4)."""
    return encode({LEVEL: "STUDY", STUDY: identity.study})


def retrieve_instance(study: str, series: str, instance: str) -> bytes:
    """The identifier that retrieves one instance."""
    return encode({LEVEL: "IMAGE", STUDY: study, SERIES: series, SOP_INSTANCE: instance})


def images(study: str, series: str, instances: Iterable[str] = ()) -> bytes:
    """An IMAGE level query in one series; by a list of UIDs where some are given.

    Both higher unique keys have a single value, as PS3.4 C.4.1.2.1 demands.
    """
    listed = "\\".join(instances)
    return encode({LEVEL: "IMAGE", STUDY: study, SERIES: series, SOP_INSTANCE: listed})


def worklist() -> bytes:
    """A modality worklist query for every scheduled step (PS3.4 K.4.1)."""
    item = encode({MODALITY: "", STATION_AET: "", STEP_DATE: ""})
    sequence = struct.pack("<HHI", 0xFFFE, 0xE000, len(item)) + item
    return encode(
        {PATIENT_NAME: "", PATIENT_ID: "", ACCESSION: "", STUDY: "", STEP_SEQUENCE: sequence}
    )
