"""Traceability: requirement ↔ clause ↔ check ↔ verdict ↔ evidence, one row a check that ended."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from stepwedge.events import CheckFinished
from stepwedge.reports.model import RunView
from stepwedge.verdicts import Level, Verdict

FILE = "traceability.csv"

COLUMNS = (
    "clause",
    "edition",
    "level",
    "requirement",
    "claim",
    "check",
    "parameter",
    "verdict",
    "expected",
    "observed",
    "reason",
    "evidence",
    "repeat",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement, the check that looked at it, and what came of it."""

    clause: str
    level: Level
    requirement: str
    check: str
    verdict: Verdict
    evidence: list[str]
    node: str


def rows(view: RunView) -> list[Row]:
    """All rows, in the order of the standard's parts and clauses."""
    return [
        Row(
            clause=check.clause,
            level=check.level,
            requirement=check.sentence,
            check=f"{check.id} [{check.parameter}]" if check.parameter else check.id,
            verdict=check.verdict,
            evidence=check.evidence,
            node=check.node,
        )
        for check in _by_clause(view)
    ]


def _by_clause(view: RunView) -> list[CheckFinished]:
    return sorted(view.checks, key=lambda check: (clause_order(check.clause), check.id))


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
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for check in _by_clause(view):
            writer.writerow(
                [
                    inert(value)
                    for value in (
                        check.clause,
                        check.edition,
                        check.level,
                        check.sentence,
                        check.claim,
                        check.id,
                        check.parameter,
                        check.verdict,
                        check.expected,
                        check.observed,
                        check.reason,
                        " ".join(check.evidence),
                        check.repeat,
                    )
                ]
            )
    return path


def inert(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: what a server answered may begin with `=`."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
