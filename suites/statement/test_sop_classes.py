"""SOP classes by transfer syntax, as the claims file lists them (PS3.2 Tables N.5-1, N.5-2)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.stated import contexts, objects
from stepwedge.fixtures.stated.judging import Judge
from stepwedge.statement import Statement


@check(
    "CLAIM-001",
    "PS3.2 Table N.5-1",
    SHALL,
    claim="statement",
    defects=["assoc-mr-refused", "store-compressed-refused"],
)
def test_negotiated(judge: Judge, peer: Peer, statement: Statement) -> None:
    """Every SOP class claimed as SCP is accepted in every transfer syntax claimed for it."""
    judge(contexts.judge(peer, statement), "SOP classes and transfer syntaxes")


@check("CLAIM-002", "PS3.2 Table N.5-1", SHALL, claim="statement", defects=["store-mr-refused"])
def test_stored(judge: Judge, deposits: Deposits, statement: Statement) -> None:
    """Objects of every storage SOP class claimed are stored, in every transfer syntax claimed."""
    judge(objects.judge(deposits, statement), "objects that are stored")
