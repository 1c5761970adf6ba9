"""Numbers as a reader wants them: with a unit, and with no more digits than were measured."""

from __future__ import annotations

import time

_NARROW = "\u202f"  # narrow no-break space: ISO 80000-1 groups digits with it
_NO_VALUE = "–"


def number(count: float) -> str:
    """An integer with groups of three: 412 000."""
    return f"{round(count):,}".replace(",", _NARROW)


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 check`, `3 checks`."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def significant(value: float, digits: int = 3) -> str:
    """Three significant digits without an exponent: 0.0123, 1.23, 12.3, 1 230."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if abs(rounded) >= 10 ** (digits - 1):
        return number(rounded)
    decimals = digits - 1
    scale = abs(rounded)
    while scale >= 10:
        scale /= 10
        decimals -= 1
    while scale < 1:
        scale *= 10
        decimals += 1
    return f"{rounded:.{decimals}f}"


_DURATIONS = ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs"))


def seconds(value: float | None, digits: int = 3) -> str:
    """A duration in seconds, in the unit that fits it: `340 µs`, `12.3 ms`, `3 min 20 s`."""
    if value is None:
        return _NO_VALUE
    if value >= 7200:
        return f"{int(value // 3600)} h {int(value % 3600 // 60)} min"
    if value >= 120:
        return f"{int(value // 60)} min {int(value % 60)} s"
    if value == 0:
        return "0 s"
    for least, factor, unit in _DURATIONS:
        # What rounds up to a whole next unit is shown in that unit: 1.00 s rather than 1 000 ms.
        if float(f"{value:.2e}") >= least:
            return f"{significant(value * factor, digits)} {unit}"
    return _NO_VALUE


_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def size(value: float | None) -> str:
    """A size in bytes with a binary unit: `512 B`, `16.0 KiB`, `1.20 GiB`."""
    if value is None:
        return _NO_VALUE
    for unit in _SIZES:
        if value < 1024 or unit == _SIZES[-1]:
            return f"{number(value)} B" if unit == "B" else f"{significant(value)} {unit}"
        value /= 1024
    return _NO_VALUE


def rate(value: float | None, of: str = "") -> str:
    """How many a second: `310 /s`."""
    if value is None:
        return _NO_VALUE
    return f"{significant(value)} {of}/s"


def share(part: float, whole: float) -> str:
    """A part of a whole in per cent; what is not nothing never rounds to 0 %, nor up to 100 %."""
    if not whole:
        return _NO_VALUE
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.3g} %"


def moment(at: float | None) -> str:
    """A time as `2026-03-02 08:00:00 UTC`."""
    if at is None:
        return _NO_VALUE
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def iso(at: float) -> str:
    """A time for a machine to read: `2026-03-02T08:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
