"""Reads the tables of a Conformance Statement as CSV, as dcm4chee publishes its own.

Each row says by its form what it is:

    "CT Image Storage", "1.2.840.10008.5.1.4.1.1.2", "No", "Yes"     name, UID, SCU, SCP
    "CT Image Storage", "Yes", "Yes"                                 name, SCU, SCP
    "RLE Lossless", "1.2.840.10008.1.2.5"                            transfer syntax
    "Study Level"                                                    level of the keys below it
    "Study Date", "0008,0020", "DA", "S,*,U,R"                       key, tag, VR, matching
    "Refused", "Out of Resources", "A700", "…"                       status
    "Latin alphabet No. 1", "ISO_IR 100", …                          character set
    "Implementation Class UID", "1.2.40.0.13.1.3"                    and other named values

Information model and service are told by the name of the file (`…study-root-c-find…`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from stepwedge.errors import UsageError
from stepwedge.statement import names
from stepwedge.statement.model import (
    APPLIES,
    Implementation,
    Limits,
    Offer,
    Product,
    Statement,
)

# Codes of the matching types, as the legend of the tables explains them.
_CODES = {
    "S": "single",
    "*": "wildcard",
    "R": "range",
    "U": "universal",
    "L": "list",
    "M": "multiple",
    "SQ": "sequence",
    "UNIQUE": "single",
}
_LEVELS = {"patient": "PATIENT", "study": "STUDY", "series": "SERIES", "image": "IMAGE"}
_MODELS = {"patient-root": "patient-root", "study-root": "study-root", "mwl": "worklist"}
_SERVICES = {"c-store": "store", "c-find": "find", "c-move": "move", "c-get": "get"}
_YES = {"yes": True, "no": False}

# Taken when the tables name no transfer syntax: the one that everybody must offer (PS3.5 10.1).
DEFAULT_SYNTAX = "1.2.840.10008.1.2"

Row = Sequence[str]


def read_tables(files: Iterable[Path]) -> tuple[Statement, list[str]]:
    """The statement that the tables make, and notes on what was left out.  Raises UsageError."""
    reader = _Tables()
    paths = list(files)
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = [
                    [cell.strip().strip("*") if cell.strip() != "*" else cell for cell in row]
                    for row in csv.reader(file, skipinitialspace=True)
                ]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"the table {path} cannot be read: {error}") from None
        reader.file(path.name.lower(), rows)
    statement = reader.statement(", ".join(path.name for path in paths))
    if not (statement.offers or statement.keys or statement.status or statement.character_sets):
        raise UsageError(
            "no row of these tables is a SOP class, key, status or character set",
            'expected rows such as "CT Image Storage", "1.2.840.10008.5.1.4.1.1.2", "No", "Yes"',
        )
    return statement, reader.notes


class _Tables:
    """What was read so far."""

    def __init__(self) -> None:
        self.roles: dict[str, set[str]] = {}
        self.syntaxes: dict[str, None] = {}
        self.keys: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {}
        self.status: dict[str, dict[str, None]] = {}
        self.charsets: dict[str, None] = {}
        self.values: dict[str, str] = {}
        self.notes: list[str] = []
        self._file = ""
        self._level = ""
        # Matching type and VR that it does not exist for → keys that are said to have it.
        self._impossible: dict[tuple[str, str], dict[str, None]] = {}

    def file(self, name: str, rows: Iterable[Row]) -> None:
        """Reads the rows of one file."""
        self._file, self._level = name, ""
        readers: tuple[Callable[[Row], bool], ...] = (
            self._heading, self._value, self._sop_class, self._key, self._status_row,
            self._charset, self._syntax,
        )  # fmt: skip
        for row in rows:
            if any(row):
                any(read(row) for read in readers)

    def statement(self, source: str) -> Statement:
        """All that was read, as one statement."""
        for (matching, vr), keywords in self._impossible.items():
            self.notes.append(
                f"{matching} matching does not exist for VR {vr} (PS3.4 C.2.2.2); left out for "
                + ", ".join(keywords)
            )
        offers = []
        syntaxes = tuple(self.syntaxes) or (DEFAULT_SYNTAX,)
        if self.roles and not self.syntaxes:
            self.notes.append(
                "no table names transfer syntaxes: Implicit VR Little Endian is written for every "
                "SOP class; add those of the statement"
            )
        for role in ("SCP", "SCU"):
            for stores in (True, False):
                uids = tuple(
                    uid
                    for uid, held in self.roles.items()
                    if role in held and names.is_storage(uid) is stores
                )
                used = syntaxes if stores else (DEFAULT_SYNTAX,)
                if uids:
                    offers.append(Offer(classes=uids, role=role, transfer_syntaxes=used))
        claimed = {uid for uid, held in self.roles.items() if "SCP" in held}
        for model in [one for one in self.keys if names.FIND[one] not in claimed]:
            offers.append(Offer(classes=(names.FIND[model],), transfer_syntaxes=(DEFAULT_SYNTAX,)))
        return Statement(
            product=Product(source=source),
            implementation=Implementation(
                class_uid=self.values.get("class_uid"),
                version_name=self.values.get("version_name"),
            ),
            limits=Limits.model_validate(
                {k: v for k, v in self.values.items() if k in Limits.model_fields}
            ),
            offers=tuple(offers),
            keys=self.keys,
            status={service: tuple(held) for service, held in self.status.items()},
            character_sets=tuple(self.charsets),
        )

    # -- what a row can be -----------------------------------------------------------------------

    def _heading(self, row: Row) -> bool:
        if any(row[1:]) or not row[0].lower().endswith((" level", " common")):
            return False
        word = row[0].split()[0].lower()
        self._level = "WORKLIST" if self._model() == "worklist" else _LEVELS.get(word, "")
        return True

    def _value(self, row: Row) -> bool:
        known = {
            "implementation class uid": "class_uid",
            "implementation version name": "version_name",
        }
        title = row[0].lower()
        if len(row) < 2:
            return False
        if title in known:
            if known[title] == "class_uid" or "x" not in row[1].lower().rpartition("-")[2]:
                self.values[known[title]] = row[1]
            return True
        if "simultaneous associations requested by peer" in title and row[1].isdigit():
            self.values["max_associations"] = row[1]
            return True
        if "maximum pdu" in title or "max pdu" in title:
            digits = re.sub(r"\D", "", row[1])
            if digits:
                self.values["max_pdu"] = digits
            return True
        return False

    def _sop_class(self, row: Row) -> bool:
        answers = [cell.lower() for cell in row]
        if len(row) == 4 and answers[2] in _YES and answers[3] in _YES:
            text, scu, scp = row[1], answers[2], answers[3]
        elif len(row) == 3 and answers[1] in _YES and answers[2] in _YES:
            text, scu, scp = row[0], answers[1], answers[2]
        else:
            return False
        try:
            uid = names.sop_class(text)
        except ValueError as problem:
            self.notes.append(f"left out {row[0]}: {text!r} {problem}")
            return True
        held = self.roles.setdefault(uid, set())
        held |= {role for role, answer in (("SCU", scu), ("SCP", scp)) if _YES[answer]}
        return True

    def _key(self, row: Row) -> bool:
        tag = re.sub(r"[(), ]", "", row[1]) if len(row) >= 4 else ""
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", tag):
            return False
        level = self._level
        if not level:
            return True  # of all levels, such as Specific Character Set: no key
        try:
            keyword = names.attribute(tag)
        except ValueError as problem:
            self.notes.append(f"left out the key {row[0]}: {problem}")
            return True
        codes = [code for code in re.split(r"[,\s]+", row[3].upper()) if code not in ("", "NONE")]
        held: dict[str, None] = {}
        for code in codes:
            matching = _CODES.get(code)
            applies = APPLIES.get(matching or "")
            if matching is None:
                self.notes.append(f"{row[0]}: {code!r} is no code of a matching type")
            elif applies is not None and names.vr_of(keyword) not in applies:
                impossible = (str(matching), names.vr_of(keyword))
                self._impossible.setdefault(impossible, {})[keyword] = None
            else:
                held[matching] = None
        keys = self.keys.setdefault(self._model(), {}).setdefault(level, {})
        keys[keyword] = tuple(held) or ("returned",)
        return True

    def _status_row(self, row: Row) -> bool:
        if len(row) < 3 or not re.fullmatch(r"[0-9A-Fa-f]{4}", row[2]):
            return False
        service = next((held for text, held in _SERVICES.items() if text in self._file), "")
        if service:
            self.status.setdefault(service, {})[row[2].upper()] = None
        else:
            self.notes.append(
                f"status {row[2]} left out: the name of its file tells no service "
                f"({', '.join(_SERVICES)})"
            )
        return True

    def _charset(self, row: Row) -> bool:
        terms = [cell for cell in row if cell in names.CHARACTER_SETS]
        self.charsets.update(dict.fromkeys(terms))
        return bool(terms)

    def _syntax(self, row: Row) -> bool:
        if len(row) < 2:
            return False
        try:
            self.syntaxes[names.transfer_syntax(row[1])] = None
        except ValueError:
            return False
        return True

    def _model(self) -> str:
        return next((m for text, m in _MODELS.items() if text in self._file), "study-root")
