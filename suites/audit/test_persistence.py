"""What cannot be told at once is told later: the trail survives silence and restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.audit import codes
from stepwedge.fixtures.audited import AuditTrail, names_title
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.verdicts import Blocked

PERSISTENCE = "audit.persistence"


@check(
    "AUDIT-060",
    "Stepwedge audit",
    SHALL,
    claim=PERSISTENCE,
    defects=["audit-forgets-while-down"],
)
def test_collector_down(trail: AuditTrail, peer: Peer) -> None:
    """What happens while the collector is down is told when it is back, every message of it."""
    mark, strangers = trail.mark(), [f"STEPWEDGE-DOWN-{n}" for n in range(3)]
    with _collector_down(trail):
        for stranger in strangers:
            peer.attempt([VERIFICATION], calling_ae=stranger)
    for stranger in strangers:
        trail.expect(mark, codes.SECURITY_ALERT, names_title(stranger), f"about {stranger}")


@check(
    "AUDIT-061",
    "Stepwedge audit",
    SHALL,
    claim=PERSISTENCE,
    defects=["audit-forgets-at-restart"],
)
def test_restart(trail: AuditTrail, peer: Peer, manager: Manager) -> None:
    """What waits for the collector survives a restart of the target."""
    manager.require("restart")
    mark, stranger = trail.mark(), "STEPWEDGE-BEFORE"
    with _collector_down(trail):
        peer.attempt([VERIFICATION], calling_ae=stranger)
        manager.do("restart")
        _until_it_answers(peer)
    trail.expect(mark, codes.SECURITY_ALERT, names_title(stranger), f"about {stranger}")


@contextmanager
def _collector_down(trail: AuditTrail) -> Iterator[None]:
    trail.collector.stop()
    try:
        yield
    finally:
        trail.collector.start()


def _until_it_answers(peer: Peer) -> None:
    deadline, pause = time.monotonic() + 30, threading.Event()
    while peer.attempt([VERIFICATION], label="is it back").kind != "accepted":
        if time.monotonic() > deadline:
            raise Blocked("the target does not answer 30 s after its restart")
        pause.wait(0.2)
