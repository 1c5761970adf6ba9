"""Extensions of the hello: what must be answered, passed over, and not be used."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.tls import suites
from stepwedge.fixtures.tls.flight import Flight
from stepwedge.fixtures.tls.hello import (
    EXTENDED_MASTER_SECRET,
    P_256,
    POINTS,
    RENEGOTIATION,
    SERVER_NAME,
    SHORT_GROUPS,
    TLS_1_2,
    TLS_1_3,
    TRUNCATED_HMAC,
    UNKNOWN_EXTENSION,
)
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.fixtures.tls.verifiers import expect_refused, expect_taken
from stepwedge.verdicts import Deviation


@check(
    "TLS-040",
    "RFC 8446 4.1.2",
    SHALL,
    claim="tls.bcp195",
    defects=["tls-unknown-extension-refused"],
)
def test_unknown_extension(tls: Probe) -> None:
    """An extension that is not known is passed over."""
    expect_taken(tls.ask(tls.hello(extensions=dict([UNKNOWN_EXTENSION]))), "an unknown extension")


@check("TLS-041", "RFC 5246 7.4.1.4", SHALL, claim="tls.bcp195", defects=["tls-extension-unasked"])
def test_no_extension_unasked(tls: Probe) -> None:
    """The ServerHello carries no extension that the client did not offer; so no ALPN either."""
    flight = _taken(tls)
    # What every hello of ours offers, and SNI, which is sent for names only.
    offered = {POINTS, EXTENDED_MASTER_SECRET, RENEGOTIATION, SERVER_NAME}
    unasked = sorted(set(flight.extensions) - offered)
    if unasked:
        raise Deviation(
            "no extension beyond those offered",
            f"extension {', '.join(map(str, unasked))}",
            "Extensions (ServerHello)",
        )


@check("TLS-042", "RFC 9325 3.3", SHOULD, claim="tls.bcp195", defects=["tls-compression-accepted"])
def test_compression(tls: Probe) -> None:
    """TLS-level compression is not chosen where it is offered."""
    flight = tls.ask(tls.hello(compression=b"\x01\x00"))
    expect_taken(flight, "compression methods DEFLATE and null")
    if flight.compression:
        raise Deviation(
            "compression method null",
            f"compression method {flight.compression}",
            "Compression Method (ServerHello)",
        )


@check(
    "TLS-043",
    "RFC 9325 3.5",
    SHALL,
    claim="tls.bcp195",
    defects=["tls-renegotiation-info-missing"],
)
def test_renegotiation_info(tls: Probe) -> None:
    """Under TLS 1.2 renegotiation_info is answered, so that a renegotiation cannot be injected."""
    _expect_answered(_taken(tls), RENEGOTIATION, "renegotiation_info")


@check(
    "TLS-044",
    "RFC 9325 3.5",
    SHALL,
    claim="tls.bcp195",
    defects=["tls-extended-master-secret-missing"],
)
def test_extended_master_secret(tls: Probe) -> None:
    """Under TLS 1.2 extended_master_secret is answered."""
    _expect_answered(_taken(tls), EXTENDED_MASTER_SECRET, "extended_master_secret")


@check(
    "TLS-045", "RFC 9325 4.6", SHALL, claim="tls.bcp195", defects=["tls-truncated-hmac-accepted"]
)
def test_truncated_hmac(tls: Probe) -> None:
    """The truncated_hmac extension is not agreed on."""
    flight = tls.ask(tls.hello(extensions={TRUNCATED_HMAC: b""}))
    expect_taken(flight, "truncated_hmac")
    if TRUNCATED_HMAC in flight.extensions:
        raise Deviation(
            "truncated_hmac left unanswered", "it is answered", "Extensions (ServerHello)"
        )


@check("TLS-046", "RFC 9325 4.2.1", SHOULD, claim="tls.bcp195", defects=["tls-p-256-refused"])
def test_p_256(tls: Probe) -> None:
    """The curve P-256 is enough for a key exchange."""
    flight = tls.ask(tls.hello(groups=(P_256,), suites=suites.RECOMMENDED))
    expect_taken(flight, "P-256 as its only curve")


@check("TLS-047", "RFC 9325 4.5", SHALL, claim="tls.bcp195", defects=["tls-short-curve-accepted"])
def test_short_curves(tls: Probe) -> None:
    """Curves of less than 224 bits are not used."""
    flight = tls.ask(tls.hello(groups=SHORT_GROUPS, suites=suites.RECOMMENDED))
    expect_refused(flight, "curves of less than 224 bits")


@check(
    "TLS-048",
    "Stepwedge modalities name no server",
    QUALITY,
    claim="tls.transport",
    defects=["tls-server-name-demanded"],
)
def test_without_server_name(tls: Probe) -> None:
    """A hello without server_name is taken: most modalities know an address and no name."""
    flight = tls.ask(tls.hello(versions=(TLS_1_3, TLS_1_2), without=frozenset({SERVER_NAME})))
    expect_taken(flight, "no server_name")


def _taken(tls: Probe) -> Flight:
    flight = tls.ask(tls.hello())
    expect_taken(flight, "what every client of TLS 1.2 offers")
    return flight


def _expect_answered(flight: Flight, extension: int, name: str) -> None:
    if extension not in flight.extensions:
        raise Deviation(f"{name} to be answered", "it is not", "Extensions (ServerHello)")
