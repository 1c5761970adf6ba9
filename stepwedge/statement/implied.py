"""The dotted claims that a Conformance Statement implies: which checks apply to who claims this.

A table, claim by claim.  A parent is implied when all of its children are.
"""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.checks import is_claimed
from stepwedge.claims import CLAIMS
from stepwedge.statement import names
from stepwedge.statement.model import Statement

_STORAGE = "1.2.840.10008.5.1.4.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"

# Claim → SOP classes that must all be claimed as SCP.
CLASSES: dict[str, tuple[str, ...]] = {
    "verification": (names.VERIFICATION,),
    "storage.cr": (f"{_STORAGE}.1",),
    "storage.ct": (f"{_STORAGE}.2",),
    "storage.mr": (f"{_STORAGE}.4",),
    "storage.us-multiframe": (f"{_STORAGE}.3.1",),
    "objects.pt": (f"{_STORAGE}.128",),
    "objects.nm": (f"{_STORAGE}.20",),
    "objects.dx": (f"{_STORAGE}.1.1",),
    "objects.mg": (f"{_STORAGE}.1.2",),
    "objects.xa": (f"{_STORAGE}.12.1",),
    "objects.rf": (f"{_STORAGE}.12.2",),
    "objects.us": (f"{_STORAGE}.6.1",),
    "objects.sc": (f"{_STORAGE}.7",),
    "objects.enhanced-ct": (f"{_STORAGE}.2.1",),
    "objects.enhanced-mr": (f"{_STORAGE}.4.1",),
    "objects.seg": (f"{_STORAGE}.66.4", f"{_STORAGE}.2"),
    "objects.rt": (f"{_STORAGE}.481.3", f"{_STORAGE}.481.5", f"{_STORAGE}.481.2"),
    "objects.sr": (f"{_STORAGE}.88.11",),
    "objects.ko": (f"{_STORAGE}.88.59",),
    "objects.pr": (f"{_STORAGE}.11.1",),
    "objects.pdf": (f"{_STORAGE}.104.1",),
    "objects.ecg": (f"{_STORAGE}.9.1.1",),
    "objects.vl": (f"{_STORAGE}.77.1.4",),
    "find.patient": (names.FIND["patient-root"],),
    "find.study": (names.FIND["study-root"],),
    "move.patient": (names.MOVE["patient-root"],),
    "move.study": (names.MOVE["study-root"],),
    "get.patient": (names.GET["patient-root"],),
    "get.study": (names.GET["study-root"],),
    "worklist": (names.WORKLIST,),
    "mpps": (names.STEP,),
    "mpps-retrieve": (names.STEP, names.STEP_RETRIEVE),
    "commitment": (names.COMMITMENT,),
}

# Claim → the transfer syntax that must be claimed for CT images, which its checks send.
_SYNTAXES = {
    "syntaxes.big-endian": "1.2.840.10008.1.2.2",
    "syntaxes.deflated": "1.2.840.10008.1.2.1.99",
    "syntaxes.rle": "1.2.840.10008.1.2.5",
    "syntaxes.jpeg-lossless": "1.2.840.10008.1.2.4.70",
    "syntaxes.jpeg-ls": "1.2.840.10008.1.2.4.80",
    "syntaxes.jpeg-2000": "1.2.840.10008.1.2.4.90",
    "syntaxes.htj2k": "1.2.840.10008.1.2.4.201",
}

# Claim → keys (model, level, keyword) that must all be matched, or at least returned.
_S, _P, _W = "study-root", "patient-root", "worklist"
_KEYS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "keys.patient": ((_S, "STUDY", "PatientBirthDate"), (_S, "STUDY", "PatientSex")),
    "keys.study-description": ((_S, "STUDY", "StudyDescription"),),
    "keys.referring-physician": ((_S, "STUDY", "ReferringPhysicianName"),),
    "keys.modalities-in-study": ((_S, "STUDY", "ModalitiesInStudy"),),
    "keys.sop-classes-in-study": ((_S, "STUDY", "SOPClassesInStudy"),),
    "keys.series": ((_S, "SERIES", "SeriesDescription"), (_S, "SERIES", "BodyPartExamined")),
    "keys.image": ((_S, "IMAGE", "SOPClassUID"),),
    "keys.procedure-code": (
        (_S, "STUDY", "ProcedureCodeSequence.CodeValue"),
        (_S, "STUDY", "ProcedureCodeSequence.CodingSchemeDesignator"),
    ),
    "keys.counts": (
        (_S, "STUDY", "NumberOfStudyRelatedSeries"),
        (_S, "STUDY", "NumberOfStudyRelatedInstances"),
        (_S, "SERIES", "NumberOfSeriesRelatedInstances"),
    ),
    "keys.patient-counts": (
        (_P, "PATIENT", "NumberOfPatientRelatedStudies"),
        (_P, "PATIENT", "NumberOfPatientRelatedSeries"),
        (_P, "PATIENT", "NumberOfPatientRelatedInstances"),
    ),
    "worklist-keys": (
        (_W, "WORKLIST", "AccessionNumber"),
        (_W, "WORKLIST", "RequestedProcedureID"),
    ),
}
_ONLY_RETURNED = ("keys.counts", "keys.patient-counts")

_CHARSETS = {
    "charset.latin1": "ISO_IR 100",
    "charset.cyrillic": "ISO_IR 144",
    "charset.utf8": "ISO_IR 192",
}

# More associations than this are not opened to see a limit (`association.limit`).
MOST_ASSOCIATIONS = 128

# Claim → what else a statement must say.
_OTHERS: dict[str, Callable[[Statement], bool]] = {
    "statement": lambda s: True,
    "association.called-ae": lambda s: s.association.called_ae_checked is True,
    "association.calling-ae": lambda s: s.association.calling_ae_checked is True,
    "association.limit": lambda s: 0 < (s.limits.max_associations or 0) <= MOST_ASSOCIATIONS,
    "extended.relational": lambda s: _S in s.extended and s.extended[_S].relational,
    "extended.combined-date-time": lambda s: _S in s.extended and s.extended[_S].combined_date_time,
    "full-storage": lambda s: s.storage.level == 2,
    "commitment-same-association": lambda s: s.commitment.same_association is True,
    "workflow": lambda s: all(map(s.provides, (names.COMMITMENT, names.FIND[_S], f"{_STORAGE}.2"))),
}


def implied(statement: Statement) -> tuple[str, ...]:
    """The dotted claims, in the order of `stepwedge.claims.CLAIMS`."""
    held = {claim for claim in CLAIMS if _says(statement, claim)}
    for claim in CLAIMS:
        children = [other for other in CLAIMS if other.startswith(f"{claim}.")]
        if children and held.issuperset(children):
            held.add(claim)
    return tuple(claim for claim in CLAIMS if claim in held)


def sayable(claim: str) -> bool:
    """True when a Conformance Statement has a place for this claim, or for one below it."""
    tables = (CLASSES, _SYNTAXES, _KEYS, _CHARSETS, _OTHERS)
    return any(is_claimed(one, (claim,)) for table in tables for one in table)


def _says(statement: Statement, claim: str) -> bool:
    if claim in CLASSES:
        return all(map(statement.provides, CLASSES[claim]))
    if claim in _SYNTAXES:
        return _SYNTAXES[claim] in statement.offered("SCP").get(f"{_STORAGE}.2", ())
    if claim in _KEYS:
        return all(_matches(statement, claim, *key) for key in _KEYS[claim])
    if claim in _CHARSETS:
        return _CHARSETS[claim] in statement.character_sets
    return claim in _OTHERS and _OTHERS[claim](statement)


def _matches(statement: Statement, claim: str, model: str, level: str, keyword: str) -> bool:
    types = statement.matching(model, level, keyword)
    return bool(types) and (claim in _ONLY_RETURNED or types != ("returned",))
