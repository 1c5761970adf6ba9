"""What a load's associations say of who they are, and whether one is still there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from run_loads import target

from stepwedge.fixtures.certificates import Certificates
from stepwedge.loadtests.wired import WireDial
from stepwedge.tls import Tls, server_context
from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.items import UserIdentity
from stepwedge.wire.service import Service
from stepwedge.wire.serving import Serving


class Listener(Service):
    """Keeps who asked, and whether an association has ended."""

    def __init__(self) -> None:
        self.identities: list[UserIdentity | None] = []
        self.over = threading.Event()

    def accepted(self, serving: Serving) -> None:
        assert serving.request is not None
        self.identities.append(serving.request.user(UserIdentity))

    def ended(self, serving: Serving, error: BaseException | None) -> None:
        self.over.set()


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ({}, None),
        ({"username": "qa"}, UserIdentity(1, b"qa")),
        ({"username": "Zo\u00eb", "passcode": "pass"}, UserIdentity(2, b"Zo\xc3\xab", b"pass")),
    ],
)
def test_user_identity(credentials: dict[str, str], expected: UserIdentity | None) -> None:
    """The credentials of the target file are presented with every association."""
    listener = Listener()
    with Acceptor(service=listener) as acceptor:
        link = WireDial(target(acceptor.address[1], credentials=credentials), {})("verification")
        link.echo()
        link.release()
    assert listener.identities == [expected]


@pytest.fixture(params=["in clear", "over TLS"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """A [tls] table; empty in clear."""
    if request.param == "in clear":
        return {}
    Certificates().write(tmp_path)
    return {"enabled": True, "certificates": str(tmp_path)}


def test_ended_while_idle(tls: dict[str, object]) -> None:
    """An association is gone when the target aborted it, and not before."""
    listener = Listener()
    context = server_context(Tls.model_validate(tls)) if tls else None
    with Acceptor(service=listener, tls=context, idle=1) as acceptor:
        at = target(acceptor.address[1], **({"tls": tls} if tls else {}))
        link = WireDial(at, {})("verification")
        link.echo()
        before = link.gone
        again = link.echo()
        assert listener.over.wait(10)
        assert (before, again.status, link.gone) == (False, 0, True)
        link.abort()
