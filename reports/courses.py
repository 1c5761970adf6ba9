"""What checks saw happen over time: how something added up, and what was so meanwhile."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from markupsafe import Markup

from stepwedge.events import Course, Spell, Timeline
from stepwedge.reports import scale, units
from stepwedge.reports.plot import Band, Line, figure

_STYLES = ("s1", "s2", "s3", "s4", "s5", "s6")
# Finer steps cannot be seen, nor be read off by a pointer.
_MOST_POINTS = 120


def timeline(anchor: str, one: Timeline) -> Markup:
    """The figure of a timeline: each course as a count that grows, each spell as a band."""
    courses = one.courses[: len(_STYLES)]
    ends = [at for course in courses for at in course.times] + [spell.ends for spell in one.spells]
    longest = max(ends, default=0.0)
    lines = [
        Line(course.name, style, points, stepped=True, shown=_shown(course.name, points))
        for course, style in zip(courses, _STYLES, strict=False)
        if (points := steps(course.times, longest))
    ]
    if not lines:
        return Markup("")
    return figure(
        anchor,
        one.title,
        " ".join([*map(_course, courses), *(_spell(spell, courses) for spell in one.spells)]),
        scale.elapsed("time since the beginning", longest),
        scale.amounts("how many so far", [float(len(course.times)) for course in courses]),
        lines,
        bands=[Band(spell.begins, spell.ends, spell.name) for spell in one.spells],
        note=". ".join(filter(None, ["; ".join(map(_ends, courses)), one.note])),
    )


def steps(times: Sequence[float], longest: float) -> list[tuple[float, float | None]]:
    """How many there were by each moment, from none at the start to all of them at the end.

    Many moments are thinned; the first and the last ones stay.
    """
    if not times:
        return []
    ordered = sorted(times)
    pace = max(1, -(-len(ordered) // _MOST_POINTS))
    counts = sorted({1, *range(pace, len(ordered), pace), len(ordered)})
    points: list[tuple[float, float | None]] = [(0.0, 0.0)]
    points += [(ordered[count - 1], float(count)) for count in counts]
    return [*points, (longest, float(len(ordered)))]


def _shown(name: str, points: Sequence[tuple[float, float | None]]) -> list[str]:
    return [f"{at:.2f} s: {units.number(count or 0)} {name}" for at, count in points]


def _ends(course: Course) -> str:
    count = units.number(len(course.times))
    last = f", the last after {units.seconds(max(course.times))}" if course.times else ""
    return f"{course.name}: {count}{last}"


def _course(course: Course) -> str:
    if not course.times:
        return f"{course.name}: none."
    return (
        f"{course.name}: {units.number(len(course.times))}, from "
        f"{units.seconds(min(course.times))} to {units.seconds(max(course.times))}."
    )


def _spell(spell: Spell, courses: Sequence[Course]) -> str:
    within = "; ".join(
        f"{units.number(_between(course.times, spell))} {course.name}" for course in courses
    )
    return (
        f"{spell.name} from {units.seconds(spell.begins)} to {units.seconds(spell.ends)}; "
        f"meanwhile {within}."
    )


def _between(times: Sequence[float], spell: Spell) -> int:
    ordered = sorted(times)
    return bisect_right(ordered, spell.ends) - bisect_right(ordered, spell.begins)
