"""Traceability: requirement → clause → check → verdict → evidence.

The requirements are those of `stepwedge.requirements`, as they are when the report is drawn.  What
no check of the run verifies stands at the end, with the reason: only for services that the run
touched, for the others say nothing of it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stepwedge.events import CheckFinished
from stepwedge.reports.model import RunView
from stepwedge.requirements import Requirement, of_checks, requirements

FILE = "traceability.csv"
NOT_TESTED = "not tested"

COLUMNS = (
    "requirement",
    "clause",
    "edition",
    "level",
    "text",
    "condition",
    "claim",
    "check",
    "sentence",
    "parameter",
    "verdict",
    "expected",
    "observed",
    "reason",
    "evidence",
    "repeat",
)


@dataclass(frozen=True, slots=True)
class Traced:
    """A requirement and the checks of a run that verify it.

    A check that the table does not know, from an older or a private suite, is its own requirement.
    """

    id: str
    clause: str
    edition: str
    level: str
    text: str
    condition: str = ""
    checks: list[CheckFinished] = field(default_factory=list)


def traced(view: RunView) -> list[Traced]:
    """The requirements that the run looked at, in the order of the standard's parts and clauses."""
    known = of_checks(requirements())
    rows: dict[str, Traced] = {}
    for check in view.checks:
        row = known.get(check.id)
        key = row.id if row else check.id
        if key not in rows:
            rows[key] = _of_table(row) if row else _of_check(check)
        rows[key].checks.append(check)
    for one in rows.values():
        one.checks.sort(key=lambda check: (check.id, check.parameter))
    return sorted(rows.values(), key=lambda row: (clause_order(row.clause), row.id))


def untested(view: RunView) -> list[Requirement]:
    """The requirements on the services of the run that no check verifies."""
    services = {check.service for check in view.checks}
    rows = [r for r in requirements() if r.service in services and not r.is_covered]
    return sorted(rows, key=lambda row: (clause_order(row.clause), row.id))


def _of_table(row: Requirement) -> Traced:
    return Traced(row.id, row.clause, row.edition, row.level, row.text, row.condition)


def _of_check(check: CheckFinished) -> Traced:
    return Traced("", check.clause, check.edition, str(check.level), check.sentence)


def clause_order(clause: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which PS3.4 C.4.2 comes before PS3.4 C.4.10, and PS3.4 before PS3.15."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in re.findall(r"\d+|[^\d.\s]+", clause)
    )


def write(view: RunView, folder: Path) -> Path:
    """Writes `traceability.csv` (RFC 4180, UTF-8 with a byte order mark, which Excel needs)."""
    path = folder / FILE
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(
            {name: inert(str(value)) for name, value in row.items()} for row in _cells(view)
        )
    return path


def _cells(view: RunView) -> Iterator[dict[str, object]]:
    for row in traced(view):
        for check in row.checks:
            yield {
                "requirement": row.id,
                "clause": check.clause,
                "edition": check.edition,
                "level": check.level,
                "text": row.text,
                "condition": row.condition,
                "claim": check.claim,
                "check": check.id,
                "sentence": check.sentence,
                "parameter": check.parameter,
                "verdict": check.verdict,
                "expected": check.expected,
                "observed": check.observed,
                "reason": check.reason,
                "evidence": " ".join(check.evidence),
                "repeat": check.repeat,
            }
    for gap in untested(view):
        yield {
            "requirement": gap.id,
            "clause": gap.clause,
            "edition": gap.edition,
            "level": gap.level,
            "text": gap.text,
            "condition": gap.condition,
            "verdict": NOT_TESTED,
            "reason": gap.untested,
        }


def inert(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: what a server answered may begin with `=`."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
