"""Scenarios: read whole, all mistakes at once, and possible before anything starts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stepwedge.errors import UsageError
from stepwedge.loadtests.crew import planned_counts
from stepwedge.loadtests.department import load_department
from stepwedge.loadtests.scenarios import BUILT_IN, Modality, load_scenario, make_scenario
from stepwedge.loadtests.settings import resolve_scenario, shares

MONITOR: dict[str, Any] = {"role": "monitor", "schedule": {"rate": 1}}


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in(name: str) -> None:
    """Every built-in scenario is valid, says what it is about, and plans something."""
    scenario = load_scenario(name)
    assert scenario.about
    assert scenario.levels
    assert all(scenario.plan(one).arrivals > 0.5 for one in scenario.users)


def test_all_mistakes_at_once() -> None:
    """A file with five mistakes is told of five mistakes, each with its key."""
    with pytest.raises(UsageError) as caught:
        make_scenario(
            {
                "secnds": 3,
                "levels": ["store.response.p99 < 250", "dropped = 0"],
                "users": [
                    {"role": "modality", "schedule": {"rate": 0}},
                    {"role": "monitr", "schedule": {"rate": 1}},
                    {"role": "monitor", "schedule": {"shape": "spike", "rate": 1}},
                ],
            }
        )
    text = str(caught.value)
    for told in (
        "secnds: no such key; did you mean 'seconds'?",
        "levels: the service level 'store.response.p99 < 250'",
        "levels: the service level 'dropped = 0'",
        "users.0.modality.schedule.rate: Input should be greater than 0 (read 0)",
        "users.1.role: no such role: 'monitr'",
        "users.2.monitor.schedule: shape 'spike' needs at, peak, width",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"users": []}, "users"),
        ({"users": [{"role": "monitor", "schedule": {}}]}, "needs one of rate and exams_per_year"),
        (
            {"users": [{"role": "monitor", "schedule": {"rate": 1, "peak": 2}}]},
            "shape 'constant' has no peak",
        ),
        (
            {"seconds": 5, "users": [{"role": "monitor", "schedule": {"rate": 1, "after": 9}}]},
            "after 9 s nothing is left of a run of 5 s",
        ),
        (
            {
                "seconds": 5,
                "users": [
                    {
                        "role": "monitor",
                        "schedule": {"shape": "spike", "rate": 1, "peak": 9, "at": 7, "width": 1},
                    }
                ],
            },
            "behind the end",
        ),
        (
            {"users": [{"role": "workstation", "schedule": {"rate": 1}, "keys": ["study-uid"]}]},
            "needs a modality",
        ),
        ({"users": [MONITOR], "levels": ["store.errors == 0"]}, "'store' is not known"),
        ({"users": [MONITOR | {"name": "A"}, MONITOR | {"name": "A"}]}, "two tables are called"),
        (
            {
                "users": [
                    {
                        "role": "modality",
                        "schedule": {"rate": 1},
                        "exams": [{"modality": "CT", "images": [9, 3]}],
                    }
                ]
            },
            "the fewest come first",
        ),
        (
            {"users": [{"role": "monitor", "schedule": {"rate": "5/fortnight"}}]},
            'expected a number per second, or "40/min"',
        ),
    ],
)
def test_impossible(fields: dict[str, Any], told: str) -> None:
    """What cannot work is refused with a sentence before the target is touched."""
    with pytest.raises(UsageError) as caught:
        make_scenario(fields)
    assert told in str(caught.value)


def test_files(tmp_path: Path) -> None:
    """A file is read by its path; a missing one, a broken one and an unknown name say so."""
    path = tmp_path / "mine.toml"
    path.write_text('[[users]]\nrole = "monitor"\nschedule = { rate = "30/min" }\n')
    scenario = load_scenario(str(path))
    assert scenario.name == "mine"
    assert scenario.plan(scenario.users[0]).peak == 0.5
    path.write_text("users = [")
    for name, told in (
        (str(path), "is not TOML"),
        (str(tmp_path / "none.toml"), "cannot be read"),
        ("radiology-night", "there is no scenario 'radiology-night'"),
    ):
        with pytest.raises(UsageError) as caught:
            load_scenario(name)
        assert told in str(caught.value)


def test_exams_are_the_same_everywhere() -> None:
    """What arrival 17 sends is the same in every process, and within its kind's bounds."""
    one, other = load_scenario("first"), load_scenario("first")
    spec = one.users[0]
    assert isinstance(spec, Modality)
    assert spec.exams is not None
    for number in range(50):
        exam = one.exam(spec, number)
        assert exam == other.exam(spec, number)
        assert exam.kind in spec.exams
        assert exam.kind.images[0] <= exam.images <= exam.kind.images[1]


def test_planned_counts() -> None:
    """The plan by second adds up to the arrivals, and stores to the images of the exams."""
    scenario = load_scenario("first")
    counts = planned_counts(scenario)
    spec = scenario.users[0]
    assert isinstance(spec, Modality)
    exams = sum(counts["exam"].values())
    assert exams == 23
    assert sum(counts["store"].values()) == sum(
        scenario.exam(spec, number).images for number in range(exams)
    )
    assert set(Counter(counts["echo"]).values()) == {5}
    assert min(counts["find"]) == 3


def test_department_inverts() -> None:
    """Exams a year become a rate at the peak hour, and back."""
    department = load_department()
    rate = department.peak_rate(500_000)
    assert 0.03 < rate < 0.08
    assert department.exams_per_year(rate) == pytest.approx(500_000)


def test_options() -> None:
    """Options change the scenario: length, size of the department, users in proportion."""
    scenario = resolve_scenario(
        "radiology-day", seconds=60, exams_per_year=400_000, users=38, levels=["lost == 0"]
    )
    assert scenario.seconds == 60
    assert scenario.user_count == 38
    assert scenario.users[0].schedule.exams_per_year == 400_000
    assert scenario.levels == ("lost == 0",)
    with pytest.raises(UsageError, match="not given in exams a year"):
        resolve_scenario("echo-storm", exams_per_year=1000)
    with pytest.raises(UsageError, match="too few"):
        resolve_scenario("first", users=2)


def test_shares() -> None:
    """Users are shared out in proportion, at least one each, and none is lost."""
    assert shares([12, 6, 1], 38) == [23, 12, 3]
    for whole in range(3, 60):
        counts = shares([12, 6, 1], whole)
        assert sum(counts) == whole
        assert min(counts) >= 1
