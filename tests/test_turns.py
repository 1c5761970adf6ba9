"""Checks of several processes take turns: most together, some alone."""

from __future__ import annotations

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stepwedge.fixtures.turns import Turns


@pytest.fixture
def turns(tmp_path: Path) -> Turns:
    """The turns of a run that has begun."""
    (tmp_path / "events.ndjson").touch()
    return Turns(tmp_path)


def _until_somebody_waits(folder: Path) -> None:
    pause = threading.Event()
    with (folder / "events.ndjson").open() as queue:
        while True:
            try:
                fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(queue, fcntl.LOCK_UN)
            pause.wait(0.001)


def test_most_are_together(turns: Turns) -> None:
    """A turn that need not be alone is had beside another one."""
    with turns.taken(alone=False), turns.taken(alone=False):
        pass


def test_alone_is_alone(turns: Turns, tmp_path: Path) -> None:
    """A turn alone begins when all others have ended, and who comes later does not overtake it."""
    told: list[str] = []

    def take(name: str, *, alone: bool) -> None:
        with turns.taken(alone=alone):
            told.append(f"{name} begins")
            told.append(f"{name} ends")

    with ThreadPoolExecutor(2) as pool, turns.taken(alone=False):
        pool.submit(take, "alone", alone=True)
        _until_somebody_waits(tmp_path)
        pool.submit(take, "later", alone=False)
        told.append("the first ends")
    assert told == ["the first ends", "alone begins", "alone ends", "later begins", "later ends"]


def test_an_end_frees_the_turn(turns: Turns) -> None:
    """Whatever a check raises, the next one has its turn."""
    with pytest.raises(ValueError, match="broken"), turns.taken(alone=True):
        raise ValueError("broken")
    with turns.taken(alone=True):
        pass
