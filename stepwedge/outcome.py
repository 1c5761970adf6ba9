"""What a run came to: its exit code and the verdict in one sentence, derived from its events.

The command line, the terminal summary and every report ask here, so that they cannot disagree.
The order of the questions is the order of what a reader must know first: a proven breach stands
whatever else happened; then what kept the harness from judging; then the service levels.

    not reachable, nothing judged → 3      a check failed, or acknowledged data was lost → 1
    a check ended in error        → 6      a port of the target did not answer           → 3
    a service level was missed    → 2      the run was interrupted                       → 6
    nothing was executed          → 5      otherwise it held                             → 0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from stepwedge.errors import Exit
from stepwedge.events import (
    AnyEvent,
    BaselineCompared,
    Capacity,
    CheckFinished,
    Ledger,
    LoadSummary,
    RunFinished,
    StageFinished,
    StageStarted,
    TargetSeen,
)
from stepwedge.verdicts import Verdict

# The stage that fills an archive; its end says how many `instances` there are, and a `problem`.
FILL = "fill"
# The verdicts by which a check says something about the target.
JUDGED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.WARN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit code of a run and one sentence that says why."""

    exit_code: Exit
    sentence: str
    interrupted: bool = False
    known_failures: int = 0  # of checks that failed as the baseline says: held, yet not conformant
    blocked: int = 0  # how many checks could not be tried, for whatever reason


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the questions are asked of."""

    verdicts: Counter[Verdict]
    failed: list[str]  # ids of the checks that failed unexpectedly, each once, in order
    broken: int  # how many did, each case of a check counted
    known_failures: int  # how many failed that the baseline knows, each case counted
    known: list[str]  # keys of the deviations that the baseline knows
    baseline_problems: list[str]  # why the baseline does not hold
    unreachable: list[TargetSeen]
    loads: list[LoadSummary]
    ledgers: list[Ledger]
    capacities: list[Capacity]
    fills: list[StageFinished]
    interrupted: bool

    @property
    def judged(self) -> int:
        return sum(self.verdicts[verdict] for verdict in JUDGED)

    @property
    def lost(self) -> int:
        return sum(ledger.missing for ledger in self.ledgers)

    @property
    def altered(self) -> int:
        return sum(ledger.altered for ledger in self.ledgers)

    @property
    def missed(self) -> list[str]:
        """The service levels that were missed, in words."""
        missed = [
            level.text for load in self.loads for level in load.service_levels if not level.held
        ]
        for load in self.loads:
            started = sum(operation.started for operation in load.operations)
            asked = [one for one in load.operations if one.is_dimse and one.started]
            if started and not asked:
                missed.append("no association of the load came about")
            elif asked and not any(one.succeeded for one in asked):
                count = _count(sum(one.started for one in asked), "operation")
                missed.append(f"not one of {count} of the load succeeded")
        missed += [found.limit for found in self.capacities if found.scale is None]
        missed += [fill.detail["problem"] for fill in self.fills if fill.detail.get("problem")]
        return missed

    @property
    def loaded(self) -> bool:
        started = any(one.started for load in self.loads for one in load.operations)
        return started or bool(self.capacities or self.fills)


def outcome(events: Iterable[AnyEvent]) -> Outcome:
    """Derives the outcome of a run, or of as much of one as was recorded.

    A run that a signal ended is interrupted: a stage says so, or began and never ended.
    """
    facts = _gather(events)
    code = _exit_code(facts)
    return Outcome(
        code,
        _sentence(code, facts),
        facts.interrupted,
        facts.known_failures,
        facts.verdicts[Verdict.BLOCKED],
    )


def _gather(events: Iterable[AnyEvent]) -> _Facts:
    verdicts: Counter[Verdict] = Counter()
    failed: dict[str, str] = {}
    known: list[str] = []
    problems: list[str] = []
    seen: dict[str, TargetSeen] = {}
    loads: list[LoadSummary] = []
    ledgers: list[Ledger] = []
    capacities: list[Capacity] = []
    fills: list[StageFinished] = []
    open_stages: Counter[str] = Counter()
    interrupted = False
    for event in events:
        match event:
            case CheckFinished():
                verdicts[event.verdict] += 1
                if event.verdict is Verdict.FAIL:
                    failed[event.key] = event.id
            case BaselineCompared():
                known += event.known
                problems += event.problems
            case TargetSeen():
                seen[event.address] = event
            case LoadSummary():
                loads.append(event)
            case Ledger():
                ledgers.append(event)
            case Capacity():
                capacities.append(event)
            case StageStarted():
                open_stages[event.stage] += 1
            case StageFinished():
                open_stages[event.stage] -= 1
                interrupted |= event.interrupted
                if event.stage == FILL and event.detail:
                    fills.append(event)
            case RunFinished():
                interrupted |= event.interrupted
            case _:
                pass
    return _Facts(
        verdicts=verdicts,
        failed=list(dict.fromkeys(id for key, id in failed.items() if key not in known)),
        broken=sum(key not in known for key in failed),
        known_failures=sum(key in known for key in failed),
        known=known,
        baseline_problems=problems,
        unreachable=[one for one in seen.values() if not one.reachable],
        loads=loads,
        ledgers=ledgers,
        capacities=capacities,
        fills=fills,
        interrupted=interrupted or any(left > 0 for left in open_stages.values()),
    )


def _exit_code(facts: _Facts) -> Exit:
    if facts.unreachable and not facts.judged and not facts.loaded:
        return Exit.NOT_REACHABLE
    if facts.failed or facts.baseline_problems or facts.lost or facts.altered:
        return Exit.NOT_CONFORMANT
    if facts.verdicts[Verdict.ERROR]:
        return Exit.HARNESS_FAILED
    if facts.unreachable:
        return Exit.NOT_REACHABLE
    if facts.missed:
        return Exit.SERVICE_LEVEL_MISSED
    if facts.interrupted:
        return Exit.HARNESS_FAILED
    if not facts.judged and not facts.loaded:
        return Exit.NOTHING_EXECUTED
    return Exit.HELD


def _sentence(code: Exit, facts: _Facts) -> str:
    match code:
        case Exit.NOT_REACHABLE:
            first = facts.unreachable[0]
            why = first.problem or f"stopped at {first.phase or 'connect'}"
            parts = [f"Target not reachable: {first.address}: {why}".rstrip(".")]
        case Exit.NOTHING_EXECUTED:
            parts = ["Nothing was executed" + _because_nothing(facts)]
        case Exit.HARNESS_FAILED if facts.verdicts[Verdict.ERROR]:
            errors = facts.verdicts[Verdict.ERROR]
            parts = [f"The harness failed in {_count(errors, 'check')}; the rest stands"]
            parts += _conformance(facts)
        case Exit.HARNESS_FAILED:
            parts = ["Interrupted before the end"]
            parts += [f"until then {part}" for part in _conformance(facts)[:1]]
        case _:
            parts = _conformance(facts)
    parts += _load(facts)
    if facts.interrupted and code is Exit.NOT_CONFORMANT:
        parts.append("interrupted before the end")
    if facts.verdicts[Verdict.ERROR] and code is not Exit.HARNESS_FAILED:
        parts.append(f"the harness failed in {_count(facts.verdicts[Verdict.ERROR], 'check')}")
    text = "; ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] + "."


def _because_nothing(facts: _Facts) -> str:
    left = [
        f"{facts.verdicts[verdict]} {verdict}"
        for verdict in (Verdict.NOT_CLAIMED, Verdict.BLOCKED)
        if facts.verdicts[verdict]
    ]
    return f" ({', '.join(left)})" if left else ""


def _conformance(facts: _Facts) -> list[str]:
    if not facts.judged:
        return []
    parts = []
    warnings = facts.verdicts[Verdict.WARN]
    if facts.failed:
        few = ", ".join(facts.failed[:4]) + (", …" if len(facts.failed) > 4 else "")
        broken = facts.broken
        parts.append(
            f"not conformant: {_number(broken)} of {_count(facts.judged, 'check')} failed ({few})"
            + (f", {_count(warnings, 'warning')}" if warnings else "")
        )
    elif facts.known:
        few = ", ".join(facts.known[:4]) + (", …" if len(facts.known) > 4 else "")
        deviations = f"{_count(len(facts.known), 'known deviation')} ({few})"
        if facts.known_failures:
            parts.append(
                f"not conformant, as the baseline says: {_number(facts.known_failures)} of "
                f"{_count(facts.judged, 'check')} failed, among {deviations}"
            )
        else:
            parts.append(f"as the baseline says in {_count(facts.judged, 'check')}: {deviations}")
    elif warnings:
        parts.append(
            f"conformant to what it claims, with {_count(warnings, 'warning')}, "
            f"in {_count(facts.judged, 'check')}"
        )
    else:
        parts.append(f"conformant to what it claims in {_count(facts.judged, 'check')}")
    if problems := facts.baseline_problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        parts.append(f"the baseline does not hold: {problems[0]}{more}")
    if blocked := facts.verdicts[Verdict.BLOCKED]:
        parts.append(f"{_count(blocked, 'check')} could not be tried")
    return parts


def _load(facts: _Facts) -> list[str]:
    parts = []
    if facts.lost:
        acknowledged = sum(ledger.acknowledged for ledger in facts.ledgers)
        parts.append(
            f"{_number(facts.lost)} of {_number(acknowledged)} acknowledged instances lost"
        )
    if facts.altered:
        parts.append(f"{_count(facts.altered, 'instance')} altered")
    if missed := facts.missed:
        parts.append(
            f"service level missed: {missed[0]}"
            + (f" (and {len(missed) - 1} more)" if len(missed) > 1 else "")
        )
    elif facts.loaded:
        parts += [_carried(facts.loads)] if facts.loads else []
        several = len(facts.capacities) > 1
        parts += [_sustained(found, several) for found in facts.capacities]
        parts += [f"filled to {_count(one.detail['instances'], 'instance')}" for one in facts.fills]
    if (
        facts.ledgers
        and not facts.lost
        and (acknowledged := sum(ledger.acknowledged for ledger in facts.ledgers))
    ):
        parts.append(f"none of {_number(acknowledged)} acknowledged instances lost")
    return parts


def _sustained(found: Capacity, several: bool) -> str:
    year = (
        f", as at the busiest hour of {_count(round(found.exams_per_year), 'exam')} a year"
        if found.exams_per_year
        else ""
    )
    of_what = f"in {found.scenario}, " if several else ""
    return (
        f"{of_what}sustains {found.rate:.3g} {found.operation} a second within "
        f"{_count(len(found.levels), 'service level')}{year}"
    )


def _carried(loads: list[LoadSummary]) -> str:
    operations = [one for load in loads for one in load.operations]
    dimse = [one for one in operations if one.is_dimse]
    done = sum(one.succeeded for one in dimse)
    failed = sum(one.failed for one in dimse)
    exams = sum(one.succeeded for one in operations if one.name == "exam")
    kept = sum(len(load.service_levels) for load in loads)
    rate = done / max(sum(load.duration for load in loads), 1e-9)
    per_second = _number(round(rate)) if rate >= 100 else f"{rate:.2g}"
    text = f"carried {_count(done, 'operation')} at {per_second} a second"
    if exams:
        text += f" ({_count(exams, 'exam')})"
    if failed:
        text += f", {_number(failed)} failed"
    return text + (f", within {_count(kept, 'service level')}" if kept else "")


def _count(count: int, noun: str) -> str:
    return f"{_number(count)} {noun}{'' if count == 1 else 's'}"


def _number(count: int) -> str:
    """An integer with thin groups of three, as ISO 80000-1 writes it."""
    return f"{count:,}".replace(",", "\u202f")
