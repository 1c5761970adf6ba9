"""The suites against real servers: every verdict as their baselines say, in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.check import suites_arguments
from stepwedge.events import BaselineCompared, CheckFinished
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.servers import SERVERS, baseline_of


class Listener:
    """Collects what a run says."""

    def __init__(self) -> None:
        self.checks: list[CheckFinished] = []
        self.compared: BaselineCompared | None = None

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            self.checks.append(event)
        elif isinstance(event, BaselineCompared):
            self.compared = event


@pytest.mark.parametrize("name", ["reference", "orthanc", "dcmqrscp"])
def test_the_suites_find_what_is_known_and_nothing_else(name: str, tmp_path: Path) -> None:
    """A new deviation fails here, and so does one that is gone but still in the baseline."""
    with Receiver() as receiver:
        port = receiver.port
    server = SERVERS[name](tmp_path / "server", destinations={"STEPWEDGE": ("127.0.0.1", port)})
    listener = Listener()
    with server:
        target = tmp_path / "target.toml"
        target.write_text(
            f'name = "{name}"\nhost = "{server.host}"\nport = {server.port}\n'
            f'ae_title = "{server.ae_title}"\n'
            f"[timeouts]\nresponse = 10\n[receiver]\nport = {port}\n",
            encoding="utf-8",
        )
        code = pytest.main(
            [
                *suites_arguments(),
                *("-p", "no:terminal"),
                *("--target", str(target), "--runs", str(tmp_path / "runs")),
                *("--baseline", str(baseline_of(name))),
            ],
            [listener],
        )
    assert listener.compared is not None
    assert listener.compared.problems == []
    errors = [f"{e.key}: {e.reason}" for e in listener.checks if e.verdict == "error"]
    assert errors == []
    assert code == 0
    (report,) = (tmp_path / "runs").glob("*/report.html")
    failed = any(e.verdict == "fail" for e in listener.checks)
    headline = "Not conformant, as known" if failed else "Held"
    assert f"<strong>{headline}</strong>" in report.read_text(encoding="utf-8")
