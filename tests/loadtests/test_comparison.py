"""Comparisons: a difference is shown only where the interval excludes chance."""

from __future__ import annotations

import numpy as np
import pytest

from stepwedge.errors import UsageError
from stepwedge.events import AnyEvent, LoadSecond, LoadSummary
from stepwedge.loadtests.comparison import Ratio, compare, parse_gate
from stepwedge.loadtests.histograms import Distribution
from stepwedge.loadtests.recorder import Recorder
from stepwedge.loadtests.tally import Tally


def run(seed: int, slower: float = 1.0, seconds: int = 40, failing: int = 0) -> list[AnyEvent]:
    """A run of 100 stores a second with log-normal latencies."""
    dice = np.random.default_rng(seed)
    recorder = Recorder()
    op = recorder.operation("store")
    for second in range(seconds):
        for n, latency in enumerate(dice.lognormal(-4, 0.5, 100) * slower):
            started = second + n / 200
            op.begin(started)
            op.end(started, started, started + latency, 10, "status A700" if n < failing else "")
    tally = Tally()
    tally.add(*recorder.take())
    events: list[AnyEvent] = list(tally.rest(0.0))
    events.append(
        LoadSummary(
            at=0,
            scenario="s",
            model="open",
            duration=seconds,
            users=1,
            operations=tally.operations(),
        )
    )
    return events


def by_measure(ratios: list[Ratio]) -> dict[str, Ratio]:
    return {one.measure: one for one in ratios}


def test_no_difference() -> None:
    """Two runs of the same server show no difference, and the words say so."""
    found = by_measure(compare(run(1), run(2)))
    for measure in ("response.p50", "response.p95", "response.p99", "rate"):
        assert found[measure].words == "no difference shown"
        assert found[measure].low <= 1 <= found[measure].high


def test_a_difference() -> None:
    """A server that became 30 % slower shows it, and the interval holds the truth."""
    found = by_measure(compare(run(1), run(2, slower=1.3)))["response.p95"]
    assert found.shown
    assert found.low < 1.3 < found.high
    assert found.words.endswith("more")


def test_gate_needs_more_than_chance() -> None:
    """A gate fails only when the whole interval lies beyond its limit."""
    ratios = compare(run(1), run(2, slower=1.3))
    assert parse_gate("store.response.p95 > +10%").fails(ratios)
    assert not parse_gate("store.response.p95 > +29%").fails(ratios)
    assert not parse_gate("store.response.p95 > +60%").fails(ratios)
    assert not parse_gate("store.response.p95 > +0%").fails(compare(run(1), run(2)))


def test_errors_compared() -> None:
    """A higher error share is a ratio like any other."""
    ratios = compare(run(1, failing=2), run(2, failing=8))
    found = by_measure(ratios)["errors"]
    assert found.ratio == pytest.approx(4)
    assert parse_gate("store.errors > +50%").fails(ratios)


def test_deterministic() -> None:
    """The same two runs give the same intervals again."""
    assert compare(run(1), run(2)) == compare(run(1), run(2))


@pytest.mark.parametrize("text", ["", "store.response.p95", "store.p95 > +10%", "store.rate > 5"])
def test_gate_mistakes(text: str) -> None:
    """A gate that cannot be read says what it should look like."""
    with pytest.raises(UsageError, match="signed change"):
        parse_gate(text)


def test_gate_on_nothing() -> None:
    """A gate on what neither run measured is a mistake, not a pass."""
    with pytest.raises(UsageError, match="both runs must hold"):
        parse_gate("echo.response.p95 > +10%").fails(compare(run(1), run(2)))


def test_no_load() -> None:
    """A run without a load cannot be compared, and the message says which."""
    with pytest.raises(UsageError, match="second run holds no load"):
        compare(run(1), [])


def test_seconds_are_lossless() -> None:
    """The seconds of a record together hold exactly what the whole holds."""
    events = run(3, seconds=6)
    parts = Distribution()
    for event in events:
        if isinstance(event, LoadSecond) and event.encoded:
            parts.merge(Distribution.decode(event.encoded))
    summary = events[-1]
    assert isinstance(summary, LoadSummary)
    assert summary.operations[0].response is not None
    whole = Distribution.decode(summary.operations[0].response.encoded)
    assert (parts.counts == whole.counts).all()
