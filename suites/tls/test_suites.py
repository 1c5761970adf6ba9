"""Cipher suites: what must never be chosen, what should not be, what must be preferred.

Each forbidden family is offered alone under TLS 1.2: a server that chooses one of it would do so
with any client that offers no better.
"""

from __future__ import annotations

from stepwedge.checks import SHALL, SHOULD, check
from stepwedge.fixtures.tls import suites
from stepwedge.fixtures.tls.hello import GREASE, P_224, TLS_1_3
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.fixtures.tls.suites import name_of
from stepwedge.fixtures.tls.verifiers import expect_refused, expect_taken, expect_version
from stepwedge.verdicts import Deviation


@check("TLS-020", "RFC 9325 4.1", SHALL, claim="tls.bcp195", defects=["tls-null-accepted"])
def test_null(tls: Probe) -> None:
    """Cipher suites with NULL encryption are not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.NULL)), "NULL encryption")


@check("TLS-021", "RFC 9325 4.1", SHALL, claim="tls.bcp195", defects=["tls-rc4-accepted"])
def test_rc4(tls: Probe) -> None:
    """RC4 cipher suites are not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.RC4)), "RC4")


@check("TLS-022", "RFC 9325 4.1", SHALL, claim="tls.bcp195", defects=["tls-export-accepted"])
def test_export(tls: Probe) -> None:
    """Export-level cipher suites, of 40 bits, are not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.EXPORT)), "export-level encryption")


@check("TLS-023", "RFC 9325 4.1", SHALL, claim="tls.bcp195", defects=["tls-des-accepted"])
def test_des(tls: Probe) -> None:
    """Single DES, of 56 bits, is not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.DES)), "single DES")


@check("TLS-024", "RFC 5246 A.5", SHALL, claim="tls.bcp195", defects=["tls-anonymous-accepted"])
def test_anonymous(tls: Probe) -> None:
    """Anonymous cipher suites, in which no server is authenticated, are not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.ANONYMOUS)), "an anonymous key exchange")


@check("TLS-025", "RFC 9325 4.1", SHOULD, claim="tls.bcp195", defects=["tls-3des-accepted"])
def test_triple_des(tls: Probe) -> None:
    """Triple DES, of 112 bits in effect, is not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.TRIPLE_DES)), "Triple DES")


@check("TLS-026", "RFC 9325 4.1", SHOULD, claim="tls.bcp195", defects=["tls-static-rsa-accepted"])
def test_static_rsa(tls: Probe) -> None:
    """RSA key transport, which has no forward secrecy, is not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.STATIC_RSA)), "static RSA")


@check("TLS-027", "RFC 9325 4.1", SHOULD, claim="tls.bcp195", defects=["tls-static-dh-accepted"])
def test_static_dh(tls: Probe) -> None:
    """Diffie-Hellman with a fixed key, over fields or curves, is not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.STATIC_DH)), "static Diffie-Hellman")


@check("TLS-028", "RFC 9325 4.1", SHOULD, claim="tls.bcp195", defects=["tls-dhe-accepted"])
def test_dhe(tls: Probe) -> None:
    """Ephemeral Diffie-Hellman over finite fields is not negotiated."""
    expect_refused(tls.ask(tls.hello(suites=suites.DHE)), "finite-field Diffie-Hellman")


@check("TLS-029", "RFC 9325 4.2", SHOULD, claim="tls.bcp195", defects=["tls-cbc-accepted"])
def test_cbc(tls: Probe) -> None:
    """CBC is not negotiated without encrypt-then-MAC."""
    expect_refused(tls.ask(tls.hello(suites=suites.ECDHE_CBC)), "CBC without encrypt_then_mac")


@check("TLS-030", "RFC 9325 4.2", SHOULD, claim="tls.bcp195", defects=["tls-recommended-refused"])
def test_recommended(tls: Probe) -> None:
    """One of the four recommended cipher suites for TLS 1.2 is taken."""
    flight = tls.ask(tls.hello(suites=suites.RECOMMENDED))
    expect_taken(flight, "the cipher suites that RFC 9325 4.2 recommends")


@check("TLS-031", "RFC 9325 4.1", SHALL, claim="tls.bcp195", defects=["tls-static-preferred"])
def test_forward_secrecy_is_preferred(tls: Probe) -> None:
    """Where static RSA is offered first and forward secrecy after it, the latter is chosen."""
    flight = tls.ask(tls.hello(suites=(*suites.STATIC_RSA, *suites.RECOMMENDED)))
    expect_taken(flight, "static RSA first and ECDHE behind it")
    _expect_among(flight.suite, suites.RECOMMENDED, "a suite with forward secrecy")


@check("TLS-032", "RFC 9325 4.2.1", SHALL, claim="tls.bcp195", defects=["tls-weaker-preferred"])
def test_stronger_is_preferred(tls: Probe) -> None:
    """TLS_ECDHE_*_WITH_AES_128_GCM_SHA256 is chosen over CBC suites, wherever it is listed."""
    wanted = (0xC02F, 0xC02B)
    flight = tls.ask(tls.hello(suites=(*suites.ECDHE_CBC, *wanted)))
    # That a server has neither is the matter of TLS-029 and TLS-030.
    if flight.kind == "hello":
        _expect_among(flight.suite, wanted, "the AES-GCM suite")


@check("TLS-033", "RFC 8446 9.1", SHALL, claim="tls.bcp195", defects=["tls-aes-128-gcm-refused"])
def test_mandatory_suite(tls: Probe) -> None:
    """A server that speaks TLS 1.3 takes TLS_AES_128_GCM_SHA256."""
    if tls.speaks_1_3():
        expect_version(tls.ask(tls.newer(suites=(0x1301,))), TLS_1_3)


@check(
    "TLS-034", "RFC 8446 4.1.2", SHALL, claim="tls.bcp195", defects=["tls-unknown-suite-refused"]
)
def test_unknown_suite(tls: Probe) -> None:
    """Cipher suites that do not exist, offered beside those that do, are passed over."""
    flight = tls.ask(tls.hello(suites=(GREASE, 0x8A8A, *suites.COMMON)))
    expect_taken(flight, "unknown cipher suites among known ones")


@check("TLS-035", "RFC 9325 4.5", SHALL, claim="tls.bcp195", defects=["tls-dhe-short"])
def test_dhe_length(tls: Probe) -> None:
    """Where finite-field Diffie-Hellman is negotiated, its prime has 2048 bits or more."""
    flight = tls.ask(tls.hello(suites=suites.DHE))
    if flight.kind == "hello" and 0 < flight.prime < 2048:
        raise Deviation(
            "a prime of 2048 bits or more", f"one of {flight.prime} bits", "dh_p (ServerDHParams)"
        )


@check("TLS-140", "PS3.15 B.13", SHALL, claim="tls.modified-bcp195", defects=["tls-1-3-refused"])
def test_modified_version(tls: Probe) -> None:
    """Under the modified profile TLS 1.3 is spoken."""
    expect_version(tls.ask(tls.newer()), TLS_1_3)


@check(
    "TLS-141",
    "PS3.15 B.13",
    SHALL,
    claim="tls.modified-bcp195",
    defects=["tls-chacha20-refused", "tls-aes-128-gcm-refused"],
)
def test_modified_suites_of_1_3(tls: Probe) -> None:
    """Under the modified profile each AES-GCM and ChaCha20 suite of TLS 1.3 is taken."""
    for suite in suites.TLS_1_3:
        expect_taken(tls.ask(tls.newer(suites=(suite,)), name_of(suite)), name_of(suite))


@check(
    "TLS-142",
    "PS3.15 B.13",
    SHALL,
    claim="tls.modified-bcp195",
    defects=["tls-chacha20-refused", "tls-recommended-refused"],
)
def test_modified_suites_of_1_2(tls: Probe) -> None:
    """Under the modified profile each ECDHE suite with AES-GCM or ChaCha20 is taken.

    A suite is offered for both kinds of server certificate, since one certificate is of one kind.
    """
    for pair in ((0xC02F, 0xC02B), (0xC030, 0xC02C), (0xCCA8, 0xCCA9)):
        words = f"{name_of(pair[0])} and its like for ECDSA"
        expect_taken(tls.ask(tls.hello(suites=pair), words), words)


@check("TLS-143", "PS3.15 B.13", SHALL, claim="tls.modified-bcp195", defects=["tls-p-224-accepted"])
def test_modified_curves(tls: Probe) -> None:
    """Under the modified profile curves of less than 256 bits are not used."""
    flight = tls.ask(tls.hello(groups=(P_224,), suites=suites.RECOMMENDED))
    expect_refused(flight, "the curve P-224")


def _expect_among(suite: int, wanted: tuple[int, ...], words: str) -> None:
    if suite not in wanted:
        raise Deviation(f"{words} to be chosen", name_of(suite), "Cipher Suite (ServerHello)")
