"""Whom the server lets in: certificates of clients, and each reason to refuse one.

PS3.15 B.12 leaves to the site what certificates mean; a server that claims to verify them is held
to RFC 5280.  A refusal may come in the handshake or, under TLS 1.3, after it; that no association
comes about is what counts.
"""

from __future__ import annotations

import pytest

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.tls.probe import VERSIONS, Probe
from stepwedge.fixtures.tls.verifiers import expect_alive, expect_turned_away

CLAIM = "tls.client-certificate"


def _refuses(tls: Probe, name: str, words: str) -> None:
    for version in VERSIONS:
        expect_turned_away(tls.with_certificate(name, version), f"{words} over TLS {version}")
    expect_alive(tls.peer())


@pytest.mark.parametrize("version", VERSIONS)
@check("TLS-080", "RFC 8446 4.4.2.4", SHALL, claim=CLAIM, defects=["tls-client-not-asked"])
def test_no_certificate(tls: Probe, version: str) -> None:
    """A client without a certificate is refused."""
    expect_turned_away(tls.without_certificate(version), "a client without a certificate")


@check("TLS-081", "RFC 5280 6.1", SHALL, claim=CLAIM, defects=["tls-client-unknown-ca-accepted"])
def test_unknown_authority(tls: Probe) -> None:
    """A certificate from an authority that the server does not know is refused."""
    _refuses(tls, "unknown-ca", "a certificate from an unknown authority")


@check("TLS-082", "RFC 5280 6.1.3", SHALL, claim=CLAIM, defects=["tls-client-validity-unchecked"])
def test_expired(tls: Probe) -> None:
    """A certificate that has expired is refused."""
    _refuses(tls, "expired", "an expired certificate")


@check("TLS-083", "RFC 5280 6.1.3", SHALL, claim=CLAIM, defects=["tls-client-validity-unchecked"])
def test_not_yet_valid(tls: Probe) -> None:
    """A certificate that is not valid yet is refused."""
    _refuses(tls, "not-yet-valid", "a certificate that is not valid yet")


@check("TLS-084", "RFC 5280 4.2.1.12", SHALL, claim=CLAIM, defects=["tls-client-usage-unchecked"])
def test_wrong_usage(tls: Probe) -> None:
    """A certificate that is made for servers only is refused."""
    _refuses(tls, "wrong-usage", "a certificate without clientAuth among its purposes")


@check("TLS-085", "RFC 5280 6.1", SHALL, claim=CLAIM, defects=["tls-client-self-signed-accepted"])
def test_self_signed(tls: Probe) -> None:
    """A certificate that a stranger has signed for himself is refused."""
    _refuses(tls, "self-signed", "a self-signed certificate")


@check(
    "TLS-086",
    "RFC 5280 6.3",
    SHALL,
    claim="tls.revocation",
    defects=["tls-client-revocation-unchecked"],
)
def test_revoked(tls: Probe) -> None:
    """A certificate that its authority has revoked is refused."""
    _refuses(tls, "revoked", "a revoked certificate")
