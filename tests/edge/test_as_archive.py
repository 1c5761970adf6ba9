"""To a requester the edge is an archive: it passes what an ordinary archive passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.check import suites_arguments
from stepwedge.events import CheckFinished
from stepwedge.fixtures.edge.site import Site
from stepwedge.fixtures.servers.launch import free_port
from stepwedge.verdicts import Verdict


class Deviations:
    """A pytest plugin: collects what did not pass."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished) and event.verdict is not Verdict.PASS:
            self.found.append(f"{event.id} {event.verdict}: {event.observed} {event.reason}")


def test_retrieval_and_echo_are_those_of_an_archive(tmp_path: Path) -> None:
    """Without an index of its own the edge passes every check of C-MOVE, C-GET and C-ECHO."""
    receiver = free_port()
    with Site(tmp_path, destinations={"STEPWEDGE": ("127.0.0.1", receiver)}) as site:
        target = tmp_path / "target.toml"
        target.write_text(
            f'host = "127.0.0.1"\nport = {site.edge.ports[0]}\nae_title = "EDGE"\n'
            'claims = ["verification", "storage", "find", "move", "get"]\n'
            f"[receiver]\nport = {receiver}\n",
            encoding="utf-8",
        )
        listener = Deviations()
        services = [
            word for name in ("verification", "move", "get") for word in ("--service", name)
        ]
        code = pytest.main(
            [
                *suites_arguments(),
                *("-p", "no:terminal", "--target", str(target)),
                *("--runs", str(tmp_path / "runs"), *services),
            ],
            [listener],
        )
        assert [line for line in listener.found if "not claimed" not in line] == []
        assert code == 0
        assert site.edge.outbox.counts().undeliverable == 0
