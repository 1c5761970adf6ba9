"""The master's side of a run: it merges what the crews report, and writes the run record.

It knows neither Locust nor sockets.  Whoever owns the crews calls `receive` for each report and
`tick` once in a while, and `finish` at the end; the conductor decides when that is.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepwedge.events import (
    Ledger,
    LoadSecond,
    LoadSummary,
    Note,
    ServiceLevel,
    StageFinished,
    StageStarted,
)
from stepwedge.loadtests.crew import Report, Stored, planned_counts
from stepwedge.loadtests.ledger import Accounts
from stepwedge.loadtests.levels import LEDGER, judge
from stepwedge.loadtests.outcomes import in_words
from stepwedge.loadtests.recorder import Recorder
from stepwedge.loadtests.scenarios import Scenario
from stepwedge.loadtests.tally import Tally
from stepwedge.loadtests.utilisation import NEAR, Utilisation
from stepwedge.record import Record

# A service level is not judged in the middle of a run on fewer samples than this.
_FEWEST = 20

_MEND = "add --processes, or believe no limit of the target from this run"
# Timers that are late by more than this (seconds) are worth a word.
_LAG = 0.05
# Linux delays an acknowledgement by at least 40 ms; a share of a third is no coincidence.
_DELAYED_ACK = (0.039, 0.048)
_CLUSTER = 1 / 3
_OF_ONE_EXCHANGE = frozenset({"echo", "store", "find", "worklist"})

# Looks up, and forgets, which of some instances arrived at our receiver between two moments
# (nanoseconds since the epoch): when each did, and how large it was.
Arrivals = Callable[[Iterable[str], int, int], list[tuple[int, int]]]

# Clocks of workers on other machines agree with ours to about this, in nanoseconds.
_TOLERANCE = 2_000_000


@dataclass
class _Worker:
    through: float = -1.0
    cpu: float = 0.0
    done: bool = False
    lost: bool = False
    left: int = 0  # users that have not ended


@dataclass
class Conductor:
    """One run, from the first to the last event of its load stage.

    `zero` is the start of the run in nanoseconds since the epoch by the master's clock.
    """

    scenario: Scenario
    run: str
    record: Record
    users: int = 0
    arrivals: Arrivals = lambda instances, since, until: []
    policies: dict[str, str] = field(default_factory=dict)
    zero: int = 0

    def __post_init__(self) -> None:
        planned = {name: Counter(counts) for name, counts in planned_counts(self.scenario).items()}
        self.tally = Tally(planned)
        self.accounts = Accounts(self.run)
        self.workers: dict[str, _Worker] = {}
        self.missed_early: list[str] = []
        self._notes: dict[str, str] = {}
        self._fresh: list[Stored] = []
        self._images = Recorder()
        self._utilisation = Utilisation({})
        self._last_finish = 0.0

    @property
    def ceiling(self) -> dict[str, float]:
        """What the whole harness reaches against a null SCP, operations a second."""
        return self._utilisation.ceiling

    def reaches(self, ceilings: Iterable[Mapping[str, float]]) -> None:
        """Takes what each worker reaches against a null SCP."""
        whole: Counter[str] = Counter()
        for one in ceilings:
            whole.update(one)
        self._utilisation = Utilisation(whole)

    def start(self, workers: Iterable[str], zero: int, detail: dict[str, Any]) -> None:
        """Begins the load stage with the workers that will report."""
        self.zero = zero
        self.workers = {worker: _Worker() for worker in workers}
        self.record.emit(StageStarted(at=zero * 1e-9, stage="load", detail=detail))

    def now(self) -> float:
        """Seconds since the start of the run."""
        return (time.time_ns() - self.zero) * 1e-9

    def receive(self, worker: str, report: Report) -> None:
        """Merges one worker's report; every worker counts its seconds from the same moment."""
        known = self.workers.setdefault(worker, _Worker())
        known.through = report["through"]
        known.cpu = report["cpu"]
        known.done = report["done"]
        known.left = report["left"]
        self.tally.add(report["batches"], report["lags"])
        for role, number, ranges in report["stored"]:
            count = self.accounts.add(role, number, [(start, end) for start, end in ranges])
            self._fresh.append(Stored(role, number, count))
        for role, number, due, started, finished, images in report["retrieved"]:
            self._match(role, number, due, started, finished, images)
        for text in report["notes"]:
            self.note("warning", text)

    def _match(
        self, role: str, number: int, due: float, started: float, finished: float, images: int
    ) -> None:
        """Finds when the images of a C-MOVE arrived at our receiver."""
        arrived = self.arrivals(
            self.accounts.instances(role, number),
            self.zero + int(started * 1e9) - _TOLERANCE,
            self.zero + int(finished * 1e9) + _TOLERANCE,
        )
        last = self._images.operation("last-image")
        last.begin(started)
        if not arrived:
            last.end(due, started, finished, kind="incomplete")
            self.note(
                "warning",
                "a C-MOVE reported success, but no image of its study arrived at our receiver",
            )
            return
        moments = [(moment - self.zero) * 1e-9 for moment, _ in arrived]
        size = sum(size for _, size in arrived)
        first = self._images.operation("first-image")
        first.begin(started)
        first.end(due, started, min(moments))
        kind = "incomplete" if len(arrived) < images else ""
        last.end(due, started, max(moments), size, kind)

    def fresh(self) -> list[Stored]:
        """The studies that became readable since the last call, for the crews' readers."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def lost(self, worker: str) -> None:
        """Notes that a worker is gone: its share of the plan is not carried out any more."""
        known = self.workers.get(worker)
        if known and not known.lost and not known.done:
            known.lost = True
            self.note(
                "problem",
                f"worker {worker} was lost at {known.through:.0f} s; its share of the plan was not "
                "carried out from then on",
            )

    def note(self, severity: str, text: str) -> None:
        """Keeps a finding in words, once."""
        self._notes.setdefault(text, severity)

    def tick(self) -> bool:
        """Writes the seconds that are complete.  True when the run is over."""
        alive = [worker for worker in self.workers.values() if not worker.lost]
        if alive:
            self._write(int(min(worker.through for worker in alive)))
        if self.scenario.stop_when_missed and not self.missed_early:
            self.missed_early = self._missed_now()
            if self.missed_early:
                self.note("problem", f"stopped early: {self.missed_early[0]} was missed")
        return all(worker.done or worker.lost for worker in self.workers.values())

    @property
    def overdue(self) -> bool:
        """True when what still runs has had its time after the last arrival, or is to be cut."""
        return bool(self.missed_early) or self.now() > self.scenario.seconds + self.scenario.drain

    def _write(self, before: int) -> None:
        self.tally.add(*self._images.take())
        self._emit(self.tally.seconds(before, self.zero * 1e-9))

    def _emit(self, seconds: Iterable[LoadSecond]) -> None:
        for event in seconds:
            self._utilisation.add(event)
            self.record.emit(event)

    def _missed_now(self) -> list[str]:
        operations = {name: self.tally.operation(name) for name in list(self.tally.totals)}
        found = []
        for level in self.scenario.parsed_levels:
            if not level.final:
                judged = judge(level, operations, self.now())
                if not judged.held and judged.samples >= _FEWEST:
                    found.append(level.text)
        return found

    def finish(
        self,
        ledger: Ledger | None,
        *,
        interrupted: bool = False,
        notes: Iterable[str] = (),
        detail: dict[str, Any] | None = None,
    ) -> LoadSummary:
        """Writes everything that is left: the last seconds, the ledger, the summary, the notes."""
        self.tally.add(*self._images.take())
        self._emit(self.tally.rest(self.zero * 1e-9))
        if ledger is not None:
            self.record.emit(ledger)
        summary = self._summary(ledger, notes, detail or {})
        self.record.emit(summary)
        for text, severity in self._notes.items():
            self.record.emit(Note(at=time.time(), severity=severity, text=text))
        self.record.emit(
            StageFinished(
                at=time.time(), stage="load", duration=self.now(), interrupted=interrupted
            )
        )
        return summary

    def _summary(
        self, ledger: Ledger | None, notes: Iterable[str], detail: dict[str, Any]
    ) -> LoadSummary:
        operations = self.tally.operations(self.scenario.operations)
        duration = self.tally.last_finish or self.scenario.seconds
        left = sum(worker.left for worker in self.workers.values() if not worker.lost)
        if left:
            self.note("problem", f"{left} users of ours had not ended when the load did")
        limited = list(self._client_limited(duration))
        found = [*notes, *limited, *self._about_ourselves(), *self._stalls()]
        for op in operations:
            for kind, count in list(op.errors.items())[:3]:
                found.append(f"{op.name}: {count} × {in_words(kind)}")
        return LoadSummary(
            at=time.time(),
            scenario=self.scenario.name,
            model=self.scenario.model,
            duration=duration,
            users=self.users or self.scenario.user_count,
            operations=operations,
            generator_cpu=sum(worker.cpu for worker in self.workers.values()),
            schedule_lag_p99=self.tally.schedule_lag.quantile(0.99),
            policies=self.policies,
            notes=found,
            service_levels=self._levels(ledger, duration),
            ceiling={name: round(rate, 1) for name, rate in self.ceiling.items()},
            ceiling_share=self._utilisation.busiest,
            client_limited=bool(limited),
            detail={
                "workers": len(self.workers),
                "scale": self.scenario.scale,
                "seconds": self.scenario.seconds,
                "acknowledged": self.accounts.acknowledged,
                "users_left": left,
                "harness_lag_p99": self.tally.harness_lag.quantile(0.99),
                **detail,
            },
        )

    def _client_limited(self, duration: float) -> Iterator[str]:
        """Where the harness, and not the target, may be what was measured."""
        busy = sum(one.cpu for one in self.workers.values()) / max(1, len(self.workers)) / duration
        if busy > NEAR:
            yield f"client-limited: the harness used {busy:.0%} of a core for each worker; {_MEND}"
        share = self._utilisation.busiest
        if share is not None and share > NEAR:
            rates = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in self.ceiling.items())
            yield (
                f"client-limited: the busiest seconds came to {share:.0%} of what the harness "
                f"itself reaches against its null SCP ({rates}); {_MEND}"
            )

    def _about_ourselves(self) -> Iterator[str]:
        lag = self.tally.schedule_lag.quantile(0.99)
        if lag is not None and lag > _LAG:
            yield (
                f"the harness itself started 1 % of the arrivals more than {lag * 1000:.0f} ms "
                "late: something took the processor from it"
            )

    def _stalls(self) -> Iterator[str]:
        """A cluster of service times at 40 ms is a socket option of the target, not its speed."""
        for name, total in self.tally.totals.items():
            if name in _OF_ONE_EXCHANGE and total.service.count >= _FEWEST:
                share = total.service.share_between(*_DELAYED_ACK)
                if share > _CLUSTER:
                    yield (
                        f"{name}: {share:.0%} of the service times lie between 39 and 48 ms: a "
                        "delayed acknowledgement meets a server without TCP_NODELAY; compare with "
                        "--quickack"
                    )

    def _levels(self, ledger: Ledger | None, duration: float) -> list[ServiceLevel]:
        operations = {name: self.tally.operation(name) for name in list(self.tally.totals)}
        return [
            judge(level, operations, duration, ledger)
            for level in self.scenario.parsed_levels
            # Without a ledger there is nothing to hold these to: a note says why there is none.
            if ledger is not None or level.measure not in LEDGER
        ]
