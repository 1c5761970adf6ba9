"""What the checks of a service saw, as pictures: shown with the service, each with its check."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from stepwedge.events import CheckFinished
from stepwedge.reports import admissions, courses
from stepwedge.reports.model import RunView


@dataclass(frozen=True, slots=True)
class Picture:
    """The figures of one check."""

    check: CheckFinished
    figures: list[Markup]


def pictures(view: RunView) -> dict[str, list[Picture]]:
    """The pictures of each service that has any, in the order of the checks."""
    drawn: dict[str, list[Picture]] = {}
    for number, check in enumerate(view.checks):
        if figures := _of(check, f"picture-{number}"):
            drawn.setdefault(check.service, []).append(Picture(check, figures))
    return drawn


def _of(check: CheckFinished, anchor: str) -> list[Markup]:
    drawn = [
        courses.timeline(f"{anchor}-{number}", one) for number, one in enumerate(check.timelines)
    ]
    return [*(one for one in drawn if one), *admissions.curves(anchor, check.admissions)]
