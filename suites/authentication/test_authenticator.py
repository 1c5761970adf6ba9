"""The RADIUS authenticator: asked rightly, and never a reason to let the wrong one in.

RFC 2865 (authentication), RFC 3579 (Message-Authenticator).  The authenticator is the harness's
own, so a check can make it slow, silent or lying.
"""

from __future__ import annotations

import time

import pytest

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.outsiders import Outsiders, expect_turned_away
from stepwedge.fixtures.radius import Authenticator
from stepwedge.fixtures.radius.authenticator import LIES, Asked
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_success
from stepwedge.target import Target

RADIUS = "authentication.radius"

# Seconds over the stated limit that are put down to the network and to us.
SLACK = 1.0


@check("AUTH-030", "RFC 2865 2", SHALL, claim=RADIUS, defects=["radius-cached"])
def test_each_association_is_asked_about(
    outsiders: Outsiders, authenticator: Authenticator
) -> None:
    """The authenticator is asked about each association of a user."""
    name = outsiders.user("physician").name
    for _ in range(2):
        asked = _asked(outsiders, authenticator)
        expect(
            [one.username for one in asked] == [name],
            "one Access-Request with this user's name",
            f"{len(asked)} of them",
            "User-Name (1)",
        )


@check("AUTH-031", "RFC 2865 4.1", SHALL, claim=RADIUS, defects=["radius-nas-missing"])
def test_request_says_who_asks(outsiders: Outsiders, authenticator: Authenticator) -> None:
    """An Access-Request contains a NAS-Identifier or a NAS-IP-Address."""
    for one in _asked(outsiders, authenticator):
        expect(
            bool(one.identifier) or 4 in _attributes(one.raw),
            "NAS-Identifier (32) or NAS-IP-Address (4)",
            f"attributes {sorted(_attributes(one.raw))}",
            "Access-Request",
        )


@check("AUTH-032", "RFC 3579 3.2", SHOULD, claim=RADIUS, defects=["radius-unsigned"])
def test_request_is_signed(outsiders: Outsiders, authenticator: Authenticator) -> None:
    """An Access-Request carries a Message-Authenticator that is right."""
    for one in _asked(outsiders, authenticator, well=False):
        seen = "one" if 80 in _attributes(one.raw) else "none"
        expect(one.proven, "a right Message-Authenticator (80)", seen, "Access-Request")


@check("AUTH-033", "RFC 2865 5.2", SHALL, claim=RADIUS, defects=["radius-passcode-in-clear"])
def test_passcode_is_hidden(outsiders: Outsiders, authenticator: Authenticator) -> None:
    """The passcode does not travel to the authenticator in the clear."""
    passcode = outsiders.identity().secondary
    for one in _asked(outsiders, authenticator):
        expect(passcode not in one.raw, "no passcode in the clear", "the passcode", "User-Password")


@check("AUTH-034", "RFC 2865 2.4", QUALITY, claim=RADIUS, defects=["radius-no-retry"])
def test_lost_request(outsiders: Outsiders, authenticator: Authenticator) -> None:
    """When the first request gets lost on its way, it is sent again and the user let in."""
    with authenticator.being(loses=1):
        expect_accepted(outsiders.attempt(outsiders.identity()))


@check("AUTH-035", "Stepwedge authenticator", QUALITY, claim=RADIUS, defects=["radius-impatient"])
def test_slow_within_the_limit(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """An authenticator that takes a quarter of the stated time is waited for."""
    with authenticator.being(delay=target.authenticator.limit / 4):
        expect_accepted(outsiders.attempt(outsiders.identity()))


@check(
    "AUTH-036",
    "Stepwedge authenticator",
    SHALL,
    claim=RADIUS,
    defects=["radius-fails-open", "radius-waits-for-ever"],
)
def test_silent(outsiders: Outsiders, authenticator: Authenticator, target: Target) -> None:
    """While the authenticator is silent, nobody is let in, and that within the stated time."""
    with authenticator.being(silent=True):
        _fails_closed(outsiders, target, "the authenticator is silent")


@check("AUTH-037", "Stepwedge authenticator", SHALL, claim=RADIUS, defects=["radius-fails-open"])
def test_too_slow(outsiders: Outsiders, authenticator: Authenticator, target: Target) -> None:
    """When the authenticator takes longer than stated, the user is rejected in the stated time."""
    with authenticator.being(delay=target.authenticator.limit + SLACK):
        _fails_closed(outsiders, target, "the authenticator is too slow")


_BELIEVED = {
    "wrong secret": "radius-believes-anything",
    "wrong response authenticator": "radius-believes-anything",
    "wrong message authenticator": "radius-message-authenticator-unchecked",
    "wrong identifier": "radius-believes-anything",
    "challenge": "radius-challenge-accepted",
    "truncated": "radius-fails-open",
}


@check("AUTH-038", "RFC 2865 4.2", SHALL, claim=RADIUS, defects=sorted(set(_BELIEVED.values())))
@pytest.mark.parametrize("lie", _BELIEVED)
def test_lies(outsiders: Outsiders, authenticator: Authenticator, target: Target, lie: str) -> None:
    """An Access-Accept that does not prove where it comes from lets nobody in."""
    assert lie in LIES
    with authenticator.being(lie=lie):
        _fails_closed(outsiders, target, f"the authenticator's answer is wrong ({lie})")


@check(
    "AUTH-039",
    "RFC 3579 3.2",
    QUALITY,
    claim=RADIUS,
    defects=["radius-message-authenticator-unchecked"],
)
def test_unsigned_answer(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """An Access-Accept without Message-Authenticator, which can be forged, lets nobody in."""
    with authenticator.being(lie="no message authenticator"):
        _fails_closed(outsiders, target, "the answer has no Message-Authenticator")


@check("AUTH-040", "RFC 2865 3", SHALL, claim=RADIUS, defects=["radius-fails-open"])
def test_another_secret(outsiders: Outsiders, authenticator: Authenticator, target: Target) -> None:
    """When the authenticator shares another secret, nobody is let in."""
    secret = target.authenticator.secret.get_secret_value().encode()
    authenticator.change_secret(b"not " + secret)
    try:
        _fails_closed(outsiders, target, "the shared secret is wrong")
    finally:
        authenticator.change_secret(secret)


@check("AUTH-041", "Stepwedge authenticator", QUALITY, claim=RADIUS, defects=["radius-gives-up"])
def test_back_again(outsiders: Outsiders, authenticator: Authenticator) -> None:
    """When the authenticator is back after a silence, users are let in again."""
    with authenticator.being(silent=True):
        outsiders.attempt(outsiders.identity())
    with outsiders.associate("physician", [VERIFICATION]) as association:
        expect_success(association.echo())


def _asked(outsiders: Outsiders, authenticator: Authenticator, *, well: bool = True) -> list[Asked]:
    """What the authenticator is asked when the physician comes."""
    before = len(authenticator.asked)
    answer = outsiders.attempt(outsiders.identity())
    if well:
        expect_accepted(answer)
    if answer.association is not None:
        answer.association.release()
    asked = authenticator.asked[before:]
    expect(bool(asked), "an Access-Request", "none came to the authenticator", "Access-Request")
    return asked


def _fails_closed(outsiders: Outsiders, target: Target, why: str) -> None:
    limit, began = target.authenticator.limit, time.monotonic()
    answer = outsiders.attempt(outsiders.identity())
    took = time.monotonic() - began
    expect_turned_away(answer, why)
    expect(took <= limit + SLACK, f"a decision within {limit:g} s", f"{took:.1f} s", "Result")


def _attributes(packet: bytes) -> dict[int, bytes]:
    """The attributes of a RADIUS packet by their type (RFC 2865 5)."""
    found, at = {}, 20
    while at + 2 <= len(packet) and packet[at + 1] >= 2:
        found[packet[at]] = packet[at + 2 : at + packet[at + 1]]
        at += packet[at + 1]
    return found
