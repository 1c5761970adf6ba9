"""Service levels: what a load is held to, one short line each.

    store.response.p99 < 250ms      a percentile, the mean or the maximum of a clock
    find.errors < 0.1%              a share, or a count, of what was started
    store.rate >= 40/s              successful operations per second
    dropped == 0                    of all operations together, or of one: store.dropped
    lost == 0                       from the ledger: acknowledged and not found again

The operations are those of the run (`echo`, `store`, `find`, `move`, …), the clocks `response`
(scheduled to finished) and `service` (started to finished) and `wait` between them.  A number on a
clock needs a unit: µs, ms, s or min.  A level over an empty series was not held: nothing was shown.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from stepwedge.errors import UsageError
from stepwedge.events import WHOLES, Ledger, LoadOperation, ServiceLevel
from stepwedge.loadtests.histograms import Distribution

CLOCKS = ("response", "service", "wait")
COUNTS = ("errors", "dropped", "late")
# Parts or wholes of others.  An incomplete retrieval shows at its last image only, so that counts.
_TWICE = WHOLES - {"last-image"}
LEDGER = {"lost": "missing", "duplicated": "duplicated", "altered": "altered"}

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}
_TIMES = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_FORM = re.compile(
    r"\s*(?P<subject>[A-Za-z0-9_.-]+)\s*(?P<compare><=|>=|==|<|>)\s*"
    r"(?P<number>\d+(?:\.\d*)?)\s*(?P<unit>[^\s\d]*)\s*"
)
_EXAMPLE = 'such as "store.response.p99 < 250ms", "find.errors < 0.1%" or "lost == 0"'


class LevelError(UsageError, ValueError):
    """A service level that says nothing, or nothing that can be measured."""


@dataclass(frozen=True, slots=True)
class Level:
    """One promise: `text` as it was written, and its parts; `limit` is in the base unit."""

    text: str
    operation: str  # empty: of all operations, or of the ledger
    measure: str  # errors, dropped, late, rate, lost, … or a clock
    statistic: str  # p99, mean, max; empty unless `measure` is a clock
    compare: str
    limit: float
    unit: str  # "s", "%", "/s" or "" for a count

    def held(self, observed: float) -> bool:
        """True when `observed`, in the base unit, keeps the promise."""
        return _COMPARE[self.compare](observed, self.limit)

    @property
    def final(self) -> bool:
        """True when only the end of a run can tell: the ledger's figures and rates."""
        return self.measure in LEDGER or self.measure == "rate"


def parse_level(text: str, operations: Iterable[str] = ()) -> Level:
    """Reads one service level.  `operations` are those the scenario has; empty: any name will do.

    Raises LevelError that says which part was not understood and what would be.
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise LevelError(
            f"the service level {text!r} cannot be read",
            f"write what, how and how much, {_EXAMPLE}",
        )
    parts = match["subject"].split(".")
    operation, measure, statistic = _subject(text, parts, list(operations))
    limit, unit = _limit(text, measure, float(match["number"]), match["unit"])
    return Level(text.strip(), operation, measure, statistic, match["compare"], limit, unit)


def _subject(text: str, parts: list[str], operations: list[str]) -> tuple[str, str, str]:
    if len(parts) == 1:
        if parts[0] in LEDGER or parts[0] in COUNTS:
            return "", parts[0], ""
        raise _unknown(text, parts[0], [*LEDGER, *COUNTS], "it stands alone")
    operation, measure, *rest = parts
    if operations and operation not in operations:
        raise _unknown(text, operation, operations, "the operations of this scenario are")
    if measure in CLOCKS:
        statistic = ".".join(rest)  # p99.9 was split at its point
        if not _is_statistic(statistic):
            raise LevelError(
                f"the service level {text!r}: {statistic or 'nothing'!r} is no statistic",
                "expected a percentile (p50 … p99.99), mean or max, as in store.response.p99",
            )
        return operation, measure, statistic
    if measure not in (*COUNTS, "rate") or rest:
        raise _unknown(text, measure, [*CLOCKS, *COUNTS, "rate"], "an operation has")
    return operation, measure, ""


def _is_statistic(text: str) -> bool:
    if text in ("mean", "max"):
        return True
    return bool(re.fullmatch(r"p\d{1,2}(\.\d+)?|p100", text)) and text not in ("p0", "p00")


def _limit(text: str, measure: str, number: float, unit: str) -> tuple[float, str]:
    wrong: str
    if measure in CLOCKS:
        if unit in _TIMES:
            return number * _TIMES[unit], "s"
        wrong = "a time needs a unit: µs, ms, s or min"
    elif measure == "rate":
        if unit in ("/s", "/min", "/h"):
            return number / {"/s": 1, "/min": 60, "/h": 3600}[unit], "/s"
        wrong = "a rate needs a unit: /s, /min or /h"
    elif measure in LEDGER:
        if not unit:
            return number, ""
        wrong = f"{measure} is a count: a plain number, best 0"
    else:
        if unit in ("", "%"):
            return number, unit
        wrong = f"{measure} is a count or a share: a plain number, or one in %"
    raise LevelError(f"the service level {text!r}: read the unit {unit or 'none'!r}", wrong)


def _unknown(text: str, word: str, known: list[str], lead: str) -> LevelError:
    close = get_close_matches(word, known, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return LevelError(
        f"the service level {text!r}: {word!r} is not known",
        f"{hint}{lead} {', '.join(known)}",
    )


def judge(
    level: Level,
    operations: Mapping[str, LoadOperation],
    duration: float,
    ledger: Ledger | None = None,
) -> ServiceLevel:
    """Whether a load kept a promise, and what was observed."""
    observed, samples = _observe(level, operations, duration, ledger)
    return ServiceLevel(
        text=level.text,
        held=observed is not None and level.held(observed),
        limit=level.limit,
        observed=observed,
        unit=level.unit,
        samples=samples,
        operation=level.operation,
    )


def _observe(
    level: Level,
    operations: Mapping[str, LoadOperation],
    duration: float,
    ledger: Ledger | None,
) -> tuple[float | None, int]:
    if level.measure in LEDGER:
        if ledger is None:
            return None, 0
        return float(getattr(ledger, LEDGER[level.measure])), ledger.acknowledged
    # The whole of everything counts an image once, and not again in its exam.
    chosen = [
        op
        for name, op in operations.items()
        if level.operation == name or (not level.operation and name not in _TWICE)
    ]
    started = sum(op.started for op in chosen)
    if level.measure == "rate":
        done = sum(op.started - op.failed for op in chosen)
        return (done / duration if duration else None), started
    if level.measure in COUNTS:
        field = "failed" if level.measure == "errors" else level.measure
        count = sum(getattr(op, field) for op in chosen)
        # What was dropped was never started, but it was asked for.
        of = started + sum(op.dropped for op in chosen)
        if not of:
            return None, 0
        return (100 * count / of if level.unit == "%" else float(count)), of
    histogram = getattr(chosen[0], level.measure) if chosen else None
    if histogram is None:
        return None, 0
    if level.statistic in ("mean", "max"):
        return getattr(histogram, level.statistic), histogram.count
    share = float(level.statistic[1:]) / 100
    return Distribution.decode(histogram.encoded).quantile(share), histogram.count
