"""Where in what the target said its offence is: the field that a check names, or what shows it.

A check names the offending field in the standard's words, by tag, keyword or name.  A field that is
there is marked where it was said last.  An Identifier is no field: of it, what was observed names
the values or attributes that should not be there.  What is missing can be marked nowhere; then the
response is marked that should have had it, on the last association that we opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword

if TYPE_CHECKING:
    from stepwedge.reports.conversation import Conversation, Field, Pdu

_TAG = re.compile(r"\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)")
_RANGE = re.compile(rf"{_TAG.pattern} to {_TAG.pattern}")
_UID = re.compile(r"\b[0-9]+(?:\.[0-9]+){2,}\b")
_KEYWORD = re.compile(r"\b[A-Z][A-Za-z]+\b")
# What answers a request, and says that something is missing by not having it.
_ANSWERS = ("P-DATA-TF", "A-ASSOCIATE-AC", "A-ASSOCIATE-RJ")

Marks = Callable[["Field"], bool]


@dataclass(frozen=True, slots=True)
class Decided:
    """The PDU that decided a verdict, and what of it is marked; nothing where it is missing."""

    index: int
    marks: Marks


def same_field(name: str, offending: str) -> bool:
    """True when a decoded field is the one that a check speaks of."""
    theirs = _tags(offending)
    ours = _tags(name)
    if ours and theirs:
        return ours[-1] in theirs
    return _plain(name) == _plain(offending)


def named(talk: Conversation, offending: str, observed: str) -> Decided | None:
    """Where the offending field is among what the target said, or what was observed of it."""
    if not offending:
        return None
    for pdu_marks, marks in _ways(offending, observed):
        found = [
            index
            for index, pdu in _said(talk)
            if pdu_marks(pdu) or any(map(marks, _every(pdu.fields)))
        ]
        if found:
            return Decided(found[-1], marks)
    return None


def answer(talk: Conversation, offending: str) -> Decided | None:
    """The last answer of the target, which has not what it should have."""
    found = [index for index, pdu in _said(talk) if pdu.name in _ANSWERS]
    return Decided(found[-1], _nothing) if offending and found else None


def _ways(offending: str, observed: str) -> Iterator[tuple[Callable[[Pdu], bool], Marks]]:
    yield (
        lambda pdu: _plain(pdu.name) == _plain(offending),
        lambda field: same_field(field.name, offending),
    )
    # What is missing is said nowhere, or where it is in order.
    seen = ";".join(part for part in observed.split(";") if "missing" not in part)
    tags, uids = set(_written(seen)), set(_UID.findall(seen))
    if tags or uids:
        yield (
            lambda pdu: False,
            lambda field: bool(
                tags.intersection(_written(field.name))
                or uids.intersection(_UID.findall(field.value))
            ),
        )


def _said(talk: Conversation) -> Iterator[tuple[int, Pdu]]:
    theirs = "to-client" if talk.we_requested else "to-server"
    return ((index, pdu) for index, pdu in enumerate(talk.pdus) if pdu.direction == theirs)


def _every(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _every(field.fields)


def _nothing(field: Field) -> bool:
    return False


def _written(text: str) -> list[int]:
    return [int(group + element, 16) for group, element in _TAG.findall(text)]


def _tags(text: str) -> list[int]:
    """The tags in a text and within its ranges; those of its keywords where there is none."""
    found = _written(text)
    for ends in _RANGE.findall(text):
        first, last = int(ends[0] + ends[1], 16), int(ends[2] + ends[3], 16)
        found += range(first + 1, last)
    return found or [tag for word in _KEYWORD.findall(text) if (tag := tag_for_keyword(word))]


def _plain(name: str) -> str:
    return re.sub(r"\([^)]*\)|[^a-z0-9]", "", name.casefold())
