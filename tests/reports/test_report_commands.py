"""The commands `report` and `verify`."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_records
from click.testing import CliRunner
from run_records import write

from stepwedge.errors import StepwedgeError
from stepwedge.record import EVENTS
from stepwedge.reports import commands


def run(command: str, *arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(
        getattr(commands, command), [str(one) for one in arguments], catch_exceptions=True
    )
    if isinstance(result.exception, StepwedgeError):
        raise result.exception
    return result.exit_code, result.output


def test_report_draws_all(tmp_path: Path) -> None:
    """Without options every report is drawn and named, after the summary."""
    folder = write(tmp_path, "run", run_records.failing())
    code, output = run("report", folder)
    assert code == 0 and "Not conformant" in output
    for name in ("report.html", "junit.xml", "allure-results", "traceability.csv"):
        assert (folder / name).exists() and str(folder / name) in output


def test_report_draws_what_is_asked_for(tmp_path: Path) -> None:
    """An option draws that report only."""
    folder = write(tmp_path, "run", run_records.passing())
    code, output = run("report", folder, "--junit", "--quiet")
    assert (code, output.split()) == (0, [str(folder / "junit.xml")])
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("command", ["report", "verify"])
def test_a_folder_that_is_no_run(command: str, tmp_path: Path) -> None:
    """A folder without a record is named, with what to do."""
    with pytest.raises(StepwedgeError, match="is not a run folder"):
        run(command, tmp_path)


def test_verify_says_so(tmp_path: Path) -> None:
    """A sealed run verifies; drawing its reports does not break the seal."""
    folder = write(tmp_path, "run", run_records.passing())
    run("report", folder, "--quiet")
    code, output = run("verify", folder)
    assert code == 0 and "is as it was written" in output


def test_verify_names_what_was_changed(tmp_path: Path) -> None:
    """Evidence that was changed or added makes verify fail and name it."""
    folder = write(tmp_path, "run", run_records.passing())
    (folder / "evidence" / "later.bin").write_bytes(b"x")
    code, output = run("verify", folder)
    assert code == 1 and "evidence/later.bin was added later" in output


def test_a_broken_chain_is_refused(tmp_path: Path) -> None:
    """A line that was edited breaks the hash chain: verify says so, no report is drawn of it."""
    folder = write(tmp_path, "run", run_records.passing())
    path = folder / EVENTS
    path.write_bytes(path.read_bytes().replace(b'"seed":7', b'"seed":8'))
    with pytest.raises(StepwedgeError, match="hash chain is broken"):
        run("report", folder)
    code, output = run("verify", folder)
    assert code == 1 and "hash chain is broken" in output
    assert "events.ndjson was changed" in output
