"""What a check is: an id, a clause, a level, a claim and the defects that prove it.

    @check("FIND-040", "PS3.4 C.2.2.2.2", SHALL, claim="find.study", defects=["find-uid-list-cut"])
    def test_uid_list(...):
        "A list of UIDs returns exactly the entities it names."

The id is permanent: it says the topic, never the position.  The docstring's first paragraph is the
line that reports show.  The decorator only attaches a `Check` to the function, so the core needs no
pytest; the plugin collects it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from stepwedge.verdicts import Level

SHALL, SHOULD, QUALITY = Level.SHALL, Level.SHOULD, Level.QUALITY

# The edition of the standard that clause numbers refer to, unless a clause says another.
EDITION = "2025a"

_ID = re.compile(r"[A-Z]{3,8}-[0-9]{3}")
_CLAUSE = re.compile(r"(PS3\.\d{1,2}|RFC \d+|IHE [A-Z]+|Stepwedge) \S.*")
_ATTRIBUTE = "__stepwedge_check__"

_F = TypeVar("_F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Check:
    """One observable requirement on a server.

    `claim` is the dotted capability that the target must claim for the check to apply
    (`find.study`; a target that claims `find` claims it too); an empty claim always applies.
    `defects` are switches of the reference server that must make this check fail.
    `allow` is what the target file must allow for it beside ordinary checks: "robustness" or
    "destructive".  `hint` is a DCMTK command line that shows the same behaviour by other means,
    where one exists.  `alone` is true of a check beside which no other can be served: it uses up
    what the target has, or may take it down.
    """

    id: str
    clause: str
    level: Level
    claim: str
    defects: tuple[str, ...]
    sentence: str
    hint: str = ""
    edition: str = EDITION
    allow: str = ""
    alone: bool = False

    @property
    def topic(self) -> str:
        """The first part of the id: FIND of FIND-040."""
        return self.id.split("-")[0]


def check(
    id: str,
    clause: str,
    level: Level,
    *,
    claim: str = "",
    defects: Iterable[str],
    hint: str = "",
    edition: str = EDITION,
    allow: str = "",
    alone: bool = False,
) -> Callable[[_F], _F]:
    """Declares a test function to be a check.

    Raises ValueError at import when the id, the clause or the docstring is not in the form that
    reports rely on: a mistake here is the author's, and must not wait for a run.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"check id {id!r}: expected a topic and three digits, such as FIND-040")
    if not _CLAUSE.fullmatch(clause):
        raise ValueError(f"{id}: clause {clause!r}: expected a part and a section, PS3.4 C.4.1")

    def mark(function: _F) -> _F:
        doc = inspect.getdoc(function) or ""
        sentence = " ".join(doc.split("\n\n")[0].split())
        if not sentence.endswith("."):
            raise ValueError(f"{id}: the docstring must begin with a sentence, read {sentence!r}")
        made = Check(
            id,
            clause,
            level,
            claim,
            tuple(defects),
            sentence,
            hint,
            edition,
            allow,
            alone=alone or bool(allow),
        )
        setattr(function, _ATTRIBUTE, made)
        return function

    return mark


def check_of(function: object) -> Check | None:
    """The check that a function was declared to be, or None."""
    return getattr(function, _ATTRIBUTE, None)


def is_claimed(claim: str, claims: Iterable[str]) -> bool:
    """True when `claims` hold `claim` itself or one of its parents (`find` claims `find.study`)."""
    if not claim:
        return True
    held = set(claims)
    parts = claim.split(".")
    return any(".".join(parts[:n]) in held for n in range(1, len(parts) + 1))
