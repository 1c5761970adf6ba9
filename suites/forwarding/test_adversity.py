"""The PACS down, slow, rejecting, or lost in the middle: what was acknowledged arrives, once."""

from __future__ import annotations

import threading
import time

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.gate import Gate, Weather
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.passage import Passage
from stepwedge.fixtures.verifiers import expect, status_of
from stepwedge.verdicts import Blocked

OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
# A store that waits for the PACS takes longer than this when the PACS is that much slower.
_SLOW = 0.5
# More attempts a second than this do a PACS harm that is about to come up.
_ATTEMPTS = 20


@check(
    "FWD-020",
    "Stepwedge edge, queue",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-refuses-while-down"],
)
def test_takes_while_down(crossing: Crossing, gate: Gate) -> None:
    """While the PACS is down, C-STORE goes on being acknowledged."""
    passage = Passage(crossing, gate)
    first, second = crossing.cargo("CT", instances=1), crossing.cargo("CT", instances=2)
    with gate.being(Weather(shut=True)):
        crossing.keep(first.deposits)
        passage.wait_for_an_attempt()
        crossing.keep(second.deposits)
    passage.expect_acknowledged(first, second)


@check(
    "FWD-021",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-drops-after-retries", "edge-never-retries"],
)
def test_arrives_after_down(crossing: Crossing, gate: Gate) -> None:
    """What was acknowledged while the PACS was down arrives when it is back, each instance once."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    with gate.being(Weather(shut=True)):
        crossing.keep(cargo.deposits)
        passage.wait_for_an_attempt(5)
    passage.expect_once(cargo)


@check(
    "FWD-022",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-drops-after-retries", "edge-never-retries"],
)
def test_arrives_after_rejection(crossing: Crossing, gate: Gate) -> None:
    """What was acknowledged while the PACS rejected associations arrives when it takes them."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    with gate.being(Weather(rejecting=True)):
        crossing.keep(cargo.deposits)
        passage.wait_for_an_attempt(5)
    passage.expect_once(cargo)


@check(
    "FWD-023",
    "PS3.4 Table B.2-1",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-drops-rejected"],
)
def test_out_of_resources(crossing: Crossing, gate: Gate) -> None:
    """What the PACS refuses as out of resources (A700H) is sent again until it is taken."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=2)
    with gate.being(Weather(status=OUT_OF_RESOURCES)):
        crossing.keep(cargo.deposits)
        passage.wait_for_an_answer()
    passage.expect_once(cargo)


@check(
    "FWD-024",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-drops-unfinished"],
)
def test_broken_in_the_middle(crossing: Crossing, gate: Gate) -> None:
    """When the connection breaks in the middle of a data set, that instance still arrives."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    gate.become(Weather(break_data=True))
    crossing.keep(cargo.deposits)
    passage.expect_once(cargo)


@check(
    "FWD-025",
    "Stepwedge edge, queue",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-unanswered-twice"],
)
def test_answer_lost(crossing: Crossing, gate: Gate) -> None:
    """When the PACS's answer is lost, the instance is at the PACS once and is not acknowledged
    twice."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    gate.become(Weather(break_answer=True))
    crossing.keep(cargo.deposits)
    crossing.expect_arrives(cargo)
    passage.flush()
    passage.expect_not_twice(cargo)


@check(
    "FWD-026",
    "Stepwedge edge, queue",
    QUALITY,
    claim="forwarding.queue",
    defects=["edge-stores-synchronously"],
)
def test_slow(crossing: Crossing, gate: Gate) -> None:
    """A slow PACS does not slow down who stores: C-STORE is answered without waiting for it."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=2)
    with gate.being(Weather(delay=_SLOW)):
        operations = crossing.send(cargo.deposits)
        slowest = max(operation.duration for operation in operations)
    passage.expect_acknowledged(cargo)
    expect(
        slowest < _SLOW,
        f"C-STORE answered in less than the {_SLOW:g} s that the PACS takes",
        f"{slowest:.2f} s",
    )


@check(
    "FWD-027",
    "Stepwedge edge, queue",
    QUALITY,
    claim="forwarding.queue",
    defects=["edge-retries-hotly"],
)
def test_pauses_between_attempts(crossing: Crossing, gate: Gate) -> None:
    """While the PACS is down it is tried with pauses: at most twenty times a second."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=1)
    with gate.being(Weather(shut=True)):
        crossing.keep(cargo.deposits)
        passage.wait_for_an_attempt()
        since = time.time()
        threading.Event().wait(1)
        attempts = gate.attempts(since)
    passage.expect_acknowledged(cargo)
    expect(attempts <= _ATTEMPTS, f"at most {_ATTEMPTS} attempts a second", f"{attempts}")


@check(
    "FWD-028",
    "PS3.4 Table B.2-1",
    SHALL,
    claim="forwarding.report",
    defects=["edge-drops-undeliverable"],
)
def test_refused_for_good(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """What the PACS refuses for good is reported as undeliverable, and not dropped in silence."""
    manager.require("queues")
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=1)
    before = manager.queue().undeliverable
    try:
        with gate.being(Weather(status=CANNOT_UNDERSTAND)):
            crossing.keep(cargo.deposits)
            passage.expect_queue(
                manager,
                lambda queue: queue.undeliverable > before,
                "the instance that the PACS refuses among the undeliverable",
            )
    finally:
        if manager.can("try-again"):
            manager.do("try-again")
    if manager.can("try-again"):
        passage.expect_acknowledged(cargo)


@check(
    "FWD-029",
    "Stepwedge edge, queue",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-one-blocks-all"],
)
def test_one_does_not_block(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """An instance that the PACS refuses for good does not keep the others waiting."""
    passage = Passage(crossing, gate)
    bad, good = crossing.cargo("CT", instances=1), crossing.cargo("CT", instances=3)
    try:
        with gate.being(Weather(status=CANNOT_UNDERSTAND, status_of=frozenset(bad.uids))):
            crossing.keep(bad.deposits)
            crossing.keep(good.deposits)
            passage.expect_acknowledged(good)
    finally:
        if manager.can("try-again"):
            passage.let_go(manager)


@check(
    "FWD-030",
    "PS3.4 Table B.2-1",
    SHALL,
    claim="forwarding.limit",
    defects=["edge-drops-beyond-limit"],
)
def test_full_queue(crossing: Crossing, gate: Gate, manager: Manager) -> None:
    """What the full queue has no room for is refused as out of resources (A7xx), and what was
    acknowledged arrives."""
    manager.require("configure", "configuration")
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=5)
    before = manager.must("configuration").body["queue_limit"]
    with gate.being(Weather(shut=True)):
        manager.must("configure", changes={"queue_limit": 2})
        try:
            statuses = [status_of(one.final) for one in crossing.send(cargo.deposits)]
        finally:
            manager.must("configure", changes={"queue_limit": before})
    taken = [one for one, status in zip(cargo.deposits, statuses, strict=True) if status == 0]
    refused = [status for status in statuses if status]
    wanted = {one.uid for one in taken}
    lost = gate.wait_for(wanted, passage.mark, crossing.target.edge.settle)
    expect(not lost, f"the {len(taken)} acknowledged instances to arrive", f"{len(lost)} lost")
    if not refused:
        raise Blocked("nothing was refused: the setting queue_limit has no effect here")
    expect(
        all(status >> 8 == 0xA7 for status in refused),
        "A7xxH for what there is no room for",
        ", ".join(f"{status:04X}H" for status in refused),
        "Status (0000,0900)",
    )
