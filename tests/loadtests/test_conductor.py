"""What the conductor says of the harness itself, and of stalls that are nobody's speed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwedge.events import LoadSummary
from stepwedge.loadtests.conductor import Conductor
from stepwedge.loadtests.crew import Report
from stepwedge.loadtests.recorder import Recorder
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.record import Record

SECONDS = 10


def run(
    folder: Path,
    *,
    echoes: int = 100,
    service: float = 0.001,
    cpu: float = 0.1,
    ceilings: tuple[dict[str, float], ...] = (),
    workers: tuple[str, ...] = ("one",),
) -> LoadSummary:
    """A load of so many echoes a second, each of which took `service` seconds."""
    fields: dict[str, Any] = {"role": "monitor", "schedule": {"rate": echoes}}
    scenario = make_scenario({"seconds": SECONDS, "users": [fields]})
    with Record.create(folder, "load") as record:
        conductor = Conductor(scenario=scenario, run="run", record=record)
        conductor.reaches(ceilings)
        conductor.start(workers, 0, {})
        for worker in workers:
            conductor.receive(worker, report(echoes // len(workers), service, cpu))
        return conductor.finish(None)


def report(echoes: int, service: float, cpu: float) -> Report:
    recorder = Recorder()
    samples = recorder.operation("echo")
    for second in range(SECONDS):
        for number in range(echoes):
            due = second + number / echoes * 0.9
            samples.begin(due)
            samples.end(due, due, due + service)
    batches, lags = recorder.take()
    return Report(
        through=SECONDS,
        batches=batches,
        lags=lags,
        stored=[],
        retrieved=[],
        notes=[],
        cpu=cpu,
        left=0,
        done=True,
    )


@pytest.mark.parametrize(
    ("cpu", "ceiling", "limited"),
    [
        (0.1, {"echo": 1000.0}, False),
        (0.1, {"echo": 130.0}, True),  # 77 % of what the harness can do
        (8.0, {"echo": 1000.0}, True),  # 80 % of a core
        (0.1, {}, False),
    ],
)
def test_client_limited(
    tmp_path: Path, cpu: float, ceiling: dict[str, float], limited: bool
) -> None:
    """Above 70 % of its processor or of its own ceiling, the harness may be what is measured."""
    summary = run(tmp_path, cpu=cpu, ceilings=(ceiling,))
    assert summary.client_limited is limited
    assert any("client-limited" in text for text in summary.notes) is limited


def test_ceilings_add_up(tmp_path: Path) -> None:
    """The ceiling of the harness is that of its workers together, and so is their load."""
    both = ({"echo": 100.0}, {"echo": 150.0})
    summary = run(tmp_path, ceilings=both, workers=("one", "two"))
    assert summary.ceiling == {"echo": 250}
    assert summary.ceiling_share == pytest.approx(100 / 250)


@pytest.mark.parametrize(("service", "named"), [(0.041, True), (0.012, False), (0.2, False)])
def test_delayed_acknowledgement(tmp_path: Path, service: float, named: bool) -> None:
    """A cluster at 40 ms is named for what it is; other slowness is not."""
    summary = run(tmp_path, service=service)
    assert any("TCP_NODELAY" in text for text in summary.notes) is named
