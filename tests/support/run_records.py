"""Synthetic run records: what the report's tests draw, and examples for a person to look at.

    python tests/support/run_records.py FOLDER

writes one run record of every kind below FOLDER and draws all its reports.
"""

from __future__ import annotations

from stepwedge.events import (
    CheckFinished,
    Context,
    Histogram,
    Ledger,
    LoadOperation,
    LoadSummary,
    RunStarted,
    ServiceLevel,
    TargetSeen,
)
from stepwedge.verdicts import Level, Verdict

# 2026-03-02 08:00:00 UTC, a Monday morning.
START = 1_772_438_400.0


def run_started(**changes: object) -> RunStarted:
    """The first event of a run against a made-up archive on loopback."""
    fields: dict[str, object] = {
        "at": START,
        "run_id": "20260302T080000Z-archive",
        "command": ["stepwedge", "check", "--target", "archive.toml"],
        "seed": 7,
        "target": {
            "name": "archive",
            "host": "127.0.0.1",
            "port": "11112",
            "ae_title": "ARCHIVE",
            "calling_ae_title": "STEPWEDGE",
            "claims": ["verification", "storage", "find", "move"],
            "allow": ["load"],
        },
        "config_hash": "9f2c" * 16,
        "stepwedge": "0.1.0",
        "platform": "Linux-6.1-x86_64",
        "python": "3.11.2",
        "packages": {"pydicom": "3.0.2", "pynetdicom": "3.0.4"},
    }
    return RunStarted(**(fields | changes))  # type: ignore[arg-type]


def target_seen(**changes: object) -> TargetSeen:
    """What the preflight learnt of a target that answers."""
    fields: dict[str, object] = {
        "at": START + 0.1,
        "address": "127.0.0.1:11112",
        "reachable": True,
        "implementation_class_uid": "1.2.276.0.7230010.3.0.3.6.7",
        "implementation_version": "OFFIS_DCMTK_367",
        "max_pdu": 16384,
        "connect_time": 0.0004,
        "negotiate_time": 0.0021,
        "echo_time": 0.0013,
        "contexts": [
            Context("1.2.840.10008.1.1", "Verification", "acceptance", "1.2.840.10008.1.2"),
            Context("1.2.840.10008.5.1.4.31", "Modality Worklist", "abstract syntax not supported"),
        ],
    }
    return TargetSeen(**(fields | changes))  # type: ignore[arg-type]


def check_finished(
    id: str = "FIND-040", verdict: Verdict = Verdict.PASS, **changes: object
) -> CheckFinished:
    """A check that ended with `verdict`; a failure says what was expected and observed."""
    topic = id.split("-")[0].lower()
    fields: dict[str, object] = {
        "at": START + 1.0,
        "id": id,
        "node": f"suites/query/test_{topic}.py::test_{id.replace('-', '_').lower()}",
        "service": "query",
        "sentence": "A list of UIDs returns exactly the entities it names.",
        "clause": "PS3.4 C.2.2.2.2",
        "edition": "2025a",
        "level": Level.SHALL,
        "claim": "find.study",
        "verdict": verdict,
        "duration": 0.05,
        "repeat": f"stepwedge check --target archive.toml --id {id} --seed 7",
    }
    if verdict in (Verdict.FAIL, Verdict.WARN):
        fields |= {"expected": "two studies", "observed": "one study"}
    if verdict in (Verdict.BLOCKED, Verdict.NOT_CLAIMED, Verdict.ERROR):
        fields |= {"reason": "the store before it failed"}
    return CheckFinished(**(fields | changes))  # type: ignore[arg-type]


def histogram(milliseconds: float = 12.0, count: int = 1000) -> Histogram:
    """The few numbers of a latency distribution around `milliseconds`, without its buckets."""
    seconds = milliseconds / 1000
    return Histogram(
        encoded="",
        count=count,
        mean=seconds,
        max=seconds * 9,
        p50=seconds,
        p90=seconds * 2,
        p95=seconds * 3,
        p99=seconds * 5,
        p999=seconds * 8,
    )


def load_operation(name: str = "C-STORE", **changes: object) -> LoadOperation:
    """A thousand stores, all of them answered with success."""
    fields: dict[str, object] = {
        "name": name,
        "started": 1000,
        "finished": 1000,
        "failed": 0,
        "bytes": 524_288_000,
        "response": histogram(14),
        "service": histogram(12),
    }
    return LoadOperation(**(fields | changes))  # type: ignore[arg-type]


def load_summary(*levels: ServiceLevel, **changes: object) -> LoadSummary:
    """A load of ten seconds that was held to `levels`."""
    fields: dict[str, object] = {
        "at": START + 30,
        "scenario": "department",
        "model": "open",
        "duration": 10.0,
        "users": 8,
        "operations": [load_operation()],
        "service_levels": list(levels),
    }
    return LoadSummary(**(fields | changes))  # type: ignore[arg-type]


def ledger(**changes: object) -> Ledger:
    """An audit that found everything that was acknowledged."""
    fields: dict[str, object] = {
        "at": START + 31,
        "acknowledged": 1000,
        "found": 1000,
        "missing": 0,
        "method": "C-FIND at image level by SOP Instance UID",
    }
    return Ledger(**(fields | changes))  # type: ignore[arg-type]
