"""The RADIUS client against the authenticator of the harness and against FreeRADIUS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwedge.errors import UsageError
from stepwedge.fixtures.radius import (
    Authenticator,
    Outcome,
    RadiusClient,
    RadiusServer,
    RadiusUser,
)
from stepwedge.fixtures.radius.authenticator import LIES
from stepwedge.fixtures.radius.client import Session
from stepwedge.fixtures.servers.freeradius import FreeRadius

USERS = (
    RadiusUser("alice", 'won"der\\land', "physician"),
    RadiusUser("müller", "pässwörd"),
    RadiusUser("locked", "right", locked=True),
)
SECRET = 'se"cret'
# Whatever is down is noticed after servers x tries x timeout; the rest is for a busy machine.
TIMEOUT, SLACK = 0.2, 2.0


@pytest.fixture
def authenticator() -> Iterator[Authenticator]:
    with Authenticator(USERS, secret=SECRET.encode()) as running:
        yield running


@pytest.fixture
def free_radius(tmp_path: Path) -> Iterator[FreeRadius]:
    with FreeRadius(tmp_path / "freeradius", USERS, secret=SECRET) as running:
        yield running


def _client(*servers: RadiusServer, timeout: float = 1.0, tries: int = 2) -> RadiusClient:
    return RadiusClient(servers, identifier="EDGE", timeout=timeout, tries=tries)


def _of(authenticator: Authenticator) -> RadiusServer:
    return RadiusServer(
        "127.0.0.1", SECRET.encode(), authenticator.port, authenticator.accounting_port
    )


def _ask(client: RadiusClient, name: str = "alice", passcode: str = 'won"der\\land') -> Outcome:
    return client.authenticate(name.encode(), passcode.encode()).outcome


CREDENTIALS = [
    ("alice", 'won"der\\land', Outcome.ACCEPTED),
    ("müller", "pässwörd", Outcome.ACCEPTED),
    ("alice", "wrong", Outcome.REJECTED),
    ("alice", 'won"der\\lan', Outcome.REJECTED),
    ("alice", 'won"der\\land\0', Outcome.REJECTED),
    ("alice", "", Outcome.REJECTED),
    ("", "wrong", Outcome.REJECTED),
    ("nobody", "wrong", Outcome.REJECTED),
    ("locked", "right", Outcome.REJECTED),
    ("alice", "w" * 128, Outcome.REJECTED),
    ("alice", "w" * 129, Outcome.REJECTED),
    ("a" * 254, "wrong", Outcome.REJECTED),
]


def test_what_the_authenticator_of_the_harness_says(authenticator: Authenticator) -> None:
    """Only the right passcode of a user who is not locked is accepted."""
    client = _client(_of(authenticator))
    assert [(n, p, _ask(client, n, p)) for n, p, _ in CREDENTIALS] == CREDENTIALS


def test_what_free_radius_says(free_radius: FreeRadius) -> None:
    """FreeRADIUS says the same, and assigns the same role."""
    client = _client(free_radius.server)
    assert [(n, p, _ask(client, n, p)) for n, p, _ in CREDENTIALS] == CREDENTIALS
    assert client.authenticate(b"alice", b'won"der\\land').filters == ("physician",)
    assert 'won"der' not in free_radius.log.read_text(encoding="utf-8")


def test_octets_that_are_no_utf_8_are_not_lost(authenticator: Authenticator) -> None:
    """A passcode with more octets than the right one is another passcode."""
    client = _client(_of(authenticator))
    wrong = b'won"der\\land' + b"\xff"
    assert client.authenticate(b"alice", wrong).outcome is Outcome.REJECTED


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_authenticator_lets_nobody_in(authenticator: Authenticator, lie: str) -> None:
    """An Access-Accept that proves nothing is none, and asking ends in time."""
    client = _client(_of(authenticator), timeout=TIMEOUT)
    began = time.monotonic()
    with authenticator.being(lie=lie):
        assert _ask(client) is not Outcome.ACCEPTED
    assert time.monotonic() - began < client.limit + SLACK
    assert _ask(client) is Outcome.ACCEPTED


def test_a_lost_request_is_sent_again(authenticator: Authenticator) -> None:
    """The second transmission is answered."""
    client = _client(_of(authenticator), timeout=TIMEOUT)
    with authenticator.being(loses=1):
        assert _ask(client) is Outcome.ACCEPTED


def test_a_silent_authenticator_is_given_up_in_time(authenticator: Authenticator) -> None:
    """Nobody is let in, and the time is the one that is stated."""
    client = _client(_of(authenticator), timeout=TIMEOUT)
    began = time.monotonic()
    with authenticator.being(silent=True):
        assert _ask(client) is Outcome.UNAVAILABLE
    assert TIMEOUT * 2 <= time.monotonic() - began < client.limit + SLACK


def test_the_next_server_is_asked(authenticator: Authenticator) -> None:
    """A server that is down is passed over."""
    with Authenticator((), secret=b"x") as down:
        nobody = RadiusServer("127.0.0.1", b"x", down.port, down.accounting_port)
    client = _client(nobody, _of(authenticator), timeout=TIMEOUT)
    assert _ask(client) is Outcome.ACCEPTED


def test_a_changed_secret_is_noticed(authenticator: Authenticator) -> None:
    """With another secret at the authenticator nobody is let in."""
    client = _client(_of(authenticator), timeout=TIMEOUT)
    authenticator.change_secret(b"another")
    assert _ask(client) is Outcome.UNAVAILABLE


def test_accounting_tells_of_begin_and_end(authenticator: Authenticator) -> None:
    """Start and Stop name the user and the session; Class comes back as it was given."""
    client = _client(_of(authenticator))
    classes = client.authenticate(b"alice", b'won"der\\land').classes
    session = Session("7", b"alice", "CALLING", "EDGE", classes)
    client.begun(session)
    client.ended(session, 3)
    client.stop()
    told = [(one.status, one.session, one.username, one.classes) for one in authenticator.told]
    assert told == [
        ("Start", "7", "alice", (b"class of alice",)),
        ("Stop", "7", "alice", (b"class of alice",)),
    ]


def test_free_radius_takes_accounting(free_radius: FreeRadius) -> None:
    """FreeRADIUS writes Start and Stop of a session down."""
    client = _client(free_radius.server)
    session = Session("7", b"alice", "CALLING", "EDGE")
    client.begun(session)
    client.ended(session, 3)
    client.stop()
    assert free_radius.accounting.count('Acct-Session-Id = "7"') == 2
    assert free_radius.accounting.count("Acct-Status-Type = Stop") == 1


def test_free_radius_killed(free_radius: FreeRadius) -> None:
    """When FreeRADIUS is killed, nobody is let in; when it is back, its users are."""
    client = _client(free_radius.server, timeout=TIMEOUT)
    free_radius.kill()
    assert _ask(client) is Outcome.UNAVAILABLE
    free_radius.start()
    assert _ask(client) is Outcome.ACCEPTED


def test_free_radius_with_another_secret(free_radius: FreeRadius) -> None:
    """When FreeRADIUS has another secret, nobody is let in."""
    client = _client(free_radius.server, timeout=TIMEOUT)
    free_radius.stop()
    free_radius.secret = "another"
    free_radius.start()
    assert _ask(client) is Outcome.UNAVAILABLE


def test_free_radius_slow(free_radius: FreeRadius) -> None:
    """A slow answer of FreeRADIUS is waited for as long as is stated, and not longer."""
    free_radius.stop()
    free_radius.delay = 0.5
    free_radius.start()
    assert _ask(_client(free_radius.server, timeout=5)) is Outcome.ACCEPTED
    assert _ask(_client(free_radius.server, timeout=0.1)) is Outcome.UNAVAILABLE


def test_a_secret_is_needed() -> None:
    """No secret is a mistake that says so."""
    with pytest.raises(UsageError, match="no shared secret"):
        RadiusServer("127.0.0.1", b"")
    with pytest.raises(UsageError, match="no shared secret"):
        Authenticator((), secret=b"")


def test_a_port_that_is_taken(authenticator: Authenticator) -> None:
    """A port that is taken is a mistake that names it."""
    other = Authenticator((), secret=b"x", port=authenticator.port)
    with pytest.raises(UsageError, match=f"UDP port {authenticator.port}"):
        other.start()
