"""The outcome of a run: one exit code and one sentence, whatever mixture of events it left."""

from __future__ import annotations

import pytest
from msgspec import structs
from run_events import (
    START,
    check_finished,
    ledger,
    load_operation,
    load_summary,
    run_started,
    target_seen,
)

from stepwedge.errors import Exit
from stepwedge.events import (
    AnyEvent,
    Capacity,
    LoadOperation,
    LoadSummary,
    RunFinished,
    ServiceLevel,
    StageFinished,
    StageStarted,
)
from stepwedge.outcome import outcome
from stepwedge.verdicts import Verdict

PASS = check_finished("FIND-001")
FAIL = check_finished("FIND-040", Verdict.FAIL)
WARN = check_finished("FIND-050", Verdict.WARN)
BLOCKED = check_finished("MOVE-010", Verdict.BLOCKED)
NOT_CLAIMED = check_finished("GET-001", Verdict.NOT_CLAIMED)
ERROR = check_finished("STOR-001", Verdict.ERROR)
KNEE = Capacity(
    at=START,
    scenario="store-flood",
    operation="exam",
    scale=2.0,
    rate=10.0,
    exams_per_year=100_000.0,
    limit="store.response.p99 < 1s",
    levels=["lost == 0"],
    steps=[],
)
NO_KNEE = structs.replace(KNEE, scale=None, rate=None, limit="the service levels do not hold")
FILLED = StageFinished(
    at=START, stage="fill", duration=9.0, detail={"instances": 100_000, "problem": ""}
)
BROKEN_OFF = structs.replace(FILLED, detail={"instances": 100_000, "problem": "timeout connect"})
DEAD = target_seen(reachable=False, problem="connection refused", phase="connect")
KEPT = ServiceLevel(text="95 % of C-STORE answered within 1 s", held=True)
MISSED = ServiceLevel(text="95 % of C-FIND answered within 0.2 s", held=False)
BEGUN = StageStarted(at=START, stage="check")
ENDED = StageFinished(at=START + 9, stage="check", duration=9.0)
CUT = StageFinished(at=START + 9, stage="check", duration=9.0, interrupted=True)


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([PASS], Exit.HELD),
        ([PASS, WARN, NOT_CLAIMED], Exit.HELD),
        ([PASS, FAIL], Exit.NOT_CONFORMANT),
        ([FAIL, ERROR], Exit.NOT_CONFORMANT),
        ([PASS, ERROR], Exit.HARNESS_FAILED),
        ([DEAD], Exit.NOT_REACHABLE),
        ([DEAD, BLOCKED], Exit.NOT_REACHABLE),
        ([DEAD, BLOCKED, ERROR], Exit.NOT_REACHABLE),
        ([DEAD, target_seen(), PASS], Exit.HELD),
        ([DEAD, target_seen(address="127.0.0.1:2105"), PASS], Exit.NOT_REACHABLE),
        ([DEAD, target_seen(address="127.0.0.1:2105"), FAIL], Exit.NOT_CONFORMANT),
        ([], Exit.NOTHING_EXECUTED),
        ([NOT_CLAIMED, BLOCKED], Exit.NOTHING_EXECUTED),
        ([load_summary()], Exit.HELD),
        ([KNEE], Exit.HELD),
        ([NO_KNEE], Exit.SERVICE_LEVEL_MISSED),
        ([FILLED], Exit.HELD),
        ([BROKEN_OFF], Exit.SERVICE_LEVEL_MISSED),
        ([load_summary(KEPT)], Exit.HELD),
        ([load_summary(KEPT, MISSED)], Exit.SERVICE_LEVEL_MISSED),
        ([FAIL, load_summary(MISSED)], Exit.NOT_CONFORMANT),
        ([load_summary(operations=[load_operation(started=0, finished=0)])], Exit.NOTHING_EXECUTED),
        ([load_summary(operations=[load_operation(failed=1000)])], Exit.SERVICE_LEVEL_MISSED),
        ([load_summary(), ledger()], Exit.HELD),
        ([load_summary(), ledger(found=997, missing=3)], Exit.NOT_CONFORMANT),
        ([load_summary(), ledger(altered=1)], Exit.NOT_CONFORMANT),
        ([BEGUN, PASS, ENDED], Exit.HELD),
        ([BEGUN, PASS, CUT], Exit.HARNESS_FAILED),
        ([BEGUN, PASS], Exit.HARNESS_FAILED),
        ([BEGUN, FAIL, CUT], Exit.NOT_CONFORMANT),
    ],
)
def test_exit_code(events: list[AnyEvent], code: Exit) -> None:
    """The exit code is the worst thing that the events prove, in the documented order."""
    assert outcome([run_started(), *events]).exit_code is code


@pytest.mark.parametrize(
    ("events", "phrases"),
    [
        ([PASS, WARN], ["Conformant to what it claims, with 1 warning, in 2 checks."]),
        ([PASS, BLOCKED], ["Conformant to what it claims in 1 check; 1 check could not be tried."]),
        ([PASS, FAIL, WARN], ["Not conformant: 1 of 3 checks failed (FIND-040), 1 warning."]),
        ([DEAD, BLOCKED], ["Target not reachable: 127.0.0.1:11112: connection refused."]),
        ([NOT_CLAIMED, BLOCKED], ["Nothing was executed (1 not claimed, 1 blocked)."]),
        (
            [PASS, load_summary(KEPT), ledger()],
            ["carried 1\u202f000 operations", "none of 1\u202f000"],
        ),
        ([load_summary(MISSED)], ["Service level missed: 95 % of C-FIND answered within 0.2 s."]),
        ([KNEE], ["Sustains 10 exam a second within 1 service level, as at the busiest hour of"]),
        ([NO_KNEE], ["Service level missed: the service levels do not hold."]),
        ([FILLED], ["Filled to 100\u202f000 instances."]),
        ([ledger(found=997, missing=3)], ["3 of 1\u202f000 acknowledged instances lost."]),
        ([BEGUN, PASS, CUT], ["Interrupted before the end; until then conformant", "in 1 check."]),
        ([PASS, ERROR], ["The harness failed in 1 check; the rest stands"]),
    ],
)
def test_sentence(events: list[AnyEvent], phrases: list[str]) -> None:
    """The sentence says what decided, with its numbers, and ends with one full stop."""
    sentence = outcome([run_started(), *events]).sentence
    for phrase in phrases:
        assert phrase in sentence
    assert sentence.endswith(".") and not sentence.endswith("..")


def test_many_failures_are_named_up_to_four() -> None:
    """A run with many failures names the first four and leaves the rest to the report."""
    events = [check_finished(f"FIND-{n:03}", Verdict.FAIL) for n in range(1, 8)]
    assert "(FIND-001, FIND-002, FIND-003, FIND-004, …)" in outcome(events).sentence


def test_recorded_end_is_not_needed() -> None:
    """The outcome is asked for before the run's last event is written, and after it alike."""
    end = RunFinished(at=START + 9, exit_code=0, sentence="", duration=9.0)
    assert outcome([BEGUN, PASS, ENDED]) == outcome([BEGUN, PASS, ENDED, end])


def load_of(**counts: tuple[int, int]) -> AnyEvent:
    """A load whose operations have so many (started, failed)."""
    return LoadSummary(
        at=0,
        scenario="made",
        model="open",
        duration=10,
        users=1,
        operations=[
            LoadOperation(name.replace("_", "-"), started, started, failed, 0)
            for name, (started, failed) in counts.items()
        ],
    )


def test_only_operations_are_counted() -> None:
    """Exams, the moments of images and associations are no operations, and exams are told apart."""
    sentence = outcome(
        [run_started(), load_of(associate=(9, 0), exam=(5, 0), store=(50, 1), last_image=(7, 0))]
    ).sentence
    assert sentence == "Carried 49 operations at 4.9 a second (5 exams), 1 failed."


@pytest.mark.parametrize(
    ("counts", "phrase"),
    [
        ({"associate": (10, 10)}, "no association of the load came about"),
        (
            {"associate": (10, 0), "echo": (10, 10)},
            "not one of 10 operations of the load succeeded",
        ),
    ],
)
def test_nothing_succeeded(counts: dict[str, tuple[int, int]], phrase: str) -> None:
    """A load of which nothing succeeded has not held, whatever was or was not promised."""
    found = outcome([run_started(), load_of(**counts)])
    assert found.exit_code is Exit.SERVICE_LEVEL_MISSED
    assert phrase in found.sentence
