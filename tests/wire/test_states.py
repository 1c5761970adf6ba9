"""Every cell of PS3.8 Table 9-10, driven through a Connection by what really causes the event."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pynetdicom.fsm import TRANSITION_TABLE

from stepwedge.wire.connection import NEED_DATA, Connection, ConnectionClosed
from stepwedge.wire.errors import LocalProtocolError, RemoteProtocolError
from stepwedge.wire.items import AcceptedContext, ApplicationContext, MaximumLength, UserInformation
from stepwedge.wire.negotiation import VERIFICATION, Proposed, build_request
from stepwedge.wire.pdus import (
    PDV,
    Abort,
    AssociateAC,
    AssociateRJ,
    PDataTF,
    RawPDU,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)
from stepwedge.wire.states import ACTIONS, TRANSITIONS, Artim, Event, Role, State, StateMachine

RQ = build_request("CALLED", "CALLING", [Proposed(VERIFICATION)])
AC = AssociateAC(
    "CALLED",
    "CALLING",
    (
        ApplicationContext(),
        AcceptedContext(1, 0, "1.2.840.10008.1.2"),
        UserInformation((MaximumLength(16384),)),
    ),
)
RJ = AssociateRJ(1, 1, 1)
DATA = PDataTF((PDV(1, 3, b"\0\0"),))

Step = Callable[[Connection], object]


def _arrives(pdu: object) -> Step:
    def step(connection: Connection) -> object:
        connection.receive_data(pdu.encode())  # type: ignore[attr-defined]
        return connection.next_event()

    return step


def _wishes(pdu: object) -> Step:
    return lambda connection: connection.send(pdu)  # type: ignore[arg-type]


def _closed(connection: Connection) -> object:
    connection.receive_data(b"")
    return connection.next_event()


CAUSES: dict[Event, Step] = {
    Event.Evt1: lambda connection: connection.initiate(RQ),
    Event.Evt2: lambda connection: connection.connected(),
    Event.Evt3: _arrives(AC),
    Event.Evt4: _arrives(RJ),
    Event.Evt5: lambda connection: connection.connected(),
    Event.Evt6: _arrives(RQ),
    Event.Evt7: _wishes(AC),
    Event.Evt8: _wishes(RJ),
    Event.Evt9: _wishes(DATA),
    Event.Evt10: _arrives(DATA),
    Event.Evt11: _wishes(ReleaseRQ()),
    Event.Evt12: _arrives(ReleaseRQ()),
    Event.Evt13: _arrives(ReleaseRP()),
    Event.Evt14: _wishes(ReleaseRP()),
    Event.Evt15: _wishes(Abort()),
    Event.Evt16: _arrives(Abort(2, 1)),
    Event.Evt17: _closed,
    Event.Evt18: lambda connection: connection.artim_expired(),
    Event.Evt19: _arrives(RawPDU(0x99, b"")),
}
LOCAL = {1, 2, 5, 7, 8, 9, 11, 14, 15, 18}

_E = Event
# The events that lead from Sta1 to each state, for each role that can be there.
_REQUESTED = [_E.Evt1, _E.Evt2, _E.Evt3]
_ACCEPTED = [_E.Evt5, _E.Evt6, _E.Evt7]
WAYS: dict[tuple[Role, State], list[Event]] = {
    (Role.REQUESTOR, State.Sta1): [],
    (Role.REQUESTOR, State.Sta4): [_E.Evt1],
    (Role.REQUESTOR, State.Sta5): [_E.Evt1, _E.Evt2],
    (Role.REQUESTOR, State.Sta6): _REQUESTED,
    (Role.REQUESTOR, State.Sta7): [*_REQUESTED, _E.Evt11],
    (Role.REQUESTOR, State.Sta8): [*_REQUESTED, _E.Evt12],
    (Role.REQUESTOR, State.Sta9): [*_REQUESTED, _E.Evt11, _E.Evt12],
    (Role.REQUESTOR, State.Sta11): [*_REQUESTED, _E.Evt11, _E.Evt12, _E.Evt14],
    (Role.REQUESTOR, State.Sta13): [*_REQUESTED, _E.Evt15],
    (Role.ACCEPTOR, State.Sta1): [],
    (Role.ACCEPTOR, State.Sta2): [_E.Evt5],
    (Role.ACCEPTOR, State.Sta3): [_E.Evt5, _E.Evt6],
    (Role.ACCEPTOR, State.Sta6): _ACCEPTED,
    (Role.ACCEPTOR, State.Sta7): [*_ACCEPTED, _E.Evt11],
    (Role.ACCEPTOR, State.Sta8): [*_ACCEPTED, _E.Evt12],
    (Role.ACCEPTOR, State.Sta10): [*_ACCEPTED, _E.Evt11, _E.Evt12],
    (Role.ACCEPTOR, State.Sta12): [*_ACCEPTED, _E.Evt11, _E.Evt12, _E.Evt13],
    (Role.ACCEPTOR, State.Sta13): [*_ACCEPTED, _E.Evt15],
}


def _at(role: Role, state: State) -> Connection:
    connection = Connection(role)
    for event in WAYS[role, state]:
        CAUSES[event](connection)
    assert connection.state is state
    return connection


def test_the_table_is_the_one_that_pynetdicom_implements() -> None:
    """Each cell names the action that an independent reading of Table 9-10 names."""
    ours = {(e.name, s.name): action.name for (e, s), action in TRANSITIONS.items()}
    theirs = {key: action.replace("_", "-") for key, action in TRANSITION_TABLE.items()}
    assert ours == theirs


def test_every_state_can_be_reached() -> None:
    """The thirteen states are all entered by some test below."""
    assert {state for _, state in WAYS} == set(State)


def _possible(role: Role, state: State, event: Event) -> bool:
    """Leaves out a cause that is the other role's, or that no connection could bring about."""
    if event is Event.Evt5 or event is Event.Evt2:
        return (event is Event.Evt5) == (role is Role.ACCEPTOR)
    if event is Event.Evt1:
        return role is Role.REQUESTOR
    return True


CELLS = [
    pytest.param(role, state, event, id=f"{role.value}-{state.name}-{event.name}")
    for role, state in WAYS
    for event in Event
    if _possible(role, state, event)
]


@pytest.mark.parametrize(("role", "state", "event"), CELLS)
def test_cell(role: Role, state: State, event: Event) -> None:
    """The event takes the connection to the next state of its action, with the action's effects."""
    connection = _at(role, state)
    action = TRANSITIONS.get((event, state))
    before = connection.artim_running
    if action is None:
        _check_blank(connection, state, event)
        return
    wanted = action.next
    if action.name == "AR-8" and role is Role.ACCEPTOR:
        assert action.otherwise is not None
        wanted = action.otherwise
    sent = b""
    told: object = None
    try:
        result = CAUSES[event](connection)
        if isinstance(result, bytes):
            sent = result
        elif result is not NEED_DATA:
            told = result
    except RemoteProtocolError as error:
        assert error.answer, "a protocol error says what to answer"
        sent, told = error.answer, error
    assert connection.state is wanted
    assert [_name(pdu) for pdu in decode_stream(sent)] == ([action.sends] if action.sends else [])
    if action.indicates:
        assert told is not None
    if action.ignores:
        assert told is None
    if action.closes:
        assert connection.should_close
    if action.artim is not None:
        assert connection.artim_running == (action.artim is Artim.START)
    elif not action.closes:
        assert connection.artim_running == before
    if event is Event.Evt17:
        assert told == ConnectionClosed(0)


def _check_blank(connection: Connection, state: State, event: Event) -> None:
    """An empty cell: our own wish is refused; the peer's bytes have nobody to hear them."""
    if event in LOCAL or state is State.Sta4:
        with pytest.raises(LocalProtocolError):
            CAUSES[event](connection)
    else:
        assert state is State.Sta1
        assert CAUSES[event](connection) is NEED_DATA
    assert connection.state is state


def _name(pdu: object) -> str:
    return {
        "AssociateRQ": "A-ASSOCIATE-RQ",
        "AssociateAC": "A-ASSOCIATE-AC",
        "AssociateRJ": "A-ASSOCIATE-RJ",
        "PDataTF": "P-DATA-TF",
        "ReleaseRQ": "A-RELEASE-RQ",
        "ReleaseRP": "A-RELEASE-RP",
        "Abort": "A-ABORT",
    }[type(pdu).__name__]


def test_a_request_that_the_provider_cannot_take_is_rejected() -> None:
    """AE-6: without bit 0 of the protocol version the answer is A-ASSOCIATE-RJ 1/2/2."""
    connection = _at(Role.ACCEPTOR, State.Sta2)
    raw = bytearray(RQ.encode())
    raw[7] = 0
    connection.receive_data(raw)
    with pytest.raises(RemoteProtocolError) as caught:
        connection.next_event()
    assert list(decode_stream(caught.value.answer)) == [AssociateRJ(1, 2, 2)]
    assert connection.state is State.Sta13
    assert connection.artim_running


def test_other_version_bits_do_not_matter() -> None:
    """Table 9-11: only bit 0 of the protocol version is tested."""
    connection = _at(Role.ACCEPTOR, State.Sta2)
    raw = bytearray(RQ.encode())
    raw[6:8] = b"\x80\x03"
    connection.receive_data(raw)
    assert connection.next_event() is not NEED_DATA
    assert connection.state is State.Sta3


def test_a_wish_that_is_refused_changes_nothing() -> None:
    """LocalProtocolError leaves the state machine where it was."""
    machine = StateMachine(Role.REQUESTOR, State.Sta5)
    with pytest.raises(LocalProtocolError, match="cannot send P-DATA in Sta5"):
        machine.fire(Event.Evt9)
    assert machine.state is State.Sta5


def test_every_action_stands_in_the_table() -> None:
    """No action is defined that no cell takes."""
    assert set(ACTIONS) == {action.name for action in TRANSITIONS.values()}
