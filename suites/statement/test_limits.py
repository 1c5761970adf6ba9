"""Limits, timers and policies, as the claims file lists them (PS3.2 Tables N.6-1, N.7-2)."""

from __future__ import annotations

import pytest

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import Moves
from stepwedge.fixtures.stated import limits, negotiation
from stepwedge.fixtures.stated.judging import Judge
from stepwedge.statement import Statement
from stepwedge.target import Target


@check(
    "CLAIM-030",
    "PS3.2 Table N.7-2",
    SHALL,
    claim="statement",
    defects=["assoc-implementation-uid-missing", "assoc-max-length-missing"],
)
def test_values(judge: Judge, peer: Peer, statement: Statement) -> None:
    """Maximum PDU length, Implementation Class UID and version are those claimed."""
    judge(limits.judge_values(peer, statement), "the implementation")


@check(
    "CLAIM-031",
    "PS3.2 Table N.6-1",
    SHALL,
    claim="statement",
    defects=["assoc-limit-unchecked", "assoc-one-at-a-time"],
    alone=True,
)
def test_associations(judge: Judge, peer: Peer, statement: Statement) -> None:
    """As many associations as claimed are accepted at once, and the next one is not."""
    judge(limits.judge_associations(peer, statement), "simultaneous associations")


@check(
    "CLAIM-032",
    "PS3.2 Table N.7-2",
    SHALL,
    claim="statement",
    defects=["assoc-artim-ignored", "assoc-idle-ignored"],
)
def test_timers(judge: Judge, peer: Peer, statement: Statement) -> None:
    """Silent connections and idle associations are ended when the claimed timers expire."""
    judge(limits.judge_timers(peer, statement), "timers")


@check(
    "CLAIM-033",
    "PS3.2 Table N.7-2",
    SHALL,
    claim="statement",
    defects=["move-waits-forever"],
)
def test_response(
    judge: Judge, request: pytest.FixtureRequest, target: Target, statement: Statement
) -> None:
    """A sub-operation that is not answered is given up when the claimed timeout expires."""
    patience = target.timeouts.response

    def moves() -> Moves:
        return request.getfixturevalue("moves")  # type: ignore[no-any-return]

    judge(limits.judge_response(moves, statement, patience), "the response timeout")


@check(
    "CLAIM-040",
    "PS3.7 D.3.3.4",
    SHALL,
    claim="statement",
    defects=["assoc-role-scp-refused"],
)
def test_roles(judge: Judge, peer: Peer, statement: Statement) -> None:
    """SCP/SCU role selection is negotiated as claimed."""
    judge(negotiation.judge_roles(peer, statement), "role selection")


@check(
    "CLAIM-041",
    "PS3.7 D.3.3.3",
    SHALL,
    claim="statement",
    defects=["assoc-async-exceeds"],
)
def test_window(judge: Judge, peer: Peer, statement: Statement) -> None:
    """The asynchronous operations window is the one claimed."""
    judge(negotiation.judge_window(peer, statement), "the operations window")


@check(
    "CLAIM-042",
    "PS3.4 C.5.1.1",
    SHALL,
    claim="statement",
    defects=["assoc-relational-refused"],
)
def test_extended(judge: Judge, peer: Peer, statement: Statement) -> None:
    """Extended negotiation of C-FIND agrees to what is claimed."""
    judge(negotiation.judge_extended(peer, statement), "extended negotiation")


@check(
    "CLAIM-043",
    "PS3.8 Table 9-21",
    SHALL,
    claim="statement",
    defects=["assoc-called-ae-unchecked", "assoc-calling-ae-unchecked"],
)
def test_titles(judge: Judge, peer: Peer, statement: Statement) -> None:
    """AE titles are checked, or not, as claimed."""
    judge(negotiation.judge_titles(peer, statement), "AE titles")
