"""The edge killed or restarted, and the network cut: what was acknowledged outlives it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from stepwedge.checks import SHALL, check
from stepwedge.events import Course, Spell, Timeline
from stepwedge.fixtures import passage as passages
from stepwedge.fixtures.crossing import Cargo, Crossing, store
from stepwedge.fixtures.gate import Gate, Weather
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.passage import Passage
from stepwedge.fixtures.running import Running
from stepwedge.fixtures.verifiers import expect, status_of

# The cut begins when this part of the instances was stored.
_BEFORE = 0.25


@check(
    "FWD-040",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.durable",
    defects=["edge-acknowledges-before-durable", "edge-forgets-queue-at-restart"],
)
def test_killed_with_a_queue(
    crossing: Crossing, gate: Gate, manager: Manager, running: Running
) -> None:
    """What was acknowledged before the edge was killed arrives after it was started again, each
    instance once."""
    manager.require("kill", "revive")
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=4)
    with gate.being(Weather(shut=True)):
        crossing.keep(cargo.deposits)
        manager.must("kill")
        running.revive()
    passage.expect_once(cargo)


@check(
    "FWD-041",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.durable",
    defects=["edge-acknowledges-before-durable", "edge-forgets-queue-at-restart"],
)
def test_killed_while_forwarding(
    crossing: Crossing, gate: Gate, manager: Manager, running: Running
) -> None:
    """An edge that is killed while it forwards loses nothing, and repeats nothing that the PACS has
    acknowledged."""
    manager.require("kill", "revive")
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=6)
    with gate.being(Weather(delay=0.15)):
        crossing.keep(cargo.deposits)
        passage.wait_for_an_answer()
        manager.must("kill")
    running.revive()
    crossing.expect_arrives(cargo)
    passage.flush()
    passage.expect_not_twice(cargo)


@check(
    "FWD-042",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.durable",
    defects=["edge-acknowledges-before-durable", "edge-forgets-queue-at-restart"],
)
def test_restarted_with_a_queue(crossing: Crossing, gate: Gate, running: Running) -> None:
    """What waits when the edge is restarted arrives afterwards, each instance once."""
    passage = Passage(crossing, gate)
    cargo = crossing.cargo("CT", instances=3)
    with gate.being(Weather(shut=True)):
        crossing.keep(cargo.deposits)
        running.restart()
    passage.expect_once(cargo)


@check(
    "FWD-043",
    "PS3.4 B.2.2",
    SHALL,
    claim="forwarding.queue",
    defects=["edge-drops-after-retries", "edge-drops-unfinished", "edge-forwards-twice"],
)
def test_network_cut(crossing: Crossing, gate: Gate, timeline: Callable[[Timeline], None]) -> None:
    """A cut of the network between edge and PACS in the middle of many stores loses nothing and
    duplicates nothing."""
    passage, stores, length = Passage(crossing, gate), passages.STORES, passages.CUT
    cargo = crossing.cargo("CT", instances=stores, rows=16)
    started = time.time()
    storing = _Storing(crossing, cargo, pace=length * 1.6 / stores)
    storing.start()
    storing.wait_for(int(stores * _BEFORE))
    cut = time.time()
    # The cut itself: in the middle of a data set, and then nothing gets through.
    gate.become(Weather(break_data=True))
    passage.wait_for_a_break()
    gate.become(Weather(shut=True))
    threading.Event().wait(max(0.0, cut + length - time.time()))
    healed = time.time()
    gate.become(Weather())
    storing.finish()
    # What the PACS had taken when the cut lost its answer may be found there without another one.
    missing = crossing.missing(cargo)
    passage.flush()
    arrived = [one for one in gate.acknowledged(passage.mark) if one.uid in cargo.uids]
    lost = len(cargo.uids - {one.uid for one in arrived} - missing)
    timeline(
        Timeline(
            f"{stores} stores and a cut of {length:g} s",
            [
                Course("acknowledged by the edge", [at - started for at in storing.acknowledged]),
                Course(
                    "acknowledged by the PACS",
                    sorted((one.acknowledged or 0.0) - started for one in arrived),
                ),
            ],
            [Spell("network cut", cut - started, healed - started)],
            f"{stores - len(missing)} of {stores} are at the PACS afterwards"
            + (f"; the cut lost its answer to {lost} of them" if lost else ""),
        )
    )
    expect(not missing, f"all {stores} instances at the PACS", f"{len(missing)} missing")
    crossing.expect_arrives(cargo)
    passage.expect_not_twice(cargo)


class _Storing:
    """A modality that stores one instance after the other, in a thread of its own."""

    def __init__(self, crossing: Crossing, cargo: Cargo, pace: float) -> None:
        self.acknowledged: list[float] = []
        self._crossing = crossing
        self._cargo = cargo
        self._pace = pace
        self._changed = threading.Condition()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="modality")

    def start(self) -> None:
        self._thread.start()

    def wait_for(self, count: int) -> None:
        """Waits until so many were acknowledged, or storing has ended."""
        with self._changed:
            self._changed.wait_for(
                lambda: len(self.acknowledged) >= count or not self._thread.is_alive(), 60
            )

    def finish(self) -> None:
        """Waits for the end; raises what went wrong."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _run(self) -> None:
        began = time.monotonic()
        try:
            with self._crossing.storing(self._cargo.deposits) as association:
                for number, deposit in enumerate(self._cargo.deposits):
                    threading.Event().wait(max(0.0, began + number * self._pace - time.monotonic()))
                    status = status_of(store(association, deposit).final)
                    expect(status == 0, "status 0000H while the PACS is away", f"{status:04X}H")
                    with self._changed:
                        self.acknowledged.append(time.time())
                        self._changed.notify_all()
        except BaseException as problem:
            self._problem = problem
        finally:
            with self._changed:
                self._changed.notify_all()
