"""Slow and greedy peers: what one connection takes from the others (ids ROBX)."""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.hostile.crowd import Crowd
from stepwedge.fixtures.hostile.judge import GROWTH, Judge
from stepwedge.fixtures.hostile.memory import Memory
from stepwedge.fixtures.hostile.script import ECHO, Again, Associate
from stepwedge.fixtures.trial import Trial
from stepwedge.verdicts import Blocked, Deviation, Harm
from stepwedge.wire.errors import AssociationError

# Sizes of the crowd of idle associations: more than most servers allow, less than a port scan.
CROWDS = (0, 8, 32, 64, 128)
# More than the usual limits of associations, so that slots that are lost show.
STALLED = 24
AGAIN = 150

ALONE = "another association is served"
AFTERWARDS = "an association is served afterwards"


@check("ROBX-001", "PS3.8 9.1.2", QUALITY, allow="robustness", defects=["serial-accept"])
def test_served_beside_a_silent_connection(hostile: Judge) -> None:
    """While one connection says nothing, an association on another is served."""
    hostile.sanity()
    with Crowd(hostile).held() as crowd:
        crowd.stall(1)
        problem = hostile.beside()
    if problem:
        raise Deviation(ALONE, f"serial accept, beside one silent connection: {problem}")


@check("ROBX-002", "PS3.8 9.1.2", QUALITY, allow="robustness", defects=["assoc-one-at-a-time"])
def test_served_beside_an_idle_association(hostile: Judge) -> None:
    """While one association is idle, another is served."""
    hostile.sanity()
    with Crowd(hostile).held() as crowd:
        crowd.idle(1)
        problem = hostile.beside()
    if problem:
        raise Deviation(ALONE, f"one at a time, beside one idle association: {problem}")


@check("ROBX-003", "PS3.8 9.1.5", QUALITY, allow="robustness", defects=["stalled-slot-leak"])
def test_slots_of_stalled_connections(hostile: Judge) -> None:
    """24 connections that stall within their first PDU leave their slots free when they end."""
    hostile.sanity()
    with Crowd(hostile).held() as crowd:
        crowd.stall(STALLED, b"\1\0\0")
    problem = hostile.ailing()
    if problem:
        raise Harm("an association is served when the stalled connections have ended", problem)


@check("ROBX-004", "PS3.8 9.1.5", SHALL, allow="robustness", defects=["state-sta2-evt18"])
def test_a_byte_at_a_time(hostile: Judge) -> None:
    """A request that comes a byte at a time is given up when ARTIM ends, whatever comes."""
    hostile.trickle()


@check("ROBX-005", "PS3.8 9.1.2", QUALITY, allow="robustness", defects=["serial-accept"])
def test_a_peer_that_never_reads(hostile: Judge) -> None:
    """While one peer asks without end and never reads, another association is served."""
    hostile.sanity()
    with hostile.speaker("never reads") as speaker:
        speaker.say((Associate(), Again((ECHO,), AGAIN * 10)))
        problem = hostile.beside()
    if problem:
        raise Deviation(ALONE, f"beside a peer that does not read: {problem}")


@check(
    "ROBX-006", "PS3.8 Table 9-21", QUALITY, allow="robustness", defects=["assoc-limit-permanent"]
)
def test_crowd(hostile: Judge, trial: Trial, step: Callable[[str], None]) -> None:
    """However many associations are idle, a good client is served, or rejected as transient."""
    hostile.sanity()
    with Crowd(hostile).held() as crowd:
        for size in CROWDS:
            had = crowd.idle(size - crowd.size)
            step(f"{crowd.size} idle associations asked for, {had} of the last were accepted")
            trial.admissions.append(crowd.admission())
    for admission in trial.admissions:
        Crowd.must_be_fair(admission)
    problem = hostile.ailing()
    if problem:
        raise Harm("an association is served when the crowd has gone", problem)


@check(
    "ROBX-007", "PS3.8 9.1.2", QUALITY, allow="robustness", defects=["memory-leak-per-connection"]
)
def test_memory_of_connections(hostile: Judge) -> None:
    """150 connections that end without a request leave no memory taken."""
    hostile.sanity()
    memory = Memory(hostile.target)
    before = memory.now()
    for _ in range(AGAIN):
        with Crowd(hostile).held() as crowd:
            crowd.stall(1)
    problem = hostile.ailing()
    if problem:
        raise Harm(AFTERWARDS, problem)
    after = memory.now()
    if before is not None and after is not None and after - before > GROWTH:
        raise Harm("memory given back", f"it grew by {(after - before) >> 20} MiB")


@check("ROBX-008", "PS3.8 9.2", QUALITY, allow="robustness", defects=["assoc-slot-leak"])
def test_slots_of_aborted_associations(hostile: Judge) -> None:
    """150 associations that end by an A-ABORT leave their slots free."""
    hostile.sanity()
    for number in range(AGAIN):
        try:
            with hostile.speaker("aborted") as speaker:
                speaker.say((Associate(),))
                speaker.abort()
        except (AssociationError, Blocked) as end:
            raise Harm(AFTERWARDS, f"after {number} aborted associations: {end}") from None
    problem = hostile.ailing()
    if problem:
        raise Harm(AFTERWARDS, problem)
