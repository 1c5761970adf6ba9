"""Load on an edge: users from outside who must show who they are, and what the edge adds."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import pytest
from run_loads import load, operations

from stepwedge.cli import overhead
from stepwedge.cli.main import run
from stepwedge.cli.proving_access import PEOPLE, GuardedEdge
from stepwedge.errors import Exit, UsageError
from stepwedge.events import Capacity, Overhead
from stepwedge.fixtures.radius.playing import authenticator_of
from stepwedge.loadtests.crew import Archive, Stored
from stepwedge.loadtests.scenarios import Requester, load_scenario, make_scenario
from stepwedge.loadtests.settings import Settings
from stepwedge.record import read_events
from stepwedge.target import Target, load_target

SHORT: dict[str, Any] = {
    "name": "short",
    "seconds": 2,
    "drain": 10,
    "users": [
        {
            "role": "router",
            "schedule": {"rate": 2},
            "exams": [{"modality": "CT", "images": [2, 2], "rows": 32, "columns": 32}],
        },
        {
            "role": "requester",
            "count": 2,
            "age": 0.3,
            "retrieve": "get",
            "schedule": {"rate": 2, "after": 1},
        },
    ],
}

QUICK = """
seconds = 8
levels = ["errors < 50%"]

[[users]]
role = "router"
lanes = 4
schedule = { rate = 3 }
exams = [{ modality = "CT", images = [4, 4], rows = 64, columns = 64 }]

[[users]]
role = "requester"
count = 2
age = 0.5
retrieve = "get"
schedule = { rate = 4, after = 1 }
"""


def edge_target(**fields: object) -> Target:
    pacs = {"ae_title": "PACS", "host": "192.0.2.8", "port": 104}
    given = {"host": "127.0.0.1", "port": 2104, "ae_title": "EDGE", "allow": ["load"]}
    return load_target(None, {**given, "edge": {"pacs": pacs}, **fields}, {})


def test_requesters_show_who_they_are(tmp_path: Path) -> None:
    """A requester's study is released to it, and its passcode gets it in, each time anew."""
    with contextlib.closing(GuardedEdge(tmp_path / "edge")) as edge:
        allowed = {"allow": frozenset({"load"})}
        target = load_target(edge.target, environment={}).model_copy(update=allowed)
        with authenticator_of(target) as authenticator:
            _, events = load(tmp_path, target, make_scenario(SHORT))
            asked = [one.username for one in authenticator.asked]
    done = operations(events)
    assert done["grant"].succeeded >= 1 and not done["grant"].failed
    assert done["find"].started == 2
    # How soon the edge's queue is at the PACS is another question.
    assert set(done["find"].errors) <= {"not found"}
    assert set(done["associate"].errors) == set()
    assert len(asked) >= done["find"].started and set(asked) == {PEOPLE["physician"][0]}


def test_a_user_that_is_not_named() -> None:
    """Requesters ask as somebody whom the target file names, or as nobody."""
    scenario = make_scenario(SHORT)
    with pytest.raises(UsageError, match="physician of \\[users\\]"):
        Settings(edge_target(), scenario).check()
    Settings(edge_target(), overhead.from_within(scenario)).check()


def test_young_studies_are_left_alone() -> None:
    """A reader gets a study only when it has been known for long enough."""
    archive = Archive(seed=1)
    archive.add([Stored("Router", 1, 2)])
    assert archive.borrow(0, age=1000) is None
    one = archive.borrow(0)
    assert one == Stored("Router", 1, 2)
    assert archive.borrow(0) is None
    archive.restore(one)
    assert archive.borrow(5, age=0.01) == one


def test_the_pacs_alone() -> None:
    """It is the PACS of [edge], asked by nobody from outside, and without a promise."""
    target = overhead.pacs_alone(edge_target(users={"physician": {"name": "a", "passcode": "b"}}))
    assert (target.host, target.port, target.ae_title) == ("192.0.2.8", (104,), "PACS")
    assert not target.users.all()
    alone = overhead.from_within(load_scenario("edge"))
    assert [one.user for one in alone.users if isinstance(one, Requester)] == [""]
    assert overhead.unpromised(alone).levels == ()


def test_an_edge_without_a_pacs() -> None:
    """Where the PACS is must be known."""
    with pytest.raises(UsageError, match="where the PACS behind the edge is"):
        overhead.pacs_alone(edge_target(edge={}))


def test_each_round_turns_the_order_around() -> None:
    """What drifts with time falls on both sides alike."""
    a, b = overhead.ALONE, overhead.THROUGH
    assert list(overhead.order(3)) == [a, b, b, a, a, b]


@pytest.mark.long
def test_what_the_edge_adds(tmp_path: Path) -> None:
    """One command measures both sides in turn, searches both capacities, and draws them."""
    with contextlib.closing(GuardedEdge(tmp_path / "edge")) as edge:
        pacs = edge.site.pacs
        text = edge.target.read_text(encoding="utf-8").replace(
            "claims = [", 'allow = ["load"]\nclaims = ['
        )
        file = tmp_path / "target.toml"
        file.write_text(
            f'{text}\n[edge]\npacs = {{ ae_title = "PACS", host = "127.0.0.1", '
            f"port = {pacs.port} }}\n",
            encoding="utf-8",
        )
        scenario = tmp_path / "quick.toml"
        scenario.write_text(QUICK, encoding="utf-8")
        words = ["overhead", str(scenario), "--target", str(file), "--rounds", "1"]
        words += ["--trials", "4", "--trial-seconds", "4", "--runs", str(tmp_path / "runs")]
        code = run(words)
    (folder,) = (tmp_path / "runs").iterdir()
    events = read_events(folder)
    (found,) = [one for one in events if isinstance(one, Overhead)]
    assert code in (Exit.HELD, Exit.SERVICE_LEVEL_MISSED)
    told = {one.operation for one in found.latencies}
    assert {"store", "find", "associate"} <= told
    assert all(math.isclose(one.ratio, one.through / one.alone) for one in found.latencies)
    assert len([one for one in events if isinstance(one, Capacity)]) == 2
    assert "What the edge adds" in (folder / "report.html").read_text(encoding="utf-8")
