"""The Conformance Statement of the target beside what was seen of it, claim by claim."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stepwedge.events import ClaimJudged
from stepwedge.reports.model import RunView
from stepwedge.reports.traceability import inert
from stepwedge.verdicts import Standing, Verdict

FILE = "claims.csv"

# The verdict whose shape and colour a standing takes.
SHAPES = {
    Standing.BROKEN: Verdict.FAIL,
    Standing.KEPT: Verdict.PASS,
    Standing.COOPERATION: Verdict.BLOCKED,
    Standing.NOT_VERIFIABLE: Verdict.BLOCKED,
    Standing.SUGGESTED: Verdict.NOT_CLAIMED,
}
# Worst first: the order in which a reader needs them.
ORDER = tuple(SHAPES)

# Kinds whose rows are a matrix: subjects down, aspects across.
_MATRIX = ("key",)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Behaviour that was seen of several subjects alike, and is not claimed."""

    kind: str
    aspect: str
    seen: str
    subjects: list[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """All claims of one kind; `aspects` are the columns of a matrix, empty for a plain table."""

    name: str
    claims: list[ClaimJudged]
    aspects: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Standing]:
        """How many claims stand how."""
        return Counter(claim.standing for claim in self.claims)

    @property
    def matrix(self) -> list[tuple[str, list[ClaimJudged | None]]]:
        """Each subject with its claim under each aspect."""
        cells: dict[str, dict[str, ClaimJudged]] = {}
        for claim in self.claims:
            cells.setdefault(claim.subject, {})[claim.aspect] = claim
        return [(subject, [row.get(a) for a in self.aspects]) for subject, row in cells.items()]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a page shows of the claims of a run."""

    broken: list[ClaimJudged]
    kinds: list[Kind]
    suggestions: list[Suggestion]
    counts: Counter[Standing]

    def __bool__(self) -> bool:
        return bool(self.counts)


def statement(view: RunView) -> Statement:
    """The claims of a run, gathered for reading."""
    claims = [one for one in view.judged_claims if one.standing is not Standing.SUGGESTED]
    by_kind: dict[str, list[ClaimJudged]] = {}
    for claim in claims:
        by_kind.setdefault(claim.kind, []).append(claim)
    kinds = [
        Kind(
            name,
            sorted(some, key=lambda one: ORDER.index(one.standing)),
            list(dict.fromkeys(one.aspect for one in some)) if name in _MATRIX else [],
        )
        for name, some in by_kind.items()
    ]
    return Statement(
        broken=[one for one in claims if one.standing is Standing.BROKEN],
        kinds=kinds,
        suggestions=_suggestions(view.judged_claims),
        counts=Counter(one.standing for one in view.judged_claims),
    )


def _suggestions(claims: Iterable[ClaimJudged]) -> list[Suggestion]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in claims:
        if one.standing is Standing.SUGGESTED:
            groups.setdefault((one.kind, one.aspect, one.seen), []).append(one.subject)
    return [Suggestion(*key, subjects) for key, subjects in groups.items()]


def write(view: RunView, folder: Path) -> Path | None:
    """Writes `claims.csv`, every claim a row; None when the run judged none."""
    if not view.judged_claims:
        return None
    path = folder / FILE
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("kind", "subject", "aspect", "claimed", "seen", "standing", "check"))
        for one in view.judged_claims:
            row = (
                one.kind, one.subject, one.aspect, one.claimed, one.seen, one.standing, one.check,
            )  # fmt: skip
            writer.writerow([inert(str(cell)) for cell in row])
    return path
