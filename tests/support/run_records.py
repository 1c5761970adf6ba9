"""Synthetic run records: what the report's tests draw, and examples for a person to look at.

    python tests/support/run_records.py FOLDER

writes one run record of every kind below FOLDER and draws all its reports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from run_conversations import moved
from run_events import (
    START,
    catalogued,
    check_finished,
    ledger,
    load_events,
    load_seconds,
    load_summary,
    run_started,
    target_seen,
)

from stepwedge.events import (
    Admission,
    AnyEvent,
    BaselineCompared,
    Capacity,
    CapacityStep,
    CheckFinished,
    Context,
    Course,
    Figure,
    Note,
    RunFinished,
    Spell,
    StageFinished,
    StageStarted,
    Step,
    Timeline,
)
from stepwedge.outcome import outcome
from stepwedge.record import Record, seal, write_evidence
from stepwedge.verdicts import Verdict


def _checked(checks: Sequence[CheckFinished], interrupted: bool = False) -> list[AnyEvent]:
    last = max((check.at for check in checks), default=START)
    return [
        run_started(),
        target_seen(),
        StageStarted(at=START + 0.5, stage="check"),
        *checks,
        StageFinished(at=last, stage="check", duration=last - START - 0.5, interrupted=interrupted),
    ]


def ended(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """The events with the run's own end after them."""
    came_to = outcome(events)
    last = max(event.at for event in events)
    end = RunFinished(
        at=last,
        exit_code=int(came_to.exit_code),
        sentence=came_to.sentence,
        duration=last - START,
        interrupted=came_to.interrupted,
    )
    return [*events, end]


def passing() -> list[AnyEvent]:
    """A run in which everything held."""
    return ended(_checked(catalogued()))


def failing() -> list[AnyEvent]:
    """A run with failures of one cause, a warning, an error, blocked checks and a load."""
    verdicts = {
        "FIND-020": Verdict.FAIL,
        "FIND-021": Verdict.FAIL,
        "MOVE-001": Verdict.FAIL,
        "MOVE-020": Verdict.BLOCKED,
        "MOVE-050": Verdict.BLOCKED,
        "STOR-030": Verdict.WARN,
        "FIND-090": Verdict.ERROR,
        "GETS-001": Verdict.NOT_CLAIMED,
    }
    said: dict[str, dict[str, object]] = {
        "FIND-020": {
            "expected": "the 3 studies whose name begins with 'MÜLLER'",
            "observed": "0 of 3 studies: the wildcard matched only upper case 'MULLER'",
            "field": "Patient's Name (0010,0010)",
            "hint": "findscu -S -k 0008,0052=STUDY -k '0010,0010=M*' 127.0.0.1 11112",
        },
        "FIND-021": {
            "expected": "the 2 studies of 'MEYER' and 'MEIER'",
            "observed": "0 of 2 studies: the wildcard matched only upper case 'MEIER'",
            "field": "Patient's Name (0010,0010)",
        },
        "MOVE-001": {
            "expected": "status Success (0000) and 3 completed sub-operations",
            "observed": "status A702 with 3 failed sub-operations",
            "field": "Status (0000,0900)",
            "evidence": ["evidence/MOVE-001-1.conversation.json", "evidence/MOVE-001-1.bin"],
        },
        "MOVE-020": {"reason": "MOVE-001 failed: nothing was sent to our receiver"},
        "MOVE-050": {"reason": "MOVE-001 failed: nothing was sent to our receiver"},
        "STOR-030": {
            "expected": "a failure status (A9xx or Cxxx)",
            "observed": "status 0000, and the instance is kept under the UID of the data set",
            "field": "Status (0000,0900)",
        },
        "FIND-090": {"reason": "OSError: no space left on device"},
    }
    checks = []
    for check in catalogued(verdict=lambda _, id: verdicts.get(id, Verdict.PASS)):
        fields = {name: getattr(check, name) for name in check.__struct_fields__}
        checks.append(CheckFinished(**(fields | said.get(check.id, {}))))
    return ended([*_checked(checks), *load_events(missing=3)])


def another(slower: float = 1.3) -> list[AnyEvent]:
    """A later run than `failing`: two checks mended, one broken, one gone, and a slower load."""
    checks = [
        check
        for check in catalogued(
            verdict=lambda _, id: (
                Verdict.FAIL
                if id in ("FIND-030", "MOVE-001")
                else Verdict.NOT_CLAIMED
                if id == "GETS-001"
                else Verdict.PASS
            )
        )
        if check.id != "ASSO-020"
    ]
    begun = run_started(run_id="20260309T080000Z-archive", seed=8, config_hash="77aa" * 16)
    return ended([begun, *_checked(checks)[1:], *load_events(slower=slower, seed=9)])


def load_only() -> list[AnyEvent]:
    """A load without any check."""
    return ended([run_started(), target_seen(), *load_events(90)])


def known() -> list[AnyEvent]:
    """A run whose one failure the baseline knows, and which a capacity search followed."""
    checks = catalogued(verdict=lambda _, id: Verdict.FAIL if id == "FIND-030" else Verdict.PASS)
    steps = [
        CapacityStep(
            scale=float(n),
            phase="climb",
            held=n < 4,
            planned_rate=10.0 * n,
            achieved_rate=min(10.0 * n, 36.0),
            p50=0.01 * n,
            p95=0.02 * n * n,
            p99=0.03 * n * n,
            missed=[] if n < 4 else ["C-STORE.response.p95 < 250ms"],
        )
        for n in (1, 2, 3, 4)
    ]
    found = Capacity(
        at=START + 50,
        scenario="department",
        operation="C-STORE",
        scale=3.0,
        rate=30.0,
        exams_per_year=412_000.0,
        limit="C-STORE.response.p95 < 250ms",
        levels=["C-STORE.response.p95 < 250ms"],
        steps=steps,
    )
    baseline = BaselineCompared(at=START + 40, file="archive.toml", known=["FIND-030"])
    return ended([*_checked(checks), baseline, found])


def not_reachable() -> list[AnyEvent]:
    """A target that refuses the connection."""
    dead = target_seen(
        reachable=False,
        problem="connection refused: nothing listens there",
        phase="connect",
        implementation_class_uid="",
        implementation_version="",
        max_pdu=None,
        contexts=[],
    )
    return ended([run_started(), dead])


def interrupted() -> list[AnyEvent]:
    """A run that Ctrl-C ended among its checks."""
    return ended(_checked(catalogued(7), interrupted=True))


def killed() -> list[AnyEvent]:
    """A run whose process died in the middle of a load: no summary, no end."""
    return [*_checked(catalogued(5)), *load_events(30)[:31]]


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--"


def hostile() -> list[AnyEvent]:
    """A run against a server that answers with markup wherever text can come from it."""
    checks = [
        check_finished(
            f"FIND-{number:03}",
            verdict,
            node=f"suites/query/test_lists.py::test_{number}[{MARKUP}]",
            parameter=MARKUP,
            expected=MARKUP,
            observed=f"{MARKUP} {number}",
            field=MARKUP,
            reason=MARKUP,
            repeat=f"stepwedge check --name '{MARKUP}'",
            evidence=[f"evidence/{MARKUP}.json", "javascript:alert(3)", "../../etc/passwd"],
            steps=[Step(START + 1, MARKUP, 0.1)],
        )
        for number, verdict in enumerate(Verdict, start=1)
    ]
    seconds, operations = load_seconds(10, ((MARKUP, 5),))
    return ended(
        [
            run_started(target={"name": MARKUP, "host": MARKUP, "claims": [MARKUP]}),
            target_seen(
                implementation_version=MARKUP,
                contexts=[Context(MARKUP, MARKUP, MARKUP, MARKUP)],
            ),
            *checks,
            *seconds,
            load_summary(operations=operations, policies={MARKUP: MARKUP}, notes=[MARKUP]),
            ledger(missing=1, examples=[MARKUP], method=MARKUP),
            Note(at=START + 3, severity="problem", text=MARKUP),
            Note(at=START + 3, severity="info", text=MARKUP),
        ]
    )


def huge(checks: int = 400, seconds: int = 3600) -> list[AnyEvent]:
    """As much as a report must be able to carry: 400 checks and an hour of load."""
    verdicts = (Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.PASS)
    ran = []
    for number, check in enumerate(
        catalogued(checks, lambda number, _: verdicts[number % len(verdicts)])
    ):
        fields = {name: getattr(check, name) for name in check.__struct_fields__}
        if check.verdict is not Verdict.PASS:
            said = "".join(chr(ord("a") + int(digit)) for digit in str(number))
            fields |= {
                "id": f"MOVE-{number:03}",
                "observed": f"a cause of its own, {said}",
                "evidence": [f"evidence/MOVE-{number:03}-1.conversation.json"],
            }
        ran.append(CheckFinished(**fields))
    return ended(
        [
            *_checked(ran),
            *load_events(seconds),
        ]
    )


def pictured() -> list[AnyEvent]:
    """A run whose checks saw something to be drawn."""
    return ended(
        [
            run_started(),
            target_seen(),
            check_finished(
                "FWD-043",
                service="forwarding",
                timelines=[
                    Timeline(
                        "40 stores and a cut",
                        [
                            Course("acknowledged by the edge", [n / 10 for n in range(40)]),
                            Course("acknowledged by the PACS", [n / 100 + 3 for n in range(40)]),
                        ],
                        [Spell("network cut", 1.0, 3.0)],
                    )
                ],
                figures=[Figure("added latency", 0.0012, "s")],
            ),
            check_finished(
                "ROBX-006",
                service="robustness",
                admissions=[
                    Admission(0, 5, 5, 0.002, 0.004),
                    Admission(64, 5, 2, 0.3, 1.5, {"nothing within 10 s": 3}),
                    Admission(128, 5, 0, refused={"nothing within 10 s": 5}),
                ],
            ),
            check_finished("ROBS-001", service="robustness", cells=["Evt10/Sta2"]),
            check_finished("ROBS-007", Verdict.FAIL, service="robustness", cells=["Evt19/Sta2"]),
        ]
    )


KINDS: dict[str, Callable[[], list[AnyEvent]]] = {
    "passing": passing,
    "failing": failing,
    "load-only": load_only,
    "known": known,
    "not-reachable": not_reachable,
    "interrupted": interrupted,
    "killed": killed,
    "hostile": hostile,
    "pictured": pictured,
    "huge": huge,
}


def write(parent: Path, label: str, events: Sequence[AnyEvent], sealed: bool = True) -> Path:
    """Writes a run record below `parent`, with the evidence its checks name; returns its folder."""
    with Record.create(parent, label, at=START) as record:
        for event in events:
            record.emit(event)
            for path in event.evidence if isinstance(event, CheckFinished) else ():
                if path.startswith("evidence/MOVE"):
                    kept = moved() if path.endswith(".json") else b"raw bytes"
                    write_evidence(record.folder, path.removeprefix("evidence/"), kept)
    if sealed:
        seal(record.folder)
    return record.folder


if __name__ == "__main__":
    from stepwedge.reports.draw import draw_all

    for kind, make in KINDS.items():
        print(*draw_all(write(Path(sys.argv[1]), kind, make())), sep="\n")
