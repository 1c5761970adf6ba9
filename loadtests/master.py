"""The master's side of a load, or that of a single process: it directs the run.

spawning complete → ask every worker for its clock → share out the slots of each role's plan
→ "go" with the common start → once a second each worker reports → all done, or overdue
→ audit → summary → quit
"""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Any

import gevent
from locust import events
from locust.runners import MasterRunner

from stepwedge.errors import NotReachable, StepwedgeError
from stepwedge.loadtests import webpage
from stepwedge.loadtests.conductor import Conductor
from stepwedge.loadtests.direction import Direction
from stepwedge.loadtests.worker import CEILING, CLOCK, FRESH, GO, HALT, LAST_WORDS, REPORT

if TYPE_CHECKING:
    from stepwedge.loadtests.locusts import Site

logger = logging.getLogger("stepwedge.load")

# Each worker is asked for its clock until an answer comes back within so many seconds, which bounds
# the error by half of that, or for so long; the answer that came back fastest counts.
_SOON = 0.002
_ASKED_FOR = 2.0
# How long the workers may take to say that all users are there, in seconds.
_ALL_THERE = 20.0
# How long the workers may take to measure themselves, in seconds; it takes them about two.
_SELF_KNOWLEDGE = 20.0
# From "go" to the first arrival, in seconds: kept associations are opened meanwhile.
LEAD = 1.0


class MasterSide:
    """The master, or a single process: directs the run."""

    def __init__(self, site: Site, environment: Any, runner: Any) -> None:
        self.site = site
        self.environment = environment
        self.runner = runner
        self.distributed = isinstance(runner, MasterRunner)
        self.direction: Direction | None = None
        self._answers: dict[str, list[tuple[int, int, int]]] = {}
        self._offsets: dict[str, float] = {}
        self._ceilings: dict[str, dict[str, float]] = {}
        self._greenlet: Any = None
        self._asked_to_stop = False
        self._shown: Conductor | None = None  # the present run, or the last one
        if environment.web_ui is not None:
            webpage.install(environment.web_ui, self._rows)
        runner.register_message(REPORT, self._report)
        runner.register_message(CLOCK, self._clock)
        runner.register_message(CEILING, self._ceiling)
        events.test_start.add_listener(self._started)
        events.spawning_complete.add_listener(self._spawned)
        events.test_stopping.add_listener(self._stopping)
        events.quitting.add_listener(self._quitting)

    # Start

    def _started(self, **_: Any) -> None:
        self._asked_to_stop = False
        if not self.distributed:
            self.site.reset()
        direction = Direction(self.site.settings, self.site.dial, self.site.supply)
        problem = direction.prepare()
        if problem is not None:
            logger.error("%s", problem)
            code = direction.close()
            self.environment.process_exit_code = (
                code if isinstance(problem, NotReachable) else int(problem.exit_code)
            )
            gevent.spawn(self._quit)
            return
        self.direction = direction
        self._shown = direction.conductor

    def _rows(self) -> list[dict[str, str]]:
        shown = self._shown
        return webpage.rows(shown.tally, shown.scenario) if shown is not None else []

    def _spawned(self, **_: Any) -> None:
        if self.direction is not None and self._greenlet is None:
            self._greenlet = gevent.spawn(self._direct)
            self._greenlet.link_exception(self._failed)

    def _failed(self, greenlet: Any) -> None:
        logger.error("the load could not be directed: %r", greenlet.exception)
        self.environment.process_exit_code = 6
        gevent.spawn(self._quit)

    def _direct(self) -> None:
        direction = self.direction
        if direction is None:
            return
        self._wait_for_users()
        shares = share_slots(self._users())
        self._ask_for_ceilings(list(shares))
        self._synchronise(list(shares))
        zero = time.time_ns() + int(LEAD * 1e9)
        direction.start(list(shares), zero, self._offsets, self._ceilings.values())
        for worker, slots in shares.items():
            ahead = int(self._offsets.get(worker, 0.0) * 1e9)
            go = {"run": direction.run, "zero": zero + ahead, "slots": slots}
            if self.distributed:
                self.runner.send_message(GO, go, worker)
            else:
                self.site.go(go)
        self._follow(direction)
        self._end(direction, interrupted=False)
        self._quit()

    def _wait_for_users(self) -> None:
        """Waits for all users: on a busy machine Locust calls complete what it only asked for."""
        wanted = sum(self.runner.target_user_classes_count.values())
        deadline = time.monotonic() + _ALL_THERE
        while (there := sum(sum(counts.values()) for counts in self._users().values())) < wanted:
            if time.monotonic() > deadline:
                raise StepwedgeError(
                    f"only {there} of {wanted} users were there after {_ALL_THERE:.0f} s",
                    "take fewer users, or more processes or machines",
                )
            gevent.sleep(0.05)

    def _users(self) -> dict[str, dict[str, int]]:
        """How many users of each role each worker has."""
        if self.distributed:
            return {c.id: dict(c.user_classes_count) for c in self.runner.clients.all}
        return {"local": dict(self.runner.user_classes_count)}

    def _ask_for_ceilings(self, workers: list[str]) -> None:
        """Lets every worker measure itself, all at the same time, as they will run."""
        settings = self.site.settings
        if settings.ceiling is not None or not self.distributed:
            self._ceilings["all"] = self.site.ceiling()
            return
        for worker in workers:
            self.runner.send_message(CEILING, {}, worker)
        deadline = time.monotonic() + _SELF_KNOWLEDGE
        while time.monotonic() < deadline and not all(w in self._ceilings for w in workers):
            gevent.sleep(0.05)
        if not all(self._ceilings.get(worker) for worker in workers):
            self._ceilings.clear()  # the sum of some would be too low

    def _ceiling(self, msg: Any, **_: Any) -> None:
        self._ceilings[msg.node_id] = dict(msg.data)

    def _synchronise(self, workers: list[str]) -> None:
        """Asks each worker for its clock; the offset is what the fastest answer says."""
        if not self.distributed:
            return
        deadline = time.monotonic() + _ASKED_FOR
        while (late := [w for w in workers if self._uncertainty(w) > _SOON / 2]) and (
            time.monotonic() < deadline
        ):
            for worker in late:
                self.runner.send_message(CLOCK, {"asked": time.time_ns()}, worker)
            gevent.sleep(0.05)
        for worker, answers in self._answers.items():
            asked, here, back = min(answers, key=lambda answer: answer[2] - answer[0])
            self._offsets[worker] = (here - (asked + back) / 2) * 1e-9

    def _uncertainty(self, worker: str) -> float:
        """By how many seconds a worker's offset may be wrong."""
        turns = [back - asked for asked, _, back in self._answers.get(worker, ())]
        return min(turns) * 0.5e-9 if turns else math.inf

    def _clock(self, msg: Any, **_: Any) -> None:
        answer = (int(msg.data["asked"]), int(msg.data["here"]), time.time_ns())
        self._answers.setdefault(msg.node_id, []).append(answer)

    # Course

    def _report(self, msg: Any, **_: Any) -> None:
        if self.direction is not None:
            self.direction.conductor.receive(msg.node_id, msg.data)

    def _follow(self, direction: Direction) -> None:
        conductor = direction.conductor
        next_report = 1.05
        while True:
            gevent.sleep(0.1)
            if not self.distributed and self.site.crew is not None:
                crew = self.site.crew
                if crew.now() >= next_report or crew.done:
                    conductor.receive("local", crew.report())
                    next_report = int(crew.now()) + 1.05
            else:
                self._look_for_lost()
            if fresh := conductor.fresh():
                self._pass_on([(one.role, one.number, one.images) for one in fresh])
            if conductor.tick():
                return
            if conductor.overdue:
                self._halt(direction)
                return

    def _look_for_lost(self) -> None:
        if self.direction is None:
            return
        for worker in list(self.direction.conductor.workers):
            client = self.runner.clients.get(worker)
            if client is None or client.state == "missing":
                self.direction.conductor.lost(worker)

    def _pass_on(self, studies: list[tuple[str, int, int]]) -> None:
        if not self.distributed:
            self.site.fresh(studies)
            return
        # Each study goes to one worker, so that no two readers of different workers share it.
        workers = [client.id for client in self.runner.clients.all]
        for index, worker in enumerate(workers):
            if mine := [study for study in studies if study[1] % len(workers) == index]:
                self.runner.send_message(FRESH, mine, worker)

    def _halt(self, direction: Direction) -> None:
        """Cuts what still runs and waits, for a bounded time, for the last reports."""
        conductor = direction.conductor
        if not self.distributed:
            if report := self.site.halt():
                conductor.receive("local", report)
            return
        self.runner.send_message(HALT, {})
        deadline = time.monotonic() + LAST_WORDS
        while not conductor.tick() and time.monotonic() < deadline:
            gevent.sleep(0.05)

    # End

    def _stopping(self, **_: Any) -> None:
        """Somebody stops the run before its end: from the web page, or by a signal."""
        self._interrupt()

    def _quitting(self, **_: Any) -> None:
        self._interrupt()

    def _interrupt(self) -> None:
        direction = self.direction
        if direction is None or self._asked_to_stop or direction.finished:
            return
        self._asked_to_stop = True
        if self._greenlet is not None and self._greenlet is not gevent.getcurrent():
            self._greenlet.kill(block=True)
        if direction.started:
            self._halt(direction)
        self._end(direction, interrupted=True)

    def _end(self, direction: Direction, *, interrupted: bool) -> None:
        code = direction.finish(interrupted=interrupted)
        self.environment.process_exit_code = code
        self._greenlet = None
        self.direction = None
        self._answers.clear()
        self._ceilings.clear()

    def _quit(self) -> None:
        self._asked_to_stop = True
        if self.environment.web_ui is not None:
            self.runner.stop()
        else:
            self.runner.quit()


def share_slots(
    users: dict[str, dict[str, int]],
) -> dict[str, dict[str, tuple[int, list[int]]]]:
    """The slots of each role's plan by worker: each user has one, and together they are all.

    The plan's arrival n belongs to slot n modulo their number, so whatever Locust's dispatcher made
    of the users, no arrival is without a worker and none has two.
    """
    totals: dict[str, int] = {}
    shares: dict[str, dict[str, list[int]]] = {worker: {} for worker in users}
    for worker, counts in users.items():
        for role, count in counts.items():
            first = totals.get(role, 0)
            shares[worker][role] = list(range(first, first + count))
            totals[role] = first + count
    return {
        worker: {role: (totals[role], slots) for role, slots in roles.items()}
        for worker, roles in shares.items()
    }
