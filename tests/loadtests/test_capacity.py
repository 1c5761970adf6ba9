"""Capacity on a record: what a trial says, and what a rate means in exams a year."""

from __future__ import annotations

import pytest

from stepwedge.events import AnyEvent, LoadOperation, LoadSummary, ServiceLevel
from stepwedge.loadtests.capacity import in_exams_a_year, judged, scaled_scenario
from stepwedge.loadtests.department import load_department, mean_images
from stepwedge.loadtests.scenarios import load_scenario


def summary(done: int, held: bool = True, limited: bool = False) -> list[AnyEvent]:
    return [
        LoadSummary(
            at=0,
            scenario="s",
            model="open",
            duration=10,
            users=1,
            operations=[LoadOperation("exam", started=done, finished=done, failed=0, bytes=0)],
            client_limited=limited,
            service_levels=[ServiceLevel(text="errors == 0", held=held)],
        )
    ]


def test_a_trial_is_steady() -> None:
    """A trial runs every role at its peak rate times the scale, with as many more users."""
    scenario = load_scenario("store-flood")
    scaled = scaled_scenario(scenario, 3, 10)
    assert scaled.plan(scaled.users[0]).peak == 15
    assert scaled.plan(scaled.users[0]).arrivals == pytest.approx(150)
    assert scaled.users[0].count == 3 * scenario.users[0].count


@pytest.mark.parametrize(
    ("done", "held", "limited", "expected"),
    [
        (50, True, False, (True, True)),
        (50, False, False, (False, True)),
        (40, True, False, (False, True)),  # a fifth of the plan was not carried in its time
        (50, True, True, (True, False)),
    ],
)
def test_judged(done: int, held: bool, limited: bool, expected: tuple[bool, bool]) -> None:
    """A trial holds when its levels do and the load kept up; a busy harness is said to be one."""
    scenario = scaled_scenario(load_scenario("store-flood"), 1, 10)
    trial = judged(scenario, summary(done, held, limited), "exam")
    assert trial.planned_rate == pytest.approx(5)
    assert (trial.held, trial.server_limited) == expected


def test_what_failed_most_often_is_told() -> None:
    """The errors of a trial that did not hold are told by the most frequent one."""
    (told,) = summary(50, held=False)
    assert isinstance(told, LoadSummary)
    for name, errors in (("associate", {"rejected 2/3/2": 37}), ("find", {"timeout response": 2})):
        told.operations.append(
            LoadOperation(name, started=50, finished=50, failed=9, bytes=0, errors=errors)
        )
    trial = judged(scaled_scenario(load_scenario("store-flood"), 1, 10), [told], "exam")
    assert trial.missed == (
        "errors == 0",
        "associate failed 37 times: the association was rejected (rejected 2/3/2)",
    )


def test_no_summary() -> None:
    """A trial whose target could not be loaded did not hold."""
    assert not judged(load_scenario("store-flood"), [], "exam").held


def test_exams_a_year() -> None:
    """An exam of the department's own mix counts as one, a smaller one as its share of images."""
    department = load_department()
    rate = department.peak_rate(1_000_000)
    day, flood = load_scenario("radiology-day"), load_scenario("store-flood")
    assert in_exams_a_year(day, rate) == pytest.approx(1_000_000)
    assert in_exams_a_year(flood, rate) == pytest.approx(
        1_000_000 * 20 / mean_images(department.exams)
    )
    assert in_exams_a_year(load_scenario("echo-storm"), 5) is None
