"""Protocol versions: what a server must speak, prefer, and never speak (RFC 8996, RFC 9325 3.1)."""

from __future__ import annotations

from stepwedge.checks import SHALL, SHOULD, check
from stepwedge.fixtures.tls import suites
from stepwedge.fixtures.tls.flight import DOWNGRADE
from stepwedge.fixtures.tls.hello import (
    GREASE,
    SSL_3,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    ssl_2_hello,
)
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.fixtures.tls.verifiers import expect_refused, expect_version
from stepwedge.verdicts import Deviation

# What clients of those versions offered, strongest first.
OLD = (*suites.ECDHE_CBC, *suites.DHE, *suites.STATIC_RSA, *suites.TRIPLE_DES, *suites.RC4)


@check("TLS-001", "PS3.15 B.12", SHALL, claim="tls.bcp195", defects=["tls-1-2-refused"])
def test_tls_1_2(tls: Probe) -> None:
    """TLS 1.2 is spoken."""
    expect_version(tls.ask(tls.hello()), TLS_1_2)


@check("TLS-002", "RFC 9325 3.1.1", SHOULD, claim="tls.bcp195", defects=["tls-1-3-refused"])
def test_tls_1_3(tls: Probe) -> None:
    """TLS 1.3 is spoken."""
    expect_version(tls.ask(tls.newer()), TLS_1_3)


@check("TLS-003", "PS3.15 B.12", SHALL, claim="tls.bcp195", defects=["tls-1-3-not-preferred"])
def test_tls_1_3_preferred(tls: Probe) -> None:
    """A server that speaks TLS 1.3 chooses it where both are offered."""
    wanted = TLS_1_3 if tls.speaks_1_3() else TLS_1_2
    both = tls.hello(versions=(TLS_1_2, TLS_1_3))
    expect_version(tls.ask(both), wanted)


@check("TLS-004", "RFC 9325 3.1.1", SHALL, claim="tls.bcp195", defects=["tls-ssl-2-accepted"])
def test_ssl_2(tls: Probe) -> None:
    """SSL 2.0 is not negotiated."""
    expect_refused(tls.say(ssl_2_hello(), "SSL 2.0 hello", ends=True), "SSL 2.0")


@check("TLS-005", "RFC 9325 3.1.1", SHALL, claim="tls.bcp195", defects=["tls-ssl-3-accepted"])
def test_ssl_3(tls: Probe) -> None:
    """SSL 3.0 is not negotiated."""
    hello = tls.hello(version=SSL_3, suites=OLD)
    expect_refused(tls.say(hello.encode(), "SSL 3.0 hello", ends=True), "SSL 3.0")


@check("TLS-006", "RFC 8996 4", SHALL, claim="tls.bcp195", defects=["tls-1-0-accepted"])
def test_tls_1_0(tls: Probe) -> None:
    """TLS 1.0 is not negotiated."""
    expect_refused(tls.ask(tls.hello(version=TLS_1_0, suites=OLD)), "TLS 1.0")


@check("TLS-007", "RFC 8996 5", SHALL, claim="tls.bcp195", defects=["tls-1-1-accepted"])
def test_tls_1_1(tls: Probe) -> None:
    """TLS 1.1 is not negotiated."""
    expect_refused(tls.ask(tls.hello(version=TLS_1_1, suites=OLD)), "TLS 1.1")


@check(
    "TLS-008", "RFC 8446 4.2.1", SHALL, claim="tls.bcp195", defects=["tls-unknown-version-refused"]
)
def test_unknown_version(tls: Probe) -> None:
    """A version that does not exist, offered beside those that do, is passed over."""
    wanted = TLS_1_3 if tls.speaks_1_3() else TLS_1_2
    expect_version(tls.ask(tls.hello(versions=(GREASE, TLS_1_3, TLS_1_2))), wanted)


@check("TLS-009", "RFC 8446 4.1.3", SHALL, claim="tls.bcp195", defects=["tls-downgrade-unmarked"])
def test_downgrade_is_marked(tls: Probe) -> None:
    """A server that speaks TLS 1.3 marks its choice of TLS 1.2, so that tampering shows."""
    if not tls.speaks_1_3():
        return
    flight = tls.ask(tls.hello())
    expect_version(flight, TLS_1_2)
    if not flight.random.endswith(DOWNGRADE):
        raise Deviation(
            f"a random that ends in {DOWNGRADE.hex(' ')}",
            f"one that ends in {flight.random[-8:].hex(' ')}",
            "Random (ServerHello)",
        )
