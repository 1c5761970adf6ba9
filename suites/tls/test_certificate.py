"""The server's certificate: name, authority, chain, dates, key, signature and usage."""

from __future__ import annotations

import datetime
import ipaddress
import itertools
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.tls.names import carries
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.fixtures.tls.trust import issued, missing_link
from stepwedge.verdicts import Blocked, Deviation

# Certificates are renewed by hand in hospitals: so much notice is needed.
NOTICE = 30


@check(
    "TLS-060",
    "RFC 9525 6.1",
    SHOULD,
    claim="tls.transport",
    defects=["tls-certificate-wrong-name"],
)
def test_name(tls: Probe) -> None:
    """The certificate carries the name or address under which the server is reached."""
    name = tls.target.server_name
    leaf = tls.chain()[0]
    names = alternative_names(leaf)
    if not any(carries(one, name) for one in names):
        raise Deviation(
            f"a certificate for {name}",
            f"one for {', '.join(map(str, names)) or 'no name'}",
            "Subject Alternative Name",
        )


@check("TLS-061", "RFC 9525 2", SHOULD, claim="tls.transport", defects=["tls-certificate-no-name"])
def test_alternative_name(tls: Probe) -> None:
    """The certificate has a subject alternative name; a common name alone will not do."""
    leaf = tls.chain()[0]
    if not alternative_names(leaf):
        raise Deviation(
            "a DNS name or an address as subject alternative name",
            f"only the subject {leaf.subject.rfc4514_string()}",
            "Subject Alternative Name",
        )


@check(
    "TLS-062",
    "RFC 5280 6.1",
    SHALL,
    claim="tls.transport",
    defects=["tls-certificate-unknown-ca", "tls-certificate-incomplete-chain"],
)
def test_authority(tls: Probe) -> None:
    """By the certificates that are sent, the server's leads to an authority of [tls] ca."""
    place = tls.target.tls.trusted
    if place is None:
        raise Blocked("the target file names no authority in [tls] ca to hold the chain against")
    trusted = x509.load_pem_x509_certificates(place.read_bytes())
    link = missing_link(tls.chain(), trusted)
    if link is not None:
        raise Deviation(
            "every certificate between the server's and an authority of [tls] ca",
            f"none for {link.issuer.rfc4514_string()}, which issued "
            f"{link.subject.rfc4514_string()}",
            "Certificate",
        )


@check(
    "TLS-063",
    "RFC 8446 4.4.2",
    SHOULD,
    claim="tls.transport",
    defects=["tls-certificate-stray-in-chain"],
)
def test_order(tls: Probe) -> None:
    """Each certificate that is sent certifies the one before it."""
    for one, following in itertools.pairwise(tls.chain()):
        if not issued(one, following):
            raise Deviation(
                f"the issuer of {one.subject.rfc4514_string()} behind it",
                following.subject.rfc4514_string(),
                "Certificate",
            )


@check(
    "TLS-064",
    "RFC 5280 4.1.2.5",
    SHALL,
    claim="tls.transport",
    defects=["tls-certificate-expired"],
)
def test_validity(tls: Probe) -> None:
    """The certificates are within their period of validity."""
    now = datetime.datetime.now(datetime.UTC)
    for one in tls.chain():
        first, last = one.not_valid_before_utc, one.not_valid_after_utc
        if not first <= now <= last:
            raise Deviation(
                "certificates that are valid today",
                f"{one.subject.rfc4514_string()} is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}",
                "Validity",
            )


@check(
    "TLS-065",
    "Stepwedge renewal takes time",
    QUALITY,
    claim="tls.transport",
    defects=["tls-certificate-expires-soon"],
)
def test_days_left(tls: Probe) -> None:
    """The certificates are valid for another thirty days at least."""
    now = datetime.datetime.now(datetime.UTC)
    first = min(tls.chain(), key=lambda one: one.not_valid_after_utc)
    days = (first.not_valid_after_utc - now).days
    if 0 <= days < NOTICE:
        raise Deviation(
            f"{NOTICE} days or more",
            f"{first.subject.rfc4514_string()} expires in {days} days, on "
            f"{first.not_valid_after_utc:%Y-%m-%d}",
            "Validity",
        )


@check("TLS-066", "RFC 9325 4.5", SHALL, claim="tls.bcp195", defects=["tls-certificate-weak-key"])
def test_key_size(tls: Probe) -> None:
    """The server's key is RSA of 2048 bits or more, or a curve of 224 bits or more."""
    key = tls.chain()[0].public_key()
    match key:
        case rsa.RSAPublicKey():
            if key.key_size < 2048:
                raise Deviation("RSA of 2048 bits or more", f"RSA of {key.key_size} bits", "Key")
        case ec.EllipticCurvePublicKey():
            if key.key_size < 224:
                raise Deviation("a curve of 224 bits or more", f"{key.key_size} bits", "Key")
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            pass
        case _:
            raise Deviation("an RSA or elliptic curve key", f"a {type(key).__name__}", "Key")


@check(
    "TLS-067",
    "RFC 9325 4.5",
    SHALL,
    claim="tls.bcp195",
    defects=["tls-certificate-weak-signature"],
)
def test_signature(tls: Probe) -> None:
    """No certificate of the chain is signed with SHA-1 or MD5."""
    for one in tls.chain():
        # A root is trusted for itself, and not for its signature.
        if one.subject == one.issuer:
            continue
        if isinstance(one.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
            raise Deviation(
                "signatures with SHA-256 or stronger",
                f"{one.subject.rfc4514_string()} is signed with "
                f"{one.signature_hash_algorithm.name.upper()}",
                "Signature Algorithm",
            )


@check(
    "TLS-068",
    "RFC 5280 4.2.1.12",
    SHALL,
    claim="tls.transport",
    defects=["tls-certificate-wrong-usage"],
)
def test_usage(tls: Probe) -> None:
    """Where the certificate lists purposes, authenticating a server is among them."""
    try:
        usage = tls.chain()[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & {*usage}:
        listed = ", ".join(one._name for one in usage)
        raise Deviation("serverAuth among its purposes", listed, "Extended Key Usage")


def alternative_names(
    certificate: x509.Certificate,
) -> Sequence[str | ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The DNS names and addresses of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    found = names.get_values_for_type(x509.IPAddress)
    addresses = [a for a in found if isinstance(a, ipaddress.IPv4Address | ipaddress.IPv6Address)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]
