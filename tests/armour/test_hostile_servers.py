"""A server under test can neither hold nor break nor mislead the harness, whatever it does."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydicom import Dataset
from run_loads import load, only

from stepwedge.cli.check import suites_arguments
from stepwedge.errors import Exit
from stepwedge.events import CheckFinished, LoadSummary
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.dimse import MAX_MESSAGE
from stepwedge.fixtures.hostile.misbehaviours import MARKUP, MISBEHAVIOURS
from stepwedge.fixtures.hostile.script import CT, STUDY_FIND, VERIFICATION
from stepwedge.fixtures.hostile.servers import HostileServer, Misbehaviour
from stepwedge.fixtures.peer import Peer, abandon
from stepwedge.fixtures.preflight import look
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.reports.model import read_view
from stepwedge.target import Target
from stepwedge.verdicts import Deviation

# For those that fall silent; whoever says something at once is waited for, on a busy machine too.
PATIENCE, UNHURRIED = 0.4, 2.5
# What sends or works without end, and costs this machine more than a moment.
HEAVY = ("endless-", "slow-pending", "giant-acceptance", "giant-p-data", "bomb")

# Seconds in which everything that is tried must be over, on a busy machine too.
BOUND = 90


def target(port: int, patience: float = PATIENCE) -> Target:
    return Target(
        host="127.0.0.1",
        port=(port,),
        ae_title="HOSTILE",
        allow=frozenset({"load"}),
        timeouts=dict.fromkeys(("connect", "negotiate", "response", "release"), patience),
    )


def _tried(peer: Peer) -> dict[str, str]:
    """What comes of an echo, a query and a store: success, or the deviation in words."""
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", ""
    jobs = {
        "echo": lambda association: association.echo(),
        "find": lambda association: association.find(STUDY_FIND, keys).matches,
        "store": lambda association: association.store(CT, "1.2.3", bytes(1 << 18)),
    }
    found = {}
    for name, job in jobs.items():
        try:
            with peer.associate([VERIFICATION, STUDY_FIND, CT]) as association:
                job(association)
            found[name] = ""
        except Deviation as deviation:
            found[name] = str(deviation)
    peer.sweep()
    return found


# What is found out about those that do not just fall silent: a word of it, by operation.
SAID = {
    "garbage": {"look": "closed"},
    "http": {"look": "closed"},
    "odd-rejection": {"look": "the reason is not standard"},
    "aborts": {"look": "A-ABORT"},
    "cut-acceptance": {"look": "cannot be decoded"},
    "odd-contexts": {"look": "cannot be decoded"},
    "no-room": {"echo": "room for a message"},
    "broken-command": {"echo": "without Command Field"},
    "wrong-id": {"echo": "one to message"},
    "other-context": {"echo": "a message on context 251"},
    "nesting": {"find": "do not decode"},
    "aborts-answers": {"echo": "A-ABORT"},
    "endless-pending": {"find": "and no end"},
    "slow-pending": {"find": "and no end"},
    "bomb": {"find": "inflate to more than"},
    "giant-acceptance": {"look": "closed"},
}


def _withstood(one: Misbehaviour) -> None:
    began = time.monotonic()
    with HostileServer(one, pause=0.05) as server:
        at_once = one.name in SAID and not one.name.startswith(HEAVY)
        peer = Peer(target(server.port, UNHURRIED if at_once else PATIENCE), Recorder())
        (seen,) = look(peer, [STUDY_FIND])
        found = {"look": seen.problem}
        if seen.phase == "echo" or seen.reachable:
            found |= _tried(peer)
    assert time.monotonic() - began < BOUND, one.name
    for job, words in SAID.get(one.name, {}).items():
        assert words in found[job], (one.name, found)
    assert any(found.values()), one.name


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The exceptions that end threads while a test runs."""
    found: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", found.append)
    return found


def test_what_a_server_does_is_bounded_and_told(broken: list[Any]) -> None:
    """Every misbehaviour ends as a finding, in time; no thread breaks, and none is left."""
    light = [one for one in MISBEHAVIOURS if not one.name.startswith(HEAVY)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(_withstood, light))
    abandon()
    assert broken == []


@pytest.mark.long
@pytest.mark.parametrize(
    "one", [m for m in MISBEHAVIOURS if m.name.startswith(HEAVY)], ids=lambda one: one.name
)
def test_what_sends_without_end_takes_no_more_memory(one: Misbehaviour, broken: list[Any]) -> None:
    """A flood ends as a finding, and takes no more memory than one message may."""
    before = psutil.Process().memory_info().rss
    _withstood(one)
    abandon()
    assert broken == []
    assert psutil.Process().memory_info().rss - before < 3 * MAX_MESSAGE


# A few checks of each kind, and what they need.
CHECKS = ("ECHO-00", "FIND-001", "FIND-030", "STORE-001", "MOVE-001", "ASSOC-00")


@pytest.mark.long
@pytest.mark.parametrize("one", MISBEHAVIOURS, ids=lambda one: one.name)
def test_a_run_against_it(one: Misbehaviour, tmp_path: Path) -> None:
    """`check` ends with findings, never with an error of its own, and its reports are drawn."""
    heard: list[CheckFinished] = []

    class Listener:
        def pytest_stepwedge_event(self, event: Any) -> None:
            if isinstance(event, CheckFinished):
                heard.append(event)

    with HostileServer(one, pause=0.05) as server:
        file = tmp_path / "target.toml"
        file.write_text(
            f'host = "127.0.0.1"\nport = {server.port}\nae_title = "HOSTILE"\n'
            "[timeouts]\nconnect = 1\nnegotiate = 0.5\nresponse = 0.5\nrelease = 0.5\n"
            "[receiver]\nport = 0\n",
            encoding="utf-8",
        )
        code = pytest.main(
            [
                *suites_arguments(), *("-p", "no:terminal"),
                *("--target", str(file), "--runs", str(tmp_path / "runs")),
                *(word for id in CHECKS for word in ("--check", id)),
            ],
            [Listener()],
        )  # fmt: skip
    assert code in (Exit.NOT_CONFORMANT, Exit.NOT_REACHABLE)
    assert [f"{e.id}: {e.reason}" for e in heard if e.verdict == "error"] == []
    (page,) = (tmp_path / "runs").glob("*/report.html")
    text = page.read_text(encoding="utf-8")
    assert MARKUP not in text
    assert "onerror=alert(1)>" not in text
    assert read_view(page.parent)


@pytest.mark.long
@pytest.mark.parametrize("one", MISBEHAVIOURS, ids=lambda one: one.name)
def test_a_load_on_it(one: Misbehaviour, tmp_path: Path) -> None:
    """`load` counts and names what fails, drains in time, and leaves no user behind."""
    scenario = make_scenario(
        {
            "seconds": 1, "deadline": 1, "drain": 5,
            "users": [
                {"role": "monitor", "association": "each", "schedule": {"rate": 4}},
                {
                    "role": "modality", "schedule": {"rate": 1},
                    "exams": [{"modality": "CT", "images": [1, 1], "rows": 64, "columns": 64}],
                },
            ],
        }
    )  # fmt: skip
    with HostileServer(one, pause=0.05) as server:
        code, events = load(tmp_path, target(server.port), scenario)
    assert code != Exit.HARNESS_FAILED
    summaries = [event for event in events if isinstance(event, LoadSummary)]
    if summaries:
        assert only(events, LoadSummary).detail["users_left"] == 0
