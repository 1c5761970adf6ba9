"""The capacity search against a simulated server: bounded, and right about the knee."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stepwedge.loadtests.search import Search, Trial


def server(capacity: float, client: float = 1e9) -> object:
    """A server that holds its levels up to `capacity`; the harness ends at `client`."""

    def trial(scale: float) -> Trial:
        held = scale <= capacity
        return Trial(
            held=held,
            planned_rate=scale,
            achieved_rate=min(scale, capacity),
            missed=() if held else ("store.response.p99 < 1s",),
            server_limited=scale < client,
        )

    return trial


@settings(deadline=None, max_examples=40)
@given(st.floats(1.0, 300), st.floats(0.02, 0.3))
def test_finds_the_knee(capacity: float, precision: float) -> None:
    """The found scale held, and one that is higher by the precision did not."""
    search = Search(server(capacity), precision=precision, most=40)  # type: ignore[arg-type]
    found = search.run()
    assert found is not None
    assert found <= capacity < found * (1 + precision) * 1.001
    assert search.steps[-1].phase == "confirm"
    assert search.limit == "store.response.p99 < 1s"


@settings(deadline=None, max_examples=40)
@given(st.floats(0.1, 1e6), st.integers(4, 20))
def test_bounded(capacity: float, most: int) -> None:
    """The search never needs more trials than it may have, whatever the server does."""
    search = Search(server(capacity), most=most)  # type: ignore[arg-type]
    search.run()
    assert len(search.steps) <= most


def test_nothing_holds() -> None:
    """A server that misses its levels at the lowest load has no capacity; it got two chances."""
    search = Search(server(0.5))  # type: ignore[arg-type]
    assert search.run() is None
    assert len(search.steps) == 2
    assert "lowest load" in search.limit


def test_client_limited() -> None:
    """When the harness reaches its own limit first, that is what the search says."""
    search = Search(server(1000, client=8))  # type: ignore[arg-type]
    assert search.run() == 8
    assert "the harness" in search.limit


def test_confirmation_can_fail() -> None:
    """A scale that held by luck and fails its confirmation is not reported."""
    count = 0

    def trial(scale: float) -> Trial:
        nonlocal count
        count += 1
        # Lucky at first: after the bisection the server bears no more than 4.
        return Trial(scale <= (6 if count <= 7 else 4), scale, scale, missed=("late",))

    search = Search(trial, precision=0.1, most=20)
    found = search.run()
    assert found is not None
    assert 4 / 1.1 < found <= 4
    assert [step.held for step in search.steps if step.phase == "confirm"][-2:] == [False, True]
