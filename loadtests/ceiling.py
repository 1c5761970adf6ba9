"""The harness's own ceiling: what the users of a scenario reach against a null SCP, here and now.

Each worker asks this of itself at the same moment, before the run, with the same clocks and
templates that the run will have; the sum over the workers is the ceiling of the harness.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests.crew import Crew
from stepwedge.loadtests.department import Examination
from stepwedge.loadtests.links import Dial
from stepwedge.loadtests.null_scp import AE_TITLE, NullProcess
from stepwedge.loadtests.roles import ModalityStation, MonitorStation, Station, WorklistStation
from stepwedge.loadtests.scenarios import Modality, Router, Scenario, make_scenario
from stepwedge.loadtests.supply import Supply, kinds_of, syntaxes
from stepwedge.loadtests.wired import WireDial
from stepwedge.target import load_target
from stepwedge.wire.transport import QuickAck

# How long each operation is tried, in seconds: rates repeat to about a tenth.
_SECONDS = 0.3
_USERS = 4
_IMAGES = 4  # of each exam that is tried


def measure(scenario: Scenario, supply: Supply, quickack: QuickAck) -> dict[str, float]:
    """Operations a second that this process reaches, for each kind that the scenario has.

    A retrieval has no ceiling here: it is the target that sends.
    """
    kinds = kinds_of(scenario)
    found: dict[str, float] = {}
    with NullProcess() as null:
        target = load_target(
            None, {"host": "127.0.0.1", "port": null.port, "ae_title": AE_TITLE}, {}
        )
        dial = WireDial(target, syntaxes(kinds), quickack)
        for operation, (station, users) in _trials(scenario).items():
            found[operation] = _rate(operation, station, users, dial, supply)
    if "worklist" in found and "find" in scenario.operations:
        found["find"] = found["worklist"]
    return {name: rate for name, rate in found.items() if name in scenario.operations and rate}


def _trials(scenario: Scenario) -> dict[str, tuple[type[Station], dict[str, Any]]]:
    """Which station does what to find each operation's ceiling."""
    trials: dict[str, tuple[type[Station], dict[str, Any]]] = {
        "associate": (MonitorStation, {"role": "monitor", "association": "each"})
    }
    if "echo" in scenario.operations:
        trials["echo"] = MonitorStation, {"role": "monitor"}
    if {"find", "worklist"} & set(scenario.operations):
        trials["worklist"] = WorklistStation, {"role": "worklist", "association": "kept"}
    if scenario.sends:
        exams = [_short(kind) for kind in _by_images(scenario)]
        trials["store"] = (
            ModalityStation,
            {"role": "modality", "association": "kept", "exams": exams},
        )
    return trials


def _by_images(scenario: Scenario) -> Iterable[Examination]:
    """The kinds of exam of the scenario, with shares of images and not of exams."""
    for one in scenario.users:
        if isinstance(one, Modality | Router):
            for kind in one.exams or scenario.load_department().exams:
                yield kind.model_copy(update={"share": kind.share * sum(kind.images)})


def _short(kind: Examination) -> dict[str, Any]:
    return {**kind.model_dump(), "images": (_IMAGES, _IMAGES)}


def _rate(
    operation: str, station: type[Station], table: dict[str, Any], dial: Dial, supply: Supply
) -> float:
    scenario = make_scenario(
        {
            "model": "closed",
            "seconds": _SECONDS,
            "users": [{**table, "count": _USERS, "name": "Own", "schedule": {"rate": 1}}],
        }
    )
    crew = Crew(
        scenario=scenario,
        run="ceiling",
        zero=time.time_ns(),
        slots={"Own": (_USERS, range(_USERS))},
    )

    def work() -> None:
        one = station(crew, "Own", dial, supply)
        one.warm_up()
        while one.turn():
            pass
        one.leave()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(_USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples = crew.recorder.operation(operation)
    if any(samples.kind):
        raise StepwedgeError(f"the harness could not reach its own null SCP for {operation}")
    if not samples.finished:
        return 0.0
    return len(samples.finished) / max(samples.finished)
