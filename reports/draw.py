"""Drawing every report of a run, and keeping its seal whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stepwedge.record import SUMS, seal
from stepwedge.reports import html, traceability
from stepwedge.reports.model import RunView, read_view

# The reports by name: how each is drawn into a folder.
REPORTS = {
    "html": lambda view, folder: [html.write(view, folder)],
    "csv": lambda view, folder: [traceability.write(view, folder)],
}


def draw(folder: Path, names: Sequence[str]) -> list[Path]:
    """Draws the named reports into the run folder and returns their paths.

    A sealed record that still verifies is sealed again over the new views; one that was changed is
    drawn with a warning on it, and its broken seal is left as it is.

    Raises RecordError when the folder is no run, or its hash chain is broken.
    """
    view: RunView = read_view(folder)
    paths = [path for name in names for path in REPORTS[name](view, folder)]
    if (folder / SUMS).exists() and not view.problems:
        seal(folder)
    return paths


def draw_all(folder: Path) -> list[Path]:
    """Draws all reports of a run, complete or not; `report.html` comes first."""
    return draw(folder, tuple(REPORTS))
