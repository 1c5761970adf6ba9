"""DICOM over TLS as a target file describes it: what we show, whom we trust, what we accept.

`Tls` is the `[tls]` table.  `client_context` makes of it what opens a connection (suites and load
alike), `server_context` what our own receiver answers with, where the target delivers over TLS.
Mistakes in the files that it names are told before anything is sent.
"""

from __future__ import annotations

import datetime
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from stepwedge.errors import UsageError

if TYPE_CHECKING:
    from cryptography import x509

Profile = Literal[
    "bcp195-rfc9325",
    "modified-bcp195-rfc9325",
    "basic",
    "aes",
    "bcp195",
    "non-downgrading-bcp195",
    "extended-bcp195",
    "none",
]


class SecureTransport(NamedTuple):
    """A Secure Transport Connection Profile (PS3.15 Annex B), and what claiming it claims."""

    clause: str
    title: str
    claims: tuple[str, ...] = ("tls.retired",)

    @property
    def retired(self) -> bool:
        """Whether the standard keeps it only as a name."""
        return self.claims == ("tls.retired",)


_PLAIN, _MODIFIED = ("tls.bcp195",), ("tls.bcp195", "tls.modified-bcp195")
PROFILES: Final = {
    "bcp195-rfc9325": SecureTransport("B.12", "BCP 195 RFC 8996, 9325 TLS", _PLAIN),
    "modified-bcp195-rfc9325": SecureTransport(
        "B.13", "Modified BCP 195 RFC 8996, 9325 TLS", _MODIFIED
    ),
    "basic": SecureTransport("B.1", "Basic TLS"),
    "aes": SecureTransport("B.3", "AES TLS"),
    "bcp195": SecureTransport("B.9", "BCP 195 TLS"),
    "non-downgrading-bcp195": SecureTransport("B.10", "Non-Downgrading BCP 195 TLS"),
    "extended-bcp195": SecureTransport("B.11", "Extended BCP 195 TLS"),
}

_VERSIONS: Final = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

_PATHS: Final = ("ca", "certificate", "key", "certificates")

# Names in a folder made by `stepwedge certificates`.
CA, CERTIFICATE, KEY = "ca.pem", "client.pem", "client.key"


class Tls(BaseModel):
    """The `[tls]` table.  A file that has the table means TLS, unless `enabled` says otherwise.

    `certificates` is a folder made by `stepwedge certificates`, whose CA the target trusts; from it
    come `ca`, `certificate` and `key` where they are not given, and what a target must refuse.
    Without `ca` the system's own list of authorities is used.  `server_name` is the name that the
    target's certificate must carry, the host when empty; `verify` says how much of it is looked at.
    `minimum` is the lowest version that we offer.  `profile` is the Secure Transport Connection
    Profile that the Conformance Statement claims.  `clear_port` is where the same server speaks
    DICOM without TLS, if it does.  `receiver` makes our own receiver speak TLS too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    passphrase: SecretStr = SecretStr("")
    certificates: str = ""
    server_name: str = ""
    verify: Literal["name", "chain", "none"] = "name"
    minimum: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"
    profile: Profile = "bcp195-rfc9325"
    receiver: bool = False
    clear_port: int | None = Field(default=None, gt=0, le=65535)

    @property
    def trusted(self) -> Path | None:
        """The file of authorities that we trust; None for the system's own."""
        return self._file(self.ca, CA)

    @property
    def shown(self) -> tuple[Path, Path] | None:
        """Our certificate and its key; None when we show none."""
        certificate = self._file(self.certificate, CERTIFICATE)
        if certificate is None:
            return None
        if self.certificate:
            return certificate, Path(self.key or self.certificate)
        return certificate, self._file(self.key, KEY) or certificate

    def _file(self, given: str, usual: str) -> Path | None:
        if given:
            return Path(given)
        return Path(self.certificates, usual) if self.certificates else None

    @property
    def claimed_but_retired(self) -> str:
        """A sentence about a profile that the standard has retired; empty for others."""
        profile = PROFILES.get(self.profile)
        if not self.enabled or profile is None or not profile.retired:
            return ""
        return (
            f"The target claims the {profile.title} Secure Transport Connection Profile (PS3.15 "
            f"{profile.clause}), which the standard has retired: no check of a profile applies to "
            "it. B.12 and B.13 have taken its place."
        )

    @property
    def implied_claims(self) -> tuple[str, ...]:
        """What a target claims by this table alone."""
        if not self.enabled:
            return ()
        of_profile = PROFILES[self.profile].claims if self.profile in PROFILES else ()
        of_port = () if self.clear_port is None else ("tls.clear-port",)
        return ("tls.transport", *of_profile, *of_port)

    def check(self) -> None:
        """Raises UsageError, one line a mistake, for files that cannot serve."""
        mistakes = list(_mistakes(self)) if self.enabled else []
        if mistakes:
            raise UsageError(
                "[tls] cannot be used as it stands:\n" + "\n".join(f"  {m}" for m in mistakes),
                "docs/tls.md says what each file must hold; stepwedge certificates makes a set",
            )


def rooted(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The table as a file has it, its relative paths taken from the folder of that file."""
    return {
        key: str(folder / value) if key in _PATHS and value and isinstance(value, str) else value
        for key, value in table.items()
    }


def client_context(tls: Tls) -> ssl.SSLContext:
    """What opens connections to the target."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.verify == "name"
    context.verify_mode = ssl.CERT_NONE if tls.verify == "none" else ssl.CERT_REQUIRED
    # All that OpenSSL deems safe enough, static RSA too: a target that has nothing better is to be
    # tested, and told.
    context.set_ciphers("DEFAULT")
    # A site may trust one certificate by itself, as many devices' own ones are.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _set_up(context, tls)
    return context


def server_context(tls: Tls) -> ssl.SSLContext:
    """What our receiver answers with: the same certificate, and a peer's if it shows one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_NONE if tls.verify == "none" else ssl.CERT_OPTIONAL
    _set_up(context, tls)
    return context


def describe(sock: Any) -> str:
    """Version, cipher suite and the peer's certificate, for a report.

    `sock` is an SSLSocket, be it gevent's.
    """
    from cryptography import x509

    suite = sock.cipher()
    said = [f"{sock.version()} {suite[0] if suite else ''}".rstrip()]
    if der := sock.getpeercert(binary_form=True):
        certificate = x509.load_der_x509_certificate(der)
        said.append(
            f"certificate {certificate.subject.rfc4514_string() or 'without a subject'}, issued by "
            f"{certificate.issuer.rfc4514_string()}, valid until "
            f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        )
    return "; ".join(said)


def allow_retired_versions(context: ssl.SSLContext, minimum: ssl.TLSVersion) -> None:
    """Lets a context speak TLS 1.0 or 1.1, which OpenSSL keeps behind its lowest security level."""
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = minimum


def _set_up(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.minimum in ("1.0", "1.1"):
        allow_retired_versions(context, _VERSIONS[tls.minimum])
    else:
        context.minimum_version = _VERSIONS[tls.minimum]
    if tls.trusted is not None:
        context.load_verify_locations(tls.trusted)
    else:
        context.load_default_certs()
    if tls.shown is not None:
        certificate, key = tls.shown
        context.load_cert_chain(certificate, key, tls.passphrase.get_secret_value)


def _mistakes(tls: Tls) -> Iterator[str]:
    yield from _of_authorities(tls)
    yield from _of_our_certificate(tls)
    if tls.receiver and tls.shown is None:
        yield "receiver: our receiver needs a certificate of its own; name certificate and key"


def _of_authorities(tls: Tls) -> Iterator[str]:
    if tls.trusted is None:
        return
    found = _certificates(tls.trusted)
    if isinstance(found, str):
        yield f"ca: {found}"
        return
    now = datetime.datetime.now(datetime.UTC)
    if all(one.not_valid_after_utc < now for one in found):
        yield f"ca: {tls.trusted} has expired on {found[0].not_valid_after_utc:%Y-%m-%d}"


def _of_our_certificate(tls: Tls) -> Iterator[str]:
    if tls.shown is None:
        if tls.key:
            yield "key: there is a key but no certificate; name both"
        return
    place, key_place = tls.shown
    found = _certificates(place)
    if isinstance(found, str):
        yield f"certificate: {found}"
        return
    now = datetime.datetime.now(datetime.UTC)
    first, last = found[0].not_valid_before_utc, found[0].not_valid_after_utc
    if last < now:
        yield f"certificate: {place} expired on {last:%Y-%m-%d %H:%M} UTC; give one that is valid"
    elif first > now:
        yield f"certificate: {place} is valid from {first:%Y-%m-%d %H:%M} UTC on, not yet"
    key = _private_key(key_place, tls.passphrase.get_secret_value())
    if isinstance(key, str):
        yield f"key: {key}"
    elif key.public_key() != found[0].public_key():
        yield f"key: {key_place} is not the key of the certificate {place}"


def _certificates(place: Path) -> list[x509.Certificate] | str:
    """The certificates of a PEM file, or what is wrong with it."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(place.read_bytes())
    except FileNotFoundError:
        return f"there is no file {place}"
    except OSError as error:
        return f"{place} cannot be read: {error.strerror}"
    except ValueError:
        return f"{place} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"


def _private_key(place: Path, passphrase: str) -> Any:
    """The private key of a PEM file, or what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        data = place.read_bytes()
    except FileNotFoundError:
        return f"there is no file {place}"
    except OSError as error:
        return f"{place} cannot be read: {error.strerror}"
    try:
        # A passphrase for a key that is not encrypted is no mistake to ssl, so it is none here.
        return load_pem_private_key(data, passphrase.encode() if b"ENCRYPTED" in data else None)
    except TypeError:
        return (
            f"{place} is encrypted and no passphrase is given; "
            'write passphrase = "${TLS_PASSPHRASE}" and set that variable'
        )
    except (ValueError, UnsupportedAlgorithm):
        if b"ENCRYPTED" in data:
            return f"{place} does not open with the passphrase that is given"
        return f"{place} holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"
