"""Schedules: planned in advance, exactly as many as the rate says, split without gap or overlap."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepwedge.loadtests.schedules import (
    Plan,
    Segment,
    arrivals,
    constant,
    profile,
    ramp,
    spike,
    steps,
)

rates = st.floats(0, 20)
segments = st.builds(Segment, st.floats(0.01, 8), rates, rates)
plans = st.builds(Plan, st.lists(segments, min_size=1, max_size=5))


def dues(plan: Plan, **options: object) -> list[float]:
    return [arrival.due for arrival in arrivals(plan, **options)]  # type: ignore[arg-type]


def test_constant() -> None:
    """A constant rate is evenly spaced from the first moment on."""
    assert dues(constant(4, 1)) == [0, 0.25, 0.5, 0.75]


def test_ramp() -> None:
    """A ramp from 0 to 10 in 10 s has 50 arrivals, three quarters of them in the second half."""
    found = dues(ramp(0, 10, 10))
    assert len(found) == 50
    assert sum(due >= 5 for due in found) == 37


def test_steps_and_spike() -> None:
    """Steps and spikes have the planned number of arrivals in each stretch."""
    found = dues(steps([1, 5], 10))
    assert [sum(a <= due < b for due in found) for a, b in ((0, 5), (5, 10))] == [5, 25]
    found = dues(spike(1, 20, at=4, width=2, seconds=10))
    assert [sum(a <= due < b for due in found) for a, b in ((0, 4), (4, 6), (6, 10))] == [4, 40, 4]


def test_profile_keeps_the_rate() -> None:
    """A compressed day keeps the real rates: its highest hour has the peak, whatever its length."""
    plan = profile([1, 2, 4, 2], peak=8, seconds=4)
    assert [plan.rate(t) for t in (0.5, 1.5, 2.5, 3.5)] == [2, 4, 8, 4]
    assert plan.peak == 8


@settings(deadline=None, max_examples=60)
@given(plans)
def test_due_inverts_expected(plan: Plan) -> None:
    """The moment at which n arrivals are expected is the moment at which n are due."""
    for share in (0.0, 0.1, 0.5, 0.99):
        number = share * plan.arrivals
        due = plan.due(number)
        if due is not None:
            assert math.isclose(plan.expected(due), number, rel_tol=1e-6, abs_tol=1e-6)


@settings(deadline=None, max_examples=60)
@given(plans)
def test_in_order_and_inside(plan: Plan) -> None:
    """Arrivals never go back in time, never leave the plan, and are as many as the rate says."""
    found = dues(plan)
    assert found == sorted(found)
    assert all(0 <= due <= plan.duration for due in found)
    assert abs(len(found) - plan.arrivals) <= 1


@settings(deadline=None, max_examples=60)
@given(plans, st.integers(1, 7), st.none() | st.integers(0, 1000))
def test_split_without_gaps_or_overlaps(plan: Plan, slots: int, seed: int | None) -> None:
    """The parts of all workers together are the whole plan, each arrival once."""
    whole = list(arrivals(plan, poisson=seed))
    parts = [
        arrival
        for slot in range(slots)
        for arrival in arrivals(plan, poisson=seed, slots=slots, mine=[slot])
    ]
    assert sorted(parts, key=lambda arrival: arrival.number) == whole


def test_poisson() -> None:
    """Random arrivals follow the plan's rate, repeat with their seed, and differ without it."""
    plan = ramp(0, 100, 100)
    found = dues(plan, poisson=7)
    assert found == dues(plan, poisson=7) != dues(plan, poisson=8)
    assert abs(len(found) - 5000) < 4 * math.sqrt(5000)
    gaps = [b - a for a, b in pairwise(found) if a > 90]
    mean = sum(gaps) / len(gaps)
    # The standard deviation of exponential gaps equals their mean; of even ones it would be 0.
    assert 0.8 < math.sqrt(sum((g - mean) ** 2 for g in gaps) / len(gaps)) / mean < 1.2


def test_scaled_and_delayed() -> None:
    """A scaled plan has as many times more arrivals; a delayed one begins later."""
    assert len(dues(constant(2, 10).scaled(3))) == 60
    assert dues(constant(1, 3).after(5)) == [5, 6, 7]


@pytest.mark.parametrize(("seconds", "rate"), [(0, 1), (-1, 1), (math.inf, 1), (1, -1)])
def test_impossible_segments(seconds: float, rate: float) -> None:
    """A segment without length, or with a negative rate, is refused."""
    with pytest.raises(ValueError, match="not"):
        Segment(seconds, rate, rate)


def test_foreign_slots() -> None:
    """A slot that does not exist is refused: its arrivals would be nobody's."""
    with pytest.raises(ValueError, match="slots"):
        list(arrivals(constant(1, 1), slots=2, mine=[2]))
