"""The whole edge with FreeRADIUS as its authenticator: who gets in, and what happens without it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.proving import run
from stepwedge.cli.proving_access import PEOPLE, GuardedEdge
from stepwedge.events import CheckFinished
from stepwedge.fixtures.access.example import SECRET, people
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.identity import Identity
from stepwedge.fixtures.negotiated import Answer
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.servers.freeradius import FreeRadius
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.target import load_target

# Checks whose authenticator need not be ours: what it is asked and told cannot be looked into.
CLAIMS = (
    *("verification", "storage", "find", "move", "get", "access"),
    *("authentication.passcode", "authentication.required", "authentication.response"),
    "authentication.jwt",
)
CHECKS = ("AUTH-00", "AUTH-01", "AUTH-02", "AUTH-06", "ACCESS-002", "ACCESS-008", "ACCESS-02")
# RFC 2866 5.1 as FreeRADIUS writes it down.
START, STOP = "Acct-Status-Type = Start", "Acct-Status-Type = Stop"

# Seconds that one try of the authenticator gets where it is to be in vain, of two.
ATTEMPT = 0.3
# Over the stated limit for a busy machine, and until what must come has come.
SLACK, PATIENCE = 5.0, 20.0


@pytest.fixture
def free_radius(tmp_path: Path) -> Iterator[FreeRadius]:
    with FreeRadius(tmp_path / "freeradius", people(), secret=SECRET) as running:
        yield running


def _edge(folder: Path, free_radius: FreeRadius, **options: Any) -> GuardedEdge:
    folder.mkdir()
    ports = free_radius.port, free_radius.accounting_port
    return GuardedEdge(folder, authenticator=ports, claims=CLAIMS, **options)


class Listener:
    """Collects what the checks said."""

    def __init__(self) -> None:
        self.verdicts: dict[str, str] = {}

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            self.verdicts[event.key] = f"{event.verdict} {event.observed}{event.reason}".strip()


def test_the_checks_pass_with_free_radius_behind_the_edge(
    free_radius: FreeRadius, tmp_path: Path
) -> None:
    """Right, wrong, nearly right, locked, unknown and international users, and what they see."""
    listener = Listener()
    with contextlib.closing(_edge(tmp_path / "edge", free_radius, attempt=5.0)) as edge:
        run(edge, listener, *(word for id in CHECKS for word in ("--check", id)))
    assert {key: said for key, said in listener.verdicts.items() if said != "pass"} == {}
    assert len(listener.verdicts) > 30
    # Each association of a user has begun and ended, as the authenticator was told.
    told = free_radius.accounting
    assert told.count(START) == told.count(STOP) > 10
    passcodes = [code for _, code in PEOPLE.values()]
    written = free_radius.log.read_text() + edge.guard.log.read_text() + told
    assert not [code for code in passcodes if code in written]


class Visitor:
    """The physician at the edge's door."""

    def __init__(self, edge: GuardedEdge) -> None:
        name, passcode = PEOPLE["physician"]
        self._identity = Identity(name.encode(), passcode.encode())
        self._peer = Peer(load_target(edge.target), Recorder())

    def comes(self) -> Answer:
        answer = self._peer.attempt([VERIFICATION], identity=self._identity, calling_ae="OUTSIDE")
        if answer.association is not None:
            answer.association.release()
        return answer

    def is_let_in(self) -> bool:
        """Whether that is so before long: on a busy machine one answer may come too late."""
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while self.comes().kind != "accepted":
            if time.monotonic() > deadline:
                return False
            pause.wait(0.1)
        return True

    def is_turned_away_in_time(self) -> bool:
        """Rejected, transiently: whether the user may come in cannot be told now."""
        began, answer = time.monotonic(), self.comes()
        assert time.monotonic() - began < 2 * ATTEMPT + SLACK
        assert (answer.kind, answer.result, answer.source) == ("rejected", 2, 3), answer.words
        return True


def test_the_edge_fails_closed_without_free_radius(free_radius: FreeRadius, tmp_path: Path) -> None:
    """Killed, with another secret, or slower than stated, FreeRADIUS lets nobody in, and the edge
    says so in time; once it is itself again, so is the edge."""
    with contextlib.closing(_edge(tmp_path / "edge", free_radius, attempt=ATTEMPT)) as edge:
        physician = Visitor(edge)
        assert physician.is_let_in()
        free_radius.kill()
        assert physician.is_turned_away_in_time()
        free_radius.secret = "another"
        free_radius.start()
        assert physician.is_turned_away_in_time()
        free_radius.stop()
        free_radius.secret, free_radius.delay = SECRET, 10 * ATTEMPT
        free_radius.start()
        assert physician.is_turned_away_in_time()
        free_radius.stop()
        free_radius.delay = 0
        free_radius.start()
        assert physician.is_let_in()
