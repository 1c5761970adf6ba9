"""Targets that misbehave in every phase: bounded, classified, in the record, and nobody left."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from run_loads import load, only, operations, target
from wire_peers import accept

from stepwedge.errors import Exit
from stepwedge.events import LoadSummary
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.wire import commands
from stepwedge.wire.messages import MessageLimits, fragment
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Service
from stepwedge.wire.serving import Serving
from stepwedge.wire.transport import Transport

Behaviour = Callable[[socket.socket], None]


def _read_on(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def _answer(peer: socket.socket, message_id: int) -> None:
    """A successful C-STORE-RSP, whatever was asked."""
    command = commands.encode(
        {
            "CommandField": commands.C_STORE_RSP,
            "MessageIDBeingRespondedTo": message_id,
            "CommandDataSetType": commands.NO_DATA_SET,
            "Status": 0,
        }
    )
    peer.sendall(b"".join(fragment(1, 16384, command, None)))


def reject(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(bytes.fromhex("0300 0000 0004 00 02 03 01"))  # transient, presentation, congestion
    _read_on(peer)


def abort_negotiation(peer: socket.socket) -> None:
    peer.recv(65536)
    peer.sendall(bytes.fromhex("0700 0000 0004 0000 02 01"))
    _read_on(peer)


def close_in_negotiation(peer: socket.socket) -> None:
    peer.recv(10)


def flood_in_negotiation(peer: socket.socket) -> None:
    peer.recv(65536)
    while True:
        peer.sendall(b"\x02\x00\xff\xff\xff\xff" + bytes(65536))


def stall_in_response(peer: socket.socket) -> None:
    accept(peer)
    _read_on(peer)


def abort_response(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    peer.sendall(bytes.fromhex("0700 0000 0004 0000 00 00"))
    _read_on(peer)


def close_in_data(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(100)


def cut_answer(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    peer.sendall(b"\x04\x00\x00\x00\x01\x00half of a P-DATA-TF")
    peer.shutdown(socket.SHUT_WR)
    _read_on(peer)


def unknown_message_id(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    _answer(peer, 999)
    _read_on(peer)


def too_long(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    peer.sendall(b"\x04\x00\x7f\xff\xff\xff" + bytes(1000))
    _read_on(peer)


def flood_of_fragments(peer: socket.socket) -> None:
    """A command set that never ends."""
    accept(peer)
    peer.recv(65536)
    piece = b"\x04\x00" + (4006).to_bytes(4) + (4002).to_bytes(4) + b"\x01\x01" + bytes(4000)
    while True:
        peer.sendall(piece)


def flood_of_answers(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    while True:
        _answer(peer, 999)


def stall_in_release(peer: socket.socket) -> None:
    accept(peer)
    peer.recv(65536)
    command = commands.response_to(
        {"CommandField": commands.C_ECHO_RQ, "MessageID": 1, "AffectedSOPClassUID": "1.2"}, 0
    )
    command["CommandDataSetType"] = commands.NO_DATA_SET
    peer.sendall(b"".join(fragment(1, 16384, commands.encode(command), None)))
    _read_on(peer)


@contextmanager
def turning_bad(behaviours: Sequence[Behaviour]) -> Iterator[int]:
    """A target on consecutive ports, one a behaviour; yields the first port.

    Each port serves its first association in order, for the look before the run, and does to every
    other one what its behaviour does.
    """
    listeners = _consecutive(len(behaviours))
    threads = [
        threading.Thread(target=_serve, args=pair, daemon=True)
        for pair in zip(listeners, behaviours, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        yield listeners[0].getsockname()[1]
    finally:
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        for listener in listeners:
            listener.close()


def _consecutive(count: int) -> list[socket.socket]:
    """Listeners on so many ports in a row."""
    for _ in range(200):
        made = [socket.create_server(("127.0.0.1", 0))]
        first = made[0].getsockname()[1]
        with suppress(OSError, OverflowError):
            for port in range(first + 1, first + count):
                made.append(socket.create_server(("127.0.0.1", port)))
            return made
        for one in made:
            one.close()
    raise AssertionError(f"no {count} free ports in a row")


def _serve(listener: socket.socket, behaviour: Behaviour) -> None:
    peer, _ = listener.accept()
    serving = Serving(Transport(peer), Policy(), Service(), artim=5, idle=5, limits=MessageLimits())
    serving.run()
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_misbehave, args=(peer, behaviour), daemon=True).start()


def _misbehave(peer: socket.socket, behaviour: Behaviour) -> None:
    with peer, suppress(OSError):  # the harness may have enough of it first
        behaviour(peer)


def test_every_phase(tmp_path: Path) -> None:
    """Whatever a target does to a store or before it is bounded and classified."""
    expected = {
        reject: "rejected 2/3/1",
        abort_negotiation: "aborted 2/1",
        close_in_negotiation: "closed negotiate",
        flood_in_negotiation: "violation negotiate",
        _read_on: "timeout negotiate",
        stall_in_response: "timeout response",
        abort_response: "aborted 0/0",
        close_in_data: "closed response",
        cut_answer: "closed response",
        unknown_message_id: "violation response",
        too_long: "violation response",
        flood_of_fragments: "violation response",
        flood_of_answers: "violation response",
    }
    lanes = len(expected)
    scenario = make_scenario(
        {
            "seconds": 1,
            "deadline": 1,
            "drain": 5,
            "users": [
                {
                    "role": "router",
                    "lanes": lanes,
                    "schedule": {"rate": 1},
                    # More than the buffers of a connection hold.
                    "exams": [
                        {"modality": "CT", "images": [lanes, lanes], "rows": 1024, "columns": 1024}
                    ],
                }
            ],
        }
    )
    with turning_bad(list(expected)) as port:
        at = target(port, timeouts={"negotiate": 0.5, "response": 0.5, "connect": 2})
        ports = tuple(range(port, port + lanes))
        code, events = load(tmp_path, at.model_copy(update={"port": ports}), scenario)
    done = operations(events)
    kinds = list(expected.values())
    # The first five keep an association from coming about.
    before, after = dict(Counter(kinds[:5])), dict(Counter(kinds[5:]))
    assert code == Exit.SERVICE_LEVEL_MISSED
    assert done["associate"].errors == before
    assert done["store"].errors == after
    assert done["store"].started == done["store"].failed == sum(after.values())
    assert only(events, LoadSummary).detail["users_left"] == 0


def test_release(tmp_path: Path) -> None:
    """A target that does not answer a release is waited for no longer than it may take."""
    scenario = make_scenario(
        {
            "seconds": 1,
            "drain": 3,
            "users": [{"role": "monitor", "association": "each", "schedule": {"rate": 4}}],
        }
    )
    with turning_bad([stall_in_release]) as port:
        code, events = load(tmp_path, target(port, timeouts={"release": 0.2}), scenario)
    done = operations(events)
    assert code == Exit.HELD
    assert done["echo"].succeeded == 4
    assert done["release"].errors == {"timeout release": 4}
    assert only(events, LoadSummary).detail["users_left"] == 0
