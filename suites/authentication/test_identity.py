"""User Identity Negotiation: what is answered, and who is let in (PS3.7 D.3.3.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.identity import KERBEROS, SAML, USERNAME, Identity, responses_in
from stepwedge.fixtures.outsiders import Outsiders, expect_turned_away, rejection_of
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_success
from stepwedge.verdicts import Blocked

ITEM = "User Identity sub-item (59H)"
RESPONSE = "Server-response"
NOBODY = b"stepwedge-nobody"


@check(
    "AUTH-001",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-right-refused"],
)
def test_right_credentials(outsiders: Outsiders) -> None:
    """A user with the right passcode is let in, and served."""
    with outsiders.associate("physician", [VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "AUTH-002",
    "PS3.7 D.3.3.7",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-response-unasked"],
)
def test_no_response_unasked(outsiders: Outsiders) -> None:
    """Without a request for a positive response there is no User Identity item in the answer."""
    found = _responses(outsiders, outsiders.identity())
    expect(not found, f"no {ITEM}, as none was asked for", f"{len(found)} of them", ITEM)


@check(
    "AUTH-003",
    "PS3.7 D.3.3.7",
    SHALL,
    claim="authentication.response",
    defects=["auth-response-missing"],
)
def test_response_when_asked(outsiders: Outsiders) -> None:
    """When a positive response is requested, the answer contains one User Identity item."""
    found = _responses(outsiders, outsiders.identity(wants_response=True))
    expect(len(found) == 1, f"one {ITEM}", f"{len(found)} of them", ITEM)


@check(
    "AUTH-004",
    "PS3.7 Table D.3-15",
    SHALL,
    claim="authentication.response",
    defects=["auth-response-not-empty"],
)
def test_response_is_empty(outsiders: Outsiders) -> None:
    """The server response to a username and passcode is of zero length."""
    for value in _responses(outsiders, outsiders.identity(wants_response=True)):
        expect(value == b"\0\0", "a Server-response-length of 0", f"{value[:20]!r}", RESPONSE)


@check(
    "AUTH-005",
    "PS3.7 D.3.3.7",
    SHALL,
    claim="authentication.response",
    defects=["auth-response-without-identity"],
)
def test_no_response_without_identity(peer: Peer) -> None:
    """Where no identity is shown, the answer contains no User Identity item."""
    answer = peer.attempt([VERIFICATION], identity=None)
    expect_accepted(answer)
    found = responses_in(answer.conversation.received()[0])
    expect(not found, f"no {ITEM}", f"{len(found)} of them", ITEM)


def _responses(outsiders: Outsiders, identity: Identity) -> list[bytes]:
    answer = outsiders.attempt(identity)
    expect_accepted(answer)
    return responses_in(answer.conversation.received()[0])


@check(
    "AUTH-010",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-passcode-unchecked"],
)
def test_wrong_passcode(outsiders: Outsiders) -> None:
    """A user with a wrong passcode is rejected."""
    _turned_away(outsiders, "the passcode is wrong", secondary=b"stepwedge-wrong")


@check(
    "AUTH-011",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-rejection-transient", "auth-rejection-by-user"],
)
def test_rejection_is_permanent(outsiders: Outsiders) -> None:
    """A failed authentication is rejected permanently, by the service provider (ACSE)."""
    answer = outsiders.attempt(outsiders.identity(secondary=b"stepwedge-wrong"))
    expect_turned_away(answer, "the passcode is wrong")
    expect(
        (answer.result, answer.source) == (1, 2),
        "result 1 (rejected-permanent) and source 2 (service provider, ACSE related)",
        answer.words,
        "Result, Source",
    )


@check(
    "AUTH-012",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-unknown-user-accepted"],
)
def test_unknown_user(outsiders: Outsiders) -> None:
    """A user whom the target does not know is rejected."""
    _turned_away(outsiders, "nobody is called that", primary=NOBODY)


@check(
    "AUTH-013",
    "Stepwedge users",
    QUALITY,
    claim="authentication.passcode",
    defects=["auth-unknown-user-told"],
)
def test_unknown_user_is_not_told(outsiders: Outsiders) -> None:
    """A wrong passcode and an unknown user are rejected alike, so that users cannot be listed."""
    known = outsiders.attempt(outsiders.identity(secondary=b"stepwedge-wrong"))
    unknown = outsiders.attempt(outsiders.identity(primary=NOBODY))
    expect(
        rejection_of(known) == rejection_of(unknown),
        f"the same answer for an unknown user as for a wrong passcode: {known.words}",
        unknown.words,
        "Result, Source, Reason/Diag.",
    )


@check(
    "AUTH-014",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-locked-accepted"],
)
def test_locked_user(outsiders: Outsiders) -> None:
    """A locked user is rejected in spite of the right passcode."""
    answer = outsiders.attempt(outsiders.identity("locked"))
    expect_turned_away(answer, "the user is locked")


@check(
    "AUTH-015",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-empty-accepted"],
)
@pytest.mark.parametrize("empty", ["passcode", "username", "both"])
def test_empty(outsiders: Outsiders, empty: str) -> None:
    """An empty passcode, an empty username, or neither of them given, is rejected."""
    changes: dict[str, bytes] = {}
    if empty != "username":
        changes["secondary"] = b""
    if empty != "passcode":
        changes["primary"] = b""
    _turned_away(outsiders, f"{empty} is empty", **changes)


@check(
    "AUTH-016",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-long-accepted"],
)
@pytest.mark.parametrize("part", ["passcode", "username"])
def test_very_long(outsiders: Outsiders, part: str) -> None:
    """A username or passcode of 30 000 octets is rejected, and the target goes on serving."""
    long = b"x" * 30_000
    changes = {"secondary": long} if part == "passcode" else {"primary": long}
    _turned_away(outsiders, f"the {part} is not the right one", **changes)
    with outsiders.associate("physician", [VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "AUTH-017",
    "PS3.7 Table D.3-14",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-not-ascii-refused"],
)
def test_beyond_ascii(outsiders: Outsiders) -> None:
    """A user whose name or passcode is beyond ASCII is let in: usernames are UTF-8."""
    with outsiders.associate("international", [VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "AUTH-018",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-not-utf8-accepted"],
)
@pytest.mark.parametrize("octets", [b"\xff", b"\xc3", b"\xed\xa0\x80"], ids=["ff", "cut", "half"])
def test_octets_that_are_no_text(outsiders: Outsiders, octets: bytes) -> None:
    """Octets that are no UTF-8, put behind the right passcode, make it a wrong one."""
    right = outsiders.identity().secondary
    _turned_away(outsiders, "the passcode is no text", secondary=right + octets)


_NEAR: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda passcode: passcode + b"x",
    "case": bytes.swapcase,
    "zeros": lambda passcode: passcode + b"\0\0",
    "spaces": lambda passcode: b" " + passcode + b" ",
}


@check(
    "AUTH-019",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=[
        "auth-passcode-cut",
        "auth-passcode-case-ignored",
        "auth-passcode-zeros-ignored",
        "auth-passcode-trimmed",
    ],
)
@pytest.mark.parametrize("near", _NEAR)
def test_nearly_right(outsiders: Outsiders, near: str) -> None:
    """A passcode that is nearly right is wrong: longer, in other case, with zeros or spaces."""
    right = outsiders.identity().secondary
    wrong = _NEAR[near](right)
    if wrong == right:
        raise Blocked("the physician's passcode has no letters")
    _turned_away(outsiders, "the passcode is nearly right", secondary=wrong)


@check(
    "AUTH-020",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-username-suffices"],
)
def test_username_alone(outsiders: Outsiders) -> None:
    """The username of a user who has a passcode does not suffice."""
    _turned_away(outsiders, "no passcode is shown", type=USERNAME, secondary=b"")


@check(
    "AUTH-021",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.required",
    defects=["auth-identity-optional"],
)
def test_no_identity(outsiders: Outsiders) -> None:
    """Whoever calls from outside and shows no identity is rejected."""
    expect_turned_away(outsiders.attempt(None), "no identity is shown")


@check(
    "AUTH-022",
    "PS3.7 Table D.3-14",
    SHALL,
    claim="authentication.required",
    defects=["auth-type-unknown-accepted"],
)
@pytest.mark.parametrize("kind", [0, 6, 255])
def test_reserved_types(outsiders: Outsiders, kind: int) -> None:
    """An identity of a type that the standard reserves proves nothing."""
    _turned_away(outsiders, f"identity type {kind} is reserved", type=kind)


@check(
    "AUTH-023",
    "PS3.7 D.3.3.7.3",
    SHALL,
    claim="authentication.required",
    defects=["auth-ticket-unverified"],
)
@pytest.mark.parametrize("kind", [KERBEROS, SAML], ids=["kerberos", "saml"])
def test_tickets_that_nobody_issued(outsiders: Outsiders, kind: int) -> None:
    """A Kerberos ticket or SAML assertion that nobody issued is rejected."""
    name = outsiders.user("physician").name
    ticket = {
        KERBEROS: b"\x6e\x82" + name.encode(),
        SAML: f'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0">'
        f"<Subject><NameID>{name}</NameID></Subject></Assertion>".encode(),
    }[kind]
    _turned_away(outsiders, "nobody issued it", primary=ticket, secondary=b"", type=kind)


def _turned_away(outsiders: Outsiders, why: str, **changes: Any) -> None:
    expect_turned_away(outsiders.attempt(outsiders.identity(**changes)), why)
