"""A verdict is no matter of luck: runs against one server end alike, serial and in two processes.

Long: `pytest tests/test_same_verdicts.py --long`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwedge.baseline import load_baseline
from stepwedge.cli.proving import Server, free_port
from stepwedge.events import CheckFinished
from stepwedge.fixtures.servers import SERVERS, baseline_of
from stepwedge.record import read_events

pytestmark = pytest.mark.long

# How often, serial and in two processes each.
TIMES = {"reference": 10, "orthanc": 3, "dcmqrscp": 3}


@pytest.fixture
def target(name: str, tmp_path: Path) -> Iterator[Path]:
    """The target file of a server that runs."""
    if name == "reference":
        server = Server(tmp_path, patience=6)
        yield server.target
        server.pacs.stop()
        return
    port = free_port()
    with SERVERS[name](
        tmp_path / "server", destinations={"STEPWEDGE": ("127.0.0.1", port)}
    ) as launched:
        file = tmp_path / "target.toml"
        file.write_text(
            f'name = "{name}"\nhost = "{launched.host}"\nport = {launched.port}\n'
            f'ae_title = "{launched.ae_title}"\n[timeouts]\nresponse = 10\n'
            f"[receiver]\nport = {port}\n",
            encoding="utf-8",
        )
        yield file


def verdicts(target: Path, runs: Path, *options: str) -> dict[str, tuple[str, str]]:
    """Node id → check id and verdict of one run."""
    command = [sys.executable, "-m", "stepwedge", "check", "--target", str(target)]
    done = subprocess.run(
        [*command, "--runs", str(runs), *options], capture_output=True, text=True, check=False
    )
    (folder,) = runs.iterdir()
    assert done.returncode in (0, 1), done.stderr
    return {
        event.node: (event.id, str(event.verdict))
        for event in read_events(folder)
        if isinstance(event, CheckFinished)
    }


@pytest.mark.parametrize("name", TIMES)
def test_runs_end_alike(name: str, target: Path, tmp_path: Path) -> None:
    """The same checks have the same verdicts, every time; but for races that the server has."""
    known = load_baseline(baseline_of(name)).deviation
    races = {entry.check for entry in known if entry.intermittent}
    first: dict[str, tuple[str, str]] = {}
    for number in range(TIMES[name]):
        for kind, options in (("serial", ()), ("two", ("-n", "2"))):
            found = verdicts(target, tmp_path / f"{kind}-{number}", *options)
            first = first or found
            assert found.keys() == first.keys()
            changed = [
                f"{kind} {number}: {node} {verdict}, at first {first[node][1]}"
                for node, (id, verdict) in found.items()
                if verdict != first[node][1] and id not in races
            ]
            assert changed == []
