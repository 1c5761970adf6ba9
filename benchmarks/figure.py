"""A figure: what was measured, how much was promised, and the median of several rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One measured number; `promised` is a floor, or a ceiling where `at_most` is true."""

    name: str
    value: float
    promised: float
    unit: str
    at_most: bool = False

    @property
    def held(self) -> bool:
        """True when the promise is kept."""
        return self.value <= self.promised if self.at_most else self.value >= self.promised

    def __str__(self) -> str:
        sign = "at most" if self.at_most else "at least"
        verdict = "holds" if self.held else "MISSED"
        return f"{verdict}  {self.name}: {self.value:,.2f} {self.unit} ({sign} {self.promised:,g})"


def median(measure: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of `rounds` measurements, after one that is thrown away."""
    measure()
    return statistics.median(measure() for _ in range(rounds))
