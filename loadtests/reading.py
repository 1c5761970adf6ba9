"""The workstation: ask for a study that was stored in this run, then retrieve it.

A query has failed when it does not find what was acknowledged, a retrieval when not all of it
came.  The moments of the first and the last image are taken where the images arrive: at the
receiver of a C-MOVE, on the association itself for a C-GET.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from stepwedge.loadtests import queries
from stepwedge.loadtests.crew import Stored
from stepwedge.loadtests.links import Answer, Link
from stepwedge.loadtests.roles import Station
from stepwedge.loadtests.scenarios import Requester, Workstation
from stepwedge.loadtests.schedules import Arrival


class WorkstationStation(Station):
    """Reads studies."""

    spec: Workstation

    def work(self, arrival: Arrival) -> None:
        crew = self.crew
        late = crew.is_late(arrival)
        left = arrival.due + crew.scenario.deadline - crew.now()
        study = crew.archive.borrow(left, self.spec.age)
        if study is None:
            crew.drop(self.name, arrival)
            crew.note("a reader found nothing to read: no study had been stored by its deadline")
            return
        try:
            self._read(self._prepare(arrival, study), study, late)
        finally:
            crew.archive.restore(study)

    def _read(self, arrival: Arrival, study: Stored, late: bool) -> None:
        key = self.spec.keys[arrival.number % len(self.spec.keys)]
        identity = self.crew.identity(study.role, study.number)
        asked = queries.study(key, identity)
        keep = self.spec.association == "kept"

        def found(answer: Answer) -> str:
            return "" if identity.study in queries.study_uids(answer.identifiers) else "not found"

        def find(link: Link) -> None:
            self.measured(
                "find",
                arrival.due,
                lambda: link.find(queries.STUDY_ROOT_FIND, asked),
                late=late,
                look=found,
            )

        self.on_link("find", keep, find)
        # The retrieval follows the query: late by as much as the query was, and no more.
        due = self.crew.now() - max(0.0, arrival.due - self.crew.now())
        match self.spec.retrieve:
            case "move":
                self.on_link("move", keep, lambda link: self._move(link, due, study))
            case "get":
                self.on_link("get", keep, lambda link: self._get(link, due, study))
            case "none":
                pass

    def _prepare(self, arrival: Arrival, study: Stored) -> Arrival:
        """What must be before the query; the arrival, late by no more than it was."""
        return arrival

    def _move(self, link: Link, due: float, study: Stored) -> None:
        crew = self.crew
        asked = queries.retrieve_study(crew.identity(study.role, study.number))
        started = crew.now()
        answer = self.measured(
            "move",
            due,
            lambda: link.move(crew.destination, asked),
            look=lambda answer: _complete(answer, study),
        )
        finished = crew.moment(answer.finished)
        crew.retrieved(study.role, study.number, due, started, finished, study.images)

    def _get(self, link: Link, due: float, study: Stored) -> None:
        crew = self.crew
        asked = queries.retrieve_study(crew.identity(study.role, study.number))
        moments: list[float] = []
        sizes: list[int] = []

        def arrived(uid: str, moment: int, data: bytes) -> None:
            moments.append(crew.moment(moment))
            sizes.append(len(data))

        def get() -> Answer:
            answer = link.get(asked, arrived)
            answer.size = sum(sizes)
            return answer

        started = crew.now()
        self.measured("get", due, get, look=lambda answer: _complete(answer, study))
        for operation, moment in (("first-image", min(moments)), ("last-image", max(moments))):
            samples = crew.recorder.operation(operation)
            samples.begin(started)
            samples.end(due, started, moment)


class RequesterStation(WorkstationStation):
    """Asks from outside for what was released to its user."""

    spec: Requester

    # Releases a study, by its UID, to the user; None where nothing need be released.
    release: Callable[[str], None] | None = None

    def _prepare(self, arrival: Arrival, study: Stored) -> Arrival:
        crew, release = self.crew, self.release
        uid = crew.identity(study.role, study.number).study
        if release is None or uid in crew.granted:
            return arrival
        delay = max(0.0, crew.now() - arrival.due)

        def grant() -> Answer:
            release(uid)
            return Answer(0, time.time_ns())

        self.measured("grant", crew.now(), grant)
        crew.granted.add(uid)
        # That the hospital takes its time is no delay of the query's.
        return replace(arrival, due=crew.now() - delay)


def _complete(answer: Answer, study: Stored) -> str:
    if answer.failed:
        return f"sub-operations {answer.failed}"
    return "" if answer.completed >= study.images else "incomplete"
