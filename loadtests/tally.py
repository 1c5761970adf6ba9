"""What a load came to: the samples of all workers merged, by second and as a whole.

The tally is the master's.  It takes the recorders' batches in any order, keeps whole-run
distributions without loss, and gives out a second's events once every worker has reported past it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stepwedge.events import LoadOperation, LoadSecond
from stepwedge.loadtests.histograms import Distribution
from stepwedge.loadtests.recorder import Batch, counts_as_latency, phases_of


def _by_kind(kinds: NDArray[np.uint16], names: list[str]) -> dict[str, int]:
    counts = np.bincount(kinds, minlength=1)
    return {names[index]: int(counts[index]) for index in np.flatnonzero(counts) if index}


def _cells(seconds: NDArray[np.float64]) -> dict[int, int]:
    """How many by tenths of a decade, as `LoadSecond.cells` counts them."""
    cells = np.floor(np.log10(np.maximum(seconds, 1e-6)) * 10 + 1e-9).astype(np.int64)
    numbers, counts = np.unique(cells, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


@dataclass
class _Second:
    started: int = 0
    finished: int = 0
    failed: int = 0
    bytes: int = 0
    response: Distribution = field(default_factory=Distribution)
    service: Distribution = field(default_factory=Distribution)
    errors: Counter[str] = field(default_factory=Counter)
    cells: Counter[int] = field(default_factory=Counter)


@dataclass
class _Total:
    started: int = 0
    finished: int = 0
    failed: int = 0
    bytes: int = 0
    late: int = 0
    dropped: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    response: Distribution = field(default_factory=Distribution)
    service: Distribution = field(default_factory=Distribution)
    wait: Distribution = field(default_factory=Distribution)
    phases: defaultdict[str, Distribution] = field(
        default_factory=lambda: defaultdict(Distribution)
    )


class Tally:
    """The merged samples of a run.

    `planned` maps an operation and a second to how many were planned in it.
    """

    def __init__(self, planned: dict[str, Counter[int]] | None = None) -> None:
        self.planned: dict[str, Counter[int]] = planned or {}
        self.totals: defaultdict[str, _Total] = defaultdict(_Total)
        self.schedule_lag = Distribution()
        self.harness_lag = Distribution()
        self._seconds: defaultdict[int, defaultdict[str, _Second]] = defaultdict(
            lambda: defaultdict(_Second)
        )
        self.last_finish = 0.0  # seconds of the run
        self._given = 0  # seconds before this one have been given out

    def add(self, batches: dict[str, Batch], schedule_lags: bytes = b"") -> None:
        """Merges one worker's batches."""
        self.schedule_lag.add(np.frombuffer(schedule_lags, dtype=np.float64))
        for name, batch in batches.items():
            self._add(name, batch)

    def _add(self, name: str, batch: Batch) -> None:
        total = self.totals[name]
        total.late += batch["late"]
        total.dropped += batch["dropped"]
        for second, begun in batch["begun"].items():
            total.started += begun
            self._at(int(second), name).started += begun
        scheduled = np.frombuffer(batch["scheduled"], dtype=np.float64)
        started = np.frombuffer(batch["started"], dtype=np.float64)
        finished = np.frombuffer(batch["finished"], dtype=np.float64)
        if not len(finished):
            return
        sizes = np.frombuffer(batch["size"], dtype=np.int64)
        kinds = np.frombuffer(batch["kind"], dtype=np.uint16)
        self.last_finish = max(self.last_finish, float(finished.max()))
        total.errors.update(_by_kind(kinds, batch["kinds"]))
        told = np.array([counts_as_latency(kind) for kind in batch["kinds"]])[kinds]
        failed = kinds != 0
        total.finished += len(finished)
        total.failed += int(failed.sum())
        total.bytes += int(sizes[~failed].sum())
        response = np.maximum(finished - scheduled, 0)
        service = np.maximum(finished - started, 0)
        total.response.add(response[told])
        total.service.add(service[told])
        total.wait.add(np.maximum(started - scheduled, 0)[told])
        names = phases_of(name)
        phases = np.frombuffer(batch["phases"], dtype=np.float64).reshape(-1, len(names))
        for column, phase in enumerate(names):
            total.phases[phase].add(phases[:, column])
        lags = np.frombuffer(batch["lag"], dtype=np.float64)
        self.harness_lag.add(lags[lags > 0])
        seconds = np.maximum(finished, 0).astype(np.int64)
        for number in np.unique(seconds):
            here = seconds == number
            at = self._at(int(number), name)
            at.finished += int(here.sum())
            at.failed += int(failed[here].sum())
            at.bytes += int(sizes[here & ~failed].sum())
            at.response.add(response[here & told])
            at.service.add(service[here & told])
            at.errors.update(_by_kind(kinds[here], batch["kinds"]))
            at.cells.update(_cells(response[here & told]))

    def _at(self, second: int, name: str) -> _Second:
        # What arrives for a second that was given out already (a worker that was taken for lost)
        # counts in the totals and in the first second still open, so that the sums agree.
        return self._seconds[max(second, self._given)][name]

    def seconds(self, before: int, started_at: float) -> Iterator[LoadSecond]:
        """The events of all seconds before `before` that were not given out yet, in order.

        `started_at` is the start of the run in seconds since the epoch.
        """
        while self._given < before:
            number = self._given
            found: dict[str, _Second] = dict(self._seconds.pop(number, {}))
            planned = {name for name, counts in self.planned.items() if counts[number]}
            for name in sorted(set(found) | planned):
                yield self._event(number, name, found.get(name) or _Second(), started_at)
            self._given += 1

    def rest(self, started_at: float) -> Iterator[LoadSecond]:
        """The events of everything that was not given out yet, at the end of a run."""
        known = [*self._seconds, *(second for c in self.planned.values() for second in c)]
        yield from self.seconds(max(known, default=-1) + 1, started_at)

    def _event(self, number: int, name: str, at: _Second, started_at: float) -> LoadSecond:
        response, service = at.response, at.service
        return LoadSecond(
            at=started_at + number,
            second=number,
            operation=name,
            planned=self.planned.get(name, Counter())[number],
            started=at.started,
            finished=at.finished,
            failed=at.failed,
            bytes=at.bytes,
            p50=response.quantile(0.5),
            p95=response.quantile(0.95),
            p99=response.quantile(0.99),
            max=response.largest if response.count else None,
            service_p50=service.quantile(0.5),
            service_p95=service.quantile(0.95),
            service_p99=service.quantile(0.99),
            errors=dict(at.errors.most_common()),
            cells=dict(sorted(at.cells.items())),
            encoded=response.encoded() if response.count else "",
        )

    def operations(self, order: Iterable[str] = ()) -> list[LoadOperation]:
        """Every operation's whole, those named in `order` first."""
        names = [name for name in order if name in self.totals]
        names += sorted(set(self.totals) - set(names))
        return [self.operation(name) for name in names]

    def operation(self, name: str) -> LoadOperation:
        """One operation's whole."""
        total = self.totals[name]
        return LoadOperation(
            name=name,
            started=total.started,
            finished=total.finished,
            failed=total.failed,
            bytes=total.bytes,
            late=total.late,
            dropped=total.dropped,
            errors=dict(total.errors.most_common()),
            response=total.response.event(),
            service=total.service.event(),
            wait=total.wait.event(),
            phases={name: found for name, d in total.phases.items() if (found := d.event())},
        )
