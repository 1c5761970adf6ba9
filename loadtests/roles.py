"""What the users of a load do with their turns: modality, router, workstation, worklist, monitor.

A role is a small program over links and clocks; it knows neither Locust nor sockets.  The rules are
the same for all: every status is looked at; what ends is recorded, however it ends; nothing that
the target does gets further than the turn in which it happened.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests import queries
from stepwedge.loadtests.crew import Crew
from stepwedge.loadtests.department import Exam
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.links import Answer, Dial, Link, Parcel
from stepwedge.loadtests.outcomes import kind_of_error, kind_of_status
from stepwedge.loadtests.scenarios import Modality, Monitor, Worklist
from stepwedge.loadtests.schedules import Arrival

# What a target can do to a turn; anything else is the harness's own failure and must be seen.
EXPECTED = (StepwedgeError, OSError)


# After so many seconds without a request, a look is worth its price whether the target still holds
# the association: Orthanc ends it after 30 s, others after minutes.
_IDLE = 1.0


class Supply(Protocol):
    """Makes the images of an exam, ready to be sent."""

    def __call__(self, exam: Exam, identity: Identity) -> Iterator[Parcel]: ...


class Ears(Protocol):
    """Told of every operation that ended, for Locust's own table."""

    def __call__(self, operation: str, seconds: float, size: int, kind: str) -> None: ...


def deaf(operation: str, seconds: float, size: int, kind: str) -> None:
    """Tells nobody."""


class Failed(Exception):
    """An operation ended otherwise than it should and has been recorded; the turn is over."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Station(ABC):
    """One user: its role's program, its associations, and the crew it reports to.

    `port` is where it opens them unless it says otherwise; 0 is the target's first.
    """

    port = 0

    def __init__(
        self, crew: Crew, name: str, dial: Dial, supply: Supply, ears: Ears = deaf
    ) -> None:
        self.crew = crew
        self.name = name
        self.spec: Any = crew.specs[name]
        self.dial = dial
        self.supply = supply
        self.ears = ears
        self._links: dict[str, Link] = {}
        self._used = 0.0  # when the last turn ended, seconds of the run

    def turn(self) -> bool:
        """Waits for the next arrival and does what it asks; False: there is none any more."""
        arrival = self.crew.next_turn(self.name)
        if arrival is None:
            return False
        try:
            self.work(arrival)
        except Failed:  # the target's doing, which has been recorded by now; the user goes on
            return True
        finally:
            self._used = self.crew.now()
        return True

    @abstractmethod
    def work(self, arrival: Arrival) -> None:
        """Does one arrival's work.  Raises Failed when it was cut short."""

    def warm_up(self) -> None:  # noqa: B027 (most stations keep nothing open)
        """Before the run: opens what the station keeps open."""

    def leave(self) -> None:
        """After the last turn: releases what is still open."""
        links, self._links = self._links, {}
        for link in links.values():
            if self.crew.now() - self._used > _IDLE and self._ended(link):
                link.abort()
            else:
                self._release(link)

    def cut(self) -> None:
        """At a stop in the middle of a turn: aborts what is open, without waiting."""
        links, self._links = self._links, {}
        for link in links.values():
            link.abort()

    def measured(
        self,
        operation: str,
        scheduled: float,
        call: Callable[[], Answer],
        *,
        late: bool = False,
        size: int = 0,
        look: Callable[[Answer], str] | None = None,
    ) -> Answer:
        """Runs one operation under the three clocks and records how it ended.

        `scheduled` is in seconds of the run.  `look` examines a successful answer and returns the
        kind of failure it finds in it, or an empty string.  Raises Failed when it ended badly.
        """
        crew = self.crew
        samples = crew.recorder.operation(operation)
        started = crew.now()
        samples.begin(started)
        samples.late += late
        try:
            answer = call()
        except EXPECTED as error:
            kind = kind_of_error(error)
            finished = crew.now()
            samples.end(scheduled, started, finished, kind=kind)
            self.ears(operation, finished - started, 0, kind)
            raise Failed(kind) from error
        except BaseException:
            finished = crew.now()
            samples.end(scheduled, started, finished, kind="interrupted")
            raise
        finished = crew.moment(answer.finished)
        kind = kind_of_status(answer.status)
        if not kind and look is not None:
            kind = look(answer)
        size = size or answer.size
        samples.end(scheduled, started, finished, size, kind, answer.lag, answer.phases)
        self.ears(operation, finished - started, size, kind)
        if kind:
            raise Failed(kind)
        return answer

    def open(self, purpose: str, sop_classes: tuple[str, ...] = (), port: int = 0) -> Link:
        """Opens an association, as an operation of its own.  It is kept until `close`."""
        made: list[Link] = []

        def call() -> Answer:
            made.append(self.dial(purpose, sop_classes, port))
            return Answer(0, time.time_ns(), phases=made[0].opening)

        self.measured("associate", self.crew.now(), call)
        self._links[f"{purpose}:{port}"] = made[0]
        return made[0]

    def kept(self, purpose: str) -> Link:
        """The association of this station for a purpose, opened when it is not.

        One that the target ended while it was idle is opened again, as any client does.
        """
        link = self._links.get(f"{purpose}:{self.port}")
        if link is not None and self.crew.now() - self._used > _IDLE and self._ended(link):
            self.give_up(purpose, self.port)
            link = None
        return link or self.open(purpose, port=self.port)

    def _ended(self, link: Link) -> bool:
        if ended := link.gone:
            self.crew.note(
                "the target ended associations that had been idle for a while; they were opened "
                "again, and not counted as errors"
            )
        return ended

    def close(self, purpose: str, port: int = 0) -> None:
        """Releases an association, as an operation of its own."""
        if link := self._links.pop(f"{purpose}:{port}", None):
            self._release(link)

    def _release(self, link: Link) -> None:
        def call() -> Answer:
            link.release()
            return Answer(0, time.time_ns())

        # A failed release is recorded; whatever was done on the association stands.
        with suppress(Failed):
            self.measured("release", self.crew.now(), call)

    def give_up(self, purpose: str, port: int = 0) -> None:
        """Aborts an association that cannot be used any more."""
        if link := self._links.pop(f"{purpose}:{port}", None):
            link.abort()

    def on_link(self, purpose: str, keep: bool, use: Callable[[Link], None]) -> None:
        """Runs `use` on an association of its own, or on the kept one; cleans up either way."""
        link = self.kept(purpose)
        try:
            use(link)
        except Failed as failed:
            # After a bad status the association still serves; after anything else it does not.
            if not failed.kind.startswith(("status", "not found", "incomplete", "sub-operations")):
                self.give_up(purpose, self.port)
            elif not keep:
                self.close(purpose, self.port)
            raise
        except BaseException:
            self.give_up(purpose, self.port)
            raise
        if not keep:
            self.close(purpose, self.port)


class MonitorStation(Station):
    """Echoes, on a kept association or on a fresh one each time."""

    spec: Monitor

    def warm_up(self) -> None:
        if self.spec.association == "kept":
            with suppress(Failed):
                self.kept("verification")

    def work(self, arrival: Arrival) -> None:
        late = self.crew.is_late(arrival)

        def use(link: Link) -> None:
            self.measured("echo", arrival.due, link.echo, late=late)

        self.on_link("verification", self.spec.association == "kept", use)


class WorklistStation(Station):
    """Asks for the worklist of its modality, as a modality's console does all day."""

    spec: Worklist

    def work(self, arrival: Arrival) -> None:
        late = self.crew.is_late(arrival)
        asked = queries.worklist()

        def use(link: Link) -> None:
            self.measured(
                "worklist",
                arrival.due,
                lambda: link.find(queries.WORKLIST_FIND, asked),
                late=late,
            )

        self.on_link("worklist", self.spec.association == "kept", use)


class ModalityStation(Station):
    """Sends exams: a study with its images, one after another as a modality does.

    The images of an exam that begins late are all late by as much; within an exam the next image
    follows when the one before it was acknowledged.
    """

    spec: Modality

    def work(self, arrival: Arrival) -> None:
        crew = self.crew
        exam = crew.scenario.exam(self.spec, arrival.number)
        shipment = Shipment(exam, crew.identity(self.name, arrival.number), arrival.due)
        late = crew.is_late(arrival)
        shipment.delay = max(0.0, crew.now() - arrival.due)
        try:
            self.measured(
                "exam",
                arrival.due,
                # Of its last image only the moment is the exam's too.
                lambda: Answer(0, self.send(shipment).finished),
                late=late,
            )
        finally:
            crew.stored(self.name, arrival.number, shipment.acknowledged)
            samples = crew.recorder.operation("store")
            samples.late += shipment.tried if late else 0
            # What an exam that was cut short did not send was planned and never started.
            samples.dropped += exam.images - shipment.tried

    def send(self, shipment: Shipment) -> Answer:
        """Sends all images of an exam.  Raises ExamCut when not every one was acknowledged."""
        last = Answer(0, time.time_ns())
        for index, parcel in enumerate(self.supply(shipment.exam, shipment.identity)):
            purpose = f"storage {parcel.sop_class}"
            last = self.send_one(shipment, index, parcel, purpose) or last
            if self.spec.association == "instance":
                self.close(purpose)
        if self.spec.association == "study":
            self.leave()
        if shipment.failure:
            raise ExamCut(shipment.failure)
        return last

    def send_one(
        self, shipment: Shipment, index: int, parcel: Parcel, purpose: str, port: int = 0
    ) -> Answer | None:
        """Sends one image on the link for `purpose`, opened when there is none.

        None when it was refused by status: the exam goes on.  Raises ExamCut when it cannot.
        """
        crew = self.crew
        try:
            link = self._links.get(f"{purpose}:{port}") or self.open(
                purpose, (parcel.sop_class,), port
            )
            shipment.tried += 1
            answer = self.measured(
                "store",
                crew.now() - shipment.delay,
                lambda: link.store(parcel),
                size=parcel.size,
            )
        except Failed as failed:
            shipment.failure = shipment.failure or failed.kind
            if failed.kind.startswith("status"):
                return None
            self.give_up(purpose, port)
            raise ExamCut(failed.kind) from failed
        except BaseException:
            self.give_up(purpose, port)
            raise
        shipment.acknowledged.append(index)
        return answer


@dataclass
class Shipment:
    """An exam on its way: what was tried, what was acknowledged, the first failure."""

    exam: Exam
    identity: Identity
    due: float
    delay: float = 0.0
    tried: int = 0
    acknowledged: list[int] = field(default_factory=list)
    failure: str = ""


class ExamCut(StepwedgeError):
    """An exam of which not every image was acknowledged; `kind` is the first image's failure."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the exam was not stored whole: {kind}")
        self.kind = kind
