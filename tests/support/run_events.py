"""Single events of synthetic run records: checks, loads, ledgers and what goes before them."""

from __future__ import annotations

import csv
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from hdrh.histogram import HdrHistogram

from stepwedge.events import (
    AnyEvent,
    CheckFinished,
    Context,
    Histogram,
    Ledger,
    LoadOperation,
    LoadSecond,
    LoadSummary,
    RunStarted,
    ServiceLevel,
    StageFinished,
    StageStarted,
    Step,
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


def histogram(milliseconds: float = 12.0, count: int = 1000, encoded: str = "") -> Histogram:
    """The few numbers of a latency distribution around `milliseconds`, and its buckets if given."""
    seconds = milliseconds / 1000
    return Histogram(
        encoded=encoded,
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


# What the examples check: rows of id, service, topic, claim, clause and sentence.
with Path(__file__).with_name("example_checks.csv").open(encoding="utf-8", newline="") as _file:
    CATALOGUE = [tuple(row) for row in csv.reader(_file)][1:]


def catalogued(
    count: int = len(CATALOGUE), verdict: Callable[[int, str], Verdict] | None = None
) -> list[CheckFinished]:
    """`count` checks of the catalogue, again and again with other parameters when it runs out."""
    checks = []
    for number in range(count):
        id, service, topic, claim, clause, sentence = CATALOGUE[number % len(CATALOGUE)]
        turn = number // len(CATALOGUE)
        ended = verdict(number, id) if verdict else Verdict.PASS
        if verdict is None and claim.startswith("get"):
            ended = Verdict.NOT_CLAIMED
        node = f"suites/{service}/test_{topic}.py::test_{id.lower().replace('-', '_')}"
        at = START + 1 + number * 0.07
        checks.append(
            check_finished(
                id,
                ended,
                at=at,
                node=f"{node}[case {turn}]" if turn else node,
                parameter=f"case {turn}" if turn else "",
                service=service,
                sentence=sentence,
                clause=clause,
                claim=claim,
                level=Level.SHALL if number % 5 else Level.SHOULD,
                duration=0.02 + (number % 7) * 0.013,
                steps=[
                    Step(at - 0.05, "stored 3 instances of one study", 0.021),
                    Step(at - 0.02, "asked for them again", 0.009),
                ],
            )
        )
    return checks


def load_seconds(
    length: int = 60,
    rates: Sequence[tuple[str, int]] = (("C-STORE", 40), ("C-FIND", 12)),
    slower: float = 1.0,
    seed: int = 7,
) -> tuple[list[LoadSecond], list[LoadOperation]]:
    """A made-up load with a slow spell in its middle, and the operations it comes to."""
    random_ = random.Random(seed)
    seconds: list[LoadSecond] = []
    operations: list[LoadOperation] = []
    for name, rate in rates:
        response, service = HdrHistogram(1, 3_600_000_000, 3), HdrHistogram(1, 3_600_000_000, 3)
        failed_in_all = 0
        for second in range(length):
            planned = max(1, round(rate * min(1.0, (second + 1) / (length * 0.2))))
            slow = 8 if 0.5 < second / length < 0.6 else 1
            took = sorted(
                random_.lognormvariate(math.log(0.012 * slow * slower), 0.6) for _ in range(planned)
            )
            waits = [random_.expovariate(2000 / slow) for _ in took]
            answered = sorted(a + b for a, b in zip(took, waits, strict=True))
            for value in took:
                service.record_value(max(1, round(value * 1e6)))
            this_second = HdrHistogram(1, 3_600_000_000, 3)
            for value in answered:
                this_second.record_value(max(1, round(value * 1e6)))
                response.record_value(max(1, round(value * 1e6)))
            failed = planned // 10 if slow > 1 and name == "C-STORE" else 0
            failed_in_all += failed
            seconds.append(
                LoadSecond(
                    at=START + 20 + second,
                    second=second,
                    operation=name,
                    planned=planned,
                    started=planned,
                    finished=planned,
                    failed=failed,
                    bytes=planned * 524_288,
                    errors={"status A700": failed} if failed else {},
                    p50=answered[len(answered) // 2],
                    p95=answered[int(len(answered) * 0.95)],
                    p99=answered[-1],
                    max=answered[-1],
                    service_p50=took[len(took) // 2],
                    service_p95=took[int(len(took) * 0.95)],
                    service_p99=took[-1],
                    encoded=text_of(this_second),
                    cells=dict(Counter(math.floor(10 * math.log10(value)) for value in answered)),
                )
            )
        count = response.get_total_count()
        operations.append(
            LoadOperation(
                name=name,
                started=count,
                finished=count,
                failed=failed_in_all,
                bytes=count * 524_288,
                late=count // 200,
                errors={"status A700": failed_in_all} if failed_in_all else {},
                response=encoded(response),
                service=encoded(service),
            )
        )
    return seconds, operations


def text_of(histogram: HdrHistogram) -> str:
    """A histogram as `Histogram.encoded` holds it."""
    text = histogram.encode()
    return text.decode() if isinstance(text, bytes) else str(text)


def encoded(histogram: HdrHistogram) -> Histogram:
    """A histogram as the run record keeps it."""

    def at(percentile: float) -> float:
        return float(histogram.get_value_at_percentile(percentile)) / 1e6

    return Histogram(
        encoded=text_of(histogram),
        count=histogram.get_total_count(),
        mean=histogram.get_mean_value() / 1e6,
        max=histogram.get_max_value() / 1e6,
        p50=at(50),
        p90=at(90),
        p95=at(95),
        p99=at(99),
        p999=at(99.9),
    )


def load_events(
    length: int = 60, missing: int = 0, slower: float = 1.0, seed: int = 7
) -> list[AnyEvent]:
    """A whole load: its seconds, its summary and its ledger."""
    seconds, operations = load_seconds(length, slower=slower, seed=seed)
    stores = operations[0].finished - operations[0].failed
    promised = (
        ServiceLevel(
            text="95 % of C-STORE answered within 50 ms",
            held=False,
            limit=0.05,
            observed=operations[0].response.p95 if operations[0].response else None,
            unit="s",
            samples=operations[0].finished,
            operation="C-STORE",
        ),
        ServiceLevel(
            text="95 % of C-FIND answered within 1 s",
            held=True,
            limit=1.0,
            observed=operations[1].response.p95 if operations[1].response else None,
            unit="s",
            samples=operations[1].finished,
            operation="C-FIND",
        ),
    )
    return [
        StageStarted(at=START + 20, stage="load"),
        *seconds,
        load_summary(
            *promised,
            at=START + 20 + length,
            duration=float(length),
            operations=operations,
            generator_cpu=length * 0.21,
            schedule_lag_p99=0.0011,
            policies={"TCP_NODELAY": "on", "acknowledgements": "as the kernel delays them"},
            detail={"exams_a_year": 412_000, "ceiling": "3 100 C-STORE/s on this machine"},
            notes=["C-STORE slowed down for 6 s in the middle of the load."],
        ),
        ledger(
            at=START + 21 + length,
            acknowledged=stores,
            found=stores - missing,
            missing=missing,
            examples=[f"2.25.{10**37 + n}" for n in range(min(missing, 5))],
        ),
        StageFinished(at=START + 22 + length, stage="load", duration=length + 2.0),
    ]
