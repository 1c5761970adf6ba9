"""Baselines: known deviations, and the gate that fails on every change."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from stepwedge.baseline import Baseline, Deviation, compare, load_baseline, updated
from stepwedge.errors import UsageError
from stepwedge.events import CheckFinished
from stepwedge.outcome import outcome
from stepwedge.verdicts import Level, Verdict

TODAY = datetime.date(2026, 1, 1)


def finished(id: str, verdict: Verdict, observed: str = "", parameter: str = "") -> CheckFinished:
    return CheckFinished(
        at=0.0,
        id=id,
        node="",
        service="query",
        sentence="It holds.",
        clause="PS3.4 C.4.1",
        edition="2025a",
        level=Level.SHALL,
        claim="",
        verdict=verdict,
        duration=0.0,
        parameter=parameter,
        observed=observed,
    )


def entry(check: str, **fields: object) -> Deviation:
    return Deviation.model_validate({"check": check, "reason": "known"} | fields)


def problems(entries: list[Deviation], events: list[CheckFinished], **options: object) -> list[str]:
    compared = compare(
        Baseline(deviation=tuple(entries)),
        events,
        {"FIND-001", "FIND-002"},
        name="b.toml",
        today=TODAY,
        at=0.0,
        **options,  # type: ignore[arg-type]
    )
    return compared.problems


FAILS = finished("FIND-001", Verdict.FAIL, "1 missing")


def test_a_known_deviation_holds() -> None:
    """A failure that the baseline knows, in the way that it knows, is no problem."""
    assert problems([entry("FIND-001", contains="missing")], [FAILS]) == []


@pytest.mark.parametrize(
    ("entries", "event", "phrase"),
    [
        ([], FAILS, "is new"),
        ([entry("FIND-001", contains="extra")], FAILS, "fails in another way"),
        ([entry("FIND-001", verdict="warn")], FAILS, "the baseline expects warn"),
        ([entry("FIND-001")], finished("FIND-001", Verdict.PASS), "passes now"),
        ([entry("FIND-001"), entry("FIND-002")], FAILS, "FIND-002 is in the baseline, but was not"),
        ([entry("FIND-001"), entry("FIND-009")], FAILS, "no such check exists"),
        ([entry("FIND-001", expires="2025-12-31")], FAILS, "expired on 2025-12-31"),
    ],
)
def test_every_change_is_told(entries: list[Deviation], event: CheckFinished, phrase: str) -> None:
    """New, other, gone, vanished and expired: each is a problem that names the check."""
    (problem,) = problems(entries, [event])
    assert phrase in problem


def test_an_entry_may_name_one_case_or_all() -> None:
    """`FIND-001[a]` is one case; `FIND-001` holds for whichever cases deviate."""
    cases = [
        finished("FIND-001", Verdict.FAIL, parameter="a"),
        finished("FIND-001", Verdict.PASS, parameter="b"),
    ]
    assert problems([entry("FIND-001[a]")], cases) == []
    assert problems([entry("FIND-001")], cases) == []
    assert "FIND-001[b] passes now" in problems([entry("FIND-001"), entry("FIND-001[b]")], cases)[0]


def test_an_intermittent_deviation_may_pass_but_not_change(tmp_path: Path) -> None:
    """A race does not show each time: passing is no change, another way of failing is."""
    race = entry("FIND-001", contains="missing", intermittent=True)
    passes = finished("FIND-001", Verdict.PASS)
    assert problems([race], [passes]) == []
    assert problems([race], [FAILS]) == []
    (problem,) = problems([race], [finished("FIND-001", Verdict.FAIL, "aborted")])
    assert "fails in another way" in problem
    file = tmp_path / "b.toml"
    file.write_text(updated(Baseline(deviation=(race,)), [passes]))
    assert load_baseline(file).deviation == (race,)


def test_a_part_of_the_suite_misses_nobody() -> None:
    """When only some checks were asked for, the entries of the others are not vanished."""
    assert problems([entry("FIND-001"), entry("FIND-002")], [FAILS], whole=False) == []


def test_the_outcome_follows_the_baseline() -> None:
    """Known deviations give exit code 0; a baseline that does not hold gives 1."""
    known = compare(
        Baseline(deviation=(entry("FIND-001"),)),
        [FAILS],
        {"FIND-001"},
        name="b",
        today=TODAY,
        at=0.0,
    )
    assert outcome([FAILS, known]).exit_code == 0
    assert "1 known deviation (FIND-001)" in outcome([FAILS, known]).sentence
    unknown = compare(Baseline(), [FAILS], {"FIND-001"}, name="b", today=TODAY, at=0.0)
    assert outcome([FAILS, unknown]).exit_code == 1


def test_an_update_keeps_reasons(tmp_path: Path) -> None:
    """What is written again keeps the reason, phrase, link and expiry that people gave."""
    before = Baseline(
        about="Orthanc",
        deviation=(
            entry("FIND-001", reason="ours", contains="missing", link="x", expires="2030-01-01"),
        ),
    )
    file = tmp_path / "b.toml"
    new = finished("FIND-002", Verdict.WARN, 'said "so"')
    file.write_text(updated(before, [FAILS, new, finished("FIND-003", Verdict.PASS)]))
    after = load_baseline(file)
    assert after.deviation[0] == before.deviation[0]
    assert after.deviation[1].check == "FIND-002"
    assert after.deviation[1].verdict == "warn"
    assert len(after.deviation) == 2


@pytest.mark.parametrize(
    "text",
    [
        "deviation = 1",
        'include = "b.toml"',
        'include = "nowhere.toml"',
        '[[deviation]]\ncheck = "x"\nreason = ""',
        "[[deviation]]\n",
        "x",
    ],
)
def test_a_broken_baseline_is_explained(tmp_path: Path, text: str) -> None:
    """A file that is no baseline is told so in words."""
    file = tmp_path / "b.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"(b|nowhere)\.toml"):
        load_baseline(file)


def test_a_baseline_that_includes_another(tmp_path: Path) -> None:
    """What another baseline knows is known too, and the entry that is nearer counts."""
    (tmp_path / "other.toml").write_text(
        "".join(
            f'[[deviation]]\ncheck = "FIND-00{number}"\nreason = "theirs"\n' for number in (1, 2)
        )
    )
    file = tmp_path / "b.toml"
    file.write_text('include = "other.toml"\n[[deviation]]\ncheck = "FIND-002"\nreason = "ours"\n')
    reasons = {entry.check: entry.reason for entry in load_baseline(file).deviation}
    assert reasons == {"FIND-001": "theirs", "FIND-002": "ours"}


def test_a_gate_that_holds_over_known_failures_is_no_green_tick() -> None:
    """Exit code 0 over a broken shall: the headline says not conformant, and is not a pass."""
    from stepwedge.reports.findings import verdict_word

    base = Baseline(deviation=(entry("FIND-001"),))
    known = compare(base, [FAILS], {"FIND-001"}, name="b", today=TODAY, at=0.0)
    result = outcome([FAILS, known])
    assert result.exit_code == 0
    assert result.sentence.startswith("Not conformant, as the baseline says")
    assert verdict_word(result) == ("warn", "Not conformant, as known")
    passes = outcome([finished("FIND-001", Verdict.PASS)])
    assert verdict_word(passes) == ("pass", "Held")


def test_what_could_not_be_tried_is_no_green_tick() -> None:
    """A run of which checks were blocked has held, and says at once how many were not tried."""
    from stepwedge.reports.findings import verdict_word

    tried = finished("FIND-001", Verdict.PASS)
    result = outcome([tried, *(finished(f"MOVE-00{n}", Verdict.BLOCKED) for n in (1, 2))])
    assert result.exit_code == 0
    assert verdict_word(result) == ("blocked", "Held, but 2 could not be tried")
    broken = outcome([FAILS, finished("MOVE-001", Verdict.BLOCKED)])
    assert verdict_word(broken) == ("fail", "Not conformant")
    assert broken.sentence.endswith("1 check could not be tried.")
