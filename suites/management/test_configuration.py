"""A changed setting takes effect, is told, and outlives a restart.

The setting is one that every edge has: to whom it delivers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.retrievals import DESTINATION_UNKNOWN, Moves, expect_instances
from stepwedge.fixtures.running import Running
from stepwedge.fixtures.verifiers import expect, expect_status
from stepwedge.verdicts import Deviation

TITLE = "STEPWEDGE-ADDED"


@contextmanager
def _added(manager: Manager, moves: Moves) -> Iterator[None]:
    """A further move destination, at our receiver, is known meanwhile."""
    manager.must("add-destination", title=TITLE, host="127.0.0.1", port=moves.receiver.port)
    try:
        yield
    finally:
        manager.do("remove-destination", title=TITLE)


def _deliver(crossing: Crossing, moves: Moves, why: str) -> None:
    cargo = crossing.settled("CT", instances=1)
    keys = {"StudyInstanceUID": cargo.study}
    moved = moves.move("STUDY", keys, destination=TITLE, expected=1)
    if moved.operation.final.status == DESTINATION_UNKNOWN:
        raise Deviation(f"the move destination {TITLE} to be known {why}", "status A801H")
    expect_instances(moved.arrivals, cargo.instances, "the study")


@check(
    "MGMT-040",
    "Stepwedge edge, management",
    SHALL,
    claim="management.configuration",
    defects=["management-configuration-ignored"],
)
def test_takes_effect(crossing: Crossing, manager: Manager, moves: Moves) -> None:
    """A move destination that was added is delivered to."""
    with _added(manager, moves):
        _deliver(crossing, moves, "once it was added")


@check(
    "MGMT-041",
    "Stepwedge edge, management",
    SHALL,
    claim="management.configuration",
    defects=["management-configuration-untold"],
)
def test_is_told(manager: Manager, moves: Moves) -> None:
    """A move destination that was added is told when the configuration is read."""
    with _added(manager, moves):
        told = manager.destinations()
    expect(TITLE in told, f"{TITLE} among the destinations", ", ".join(told) or "none")


@check(
    "MGMT-042",
    "Stepwedge edge, management",
    SHALL,
    claim="management.configuration",
    defects=["management-configuration-forgotten"],
)
def test_survives_restart(
    crossing: Crossing, manager: Manager, moves: Moves, running: Running
) -> None:
    """A move destination that was added is delivered to after a restart."""
    with _added(manager, moves):
        running.restart()
        _deliver(crossing, moves, "after a restart")


@check(
    "MGMT-043",
    "Stepwedge edge, management",
    SHALL,
    claim="management.configuration",
    defects=["management-removal-ignored"],
)
def test_removed(crossing: Crossing, manager: Manager, moves: Moves) -> None:
    """A move destination that was removed is delivered to no more: a C-MOVE to it fails."""
    with _added(manager, moves):
        pass
    cargo = crossing.settled("CT", instances=1)
    moved = moves.move("STUDY", {"StudyInstanceUID": cargo.study}, destination=TITLE)
    expect_status(moved.operation.final, "failure", why=f"because {TITLE} was removed")
    expect(not moved.arrivals, "nothing to be delivered", f"{len(moved.arrivals)} instances came")


@check(
    "MGMT-044",
    "Stepwedge edge, management",
    SHALL,
    claim="management.configuration",
    defects=["management-configuration-unchecked"],
)
def test_nonsense_is_refused(manager: Manager) -> None:
    """A setting that cannot be, a port of -1, is refused, and nothing changes."""
    before = manager.destinations()
    reply = manager.do("add-destination", title=TITLE, host="127.0.0.1", port=-1)
    after = manager.destinations()
    if after != before:
        manager.do("remove-destination", title=TITLE)
    expect(400 <= reply.status < 500, "a refusal, status 400 to 499", reply.words)
    expect(after == before, "the configuration as it was", f"{TITLE} was added")
