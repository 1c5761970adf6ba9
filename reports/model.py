"""The view model: one run's events, gathered and counted the way that reports show them.

Every report draws from a `RunView` and derives nothing from events itself.  A run that was
interrupted or killed gives a view of what is there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from stepwedge.errors import Exit
from stepwedge.events import (
    AnyEvent,
    BaselineCompared,
    Capacity,
    CheckFinished,
    ClaimJudged,
    Ledger,
    LoadSecond,
    LoadSummary,
    Note,
    Overhead,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    TargetSeen,
)
from stepwedge.outcome import JUDGED, Outcome, outcome
from stepwedge.record import EVENTS, SUMS, read_events, verify
from stepwedge.verdicts import SILENT, Level, Verdict

# Worst first: the order in which a reader needs them.
SEVERITY = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.WARN,
    Verdict.BLOCKED,
    Verdict.PASS,
    Verdict.NOT_CLAIMED,
)
_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}

# What reports write into a run folder.  They can be drawn again, so a missing or older one does not
# make the record unreliable; everything else in the folder is the record.
VIEWS = ("report.html ", "traceability.csv ", "claims.csv ", "junit.xml ", "allure-results/")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that stands for several: the worst of them."""
    return min(verdicts, key=_RANK.__getitem__, default=Verdict.NOT_CLAIMED)


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one topic (one file of a suite) within a service."""

    name: str
    checks: list[CheckFinished]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among them."""
        return worst(check.verdict for check in self.checks)


@dataclass(frozen=True, slots=True)
class Service:
    """The checks of one DICOM service."""

    name: str
    checks: list[CheckFinished]

    @property
    def counts(self) -> Counter[Verdict]:
        """How many checks ended with each verdict."""
        return Counter(check.verdict for check in self.checks)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among its checks."""
        return worst(check.verdict for check in self.checks)

    @property
    def duration(self) -> float:
        """Seconds spent in its checks."""
        return sum(check.duration for check in self.checks)

    @property
    def groups(self) -> list[Group]:
        """Its checks by topic, in the order they ran."""
        topics: dict[str, list[CheckFinished]] = {}
        for check in self.checks:
            topics.setdefault(topic(check), []).append(check)
        return [Group(name, checks) for name, checks in topics.items()]


def topic(check: CheckFinished) -> str:
    """The requirement group of a check: its file's topic, `wildcards` of `test_wildcards.py`."""
    stem = PurePosixPath(check.node.split("::", 1)[0]).stem
    return stem.removeprefix("test_").replace("_", " ") or check.id.split("-")[0]


@dataclass(frozen=True, slots=True)
class Untested:
    """Checks that say nothing about the target, and why."""

    verdict: Verdict
    reason: str
    checks: list[CheckFinished]


@dataclass(slots=True)
class LoadView:
    """One load: its seconds, its summary (None when it was cut short) and the audit after it."""

    summary: LoadSummary | None = None
    seconds: list[LoadSecond] = field(default_factory=list)
    ledger: Ledger | None = None

    @property
    def operations(self) -> list[str]:
        """Names of its operations, in the order in which they first appear."""
        names = [one.name for one in self.summary.operations] if self.summary else []
        return list(dict.fromkeys([*names, *(one.operation for one in self.seconds)]))


@dataclass(frozen=True, slots=True)
class RunView:
    """All that reports show of a run."""

    folder: Path
    run: RunStarted | None
    targets: list[TargetSeen]  # the last seen of each address
    checks: list[CheckFinished]
    judged_claims: list[ClaimJudged]  # of the target's Conformance Statement
    loads: list[LoadView]
    capacities: list[Capacity]
    overheads: list[Overhead]  # what an edge adds to the PACS behind it
    baselines: list[BaselineCompared]
    notes: list[Note]
    stages: list[StageFinished]
    open_stages: list[str]  # stages that began and never ended
    finished: RunFinished | None
    outcome: Outcome
    began: float | None
    ended: float | None
    record_hash: str  # SHA-256 of events.ndjson
    problems: list[str]  # why a sealed record cannot be relied on

    @property
    def loaded(self) -> bool:
        """Whether the target was loaded, by a load or in the search for its capacity."""
        return bool(self.loads or self.capacities)

    @property
    def title(self) -> str:
        """The name of what was tested."""
        target = self.run.target if self.run else {}
        return str(target.get("name") or target.get("ae_title") or self.folder.name)

    @property
    def duration(self) -> float | None:
        """Seconds from the first event to the last."""
        if self.finished:
            return self.finished.duration
        if self.began is None or self.ended is None:
            return None
        return self.ended - self.began

    @property
    def counts(self) -> Counter[Verdict]:
        """How many checks ended with each verdict."""
        return Counter(check.verdict for check in self.checks)

    @property
    def counts_by_level(self) -> Counter[tuple[Verdict, Level]]:
        """How many checks of each level ended with each verdict."""
        return Counter((check.verdict, check.level) for check in self.checks)

    @property
    def known(self) -> frozenset[str]:
        """Keys of the checks that deviate as the baseline of the target says."""
        return frozenset(key for baseline in self.baselines for key in baseline.known)

    @property
    def judged(self) -> int:
        """How many checks say something about the target."""
        return sum(check.verdict in JUDGED for check in self.checks)

    @property
    def services(self) -> list[Service]:
        """The checks by service, in the order they ran."""
        by_name: dict[str, list[CheckFinished]] = {}
        for check in self.checks:
            by_name.setdefault(check.service, []).append(check)
        return [Service(name, checks) for name, checks in by_name.items()]

    @property
    def untested(self) -> list[Untested]:
        """What was not tested, grouped by why; the most checks first.

        Claims of one family are one reason: the first screen has no room for a line each.
        """
        by_reason: dict[tuple[Verdict, str], list[CheckFinished]] = {}
        for check in self.checks:
            if check.verdict is Verdict.NOT_CLAIMED:
                silent = check.reason.startswith(SILENT)
                reason = SILENT if silent else check.claim.partition(".")[0]
            elif check.verdict is Verdict.BLOCKED:
                reason = check.reason
            else:
                continue
            by_reason.setdefault((check.verdict, reason), []).append(check)
        groups = [
            Untested(
                verdict, _not_claimed(checks) if verdict is Verdict.NOT_CLAIMED else why, checks
            )
            for (verdict, why), checks in by_reason.items()
        ]
        return sorted(groups, key=lambda one: (_RANK[one.verdict], -len(one.checks)))


def _not_claimed(checks: Sequence[CheckFinished]) -> str:
    """Which claims of one family the target does not make."""
    if checks[0].reason.startswith(SILENT):
        return SILENT + ", ".join(check.reason.removeprefix(SILENT) for check in checks)
    claims = list(dict.fromkeys(check.claim for check in checks))
    if not claims[0]:
        return checks[0].reason
    if len(claims) == 1:
        return f"the target does not claim {claims[0]}"
    family = claims[0].partition(".")[0]
    names = [claim.partition(".")[2] or claim for claim in claims]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"the target does not claim {family}: {', '.join(names[:6])}{more}"


def read_view(folder: Path) -> RunView:
    """Reads a run folder into a view.

    Raises RecordError when the folder is no run or its hash chain is broken.
    """
    events = read_events(folder)
    digest = hashlib.sha256((folder / EVENTS).read_bytes()).hexdigest()
    problems = verify(folder) if (folder / SUMS).exists() else []
    return view(folder, events, digest, [one for one in problems if not one.startswith(VIEWS)])


def view(
    folder: Path, events: Sequence[AnyEvent], record_hash: str = "", problems: Sequence[str] = ()
) -> RunView:
    """Gathers the events of a run into a view."""
    run: RunStarted | None = None
    finished: RunFinished | None = None
    targets: dict[str, TargetSeen] = {}
    checks: list[CheckFinished] = []
    judged_claims: list[ClaimJudged] = []
    capacities: list[Capacity] = []
    overheads: list[Overhead] = []
    baselines: list[BaselineCompared] = []
    notes: list[Note] = []
    stages: list[StageFinished] = []
    open_stages: list[str] = []
    loads: list[LoadView] = []
    for event in events:
        match event:
            case RunStarted():
                run = run or event
            case TargetSeen():
                targets[event.address] = event
            case CheckFinished():
                checks.append(event)
            case ClaimJudged():
                judged_claims.append(event)
            case LoadSecond():
                _open_load(loads).seconds.append(event)
            case LoadSummary():
                _open_load(loads).summary = event
            case Ledger():
                if not loads:
                    loads.append(LoadView())
                loads[-1].ledger = event
            case Capacity():
                capacities.append(event)
            case Overhead():
                overheads.append(event)
            case BaselineCompared():
                baselines.append(event)
            case Note():
                notes.append(event)
            case StageStarted():
                open_stages.append(event.stage)
            case StageFinished():
                stages.append(event)
                if event.stage in open_stages:
                    open_stages.remove(event.stage)
            case RunFinished():
                finished = event
    return RunView(
        folder=folder,
        run=run,
        targets=list(targets.values()),
        checks=checks,
        judged_claims=judged_claims,
        loads=loads,
        capacities=capacities,
        overheads=overheads,
        baselines=baselines,
        notes=notes,
        stages=stages,
        open_stages=open_stages,
        finished=finished,
        outcome=_outcome(events, finished),
        began=events[0].at if events else None,
        ended=max(event.at for event in events) if events else None,
        record_hash=record_hash,
        problems=list(problems),
    )


def _open_load(loads: list[LoadView]) -> LoadView:
    """The load that events belong to now: a summary closes one, the next second opens another."""
    if not loads or loads[-1].summary is not None:
        loads.append(LoadView())
    return loads[-1]


def _outcome(events: Sequence[AnyEvent], finished: RunFinished | None) -> Outcome:
    """What the run itself said at its end, or else what its events come to.

    The recorded end wins because it knows what the events do not: a baseline, a signal.
    """
    derived = outcome(events)
    if finished is None:
        return replace(derived, interrupted=True)
    return replace(
        derived,
        exit_code=Exit(finished.exit_code),
        sentence=finished.sentence or derived.sentence,
        interrupted=finished.interrupted or derived.interrupted,
    )
