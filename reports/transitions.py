"""PS3.8 Table 9-10 as far as checks went through it: each cell with what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from stepwedge.events import CheckFinished
from stepwedge.outcome import JUDGED
from stepwedge.reports.model import worst
from stepwedge.verdicts import Verdict
from stepwedge.wire.outside import unreachable
from stepwedge.wire.states import TRANSITIONS, Event, State

# How a verdict is told of a cell, and what is told of a cell that no check went through.
WORDS = {
    Verdict.PASS: "passed",
    Verdict.WARN: "warned",
    Verdict.FAIL: "failed",
    Verdict.ERROR: "in error",
}
NOT_TESTED = "not tested"
NOT_REACHABLE = "not reachable"

_EVENTS = {
    Event.Evt1: "A-ASSOCIATE request, by the server's user",
    Event.Evt2: "transport connect confirmation",
    Event.Evt3: "A-ASSOCIATE-AC received",
    Event.Evt4: "A-ASSOCIATE-RJ received",
    Event.Evt5: "transport connection indication",
    Event.Evt6: "A-ASSOCIATE-RQ received",
    Event.Evt7: "A-ASSOCIATE response, accept",
    Event.Evt8: "A-ASSOCIATE response, reject",
    Event.Evt9: "P-DATA request, by the server's user",
    Event.Evt10: "P-DATA-TF received",
    Event.Evt11: "A-RELEASE request, by the server's user",
    Event.Evt12: "A-RELEASE-RQ received",
    Event.Evt13: "A-RELEASE-RP received",
    Event.Evt14: "A-RELEASE response, by the server's user",
    Event.Evt15: "A-ABORT request, by the server's user",
    Event.Evt16: "A-ABORT received",
    Event.Evt17: "transport connection closed",
    Event.Evt18: "ARTIM timer expired",
    Event.Evt19: "unrecognized or invalid PDU received",
}
_STATES = {
    State.Sta1: "idle",
    State.Sta2: "awaiting A-ASSOCIATE-RQ",
    State.Sta3: "awaiting local A-ASSOCIATE response",
    State.Sta4: "awaiting the connection",
    State.Sta5: "awaiting A-ASSOCIATE-AC or -RJ",
    State.Sta6: "association established",
    State.Sta7: "awaiting A-RELEASE-RP",
    State.Sta8: "awaiting local A-RELEASE response",
    State.Sta9: "release collision, requestor",
    State.Sta10: "release collision, acceptor",
    State.Sta11: "release collision, requestor",
    State.Sta12: "release collision, acceptor",
    State.Sta13: "awaiting the close of the connection",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: the action that the standard prints there, and how it stands."""

    action: str
    standing: str
    shape: str  # the verdict whose shape it is drawn with; empty where there is none
    check: CheckFinished | None = None
    reason: str = ""  # why it is not reachable


@dataclass(frozen=True, slots=True)
class Row:
    """The row of an event: a cell a state, None where the event cannot happen."""

    event: str
    meaning: str
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class Table:
    """The whole table."""

    states: list[tuple[str, str]]  # name and meaning
    rows: list[Row]
    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, list[str]] = field(default_factory=dict)  # why → the cells, as Evt/Sta


def table(checks: Sequence[CheckFinished]) -> Table | None:
    """The table as these checks went through it; None when none of them did."""
    through: dict[str, list[CheckFinished]] = {}
    for check in checks:
        for name in check.cells:
            through.setdefault(name, []).append(check)
    if not through:
        return None
    rows = [
        Row(event.name, _EVENTS[event], [_cell(event, state, through) for state in State])
        for event in Event
    ]
    cells = [cell for row in rows for cell in row.cells if cell]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        for state, cell in zip(State, row.cells, strict=True):
            if cell and cell.reason:
                reasons.setdefault(cell.reason, []).append(f"{row.event}/{state.name}")
    return Table(
        [(state.name, _STATES[state]) for state in State],
        rows,
        Counter(cell.standing for cell in cells),
        reasons,
    )


def _cell(event: Event, state: State, through: dict[str, list[CheckFinished]]) -> Cell | None:
    action = TRANSITIONS.get((event, state))
    if action is None:
        return None
    checks = through.get(f"{event.name}/{state.name}", [])
    judged = [one for one in checks if one.verdict in JUDGED or one.verdict is Verdict.ERROR]
    if judged:
        verdict = worst(one.verdict for one in judged)
        check = next(one for one in judged if one.verdict is verdict)
        return Cell(action.name, WORDS[verdict], verdict, check)
    reason = "" if checks else unreachable(event, state)
    if reason:
        return Cell(action.name, NOT_REACHABLE, "", reason=reason)
    return Cell(action.name, NOT_TESTED, "", checks[0] if checks else None)
