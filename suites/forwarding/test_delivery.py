"""What is forwarded while nothing stands in the way."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.gate import Gate, Weather, digest_of
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.passage import Passage
from stepwedge.fixtures.retrievals import get, getting
from stepwedge.fixtures.verifiers import expect
from stepwedge.verdicts import Blocked, Deviation


@check(
    "FWD-001",
    "PS3.4 B.1.2",
    SHALL,
    claim="forwarding.deliver",
    defects=["edge-forwards-nothing"],
)
def test_arrives(crossing: Crossing) -> None:
    """What the edge has acknowledged is at the PACS within the declared time, each instance
    once."""
    cargo = crossing.cargo("CT", "MR", "CR")
    crossing.keep(cargo.deposits)
    crossing.expect_arrives(cargo)


@check(
    "FWD-002",
    "PS3.4 B.4.1",
    SHALL,
    claim="forwarding.deliver",
    defects=["edge-forwards-altered"],
)
def test_unaltered(crossing: Crossing) -> None:
    """What arrives at the PACS equals bit for bit what the edge was sent."""
    cargo = crossing.settled("CT", "MR", instances=1)
    syntaxes = tuple({one.syntax for one in cargo.deposits})
    try:
        with getting(
            crossing.pacs, "study", cargo.instances, transfer_syntaxes=syntaxes
        ) as association:
            came = get(association, "STUDY", {"StudyInstanceUID": cargo.study}).arrivals
    except Deviation as deviation:
        raise Blocked(f"the PACS does not give it out by C-GET: {deviation.observed}") from None
    held = {one.sop_instance_uid: one.message.data for one in came}
    differing = [one.uid for one in cargo.deposits if held.get(one.uid) != one.data]
    expect(
        not differing,
        "the bytes of each data set as they were sent",
        f"{len(differing)} of {len(cargo.deposits)} differ, first {min(differing, default='')}",
        "Data Set",
    )


@check(
    "FWD-003",
    "Stepwedge edge, queue",
    SHALL,
    claim="forwarding.deliver",
    defects=["edge-forwards-twice"],
)
def test_once(crossing: Crossing, gate: Gate) -> None:
    """What the PACS has acknowledged is not sent to it again."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    crossing.keep(cargo.deposits)
    passage.expect_once(cargo)


@check(
    "FWD-004",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-sends-older-last"],
)
def test_newest_last(crossing: Crossing, gate: Gate) -> None:
    """Of an instance that was acknowledged twice with different content, the PACS ends with the
    newer one."""
    passage = Passage(crossing, gate)
    older = crossing.cargo("CT", instances=1)
    newer = crossing.changed(older)
    with gate.being(Weather(shut=True)):
        crossing.keep(older.deposits)
        crossing.keep(newer.deposits)
    passage.expect_acknowledged(older)
    passage.flush()
    sent = [one.digest for one in gate.acknowledged(passage.mark) if one.uid in older.uids]
    wanted = digest_of(newer.deposits[0].data).digest()
    expect(
        sent[-1:] == [wanted],
        "the data set that was acknowledged last to be forwarded last",
        f"{len(sent)} data sets were forwarded, the last one is the older",
        "Data Set",
    )


@check(
    "FWD-005",
    "Stepwedge edge, queue",
    SHALL,
    claim="management.queues",
    defects=["management-queue-untold"],
)
def test_queue_is_told(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """The number of instances that wait is told: what was stored while the PACS is down, and none
    once it has all arrived."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    with gate.being(Weather(shut=True)):
        crossing.keep(cargo.deposits)
        passage.expect_queue(manager, lambda queue: queue.waiting >= 1, "something waiting")
    passage.expect_acknowledged(cargo)
    passage.expect_queue(manager, lambda queue: queue.waiting == 0, "nothing waiting")
