"""Latency distributions: the same buckets as HdrHistogram, lossless through merge and text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepwedge.loadtests.histograms import (
    Distribution,
    bucket_of,
    empty,
    merged,
    microseconds,
    value_of,
)

latencies = st.lists(st.floats(1e-6, 3599), min_size=1, max_size=200)


def distribution(seconds: list[float]) -> Distribution:
    made = Distribution()
    made.add(np.array(seconds))
    return made


@settings(deadline=None, max_examples=40)
@given(latencies)
def test_same_as_hdrhistogram(seconds: list[float]) -> None:
    """Filling the buckets at once gives what HdrHistogram counts one by one."""
    reference = empty()
    for value in microseconds(np.array(seconds)).tolist():
        reference.record_value(value)
    made = distribution(seconds)
    assert made.counts.tolist() == list(reference.counts[: reference.counts_len])
    assert made.encoded() == reference.encode().decode()


@settings(deadline=None, max_examples=40)
@given(latencies, latencies)
def test_merges_without_loss(one: list[float], other: list[float]) -> None:
    """Merging the parts of two workers is the same as having recorded in one."""
    whole = merged([distribution(one), distribution(other)])
    assert whole.counts.tolist() == distribution(one + other).counts.tolist()
    assert whole.count == len(one) + len(other)
    assert whole.largest == max(one + other)


@settings(deadline=None, max_examples=40)
@given(latencies)
def test_survives_its_text(seconds: list[float]) -> None:
    """What is written to the record is read again bucket by bucket."""
    made = distribution(seconds)
    assert Distribution.decode(made.encoded()).counts.tolist() == made.counts.tolist()


@settings(deadline=None, max_examples=40)
@given(latencies, st.floats(0.001, 1))
def test_quantile_within_three_digits(seconds: list[float], share: float) -> None:
    """A percentile is a recorded value, to three significant digits or a microsecond."""
    exact = sorted(seconds)[max(1, int(np.ceil(share * len(seconds) - 1e-9))) - 1]
    found = distribution(seconds).quantile(share)
    assert found is not None
    assert abs(found - exact) <= max(exact * 1e-3, 1.01e-6)


def test_buckets_invert() -> None:
    """The value of a bucket lies in that bucket, over the whole range."""
    buckets = np.arange(1, empty().counts_len - 1024)
    assert (bucket_of(value_of(buckets)) == buckets).all()


def test_nothing_has_no_percentile() -> None:
    """An empty series has neither percentile nor event: zero would be a lie."""
    assert Distribution().quantile(0.99) is None
    assert Distribution().event() is None


def test_event() -> None:
    """The event beside the histogram holds the exact mean and maximum."""
    event = distribution([0.010, 0.020, 0.060]).event()
    assert event is not None
    assert (event.count, event.max) == (3, 0.060)
    assert event.mean == pytest.approx(0.03)
    assert event.p50 == pytest.approx(0.020, rel=1e-3)


@pytest.mark.parametrize("text", ["", "HISTF", "not base64 at all", "AAAA"])
def test_other_text(text: str) -> None:
    """Text that is no histogram is a ValueError, not whatever a library raises."""
    with pytest.raises(ValueError, match="HdrHistogram"):
        Distribution.decode(text)
