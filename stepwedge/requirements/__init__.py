"""Requirements as data: what the standard asks of a server, and what of it is checked.

One TOML file a service.  Its head gives what its rows have in common; a row is

    [[requirement]]
    id = "query.universal"                # permanent: service, then topic
    clause = "PS3.4 C.2.2.2.3"            # read in `edition`
    level = "shall"                       # shall, should, may
    text = "A key without a value …"      # our paraphrase, one sentence
    condition = "…"                       # when it applies, beyond that of the file
    checks = ["FIND-033"]                 # verify it, under this very clause
    also = ["MWL-012"]                    # show it too, under another clause
    untested = "…"                        # why no check verifies it, instead of `checks`

*May* holds what the standard leaves open and a good server does; only checks of quality verify it.
`problems` says where table and checks have gone apart.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from stepwedge.checks import Check
from stepwedge.errors import StepwedgeError

LEVELS: Final = ("may", "should", "shall")
# How strict a check may be at most under a requirement of each level.
_RANK: Final = {"quality": 0, "may": 0, "should": 1, "shall": 2}
_HEAD: Final = ("service", "edition", "actor", "condition", "untested")
_ROW: Final = ("id", "clause", "level", "text", "actor", "condition", "checks", "also", "untested")
_NEEDED: Final = ("id", "clause", "level", "text")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement; `checks` verify it, or `untested` says why none does."""

    id: str
    service: str
    clause: str
    edition: str
    level: str
    text: str
    actor: str
    condition: str = "always"
    checks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    untested: str = ""

    @property
    def is_covered(self) -> bool:
        """Whether a check verifies it."""
        return bool(self.checks)


@cache
def requirements() -> tuple[Requirement, ...]:
    """The whole table, in the order of its files.  Raises StepwedgeError when it cannot be read."""
    tables = sorted(
        (entry for entry in files(__name__).iterdir() if entry.name.endswith(".toml")),
        key=lambda entry: entry.name,
    )
    rows: list[Requirement] = []
    for table in tables:
        rows += read(table.name, table.read_text(encoding="utf-8"))
    return tuple(rows)


def read(name: str, text: str) -> list[Requirement]:
    """The rows of one table.  Raises StepwedgeError, naming the row and what is wrong with it."""
    try:
        head = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StepwedgeError(f"{name} is no TOML: {error}") from None
    rows = head.pop("requirement", [])
    _only_known(name, head, _HEAD)
    return [_row(name, head, row) for row in rows]


def _row(name: str, head: Mapping[str, Any], row: Mapping[str, Any]) -> Requirement:
    where = f"{name}: requirement {row.get('id', 'without id')}"
    _only_known(where, row, _ROW)
    missing = [key for key in _NEEDED if not row.get(key)]
    if missing:
        raise StepwedgeError(f"{where} has no {' and no '.join(missing)}")
    if row["level"] not in LEVELS:
        raise StepwedgeError(
            f"{where}: {row['level']!r} is no level", f"levels are {', '.join(LEVELS)}"
        )
    merged: dict[str, Any] = {**head, **row}
    for key in ("checks", "also"):
        merged[key] = tuple(merged.get(key, ()))
    return Requirement(**merged)


def _only_known(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise StepwedgeError(f"{where}: unknown {unknown[0]!r}", f"known are {', '.join(known)}")


def of_checks(rows: Iterable[Requirement]) -> dict[str, Requirement]:
    """Check id → the requirement that it verifies."""
    return {id: row for row in rows for id in row.checks}


def problems(rows: Iterable[Requirement], checks: Mapping[str, tuple[Check, str]]) -> list[str]:
    """Sentences about where the table and the checks (id → check and service) differ.

    Services that have no table yet are not held against their checks: `without_table` names them.
    """
    rows = tuple(rows)
    found = _of_ids(rows)
    for row in rows:
        if row.is_covered == bool(row.untested):
            both = "both checks and" if row.is_covered else "neither checks nor"
            found.append(f"{row.id} has {both} a reason why it is untested")
        for id in row.also:
            if id not in checks:
                found.append(f"{row.id} names {id} besides, which no check is called")
        for id in row.checks:
            if id not in checks:
                found.append(f"{row.id} names {id}, which no check is called")
            else:
                found += _differences(row, *checks[id])
    tables = {row.service for row in rows}
    verified = of_checks(rows)
    found += [
        f"{id} verifies no requirement: add it to stepwedge/requirements/{service}.toml"
        for id, (_, service) in checks.items()
        if service in tables and id not in verified
    ]
    return found


def without_table(
    rows: Iterable[Requirement], checks: Mapping[str, tuple[Check, str]]
) -> list[str]:
    """The services that have checks but no table of requirements."""
    tables = {row.service for row in rows}
    return sorted({service for _, service in checks.values()} - tables)


def _of_ids(rows: Iterable[Requirement]) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    claimed: dict[str, str] = {}
    for row in rows:
        if row.id in seen:
            found.append(f"{row.id} stands twice")
        seen.add(row.id)
        for id in row.checks:
            if id in claimed:
                found.append(f"{id} is named by {claimed[id]} and by {row.id}")
            claimed[id] = row.id
    return found


def _differences(row: Requirement, check: Check, service: str) -> list[str]:
    found = []
    if check.clause != row.clause:
        found.append(f"{row.id} cites {row.clause}, its check {check.id} {check.clause}")
    if check.edition != row.edition:
        found.append(f"{row.id} cites edition {row.edition}, its check {check.id} {check.edition}")
    if service != row.service:
        found.append(f"{row.id} is of {row.service}, its check {check.id} of {service}")
    if _RANK[str(check.level)] > _RANK[row.level]:
        found.append(f"{row.id} is a {row.level}, its check {check.id} a {check.level}")
    return found
