"""Who may come in from where, and what is learnt from a rejection (PS3.8 Table 9-21)."""

from __future__ import annotations

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import STUDY_ROOT_FIND
from stepwedge.fixtures.outsiders import Outsiders, expect_turned_away, rejection_of
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import GET_MODELS, MOVE_MODELS
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_success
from stepwedge.target import Target
from stepwedge.verdicts import Blocked

STRANGER = "STEPWEDGE-NOT"
REASON = "Result, Source, Reason/Diag."

_SERVICES = {
    "echo": VERIFICATION,
    "find": STUDY_ROOT_FIND,
    "move": MOVE_MODELS["study"],
    "get": GET_MODELS["study"],
}


@check(
    "ACCESS-001",
    "PS3.8 Table 9-21",
    SHALL,
    claim="access.title",
    defects=["access-unknown-ae-accepted"],
)
@pytest.mark.parametrize("service", _SERVICES)
def test_unknown_calling_ae(peer: Peer, service: str) -> None:
    """An unknown calling AE title is rejected, whatever service it wants."""
    answer = peer.attempt([_SERVICES[service]], calling_ae=STRANGER)
    expect_turned_away(answer, "the calling AE title is unknown")


@check(
    "ACCESS-002",
    "Stepwedge access",
    SHALL,
    claim="access.title",
    defects=["access-user-overrides-ae"],
)
def test_user_from_an_unknown_ae(outsiders: Outsiders) -> None:
    """A user with right credentials is rejected when the calling AE title is unknown."""
    answer = outsiders.attempt(outsiders.identity(), calling_ae=STRANGER)
    expect_turned_away(answer, "the calling AE title is unknown")


@check(
    "ACCESS-003",
    "PS3.8 Table 9-21",
    SHALL,
    claim="access.title",
    defects=["access-called-unchecked"],
)
def test_wrong_called_ae(outsiders: Outsiders) -> None:
    """A called AE title that is not the target's is rejected, also for a user who is known."""
    answer = outsiders.attempt(outsiders.identity(), called_ae=STRANGER)
    expect_turned_away(answer, "the called AE title is not the target's")


@check(
    "ACCESS-004",
    "Stepwedge access",
    QUALITY,
    claim="access.title",
    defects=["access-called-told"],
)
def test_called_ae_is_not_told(peer: Peer) -> None:
    """An unknown caller is rejected alike with the right called AE title and with a wrong one."""
    right = peer.attempt([VERIFICATION], calling_ae=STRANGER)
    wrong = peer.attempt([VERIFICATION], calling_ae=STRANGER, called_ae="STEPWEDGE-NOR")
    expect_turned_away(right, "the calling AE title is unknown")
    expect(
        rejection_of(right) == rejection_of(wrong),
        f"the same answer for a wrong called AE title: {right.words}",
        wrong.words,
        REASON,
    )


@check(
    "ACCESS-005",
    "Stepwedge access",
    SHALL,
    claim="access.address",
    defects=["access-address-refused"],
)
def test_right_address(peer: Peer, target: Target) -> None:
    """A known AE title that calls from its own address is let in."""
    title, own, _ = _bound(target)
    expect_accepted(peer.attempt([VERIFICATION], calling_ae=title, source=own))


@check(
    "ACCESS-006",
    "Stepwedge access",
    SHALL,
    claim="access.address",
    defects=["access-address-unchecked"],
)
@pytest.mark.parametrize("service", _SERVICES)
def test_wrong_address(peer: Peer, target: Target, service: str) -> None:
    """A known AE title that calls from another address is rejected."""
    title, _, elsewhere = _bound(target)
    answer = peer.attempt([_SERVICES[service]], calling_ae=title, source=elsewhere)
    expect_turned_away(answer, f"{title} does not belong to {elsewhere}")


@check(
    "ACCESS-007",
    "Stepwedge access",
    QUALITY,
    claim="access.address",
    defects=["access-address-told"],
)
def test_address_is_not_told(peer: Peer, target: Target) -> None:
    """From a wrong address, a known AE title is rejected as an unknown one is."""
    title, _, elsewhere = _bound(target)
    known = peer.attempt([VERIFICATION], calling_ae=title, source=elsewhere)
    unknown = peer.attempt([VERIFICATION], calling_ae=STRANGER, source=elsewhere)
    expect_turned_away(unknown, "the calling AE title is unknown")
    expect(
        rejection_of(known) == rejection_of(unknown),
        f"the same answer as for an unknown AE title: {unknown.words}",
        known.words,
        REASON,
    )


@check(
    "ACCESS-008",
    "Stepwedge access",
    SHALL,
    claim="authentication.required",
    defects=["access-identity-sticks"],
)
def test_identity_does_not_stick(outsiders: Outsiders) -> None:
    """After a user was let in, nobody gets in from the same AE title without an identity."""
    with outsiders.associate("physician", [VERIFICATION]) as association:
        expect_success(association.echo())
        expect_turned_away(outsiders.attempt(None), "no identity is shown")
    expect_turned_away(outsiders.attempt(None), "no identity is shown")


def _bound(target: Target) -> tuple[str, str, str]:
    table = target.access
    if not (table.bound and table.bound_address and table.elsewhere):
        raise Blocked("the [access] table does not name bound, bound_address and elsewhere")
    return table.bound, table.bound_address, table.elsewhere
