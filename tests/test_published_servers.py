"""The servers of docs/servers.md: every verdict as their baselines say, in both directions.

The archives among them that `test_real_servers` holds to theirs are not run here again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwedge.cli.matrix import read_back, verify
from stepwedge.fixtures.servers.subjects import HOSTILE, SUBJECTS

ELSEWHERE = ("reference", "orthanc", "dcmqrscp")
# Half a minute and more each.
LONG = ("qrscp", "storescp", "dcmrecv")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] if name in LONG else [])
        for name in SUBJECTS
        if name not in ELSEWHERE
    ],
)
def test_the_suites_find_what_is_known_and_nothing_else(name: str, tmp_path: Path) -> None:
    """A new deviation fails here, and so does one that is gone but still in the baseline."""
    verified = verify(SUBJECTS[name], tmp_path)
    view = verified.view
    again = read_back(SUBJECTS[name], tmp_path)
    assert (again.version, again.verdicts) == (verified.version, verified.verdicts)
    (compared,) = view.baselines
    assert compared.problems == []
    assert [f"{e.key}: {e.reason}" for e in view.checks if e.verdict == "error"] == []
    assert view.finished is not None and view.finished.exit_code == 0
    failed = any(check.verdict == "fail" for check in view.checks)
    blocked = sum(check.verdict == "blocked" for check in view.checks)
    held = f"Held, but {blocked} could not be tried" if blocked else "Held"
    headline = "Not conformant, as known" if failed else held
    report = (view.folder / "report.html").read_text(encoding="utf-8")
    assert f"<strong>{headline}</strong>" in report


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_finds_what_is_known_and_nothing_else(name: str, tmp_path: Path) -> None:
    """Under hostile input, too, a server does what its baseline says: the same each time."""
    view = verify(SUBJECTS[name], tmp_path, hostile=True).view
    (compared,) = view.baselines
    assert compared.problems == []
    assert [f"{e.key}: {e.reason}" for e in view.checks if e.verdict == "error"] == []
