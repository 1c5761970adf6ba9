"""Names of SOP classes, transfer syntaxes, attributes and character sets, as people write them.

All of PS3.6.  A SOP class or transfer syntax is named by its UID, its name or its keyword; an
attribute by its keyword or its tag.  What is not known is answered by what was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import cache

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import (
    DicomDictionary,
    dictionary_VR,
    keyword_for_tag,
    tag_for_keyword,
)
from pydicom.uid import UID

from stepwedge.tls import PROFILES

# UIDs below this root are the standard's own; PS3.6 lists them all.
DICOM_ROOT = "1.2.840.10008."

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
STEP = "1.2.840.10008.3.1.2.3.3"
STEP_RETRIEVE = "1.2.840.10008.3.1.2.3.4"

# The Query/Retrieve information models: name in a claims file → their FIND, MOVE and GET classes.
FIND = {
    "patient-root": "1.2.840.10008.5.1.4.1.2.1.1",
    "study-root": "1.2.840.10008.5.1.4.1.2.2.1",
    "worklist": WORKLIST,
}
MOVE = {
    "patient-root": "1.2.840.10008.5.1.4.1.2.1.2",
    "study-root": "1.2.840.10008.5.1.4.1.2.2.2",
}
GET = {
    "patient-root": "1.2.840.10008.5.1.4.1.2.1.3",
    "study-root": "1.2.840.10008.5.1.4.1.2.2.3",
}
# The levels of each model (PS3.4 C.6.1.1, C.6.2.1); a worklist has none.
LEVELS = {
    "patient-root": ("PATIENT", "STUDY", "SERIES", "IMAGE"),
    "study-root": ("STUDY", "SERIES", "IMAGE"),
    "worklist": ("WORKLIST",),
}

# PS3.3 C.12.1.1.2: the Defined Terms of Specific Character Set.
CHARACTER_SETS = (
    *("ISO_IR 6", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 144"),
    *("ISO_IR 127", "ISO_IR 126", "ISO_IR 138", "ISO_IR 148", "ISO_IR 203", "ISO_IR 13"),
    *("ISO_IR 166", "ISO_IR 192", "GB18030", "GBK"),
    *("ISO 2022 IR 6", "ISO 2022 IR 100", "ISO 2022 IR 101", "ISO 2022 IR 109"),
    *("ISO 2022 IR 110", "ISO 2022 IR 144", "ISO 2022 IR 127", "ISO 2022 IR 126"),
    *("ISO 2022 IR 138", "ISO 2022 IR 148", "ISO 2022 IR 203", "ISO 2022 IR 13"),
    *("ISO 2022 IR 166", "ISO 2022 IR 87", "ISO 2022 IR 159", "ISO 2022 IR 149"),
    "ISO 2022 IR 58",
)

# PS3.6 lists these in a table of meta classes, or another product writes them so.
_MORE = {"verificationsopclass": VERIFICATION}


def name(uid: str) -> str:
    """The name of a UID in PS3.6, or the UID itself; retired ones may share it with another."""
    entry = UID_dictionary.get(uid)
    retired = entry is not None and entry[3] and "etired" not in entry[0]
    return f"{UID(uid).name}{' (retired)' if retired else ''}"


def is_storage(uid: str) -> bool:
    """True for a SOP class of the Storage service class (PS3.4 B.5), retired ones included."""
    entry = UID_dictionary.get(uid)
    if entry is None or entry[1] != "SOP Class":
        return False
    return "Storage" in entry[0] and not any(w in entry[0] for w in ("Commitment", "Directory"))


def sop_class(text: str) -> str:
    """The UID of a SOP class.  Raises ValueError that says what was probably meant."""
    return _uid(text, "SOP class", ("SOP Class", "Meta SOP Class"))


def transfer_syntax(text: str) -> str:
    """The UID of a transfer syntax.  Raises ValueError likewise."""
    return _uid(text, "transfer syntax", ("Transfer Syntax",))


def attribute(text: str) -> str:
    """The keyword of an attribute, given its keyword or tag; nested ones are parted by dots.

    Raises ValueError likewise.
    """
    return ".".join(_keyword(part) for part in text.split("."))


def vr_of(keyword: str) -> str:
    """The value representation of an attribute, of the innermost one of a nested key."""
    return str(dictionary_VR(keyword.rpartition(".")[2])).partition(" or ")[0]


def character_set(text: str) -> str:
    """A Defined Term of Specific Character Set; raises ValueError likewise."""
    if text in CHARACTER_SETS:
        return text
    raise ValueError(f"is no Defined Term of PS3.3 C.12.1.1.2{meant(text, CHARACTER_SETS)}")


def tls_profile(text: str) -> str:
    """The Secure Transport Connection Profile (PS3.15 Annex B) of this name, clause or short name.

    Raises ValueError likewise.
    """
    found = _profiles().get(_told(text))
    if found is None:
        titles = ", ".join(repr(profile.title) for profile in PROFILES.values())
        raise ValueError(f"is no Secure Transport Connection Profile of PS3.15; known are {titles}")
    return found


# What the name of a profile is told by; the RFCs of B.12 and B.13 come in several spellings.
_WORDS_OF_A_PROFILE = re.compile(r"modified|non|downgrading|extended|bcp|195|aes|basic|8996|9325")


def _told(text: str) -> str:
    clause = re.fullmatch(r"(?:ps3\.15 )?b\.\d+", text.strip().lower())
    if clause:
        return clause[0].removeprefix("ps3.15 ")
    words = {
        "rfc" if word.isdigit() and len(word) == 4 else word
        for word in _WORDS_OF_A_PROFILE.findall(text.lower())
    }
    return " ".join(sorted(words))


@cache
def _profiles() -> dict[str, str]:
    known = {}
    for key, profile in PROFILES.items():
        for text in (key, profile.title, profile.clause):
            known[_told(text)] = key
    return known


def meant(text: str, known: Iterable[str]) -> str:
    """ "; did you mean …?", or nothing when nothing is near."""
    near = difflib.get_close_matches(text, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def _uid(text: str, what: str, kinds: tuple[str, ...]) -> str:
    known = _known(kinds)
    if re.fullmatch(r"[0-9.]+", text):
        if text in known.values():
            return text
        if UID_dictionary.get(text):
            raise ValueError(f"is {name(text)}, which is no {what}")
        if not UID(text).is_valid:
            raise ValueError("is no valid UID (PS3.5 9.1)")
        if text.startswith(DICOM_ROOT):
            near = difflib.get_close_matches(text, known.values(), n=1, cutoff=0.8)
            more = f"; did you mean {near[0]} ({name(near[0])})?" if near else ""
            raise ValueError(f"is no {what} of PS3.6{more}")
        return text  # a private one
    found = known.get(_plain(text))
    if found is not None:
        return found
    near = difflib.get_close_matches(_plain(text), known, n=1, cutoff=0.6)
    more = f"; did you mean {name(known[near[0]])!r}?" if near else ""
    raise ValueError(f"is no {what} of PS3.6{more}")


@cache
def _known(kinds: tuple[str, ...]) -> dict[str, str]:
    """Plain names and keywords → UID, for the kinds of UID of PS3.6."""
    known = {}
    for uid, (title, kind, _, _, keyword) in UID_dictionary.items():
        if kind in kinds:
            bare = re.sub(r"\(retired\)|:.*", "", title, flags=re.IGNORECASE)
            known[_plain(bare)] = uid
            known[_plain(title)] = uid
            known[_plain(keyword)] = uid
    return known | (_MORE if "SOP Class" in kinds else {})


def _plain(text: str) -> str:
    """A name without case, spaces and punctuation; `SOP Class` at its end says nothing."""
    return re.sub(r"[^a-z0-9]", "", text.lower()).removesuffix("sopclass") or text


def _keyword(text: str) -> str:
    match = re.fullmatch(r"\(?([0-9A-Fa-f]{4}),?\s*([0-9A-Fa-f]{4})\)?", text.strip())
    if match:
        found = keyword_for_tag(int(match[1] + match[2], 16))
        if not found:
            raise ValueError(f"{text} is no tag of PS3.6")
        return str(found)
    if tag_for_keyword(text) is not None:
        return text
    near = difflib.get_close_matches(_plain(text), _keywords(), n=1, cutoff=0.6)
    more = f"; did you mean {_keywords()[near[0]]!r}?" if near else ""
    raise ValueError(f"{text!r} is no keyword or tag of PS3.6{more}")


@cache
def _keywords() -> dict[str, str]:
    return {entry[4].lower(): entry[4] for entry in DicomDictionary.values() if entry[4]}


Resolver = Callable[[str], str]
