"""The plots of a load: throughput, latency over time, heat map, percentile spectrum, errors.

An hour of seconds is thinned to a few hundred points.  Throughput is averaged over the seconds of a
point; latencies show the worst second of them, because an average would hide what patients wait
for; each figure says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stepwedge.events import Histogram, LoadOperation, LoadSecond, ServiceLevel
from stepwedge.histograms import read
from stepwedge.reports import phases, scale, units
from stepwedge.reports.model import LoadView
from stepwedge.reports.plot import Cell, Line, Rule, figure

MOST_POINTS = 240  # across about 580 pixels: finer cannot be seen
_STYLES = ("s1", "s2", "s3", "s4", "s5", "s6")


@dataclass(frozen=True, slots=True)
class Point:
    """Consecutive seconds of one operation that are drawn as one."""

    start: float  # seconds since the start of the load
    width: int  # how many seconds it stands for
    seconds: list[LoadSecond]  # those of them in which anything was recorded

    @property
    def middle(self) -> float:
        """Where it is drawn."""
        return self.start + self.width / 2

    def mean(self, name: str) -> float:
        """The mean of a count over its seconds: a rate per second."""
        return float(sum(getattr(one, name) for one in self.seconds)) / self.width

    def peak(self, name: str) -> float | None:
        """The largest of a latency over its seconds, None when none was measured."""
        values = [value for one in self.seconds if (value := getattr(one, name)) is not None]
        return max(values, default=None)


def points(seconds: Sequence[LoadSecond]) -> list[Point]:
    """The seconds of one operation, thinned; a point may stand for seconds without a record."""
    if not seconds:
        return []
    by_second = {one.second: one for one in seconds}
    first, last = min(by_second), max(by_second)
    width = width_of(last - first + 1)
    return [
        Point(
            start,
            min(width, last + 1 - start),
            [by_second[n] for n in range(start, start + width) if n in by_second],
        )
        for start in range(first, last + 1, width)
    ]


def width_of(seconds: int) -> int:
    """How many seconds one point stands for."""
    return max(1, math.ceil(seconds / MOST_POINTS))


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one operation over time; `open` when a reader should see them at once."""

    name: str
    samples: int
    figures: list[Markup]
    open: bool


# Below so many samples a plot over time shows single operations and no course of anything.
_FEWEST = 20
_MOST_OPEN = 3


def overview(load: LoadView, anchor: str) -> list[Markup]:
    """The figures of a whole load: its latencies by percentile, and its failures over time."""
    operations = load.summary.operations if load.summary else []
    told = [
        one for one in operations if one.is_dimse and one.response and one.response.count >= _FEWEST
    ]
    drawn = [
        spectrum(f"{anchor}-spectrum", told[: len(_STYLES)]),
        spectrum(
            f"{anchor}-images",
            [one for one in operations if one.name in ("first-image", "last-image")],
            "Time to the first and to the last image of a study, by percentile",
        ),
        phases.bars(f"{anchor}-phases", operations),
        failures(f"{anchor}-failures", load.seconds),
    ]
    return [one for one in drawn if one]


def by_operation(load: LoadView, anchor: str) -> list[Part]:
    """The figures over time of every operation that has enough samples, in the load's order."""
    parts: list[Part] = []
    for number, name in enumerate(load.operations):
        seconds = [one for one in load.seconds if one.operation == name]
        samples = sum(one.finished for one in seconds)
        if samples < _FEWEST:
            continue
        prefix = f"{anchor}-{number}"
        drawn = [
            throughput(f"{prefix}-throughput", name, seconds),
            latency(f"{prefix}-latency", name, seconds, _limits(load, name)),
            heat(f"{prefix}-heat", name, seconds),
        ]
        is_open = sum(part.open for part in parts) < _MOST_OPEN
        parts.append(Part(name, samples, [one for one in drawn if one], is_open))
    return parts


def _thinned(seconds: Sequence[LoadSecond], what: str) -> str:
    width = width_of(max(one.second for one in seconds) - min(one.second for one in seconds) + 1)
    return "one point a second" if width == 1 else f"one point for {width} s: {what}"


def _extent(seconds: Sequence[LoadSecond]) -> float:
    return float(max(one.second for one in seconds) + 1)


def throughput(anchor: str, name: str, seconds: Sequence[LoadSecond]) -> Markup:
    """Planned against achieved operations a second, over time."""
    drawn = points(seconds)
    planned = [(float(one.start), one.mean("planned")) for one in drawn]
    achieved = [(one.middle, one.mean("finished") - one.mean("failed")) for one in drawn]
    failed = [(one.middle, one.mean("failed")) for one in drawn]
    last = drawn[-1]
    planned.append((last.start + float(last.width), planned[-1][1]))
    total = sum(one.finished - one.failed for one in seconds)
    wanted = sum(one.planned for one in seconds)
    # What follows from other operations (the moments of images, associations) has no plan.
    lines = [Line("planned", "plan", planned, stepped=True)] if wanted else []
    lines.append(
        Line(
            "achieved",
            "s1",
            achieved,
            shown=[
                f"{one.start} s: "
                + (f"planned {units.rate(one.mean('planned'))}, " if wanted else "")
                + f"achieved {units.rate(value)}"
                for one, (_, value) in zip(drawn, achieved, strict=True)
            ],
        )
    )
    if any(value for _, value in failed):
        lines.append(Line("failed", "bad", failed))
    return figure(
        anchor,
        f"{name}: throughput",
        f"{units.number(total)}"
        + (f" of {units.number(wanted)} planned" if wanted else "")
        + f" {name} operations succeeded within {units.seconds(_extent(seconds))}.",
        scale.elapsed("time since the start of the load", _extent(seconds)),
        scale.amounts(
            f"{name} per second", [value for line in lines for _, value in line.points if value]
        ),
        lines,
        note=units.counted(total, "success", "successes")
        + (f" of {units.number(wanted)} planned; " if wanted else "; ")
        + _thinned(seconds, "the mean rate"),
    )


_PERCENTILES = (("p50", "p50", "s1"), ("p95", "p95", "s2"), ("p99", "p99", "s3"))
_SERVICE = (
    ("service_p50", "service p50", "s4"),
    ("service_p95", "service p95", "s6"),
    ("service_p99", "service p99", "s5"),
)


def latency(
    anchor: str, name: str, seconds: Sequence[LoadSecond], limits: Sequence[Rule] = ()
) -> Markup:
    """Response percentiles over time, and service percentiles where they were recorded."""
    drawn = [one for one in points(seconds) if one.seconds]
    lines = []
    for field, label, style in (*_PERCENTILES, *_SERVICE):
        series = [(one.middle, one.peak(field)) for one in drawn]
        if any(value is not None for _, value in series):
            lines.append(
                Line(
                    label,
                    style,
                    series,
                    shown=[
                        f"{label} {units.seconds(value)}" if value is not None else ""
                        for _, value in series
                    ],
                )
            )
    if not lines:
        return Markup("")
    values = [value for line in lines for _, value in line.points if value is not None]
    worst = max(values)
    return figure(
        anchor,
        f"{name}: response and service time",
        f"The slowest percentile drawn reached {units.seconds(worst)}.",
        scale.elapsed("time since the start of the load", _extent(seconds)),
        scale.latencies("time to the answer", values),
        lines,
        rules=limits,
        note="response counts from the planned start, service from the actual one; percentiles of "
        "each second over "
        f"{units.counted(sum(sum(one.cells.values()) for one in seconds), 'sample')}; "
        + _thinned(seconds, "the worst second"),
    )


def _limits(load: LoadView, name: str) -> list[Rule]:
    levels: Sequence[ServiceLevel] = load.summary.service_levels if load.summary else ()
    return [
        Rule(level.limit, level.text)
        for level in levels
        if level.limit and level.unit == "s" and level.operation in ("", name)
    ]


def heat(anchor: str, name: str, seconds: Sequence[LoadSecond]) -> Markup:
    """How many operations took how long, over time: what percentiles cannot show are two humps."""
    drawn = points(seconds)
    columns: list[tuple[Point, Counter[int]]] = []
    for point in drawn:
        cells: Counter[int] = Counter()
        for one in point.seconds:
            cells.update(one.cells)
        columns.append((point, cells))
    most = max((count for _, cells in columns for count in cells.values()), default=0)
    if not most:
        return Markup("")
    bins = [n for _, cells in columns for n in cells]
    low, high = 10 ** (min(bins) / 10), 10 ** ((max(bins) + 1) / 10)
    return figure(
        anchor,
        f"{name}: response times, as a heat map",
        f"Response times lie between {units.seconds(low)} and {units.seconds(high)}.",
        scale.elapsed("time since the start of the load", _extent(seconds)),
        scale.latencies("response time", [low, high]),
        cells=[
            Cell(
                left=float(point.start),
                right=point.start + float(point.width),
                low=10 ** (n / 10),
                high=10 ** ((n + 1) / 10),
                # The logarithm lets a single slow answer be seen beside a thousand quick ones.
                shade=0.15 + 0.85 * math.log1p(count) / math.log1p(most),
            )
            for point, cells in columns
            for n, count in sorted(cells.items())
        ],
        note=f"darker is more, logarithmically, up to {units.number(most)} operations a cell",
    )


def spectrum(
    anchor: str, operations: Sequence[LoadOperation], title: str = "Latency by percentile"
) -> Markup:
    """Response and service time by percentile, each further nine given the same room."""
    lines = []
    samples = 0
    for operation, style in zip(operations, _STYLES, strict=False):
        for kind, histogram in (("response", operation.response), ("service", operation.service)):
            if histogram and (curve := percentiles(histogram)):
                samples = max(samples, histogram.count)
                dashed = " dashed" if kind == "service" else ""
                lines.append(
                    Line(
                        f"{operation.name} {kind}",
                        style + dashed,
                        curve,
                        shown=[
                            f"p{100 - 100 / at:.6g} {operation.name} {kind} {units.seconds(value)}"
                            if value is not None
                            else ""
                            for at, value in curve
                        ]
                        if kind == "response"
                        else [],
                    )
                )
    if not lines:
        return Markup("")
    values = [value for line in lines for _, value in line.points if value is not None]
    counts = ", ".join(
        f"{operation.name} {units.number(operation.response.count)}"
        for operation in operations
        if operation.response
    )
    return figure(
        anchor,
        title,
        "; ".join(
            f"{one.name}: p50 {units.seconds(one.response.p50)}, p99 "
            f"{units.seconds(one.response.p99)}, max {units.seconds(one.response.max)}"
            for one in operations
            if one.response
        )
        + ".",
        scale.nines("percentile (%), each further nine of the same width", samples),
        scale.latencies("latency", values),
        lines,
        note=f"samples: {counts}; response counts from the planned start, service (dashed) from "
        "the actual one",
        height=300,
    )


# From the median outwards, ten places a nine: where a spectrum is sampled, as 1/(1 − p).
_PLACES = [1.0, 1.1, 1.25, 1.5, *(10 ** (n / 10) for n in range(3, 41))]


def percentiles(histogram: Histogram) -> list[tuple[float, float | None]]:
    """Pairs of 1/(1 − p) and the latency in seconds at p, as far as the samples reach.

    A histogram that was kept without its buckets gives the few percentiles that stand beside it.
    """
    if histogram.encoded:
        buckets = read(histogram.encoded)
        reach = [place for place in _PLACES if place <= max(buckets.total, 1)]
        return [(place, buckets.quantile(1 - 1 / place)) for place in reach] if reach else []
    known = (
        (2.0, histogram.p50),
        (10.0, histogram.p90),
        (20.0, histogram.p95),
        (100.0, histogram.p99),
        (1000.0, histogram.p999),
    )
    return [(place, value) for place, value in known if place <= max(histogram.count, 2)]


def failures(anchor: str, seconds: Sequence[LoadSecond]) -> Markup:
    """Failures a second over time, by kind where kinds were recorded, else by operation."""
    if not any(one.failed for one in seconds):
        return Markup("")
    kinds: Counter[str] = Counter()
    for one in seconds:
        kinds.update(_kinds(one))
    width = width_of(int(_extent(seconds)))
    shown = [kind for kind, _ in kinds.most_common(len(_STYLES))]
    lines = []
    for kind, style in zip(shown, _STYLES, strict=False):
        series: Counter[int] = Counter()
        for one in seconds:
            series[one.second // width] += _kinds(one).get(kind, 0)
        spots = [
            (n * width + width / 2, series[n] / width)
            for n in range(math.ceil(_extent(seconds) / width))
        ]
        lines.append(Line(kind[:18], style, spots))
    hidden = len(kinds) - len(shown)
    return figure(
        anchor,
        "Failures over time, by kind",
        "; ".join(f"{kind}: {units.number(count)}" for kind, count in kinds.most_common()) + ".",
        scale.elapsed("time since the start of the load", _extent(seconds)),
        scale.amounts("failures per second", [y for line in lines for _, y in line.points if y]),
        lines,
        note=units.counted(sum(kinds.values()), "failure")
        + (f"; {hidden} rarer kinds are left to the table" if hidden > 0 else ""),
        height=200,
    )


def _kinds(second: LoadSecond) -> dict[str, int]:
    return second.errors or ({second.operation: second.failed} if second.failed else {})
