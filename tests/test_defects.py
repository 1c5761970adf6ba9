"""Every check can fail: each of its defects makes it fail, and the faultless server passes all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.catalogue import catalogue
from stepwedge.cli.defects import without_check
from stepwedge.cli.proving import Server, prove, run
from stepwedge.cli.proving_access import SERVICES as ACCESS_SERVICES
from stepwedge.cli.proving_access import GuardedEdge
from stepwedge.cli.proving_edge import SERVICES as EDGE_SERVICES
from stepwedge.cli.proving_edge import EdgeServer
from stepwedge.events import CheckFinished
from stepwedge.fixtures import passage
from stepwedge.fixtures.defects import DEFECTS
from stepwedge.fixtures.receiver import Receiver
from stepwedge.verdicts import Verdict


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, tls=True, patience=5)
    yield server
    server.close()


class Listener:
    """Collects what the checks said."""

    def __init__(self) -> None:
        self.checks: list[CheckFinished] = []

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            self.checks.append(event)


def _passes_everything(server: Server | EdgeServer | GuardedEdge, services: set[str]) -> None:
    listener = Listener()
    code = run(server, listener, *(word for name in services for word in ("--service", name)))
    others = [
        f"{event.id} {event.verdict}: {event.expected} / {event.observed} {event.reason}"
        for event in listener.checks
        if event.verdict is not Verdict.PASS
    ]
    assert not others
    assert code == 0
    assert {event.id for event in listener.checks} == {
        entry.check.id for entry in catalogue() if entry.service in services
    }


def test_the_faultless_server_passes_everything(server: Server) -> None:
    """Without a defect every check of the suites passes, all of them over TLS."""
    others = {*EDGE_SERVICES, *ACCESS_SERVICES}
    _passes_everything(server, {entry.service for entry in catalogue()} - others)


def test_the_faultless_edge_passes_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a defect every check of an edge passes."""
    monkeypatch.setattr(passage, "STORES", 60)
    monkeypatch.setattr(passage, "CUT", 1.0)
    with contextlib.closing(EdgeServer(tmp_path, settle=20)) as edge:
        _passes_everything(edge, {*EDGE_SERVICES})


def test_the_faultless_guarded_edge_passes_everything(tmp_path: Path) -> None:
    """Without a defect every check of authentication, access and audit passes."""
    with contextlib.closing(GuardedEdge(tmp_path, within=20)) as edge:
        _passes_everything(edge, {*ACCESS_SERVICES})


def test_every_check_names_a_defect_that_exists() -> None:
    """A check without a defect is not finished, and a defect is in the catalogue."""
    entries = catalogue()
    assert [entry.check.id for entry in entries if not entry.check.defects] == []
    named = {defect for entry in entries for defect in entry.check.defects}
    assert named - DEFECTS.keys() == set()


def test_no_defect_goes_unseen() -> None:
    """A defect that no check looks for is a requirement that nobody checks."""
    assert without_check(catalogue()) == []


def test_every_defect_is_caught_by_its_checks(tmp_path: Path) -> None:
    """With its defect on, each check fails; no pair of check and defect goes untried."""
    proof = prove(tmp_path)
    assert not proof.missed, "\n".join(proof.missed)
    assert proof.score == 100


def test_the_receiver_is_free_again(server: Server) -> None:
    """A run leaves nothing behind: the receiver's port can be taken at once."""
    run(server, Listener(), "--check", "MOVE-001")
    with Receiver(host="127.0.0.1", port=server.receiver_port) as receiver:
        assert receiver.port == server.receiver_port
