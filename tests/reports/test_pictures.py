"""What checks saw, as pictures: timelines, crowds, and the cells of PS3.8 Table 9-10."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from run_events import check_finished
from run_records import pictured, write

from stepwedge.events import Admission, Course, Spell, Timeline
from stepwedge.reports import admissions, courses, html, transitions
from stepwedge.reports.draw import draw
from stepwedge.verdicts import Verdict
from stepwedge.wire.outside import unreachable
from stepwedge.wire.states import TRANSITIONS


def test_timeline_in_words_and_lines() -> None:
    """Each course is a stepped line, each spell a band, and both are told in words."""
    drawn = str(
        courses.timeline(
            "t",
            Timeline(
                "stores and a cut",
                [Course("by the edge", [1.0, 2.0, 3.0]), Course("by the PACS", [1.0, 6.0])],
                [Spell("network cut", 1.5, 5.0)],
                "one answer was lost",
            ),
        )
    )
    assert drawn.count('class="line s') == 2 and drawn.count('class="band"') == 1
    assert "network cut from 1.50 s to 5.00 s; meanwhile 2 by the edge; 0 by the PACS" in drawn
    assert "the last after 6.00 s. one answer was lost" in drawn


@pytest.mark.parametrize("count", [1, 2, 119, 121, 5000])
def test_many_moments_are_thinned_and_none_is_lost(count: int) -> None:
    """However many moments: a bounded number of points, never falling, that ends at all of them."""
    points = courses.steps([n / 10 for n in range(count)], count / 10)
    assert len(points) <= 125
    values = [value or 0 for _, value in points]
    assert values == sorted(values) and values[-1] == count
    assert [at for at, _ in points] == sorted(at for at, _ in points)


def test_nothing_happened() -> None:
    """A timeline without a moment, and a crowd beside which nobody tried, draw nothing."""
    assert not courses.timeline("t", Timeline("nothing", [Course("stored", [])]))
    assert not admissions.curves("a", [Admission(8, 0, 0)])


def test_nobody_gets_in() -> None:
    """Where nobody was served there are no times to draw, and the reasons are told."""
    (served,) = admissions.curves("a", [Admission(8, 5, 0, refused={"nothing within 10 s": 5})])
    assert "Beside 8: 0 of 5 served." in served and "5 × nothing within 10 s" in served


def test_every_cell_of_the_table_stands_somewhere() -> None:
    """A cell is gone through by a case, or the reason why it cannot be is written down."""
    from stepwedge.fixtures.hostile.cases import all_cases

    through = {cell for case in all_cases() for cell in case.cells}
    assert through <= set(TRANSITIONS)
    assert [cell for cell in TRANSITIONS if cell not in through and not unreachable(*cell)] == []


def test_standing_of_cells() -> None:
    """The worst check of a cell decides; a blocked one leaves it untested; the rest has reasons."""
    table = transitions.table(
        [
            check_finished("ROBS-001", Verdict.PASS, cells=["Evt10/Sta2"]),
            check_finished("ROBS-002", Verdict.FAIL, cells=["Evt10/Sta2"]),
            check_finished("ROBS-003", Verdict.BLOCKED, cells=["Evt16/Sta2"]),
            check_finished("ROBS-004", Verdict.PASS, cells=["Evt12/Sta8"]),
        ]
    )
    assert table is not None
    standings = {
        (row.event, state): cell.standing
        for row in table.rows
        for (state, _), cell in zip(table.states, row.cells, strict=True)
        if cell
    }
    assert len(standings) == len(TRANSITIONS) == sum(table.counts.values())
    assert standings["Evt10", "Sta2"] == "failed"
    assert standings["Evt16", "Sta2"] == standings["Evt6", "Sta6"] == "not tested"
    assert standings["Evt12", "Sta8"] == "passed"
    assert standings["Evt3", "Sta5"] == "not reachable"
    assert sum(map(len, table.reasons.values())) == table.counts["not reachable"]


def test_page_shows_them_with_their_checks(tmp_path: Path) -> None:
    """The page draws each with its service and leads to the check; a number measured is told."""
    folder = write(tmp_path, "run", pictured())
    draw(folder, ["html"])
    page = (folder / html.FILE).read_text(encoding="utf-8")
    assert page.count("<figure") == 3
    assert re.search(r'<td class="pass"><a href="#check-ROBS-001" title="ROBS-001: passed">', page)
    assert "added latency: 1.20 ms" in page


def test_a_check_that_is_not_claimed_is_short(tmp_path: Path) -> None:
    """What the target does not claim has its reason, and no command that repeats nothing."""
    check = check_finished("FIND-040", Verdict.NOT_CLAIMED, reason="does not claim find")
    folder = write(tmp_path, "run", [*pictured()[:1], check])
    draw(folder, ["html"])
    page = (folder / html.FILE).read_text(encoding="utf-8")
    row = page[page.index('id="check-FIND-040"') :].partition("</details>")[0]
    assert "does not claim find" in row and "stepwedge check" not in row
