"""A gate on a comparison: the change beyond which it fails, `C-STORE.response.p95 > +10%`.

A gate fails only when the whole interval lies beyond the limit, so that chance alone does not
block a release.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stepwedge.errors import UsageError
from stepwedge.statistics import Ratio

_FORM = re.compile(
    r"\s*(?P<operation>[A-Za-z0-9_-]+)\.(?P<measure>response\.p\d{1,2}(?:\.\d+)?|errors|rate)\s*"
    r"(?P<way>[<>])\s*(?P<change>[+-]\d+(?:\.\d+)?)\s*%\s*"
)


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition under which a comparison fails; `change` is a share, 0.1 for ten per cent."""

    text: str
    operation: str
    measure: str
    more: bool
    change: float

    def crossed(self, ratios: Sequence[Ratio]) -> Ratio | None:
        """The ratio that lies beyond the limit with all of its interval, or None.

        Raises UsageError when the two runs do not both hold what the gate is about: a gate that
        looks at nothing must not pass.
        """
        for one in ratios:
            if (one.operation, one.measure) == (self.operation, self.measure):
                limit = 1 + self.change
                beyond = one.low > limit if self.more else one.high < limit
                return one if beyond and one.shown else None
        known = ", ".join(f"{one.operation}.{one.measure}" for one in ratios) or "nothing"
        raise UsageError(
            f"--fail-if {self.text!r}: both runs must hold enough of "
            f"{self.operation}.{self.measure}",
            f"they have in common: {known}",
        )


def parse_gate(text: str) -> Gate:
    """Reads a gate.  Raises UsageError that says what one looks like."""
    match = _FORM.fullmatch(text)
    if not match:
        raise UsageError(
            f"--fail-if {text!r} cannot be read",
            "write an operation and a measure, > or <, and a signed change: "
            '"store.response.p95 > +10%", "store.rate < -5%"',
        )
    return Gate(
        text.strip(),
        match["operation"],
        match["measure"],
        match["way"] == ">",
        float(match["change"]) / 100,
    )
