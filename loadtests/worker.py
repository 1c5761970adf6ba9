"""A worker's side of a load: it answers the master's questions and reports to it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import gevent
from locust import events
from locust.runners import WorkerRunner

if TYPE_CHECKING:
    from stepwedge.loadtests.locusts import Site

# The messages between a master and its workers.
CEILING, GO, CLOCK, REPORT, FRESH, HALT = (
    "stepwedge.ceiling",
    "stepwedge.go",
    "stepwedge.clock",
    "stepwedge.report",
    "stepwedge.fresh",
    "stepwedge.halt",
)
# How long a halted worker may take to say its last, in seconds.
LAST_WORDS = 10.0


class WorkerSide:
    """A worker process: answers the master's questions and reports to it."""

    def __init__(self, site: Site, runner: WorkerRunner) -> None:
        self.site = site
        self.runner = runner
        runner.register_message(GO, self._go)
        runner.register_message(CLOCK, self._clock)
        runner.register_message(CEILING, self._ceiling, concurrent=True)
        runner.register_message(FRESH, lambda msg, **_: site.fresh(msg.data))
        runner.register_message(HALT, self._halt, concurrent=True)
        events.test_stop.add_listener(self._stopped)

    def _clock(self, msg: Any, **_: Any) -> None:
        self.runner.send_message(CLOCK, {"asked": msg.data["asked"], "here": time.time_ns()})

    def _ceiling(self, **_: Any) -> None:
        self.runner.send_message(CEILING, self.site.ceiling())

    def _go(self, msg: Any, **_: Any) -> None:
        self.site.go(msg.data)
        gevent.spawn(self._report_on)

    def _report_on(self) -> None:
        crew = self.site.crew
        while crew is not None and crew is self.site.crew:
            # A little after each full second, so that the second is complete.
            gevent.sleep(1.05 - crew.now() % 1)
            if crew is not self.site.crew:
                return
            report = crew.report()
            self.runner.send_message(REPORT, report)
            if report["done"]:
                return

    def _halt(self, **_: Any) -> None:
        if report := self.site.halt():
            self.runner.send_message(REPORT, {**report, "done": True})

    def _stopped(self, **_: Any) -> None:
        if self.site.crew is not None and (report := self.site.halt()):
            # The master may be gone already; then nobody is left to tell.
            with suppress(Exception):
                self.runner.send_message(REPORT, {**report, "done": True})
        self.site.reset()
