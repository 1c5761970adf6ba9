"""Comparing two loads: the interval covers what chance does, and sees what is real."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from run_events import START, histogram, load_operation, load_summary, text_of

from stepwedge.errors import UsageError
from stepwedge.events import AnyEvent, LoadSecond, LoadSummary
from stepwedge.gates import parse_gate
from stepwedge.histograms import read, together
from stepwedge.statistics import Ratio, compare


def histogram_of(latencies: Sequence[float]) -> HdrHistogram:
    recorded = HdrHistogram(1, 3_600_000_000, 3)
    for value in latencies:
        recorded.record_value(max(1, round(value * 1e6)))
    return recorded


def load(
    seed: int, factor: float = 1.0, rate: int = 40, seconds: int = 40, by_second: bool = True
) -> list[AnyEvent]:
    """A load of log-normal latencies around 8 ms, `factor` times as long."""
    dice = np.random.default_rng(seed)
    events: list[AnyEvent] = []
    everything: list[float] = []
    for second in range(seconds):
        finished = int(dice.poisson(rate))
        latencies = (dice.lognormal(-4.8, 0.5, finished) * factor).tolist()
        everything += latencies
        events.append(
            LoadSecond(
                at=START + second,
                second=second,
                operation="C-STORE",
                planned=rate,
                started=finished,
                finished=finished,
                failed=0,
                bytes=0,
                encoded=text_of(histogram_of(latencies)) if by_second and latencies else "",
            )
        )
    operation = load_operation(
        started=len(everything),
        finished=len(everything),
        response=histogram(count=len(everything), encoded=text_of(histogram_of(everything))),
    )
    return [*events, load_summary(operations=[operation], duration=float(seconds))]


def measure(ratios: Sequence[Ratio], name: str) -> Ratio:
    return next(one for one in ratios if one.measure == name)


def test_quantile_is_the_smallest_value_that_enough_samples_do_not_exceed() -> None:
    """Quantiles follow the definition, within the histogram's three digits."""
    buckets = read(text_of(histogram_of([0.001] * 5 + [0.002] * 4 + [0.01])))
    assert buckets.total == 10
    found = [buckets.quantile(share) for share in (0.0, 0.5, 0.51, 0.9, 0.91, 1.0)]
    assert found == pytest.approx([0.001, 0.001, 0.002, 0.002, 0.01, 0.01], rel=1e-3)


def test_a_table_of_distributions_keeps_every_count() -> None:
    """Distributions over different values share one table without loss."""
    values, rows = together([read(text_of(histogram_of([0.001, 0.005]))), read("")])
    assert len(values) == 2 and rows.tolist() == [[1, 1], [0, 0]]


def test_reading_agrees_with_the_library() -> None:
    """Values and counts are those that hdrh's own iterator gives, within the bucket's width."""
    recorded = histogram_of(np.random.default_rng(1).lognormal(-3, 2, 500).tolist())
    buckets = read(text_of(recorded))
    slow = [
        (one.value_iterated_to, one.count_added_in_this_iter_step)
        for one in recorded.get_recorded_iterator()
    ]
    assert buckets.counts.tolist() == [count for _, count in slow]
    assert buckets.values.tolist() == pytest.approx([value / 1e6 for value, _ in slow], rel=1e-3)


@pytest.mark.parametrize("text", ["nonsense", "AAAA", "HISTFAAAAB"])
def test_what_is_no_histogram_is_refused(text: str) -> None:
    """A text that is not an encoded histogram is a ValueError that says so."""
    with pytest.raises(ValueError, match="not an encoded HdrHistogram"):
        read(text)


@pytest.mark.parametrize("by_second", [True, False])
def test_chance_shows_no_difference(by_second: bool) -> None:
    """Of two runs of one distribution nearly all 95 % intervals contain one."""
    shown = [
        one.shown
        for seed in range(6)
        for one in compare(load(seed, by_second=by_second), load(seed + 50, by_second=by_second))
    ]
    assert len(shown) >= 18 and sum(shown) <= 3


@pytest.mark.parametrize("by_second", [True, False])
def test_a_real_difference_is_shown(by_second: bool) -> None:
    """Latencies that grew by a fifth are seen, and the interval contains the true ratio."""
    ratios = compare(load(1, by_second=by_second), load(2, 1.2, by_second=by_second))
    median = measure(ratios, "response.p50")
    assert median.shown and median.low < 1.2 < median.high
    assert median.words.endswith("% more") and median.samples[0] > 1000
    back = compare(load(2, 1.2, by_second=by_second), load(1, by_second=by_second))
    assert measure(back, "response.p50").words.endswith("% less")


def test_a_pause_widens_the_interval() -> None:
    """Samples that a pause delayed together count as one event, not as many."""
    steady = load(3)
    paused = load(4)
    for index in (10, 11):
        second = paused[index]
        assert isinstance(second, LoadSecond)
        slow = text_of(histogram_of([2.0] * second.finished))
        fields = {name: getattr(second, name) for name in second.__struct_fields__}
        paused[index] = LoadSecond(**(fields | {"encoded": slow}))
    tail = measure(compare(steady, paused, (0.95,)), "response.p95")
    assert tail.high > 10 and tail.low < 2


def test_too_few_samples_say_nothing() -> None:
    """A p99 that rests on five samples is left out; the median of the same run is not."""
    names = [one.measure for one in compare(load(1, rate=12), load(2, rate=12))]
    assert "response.p50" in names and "response.p99" not in names


def test_a_rate_that_halved_is_shown() -> None:
    """Throughput is compared by its mean second."""
    rate = measure(compare(load(1), load(2, rate=20)), "rate")
    assert rate.shown and 0.45 < rate.low < 0.5 < rate.high < 0.56


def test_the_same_events_give_the_same_intervals() -> None:
    """A comparison that is drawn again says the same."""
    assert compare(load(1), load(2)) == compare(load(1), load(2))


def test_several_loads_of_a_run_count_together() -> None:
    """Two loads in one record are one side with the samples and seconds of both."""
    both = [*load(1, seconds=20), *load(2, seconds=20)]
    ratios = compare(both, load(3, seconds=20))
    median = measure(ratios, "response.p50")
    assert median.samples[0] == sum(
        one.operations[0].finished for one in both if isinstance(one, LoadSummary)
    )
    assert 0.9 < median.ratio < 1.1
    assert 0.8 < measure(ratios, "rate").ratio < 1.2


def test_runs_without_a_load_compare_to_nothing() -> None:
    """A run that holds no load has nothing in common with one that does."""
    assert compare([], load(1)) == []


def test_gates() -> None:
    """A gate fails when all of the interval is beyond its limit, and only then."""
    ratios = compare(load(1), load(2, 1.3))
    assert parse_gate("C-STORE.response.p50 > +10%").crossed(ratios)
    assert parse_gate("C-STORE.response.p50 > +50%").crossed(ratios) is None
    assert parse_gate("C-STORE.rate < -5%").crossed(ratios) is None
    with pytest.raises(UsageError, match="both runs must hold"):
        parse_gate("C-FIND.rate < -5%").crossed(ratios)


@pytest.mark.parametrize("text", ["", "C-STORE.p95 > 10%", "C-STORE.response.p95 > +10"])
def test_a_gate_that_cannot_be_read_says_what_one_looks_like(text: str) -> None:
    """The error shows the form of a gate."""
    with pytest.raises(UsageError, match=r"store\.response\.p95"):
        parse_gate(text)
