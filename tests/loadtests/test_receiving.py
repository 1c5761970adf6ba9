"""The receiver under load: which image belongs to which retrieval, and when it came."""

from __future__ import annotations

import time

from run_loads import target

from stepwedge.fixtures.servers.launch import free_port
from stepwedge.loadtests.filling import Fill, instance, sop_class
from stepwedge.loadtests.receiving import Receiver
from stepwedge.loadtests.wired import WireDial
from stepwedge.target import load_target

SYNTAXES = {sop_class(): ("1.2.840.10008.1.2.1",)}


def test_two_retrievals_of_one_study() -> None:
    """Images of the next retrieval are left for it, whichever report comes first."""
    made = Receiver(load_target(None, {"host": "h", "port": 1, "ae_title": "X"}, {}), {})
    for moment in (10, 110):
        made.note("1.1", moment, 7)
        made.note("1.2", moment + 5, 8)
    both = ("1.1", "1.2")
    assert made.take(both, 5, 50) == [(10, 7), (15, 8)]
    assert made.take(both, 100, 150) == [(110, 7), (115, 8)]
    assert made.take(both, 0, 500) == []


def test_an_image_sent_twice() -> None:
    """An image that a target sends twice within one retrieval does not stand for another one."""
    made = Receiver(load_target(None, {"host": "h", "port": 1, "ae_title": "X"}, {}), {})
    made.note("1.1", 10, 7)
    made.note("1.1", 20, 7)
    assert made.take(("1.1", "1.2"), 5, 50) == [(10, 7)]


def test_what_arrives() -> None:
    """What a peer stores is acknowledged, and noted with its moment by the kernel's clock."""
    port = free_port()
    sender = load_target(None, {"host": "127.0.0.1", "port": port, "ae_title": "STEPWEDGE"}, {})
    receiver = Receiver(target(1, receiver={"port": port}), SYNTAXES)
    receiver.start()
    try:
        parcel = instance(Fill(), 3, 0)
        begun = time.time_ns()
        link = WireDial(sender, SYNTAXES)("storage", (sop_class(),))
        assert link.store(parcel).status == 0
        link.release()
        ended = time.time_ns()
    finally:
        receiver.close()
    ((moment, size),) = receiver.take([parcel.sop_instance], begun, ended)
    assert begun < moment < ended
    assert size == parcel.size
