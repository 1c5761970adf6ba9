"""Service levels: readable lines, good errors, honest judgement."""

from __future__ import annotations

import numpy as np
import pytest

from stepwedge.events import Ledger, LoadOperation
from stepwedge.loadtests.histograms import Distribution
from stepwedge.loadtests.levels import LevelError, judge, parse_level


def operation(**fields: object) -> LoadOperation:
    made = Distribution()
    made.add(np.array([n / 1000 for n in range(1, 1001)]))
    defaults: dict[str, object] = {
        "name": "store",
        "started": 1000,
        "finished": 1000,
        "failed": 0,
        "bytes": 0,
        "response": made.event(),
        "service": made.event(),
    }
    return LoadOperation(**{**defaults, **fields})  # type: ignore[arg-type]


LEDGER = Ledger(at=0, acknowledged=1000, found=998, missing=2)


@pytest.mark.parametrize(
    ("text", "held", "observed"),
    [
        ("store.response.p99 < 1s", True, 0.99),
        ("store.response.p99<990.5ms", True, 0.99),
        ("store.response.p99.9 < 500 ms", False, 0.999),
        ("store.response.mean <= 501ms", True, 0.5005),
        ("store.service.max < 0.02min", True, 1.0),
        ("store.errors == 0", True, 0),
        ("store.errors < 0.1%", True, 0),
        ("errors == 0", True, 0),
        ("store.rate >= 100/s", True, 100),
        ("store.rate > 7000/min", False, 100),
        ("dropped == 0", True, 0),
        ("lost == 0", False, 2),
        ("altered == 0", True, 0),
    ],
)
def test_judged(text: str, held: bool, observed: float) -> None:
    """A level is compared in its own unit, and says what was observed."""
    found = judge(parse_level(text), {"store": operation()}, 10, LEDGER)
    assert found.held is held
    assert found.observed == pytest.approx(observed, rel=2e-3)
    assert found.samples == 1000


def test_dropped_counts_as_asked_for() -> None:
    """The share of dropped arrivals is of all that were planned, not of those that were started."""
    found = judge(
        parse_level("store.dropped < 10%"), {"store": operation(started=900, dropped=100)}, 10
    )
    assert (found.observed, found.samples, found.held) == (10, 1000, False)


def test_empty_series_is_not_held() -> None:
    """A percentile over nothing was not held: nothing was shown."""
    nothing = operation(started=0, finished=0, response=None)
    for text in ("store.response.p99 < 1s", "store.errors == 0"):
        found = judge(parse_level(text), {"store": nothing}, 10)
        assert (found.held, found.observed, found.samples) == (False, None, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("store.response.p99", "cannot be read"),
        ("fast", "cannot be read"),
        ("store.respnse.p99 < 1s", "did you mean 'response'"),
        ("stroe.errors == 0", "did you mean 'store'"),
        ("store.response.p99 < 250", "needs a unit"),
        ("store.response.p99 < 250 bananas", "'bananas'"),
        ("store.response < 1s", "no statistic"),
        ("store.response.p0 < 1s", "no statistic"),
        ("store.rate > 5", "needs a unit"),
        ("lost < 1%", "a count"),
        ("losst == 0", "did you mean 'lost'"),
        ("store.errors < 5ms", "in %"),
        ("store.errors.p99 < 5", "is not known"),
    ],
)
def test_mistakes(text: str, told: str) -> None:
    """A mistake says which part was not understood and what would be."""
    with pytest.raises(LevelError) as caught:
        parse_level(text, ["store", "echo"])
    assert told in str(caught.value)
    assert repr(text) in caught.value.problem
