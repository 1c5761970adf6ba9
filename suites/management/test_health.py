"""Health, readiness and what else the edge tells of itself: the truth, within the declared time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.gate import Gate, Weather
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.running import Running
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect
from stepwedge.verdicts import Blocked

_PAUSE = 0.05


class Told:
    """Waits until the target tells something; `settle` seconds at most."""

    def __init__(self, manager: Manager, settle: float) -> None:
        self.manager = manager
        self._settle = settle

    def expect(self, tell: Callable[[], object], wanted: object, what: str) -> None:
        """What is told is `wanted` within the declared time."""
        deadline = time.monotonic() + self._settle
        pause = threading.Event()
        while (said := tell()) != wanted and time.monotonic() < deadline:
            pause.wait(_PAUSE)
        expect(said == wanted, f"{what} {wanted} within {self._settle:g} s", f"{said}")

    def health(self, wanted: str) -> None:
        """Health is `wanted` within the declared time."""
        self.expect(self.manager.health, wanted, "health to be told as")


def _told(manager: Manager, crossing: Crossing) -> Told:
    return Told(manager, crossing.target.edge.settle)


@check(
    "MGMT-001",
    "Stepwedge edge, management",
    SHALL,
    claim="management.health",
    defects=["management-health-never-up"],
)
def test_up(crossing: Crossing, manager: Manager) -> None:
    """While the edge and what is behind it work, health is up."""
    manager.require("health")
    _told(manager, crossing).health("up")


@check(
    "MGMT-002",
    "Stepwedge edge, management",
    SHALL,
    claim="management.degraded",
    defects=["management-health-always-up"],
)
def test_degraded(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """While the PACS does not answer, health is degraded: the edge takes instances, and answers no
    queries."""
    told = _told(manager, crossing)
    with gate.being(Weather(shut=True)):
        told.health("degraded")


@check(
    "MGMT-003",
    "Stepwedge edge, management",
    SHALL,
    claim="management.degraded",
    defects=["management-health-sticks"],
)
def test_up_again(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """When the PACS is back, health is up again."""
    told = _told(manager, crossing)
    with gate.being(Weather(shut=True)):
        told.health("degraded")
    told.health("up")


@check(
    "MGMT-004",
    "Stepwedge edge, management",
    SHALL,
    claim="management.stop",
    defects=["management-stopped-is-up", "management-stop-ignored"],
)
def test_down(crossing: Crossing, manager: Manager, running: Running) -> None:
    """While the edge is stopped, health is down, or the management itself is gone."""
    with running.stopped():
        _told(manager, crossing).health("down")


@check(
    "MGMT-005",
    "Stepwedge edge, management",
    SHALL,
    claim="management.readiness",
    defects=["management-always-ready"],
)
def test_readiness(crossing: Crossing, manager: Manager, running: Running) -> None:
    """The edge is ready while it takes associations, and is not while it is stopped."""
    told = _told(manager, crossing)
    told.expect(lambda: manager.do("readiness").ok, True, "readiness to be")
    with running.stopped():
        told.expect(lambda: manager.do("readiness").ok, False, "readiness to be")
    told.expect(lambda: manager.do("readiness").ok, True, "readiness to be")


@check(
    "MGMT-006",
    "Stepwedge edge, management",
    SHALL,
    claim="management.version",
    defects=["management-version-empty"],
)
def test_version(manager: Manager) -> None:
    """The edge tells a version, and the same one each time."""
    first, second = manager.version(), manager.version()
    expect(bool(first) and first == second, "one version", f"{first!r} and then {second!r}")


@check(
    "MGMT-007",
    "Stepwedge edge, management",
    SHALL,
    claim="management.associations",
    defects=["management-associations-untold"],
)
def test_associations(crossing: Crossing, manager: Manager) -> None:
    """An association that is open is told, with its calling AE title."""
    title = "STEPWEDGE-HERE"
    answer = crossing.edge.attempt([VERIFICATION], calling_ae=title)
    if answer.association is None:
        raise Blocked(f"it does not let in the calling AE title {title}: {answer.words}")
    _told(manager, crossing).expect(lambda: title in manager.callers(), True, f"{title} to be told")


@check(
    "MGMT-008",
    "Stepwedge edge, management",
    SHALL,
    claim="management.associations",
    defects=["management-associations-stale"],
)
def test_associations_end(crossing: Crossing, manager: Manager) -> None:
    """An association that has ended is not told any more."""
    title = "STEPWEDGE-GONE"
    answer = crossing.edge.attempt([VERIFICATION], calling_ae=title)
    if answer.association is None:
        raise Blocked(f"it does not let in the calling AE title {title}: {answer.words}")
    told = _told(manager, crossing)
    told.expect(lambda: title in manager.callers(), True, f"{title} to be told")
    answer.association.release()
    told.expect(lambda: title in manager.callers(), False, f"{title} to be told")
