"""A load as the page shows it: its tables, its figures, and what the harness says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stepwedge.events import Histogram, LoadOperation
from stepwedge.histograms import read
from stepwedge.reports import loadplots, units
from stepwedge.reports.model import LoadView
from stepwedge.reports.text import plain


def rows(load: LoadView, number: int) -> dict[str, Any]:
    """One load as its template wants it."""
    summary = load.summary
    anchor = f"load-{number}"
    longest = max((one.second + 1 for one in load.seconds), default=0)
    duration = summary.duration if summary else float(longest)
    if summary:
        title = summary.scenario
        lead = (
            f"{summary.model} model, {units.counted(summary.users, 'user')}, "
            f"{units.seconds(duration)}"
        )
    else:
        title = "Cut short"
        lead = f"The load did not end; {units.seconds(duration)} of it were recorded."
    return {
        "anchor": anchor,
        "title": title,
        "lead": lead,
        "duration": max(duration, 1e-9),
        "levels": summary.service_levels if summary else [],
        "operations": summary.operations if summary else [],
        "latencies": latencies(summary.operations if summary else []),
        "notes": summary.notes if summary else [],
        "overview": loadplots.overview(load, anchor),
        "parts": loadplots.by_operation(load, anchor),
        "errors": errors(summary.operations if summary else []),
        "ledger": load.ledger,
        "measured": measured(load),
    }


# The percentiles of the table, and how many samples each needs to be told.
_PERCENTILES = ((0.5, 1), (0.9, 10), (0.95, 20), (0.99, 100), (0.999, 1_000), (0.9999, 10_000))


def latencies(
    operations: Sequence[LoadOperation],
) -> list[tuple[str, str, Histogram, list[float | None]]]:
    """For each operation and clock its histogram and percentiles, None for want of samples."""
    return [
        (one.name, clock, histogram, [_told(histogram, *wanted) for wanted in _PERCENTILES])
        for one in operations
        for clock, histogram in (("response", one.response), ("service", one.service))
        if histogram
    ]


def _told(histogram: Histogram, share: float, needed: int) -> float | None:
    if histogram.count < needed:
        return None
    field = f"p{share * 100:g}".replace(".", "")
    if (known := getattr(histogram, field, None)) is not None:
        return float(known)
    return read(histogram.encoded).quantile(share) if histogram.encoded else None


def errors(operations: Sequence[LoadOperation]) -> list[tuple[LoadOperation, str, int]]:
    rows = [(one, kind, count) for one in operations for kind, count in one.errors.items()]
    return sorted(rows, key=lambda row: -row[2])


def measured(load: LoadView) -> list[tuple[str, str]]:
    """What the harness measured of itself, and what else the load recorded of how it was run."""
    summary = load.summary
    if summary is None:
        return []
    rows: list[tuple[str, str]] = []
    if summary.generator_cpu:
        busy = units.share(summary.generator_cpu, summary.duration)
        rows.append(
            (
                "Generator CPU",
                f"{units.seconds(summary.generator_cpu)} of CPU time in "
                f"{units.seconds(summary.duration)}: {busy} of one core",
            )
        )
    if summary.ceiling:
        rates = ", ".join(f"{name} {units.rate(rate)}" for name, rate in summary.ceiling.items())
        rows.append(("Its own ceiling, against a null SCP here", rates))
    if summary.ceiling_share is not None:
        rows.append(
            (
                "Share of the ceiling in the busiest seconds",
                f"{units.share(summary.ceiling_share, 1)}, all operations together",
            )
        )
    limited = (
        "yes: believe no limit of the target from this run" if summary.client_limited else "no"
    )
    rows.append(("Client-limited (above 70 % of a core or of the ceiling)", limited))
    if summary.schedule_lag_p99 is not None:
        rows.append(("Schedule lag, p99", units.seconds(summary.schedule_lag_p99)))
    rows += [(name, value) for name, value in summary.policies.items()]
    rows += [_detail(name, value) for name, value in summary.detail.items()]
    return rows


# What loads are known to record beyond their summary: a name for people, and its unit.
_DETAILS: dict[str, tuple[str, Callable[[float], str]]] = {
    "acknowledged": ("Instances acknowledged", units.number),
    "exams_per_year": ("Exams a year", units.number),
    "harness_lag_p99": ("Harness lag behind the kernel, p99", units.seconds),
    "scale": ("Scale of the scenario's rates", units.significant),
    "seconds": ("Planned duration", units.seconds),
    "users_left": ("Users that had not ended with the load", units.number),
    "workers": ("Worker processes", units.number),
}


def _detail(name: str, value: Any) -> tuple[str, str]:
    label, unit = _DETAILS.get(name, (name.replace("_", " "), None))
    if unit is not None and isinstance(value, int | float):
        return label, unit(value)
    return label, plain(value)
