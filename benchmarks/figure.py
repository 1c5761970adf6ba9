"""A figure: what was measured, how much was promised, and what lies behind it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One measured number; `promised` is a floor, or a ceiling where `at_most` is true.

    Nothing is promised of a number that stands beside another to be compared with it.
    `detail` is what the number was made of: both sides' rates, CPU times, sample counts.
    """

    name: str
    value: float
    promised: float | None
    unit: str
    at_most: bool = False
    detail: str = ""

    @property
    def held(self) -> bool:
        """True when the promise is kept."""
        if self.promised is None:
            return True
        return self.value <= self.promised if self.at_most else self.value >= self.promised

    @property
    def wanted(self) -> str:
        """The promise in words."""
        if self.promised is None:
            return "to compare"
        return f"{'at most' if self.at_most else 'at least'} {self.promised:,g} {self.unit}"

    @property
    def verdict(self) -> str:
        """One word, or none."""
        if self.promised is None:
            return ""
        return "holds" if self.held else "MISSED"

    def __str__(self) -> str:
        behind = f" [{self.detail}]" if self.detail else ""
        value = f"{self.value:,.2f} {self.unit} ({self.wanted})"
        return f"{self.verdict:<6} {self.name}: {value}{behind}"


def median(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of several measurements, after one that is thrown away."""
    measure()
    return statistics.median(measure() for _ in range(rounds))


@dataclass(frozen=True)
class Spent:
    """What `count` operations took, in seconds of wall time and of our process's CPU."""

    count: int
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.count / self.wall

    @property
    def each(self) -> float:
        """CPU microseconds an operation."""
        return self.cpu / self.count * 1e6

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s at {self.each:,.1f} µs CPU"


@dataclass(frozen=True)
class Duel:
    """Two sides measured by turns: the medians of both, and of their ratios round by round."""

    ours: list[Spent]
    theirs: list[Spent]

    @classmethod
    def fight(
        cls, ours: Callable[[], Spent], theirs: Callable[[], Spent], rounds: int = ROUNDS
    ) -> Duel:
        """Measures by turns, after a round that is thrown away, so that what else the machine does
        weighs on both."""
        ours(), theirs()
        pairs = [(ours(), theirs()) for _ in range(rounds)]
        return cls([mine for mine, _ in pairs], [other for _, other in pairs])

    @property
    def faster(self) -> float:
        """Our rate over theirs."""
        return statistics.median(
            a.rate / b.rate for a, b in zip(self.ours, self.theirs, strict=True)
        )

    @property
    def thriftier(self) -> float:
        """Our CPU time an operation over theirs."""
        return statistics.median(
            a.each / b.each for a, b in zip(self.ours, self.theirs, strict=True)
        )

    @property
    def detail(self) -> str:
        """Both sides in their middle round."""
        return f"{middle(self.ours)}; peer {middle(self.theirs)}"


def middle(spent: list[Spent]) -> Spent:
    """The one whose rate is the median."""
    return sorted(spent, key=lambda one: one.rate)[len(spent) // 2]
