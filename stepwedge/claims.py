"""What a target can claim: the capabilities that decide which checks apply.

A claim is dotted; claiming a parent claims its children (`find` claims `find.study`).  A check
whose claim is not claimed ends as *not claimed*: "not supported" is declared by the target and
never guessed from a failure.
"""

from __future__ import annotations

import difflib

CLAIMS: dict[str, str] = {
    "verification": "Verification SOP Class as SCP",
    "association": "controls who may associate, by AE title",
    "association.called-ae": "refuses an association whose called AE title is not its own",
    "association.calling-ae": "refuses an association whose calling AE title it does not know",
    "association.limit": "rejects associations beyond a limit of at most 64, transiently",
    "storage": "Storage Service Class as SCP",
    "storage.cr": "Computed Radiography Image Storage as SCP",
    "storage.ct": "CT Image Storage as SCP",
    "storage.mr": "MR Image Storage as SCP",
    "storage.us-multiframe": "Ultrasound Multi-frame Image Storage as SCP",
    "find": "Query (C-FIND) as SCP",
    "find.patient": "Patient Root Query/Retrieve Information Model – FIND as SCP",
    "find.study": "Study Root Query/Retrieve Information Model – FIND as SCP",
    "keys": "Optional keys of C-FIND, matched and returned as the required ones are",
    "keys.patient": "Patient's Birth Date and Patient's Sex as keys",
    "keys.study-description": "Study Description as a key",
    "keys.referring-physician": "Referring Physician's Name as a key",
    "keys.procedure-code": "Procedure Code Sequence as a key",
    "keys.modalities-in-study": "Modalities in Study as a key",
    "keys.sop-classes-in-study": "SOP Classes in Study as a key",
    "keys.series": "Series Description and Body Part Examined as keys at SERIES level",
    "keys.image": "SOP Class UID as a key at IMAGE level",
    "keys.counts": "Numbers of Study and Series Related Series and Instances in C-FIND responses",
    "keys.patient-counts": "Numbers of Patient Related entities in Patient Root responses",
    "extended": "Extended negotiation of C-FIND",
    "extended.relational": "Relational queries, negotiated (PS3.4 C.5.1.1)",
    "extended.combined-date-time": "Combined date and time matching, negotiated (PS3.4 C.5.1.1)",
    "charset": "Specific Character Sets in C-FIND requests and responses",
    "charset.latin1": "ISO_IR 100 in C-FIND requests and responses",
    "charset.cyrillic": "ISO_IR 144 in C-FIND requests",
    "charset.utf8": "ISO_IR 192 in C-FIND requests and responses",
    "worklist": "Modality Worklist Information Model – FIND as SCP",
    "worklist-keys": "Accession Number and Requested Procedure ID as keys of the worklist",
    "mpps": "Modality Performed Procedure Step SOP Class as SCP",
    "mpps-retrieve": "Modality Performed Procedure Step Retrieve SOP Class as SCP",
    "move": "Retrieve by C-MOVE as SCP",
    "move.patient": "Patient Root Query/Retrieve Information Model – MOVE as SCP",
    "move.study": "Study Root Query/Retrieve Information Model – MOVE as SCP",
    "get": "Retrieve by C-GET as SCP",
    "get.patient": "Patient Root Query/Retrieve Information Model – GET as SCP",
    "get.study": "Study Root Query/Retrieve Information Model – GET as SCP",
    "full-storage": "Storage at level 2: private, retired and unknown attributes are kept too",
    "error-comments": "Failures say why",
    "error-comments.storage": "Error Comment in failed C-STORE responses",
    "objects": "Storage of further kinds of objects as SCP",
    "objects.pt": "Positron Emission Tomography Image Storage",
    "objects.nm": "Nuclear Medicine Image Storage",
    "objects.dx": "Digital X-Ray Image Storage – For Presentation",
    "objects.mg": "Digital Mammography X-Ray Image Storage – For Presentation",
    "objects.xa": "X-Ray Angiographic Image Storage",
    "objects.rf": "X-Ray Radiofluoroscopic Image Storage",
    "objects.us": "Ultrasound Image Storage",
    "objects.sc": "Secondary Capture Image Storage",
    "objects.enhanced-ct": "Enhanced CT Image Storage",
    "objects.enhanced-mr": "Enhanced MR Image Storage",
    "objects.seg": "Segmentation Storage",
    "objects.rt": "RT Structure Set, RT Plan and RT Dose Storage",
    "objects.sr": "Basic Text SR Storage",
    "objects.ko": "Key Object Selection Document Storage",
    "objects.pr": "Grayscale Softcopy Presentation State Storage",
    "objects.pdf": "Encapsulated PDF Storage",
    "objects.ecg": "12-lead ECG Waveform Storage",
    "objects.vl": "VL Photographic Image Storage",
    "syntaxes": "Transfer syntaxes beside Implicit and Explicit VR Little Endian",
    "syntaxes.big-endian": "Explicit VR Big Endian (retired)",
    "syntaxes.deflated": "Deflated Explicit VR Little Endian",
    "syntaxes.rle": "RLE Lossless",
    "syntaxes.jpeg-lossless": "JPEG Lossless, Non-Hierarchical, First-Order Prediction",
    "syntaxes.jpeg-ls": "JPEG-LS Lossless",
    "syntaxes.jpeg-2000": "JPEG 2000 Lossless",
    "syntaxes.htj2k": "High-Throughput JPEG 2000 Lossless",
    "commitment": "Storage Commitment Push Model as SCP",
    "commitment-same-association": "Reports results over the request's association while open",
    "workflow": "Store, commit, find and retrieve together",
    "strict": "Refuses what requestors must not ask",
    "strict.retrieve": "Refuses C-MOVE and C-GET without the unique keys of all levels above",
    "tls": "DICOM over TLS; a target with [tls] claims what that table says",
    "tls.transport": "Associations over TLS, whatever the profile",
    "tls.bcp195": "BCP 195 RFC 8996, 9325 TLS (PS3.15 B.12)",
    "tls.modified-bcp195": "Modified BCP 195 RFC 8996, 9325 TLS (PS3.15 B.13)",
    "tls.retired": "A Secure Transport Connection Profile that the standard has retired",
    "tls.clear-port": "The same server without TLS on a port of its own",
    "tls.client-certificate": "Demands a certificate of every client, and verifies it",
    "tls.revocation": "Refuses client certificates that their authority has revoked",
    "timeouts": "Gives up in time on peers that do not answer",
    "timeouts.move": "Ends a C-MOVE within the response timeout when its destination is silent",
    "statement": "A claims file (its Conformance Statement), each claim of which is verified",
}

# What a target is held to when it is named on the command line and nothing else is said of it.
ORDINARY_PACS = ("verification", "storage", "find", "move", "get")


def unknown_claim(claim: str) -> str | None:
    """A sentence about a claim that does not exist, or None when it does."""
    if claim in CLAIMS:
        return None
    near = difflib.get_close_matches(claim, CLAIMS, n=1)
    meant = f"did you mean {near[0]!r}?" if near else f"known claims are {', '.join(CLAIMS)}"
    return f"{claim!r} is no claim; {meant}"
