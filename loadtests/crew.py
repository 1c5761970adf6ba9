"""One process's share of a run: its clock, its part of every plan, and what its users report.

A crew knows neither Locust nor sockets.  Users ask it for their next turn, it lets them sleep until
that turn is due, and counts what starts late or not at all.  Once a second the master takes a
`Report`: plain values only, so that it travels in a message unchanged.
"""

from __future__ import annotations

import itertools
import random
import resource
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TypedDict

from stepwedge.loadtests.identities import Identity, ranges
from stepwedge.loadtests.recorder import Batch, Recorder
from stepwedge.loadtests.scenarios import (
    Modality,
    Monitor,
    Router,
    Scenario,
    Worklist,
    Workstation,
)
from stepwedge.loadtests.schedules import Arrival, arrivals

# Started more than this many seconds after its moment, an arrival counts as late: well above what a
# timer of a busy process is off by, well below what anybody would notice.
LATE = 0.01

# A reader picks among this many of the newest studies.
REMEMBERED = 5000


class Report(TypedDict):
    """What a crew tells the master, once a second."""

    through: float  # all that finished before this moment (seconds of the run) is in here
    batches: dict[str, Batch]
    lags: bytes
    stored: list[tuple[str, int, list[tuple[int, int]]]]  # role, exam, acknowledged image ranges
    retrieved: list[tuple[str, int, float, float, float, int]]
    notes: list[str]
    cpu: float  # CPU seconds of this process since the run began
    left: int  # users that have begun and not ended
    done: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A study of which `images` instances were acknowledged."""

    role: str
    number: int
    images: int


@dataclass
class Pool:
    """The users of one role in this process, and the arrivals that are theirs."""

    arrivals: Iterator[Arrival]
    active: int = 0
    exhausted: bool = False


class Archive:
    """What has been stored so far, for those who read it: the newest studies of the whole run."""

    def __init__(self, seed: int) -> None:
        # With when each became known here, the oldest first.
        self._known: deque[tuple[Stored, float]] = deque(maxlen=REMEMBERED)
        self._busy: set[tuple[str, int]] = set()
        self._dice = random.Random(seed)
        self._changed = threading.Condition()

    def add(self, studies: Collection[Stored]) -> None:
        """Makes studies known."""
        now = time.monotonic()
        with self._changed:
            self._known.extend((study, now) for study in studies)
            self._changed.notify_all()

    def borrow(self, seconds: float, age: float = 0.0) -> Stored | None:
        """A study that nobody else is reading, waiting up to `seconds` for one.

        It has been known for at least `age` seconds.  None when there is none.  Give it back with
        `restore`.
        """
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := self._pick(time.monotonic() - age)):
                now = time.monotonic()
                if end <= now:
                    return None
                ready = [since + age for one, since in self._known if self._is_free(one)]
                self._changed.wait(max(0.001, min([end, *ready]) - now))
            self._busy.add((found.role, found.number))
            return found

    def _is_free(self, study: Stored) -> bool:
        return (study.role, study.number) not in self._busy

    def _pick(self, before: float) -> Stored | None:
        if not self._known:
            return None
        for _ in range(8):
            one, since = self._dice.choice(self._known)
            if since <= before and self._is_free(one):
                return one
        # The oldest first, so the first that is too young ends the search.
        for one, since in self._known:
            if since > before:
                return None
            if self._is_free(one):
                return one
        return None

    def restore(self, study: Stored) -> None:
        """Ends a reader's hold on a study."""
        with self._changed:
            self._busy.discard((study.role, study.number))
            self._changed.notify_all()


@dataclass
class Crew:
    """One process's share of a run.

    `zero` is the start of the run in nanoseconds since the epoch, by this machine's clock: the one
    that the kernel stamps packets with.  `slots` gives for each role
    the total number of slots in the run and those that are ours.
    """

    scenario: Scenario
    run: str
    zero: int
    slots: dict[str, tuple[int, Collection[int]]]
    destination: str = ""  # our receiver's AE title
    recorder: Recorder = field(default_factory=Recorder)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._cpu_before = _cpu()
        self.archive = Archive(self.scenario.seed)
        self.granted: set[str] = set()  # studies that were released to a requester
        self._stored: list[tuple[str, int, list[tuple[int, int]]]] = []
        self._retrieved: list[tuple[str, int, float, float, float, int]] = []
        self._notes: dict[str, None] = {}
        self.specs = {one.name: one for one in self.scenario.users}
        self.pools = {name: Pool(self._arrivals(name)) for name in self.specs}

    def now(self) -> float:
        """Seconds since the start of the run."""
        return (time.time_ns() - self.zero) * 1e-9

    def moment(self, nanoseconds: int) -> float:
        """A moment since the epoch as seconds since the start of the run."""
        return (nanoseconds - self.zero) * 1e-9

    def identity(self, role: str, number: int) -> Identity:
        """Who the patient, study and images of an arrival are."""
        return Identity(self.run, role, number)

    def _arrivals(self, name: str) -> Iterator[Arrival]:
        total, mine = self.slots.get(name, (1, ()))
        if not mine:
            return iter(())
        if self.scenario.model == "closed":
            return self._closed(total, sorted(mine))
        spec = self.specs[name]
        return arrivals(
            self.scenario.plan(spec),
            poisson=self.scenario.poisson_seed(spec),
            slots=total,
            mine=mine,
        )

    def _closed(self, total: int, mine: list[int]) -> Iterator[Arrival]:
        """Closed model: the next arrival is due when a user is free, until the time is over."""
        for turn in itertools.count():
            now = max(0.0, self.now())
            if now >= self.scenario.seconds:
                return
            round_, index = divmod(turn, len(mine))
            yield Arrival(round_ * total + mine[index], now)

    def join(self, name: str) -> None:
        """A user of role `name` begins."""
        self.pools[name].active += 1

    def leave(self, name: str) -> None:
        """A user of role `name` has ended."""
        self.pools[name].active -= 1

    def next_turn(self, name: str) -> Arrival | None:
        """The next arrival of a role, at the moment it is due.

        None when there is no other, or at a stop.  What is already past the scenario's deadline is
        counted as dropped and not returned.
        """
        pool = self.pools[name]
        if self.scenario.model == "closed" and self.scenario.think:
            self.stopping.wait(self.scenario.think)
        for arrival in pool.arrivals:
            now = self._wait_until(arrival.due)
            if self.stopping.is_set():
                # Stopped meanwhile.  What was due was dropped; what was not is nobody's failure.
                if arrival.due <= now:
                    self.drop(name, arrival)
                break
            if now - arrival.due > self.scenario.deadline:
                self.drop(name, arrival)
                continue
            return arrival
        pool.exhausted = True
        return None

    def drop(self, name: str, arrival: Arrival) -> None:
        """Counts an arrival's operations as dropped: planned, and never started."""
        for operation, count in planned_operations(self.scenario, name, arrival.number):
            self.recorder.operation(operation).dropped += count

    def give_up(self) -> None:
        """At the end of a run: what was due by now and nobody was free to take is dropped."""
        if self.scenario.model == "closed":
            return
        for name, pool in self.pools.items():
            if not pool.exhausted:
                pool.exhausted = True
                for arrival in pool.arrivals:
                    if arrival.due > self.now():
                        break
                    self.drop(name, arrival)

    def _wait_until(self, due: float) -> float:
        """Sleeps until `due`, or a stop; returns the moment it is then."""
        now = self.now()
        if now >= due:
            return now
        while now < due and not self.stopping.wait(due - now):
            now = self.now()
        if not self.stopping.is_set():
            self.recorder.woke(now - due)
        return now

    def is_late(self, arrival: Arrival) -> bool:
        """True when an arrival starts noticeably after its moment."""
        return self.now() - arrival.due > LATE

    def stored(self, role: str, number: int, indexes: list[int]) -> None:
        """Notes the acknowledged images of an exam."""
        if indexes:
            self._stored.append((role, number, ranges(sorted(indexes))))

    def retrieved(
        self, role: str, number: int, due: float, started: float, finished: float, images: int
    ) -> None:
        """Notes a C-MOVE that ended well, for its images' arrival to be looked up."""
        self._retrieved.append((role, number, due, started, finished, images))

    def note(self, text: str) -> None:
        """Keeps a finding in words, once."""
        self._notes.setdefault(text)

    @property
    def done(self) -> bool:
        """True when every arrival was taken and every user has ended."""
        return all(pool.active == 0 for pool in self.pools.values()) and all(
            pool.exhausted or not self.slots.get(name, (1, ()))[1]
            for name, pool in self.pools.items()
        )

    def report(self) -> Report:
        """What happened since the last report."""
        done = self.done
        through = self.now()
        batches, lags = self.recorder.take()
        stored, self._stored = self._stored, []
        retrieved, self._retrieved = self._retrieved, []
        notes, self._notes = list(self._notes), {}
        return Report(
            through=through,
            batches=batches,
            lags=lags,
            stored=stored,
            retrieved=retrieved,
            notes=notes,
            cpu=_cpu() - self._cpu_before,
            left=sum(pool.active for pool in self.pools.values()),
            done=done,
        )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def planned_counts(scenario: Scenario) -> dict[str, dict[int, int]]:
    """How many operations are planned in each second, by operation; empty in the closed model."""
    counts: dict[str, dict[int, int]] = {}

    def count(operation: str, due: float, how_many: int = 1) -> None:
        seconds = counts.setdefault(operation, {})
        seconds[int(due)] = seconds.get(int(due), 0) + how_many

    if scenario.model == "closed":
        return counts
    for spec in scenario.users:
        for arrival in arrivals(scenario.plan(spec), poisson=scenario.poisson_seed(spec)):
            for operation, how_many in planned_operations(scenario, spec.name, arrival.number):
                count(operation, arrival.due, how_many)
    return counts


def planned_operations(scenario: Scenario, name: str, number: int) -> list[tuple[str, int]]:
    """The operations that one arrival of the role `name` stands for, and how many of each."""
    spec = next(one for one in scenario.users if one.name == name)
    match spec:
        case Modality() | Router():
            return [("exam", 1), ("store", scenario.exam(spec, number).images)]
        case Workstation(retrieve="none"):
            return [("find", 1)]
        case Workstation():
            return [("find", 1), (spec.retrieve, 1)]
        case Worklist():
            return [("worklist", 1)]
        case Monitor():
            return [("echo", 1)]
