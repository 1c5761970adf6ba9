"""The queue between ingestion and the PACS: durable, in order, and nothing forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stepwedge.fixtures.edge.outbox import Entry, Item, Outbox, OutboxFull

LONG = 3600.0


def _faultless(defect: str) -> bool:
    return False


@pytest.fixture
def reopen(tmp_path: Path) -> Callable[[], Outbox]:
    """Opens the outbox as a process does that finds what an earlier one has left."""
    return lambda: Outbox(tmp_path / "outbox", 5, _faultless)


def _item(uid: str) -> Item:
    return Item("1.2", uid, "1.2.840.10008.1.2", "1", "1.1", "CT", time.time())


def _take(outbox: Outbox) -> Entry:
    """The entry that is due now; a test that would wait for one is wrong."""

    def idle() -> None:
        raise AssertionError("nothing is due")

    entry = outbox.take(idle)
    assert entry is not None
    return entry


def _is_idle(outbox: Outbox) -> bool:
    """Whether nothing is due now."""

    class Idle(Exception):
        pass

    def idle() -> None:
        raise Idle

    try:
        outbox.take(idle)
    except Idle:
        return True
    return False


def test_what_was_added_is_found_by_the_next_process(reopen: Callable[[], Outbox]) -> None:
    """In the order it came, with its data, and in doubt: it may have been sent already."""
    first = reopen()
    for uid in ("1", "2", "3"):
        first.add(_item(uid), uid.encode() * 3)
    second = reopen()
    found = [_take(second) for _ in range(3)]
    assert [entry.item.uid for entry in found] == ["1", "2", "3"]
    assert [second.data(entry) for entry in found] == [b"111", b"222", b"333"]
    assert all(entry.in_doubt for entry in found)
    assert _is_idle(second)


def test_what_was_delivered_is_gone(reopen: Callable[[], Outbox]) -> None:
    """Nothing of it waits in a later process, and numbers go on."""
    outbox = reopen()
    outbox.add(_item("1"), b"x")
    outbox.delivered(_take(outbox))
    assert outbox.counts().delivered == 1
    assert outbox.wait_until_empty(0)
    assert _is_idle(reopen())


def test_an_unfinished_file_is_no_entry(reopen: Callable[[], Outbox], tmp_path: Path) -> None:
    """What a crash left half written was never acknowledged, and is removed."""
    outbox = reopen()
    part = tmp_path / "outbox" / "000000000009.part"
    part.write_bytes(b"{")
    assert _is_idle(reopen())
    assert not part.exists()
    assert outbox.counts().waiting == 0


def test_beyond_the_limit_nothing_is_taken(reopen: Callable[[], Outbox]) -> None:
    """The queue refuses what it has no room for, and has room again when something left."""
    outbox = reopen()
    for number in range(5):
        outbox.add(_item(str(number)), b"x")
    with pytest.raises(OutboxFull, match="5 instances are waiting"):
        outbox.add(_item("one more"), b"x")
    assert outbox.counts().waiting == 5
    outbox.delivered(_take(outbox))
    outbox.add(_item("one more"), b"x")


def test_a_disk_that_takes_nothing_is_no_acknowledgement(
    reopen: Callable[[], Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file cannot be written, the instance is refused."""

    def fails(number: int) -> None:
        raise OSError(28, "No space left on device")

    outbox = reopen()
    monkeypatch.setattr("os.fdatasync", fails)
    with pytest.raises(OutboxFull, match="No space left"):
        outbox.add(_item("1"), b"x")
    assert _is_idle(reopen())


def test_the_newer_waits_behind_the_older(reopen: Callable[[], Outbox]) -> None:
    """Of the same SOP Instance UID, what was acknowledged last is what is sent last."""
    outbox = reopen()
    outbox.add(_item("1"), b"older")
    outbox.add(_item("1"), b"newer")
    outbox.add(_item("2"), b"other")
    older = _take(outbox)
    assert outbox.data(older) == b"older"
    assert outbox.data(_take(outbox)) == b"other"
    assert _is_idle(outbox)
    outbox.delivered(older)
    assert outbox.data(_take(outbox)) == b"newer"


def test_what_was_postponed_lets_others_go_first(reopen: Callable[[], Outbox]) -> None:
    """It is due again after its time, or at once when everything is hastened."""
    outbox = reopen()
    for uid in ("1", "2"):
        outbox.add(_item(uid), b"x")
    outbox.postpone(_take(outbox), LONG)
    assert _take(outbox).item.uid == "2"
    assert _is_idle(outbox)
    outbox.hasten()
    assert _take(outbox).item.uid == "1"
    assert outbox.counts().waiting == 2


def test_a_hold_lets_everybody_wait(reopen: Callable[[], Outbox]) -> None:
    """While the PACS is away nobody is due; afterwards the order is as it was."""
    outbox = reopen()
    for uid in ("1", "2"):
        outbox.add(_item(uid), b"x")
    outbox.postpone(_take(outbox), LONG, hold=True)
    assert _is_idle(outbox)
    outbox.hasten()
    assert [_take(outbox).item.uid for _ in range(2)] == ["1", "2"]


def test_what_was_set_aside_is_kept_and_told(reopen: Callable[[], Outbox]) -> None:
    """It is in nobody's way, outlives the process, and comes back when it is tried again."""
    outbox = reopen()
    for uid in ("1", "2"):
        outbox.add(_item(uid), uid.encode())
    outbox.set_aside(_take(outbox), "status C000H")
    assert [(e.item.uid, e.reason) for e in outbox.undeliverable()] == [("1", "status C000H")]
    outbox.delivered(_take(outbox))
    assert outbox.wait_until_empty(0)
    later = reopen()
    assert later.counts().undeliverable == 1
    assert later.try_again() == 1
    entry = _take(later)
    assert (entry.item.uid, later.data(entry), entry.reason) == ("1", b"1", "")
    assert later.counts().undeliverable == 0


def test_closing_lets_go_who_waits(reopen: Callable[[], Outbox]) -> None:
    """Whoever waits for an entry gets none, and whoever waits for the end is told at once."""
    outbox, taken, is_waiting = reopen(), [], threading.Event()
    waiting = threading.Thread(target=lambda: taken.append(outbox.take(is_waiting.set)))
    waiting.start()
    assert is_waiting.wait(10)
    outbox.close()
    waiting.join(10)
    assert taken == [None]


def test_who_waits_is_woken_by_what_comes(reopen: Callable[[], Outbox]) -> None:
    """An instance that is added while the forwarder waits is taken."""
    outbox, taken, is_waiting = reopen(), [], threading.Event()
    waiting = threading.Thread(target=lambda: taken.append(outbox.take(is_waiting.set)))
    waiting.start()
    assert is_waiting.wait(10)
    outbox.add(_item("1"), b"x")
    waiting.join(10)
    assert [entry.item.uid for entry in taken if entry is not None] == ["1"]
