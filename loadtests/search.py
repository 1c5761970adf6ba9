"""The capacity search: the highest load at which the service levels hold, in bounded trials.

A trial is a run of the scenario with every rate multiplied by a scale; the search only decides
which scale to try next and what the answers mean, so it can be tested against a simulated server.

    warm up   one trial at the lowest scale; when it does not hold, there is no capacity to report
    climb     double until a trial does not hold
    bisect    halve the interval until it is narrow enough
    confirm   try the found scale again; while that does not hold, go down by the precision

The number of trials is bounded by `most`.  A trial in which the harness was at its own limit says
nothing about the server, and ends the climb with these words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stepwedge.events import CapacityStep


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one trial."""

    held: bool
    planned_rate: float
    achieved_rate: float
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    missed: tuple[str, ...] = ()
    server_limited: bool = True


@dataclass
class Search:
    """The search and, afterwards, its findings."""

    trial: Callable[[float], Trial]
    lowest: float = 1.0
    factor: float = 2.0
    precision: float = 0.1  # of the found scale, relative
    most: int = 16
    tell: Callable[[CapacityStep], None] | None = None
    steps: list[CapacityStep] = field(default_factory=list)
    scale: float | None = None
    limit: str = ""

    def run(self) -> float | None:
        """Searches.  The highest scale that held, None when the lowest did not."""
        first = self._try(self.lowest, "warm-up")
        if not first.held:
            # A cold server's first answers are slow; it gets one more chance.
            first = self._try(self.lowest, "warm-up")
        if not first.held:
            self.limit = f"the service levels do not hold at the lowest load: {_why(first)}"
            return None
        held, failed = self._climb()
        if failed is None:
            self.scale = held
            return held
        held, failed = self._bisect(held, failed)
        self.scale = self._confirm(held)
        if self.scale is None:
            self.limit = f"what held once did not hold when it was confirmed: {self.limit}"
        return self.scale

    def _climb(self) -> tuple[float, float | None]:
        held = self.lowest
        while len(self.steps) < self.most:
            scale = held * self.factor
            trial = self._try(scale, "climb")
            if not trial.server_limited:
                self.limit = (
                    "the harness reached its own limit first: the server can do at least this"
                )
                return (scale if trial.held else held), None
            if not trial.held:
                self.limit = _why(trial)
                return held, scale
            held = scale
        self.limit = f"the search ended after {self.most} trials: the server can do at least this"
        return held, None

    def _bisect(self, held: float, failed: float) -> tuple[float, float]:
        # One trial is kept for the confirmation.
        while failed / held - 1 > self.precision and len(self.steps) < self.most - 1:
            middle = (held * failed) ** 0.5
            trial = self._try(middle, "bisect")
            if trial.held:
                held = middle
            else:
                failed = middle
                self.limit = _why(trial)
        return held, failed

    def _confirm(self, scale: float) -> float | None:
        while len(self.steps) < self.most:
            trial = self._try(scale, "confirm")
            if trial.held:
                return scale
            self.limit = _why(trial)
            scale /= 1 + self.precision
            if scale < self.lowest:
                return None
        # Out of trials: the highest that held and never failed.
        failing = {step.scale for step in self.steps if not step.held}
        return max((s.scale for s in self.steps if s.held and s.scale not in failing), default=None)

    def _try(self, scale: float, phase: str) -> Trial:
        trial = self.trial(scale)
        step = CapacityStep(
            scale=scale,
            phase=phase,
            held=trial.held,
            planned_rate=trial.planned_rate,
            achieved_rate=trial.achieved_rate,
            p50=trial.p50,
            p95=trial.p95,
            p99=trial.p99,
            missed=list(trial.missed),
            server_limited=trial.server_limited,
        )
        self.steps.append(step)
        if self.tell:
            self.tell(step)
        return trial


def _why(trial: Trial) -> str:
    return "; ".join(trial.missed) or "the load could not be carried"
