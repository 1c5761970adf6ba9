"""How near to its own ceiling the harness came: above it, a run says little about its target.

Operations share the processor, so their shares of their ceilings add up: half of the echoes that
are possible and half of the stores that are possible together are all there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from stepwedge.events import LoadSecond

# Above this share of its ceiling, the harness may be what is measured.
NEAR = 0.7


class Utilisation:
    """How much of its ceiling the harness used, second by second."""

    def __init__(self, ceiling: Mapping[str, float]) -> None:
        self.ceiling = dict(ceiling)
        self._seconds: dict[int, float] = {}

    def add(self, event: LoadSecond) -> None:
        """Counts one second of one operation."""
        if most := self.ceiling.get(event.operation):
            self._seconds[event.second] = (
                self._seconds.get(event.second, 0.0) + event.finished / most
            )

    @property
    def busiest(self) -> float | None:
        """The share that the busiest tenth of the seconds reached; None without a ceiling."""
        if not self._seconds:
            return None
        ordered = sorted(self._seconds.values(), reverse=True)
        return ordered[(len(ordered) - 1) // 10]
