"""Running a load for a test: a target without a file, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepwedge.events import AnyEvent, LoadOperation, LoadSummary
from stepwedge.loadtests import launch
from stepwedge.loadtests.scenarios import Scenario
from stepwedge.loadtests.settings import Settings
from stepwedge.record import Record, read_events
from stepwedge.target import Target, load_target


def target(port: int, **fields: object) -> Target:
    """A target on this machine."""
    return load_target(
        None, {"host": "127.0.0.1", "port": port, "ae_title": "REFERENCE", **fields}, {}
    )


def load(
    folder: Path,
    at: Target,
    scenario: Scenario,
    processes: int = 1,
    ceiling: Mapping[str, float] | None = {},
) -> tuple[int, list[AnyEvent]]:
    """Runs a load in a process of its own: its exit code, and the events of its record."""
    with Record.create(folder, "load") as record:
        run = record.folder
    known = None if ceiling is None else dict(ceiling)
    settings = Settings(target=at, scenario=scenario, run_folder=run, ceiling=known)
    code = launch.run(settings, processes=processes)
    return code, read_events(run)


def only(events: list[AnyEvent], kind: type[Any]) -> Any:
    """The one event of a kind."""
    (one,) = [event for event in events if isinstance(event, kind)]
    return one


def operations(events: list[AnyEvent]) -> dict[str, LoadOperation]:
    """What each operation of the load came to."""
    summary: LoadSummary = only(events, LoadSummary)
    return {one.name: one for one in summary.operations}
