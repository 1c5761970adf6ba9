"""How associations end, and how many there may be at once (PS3.8 9.2)."""

from __future__ import annotations

from contextlib import ExitStack

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_success
from stepwedge.target import Target


@check("ASSOC-020", "PS3.8 7.2", SHALL, claim="verification", defects=["assoc-closes-on-release"])
def test_release_is_answered(peer: Peer, target: Target) -> None:
    """An A-RELEASE-RQ is answered by an A-RELEASE-RP."""
    answer = peer.attempt([VERIFICATION])
    expect(answer.association is not None, "the association to be accepted", answer.words)
    assert answer.association is not None
    expect(
        answer.association.release(),
        f"an A-RELEASE-RP within {target.timeouts.release:g} s",
        "none",
        "A-RELEASE-RP",
    )


@check("ASSOC-021", "PS3.8 7.3", SHALL, claim="verification", defects=["assoc-slot-leak"])
def test_abort_frees_the_association(peer: Peer) -> None:
    """After our abort the next association is accepted; twenty in a row."""
    for _ in range(20):
        answer = peer.attempt([VERIFICATION])
        expect(answer.association is not None, "the association to be accepted", answer.words)
        assert answer.association is not None
        answer.association.abort()
    with peer.associate([VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "ASSOC-022",
    "PS3.2 Table N.6-1",
    QUALITY,
    claim="verification",
    defects=["assoc-one-at-a-time"],
)
def test_several_associations_at_once(peer: Peer) -> None:
    """Four associations are open at once, and each answers an echo."""
    with ExitStack() as stack:
        for association in [stack.enter_context(peer.associate([VERIFICATION])) for _ in range(4)]:
            expect_success(association.echo())
