"""The sample of an audit: equal, altered, missing, and what cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from stepwedge.loadtests.histograms import Distribution
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.links import Answer
from stepwedge.loadtests.sampling import compare, differs, sent
from stepwedge.loadtests.scenarios import load_scenario
from stepwedge.loadtests.supply import Supply
from stepwedge.wire.errors import ClosedByPeer

SCENARIO, SUPPLY = load_scenario("query-mix"), Supply()
IDENTITY = Identity("run", "Modality", 3)


class Archive:
    """Gives out what was sent, changed by a function."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self.change = change

    def __call__(self, purpose: str, sop_classes: object = (), port: int = 0) -> Archive:
        return self

    def get(self, identifier: bytes, arrived: Callable[[str, int, bytes], None]) -> Answer:
        data = self.change(sent(SCENARIO, SUPPLY, IDENTITY, 0))
        arrived(IDENTITY.instance(0), time.time_ns(), data)
        return Answer(0, time.time_ns(), completed=1)

    def release(self) -> None:
        """Nothing to end."""

    def abort(self) -> None:
        """Nothing to end."""


def result(change: Callable[[bytes], bytes]) -> tuple[list[str], list[str]]:
    return compare([(IDENTITY, 0)], SCENARIO, SUPPLY, Archive(change))  # type: ignore[arg-type]


def test_equal() -> None:
    """What comes back as it was sent is not altered; nor is what an archive added to it."""
    assert result(lambda data: data) == ([], [])
    assert differs(sent(SCENARIO, SUPPLY, IDENTITY, 0), sent(SCENARIO, SUPPLY, IDENTITY, 0)) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "Pixel Data"),
        (lambda data: data.replace(b"STEPWEDGE^LOAD", b"STEPWEDGE^LOSS"), "Patient's Name"),
        (lambda data: data[: len(data) // 2], ""),
    ],
)
def test_altered(change: Callable[[bytes], bytes], told: str) -> None:
    """One bit of the pixels, a name, a cut data set: each makes the instance altered."""
    altered, failed = result(change)
    assert len(altered) == 1
    assert told in altered[0]
    assert not failed


def test_not_retrieved() -> None:
    """What cannot be retrieved is not called altered, and is not kept quiet either."""

    def gone(data: bytes) -> bytes:
        raise ClosedByPeer("response")

    altered, failed = result(gone)
    assert not altered
    assert "closed" in failed[0]


def test_share_between() -> None:
    """The share of a cluster of latencies is counted from its buckets."""
    made = Distribution()
    assert made.share_between(0.039, 0.048) == 0
    made.add(np.array([0.001, 0.0405, 0.041, 0.1]))
    assert made.share_between(0.039, 0.048) == 0.5
