"""What of PS3.8 Table 9-10 a requestor can go through from outside, and why not the rest.

The rows are events and the columns states of the server, which is the acceptor.
"""

from __future__ import annotations

from typing import Final

from stepwedge.wire.states import Event, State

_LOCAL = "only the server's own user can make this happen"
_NEVER = "the server would have to request the release itself"

EVENTS: Final = {
    Event.Evt1: "the server would have to ask for the association",
    Event.Evt2: "the server would have to ask for the association",
    Event.Evt7: "the acceptance: gone through with every association, it is no reaction",
    Event.Evt8: "the rejection: gone through with every rejection, it is no reaction",
    Event.Evt9: _LOCAL,
    Event.Evt11: _LOCAL,
    Event.Evt14: _LOCAL,
    Event.Evt15: _LOCAL,
}
STATES: Final = {
    State.Sta3: "lasts as long as the server thinks; from outside it cannot be told from Sta6",
    State.Sta4: "a requestor's state",
    State.Sta5: "a requestor's state",
    State.Sta7: _NEVER,
    State.Sta8: "lasts as long as the server thinks; from outside it cannot be told from Sta13",
    State.Sta9: _NEVER,
    State.Sta10: _NEVER,
    State.Sta11: _NEVER,
    State.Sta12: _NEVER,
}


def unreachable(event: Event, state: State) -> str:
    """Why a cell cannot be gone through from outside; empty when it can."""
    return EVENTS.get(event) or STATES.get(state, "")
