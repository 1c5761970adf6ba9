"""The state machine of the upper layer: PS3.8 Table 9-10, as data.

Theory of operation
===================

An association is three things at once: a transport connection, a protocol in one of thirteen
states, and a timer called ARTIM that bounds the states in which only the peer can make progress.
Everything that affects the state of a connection is in this file; everything else in the package
asks it and does as it is told.

Nineteen *events* can happen.  Seven are our own wish (an A-ASSOCIATE request or its answer, P-DATA,
an A-RELEASE request or its answer, an A-ABORT: Evt1, 7, 8, 9, 11, 14, 15).  Eight are what came off
the wire: the seven PDUs (Evt3, 4, 6, 10, 12, 13, 16) and whatever is none of them (Evt19).  The
rest are the transport's (connected as requestor Evt2, as acceptor Evt5, closed Evt17) and the
timer's (Evt18).

In each *state* an event has at most one *action*.  The table below has the events down and the
states across, as the standard prints it, and holds the names of actions only: an action always
leads to the same state, but for two that ask one question each.  AE-6 asks whether the request is
acceptable to the service provider, AR-8 which end asked for the association.  An empty cell is an
event that cannot happen in that state.  If it is our own wish, the wish is a mistake of ours and
raises LocalProtocolError; nothing has been sent and the state is as before.

There is one table for both roles.  A requestor begins in Sta1, asks (AE-1), is connected (AE-2) and
waits in Sta5; an acceptor is connected (AE-5) and waits in Sta2.  Both meet in Sta6, where P-DATA
flows and the state does not change (DT-1, DT-2): which is why a fast path may skip the table there
and nowhere else.  Sta7 to Sta12 take an association down in order, and four of them exist only for
the case that both ends release at once.  Sta13 waits for the peer to close after an abort or a
rejection; whatever still arrives there is dropped (AA-6).

A protocol error by the peer is not a branch in the code: it is a cell that says AA-1, AA-7 or AA-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from stepwedge.wire.errors import LocalProtocolError


class Role(Enum):
    """Which end asked for the association."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"


class State(IntEnum):
    """PS3.8 Tables 9-1 to 9-5."""

    Sta1 = 1  # idle
    Sta2 = 2  # transport connection open, awaiting A-ASSOCIATE-RQ
    Sta3 = 3  # awaiting local A-ASSOCIATE response
    Sta4 = 4  # awaiting transport connection to complete
    Sta5 = 5  # awaiting A-ASSOCIATE-AC or -RJ
    Sta6 = 6  # association established, ready for data transfer
    Sta7 = 7  # awaiting A-RELEASE-RP
    Sta8 = 8  # awaiting local A-RELEASE response
    Sta9 = 9  # release collision, requestor: awaiting local A-RELEASE response
    Sta10 = 10  # release collision, acceptor: awaiting A-RELEASE-RP
    Sta11 = 11  # release collision, requestor: awaiting A-RELEASE-RP
    Sta12 = 12  # release collision, acceptor: awaiting local A-RELEASE response
    Sta13 = 13  # awaiting the transport connection to close


class Event(IntEnum):
    """The rows of PS3.8 Table 9-10."""

    Evt1 = 1  # A-ASSOCIATE request (local)
    Evt2 = 2  # transport connect confirmation
    Evt3 = 3  # A-ASSOCIATE-AC received
    Evt4 = 4  # A-ASSOCIATE-RJ received
    Evt5 = 5  # transport connection indication
    Evt6 = 6  # A-ASSOCIATE-RQ received
    Evt7 = 7  # A-ASSOCIATE response, accept (local)
    Evt8 = 8  # A-ASSOCIATE response, reject (local)
    Evt9 = 9  # P-DATA request (local)
    Evt10 = 10  # P-DATA-TF received
    Evt11 = 11  # A-RELEASE request (local)
    Evt12 = 12  # A-RELEASE-RQ received
    Evt13 = 13  # A-RELEASE-RP received
    Evt14 = 14  # A-RELEASE response (local)
    Evt15 = 15  # A-ABORT request (local)
    Evt16 = 16  # A-ABORT received
    Evt17 = 17  # transport connection closed
    Evt18 = 18  # ARTIM timer expired
    Evt19 = 19  # unrecognized or invalid PDU received


class Artim(Enum):
    """What an action does to the ARTIM timer."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of PS3.8 Tables 9-6 to 9-9.

    `sends` is the PDU that goes out; `indicates` that the local user is told; `closes` that the
    transport connection is closed by us.  `otherwise` is the next state when the action's question
    is answered with no; `ignores` that the event is dropped.
    """

    name: str
    next: State
    sends: str = ""
    indicates: bool = False
    artim: Artim | None = None
    closes: bool = False
    ignores: bool = False
    otherwise: State | None = None


_S = State
ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        # Association establishment, Table 9-6
        Action("AE-1", _S.Sta4),
        Action("AE-2", _S.Sta5, sends="A-ASSOCIATE-RQ"),
        Action("AE-3", _S.Sta6, indicates=True),
        Action("AE-4", _S.Sta1, indicates=True, closes=True),
        Action("AE-5", _S.Sta2, artim=Artim.START),
        # acceptable to the service provider? if not, A-ASSOCIATE-RJ goes out and ARTIM starts
        Action("AE-6", _S.Sta3, indicates=True, artim=Artim.STOP, otherwise=_S.Sta13),
        Action("AE-7", _S.Sta6, sends="A-ASSOCIATE-AC"),
        Action("AE-8", _S.Sta13, sends="A-ASSOCIATE-RJ", artim=Artim.START),
        # Data transfer, Table 9-7
        Action("DT-1", _S.Sta6, sends="P-DATA-TF"),
        Action("DT-2", _S.Sta6, indicates=True),
        # Association release, Table 9-8
        Action("AR-1", _S.Sta7, sends="A-RELEASE-RQ"),
        Action("AR-2", _S.Sta8, indicates=True),
        Action("AR-3", _S.Sta1, indicates=True, closes=True),
        Action("AR-4", _S.Sta13, sends="A-RELEASE-RP", artim=Artim.START),
        Action("AR-5", _S.Sta1, artim=Artim.STOP),
        Action("AR-6", _S.Sta7, indicates=True),
        Action("AR-7", _S.Sta8, sends="P-DATA-TF"),
        # are we the requestor? if not, the next state is Sta10
        Action("AR-8", _S.Sta9, indicates=True, otherwise=_S.Sta10),
        Action("AR-9", _S.Sta11, sends="A-RELEASE-RP"),
        Action("AR-10", _S.Sta12, indicates=True),
        # Association abort, Table 9-9
        Action("AA-1", _S.Sta13, sends="A-ABORT", artim=Artim.START),
        Action("AA-2", _S.Sta1, artim=Artim.STOP, closes=True),
        Action("AA-3", _S.Sta1, indicates=True, closes=True),
        Action("AA-4", _S.Sta1, indicates=True),
        Action("AA-5", _S.Sta1, artim=Artim.STOP),
        Action("AA-6", _S.Sta13, ignores=True),
        Action("AA-7", _S.Sta13, sends="A-ABORT"),
        Action("AA-8", _S.Sta13, sends="A-ABORT", indicates=True, artim=Artim.START),
    )
}

_TABLE = """
       Sta1  Sta2  Sta3  Sta4  Sta5  Sta6  Sta7  Sta8  Sta9  Sta10 Sta11 Sta12 Sta13
Evt1   AE-1  .     .     .     .     .     .     .     .     .     .     .     .
Evt2   .     .     .     AE-2  .     .     .     .     .     .     .     .     .
Evt3   .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt4   .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt5   AE-5  .     .     .     .     .     .     .     .     .     .     .     .
Evt6   .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
Evt7   .     .     AE-7  .     .     .     .     .     .     .     .     .     .
Evt8   .     .     AE-8  .     .     .     .     .     .     .     .     .     .
Evt9   .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
Evt10  .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt11  .     .     .     .     .     AR-1  .     .     .     .     .     .     .
Evt12  .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
Evt13  .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
Evt14  .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
Evt15  .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
Evt16  .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
Evt17  .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
Evt18  .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
Evt19  .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""


def _parse(table: str) -> dict[tuple[Event, State], Action]:
    head, *rows = table.strip().splitlines()
    states = [State[name] for name in head.split()]
    cells: dict[tuple[Event, State], Action] = {}
    for row in rows:
        event, *names = row.split()
        for state, name in zip(states, names, strict=True):
            if name != ".":
                cells[Event[event], state] = ACTIONS[name]
    return cells


TRANSITIONS = _parse(_TABLE)

_WISHES = {
    Event.Evt1: "request an association",
    Event.Evt7: "accept an association",
    Event.Evt8: "reject an association",
    Event.Evt9: "send P-DATA",
    Event.Evt11: "request a release",
    Event.Evt14: "answer a release",
    Event.Evt15: "abort",
}


class StateMachine:
    """Where one connection stands; changes only through `fire`."""

    __slots__ = ("role", "state")

    def __init__(self, role: Role, state: State = State.Sta1) -> None:
        self.role = role
        self.state = state

    def action(self, event: Event) -> Action | None:
        """What the table says of `event` in the present state; None when it cannot happen."""
        return TRANSITIONS.get((event, self.state))

    def allows(self, event: Event) -> bool:
        """True when the table has an action for `event` in the present state."""
        return self.action(event) is not None

    def fire(self, event: Event, acceptable: bool = True) -> Action:
        """Makes the transition and returns the action to be taken.

        `acceptable` answers the question of AE-6 and means nothing elsewhere.  Raises
        LocalProtocolError, and changes nothing, when the table has no action for the event here.
        """
        action = self.action(event)
        if action is None:
            wish = _WISHES.get(event, f"take {event.name}")
            raise LocalProtocolError(f"cannot {wish} in {self.state.name}")
        yes = self.role is Role.REQUESTOR if action.name == "AR-8" else acceptable
        self.state = action.next if yes or action.otherwise is None else action.otherwise
        return action
