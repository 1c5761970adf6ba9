"""The run record: what happened, as events, one JSON object a line.

Whoever runs something emits events and does not know who listens; every report is a view of the
file.  Times are seconds since the epoch (UTC), durations are seconds, sizes are bytes.  Fields are
only ever added, with a default, so that a newer version can draw an older run.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stepwedge.verdicts import Level, Standing, Verdict


class Event(msgspec.Struct, tag_field="event", kw_only=True, frozen=True):
    """Anything that happened; `at` is when."""

    at: float


class RunStarted(Event, tag="run-started", frozen=True):
    """A run began: what is tested, by what, how it was called."""

    run_id: str
    command: list[str]  # argv, secrets already redacted
    seed: int
    target: dict[str, Any]  # the resolved target, secrets already redacted
    config_hash: str  # sha256 of the resolved target and selection
    stepwedge: str
    platform: str
    python: str
    packages: dict[str, str]


class Context(msgspec.Struct, frozen=True):
    """A presentation context as the target answered it (PS3.8 Table 9-18)."""

    abstract_syntax: str
    name: str
    result: str  # "acceptance", "user rejection", …
    transfer_syntax: str = ""


class TargetSeen(Event, tag="target-seen", frozen=True):
    """What the preflight learnt: reachable or not, and what the association negotiation showed."""

    address: str  # host:port, one event for each port of a range
    reachable: bool
    problem: str = ""  # in words, when something stands in the way
    phase: str = ""  # where it stopped: connect, negotiate, echo
    implementation_class_uid: str = ""
    implementation_version: str = ""
    max_pdu: int | None = None
    tls: str = ""  # protocol and cipher suite, empty in clear
    no_delay: bool = True  # TCP_NODELAY on our side
    connect_time: float | None = None
    negotiate_time: float | None = None
    echo_time: float | None = None
    contexts: list[Context] = []


class StageStarted(Event, tag="stage-started", frozen=True):
    """A part of the run began: `check`, `load`, …"""

    stage: str
    detail: dict[str, Any] = {}


class StageFinished(Event, tag="stage-finished", frozen=True):
    """A part of the run ended; `interrupted` says that not all of it was done."""

    stage: str
    duration: float
    interrupted: bool = False
    detail: dict[str, Any] = {}


class Step(msgspec.Struct, frozen=True):
    """One thing a check did, in words, with what came of it."""

    at: float
    text: str
    duration: float | None = None


class Figure(msgspec.Struct, frozen=True):
    """A number that a check measured and that a reader may want to know."""

    name: str
    value: float
    unit: str


class Course(msgspec.Struct, frozen=True):
    """How something added up: the moments, in seconds from the start of the timeline."""

    name: str
    times: list[float]


class Spell(msgspec.Struct, frozen=True):
    """A stretch of a timeline in which something was so, in seconds from its start."""

    name: str
    begins: float
    ends: float


class Timeline(msgspec.Struct, frozen=True):
    """What a check saw happen over time, to be drawn; `note` is told beside it."""

    title: str
    courses: list[Course]
    spells: list[Spell] = []
    note: str = ""


class Act(msgspec.Struct, frozen=True):
    """One thing that somebody did in the story that a check plays: `study` is what it was about."""

    at: float
    who: str
    text: str  # what they did and what came of it, without the subject
    study: str = ""


class Admission(msgspec.Struct, frozen=True):
    """Who got in beside a crowd: of `tried` good clients, `served` were, in seconds.

    `held` is how many connections were held open meanwhile; `refused` says in words what became of
    the others, and of how many.
    """

    held: int
    tried: int
    served: int
    median: float | None = None
    slowest: float | None = None
    refused: dict[str, int] = {}


class CheckFinished(Event, tag="check-finished", frozen=True):
    """A check ended.  `at` is when it ended."""

    id: str
    node: str  # pytest's node id, parameters included
    service: str  # the folder of the check: "query", "storage", …
    sentence: str
    clause: str
    edition: str
    level: Level
    claim: str
    verdict: Verdict
    duration: float
    parameter: str = ""  # which case of a parametrised check
    expected: str = ""
    observed: str = ""
    field: str = ""
    reason: str = ""  # why it is blocked, not claimed, or in error
    steps: list[Step] = []
    evidence: list[str] = []  # paths relative to the run folder
    defects: list[str] = []
    repeat: str = ""  # the one command that repeats it
    hint: str = ""  # an equivalent DCMTK command line
    figures: list[Figure] = []
    timelines: list[Timeline] = []
    cells: list[str] = []  # of PS3.8 Table 9-10 that it went through: "Evt10/Sta2"
    admissions: list[Admission] = []
    acts: list[Act] = []  # of the story that it plays; such a check keeps its evidence always

    @property
    def key(self) -> str:
        """The id, with the case of a parametrised check in brackets."""
        return f"{self.id}[{self.parameter}]" if self.parameter else self.id


class ClaimJudged(Event, tag="claim-judged", frozen=True):
    """How one claim of the target's Conformance Statement stands.

    `claimed` and `seen` are both sides in words; a suggested claim has nothing on the first.
    """

    kind: str  # "SOP class", "key", "limit", …
    subject: str  # "CT Image Storage", "study-root STUDY PatientName"
    aspect: str  # what of it: "negotiated", "wildcard", …
    claimed: str
    seen: str
    standing: Standing
    check: str = ""  # the id of the check that judged


class Histogram(msgspec.Struct, frozen=True):
    """A latency distribution without loss: HdrHistogram V2, compressed, base64; in microseconds.

    The few numbers beside it are what most views need: seconds.
    """

    encoded: str
    count: int
    mean: float
    max: float
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float


# What a load measures beside DIMSE operations.  The first are wholes made of operations and moments
# within one, so whoever adds up must leave them out; the others are services of the association.
WHOLES = frozenset({"exam", "first-image", "last-image"})
ASSOCIATION_SERVICES = frozenset({"associate", "release"})


class LoadOperation(msgspec.Struct, frozen=True):
    """All that one operation of a load (C-STORE, C-FIND, …) came to."""

    name: str
    started: int
    finished: int  # ended, however: answered, or given up; started = finished at the end
    failed: int
    bytes: int
    late: int = 0  # started later than planned
    dropped: int = 0  # never started: past its deadline
    errors: dict[str, int] = {}  # kind → count: "status A700", "rejected 1/1/7", "timeout", …
    response: Histogram | None = None  # scheduled → finished
    service: Histogram | None = None  # started → finished
    wait: Histogram | None = None  # scheduled → started
    phases: dict[str, Histogram] = {}  # what service consists of: connect, negotiate; send, …

    @property
    def succeeded(self) -> int:
        """How many ended well."""
        return self.finished - self.failed

    @property
    def is_dimse(self) -> bool:
        """True for a DIMSE operation: one request and its answer."""
        return self.name not in WHOLES and self.name not in ASSOCIATION_SERVICES


class LoadSecond(Event, tag="load-second", frozen=True):
    """One second of a load, by operation; `second` counts from the start of the load."""

    second: int
    operation: str
    planned: int
    started: int
    finished: int
    failed: int
    bytes: int
    p50: float | None = None  # of the response time of what finished in this second, seconds
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    service_p50: float | None = None  # of the service time of the same operations, seconds
    service_p95: float | None = None
    service_p99: float | None = None
    errors: dict[str, int] = {}  # kind → count, the kinds of LoadOperation.errors
    # Response times for a heat map, by tenths of a decade: n → how many took at least 10^(n/10) s
    # and less than 10^((n+1)/10) s; -20 counts those from 10.0 to 12.6 ms.
    cells: dict[int, int] = {}
    # The same response times without loss, as Histogram.encoded; empty when there are none.
    encoded: str = ""


class ServiceLevel(msgspec.Struct, frozen=True):
    """One promise that a load was held to, and whether it was kept.

    `text` says the promise in words ("95 % of C-STORE answered within 1 s"); `limit` and `observed`
    are in `unit`, and `samples` says over how many operations the observation was made.
    """

    text: str
    held: bool
    limit: float | None = None
    observed: float | None = None
    unit: str = ""
    samples: int = 0
    operation: str = ""  # of which operation; empty when of the whole load


class LoadSummary(Event, tag="load-summary", frozen=True):
    """What a load came to."""

    scenario: str
    model: str  # "open" or "closed"
    duration: float
    users: int
    operations: list[LoadOperation]
    generator_cpu: float = 0.0  # CPU seconds of the harness itself
    schedule_lag_p99: float | None = None  # seconds
    policies: dict[str, str] = {}  # socket options and acknowledgement policy
    notes: list[str] = []  # findings in words: a 40 ms cluster, client-limited, …
    service_levels: list[ServiceLevel] = []
    detail: dict[str, Any] = {}
    # What the harness itself reaches against a null SCP on its machine, operations a second, and
    # the share of it that the busiest tenth of the seconds used, all operations together.
    ceiling: dict[str, float] = {}
    ceiling_share: float | None = None
    client_limited: bool = False  # the harness was at its own limit: no word about the target's


class CapacityStep(msgspec.Struct, frozen=True):
    """One trial of the capacity search: the load at `scale` times the scenario's rates."""

    scale: float
    phase: str  # "warm-up", "climb", "bisect" or "confirm"
    held: bool
    planned_rate: float  # arrivals per second of the operation that the search is about
    achieved_rate: float
    p50: float | None = None  # of its response time, seconds
    p95: float | None = None
    p99: float | None = None
    missed: list[str] = []  # the service levels that did not hold
    server_limited: bool = True  # False: the harness was at its own limit


class Capacity(Event, tag="capacity", frozen=True):
    """The highest load at which the service levels held, and how that was found.

    `scale` multiplies the scenario's rates; None when the levels did not hold even at the lowest.
    """

    scenario: str
    operation: str
    scale: float | None
    rate: float | None  # operations per second at the knee
    exams_per_year: float | None
    limit: str  # what limits it, in words
    levels: list[str]
    steps: list[CapacityStep]


class Added(msgspec.Struct, frozen=True):
    """How long an operation takes at the PACS alone and through the edge, in seconds.

    `low` and `high` bound the ratio of the two with 95 % confidence.
    """

    operation: str
    measure: str  # "response.p95"
    alone: float
    through: float
    ratio: float
    low: float
    high: float
    samples: tuple[int, int]


class Overhead(Event, tag="overhead", frozen=True):
    """What an edge adds to the PACS behind it, under the same load.

    `capacities` are operations a second at the knee, of the PACS alone and through the edge; None
    where the search found none, and no pair when none was made.
    """

    scenario: str
    rounds: int
    latencies: list[Added]
    operation: str = ""  # that the capacities are about
    capacities: tuple[float | None, float | None] | None = None


class Ledger(Event, tag="ledger", frozen=True):
    """The audit after a load: of what was acknowledged, what could be found again."""

    acknowledged: int
    found: int
    missing: int
    duplicated: int = 0
    altered: int = 0
    examples: list[str] = []  # SOP Instance UIDs of the first few that are missing
    method: str = ""  # how they were looked for


class BaselineCompared(Event, tag="baseline", frozen=True):
    """The verdicts of a run, held against the known deviations of its target."""

    file: str
    known: list[str] = []  # keys of checks that deviate as the baseline says
    problems: list[str] = []  # what is new, gone, vanished or expired, in sentences


class Note(Event, tag="note", frozen=True):
    """Something a reader should know: `severity` is info, warning or problem."""

    severity: str
    text: str


class RunFinished(Event, tag="run-finished", frozen=True):
    """The run ended: its exit code and the verdict in one sentence."""

    exit_code: int
    sentence: str
    duration: float
    interrupted: bool = False


AnyEvent = (
    RunStarted
    | TargetSeen
    | StageStarted
    | StageFinished
    | CheckFinished
    | ClaimJudged
    | LoadSecond
    | LoadSummary
    | Capacity
    | Overhead
    | Ledger
    | BaselineCompared
    | Note
    | RunFinished
)
