"""A run as test cases, for the formats that know nothing else: JUnit and Allure.

Beside the checks, three things can pass or fail: each address of the target must answer, each
service level must be held, and everything acknowledged must be found again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stepwedge.events import CheckFinished, Ledger, LoadSummary, Step
from stepwedge.reports import units
from stepwedge.reports.findings import quantity
from stepwedge.reports.model import RunView, topic
from stepwedge.verdicts import Level, Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that passed, failed, or said nothing.  `at` is when it ended; times in seconds."""

    suite: str  # the service of a check, or "target", "load"
    group: str  # the topic within it
    name: str  # the same in every run, whatever it came to
    verdict: Verdict
    at: float
    duration: float
    message: str = ""  # what is wrong, in one line
    detail: str = ""
    level: Level = Level.SHALL
    parameter: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)


def cases(view: RunView) -> list[Case]:
    """All cases of a run, in the order in which they ended within their suite."""
    return [*_targets(view), *(_check(check) for check in view.checks), *_loads(view)]


def _targets(view: RunView) -> Iterator[Case]:
    for number, seen in enumerate(view.targets, start=1):
        # The address may have another port in the next run: the name must not.
        which = "the target" if len(view.targets) == 1 else f"address {number} of the target"
        yield Case(
            suite="target",
            group="preflight",
            name=f"{which} accepts an association and answers an echo",
            verdict=Verdict.PASS if seen.reachable else Verdict.FAIL,
            at=seen.at,
            duration=sum(
                part or 0.0 for part in (seen.connect_time, seen.negotiate_time, seen.echo_time)
            ),
            message=""
            if seen.reachable
            else f"{seen.address}: {seen.problem or f'stopped at {seen.phase}'}",
            properties={"address": seen.address},
        )


def _check(check: CheckFinished) -> Case:
    said = {
        "expected": check.expected,
        "observed": check.observed,
        "field": check.field,
        "reason": check.reason,
        "clause": f"{check.clause} ({check.edition})",
        "repeat": check.repeat,
    }
    properties = {
        "id": check.id,
        "clause": check.clause,
        "edition": check.edition,
        "level": check.level.value,
        "claim": check.claim,
        "verdict": check.verdict.value,
        "repeat": check.repeat,
        "evidence": " ".join(check.evidence),
    }
    return Case(
        suite=check.service,
        group=topic(check),
        name=f"{check.id} {check.sentence}" + (f" [{check.parameter}]" if check.parameter else ""),
        verdict=check.verdict,
        at=check.at,
        duration=check.duration,
        message=message(check),
        detail="\n".join(f"{name}: {value}" for name, value in said.items() if value),
        level=check.level,
        parameter=check.parameter,
        properties={name: value for name, value in properties.items() if value},
        steps=check.steps,
        evidence=check.evidence,
    )


def message(check: CheckFinished) -> str:
    """What a check has to say against the target, or why it says nothing, in one line."""
    if check.expected or check.observed:
        parts = (
            f"expected {check.expected}" if check.expected else "",
            f"observed {check.observed}" if check.observed else "",
        )
        return "; ".join(part for part in parts if part)
    return check.reason


def _loads(view: RunView) -> Iterator[Case]:
    for number, load in enumerate(view.loads, start=1):
        group = load.summary.scenario if load.summary else f"load {number}"
        if load.summary:
            yield from _levels(load.summary, group)
        if load.ledger:
            yield _ledger(load.ledger, group)


def _levels(summary: LoadSummary, group: str) -> Iterator[Case]:
    for level in summary.service_levels:
        observed = (
            f"measured {quantity(level.observed, level.unit)}, limit "
            f"{quantity(level.limit, level.unit)}, over {units.counted(level.samples, 'sample')}"
        )
        yield Case(
            suite="load",
            group=group,
            name=level.text,
            verdict=Verdict.PASS if level.held else Verdict.FAIL,
            at=summary.at,
            duration=summary.duration,
            message="" if level.held else observed,
            detail=observed,
        )


def _ledger(ledger: Ledger, group: str) -> Case:
    came_to = (
        f"{units.number(ledger.found)} of {units.number(ledger.acknowledged)} found, "
        f"{units.number(ledger.missing)} missing, {units.number(ledger.duplicated)} duplicated, "
        f"{units.number(ledger.altered)} altered"
    )
    if ledger.missing or ledger.altered:
        verdict = Verdict.FAIL
    else:
        verdict = Verdict.WARN if ledger.duplicated else Verdict.PASS
    return Case(
        suite="load",
        group=group,
        name="every acknowledged instance is found again, once and unchanged",
        verdict=verdict,
        at=ledger.at,
        duration=0.0,
        message="" if verdict is Verdict.PASS else came_to,
        detail="\n".join([came_to, ledger.method, *ledger.examples]).strip(),
    )
