"""The conversation behind a verdict, read from its evidence and made ready to be drawn as a ladder.

`evidence/<check>.conversation.json` holds what `stepwedge.wire.describe` saw: one entry a PDU.  The
forms here are the reading side of that file: fields that a newer version adds are passed over.
Which PDU decided the verdict, and what of it is marked, `offence` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stepwedge.record import UNREADABLE
from stepwedge.reports.offence import Decided

SUFFIX = ".conversation.json"


class Field(msgspec.Struct, frozen=True):
    """One thing that stands in the bytes, with what stands inside it."""

    name: str
    value: str = ""
    vr: str = ""
    offset: int | None = None
    length: int = 0
    problem: str = ""
    fields: list[Field] = []


class Pdu(msgspec.Struct, frozen=True):
    """One PDU, or the run of P-DATA-TFs that carry on one data set (`pdus` of them)."""

    at: float
    direction: str  # "to-server" or "to-client"; the client is the end that opened the connection
    name: str
    summary: str = ""
    length: int = 0
    fields: list[Field] = []
    problem: str = ""
    pdus: int = 1
    hex: str = ""  # its first bytes, two digits each, secrets as ··


class Conversation(msgspec.Struct, frozen=True):
    """All PDUs of one connection; `label` says what it was for, `peer` is the other end."""

    label: str = ""
    peer: str = ""
    we_requested: bool = True  # False: the target connected to our receiver
    pdus: list[Pdu] = []


_decode = msgspec.json.Decoder(Conversation | list[Pdu]).decode


@dataclass(frozen=True, slots=True)
class Line:
    """One field as a row of a table: how deep it is nested, and whether it is the offending one."""

    depth: int
    field: Field
    marked: bool


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of the ladder.  `since` is seconds since the conversation began."""

    since: float
    pdu: Pdu
    outgoing: bool  # we sent it
    marked: bool  # it decided the verdict
    lines: list[Line]
    dump: str

    @property
    def lacks(self) -> bool:
        """It decided the verdict by what is not in it."""
        return self.marked and not any(line.marked for line in self.lines)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A conversation ready to be drawn."""

    label: str
    peer: str
    file: str
    rungs: list[Rung]
    left_out: int = 0  # PDUs in the middle that are only in the file
    gap: int = 0  # the rung before which they would stand


def read(run: Path, path: str) -> Conversation | None:
    """Reads one evidence file of a run; None when it is no conversation, or cannot be read.

    A report must not fail because a piece of evidence is damaged: it then links to the file only.
    """
    if not path.endswith(SUFFIX):
        return None
    try:
        found = _decode((run / path).read_bytes())
    except (OSError, *UNREADABLE):
        return None
    return found if isinstance(found, Conversation) else Conversation(pdus=found)


def ladder(talk: Conversation, file: str, decided: Decided | None, most: int = 60) -> Ladder:
    """The ladder of a conversation of which at most `most` PDUs are drawn.

    Of a longer one the beginning and the end are drawn, and what decided the verdict.
    """
    ours = "to-server" if talk.we_requested else "to-client"
    decisive = -1 if decided is None else decided.index
    head = most // 2
    shown = [
        (index, pdu)
        for index, pdu in enumerate(talk.pdus)
        if index < head or index >= len(talk.pdus) - (most - head) or index == decisive
    ]
    began = talk.pdus[0].at if talk.pdus else 0.0
    return Ladder(
        label=talk.label,
        peer=talk.peer,
        file=file,
        rungs=[
            Rung(
                since=pdu.at - began,
                pdu=pdu,
                outgoing=pdu.direction == ours,
                marked=index == decisive,
                lines=list(_lines(pdu.fields, decided if index == decisive else None)),
                dump=dump(pdu.hex),
            )
            for index, pdu in shown
        ],
        left_out=len(talk.pdus) - len(shown),
        gap=sum(index < head for index, _ in shown),
    )


def _lines(fields: Sequence[Field], decided: Decided | None, depth: int = 0) -> Iterator[Line]:
    for field in fields:
        yield Line(depth, field, decided is not None and decided.marks(field))
        yield from _lines(field.fields, decided, depth + 1)


def dump(digits: str) -> str:
    """Pairs of hexadecimal digits as lines of sixteen, with offset and characters beside them."""
    pairs = digits.split()
    lines = []
    for start in range(0, len(pairs), 16):
        part = pairs[start : start + 16]
        text = "".join(_character(pair) for pair in part)
        columns = " ".join(part[:8]) + "  " + " ".join(part[8:])
        lines.append(f"{start:04x}  {columns:<49} {text}")
    return "\n".join(lines)


def _character(pair: str) -> str:
    try:
        code = int(pair, 16)
    except ValueError:
        return "·"  # a secret
    return chr(code) if 0x20 <= code < 0x7F else "."
