"""Management answers nobody who shows no credentials, or wrong ones."""

from __future__ import annotations

from typing import Any, Final

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.management import READING, Manager, Reply
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect
from stepwedge.verdicts import Blocked

# RFC 9110 15.5.2 and 15.5.4.
_REFUSALS = (401, 403)
# What acts, and can be undone where the refusal came too late or not at all.
_ACTING = ("stop", "drain", "add-destination")
_NOWHERE: Final[dict[str, Any]] = {"title": "STEPWEDGE-NONE", "host": "192.0.2.1", "port": 104}


def _expect_refused(replies: dict[str, Reply], how: str) -> None:
    if not replies:
        raise Blocked("the target file says no management request that could be tried")
    answered = [f"{name} ({reply.words})" for name, reply in replies.items() if reply.ok]
    expect(not answered, f"every call {how} to be refused", "; ".join(answered), "Authorization")
    odd = [
        f"{name} ({reply.words})"
        for name, reply in replies.items()
        if reply.status not in _REFUSALS
    ]
    expect(not odd, "status 401 or 403", "; ".join(odd), "Authorization")


def _requests(manager: Manager, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if manager.is_request(name)]


@check(
    "MGMT-060",
    "RFC 9110 15.5.2",
    SHALL,
    claim="management.authentication",
    defects=["management-open"],
)
def test_no_credentials(manager: Manager) -> None:
    """Every reading call without credentials is refused, and the refusal says which scheme is
    wanted (WWW-Authenticate)."""
    replies = {name: manager.do(name, credentials=False) for name in _requests(manager, READING)}
    _expect_refused(replies, "without credentials")
    silent = [
        name
        for name, reply in replies.items()
        if reply.status == 401 and not any(h.lower() == "www-authenticate" for h in reply.headers)
    ]
    expect(not silent, "WWW-Authenticate in each 401", f"none for {', '.join(silent)}")


@check(
    "MGMT-061",
    "RFC 9110 15.5.2",
    SHALL,
    claim="management.authentication",
    defects=["management-any-password", "management-open"],
)
def test_wrong_credentials(manager: Manager) -> None:
    """Every reading call with a wrong password, an unknown user or a wrong token is refused."""
    user = manager.settings.username or "admin"
    for credentials in ((user, "not-the-password"), ("nobody", "not-the-password"), (user, "")):
        replies = {
            name: manager.do(name, credentials=credentials) for name in _requests(manager, READING)
        }
        _expect_refused(replies, "with wrong credentials")
    replies = {
        name: manager.do(name, credentials="not-the-token") for name in _requests(manager, READING)
    }
    _expect_refused(replies, "with a wrong token")


@check(
    "MGMT-062",
    "RFC 9110 15.5.2",
    SHALL,
    claim="management.authentication",
    defects=["management-acts-before-refusing", "management-open"],
)
def test_refused_calls_do_nothing(crossing: Crossing, manager: Manager) -> None:
    """Every acting call without credentials is refused, and does nothing: the edge serves on."""
    replies = {
        name: manager.do(name, credentials=False, **_NOWHERE)
        for name in _requests(manager, _ACTING)
    }
    answer = crossing.edge.attempt([VERIFICATION], label="after the refused calls")
    if answer.kind != "accepted" and manager.can("start"):
        manager.do("start")  # so that the other checks find it as it was
    if replies.get("add-destination", Reply(0)).ok:
        manager.do("remove-destination", **_NOWHERE)
    _expect_refused(replies, "without credentials")
    expect(answer.kind == "accepted", "the edge to serve on", answer.words)
