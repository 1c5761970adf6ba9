"""Two runs compared: what changed, what was shown, what is only chance, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from run_events import catalogued, check_finished, run_started
from run_records import another, ended, failing, write

from stepwedge.errors import UsageError
from stepwedge.reports.commands import compare
from stepwedge.reports.compare import meaning, read_comparison
from stepwedge.statistics import Ratio
from stepwedge.verdicts import Verdict


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """A run, and a later one with a slower load."""
    return write(tmp_path, "before", failing()), write(tmp_path, "after", another())


def test_changes_by_urgency(runs: tuple[Path, Path]) -> None:
    """What got worse comes first; what is gone is said; what ended as before is only counted."""
    found = read_comparison(*runs)
    assert [(change.name, change.kind) for change in found.changes] == [
        ("FIND-030", "worse"),
        ("FIND-020", "better"),
        ("FIND-021", "better"),
        ("STOR-030", "better"),
        ("FIND-090", "changed"),
        ("MOVE-020", "changed"),
        ("MOVE-050", "changed"),
        ("ASSO-020", "vanished"),
    ]
    assert found.same == 11 and found.exit_code == 1
    assert found.sentence.startswith("1 check got worse (FIND-030); 3 checks got better")


def test_a_slower_median_is_shown_and_a_wide_interval_is_not(runs: tuple[Path, Path]) -> None:
    """The words claim a difference only where the interval excludes chance."""
    words = {
        f"{one.operation}.{one.measure}": meaning(one)[1] for one in read_comparison(*runs).ratios
    }
    assert words["C-STORE.response.p50"] == "worse"
    assert words["C-STORE.response.p95"] == "same"
    assert words["C-STORE.rate"] == "same"


@pytest.mark.parametrize(
    ("measure", "ratio", "words", "style"),
    [
        ("response.p95", 1.5, "50 % slower", "worse"),
        ("response.p95", 0.5, "50 % faster", "better"),
        ("rate", 1.5, "50 % more done", "better"),
        ("rate", 0.5, "50 % less done", "worse"),
        ("errors", 1.5, "50 % more failures", "worse"),
        ("errors", 0.5, "50 % fewer failures", "better"),
    ],
)
def test_words_say_which_way_is_worse(measure: str, ratio: float, words: str, style: str) -> None:
    """More is worse for latency and failures, and better for throughput."""
    one = Ratio("C-STORE", measure, 1, ratio, ratio, ratio - 0.1, ratio + 0.1, (100, 100))
    assert meaning(one) == (words, style)


def test_what_else_differed_is_named(runs: tuple[Path, Path]) -> None:
    """Another seed is a difference that is not the server's."""
    assert ("Seed", "7", "8") in read_comparison(*runs).differences


def test_the_command_draws_and_gates(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """The page is written where it is asked for; a crossed condition is said."""
    page = tmp_path / "compared.html"
    gate = "C-STORE.response.p50 > +5%"
    result = CliRunner().invoke(
        compare, [*map(str, runs), "--output", str(page), "--fail-if", gate]
    )
    assert result.exit_code == 1 and "gate crossed" in result.output.replace("\n", " ")
    text = page.read_text("utf-8")
    assert (
        "Gate crossed" in text
        and "no difference shown" in text
        and "http" not in text.replace("http-equiv", "")
    )


def test_a_crossed_gate_alone_exits_with_two(tmp_path: Path) -> None:
    """Without a new failure a regression in load is exit code 2; without a gate it is 0."""
    folders = [write(tmp_path, str(seed), another(slower)) for seed, slower in ((1, 1.0), (2, 2.0))]
    output = ["--output", str(tmp_path / "compare.html")]
    gated = [*map(str, folders), *output, "--fail-if", "C-STORE.response.p50 > +5%"]
    assert CliRunner().invoke(compare, gated).exit_code == 2
    assert CliRunner().invoke(compare, [*map(str, folders), *output]).exit_code == 0


def test_a_gate_on_nothing_is_refused(runs: tuple[Path, Path]) -> None:
    """A condition about what neither run holds must not pass."""
    result = CliRunner().invoke(compare, [*map(str, runs), "--fail-if", "C-GET.rate < -5%"])
    assert isinstance(result.exception, UsageError)


def test_runs_that_ended_alike(tmp_path: Path) -> None:
    """Two equal runs say so; text of the server stays text."""
    loud = check_finished(verdict=Verdict.FAIL, observed="<b>loud</b>")
    events = [ended([run_started(), *catalogued(3), *extra]) for extra in ([], [loud])]
    folders = [write(tmp_path, str(number), one) for number, one in enumerate(events)]
    assert read_comparison(folders[0], folders[0]).sentence == "All 3 checks ended as before."
    page = tmp_path / "compare.html"
    CliRunner().invoke(compare, [*map(str, folders), "--output", str(page)])
    assert "&lt;b&gt;loud" in page.read_text("utf-8")
