"""`report.html`: whole, offline, safe against what a server says, and small enough to forward."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import run_events
import run_records
from run_events import check_finished, run_started
from run_records import KINDS, MARKUP, ended, write

from stepwedge.events import AnyEvent
from stepwedge.record import seal, verify
from stepwedge.reports import html
from stepwedge.reports.draw import draw_all
from stepwedge.reports.model import read_view
from stepwedge.verdicts import Verdict

VOID = {"meta", "link", "br", "img", "input", "hr", "base", "col", "wbr", "source"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order; ids, links and texts collected."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute stands twice in <{tag}>"
        self.elements.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page_of(folder: Path) -> Page:
    return Page((folder / html.FILE).read_text(encoding="utf-8"))


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[[list[AnyEvent]], Page]:
    """Writes events as a record, draws it, and reads the page back."""

    def draw(events: list[AnyEvent]) -> Page:
        folder = write(tmp_path, "run", events)
        draw_all(folder)
        return page_of(folder)

    return draw


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "huge"])
def test_page_is_well_formed(kind: str, drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """Every kind of run gives a page whose elements nest and whose inner links lead somewhere."""
    page = drawn(KINDS[kind]())
    assert len(page.ids) == len(set(page.ids)), "an id stands twice"
    for _, attributes in page.elements:
        target = attributes.get("href", "")
        if target.startswith("#"):
            assert target[1:] in page.ids, f"{target} leads nowhere"
        for name in ("aria-labelledby", "aria-describedby"):
            for reference in attributes.get(name, "").split():
                assert reference in page.ids


@pytest.mark.parametrize("kind", ["failing", "hostile", "load-only"])
def test_page_loads_nothing(kind: str, drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """No element of the page can fetch: links lead to anchors or into the run folder only."""
    page = drawn(KINDS[kind]())
    for tag, attributes in page.elements:
        assert tag not in {"img", "link", "iframe", "object", "embed", "base", "audio", "video"}
        assert "src" not in attributes and "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        assert re.match(r"#|\./|traceability\.csv$|$", attributes.get("href", ""))
    css = (Path(html.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    assert "url(" not in css and "@import" not in css


def test_what_a_server_says_stays_text(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """Markup in any value is shown as it was said, and makes no element."""
    page = drawn(run_records.hostile())
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert " ".join(MARKUP.split()) in page.text


def test_policy_names_the_style_and_script_it_carries(
    drawn: Callable[[list[AnyEvent]], Page],
) -> None:
    """The content security policy forbids everything but what is written into the page."""
    page = drawn(run_records.passing())
    policy = next(
        attributes["content"]
        for _, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    assert policy.count("'sha256-") == 2 and "unsafe" not in policy


def test_evidence_links_stay_in_the_run_folder() -> None:
    """A path that would lead elsewhere is bent back into the run folder."""
    assert html.href("evidence/FIND-040.pcap") == "./evidence/FIND-040.pcap"
    assert html.href("../../etc/passwd") == "./etc/passwd"
    assert html.href("/etc/passwd") == "./etc/passwd"
    assert html.href("javascript:alert(1)") == "./javascript%3Aalert%281%29"


def test_a_large_run_stays_below_two_megabytes(tmp_path: Path) -> None:
    """400 checks and an hour of load make a page that a mail server still takes."""
    folder = write(tmp_path, "huge", run_records.huge())
    draw_all(folder)
    assert (folder / html.FILE).stat().st_size < 2_000_000
    assert len(read_view(folder).checks) == 400


def test_first_screen_says_what_matters(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """Target, implementation, address, seed, verdict, counts and what was not tested come first."""
    page = drawn(run_records.failing())
    first = page.text.split("Findings")[0]
    for phrase in (
        "archive",
        "OFFIS_DCMTK_367",
        "1.2.276.0.7230010.3.0.3.6.7",
        "127.0.0.1:11112",
        "Not conformant: 3 of 15 checks failed",
        "Exit code 1",
        "Seed 7",
        "2026-03-02 08:00:00 UTC",
        "MOVE-001 failed: nothing was sent to our receiver",
        "the target does not claim get.study",
        "Modality Worklist (abstract syntax not supported)",
    ):
        assert phrase in first


def test_lost_data_is_the_first_finding(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """Acknowledged but lost stands before every failed check."""
    cards = [
        attributes["id"]
        for tag, attributes in drawn(run_records.failing()).elements
        if tag == "article" and "card" in attributes.get("class", "")
    ]
    assert cards[0] == "finding-load-0-missing"
    assert cards.index("finding-MOVE-001") < cards.index("finding-FIND-090")


def test_a_killed_run_is_drawn(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """A record without an end gives a report that says so."""
    page = drawn(run_records.killed())
    assert "the record has no end" in page.text
    assert "The load did not end" in page.text


def test_an_empty_record_is_drawn(tmp_path: Path) -> None:
    """A run that wrote nothing gives a page that says that nothing was executed."""
    folder = write(tmp_path, "empty", [])
    draw_all(folder)
    assert "Nothing was executed" in page_of(folder).text


def test_a_changed_record_is_marked(tmp_path: Path) -> None:
    """Evidence that was changed after sealing puts a warning on the page, and the seal stays."""
    folder = write(tmp_path, "run", run_records.passing(), sealed=False)
    (folder / "evidence" / "note.txt").write_text("before")
    html_before = draw_all(folder)
    assert html_before[0].name == html.FILE
    seal(folder)
    sums = (folder / "SHA256SUMS").read_bytes()
    (folder / "evidence" / "note.txt").write_text("after")
    draw_all(folder)
    assert "The record was changed after it was sealed" in page_of(folder).text
    assert (folder / "SHA256SUMS").read_bytes() == sums


def test_drawing_again_keeps_the_seal(tmp_path: Path) -> None:
    """A sound record still verifies after its reports were drawn again, even by other hands."""
    folder = write(tmp_path, "run", run_records.failing())
    draw_all(folder)
    assert verify(folder) == []
    (folder / html.FILE).write_text("drawn by an older version")
    draw_all(folder)
    assert verify(folder) == []


def test_cases_of_one_check_lead_to_their_own_rows(
    drawn: Callable[[list[AnyEvent]], Page],
) -> None:
    """Each case of a parametrised check has an anchor of its own."""
    checks = [
        check_finished("FIND-040", Verdict.FAIL, node=f"t.py::t[{case}]", parameter=case)
        for case in ("PN", "LO")
    ]
    page = drawn(ended([run_started(), *checks]))
    assert {"check-FIND-040", "check-FIND-040-2"} <= set(page.ids)


def test_known_deviations_are_marked(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """What the baseline knows still has its card, last and said to be known."""
    page = drawn(run_records.known())
    assert "known: as the baseline says" in page.text
    assert "Held" in page.text and "Exit code 0" in page.text


def test_a_broken_baseline_comes_before_what_it_knows(
    drawn: Callable[[list[AnyEvent]], Page],
) -> None:
    """A problem of the baseline is a finding, and stands before known deviations."""
    events = [
        run_started(),
        check_finished("FIND-001", Verdict.FAIL),
        check_finished("FIND-002", Verdict.PASS),
        run_records.BaselineCompared(
            at=run_events.START + 2,
            file="archive.toml",
            known=["FIND-001"],
            problems=["FIND-002 passes now: take it out of the baseline"],
        ),
    ]
    cards = [
        attributes["id"]
        for tag, attributes in drawn(ended(events)).elements
        if tag == "article" and "card" in attributes.get("class", "")
    ]
    assert cards == ["finding-baseline-0-0", "finding-FIND-001"]


def test_capacity_is_drawn(drawn: Callable[[list[AnyEvent]], Page]) -> None:
    """The knee is said in operations and in exams a year, with every trial below it."""
    page = drawn(run_records.known())
    assert "Sustains 30.0 /s of C-STORE, 412 000 exams a year" in page.text
    assert "C-STORE: response time by load" in page.text
