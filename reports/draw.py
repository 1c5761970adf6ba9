"""Drawing the reports of a run, and keeping its seal whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from stepwedge.record import SUMS, seal
from stepwedge.reports import allure, html, junit, statement, traceability
from stepwedge.reports.model import RunView, read_view

# The reports by name, each a function that writes one into a folder and returns its path; None when
# the run has nothing for it.
REPORTS: dict[str, Callable[[RunView, Path], Path | None]] = {
    "html": html.write,
    "junit": junit.write,
    "allure": allure.write,
    "csv": traceability.write,
    "claims": statement.write,
}


def draw(folder: Path, names: Sequence[str]) -> list[Path]:
    """Draws the named reports into the run folder and returns their paths.

    A sealed record that still verifies is sealed again over the new views; one that was changed is
    drawn with a warning on it, and its broken seal is left as it is.

    Raises RecordError when the folder is no run, or its hash chain is broken.
    """
    view = read_view(folder)
    drawn = [REPORTS[name](view, folder) for name in names]
    paths = [path for path in drawn if path is not None]
    if (folder / SUMS).exists() and not view.problems:
        seal(folder)
    return paths


def draw_all(folder: Path) -> list[Path]:
    """Draws all reports of a run, complete or not; `report.html` comes first."""
    return draw(folder, tuple(REPORTS))
