"""Earlier runs: what is run again, and since when a finding stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_events
import run_records

from stepwedge import history
from stepwedge.cli.main import run
from stepwedge.errors import Exit, UsageError
from stepwedge.events import CheckFinished, RunStarted
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.reports import html
from stepwedge.reports.model import read_view
from stepwedge.verdicts import Level, Verdict

TARGET = {"name": "archive", "host": "127.0.0.1", "port": "11112", "ae_title": "ARCHIVE"}


def started(at: float, **target: str) -> RunStarted:
    """The opening event of a run at a time."""
    event = run_events.run_started(target={**TARGET, **target})
    return RunStarted(**{**{f: getattr(event, f) for f in event.__struct_fields__}, "at": at})


def ended(verdict: Verdict, id: str = "FIND-033") -> CheckFinished:
    """One check that ended."""
    return CheckFinished(
        at=1.0, id=id, node=id, service="query", sentence="A sentence.", clause="PS3.4 C",
        edition="2025a", level=Level.SHALL, claim="", verdict=verdict, duration=0.1,
        expected="this", observed="that",
    )  # fmt: skip


def ran(runs: Path, at: float, *checks: CheckFinished, **target: str) -> Path:
    """A run folder of that time."""
    return run_records.write(runs, f"at-{at:g}", [started(at, **target), *checks])


def test_the_last_run_of_the_same_target_counts(tmp_path: Path) -> None:
    """Other targets, later runs and runs without checks are passed over."""
    ran(tmp_path, 1, ended(Verdict.FAIL), ended(Verdict.PASS, "FIND-034"))
    ran(tmp_path, 2, ended(Verdict.FAIL, "FIND-035"), ae_title="OTHER")
    ran(tmp_path, 3)
    ran(tmp_path, 9, ended(Verdict.FAIL, "FIND-036"))
    assert history.unsettled(tmp_path, TARGET, before=4) == {"FIND-033"}


def test_no_earlier_run_is_told(tmp_path: Path) -> None:
    """Without a run to go by, the folder that was looked in is named."""
    with pytest.raises(UsageError, match="no earlier run against archive"):
        history.unsettled(tmp_path, TARGET, before=4)


def test_a_damaged_run_is_passed_over(tmp_path: Path) -> None:
    """History is a help: what cannot be read does not count."""
    ran(tmp_path, 1, ended(Verdict.FAIL))
    folder = ran(tmp_path, 2, ended(Verdict.WARN))
    (folder / "events.ndjson").write_bytes(b"{}\n")
    assert history.unsettled(tmp_path, TARGET, before=4) == {"FIND-033"}


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ([], None),
        ([Verdict.PASS], "this run; pass in {0}"),
        ([Verdict.FAIL], "run {0} at least"),
        ([Verdict.WARN, Verdict.FAIL, Verdict.FAIL], "run {1}; warn in {0}"),
    ],
    ids=["first", "new", "old", "changed"],
)
def test_since_when(before: list[Verdict], told: str | None, tmp_path: Path) -> None:
    """A verdict stands since the first run of those in a row that end with it."""
    folders = [ran(tmp_path, 1 + n, ended(verdict)) for n, verdict in enumerate(before)]
    now = ran(tmp_path, 9, ended(Verdict.FAIL))
    view = read_view(now)
    assert view.run is not None
    expected = told and told.format(*(folder.name for folder in folders))
    assert history.since(now, view.run, {"FIND-033": Verdict.FAIL}).get("FIND-033") == expected
    page = html.write(view, now).read_text(encoding="utf-8")
    assert ("<dt>Since</dt>" in page) == (told is not None)


def test_only_what_did_not_pass_is_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--rerun-failed` runs the cases that failed or warned, and then there is nothing left."""
    runs = tmp_path / "runs"
    with ReferencePacs(tmp_path / "pacs", defects=frozenset({"echo-any-sop-class"})) as pacs:
        command = [
            "check", "--pacs-host", "127.0.0.1", "--pacs-port", str(pacs.port),
            "--pacs-aet", "REFERENCE", "--runs", str(runs),
        ]  # fmt: skip
        assert run([*command, "ECHO-00", "ECHO-10"]) == Exit.HELD
        pacs.use(())
        assert run([*command, "--rerun-failed"]) == Exit.HELD
        newest = max(runs.iterdir(), key=lambda folder: folder.name)
        assert [check.id for check in read_view(newest).checks] == ["ECHO-102"]
        assert run([*command, "--rerun-failed"]) == Exit.NOTHING_EXECUTED
    assert "Nothing is run again" in capsys.readouterr().err
