"""Locust's part: users, ramp-up, the web page and distribution carry our plan and our clocks.

Locust is imported here and in no module that a conformance run could import: it patches the
standard library through gevent.

A process opens its gate at "go"; its users wait there, take turns until the plan is exhausted, and
leave.  What `master` and `worker` say to one another are messages of plain values.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, ClassVar

import gevent
from gevent.event import AsyncResult
from gevent.queue import SimpleQueue
from locust import User, events, task
from locust.exception import StopUser
from locust.runners import WorkerRunner

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests import ceiling
from stepwedge.loadtests.crew import Crew, Report, Stored
from stepwedge.loadtests.master import MasterSide
from stepwedge.loadtests.reading import RequesterStation, WorkstationStation
from stepwedge.loadtests.roles import (
    ModalityStation,
    MonitorStation,
    Station,
    WorklistStation,
)
from stepwedge.loadtests.routing import RouterStation
from stepwedge.loadtests.scenarios import Requester
from stepwedge.loadtests.settings import Settings, add_arguments
from stepwedge.loadtests.supply import Supply, kinds_of, syntaxes
from stepwedge.loadtests.wired import WireDial
from stepwedge.loadtests.worker import LAST_WORDS, WorkerSide
from stepwedge.releasing import change
from stepwedge.target import Credentials

logger = logging.getLogger("stepwedge.load")

# For how long a user whose answers are there at once keeps the others waiting, in seconds.
_STINT = 0.005

STATIONS: dict[str, type[Station]] = {
    "modality": ModalityStation,
    "router": RouterStation,
    "workstation": WorkstationStation,
    "requester": RequesterStation,
    "worklist": WorklistStation,
    "monitor": MonitorStation,
}


class StationUser(User):  # type: ignore[misc]
    """A Locust user that is one station of the scenario."""

    abstract = True
    role: ClassVar[str]
    site: ClassVar[Site]

    def on_start(self) -> None:
        """Waits for the start of the run, and opens what the station keeps open."""
        crew = self.site.gate.get()
        crew.join(self.role)
        self.crew: Crew = crew
        self.station = self.site.station(self.role)
        try:
            self.station.warm_up()
        except BaseException:
            self.station.cut()
            raise

    @task  # type: ignore[untyped-decorator]
    def turns(self) -> None:
        """Takes turns for a moment; ends the user when there is none any more.

        Between two tasks Locust gives way to all others, which costs as much as a quick answer.
        """
        until = monotonic() + _STINT
        try:
            while (more := self.station.turn()) and monotonic() < until:
                pass
            if not more:
                self.station.leave()
        except BaseException:
            self.station.cut()
            raise
        if not more:
            raise StopUser

    def on_stop(self) -> None:
        """Tells the crew that this user has ended."""
        if hasattr(self, "crew"):
            self.crew.leave(self.role)


class Site:
    """One process of the load: its gate, its crew, and its messages to the master."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        kinds = kinds_of(settings.scenario)
        self.supply = Supply()
        for kind in kinds:  # before any fork: all workers share the pixel data
            self.supply.template(kind)
        self.dial = WireDial(settings.target, syntaxes(kinds), settings.quickack)
        self._outside: dict[str, WireDial] = {}
        self._ports = itertools.cycle(settings.target.port)  # each requester comes to the next one
        self.gate: AsyncResult = AsyncResult()
        self.crew: Crew | None = None
        self.environment: Any = None
        self._told: SimpleQueue[tuple[str, float, int, str]] = SimpleQueue()

    def station(self, role: str) -> Station:
        """A new station of this site's crew."""
        if self.crew is None:
            raise RuntimeError("a station is asked for before the run began")
        spec = self.crew.specs[role]
        dial = self.outside(spec.user) if isinstance(spec, Requester) else self.dial
        station = STATIONS[spec.role](self.crew, role, dial, self.supply, self._tell)
        if isinstance(station, RequesterStation):
            station.release = self.releasing(station.spec.user)
            station.port = next(self._ports)
        if isinstance(station, RouterStation):
            station.ports = self.settings.target.port
        return station

    def outside(self, part: str) -> WireDial:
        """Associations of a user from outside; without a user, of everyone else."""
        if not part:
            return self.dial
        if part not in self._outside:
            target, user = self.settings.target, self.settings.target.users.all()[part]
            shown = Credentials(username=user.name, passcode=user.passcode)
            changes = {"calling_ae_title": target.access.outside, "credentials": shown}
            self._outside[part] = WireDial(
                target.model_copy(update=changes), self.dial.syntaxes, self.settings.quickack
            )
        return self._outside[part]

    def releasing(self, part: str) -> Callable[[str], None] | None:
        """Releases a study to a user, where the target file says how."""
        target = self.settings.target
        if not part or not target.access.release:
            return None
        name = target.users.all()[part].name
        return lambda study: change(target.access, "release", name, study)

    def _tell(self, operation: str, seconds: float, size: int, kind: str) -> None:
        self._told.put((operation, seconds, size, kind))

    def announce(self) -> None:
        """Passes on to Locust what was told, for ever: while the users wait for their answers.

        So neither Locust's table nor a listener of somebody else's delays the next request.
        """
        fire = self.environment.events.request.fire
        while True:
            operation, seconds, size, kind = self._told.get()
            fire(
                request_type="DICOM",
                name=operation,
                response_time=seconds * 1000,
                response_length=size,
                exception=_Kind(kind) if kind else None,
                context={},
            )

    def ceiling(self) -> dict[str, float]:
        """What this process reaches against a null SCP; nothing when that is not to be known."""
        settings = self.settings
        if settings.ceiling is not None:
            return settings.ceiling
        try:
            return ceiling.measure(settings.scenario, self.supply, settings.quickack)
        except StepwedgeError as error:
            logger.warning("the harness does not know its own ceiling: %s", error)
            return {}

    def go(self, data: dict[str, Any]) -> None:
        """Begins the run: `zero` is its start by this machine's clock."""
        crew = Crew(
            scenario=self.settings.scenario,
            run=data["run"],
            zero=int(data["zero"]),
            slots={name: (int(n), list(mine)) for name, (n, mine) in data["slots"].items()},
            destination=self.settings.target.receiver.ae_title,
        )
        self.crew = crew
        self.gate.set(crew)

    def reset(self) -> None:
        """Makes ready for the next run of the same process."""
        self.gate = AsyncResult()
        self.crew = None

    def fresh(self, studies: list[Any]) -> None:
        """Makes studies readable that were stored in the run."""
        if self.crew is not None:
            self.crew.archive.add([Stored(str(r), int(n), int(i)) for r, n, i in studies])

    def halt(self) -> Report | None:
        """Cuts what still runs, and says the last there is to say."""
        crew = self.crew
        if crew is None:
            return None
        crew.stopping.set()
        self.environment.runner.user_greenlets.kill(block=True, timeout=LAST_WORDS / 2)
        crew.give_up()
        return crew.report()


class _Kind(Exception):
    """The kind of an error, for Locust's table."""


def user_classes(settings: Settings) -> dict[str, type[User]]:
    """One Locust user class for each table of the scenario."""
    site = Site(settings)
    classes: dict[str, type[User]] = {}
    for one in settings.scenario.users:
        classes[one.name] = type(
            one.name,
            (StationUser,),
            {
                "abstract": False,
                "role": one.name,
                "site": site,
                "fixed_count": one.count,
                "__doc__": type(one).__doc__,
                "__module__": "locustfile",
            },
        )
    install(site)
    return classes


def install(site: Site) -> None:
    """Registers what Locust calls: options, roles of the process, start and end of a run."""

    @events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
    def options(parser: Any) -> None:
        add_arguments(parser)
        count = site.settings.scenario.user_count
        parser.set_defaults(num_users=count, spawn_rate=count)

    @events.init.add_listener  # type: ignore[untyped-decorator]
    def initialised(environment: Any, runner: Any, **_: Any) -> None:
        site.environment = environment
        gevent.spawn(site.announce)
        if isinstance(runner, WorkerRunner):
            WorkerSide(site, runner)
        else:
            MasterSide(site, environment, runner)
