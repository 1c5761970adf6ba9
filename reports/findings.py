"""Findings: what deserves a reader's attention, one card a cause, the worst first.

Checks belong to one finding when they are cases of the same check, or when they observed the same
thing in the same field.  Values that differ from case to case (UIDs, numbers, quoted text) do not
make a difference; status codes do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from stepwedge.errors import Exit
from stepwedge.events import CheckFinished, Ledger, LoadSummary
from stepwedge.outcome import Outcome
from stepwedge.reports import units
from stepwedge.reports.model import LoadView, RunView, worst
from stepwedge.verdicts import Level, Verdict

_VARIABLE = (
    (re.compile(r"\b[0-9]+(\.[0-9]+){3,}\b"), "<uid>"),
    (re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”"), "<text>"),
    # Four hexadecimal digits are a status or a tag, and tell causes apart; other numbers do not.
    (re.compile(r"\b(?![0-9A-F]{4}\b)[0-9]+(\.[0-9]+)?\b"), "<n>"),
)
_LEVELS = (Level.SHALL, Level.SHOULD, Level.QUALITY)
_ID = re.compile(r"\b[A-Z]{3,8}-[0-9]{3}\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause.  `checks` are those that show it; a finding about a load has none."""

    anchor: str  # for links within a report
    verdict: Verdict
    title: str
    expected: str = ""
    observed: str = ""
    checks: list[CheckFinished] = field(default_factory=list)
    blocks: list[CheckFinished] = field(default_factory=list)  # what could not be tested for it
    examples: list[str] = field(default_factory=list)
    rank: int = 1  # 0 before everything else, 2 after it
    known: bool = False  # the baseline of the target knows it

    @property
    def ids(self) -> list[str]:
        """Ids of its checks, each once."""
        return list(dict.fromkeys(check.id for check in self.checks))

    @property
    def first(self) -> CheckFinished | None:
        """The check that stands for the others."""
        return self.checks[0] if self.checks else None

    @property
    def level(self) -> Level | None:
        """The strongest level among its checks."""
        levels = {check.level for check in self.checks}
        return next((level for level in _LEVELS if level in levels), None)


def findings(view: RunView) -> list[Finding]:
    """All findings of a run, worst first."""
    found = [*_of_target(view), *_of_baseline(view), *_of_loads(view), *_of_checks(view)]
    return sorted(found, key=_order)


def _order(finding: Finding) -> tuple[int, int, int, str]:
    severity = (Verdict.FAIL, Verdict.ERROR, Verdict.WARN).index(finding.verdict)
    level = _LEVELS.index(finding.level) if finding.level else 0
    weight = len(finding.checks) + len(finding.blocks)
    return (finding.rank, severity * 10 + level, -weight, finding.anchor)


def _of_target(view: RunView) -> Iterable[Finding]:
    for number, seen in enumerate(view.targets):
        if not seen.reachable:
            yield Finding(
                anchor=f"finding-target-{number}",
                verdict=Verdict.FAIL,
                title=f"{seen.address} does not answer as it should.",
                expected="a server that accepts an association and answers an echo",
                observed=seen.problem or f"stopped at {seen.phase}",
                rank=0,
            )


def _of_baseline(view: RunView) -> Iterable[Finding]:
    for which, baseline in enumerate(view.baselines):
        for number, problem in enumerate(baseline.problems):
            yield Finding(
                anchor=f"finding-baseline-{which}-{number}",
                verdict=Verdict.FAIL,
                title=f"The baseline does not hold: {problem.rstrip('.')}.",
                expected=f"what {baseline.file} says of the target",
            )


def _of_loads(view: RunView) -> Iterable[Finding]:
    for number, load in enumerate(view.loads):
        anchor = f"finding-load-{number}"
        if load.ledger:
            yield from _of_ledger(anchor, load.ledger)
        if load.summary:
            yield from _of_levels(anchor, load.summary)
        yield from _of_errors(anchor, load)


def _of_ledger(anchor: str, ledger: Ledger) -> Iterable[Finding]:
    rows = (
        ("missing", ledger.missing, Verdict.FAIL, 0, "lost after success was answered"),
        ("altered", ledger.altered, Verdict.FAIL, 0, "altered"),
        ("duplicated", ledger.duplicated, Verdict.WARN, 1, "returned more than once"),
    )
    for kind, count, verdict, rank, words in rows:
        if count:
            yield Finding(
                anchor=f"{anchor}-{kind}",
                verdict=verdict,
                title=f"{units.counted(count, 'acknowledged instance')} {words}.",
                expected=f"all {units.number(ledger.acknowledged)} acknowledged instances found "
                "again, once and unchanged",
                observed=f"{units.number(ledger.found)} found, {units.number(count)} {kind}"
                + (f" ({ledger.method})" if ledger.method else ""),
                examples=ledger.examples if kind == "missing" else [],
                rank=rank,
            )


def _of_levels(anchor: str, summary: LoadSummary) -> Iterable[Finding]:
    for number, level in enumerate(summary.service_levels):
        if not level.held:
            samples = f" over {units.counted(level.samples, 'sample')}" if level.samples else ""
            yield Finding(
                anchor=f"{anchor}-level-{number}",
                verdict=Verdict.FAIL,
                title=f"Service level missed: {level.text}.",
                expected=quantity(level.limit, level.unit),
                observed=quantity(level.observed, level.unit) + samples,
            )


def _of_errors(anchor: str, load: LoadView) -> Iterable[Finding]:
    for number, operation in enumerate(load.summary.operations if load.summary else []):
        if operation.failed:
            kinds = sorted(operation.errors.items(), key=lambda item: -item[1])
            yield Finding(
                anchor=f"{anchor}-errors-{number}",
                verdict=Verdict.WARN,
                title=f"{units.number(operation.failed)} of {units.number(operation.started)} "
                f"{operation.name} operations failed under load.",
                expected="success for every operation",
                observed=", ".join(f"{units.number(count)} × {kind}" for kind, count in kinds)
                or units.counted(operation.failed, "failure"),
            )


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit; seconds take the unit that fits them."""
    if value is None:
        return "–"
    if unit == "s":
        return units.seconds(value)
    return f"{units.significant(value)} {unit}".rstrip()


def _of_checks(view: RunView) -> list[Finding]:
    bad = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR)
    shown = [check for check in view.checks if check.verdict in bad]
    causes = [
        *_causes([check for check in shown if check.key not in view.known]),
        *_causes([check for check in shown if check.key in view.known]),
    ]
    blocked = [check for check in view.checks if check.verdict is Verdict.BLOCKED]
    found = []
    for checks in causes:
        ids = {check.id for check in checks}
        first = checks[0]
        known = all(check.key in view.known for check in checks)
        found.append(
            Finding(
                anchor=f"finding-{first.id}",
                verdict=worst(check.verdict for check in checks),
                title=first.sentence,
                expected=first.expected,
                observed=first.observed or first.reason,
                checks=checks,
                rank=2 if known else 1,
                known=known,
                blocks=[check for check in blocked if ids & set(_ID.findall(check.reason))],
            )
        )
    return _distinct(found)


def _distinct(found: list[Finding]) -> list[Finding]:
    """Gives every finding an anchor of its own: one check can fail from two causes."""
    seen: dict[str, int] = {}
    distinct = []
    for finding in found:
        count = seen[finding.anchor] = seen.get(finding.anchor, 0) + 1
        if count > 1:
            finding = replace(finding, anchor=f"{finding.anchor}-{count}")
        distinct.append(finding)
    return distinct


def _causes(checks: list[CheckFinished]) -> list[list[CheckFinished]]:
    """Checks that share a cause, each group in the order they ran."""
    keys: dict[tuple[str, ...], int] = {}
    group_of: list[int] = []  # of each check, the index of the first check of its group
    for index, check in enumerate(checks):
        joined = {_root(group_of, keys[key]) for key in _keys(check) if key in keys}
        root = min(joined, default=index)
        group_of.append(root)
        for other in joined:
            group_of[other] = root
        for key in _keys(check):
            keys.setdefault(key, index)
    groups: dict[int, list[CheckFinished]] = {}
    for index, check in enumerate(checks):
        groups.setdefault(_root(group_of, index), []).append(check)
    return list(groups.values())


def _root(group_of: list[int], index: int) -> int:
    while group_of[index] != index:
        index = group_of[index]
    return index


def _keys(check: CheckFinished) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = [("check", check.verdict.value, check.id)]
    said = check.observed or check.reason
    if said:
        keys.append(("cause", check.verdict.value, check.field, cause(said)))
    return keys


def cause(observed: str) -> str:
    """What was observed, without the values that differ from case to case."""
    for pattern, placeholder in _VARIABLE:
        observed = pattern.sub(placeholder, observed)
    return observed


def verdict_word(outcome: Outcome) -> tuple[str, str]:
    """The verdict whose shape a run's headline takes, and the word beside it.

    A gate may hold although checks failed, when its baseline knows them, or could not be tried:
    that is no green tick.
    """
    if outcome.exit_code is Exit.HELD and outcome.known_failures:
        return "warn", "Not conformant, as known"
    if outcome.exit_code is Exit.HELD and outcome.blocked:
        return "blocked", f"Held, but {outcome.blocked} could not be tried"
    return _WORDS[outcome.exit_code]


_WORDS = {
    Exit.HELD: ("pass", "Held"),
    Exit.NOT_CONFORMANT: ("fail", "Not conformant"),
    Exit.SERVICE_LEVEL_MISSED: ("fail", "Service level missed"),
    Exit.NOT_REACHABLE: ("fail", "Not reachable"),
    Exit.WRONG_USAGE: ("error", "Wrong usage"),
    Exit.NOTHING_EXECUTED: ("blocked", "Nothing executed"),
    Exit.HARNESS_FAILED: ("error", "No verdict"),
}
