"""`allure-results/`: an export that Allure reads and can compare with the run before."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import run_records
from run_events import check_finished, run_started
from run_records import ended, write

from stepwedge.events import AnyEvent
from stepwedge.reports import allure
from stepwedge.reports.model import read_view
from stepwedge.verdicts import Verdict


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """The results by the first word of their name."""
    read = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
    return {one["name"].split()[0]: one for one in read}


def drawn(tmp_path: Path, events: list[AnyEvent], label: str = "run") -> Path:
    folder = write(tmp_path, label, events)
    return allure.write(read_view(folder), folder)


def labels(result: dict[str, Any], name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_statuses_and_labels(tmp_path: Path) -> None:
    """Verdicts become Allure's statuses; service and topic become feature and story."""
    read = results(drawn(tmp_path, run_records.failing()))
    expected = {
        "FIND-020": "failed",
        "FIND-090": "broken",
        "MOVE-020": "skipped",
        "GETS-001": "skipped",
        "STOR-030": "passed",
        "FIND-010": "passed",
    }
    assert {id: read[id]["status"] for id in expected} == expected
    result = read["FIND-020"]
    assert labels(result, "epic") == ["Conformance"]
    assert labels(result, "feature") == ["query"] and labels(result, "story") == ["wildcards"]
    assert labels(result, "severity") == ["critical"]
    assert "warn" in labels(read["STOR-030"], "tag")
    assert [step["name"] for step in result["steps"]] == [
        "stored 3 instances of one study",
        "asked for them again",
    ]
    assert result["stop"] - result["start"] == 46  # milliseconds, the check's duration


def test_clause_is_linked(tmp_path: Path) -> None:
    """The clause leads to its place in the edition it was read in."""
    link = results(drawn(tmp_path, run_records.passing()))["FIND-020"]["links"][0]
    assert link["url"].endswith("/2025a/output/html/part04.html#sect_C.2.2.2.4")


def test_history_survives_another_run(tmp_path: Path) -> None:
    """The same check has the same history in another run, and a result of its own."""
    first = results(drawn(tmp_path, run_records.passing(), "one"))["FIND-020"]
    again = [run_started(run_id="another"), *run_records.passing()[1:]]
    second = results(drawn(tmp_path, again, "two"))["FIND-020"]
    assert first["historyId"] == second["historyId"]
    assert first["uuid"] != second["uuid"]


def test_parameters_hold_nothing_generated(tmp_path: Path) -> None:
    """UIDs, times and addresses would make every run a new test."""
    folder = drawn(tmp_path, run_records.failing())
    for result in results(folder).values():
        for parameter in result.get("parameters", []):
            assert not re.search(r"\d+(\.\d+){3}|20\d\d-", parameter["value"])
        assert "127.0.0.1" not in result["fullName"]


def test_evidence_is_attached(tmp_path: Path) -> None:
    """Evidence is copied beside the results; a path that leads out of the run is not followed."""
    check = check_finished(
        verdict=Verdict.FAIL,
        evidence=["evidence/FIND-040-1.pcap", "../outside.txt", "evidence/gone.bin"],
    )
    (tmp_path / "outside.txt").write_text("secret")
    folder = write(tmp_path, "run", ended([run_started(), check]))
    (folder / "evidence" / "FIND-040-1.pcap").write_bytes(b"pcap")
    target = allure.write(read_view(folder), folder)
    attachments = results(target)["FIND-040"]["attachments"]
    assert [one["name"] for one in attachments] == ["FIND-040-1.pcap"]
    assert (target / attachments[0]["source"]).read_bytes() == b"pcap"


def test_environment_and_categories(tmp_path: Path) -> None:
    """Environment is a properties file with its special characters escaped; categories are JSON."""
    target = {"name": "Köln: archive=1"}
    folder = drawn(tmp_path, ended([run_started(target=target), check_finished()]))
    text = (folder / "environment.properties").read_text("ascii")
    assert "Target=K\\u00f6ln\\:\\ archive\\=1\n" in text and "Seed=7\n" in text
    names = [one["name"] for one in json.loads((folder / "categories.json").read_text("utf-8"))]
    assert "Not conformant" in names and "Not claimed" in names
