"""A whole load, in a process of its own, against the reference PACS and against bad targets."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stepwedge.errors import Exit, UsageError
from stepwedge.events import AnyEvent, Ledger, LoadSecond, LoadSummary, Note, TargetSeen
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.servers.launch import free_port
from stepwedge.loadtests import launch
from stepwedge.loadtests.scenarios import Scenario, make_scenario
from stepwedge.loadtests.settings import Settings
from stepwedge.record import Record, read_events
from stepwedge.target import Target, load_target

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


def target(port: int, **fields: object) -> Target:
    return load_target(
        None, {"host": "127.0.0.1", "port": port, "ae_title": "REFERENCE", **fields}, {}
    )


def load(
    folder: Path,
    at: Target,
    scenario: Scenario,
    processes: int = 1,
    ceiling: dict[str, float] | None = {},  # noqa: B006 (known to be nothing: not measured)
) -> tuple[int, list[AnyEvent]]:
    with Record.create(folder, "load") as record:
        run = record.folder
    settings = Settings(target=at, scenario=scenario, run_folder=run, ceiling=ceiling)
    code = launch.run(settings, processes=processes)
    return code, read_events(run)


def only(events: list[AnyEvent], kind: type[Any]) -> Any:
    (one,) = [event for event in events if isinstance(event, kind)]
    return one


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
    # The harness knows what it could have done itself, and was far from it.
    assert set(summary.ceiling) == {"associate", "store", "echo", "find"}
    assert 0 < summary.ceiling_share < 0.7


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


@contextmanager
def turning_bad(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A target that answers its first association in order, through a reference PACS, and then
    does to every other connection what `answer` does.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pacs_port: list[int] = []

        def serve() -> None:
            first = True
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                if first:
                    first = False
                    threading.Thread(target=_relay, args=(peer, pacs_port[0]), daemon=True).start()
                else:
                    threading.Thread(target=_close_after, args=(peer, answer), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)

        with tempfile.TemporaryDirectory() as folder:
            pacs = ReferencePacs(Path(folder))
            pacs.start()
            pacs_port.append(pacs.port)
            thread.start()
            try:
                yield listening.getsockname()[1]
            finally:
                listening.shutdown(socket.SHUT_RDWR)
                thread.join(5)
                pacs.stop()


def _close_after(peer: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with peer:
        try:
            answer(peer)
        except OSError:
            return  # the harness had enough of it first


def _relay(peer: socket.socket, port: int) -> None:
    with peer, socket.create_connection(("127.0.0.1", port)) as behind:

        def copy(source: socket.socket, sink: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                return  # the other side ended it

        back = threading.Thread(target=copy, args=(behind, peer), daemon=True)
        back.start()
        copy(peer, behind)
        back.join(5)


def _reject(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(bytes.fromhex("0300 0000 0004 00 02 03 01"))  # transient, presentation, congestion
    peer.recv(65536)


def _abort(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(bytes.fromhex("0700 0000 0004 0000 02 01"))
    peer.recv(65536)


def _stall(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def _close(peer: socket.socket) -> None:
    peer.recv(10)


def _flood(peer: socket.socket) -> None:
    peer.recv(65536)
    while True:
        peer.sendall(b"\x02\x00\xff\xff\xff\xff" + bytes(65536))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_reject, "rejected 2/3/1"),
        pytest.param(_abort, "aborted 2/1", marks=pytest.mark.long),
        (_stall, "timeout negotiate"),
        pytest.param(_close, "closed negotiate", marks=pytest.mark.long),
        (_flood, "violation negotiate"),
    ],
)
def test_bad_targets(tmp_path: Path, answer: Callable[[socket.socket], None], kind: str) -> None:
    """What a target does to an association is bounded, classified, and leaves no user behind."""
    with turning_bad(answer) as port:
        at = target(port, timeouts={"negotiate": 0.3, "connect": 1})
        code, events = load(tmp_path, at, make_scenario(ECHO))
    summary = only(events, LoadSummary)
    assert code == Exit.SERVICE_LEVEL_MISSED
    (associate,) = [op for op in summary.operations if op.name == "associate"]
    assert associate.errors == {kind: 10}
    assert associate.failed == associate.started == 10
    assert not [op for op in summary.operations if op.name == "echo" and op.finished]


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
