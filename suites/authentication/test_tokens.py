"""JSON Web Tokens as user identities (PS3.7 D.3.3.7, RFC 7519)."""

from __future__ import annotations

from typing import Any

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.access import tokens
from stepwedge.fixtures.identity import JWT, Identity
from stepwedge.fixtures.outsiders import Outsiders, expect_turned_away
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect_accepted, expect_success
from stepwedge.target import Target
from stepwedge.verdicts import Blocked

TOKENS = "authentication.jwt"


@check("AUTH-070", "PS3.7 D.3.3.7", SHALL, claim=TOKENS, defects=["token-refused"])
def test_right_token(outsiders: Outsiders, target: Target) -> None:
    """A user with a token that holds is let in."""
    answer = outsiders.attempt(_token(outsiders, target), [VERIFICATION])
    expect_accepted(answer)
    assert answer.association is not None
    expect_success(answer.association.echo())


@check("AUTH-071", "RFC 7519 4.1.4", SHALL, claim=TOKENS, defects=["token-expiry-unchecked"])
def test_expired_token(outsiders: Outsiders, target: Target) -> None:
    """A token that expired an hour ago is rejected."""
    answer = outsiders.attempt(_token(outsiders, target, lifetime=-3600))
    expect_turned_away(answer, "the token has expired")


@check("AUTH-072", "RFC 7515 5.2", SHALL, claim=TOKENS, defects=["token-signature-unchecked"])
def test_forged_token(outsiders: Outsiders, target: Target) -> None:
    """A token that is signed with another key is rejected."""
    answer = outsiders.attempt(_token(outsiders, target, key=b"stepwedge-another-key"))
    expect_turned_away(answer, "the token is signed with another key")


@check("AUTH-073", "RFC 7518 3.6", SHALL, claim=TOKENS, defects=["token-none-accepted"])
def test_unsigned_token(outsiders: Outsiders, target: Target) -> None:
    """A token that says its algorithm is "none" is rejected."""
    answer = outsiders.attempt(_token(outsiders, target, algorithm="none", sign=False))
    expect_turned_away(answer, "the token is not signed")


@check("AUTH-074", "RFC 7519 4.1.3", SHALL, claim=TOKENS, defects=["token-audience-unchecked"])
def test_token_for_another(outsiders: Outsiders, target: Target) -> None:
    """A token that is meant for another audience is rejected."""
    answer = outsiders.attempt(_token(outsiders, target, audience="stepwedge-another"))
    expect_turned_away(answer, "the token is meant for another")


def _token(
    outsiders: Outsiders,
    target: Target,
    *,
    key: bytes = b"",
    audience: str = "",
    lifetime: float = 600,
    **options: Any,
) -> Identity:
    table = target.tokens
    right = table.key.get_secret_value().encode()
    if not right:
        raise Blocked("the target file names no key in [tokens]")
    claims = tokens.claims_for(
        outsiders.user("physician").name, table.issuer, audience or table.audience, lifetime
    )
    return Identity(tokens.make(claims, key or right, **options).encode(), type=JWT)
