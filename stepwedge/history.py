"""Earlier runs against the same target: what deviated last time, and since when something does.

Runs of one target lie side by side in a folder, `runs/<time>-<target>/`; which target it was is
told by the opening event and not by the name.  A record that cannot be read is passed over: history
is a help, and a damaged run must not keep a new one from being drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from stepwedge.errors import UsageError
from stepwedge.events import CheckFinished, RunStarted
from stepwedge.record import EVENTS, RecordError, read_events, read_line
from stepwedge.verdicts import Verdict

# What makes two targets the same.
_IDENTITY: Final = ("name", "host", "port", "ae_title")
# How many runs are looked back on.
_DEPTH: Final = 20
UNSETTLED: Final = (Verdict.FAIL, Verdict.WARN, Verdict.BLOCKED, Verdict.ERROR)


def earlier(runs: Path, target: Mapping[str, object], before: float) -> Iterator[Path]:
    """The runs in a folder against a target that began before a time, the latest first."""
    found = []
    for path in runs.glob(f"*/{EVENTS}"):
        started = _opening(path)
        if started and started.at < before and _same(started.target, target):
            found.append((started.at, path.parent))
    for _, folder in islice(sorted(found, reverse=True), _DEPTH):
        yield folder


def verdicts(folder: Path) -> dict[str, Verdict]:
    """Node id → verdict of each check case of a run; empty when the record cannot be read."""
    try:
        events = read_events(folder)
    except RecordError:
        return {}
    return {event.node: event.verdict for event in events if isinstance(event, CheckFinished)}


def unsettled(
    runs: Path, target: Mapping[str, object], before: float, apart: Path | None = None
) -> frozenset[str]:
    """Node ids of what did not pass in the last run that looked at anything.

    `apart` is the run that is about to look.  Raises UsageError when there is no earlier one.
    """
    for folder in earlier(runs, target, before):
        last = verdicts(folder)
        if last and folder != apart:
            return frozenset(node for node, verdict in last.items() if verdict in UNSETTLED)
    raise UsageError(
        f"no earlier run against {target.get('name')} is in {runs}",
        "run all checks once, or name the folder of its runs with --runs",
    )


def since(folder: Path, started: RunStarted, nodes: Mapping[str, Verdict]) -> dict[str, str]:
    """Node id → since when it ends as it does now, in words, from the runs beside this one.

    What no earlier run looked at is left out.
    """
    told: dict[str, str] = {}
    open_ones = dict(nodes)
    oldest: dict[str, str] = {}
    for run in earlier(folder.parent, started.target, started.at):
        last = verdicts(run)
        for node, verdict in list(open_ones.items()):
            if node not in last:
                continue
            if last[node] is verdict:
                oldest[node] = run.name
            else:
                told[node] = _changed(oldest.get(node), last[node], run.name)
                del open_ones[node]
    for node, name in oldest.items():
        told.setdefault(node, f"run {name} at least")
    return told


def _changed(oldest: str | None, before: Verdict, run: str) -> str:
    now = f"run {oldest}" if oldest else "this run"
    return f"{now}; {before} in {run}"


def _opening(path: Path) -> RunStarted | None:
    try:
        with path.open("rb") as file:
            event = read_line(file.readline().rstrip(b"\n"))
    except (OSError, RecordError):
        return None
    return event if isinstance(event, RunStarted) else None


def _same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    return all(one.get(field) == other.get(field) for field in _IDENTITY)
