"""What Locust, the clocks and the events cost: a load in its own process against the bare engine.

Both are one association under gevent against the same sink, which answers as fast as it can: the
load in the closed model, the bare engine in a loop.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.client import spent
from benchmarks.figure import ROUNDS, Figure
from stepwedge.events import LoadSecond
from stepwedge.loadtests import launch
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.loadtests.settings import Settings
from stepwedge.record import Record, read_events
from stepwedge.target import load_target

_SECONDS = 4
_WHOLE = range(1, _SECONDS - 1)  # seconds in which nothing began or ended
_ECHOES = 10_000
_STORES = 2_000
_SIZE = 512 * 1024
_CT = {"modality": "CT", "images": [400, 400], "rows": 512, "columns": 512}  # of 512 KiB each
_WORKS: dict[str, dict[str, Any]] = {
    "echo": {"role": "monitor", "schedule": {"rate": 1}},
    "store": {"role": "modality", "schedule": {"rate": 1}, "exams": [_CT]},
}


def figures() -> Iterator[Figure]:
    """Rates inside a load as a share of the bare engine's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with peers.sink(folder) as server:
            port = server.port
            bare = {
                "echo": lambda: spent(_ECHOES, "echo", port, _ECHOES, how="--gevent"),
                "store": lambda: spent(_STORES, "store", port, _STORES, _SIZE, how="--gevent"),
            }
            for work, users in _WORKS.items():
                pairs = [(_inside(folder, port, work, users), bare[work]()) for _ in range(ROUNDS)]
                share = statistics.median(inside / alone.rate for inside, alone in pairs)
                inside = statistics.median(inside for inside, _ in pairs)
                alone = statistics.median(alone.rate for _, alone in pairs)
                yield Figure(
                    f"inside Locust, one association, {work}: rate of the bare engine's",
                    share,
                    0.75,
                    "x",
                    False,
                    f"{inside:,.0f}/s; bare {alone:,.0f}/s",
                )


def _inside(folder: Path, port: int, operation: str, users: dict[str, Any]) -> float:
    """Operations a second in the middle of a load."""
    fields = {"host": "127.0.0.1", "port": port, "ae_title": "BENCH"}
    scenario = make_scenario(
        {"model": "closed", "seconds": _SECONDS, "drain": 1, "compare": 0, "users": [users]}
    )
    with Record.create(folder, "load") as record:
        run = record.folder
    # The sink has no archive: what the audit afterwards says of it does not matter here.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        launch.run(
            Settings(target=load_target(None, fields, {}), scenario=scenario, run_folder=run)
        )
    counts = {
        event.second: event.finished
        for event in read_events(run)
        if isinstance(event, LoadSecond) and event.operation == operation
    }
    return statistics.mean(counts[second] for second in _WHOLE)
