"""Associations over TLS: each version, any borders of records, sessions resumed, the end."""

from __future__ import annotations

import pytest

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.tls.probe import VERSIONS, Probe
from stepwedge.fixtures.tls.raw import (
    A_ASSOCIATE_AC,
    A_RELEASE_RP,
    P_DATA_TF,
    RELEASE_RQ,
    association_request,
    echo_in_two,
    expect_pdu,
)
from stepwedge.fixtures.tls.verifiers import expect_alive
from stepwedge.target import Target
from stepwedge.tls import client_context
from stepwedge.verdicts import Deviation


@check(
    "TLS-120",
    "PS3.15 B.12",
    SHALL,
    claim="tls.bcp195",
    defects=["tls-refuses-1-2-associations", "tls-1-2-refused"],
)
def test_association_over_1_2(tls: Probe) -> None:
    """An association over TLS 1.2 is accepted, and its echo answered."""
    expect_alive(tls.peer("1.2"))


@check(
    "TLS-121", "PS3.15 B.12", SHALL, claim="tls.bcp195", defects=["tls-refuses-1-3-associations"]
)
def test_association_over_1_3(tls: Probe) -> None:
    """Where TLS 1.3 is spoken, an association over it is accepted, and its echo answered."""
    if tls.speaks_1_3():
        expect_alive(tls.peer("1.3"))


@check("TLS-122", "RFC 8446 5.1", SHALL, claim="tls.transport", defects=["tls-pending-forgotten"])
def test_several_pdus_in_a_record(tls: Probe, target: Target) -> None:
    """Two P-DATA-TF that come in one TLS record are both read."""
    with tls.secured(client_context(target.tls)) as secured:
        secured.sendall(association_request(target))
        expect_pdu(secured, A_ASSOCIATE_AC)
        secured.sendall(echo_in_two())
        expect_pdu(secured, P_DATA_TF)
        secured.sendall(RELEASE_RQ)
        expect_pdu(secured, A_RELEASE_RP)


@check("TLS-123", "RFC 8446 5.1", SHALL, claim="tls.transport", defects=["tls-records-as-pdus"])
def test_pdu_in_many_records(tls: Probe, target: Target) -> None:
    """A PDU that comes in records of a few bytes each is put together."""
    request = association_request(target)
    with tls.secured(client_context(target.tls)) as secured:
        for at in range(0, len(request), 5):
            secured.sendall(request[at : at + 5])
        expect_pdu(secured, A_ASSOCIATE_AC)
        secured.sendall(RELEASE_RQ)
        expect_pdu(secured, A_RELEASE_RP)


@pytest.mark.parametrize("version", VERSIONS)
@check(
    "TLS-124", "RFC 8446 4.2.11", SHOULD, claim="tls.transport", defects=["tls-resumption-broken"]
)
def test_resumption(tls: Probe, target: Target, version: str) -> None:
    """A client that offers to resume its session gets in, by that session or by a new one."""
    context = client_context(target.tls)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    session = None
    for _ in range(2):
        try:
            with tls.secured(context, session) as secured:
                secured.sendall(association_request(target))
                expect_pdu(secured, A_ASSOCIATE_AC)
                secured.sendall(RELEASE_RQ)
                expect_pdu(secured, A_RELEASE_RP)
                session = secured.session
        except Deviation:
            if session is None:
                return  # this version is not spoken at all, or not by us: other checks say so
            raise


@check(
    "TLS-108", "RFC 8446 6.1", QUALITY, claim="tls.transport", defects=["tls-close-notify-missing"]
)
def test_close_notify(tls: Probe, target: Target) -> None:
    """When an association has been released the server ends TLS with close_notify.

    RFC 8446 6.1 demands it; since A-RELEASE has ended the association in order, nothing can be cut
    off by its absence, so that this is no more than a warning.
    """
    with tls.secured(client_context(target.tls)) as secured:
        secured.sendall(association_request(target))
        expect_pdu(secured, A_ASSOCIATE_AC)
        secured.sendall(RELEASE_RQ)
        expect_pdu(secured, A_RELEASE_RP)
        try:
            secured.unwrap()
        except TimeoutError:
            raise Deviation("close_notify", "nothing; the connection stayed open") from None
        except OSError:
            raise Deviation("close_notify before the end", "the end of the connection") from None
