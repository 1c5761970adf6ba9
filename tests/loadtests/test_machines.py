"""A load over several machines: a master and workers that know one another by address alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from run_loads import only, operations, target

import stepwedge.loadtests
from stepwedge.events import Ledger, LoadSummary, StageStarted
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.servers.launch import free_port
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.loadtests.settings import HANDED_OVER, Settings
from stepwedge.record import Record, read_events

ORDINARY = Path(stepwedge.loadtests.__file__).parent / "locustfile.py"
AHEAD = Path(__file__).parents[1] / "support" / "fast_clock_worker.py"
MIX: dict[str, Any] = {
    "seconds": 2,
    "deadline": 2,
    "drain": 5,
    "levels": ["errors == 0", "dropped == 0", "lost == 0"],
    "users": [
        {
            "role": "modality",
            "count": 2,
            "schedule": {"rate": 4},
            "exams": [{"modality": "CT", "images": [2, 2], "rows": 32, "columns": 32}],
        },
        {"role": "workstation", "count": 2, "schedule": {"rate": 4, "after": 1}},
        {"role": "monitor", "count": 2, "schedule": {"rate": 10}},
    ],
}


def locust(file: Path, settings: Settings, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", str(file), "--loglevel", "WARNING", *words],
        env={**os.environ, HANDED_OVER: settings.handed_over()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_clock_that_is_ahead(tmp_path: Path) -> None:
    """Workers join by address; one's clock is 3 s ahead: told, and no time of the load shows it."""
    receiver, port = free_port(), str(free_port())
    pacs = ReferencePacs(tmp_path / "pacs", destinations={"STEPWEDGE": ("127.0.0.1", receiver)})
    pacs.start()
    with Record.create(tmp_path, "load") as record:
        run = record.folder
    settings = Settings(
        target=target(pacs.port, receiver={"port": receiver}),
        scenario=make_scenario(MIX),
        run_folder=run,
        ceiling={},
    )
    bind = ("--master-bind-host", "127.0.0.1", "--master-bind-port", port)
    join = ("--worker", "--master-host", "127.0.0.1", "--master-port", port)
    master = locust(
        ORDINARY, settings, "--master", "--headless", "--only-summary", "--expect-workers=2", *bind
    )
    workers = [locust(file, settings, *join) for file in (ORDINARY, AHEAD)]
    try:
        said, _ = master.communicate(timeout=60)
        for worker in workers:
            worker.wait(20)
    finally:
        for process in (master, *workers):
            process.kill()
            process.communicate()
        pacs.stop()
    assert master.returncode == 0, said
    events = read_events(run)
    started = next(e for e in events if isinstance(e, StageStarted) and e.stage == "load")
    offsets = sorted(started.detail["clock_offsets"].values())
    assert offsets == pytest.approx([0, 3], abs=0.2)
    done = operations(events)
    assert {n: done[n].started for n in ("exam", "find", "move", "last-image", "echo")} == {
        "exam": 8,
        "find": 4,
        "move": 4,
        "last-image": 4,
        "echo": 20,
    }
    assert all(one.failed == 0 and one.service.max < 2 for one in done.values())
    ledger = only(events, Ledger)
    assert (ledger.acknowledged, ledger.missing, ledger.duplicated) == (16, 0, 0)
    assert only(events, LoadSummary).detail["workers"] == 2
