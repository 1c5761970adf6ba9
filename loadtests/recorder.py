"""The hot path of measuring: one worker's samples, appended to arrays and taken once a second.

Each operation has three moments, in seconds from the start of the run: when it was *scheduled*,
when it was *started*, when it *finished* (the kernel's receive timestamp of the last answer).  The
clocks follow from them: wait = started − scheduled, service = finished − started, response = both.
What the harness itself added between the kernel and the user's code is kept apart as its lag.

A batch is plain bytes and dictionaries, so it crosses Locust's messages to the master unchanged and
nothing is lost or rounded on the way.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypedDict

# Index 0 of the kinds: it succeeded.
OK = ""

# Kinds whose time belongs in the latency: who waited in vain waited at least that long.
_WAITED = ("timeout", "interrupted")


def counts_as_latency(kind: str) -> bool:
    """True when an operation that ended so tells a latency: success, or a wait in vain.

    A refusal within microseconds must not make the percentiles look better, so what was answered
    with a failure is counted as an error and left out of them.
    """
    return kind == OK or kind.startswith(_WAITED)


# What the service time of an operation consists of, in order.
_ASSOCIATE = ("connect", "negotiate")
_EXCHANGE = ("send", "first answer", "further answers")


def phases_of(operation: str) -> tuple[str, ...]:
    """The names of an operation's phases."""
    return _ASSOCIATE if operation == "associate" else _EXCHANGE


class Batch(TypedDict):
    """The samples of one operation, as bytes of equally long arrays."""

    scheduled: bytes  # float64 each
    started: bytes
    finished: bytes
    lag: bytes
    size: bytes  # int64
    kind: bytes  # uint16, an index into `kinds`
    phases: bytes  # float64: the phases of each operation that told them, one after another
    kinds: list[str]
    begun: dict[int, int]  # second → operations started in it
    late: int
    dropped: int


class Operation:
    """The samples of one operation since the last batch was taken."""

    def __init__(self) -> None:
        self._kinds: dict[str, int] = {OK: 0}
        self._clear()

    def _clear(self) -> None:
        self.scheduled = array("d")
        self.started = array("d")
        self.finished = array("d")
        self.lag = array("d")
        self.size = array("q")
        self.kind = array("H")
        self.phases = array("d")
        self.begun: dict[int, int] = {}
        self.late = 0
        self.dropped = 0

    def begin(self, started: float) -> None:
        """Counts an operation as started."""
        second = int(started)
        self.begun[second] = self.begun.get(second, 0) + 1

    def end(
        self,
        scheduled: float,
        started: float,
        finished: float,
        size: int = 0,
        kind: str = OK,
        lag: float = 0.0,
        phases: Sequence[float] = (),
    ) -> None:
        """Records an operation that ended, well or not.

        `phases` are the seconds of what it consists of, as `phases_of` names them.
        """
        self.scheduled.append(scheduled)
        self.started.append(started)
        self.finished.append(finished)
        self.lag.append(lag)
        self.size.append(size)
        self.kind.append(0 if not kind else self._kinds.setdefault(kind, len(self._kinds)))
        if phases:
            self.phases.extend(phases)

    def take(self) -> Batch | None:
        """What was recorded since the last call; None when that is nothing."""
        if not (self.finished or self.begun or self.late or self.dropped):
            return None
        batch = Batch(
            scheduled=self.scheduled.tobytes(),
            started=self.started.tobytes(),
            finished=self.finished.tobytes(),
            lag=self.lag.tobytes(),
            size=self.size.tobytes(),
            kind=self.kind.tobytes(),
            phases=self.phases.tobytes(),
            kinds=list(self._kinds),
            begun=self.begun,
            late=self.late,
            dropped=self.dropped,
        )
        self._clear()
        return batch


class Recorder:
    """All operations of one worker."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self._schedule_lag = array("d")

    def operation(self, name: str) -> Operation:
        """The samples of the operation `name`, made at first use."""
        try:
            return self.operations[name]
        except KeyError:
            return self.operations.setdefault(name, Operation())

    def woke(self, lag: float) -> None:
        """Records how many seconds after its moment a waiting user was woken: our own lag."""
        self._schedule_lag.append(lag)

    def take(self) -> tuple[dict[str, Batch], bytes]:
        """The batches since the last call, by operation, and the schedule lags as float64 bytes."""
        lags = self._schedule_lag.tobytes()
        self._schedule_lag = array("d")
        batches = {name: batch for name, op in self.operations.items() if (batch := op.take())}
        return batches, lags
