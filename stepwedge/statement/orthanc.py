"""Reads the conformance text that Orthanc's sources carry (`DicomConformanceStatement.txt`).

Sections under lines of dashes are called `Store SCP Conformance` and the like; in them each line
`Name | UID` is a SOP class.  The last section lists the transfer syntaxes of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepwedge.errors import UsageError
from stepwedge.statement import names
from stepwedge.statement.model import Offer, Product, Statement

_HEADING = re.compile(r"^(Echo|Store|Find|Move|Get) (SCP|SCU) Conformance$")
_ROW = re.compile(r"^\s+(\w+)\s*\|\s*([0-9.]+)\s*$")
_ALSO = re.compile(r'listed in the "(\w+) (SCP|SCU) Conformance"')
_SYNTAXES = "Transfer Syntaxes"


def read_orthanc(text: str, source: str) -> tuple[Statement, list[str]]:
    """The statement, and notes on what could not be taken over.  Raises UsageError."""
    classes: dict[tuple[str, str], list[str]] = {}
    syntaxes: list[str] = []
    notes: list[str] = []
    for section, line in _lines(text):
        row = _ROW.match(line)
        if row is None:
            also = _ALSO.search(line)
            if also and section[0] == also[1]:
                classes[section] = list(classes.get((also[1], also[2]), []))
            continue
        resolve = names.transfer_syntax if section[0] == _SYNTAXES else names.sop_class
        try:
            uid = resolve(row[2])
        except ValueError as problem:
            notes.append(f"left out {row[1]}: {row[2]} {problem}")
            continue
        if section[0] == _SYNTAXES:
            syntaxes.append(uid)
        elif section[0]:
            classes.setdefault(section, []).append(uid)
    if not classes or not syntaxes:
        missing = "transfer syntaxes" if classes else "SOP classes"
        raise UsageError(
            f"{source} names no {missing} in the form of Orthanc's DicomConformanceStatement.txt",
            'expected sections such as "Store SCP Conformance" with lines "Name | UID"',
        )
    offers = []
    for role in ("SCP", "SCU"):
        uids = [uid for (_, held), some in classes.items() if held == role for uid in some]
        if uids:
            offers.append(Offer(classes=tuple(uids), role=role, transfer_syntaxes=("all",)))
    notes.append("it says nothing of keys, limits, statuses and character sets: add what is known")
    return (
        Statement(
            product=Product(name="Orthanc", source=source),
            offers=tuple(offers),
            sets={"all": tuple(syntaxes)},
        ),
        notes,
    )


def _lines(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Each line with the section that it stands in: service and role."""
    section = ("", "")
    previous = ""
    for line in text.splitlines():
        if set(line.strip()) == {"-"} and previous.strip():
            heading = _HEADING.match(previous.strip())
            section = (heading[1], heading[2]) if heading else (previous.strip(), "")
        yield section, line
        previous = line
