"""The run record: a folder, a hash chain, a seal."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from stepwedge.events import Note
from stepwedge.record import EVENTS, Record, RecordError, read_events, seal, verify, write_evidence


def note(text: str) -> Note:
    return Note(at=1.0, severity="info", text=text)


def make(parent: Path, *texts: str) -> Path:
    with Record.create(parent, "pacs", at=0.0) as record:
        for text in texts:
            record.emit(note(text))
    return record.folder


def texts(folder: Path) -> list[str]:
    return [event.text for event in read_events(folder) if isinstance(event, Note)]


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    """What was emitted is read again, in order."""
    folder = make(tmp_path, "one", "zwei – 2", "三")
    assert texts(folder) == ["one", "zwei – 2", "三"]
    assert folder.name == "19700101T000000Z-pacs"


def test_an_interrupt_does_not_break_the_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C between a line and its place in the chain is raised after both are there."""

    def interrupted(raw: bytes) -> object:
        signal.raise_signal(signal.SIGINT)
        return hashlib.sha256(raw)

    with Record.create(tmp_path, "pacs") as record:
        with monkeypatch.context() as patch:
            patch.setattr("stepwedge.record.hashlib", SimpleNamespace(sha256=interrupted))
            with pytest.raises(KeyboardInterrupt):
                record.emit(note("one"))
        record.emit(note("two"))
    assert texts(record.folder) == ["one", "two"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    """A run never writes into another's folder."""
    assert make(tmp_path, "a") != make(tmp_path, "b")


def test_a_second_process_appends(tmp_path: Path) -> None:
    """Opening an existing run continues its chain."""
    folder = make(tmp_path, "one")
    with Record.open(folder) as record:
        record.emit(note("two"))
    assert texts(folder) == ["one", "two"]


@pytest.mark.parametrize("change", ["edit", "drop", "swap"])
def test_a_changed_record_is_seen(tmp_path: Path, change: str) -> None:
    """An edited, missing or reordered line breaks the chain."""
    folder = make(tmp_path, "one", "two", "three")
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    if change == "edit":
        lines[0] = lines[0].replace(b"one", b"0ne")
    elif change == "drop":
        del lines[1]
    else:
        lines[0], lines[1] = lines[1], lines[0]
    (folder / EVENTS).write_bytes(b"".join(lines))
    with pytest.raises(RecordError, match="hash chain is broken"):
        read_events(folder)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """A run that was killed in the middle of a line is readable up to there, and goes on."""
    folder = make(tmp_path, "one")
    with (folder / EVENTS).open("ab") as file:
        file.write(b'{"n":1,"prev":"abc')
    assert texts(folder) == ["one"]
    with Record.open(folder) as record:
        record.emit(note("two"))
    assert texts(folder) == ["one", "two"]


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    """A wrong folder is an error in words."""
    with pytest.raises(RecordError, match="is not a run folder"):
        read_events(tmp_path)


def test_a_sealed_run_verifies_until_it_is_changed(tmp_path: Path) -> None:
    """verify finds changed, added and missing evidence, and says nothing about reports."""
    folder = make(tmp_path, "one")
    path = write_evidence(folder, "FIND-001 [a/b].bin", b"bytes")
    assert path == "evidence/FIND-001-a-b-.bin"
    seal(folder)
    (folder / "report.html").write_text("drawn later")
    assert verify(folder) == []
    (folder / path).write_bytes(b"other")
    (folder / "evidence" / "more").write_bytes(b"")
    problems = " / ".join(verify(folder))
    assert "was changed" in problems
    assert "evidence/more was added later" in problems
    (folder / path).unlink()
    assert any("is missing" in problem for problem in verify(folder))
