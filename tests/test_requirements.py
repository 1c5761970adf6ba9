"""Requirements as data: the table and the checks say the same, and what differs is told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from stepwedge.checks import Check
from stepwedge.cli.catalogue import catalogue
from stepwedge.cli.main import run
from stepwedge.errors import Exit, StepwedgeError
from stepwedge.requirements import Requirement, problems, read, requirements, without_table
from stepwedge.verdicts import Level

HEAD = 'service = "query"\nedition = "2025a"\nactor = "SCP"\n'
ROW = Requirement(
    "query.universal", "query", "PS3.4 C.2.2.2.3", "2025a", "shall", "Matches all.", "SCP",
    checks=("FIND-033",),
)  # fmt: skip
FIND_033 = Check("FIND-033", "PS3.4 C.2.2.2.3", Level.SHALL, "find.study", ("a",), "Matches all.")


def found(row: Requirement = ROW, check: Check = FIND_033, service: str = "query") -> list[str]:
    """What is wrong between one row and one check."""
    return problems([row], {check.id: (check, service)})


def test_the_table_is_not_stale() -> None:
    """Every check verifies a requirement, under its clause; the rest says why it is untested."""
    checks = {entry.check.id: (entry.check, entry.service) for entry in catalogue()}
    assert problems(requirements(), checks) == []


def test_the_table_has_what_a_reader_needs() -> None:
    """A row is a sentence with a clause; a reason is a sentence, too."""
    for row in requirements():
        assert row.id.split(".")[0].islower(), row
        assert row.text.endswith("."), row
        assert not row.untested or row.untested.endswith("."), row


def test_what_agrees_has_no_problem() -> None:
    """A check under the clause and level of its requirement is right."""
    assert found() == []
    assert found(check=replace(FIND_033, level=Level.QUALITY)) == []


@pytest.mark.parametrize(
    ("problem", "row", "check"),
    [
        ("names FIND-034, which no check is called", replace(ROW, checks=("FIND-034",)), FIND_033),
        ("cites PS3.4 C.2.2.2.3, its check FIND-033 PS3.4 C.4", ROW,
         replace(FIND_033, clause="PS3.4 C.4")),
        ("cites edition 2025a, its check FIND-033 2024b", ROW, replace(FIND_033, edition="2024b")),
        ("is a should, its check FIND-033 a shall", replace(ROW, level="should"), FIND_033),
        ("has neither checks nor a reason", replace(ROW, checks=()), FIND_033),
        ("has both checks and a reason", replace(ROW, untested="Because."), FIND_033),
        ("FIND-033 verifies no requirement", replace(ROW, checks=(), untested="Why."), FIND_033),
        ("names MWL-999 besides, which no check is called", replace(ROW, also=("MWL-999",)),
         FIND_033),
    ],
)  # fmt: skip
def test_what_has_gone_apart_is_told(problem: str, row: Requirement, check: Check) -> None:
    """Each way in which table and checks can differ is a sentence that names both."""
    assert any(problem in sentence for sentence in found(row, check))


def test_a_check_belongs_to_one_requirement_of_its_service() -> None:
    """Two rows with one check, one id twice, and another service are told."""
    twice = problems([ROW, ROW], {"FIND-033": (FIND_033, "query")})
    assert "query.universal stands twice" in twice
    assert "FIND-033 is named by query.universal and by query.universal" in twice
    assert "is of query, its check FIND-033 of move" in found(service="move")[0]


def test_a_service_without_a_table_is_named_but_not_stale() -> None:
    """Checks of a service that has no table yet are told apart from forgotten ones."""
    other = replace(FIND_033, id="TLS-001")
    checks = {"FIND-033": (FIND_033, "query"), "TLS-001": (other, "security")}
    assert problems([ROW], checks) == []
    assert without_table([ROW], checks) == ["security"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[requirement", "is no TOML"),
        (HEAD + "colour = 1\n", "unknown 'colour'"),
        (HEAD + '[[requirement]]\nid = "a.b"\n', "requirement a.b has no clause"),
        (HEAD + '[[requirement]]\nid = "a"\nclause = "c"\nlevel = "must"\ntext = "t"\n',
         "'must' is no level"),
        (HEAD + '[[requirement]]\nid = "a"\nclause = "c"\nlevel = "may"\ntext = "t"\nchceks = []\n',
         "unknown 'chceks'"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_says_where(text: str, said: str) -> None:
    """A mistake in a table names the file, the row and the word."""
    with pytest.raises(StepwedgeError, match=said):
        read("query.toml", text)


def test_coverage_counts_by_service(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepwedge coverage` has a line a service, and one for all together."""
    assert run(["coverage"]) == Exit.HELD
    out = capsys.readouterr().out
    assert all(row.service in out for row in requirements())
    assert "together" in out


def test_coverage_gives_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    """`--untested` lists each requirement without a check, with the reason."""
    assert run(["coverage", "--untested", "--service", "move"]) == Exit.HELD
    out = capsys.readouterr().out
    for row in requirements():
        assert (row.untested in out) == (row.service == "move") or row.is_covered


def test_coverage_is_readable_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """CSV and JSON hold every row with its checks."""
    run(["coverage", "--format", "json"])
    rows = json.loads(capsys.readouterr().out)
    run(["coverage", "--format", "csv"])
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["id"] for row in rows] == [row["id"] for row in table]
    assert [row["id"] for row in rows] == [row.id for row in requirements()]
    assert [" ".join(row["checks"]) for row in rows] == [row["checks"] for row in table]


def test_coverage_fails_when_the_table_is_stale(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference is exit code 4, a wrong configuration, and is named."""
    monkeypatch.setattr("stepwedge.cli.coverage.requirements", lambda: (ROW,))
    assert run(["coverage"]) == Exit.WRONG_USAGE
    assert "FIND-034 verifies no requirement" in capsys.readouterr().err


def test_coverage_knows_its_services(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown service is wrong usage, and the known ones are named."""
    assert run(["coverage", "--service", "finding"]) == Exit.WRONG_USAGE
    assert "services are access, association" in capsys.readouterr().err


def test_defects_show_what_catches_them(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepwedge defects` names the checks of each defect, for programs too."""
    assert run(["defects", "--service", "verification"]) == Exit.HELD
    assert "ECHO-007" in capsys.readouterr().out
    assert run(["defects", "--service", "verification", "--csv"]) == Exit.HELD
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert ("echo-slow", "ECHO-007") in {(row["defect"], row["check"]) for row in table}
    assert run(["defects", "--service", "echoing"]) == Exit.WRONG_USAGE
    assert "services are negotiation" in capsys.readouterr().err
