"""The weather between an edge and its PACS: the gate passes on, and does what it is told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwedge.errors import UsageError
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.gate import Gate, Weather, digest_of
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import status_of
from stepwedge.synthetic import conformance_corpus
from stepwedge.target import Target
from stepwedge.verdicts import Deviation

OUT_OF_RESOURCES = 0xA700
# For what must come, on a busy machine.
PATIENCE = 10.0


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[ReferencePacs]:
    with ReferencePacs(tmp_path / "pacs") as pacs:
        yield pacs


@pytest.fixture
def gate(pacs: ReferencePacs) -> Iterator[Gate]:
    with Gate((pacs.host, pacs.port)) as gate:
        yield gate


@pytest.fixture
def crossing(gate: Gate, pacs: ReferencePacs) -> Iterator[Crossing]:
    """Stores through the gate, as an edge does, and looks at the PACS itself."""
    target = Target.model_validate(
        {
            "host": gate.host,
            "port": gate.port,
            "ae_title": pacs.ae_title,
            "timeouts": {"negotiate": 5, "response": 5},
            "edge": {
                "pacs": {"ae_title": "PACS", "host": pacs.host, "port": pacs.port},
                "settle": 10,
            },
        }
    )

    def none() -> Receiver:
        raise AssertionError("nothing is to be received")

    peer = Peer(target, Recorder())
    yield Crossing(Deposits(peer, conformance_corpus(1, "GATE"), none))
    peer.sweep()


def test_everything_is_passed_on_and_known(crossing: Crossing, gate: Gate) -> None:
    """What the PACS acknowledged is known instance by instance, with its data's digest."""
    first, second = crossing.cargo("CT"), crossing.cargo("MR")
    crossing.keep(first.deposits)
    mark = gate.mark()
    crossing.keep(second.deposits)
    assert gate.wait_for(second.uids, mark, PATIENCE) == set()
    seen = gate.acknowledged(mark)
    assert {one.uid: one.digest for one in seen} == {
        one.uid: digest_of(one.data).digest() for one in second.deposits
    }
    assert all(one.status == 0 and one.sent <= (one.acknowledged or 0) for one in seen)
    assert gate.wait_for(first.uids, mark, 0) == first.uids
    assert crossing.missing(first) == set()


def test_shut_it_takes_nobody(crossing: Crossing, gate: Gate) -> None:
    """Connections are reset, counted, and taken again afterwards."""
    began = time.time()
    with gate.being(Weather(shut=True)):
        assert all(_is_cut(gate) for _ in range(2))
        assert crossing.pacs.attempt([VERIFICATION]).kind == "accepted"
    assert gate.attempts(began) == 2
    assert crossing.edge.attempt([VERIFICATION]).kind == "accepted"


def _is_cut(gate: Gate) -> bool:
    """Whether a connection ends without a word."""
    try:
        with socket.create_connection((gate.host, gate.port), PATIENCE) as connection:
            return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_rejecting_it_rejects_transiently(crossing: Crossing, gate: Gate) -> None:
    """Association requests are answered in place of the PACS."""
    with gate.being(Weather(rejecting=True)):
        answer = crossing.edge.attempt([VERIFICATION])
    assert (answer.kind, answer.result) == ("rejected", 2)


def test_a_status_in_place_of_another(crossing: Crossing, gate: Gate) -> None:
    """Some stores are answered otherwise than the PACS did, and count as not acknowledged."""
    cargo, mark = crossing.cargo("CT", instances=3), gate.mark()
    bad = cargo.deposits[1].uid
    with gate.being(Weather(status=OUT_OF_RESOURCES, status_of=frozenset({bad}))):
        statuses = [status_of(one.final) for one in crossing.send(cargo.deposits)]
    assert statuses == [0, OUT_OF_RESOURCES, 0]
    assert gate.wait_for(cargo.uids, mark, 0) == {bad}


def test_broken_in_the_middle_of_a_data_set_once(crossing: Crossing, gate: Gate) -> None:
    """The PACS gets half an instance, and the next connection is left alone."""
    cargo, mark = crossing.cargo("CT", instances=1), gate.mark()
    gate.become(Weather(break_data=True))
    with pytest.raises(Deviation):
        crossing.send(cargo.deposits)
    assert gate.acknowledged(mark) == []
    assert not gate.weather.break_data
    crossing.keep(cargo.deposits)
    assert gate.wait_for(cargo.uids, mark, PATIENCE) == set()


def test_broken_before_an_answer(crossing: Crossing, gate: Gate) -> None:
    """The PACS has the instance, and nobody was told."""
    cargo, mark = crossing.cargo("CT", instances=1), gate.mark()
    gate.become(Weather(break_answer=True))
    with pytest.raises(Deviation):
        crossing.send(cargo.deposits)
    assert [one.status for one in gate.since(mark)] == [None]
    assert crossing.missing(cargo) == set()


def test_a_slow_pacs(crossing: Crossing, gate: Gate) -> None:
    """Answers to C-STORE come later by the delay."""
    cargo = crossing.cargo("CT", instances=1)
    with gate.being(Weather(delay=0.2)):
        (operation,) = crossing.send(cargo.deposits)
    assert operation.duration >= 0.2


def test_silence_ends_with_what_was_waiting(crossing: Crossing, gate: Gate) -> None:
    """Nothing is passed on meanwhile; what is connected is cut before."""
    with crossing.storing(crossing.cargo("CT").deposits) as association:
        gate.become(Weather(silent=True))
        with pytest.raises(Deviation):
            association.echo()
    quick = Target.model_validate(
        {**crossing.target.model_dump(), "timeouts": {"negotiate": 0.2}, "port": [gate.port]}
    )
    impatient = Peer(quick, Recorder())
    assert impatient.attempt([VERIFICATION]).kind == "silent"
    gate.become(Weather())
    assert crossing.edge.attempt([VERIFICATION]).kind == "accepted"


def test_a_port_that_is_taken_is_named(pacs: ReferencePacs) -> None:
    """It is a mistake of the target file, and says which key mends it."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}") as problem:
            Gate((pacs.host, pacs.port), port=port).start()
    assert "edge.gate_port" in problem.value.mend
