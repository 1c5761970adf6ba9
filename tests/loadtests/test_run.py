"""A whole load, in a process of its own, against the reference PACS."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from run_loads import load, only, operations, target

from stepwedge.errors import Exit, UsageError
from stepwedge.events import Ledger, LoadSecond, LoadSummary, Note, TargetSeen
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.servers.launch import free_port
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.loadtests.settings import HANDED_OVER, Settings, from_environment
from stepwedge.target import load_target

MIX: dict[str, Any] = {
    "name": "mix",
    "seconds": 3,
    "deadline": 2,
    "drain": 5,
    "levels": ["errors == 0", "dropped == 0", "lost == 0"],
    "users": [
        {
            "role": "modality",
            "count": 2,
            "schedule": {"rate": 3},
            "exams": [{"modality": "CT", "images": [2, 4], "rows": 64, "columns": 64}],
        },
        {"role": "workstation", "count": 2, "schedule": {"rate": 2, "after": 1}},
        {"role": "monitor", "schedule": {"rate": 5}},
    ],
}
ECHO: dict[str, Any] = {
    "seconds": 1,
    "deadline": 1,
    "drain": 2,
    "users": [{"role": "monitor", "count": 2, "schedule": {"rate": 10}, "association": "each"}],
}


@pytest.mark.parametrize("processes", [1, 2])
def test_totals_agree(tmp_path: Path, processes: int) -> None:
    """One process or two: the same plan is carried whole, its seconds add up, nothing is lost."""
    receiver = free_port()
    pacs = ReferencePacs(tmp_path / "pacs", destinations={"STEPWEDGE": ("127.0.0.1", receiver)})
    pacs.start()
    try:
        at = target(pacs.port, receiver={"port": receiver})
        code, events = load(tmp_path, at, make_scenario(MIX), processes, ceiling=None)
    finally:
        pacs.stop()
    summary, ledger = only(events, LoadSummary), only(events, Ledger)
    assert code == Exit.HELD, summary.notes
    done = {op.name: op for op in summary.operations}
    # 3 exams a second for 3 s; 2 readings a second for 2 s; 5 echoes a second for 3 s.
    assert {n: done[n].started for n in ("exam", "find", "move", "echo")} == {
        "exam": 9,
        "find": 4,
        "move": 4,
        "echo": 15,
    }
    assert done["last-image"].started == 4
    assert ledger.acknowledged == ledger.found == done["store"].finished
    assert ledger.missing == ledger.duplicated == 0
    for name, op in done.items():
        seconds = [e for e in events if isinstance(e, LoadSecond) and e.operation == name]
        for field in ("started", "finished", "failed", "bytes"):
            assert sum(getattr(e, field) for e in seconds) == getattr(op, field), (name, field)
        if name in ("exam", "store", "find", "move", "echo"):
            assert sum(e.planned for e in seconds) == op.started, name
    assert summary.detail["workers"] == processes
    (log,) = tmp_path.rglob("load.log")
    heard = dict(re.findall(r"^DICOM +(\S+) +(\d+) +\d+\(", log.read_text(encoding="utf-8"), re.M))
    assert set(done) - set(heard) == {"first-image", "last-image"}
    for name, count in heard.items():
        # Locust's master gives its workers half a second for their last words, which may not do.
        assert 0 < int(count) <= done[name].finished, name
        assert processes > 1 or int(count) == done[name].finished, name
    # The harness knows what it could have done itself, and was far from it.
    assert set(summary.ceiling) == {"associate", "store", "echo", "find"}
    assert 0 < summary.ceiling_share < 0.7


def test_a_closed_model(tmp_path: Path) -> None:
    """Users who wait for their answers: poor modalities, readers by C-GET, worklist pollers."""
    scenario = make_scenario(
        {
            "model": "closed",
            "think": 0.2,
            "seconds": 2,
            "drain": 10,
            "levels": ["errors == 0", "lost == 0", "worklist.rate > 0/s"],
            "users": [
                {
                    "role": "modality",
                    "association": "instance",
                    "schedule": {"rate": 1},
                    "exams": [{"modality": "CT", "images": [3, 3], "rows": 32, "columns": 32}],
                },
                {"role": "workstation", "retrieve": "get", "schedule": {"rate": 1}},
                {"role": "worklist", "schedule": {"rate": 1}},
            ],
        }
    )
    pacs = ReferencePacs(tmp_path / "pacs")
    pacs.start()
    try:
        code, events = load(tmp_path, target(pacs.port), scenario)
    finally:
        pacs.stop()
    assert code == Exit.HELD
    done, ledger = operations(events), only(events, Ledger)
    exams, readings = done["exam"].started, done["find"].started
    assert done["store"].started == 3 * exams == ledger.acknowledged == ledger.found > 0
    assert done["get"].started == readings > 0
    # An association for each image and each look at the worklist, and one for a reader's queries.
    polls = done["worklist"].started
    assert done["associate"].started >= 3 * exams + polls + 1 > 4


def test_scattered_ports_are_handed_over(tmp_path: Path) -> None:
    """Ports that are no range, in any order, reach the load process as they are."""
    at = load_target(
        None, {"host": "127.0.0.1", "port": [2111, "2104-2105"], "ae_title": "EDGE"}, {}
    )
    settings = Settings(target=at, scenario=make_scenario(ECHO), run_folder=tmp_path)
    heard = from_environment([], {HANDED_OVER: settings.handed_over()})
    assert heard.target.port == (2111, 2104, 2105)


def test_nobody_listens(tmp_path: Path) -> None:
    """A closed port is exit code 3, with the address and what went wrong in the record."""
    code, events = load(tmp_path, target(free_port()), make_scenario(ECHO))
    assert code == Exit.NOT_REACHABLE
    assert not only(events, TargetSeen).reachable


def test_receiver_port_taken(tmp_path: Path) -> None:
    """A taken port of our receiver is a mistake to mend, told before any load."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        pacs = ReferencePacs(tmp_path / "pacs")
        pacs.start()
        try:
            at = target(pacs.port, receiver={"port": taken.getsockname()[1]})
            code, events = load(tmp_path, at, make_scenario(MIX))
        finally:
            pacs.stop()
    assert code == Exit.WRONG_USAGE
    assert "receiver cannot listen" in only(events, Note).text


def test_refused(tmp_path: Path) -> None:
    """Load is refused where the target file does not allow it, and where a move is not claimed."""
    file = tmp_path / "t.toml"
    file.write_text('host = "127.0.0.1"\nport = 104\nae_title = "X"\n')
    settings = Settings(target=load_target(file, {}, {}), scenario=make_scenario(MIX))
    with pytest.raises(UsageError, match="not allowed"):
        settings.check()
    allowed = target(104, claims=["verification", "storage", "find"])
    with pytest.raises(UsageError, match="C-MOVE"):
        replace(settings, target=allowed).check()


def test_router_uses_every_port(tmp_path: Path) -> None:
    """A router spreads an exam over all ports of the range."""
    scenario = make_scenario(
        {
            "seconds": 1,
            "drain": 5,
            "levels": ["lost == 0"],
            "users": [
                {
                    "role": "router",
                    "lanes": 4,
                    "schedule": {"rate": 2},
                    "exams": [{"modality": "MR", "images": [8, 8], "rows": 32, "columns": 32}],
                }
            ],
        }
    )
    port = _two_free_ports()
    first = ReferencePacs(tmp_path / "one", port=port)
    second = ReferencePacs(tmp_path / "one", port=port + 1)
    first.start()
    second.start()
    try:
        at = target(port).model_copy(update={"port": (port, port + 1)})
        code, events = load(tmp_path, at, scenario)
    finally:
        second.stop()
        first.stop()
    ledger = only(events, Ledger)
    assert (code, ledger.acknowledged, ledger.missing) == (Exit.HELD, 16, 0)
    summary = only(events, LoadSummary)
    (associate,) = [op for op in summary.operations if op.name == "associate"]
    assert associate.started == 8  # four lanes for each of two exams


def _two_free_ports() -> int:
    """A free port whose successor is free too."""
    for _ in range(100):
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports in a row")
