"""`stepwedge capacity`: the search on a real target, one short run of the scenario a trial.

Every trial is a process of its own with a record of its own, so that none inherits the state of the
one before; what is kept is one `Capacity` event with all steps.  A trial has as many more users as
it has more arrivals: a load that is short of users says nothing about the server.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stepwedge.events import AnyEvent, Capacity, CapacityStep, Ledger, LoadSummary
from stepwedge.loadtests import launch
from stepwedge.loadtests.department import mean_images
from stepwedge.loadtests.outcomes import in_words
from stepwedge.loadtests.scenarios import Modality, Router, Scenario, Schedule
from stepwedge.loadtests.search import Search, Trial
from stepwedge.loadtests.settings import Settings
from stepwedge.record import Record, read_events

# The operation whose rate is reported: the first that the scenario has.
_ABOUT = ("exam", "store", "find", "worklist", "echo")
_MOST_USERS = 2000
# A load that finishes less than this share of its plan in the plan's time piles up: it would fall
# further behind with every minute, however well each single answer looks.
KEPT_UP = 0.9


@dataclass(frozen=True)
class Bounds:
    """What bounds the search: the first scale, the precision, trials and seconds of each."""

    lowest: float = 1.0
    precision: float = 0.1
    most: int = 14
    seconds: float = 12.0


def search(
    settings: Settings,
    bounds: Bounds,
    *,
    processes: int = 1,
    tell: Callable[[CapacityStep], None] | None = None,
) -> Capacity:
    """Searches the highest scale of the scenario at which its service levels hold."""
    scenario = settings.scenario
    about = next(name for name in _ABOUT if name in scenario.operations)

    known = settings.ceiling

    def trial(scale: float) -> Trial:
        nonlocal known
        scaled = scaled_scenario(scenario, scale, bounds.seconds)
        with tempfile.TemporaryDirectory(prefix="stepwedge-capacity-") as folder:
            with Record.create(Path(folder), "trial") as record:
                run = record.folder
            launch.run(
                replace(settings, scenario=scaled, run_folder=run, ceiling=known),
                processes=processes,
            )
            events = read_events(run)
        # The harness's own ceiling is measured by the first trial, for all.
        known = known or next((e.ceiling for e in events if isinstance(e, LoadSummary)), None)
        return judged(scaled, events, about)

    finder = Search(
        trial, lowest=bounds.lowest, precision=bounds.precision, most=bounds.most, tell=tell
    )
    scale = finder.run()
    knee = next((s for s in reversed(finder.steps) if s.held and s.scale == scale), None)
    rate = knee.achieved_rate if knee else None
    return Capacity(
        at=time.time(),
        scenario=scenario.name,
        operation=about,
        scale=scale,
        rate=rate,
        exams_per_year=in_exams_a_year(scenario, rate) if rate and about == "exam" else None,
        limit=finder.limit,
        levels=list(scenario.levels),
        steps=finder.steps,
    )


def scaled_scenario(scenario: Scenario, scale: float, seconds: float) -> Scenario:
    """The scenario for one trial: every role steadily at its peak rate, times the scale.

    A ramp or a day would mix what the server bears with what it does not; a trial asks one rate.
    """
    users = tuple(
        one.model_copy(
            update={
                "count": min(_MOST_USERS, math.ceil(one.count * max(1.0, scale))),
                "schedule": Schedule(
                    rate=scenario.plan(one).peak * scale,
                    arrivals=one.schedule.arrivals,
                    after=min(one.schedule.after, seconds / 2),
                ),
            }
        )
        for one in scenario.users
    )
    return scenario.model_copy(update={"scale": 1.0, "seconds": seconds, "users": users})


def in_exams_a_year(scenario: Scenario, rate: float) -> float | None:
    """The department whose busiest hour sends as many images as `rate` exams of this scenario.

    In exams a year of the department's own mix; None when the scenario sends nothing.
    """
    department = scenario.load_department()
    kinds = [
        one.exams or department.exams
        for one in scenario.users
        if isinstance(one, Modality | Router)
    ]
    if not kinds:
        return None
    own = sum(map(mean_images, kinds)) / len(kinds)
    return department.exams_per_year(rate * own / mean_images(department.exams))


def judged(scenario: Scenario, events: Sequence[AnyEvent], about: str) -> Trial:
    """What a trial's record says.  A trial without a summary did not hold."""
    summary = next((e for e in events if isinstance(e, LoadSummary)), None)
    planned = sum(
        scenario.plan(one).arrivals
        for one in scenario.users
        if about in (("exam", "store") if one.role in ("modality", "router") else _asks(one.role))
    )
    planned_rate = planned / scenario.seconds
    if summary is None:
        return Trial(False, planned_rate, 0.0, missed=("the target could not be loaded",))
    op = next((one for one in summary.operations if one.name == about), None)
    lost = sum(e.missing for e in events if isinstance(e, Ledger))
    missed = [level.text for level in summary.service_levels if not level.held]
    if lost and "lost == 0" not in missed:
        missed.append("lost == 0")
    achieved = op.succeeded / summary.duration if op else 0.0
    if achieved < KEPT_UP * planned_rate:
        missed.append(f"the plan: {achieved:.3g} of {planned_rate:.3g} {about}/s were carried")
    if missed and (most := _most_frequent_failure(summary)):
        missed.append(most)
    response = op.response if op else None
    return Trial(
        held=not missed,
        planned_rate=planned_rate,
        achieved_rate=achieved,
        p50=response.p50 if response else None,
        p95=response.p95 if response else None,
        p99=response.p99 if response else None,
        missed=tuple(missed),
        server_limited=not summary.client_limited,
    )


def _most_frequent_failure(summary: LoadSummary) -> str:
    """What failed most often and how, which is where to look for the limit; empty without any."""
    failures = [
        (count, operation.name, kind)
        for operation in summary.operations
        for kind, count in operation.errors.items()
    ]
    if not failures:
        return ""
    count, name, kind = max(failures)
    return f"{name} failed {count} times: {in_words(kind)}"


def _asks(role: str) -> tuple[str, ...]:
    return {
        "workstation": ("find",),
        "requester": ("find",),
        "worklist": ("worklist",),
        "monitor": ("echo",),
    }[role]
