"""Attribute matching of PS3.4 C.2.2.2 over the model: the truth that answers are compared with.

It knows nothing of any server and nothing of data sets: entities tell their attributes, a query is
keywords and values, and the result says which entities every conforming server returns
(`required`) and which one it may return besides (`optional`): a name that differs only by case or
accent, an attribute whose value is unknown, a time of lower precision.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from stepwedge.errors import UsageError

Keys = Mapping[str, Any]

# PS3.4 C.2.2.2.4: the VRs that wild card matching applies to.
_WILDCARD = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGE = frozenset({"DA", "TM", "DT"})
_NUMERIC = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD"})

# A time of lower precision is a span: its first and its last moment.
_TIME_LOW, _TIME_HIGH = "000000.000000", "235959.999999"

# These pairs are matched as one moment when combined date-time matching was negotiated (C.5).
_PAIRS = {
    "StudyDate": "StudyTime",
    "SeriesDate": "SeriesTime",
    "PatientBirthDate": "PatientBirthTime",
}


class Match(IntEnum):
    """How an entity stands to a query."""

    NO = 0
    OPTIONAL = 1
    REQUIRED = 2


@dataclass(frozen=True)
class Answer:
    """What a server should answer: identifiers of entities at `level`.

    The identifiers are values of the level's unique key: Patient ID, or the UID.  `shared` are
    those of more than one entity, which may come more than once: one Patient ID of two issuers.
    """

    level: str
    required: frozenset[str]
    optional: frozenset[str]
    shared: frozenset[str] = frozenset()

    def problem(self, observed: Iterable[str]) -> str:
        """What is wrong with a list of identifiers, in words; empty when it is a right answer."""
        answers = list(observed)
        seen = set(answers)
        faults = []
        if missing := self.required - seen:
            faults.append(f"{len(missing)} missing: {_some(missing)}")
        if surplus := seen - self.required - self.optional:
            faults.append(f"{len(surplus)} that do not match: {_some(surplus)}")
        if twice := {a for a in seen - self.shared if answers.count(a) > 1}:
            faults.append(f"returned more than once: {_some(twice)}")
        return "; ".join(faults)


def match(attributes: Keys, keys: Keys, *, combined: bool = False) -> Match:
    """How an entity with `attributes` stands to the query `keys`; both are by keyword.

    `combined` is true when combined date-time matching was negotiated (PS3.4 C.5.1.1).
    Raises `UsageError` for a keyword that DICOM does not have, or that the entity cannot tell.
    """
    result = Match.REQUIRED
    done: set[str] = set()
    if combined:
        for date, time in _PAIRS.items():
            if keys.get(date) and keys.get(time):
                done |= {date, time}
                result = min(result, _moment(attributes, keys, date, time))
    for keyword, key in keys.items():
        if keyword in done:
            continue
        if tag_for_keyword(keyword) is None:
            raise UsageError(f"{keyword!r} is not a keyword of DICOM", "see PS3.6")
        if keyword not in attributes:
            if _text(key) == "":
                continue
            raise UsageError(
                f"the model does not tell {keyword} at this level",
                f"it tells: {', '.join(sorted(attributes))}",
            )
        result = min(result, _attribute(dictionary_VR(keyword), attributes[keyword], key))
        if result is Match.NO:
            break
    return result


def keys_of(identifier: Keys | Dataset) -> dict[str, Any]:
    """A query as keywords and values, from a mapping or from an Identifier data set.

    Query/Retrieve Level and Specific Character Set are no keys and are left out.
    """
    if isinstance(identifier, Dataset):
        pairs = {element.keyword: element.value for element in identifier}
    else:
        pairs = dict(identifier)
    skipped = ("QueryRetrieveLevel", "SpecificCharacterSet", "TimezoneOffsetFromUTC")
    return {keyword: key for keyword, key in pairs.items() if keyword not in skipped}


def _attribute(vr: str, value: Any, key: Any) -> Match:
    """One key against one attribute, whose `value` is None when the entity does not have it."""
    if vr == "SQ":
        return _sequence(value, key)
    wanted = _text(key)
    if wanted == "":
        return Match.REQUIRED  # universal matching, C.2.2.2.3
    values = [_text(v) for v in value] if isinstance(value, list | tuple) else [_text(value)]
    if all(v == "" for v in values):
        # An unknown value: C.2.2.1.2 calls it a match, servers disagree, and so it is optional.
        return Match.OPTIONAL
    if vr == "UI":
        listed = set(wanted.split("\\"))  # list of UID matching, C.2.2.2.2
        return Match.REQUIRED if listed & set(values) else Match.NO
    if "\\" in wanted and vr not in ("LT", "ST", "UT"):
        # Several values are not asked of a server except for UIDs; some take them as "one of".
        best = max(_one(vr, v, part) for v in values for part in wanted.split("\\"))
        return min(best, Match.OPTIONAL)
    return max(_one(vr, v, wanted) for v in values)


def _one(vr: str, value: str, key: str) -> Match:
    """One value against one key, neither of them empty."""
    if vr in _RANGE:
        return _range(vr, value, key)
    if vr == "PN":
        return _name(value, key)
    if vr in _WILDCARD and ("*" in key or "?" in key):
        return _yes(_pattern(key).fullmatch(value) is not None)
    if vr in _NUMERIC:
        try:
            return _yes(float(value) == float(key))
        except ValueError:
            return Match.NO
    return _yes(value == key)


def _name(value: str, key: str) -> Match:
    """A Person Name: literally, or without regard to case, accent or component group."""
    if _name_matches(_tidy(value), _tidy(key)):
        return Match.REQUIRED
    folded_value, folded_key = _fold(_tidy(value)), _fold(_tidy(key))
    if _name_matches(folded_value, folded_key):
        return Match.OPTIONAL
    groups = [group for group in folded_value.split("=") if group]
    if len(groups) > 1 or "=" in folded_key:
        parts = [group for group in folded_key.split("=") if group]
        if any(_name_matches(group, part) for group in groups for part in parts):
            return Match.OPTIONAL
    return Match.NO


def _name_matches(value: str, key: str) -> bool:
    if "*" in key or "?" in key:
        return _pattern(key).fullmatch(value) is not None
    return value == key


def _tidy(name: str) -> str:
    """A Person Name without trailing delimiters and spaces (PS3.5 6.2.1.1)."""
    groups = [re.sub(r"[\^ ]+$", "", group) for group in name.split("=")]
    return "=".join(groups).rstrip("=")


def _fold(text: str) -> str:
    """Without case, accents, and the spaces about a component, which PN calls insignificant."""
    decomposed = unicodedata.normalize("NFKD", re.sub(r" *([\^=]) *", r"\1", text.strip()))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _pattern(key: str) -> re.Pattern[str]:
    """A wild card key as a regular expression: * any sequence, ? any one character (C.2.2.2.4)."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in key), re.DOTALL)


def _range(vr: str, value: str, key: str) -> Match:
    """Single value and range matching of DA, TM and DT (C.2.2.2.1, C.2.2.2.5)."""
    if "-" not in key or vr == "DT":
        if vr == "TM":
            return _same_time(value, key)
        return _yes(value == key)
    low, high = key.split("-", 1)
    if vr == "DA":
        return _yes((not low or value >= low) and (not high or value <= high))
    start = _pad(value, _TIME_LOW)
    if low and start < _pad(low, _TIME_LOW):
        return Match.NO
    if not high or start <= _pad(high, _TIME_LOW):
        # Where an unsaid second lies no clause tells: servers compare such a time as text, or as
        # the first moment of its span.
        precise = len(value.replace(":", "")) >= 6
        return Match.REQUIRED if precise else Match.OPTIONAL
    return Match.OPTIONAL if start <= _pad(high, _TIME_HIGH) else Match.NO


def _same_time(value: str, key: str) -> Match:
    if _pad(value, _TIME_LOW) == _pad(key, _TIME_LOW):
        return Match.REQUIRED
    shorter, longer = sorted((value, key), key=len)
    return Match.OPTIONAL if longer.startswith(shorter) else Match.NO


def _pad(time: str, filler: str) -> str:
    """A TM value in full precision; the retired form with colons is understood."""
    plain = time.replace(":", "")
    return plain + filler[len(plain) :]


def _moment(attributes: Keys, keys: Keys, date: str, time: str) -> Match:
    """Date and time keys as one range of moments (C.2.2.2.5.3 with combined matching)."""
    value_date, value_time = _text(attributes[date]), _text(attributes[time])
    if not value_date or not value_time:
        return Match.OPTIONAL
    value = value_date + _pad(value_time, _TIME_LOW)
    dates, times = _ends(_text(keys[date])), _ends(_text(keys[time]))
    low = dates[0] and dates[0] + _pad(times[0], _TIME_LOW)
    high = dates[1] and dates[1] + _pad(times[1] or _TIME_HIGH, _TIME_LOW)
    return _yes((not low or value >= low) and (not high or value <= high))


def _ends(key: str) -> tuple[str, str]:
    if "-" not in key:
        return key, key
    low, high = key.split("-", 1)
    return low, high


def _sequence(value: Any, key: Any) -> Match:
    """Sequence matching (C.2.2.2.6): some item of the entity matches all keys of the item."""
    items = list(key or [])
    if not items:
        return Match.REQUIRED
    wanted = keys_of(items[0])
    if all(_text(part) == "" for part in wanted.values()):
        return Match.REQUIRED
    if not value:
        return Match.OPTIONAL
    return max(match({**dict.fromkeys(wanted), **keys_of(entry)}, wanted) for entry in value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return "\\".join(str(part) for part in value)
    return str(value).strip(" \0")


def _yes(condition: bool) -> Match:
    return Match.REQUIRED if condition else Match.NO


def _some(identifiers: Iterable[str], most: int = 3) -> str:
    ordered = sorted(identifiers)
    more = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {more} more" if more > 0 else "")
