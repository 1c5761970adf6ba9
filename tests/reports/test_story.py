"""The story that checks play, told in the page: chapters in order, who did what, and evidence."""

from __future__ import annotations

from pathlib import Path

from run_events import START, check_finished, run_started, target_seen
from run_records import ended, write

from stepwedge.events import Act, AnyEvent
from stepwedge.reports import html
from stepwedge.reports.draw import draw
from stepwedge.verdicts import Verdict


def told() -> list[AnyEvent]:
    study = "2.25.4711"
    return ended(
        [
            run_started(),
            target_seen(),
            check_finished(
                "SHARE-010",
                Verdict.FAIL,
                service="sharing",
                expected="no match",
                observed="1",
                acts=[Act(START + 5, "dr.other", "asks for the study: 1 match", study)],
            ),
            check_finished(
                "SHARE-001",
                service="sharing",
                acts=[
                    Act(START + 1, "The hospital", "stores <3> images", study),
                    Act(START + 2, "dr.own", "asks for the study: 0 matches", study),
                ],
                evidence=[
                    "evidence/SHARE-001-1.pcap",
                    "evidence/SHARE-001-1.bin",
                    "evidence/SHARE-001-the-login-of-dr.own.audit.xml",
                ],
            ),
        ]
    )


def test_chapters_in_the_order_they_were_played(tmp_path: Path) -> None:
    """Chapters stand by time, with their acts, what went wrong, and the evidence one can open."""
    folder = write(tmp_path, "run", told())
    draw(folder, ["html"])
    page = (folder / html.FILE).read_text(encoding="utf-8")
    story = page[page.index('<section id="story"') :].partition("</section>")[0]
    assert story.index("stores &lt;3&gt; images") < story.index("dr.other")
    assert "2 chapters, 3 actors, 4.00 s: 1 went as they must, 1 did not." in story
    assert "Expected no match; came 1." in story and 'href="#finding-SHARE-010"' in story
    assert ">conversation 1</a>" in story and ".bin" not in story
    assert ">audit message: the login of dr.own</a>" in story
    assert '<a href="#story">' in page


def test_no_story(tmp_path: Path) -> None:
    """A run whose checks play none has no such section."""
    folder = write(tmp_path, "run", ended([run_started(), check_finished()]))
    draw(folder, ["html"])
    assert 'id="story"' not in (folder / html.FILE).read_text(encoding="utf-8")
