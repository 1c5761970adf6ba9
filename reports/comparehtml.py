"""`compare.html`: a comparison of two runs on one page that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

from stepwedge.errors import Exit
from stepwedge.reports import compare, html
from stepwedge.reports.compare import Comparison
from stepwedge.reports.forest import forest

_WORDS = {
    Exit.HELD: ("pass", "Not worse"),
    Exit.NOT_CONFORMANT: ("fail", "Worse: a check fails that did not fail before"),
    Exit.SERVICE_LEVEL_MISSED: ("fail", "Worse: a gate was crossed"),
}


def write(comparison: Comparison, path: Path) -> Path:
    """Writes the page to `path`."""
    path.write_text(render(comparison), encoding="utf-8")
    return path


def render(comparison: Comparison) -> str:
    """The page as text."""
    slug, word = _WORDS[comparison.exit_code]
    figure = forest(
        "ratios",
        "After compared with before",
        compare.forest_rows(comparison.ratios),
        note="ratios with 95 % bootstrap intervals; left of 1 is less, right of it more",
    )
    return (
        html.environment()
        .get_template("compare.html.j2")
        .render(
            it=comparison,
            slug=slug,
            word=word,
            figure=figure,
            value=compare.value,
            meaning=compare.meaning,
            **html.shell(),
        )
    )
