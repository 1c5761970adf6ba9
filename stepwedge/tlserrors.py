"""What a failed TLS connection means, in words that say what to do about it.

OpenSSL names a failure by a reason (ours, or the alert that the peer sent: RFC 8446 6.2) and, where
a certificate was not believed, by a number of its own.  Both are looked up here.
"""

from __future__ import annotations

import ssl
from typing import Final

# OpenSSL's x509_vfy.h: why we do not believe the peer's certificate.
_UNTRUSTED: Final = (
    "is not from an authority that we trust: name its authority in [tls] ca, or the certificate "
    "itself if it is its own"
)
_VERIFICATION: Final = {
    9: "is not valid yet: look at the clocks",
    10: "has expired",
    18: _UNTRUSTED,
    19: _UNTRUSTED,
    20: _UNTRUSTED,
    21: _UNTRUSTED,
    23: "has been revoked",
    26: "is not made for a server (its extended key usage says so)",
    62: "does not carry the name {name}: correct [tls] server_name",
    64: "does not carry the address {name}: name what it carries in [tls] server_name",
    66: "has a key too short for our security level",
    67: "comes from an authority whose key is too short for our security level",
    68: "is signed with an algorithm too weak for our security level",
}

_CLEAR: Final = "it does not speak TLS there (enabled = false in [tls] speaks in clear)"
_CLOSED: Final = f"it closed the connection during the handshake; perhaps {_CLEAR}"
_OURS: Final = "[tls] certificate and key name what we show"

# OpenSSL's reasons: what the peer's bytes, or its alert, say.
_REASONS: Final = {
    "WRONG_VERSION_NUMBER": _CLEAR,
    "RECORD_LAYER_FAILURE": _CLEAR,
    "HTTP_REQUEST": "it was spoken to in HTTP",
    "UNEXPECTED_EOF_WHILE_READING": _CLOSED,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": f"it demands a certificate of us: {_OURS}",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        f"it found nothing in common with us, or demands a certificate of us: {_OURS}"
    ),
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client showed no certificate",
    "TLSV1_ALERT_UNKNOWN_CA": f"it does not know the authority of our certificate: {_OURS}",
    "SSLV3_ALERT_BAD_CERTIFICATE": f"it does not take our certificate: {_OURS}",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": f"it does not take our certificate: {_OURS}",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": f"it does not take this kind of certificate: {_OURS}",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it says that our certificate has been revoked",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it speaks no version of TLS that we offer: see [tls] minimum",
    "UNSUPPORTED_PROTOCOL": "it speaks no version of TLS that we take: see [tls] minimum",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "it finds what we offer too weak",
    "TLSV1_ALERT_ACCESS_DENIED": f"it knows our certificate and does not let us in: {_OURS}",
    "TLSV1_UNRECOGNIZED_NAME": "it does not know the name {name}: correct [tls] server_name",
    "TLSV1_ALERT_DECRYPT_ERROR": "it could not verify our signature",
    "TLSV1_ALERT_INTERNAL_ERROR": "it reports an internal error",
    "NO_SHARED_CIPHER": "no cipher suite is common to both",
    "DH_KEY_TOO_SMALL": "its Diffie-Hellman key is too short for our security level",
    "EE_KEY_TOO_SMALL": "its certificate " + _VERIFICATION[66],
}


def behind(error: OSError, sock: ssl.SSLSocket) -> OSError:
    """The alert behind a send that failed, where there is one; else the error itself.

    A TLS 1.3 server that does not take our certificate says so, and closes, while we already send
    (RFC 8446 4.4.2.4): in half of all cases the send fails first.
    """
    try:
        sock.settimeout(0)
        sock.recv(1)
    except ssl.SSLWantReadError:
        return error
    except ssl.SSLError as alert:
        return alert
    except (OSError, ValueError):
        return error
    return error


def explain(error: OSError, name: str = "") -> str:
    """What went wrong in a TLS handshake, or after it, as a clause; `name` is the one we expect."""
    if isinstance(error, ssl.SSLCertVerificationError):
        meaning = _VERIFICATION.get(error.verify_code, f"is not accepted: {error.verify_message}")
        return f"its certificate {meaning.format(name=name)}"
    if isinstance(error, ssl.SSLEOFError):
        return _CLOSED
    if isinstance(error, ssl.SSLError):
        reason = error.reason or str(error)
        known = _REASONS.get(reason)
        return f"{known.format(name=name)} ({reason})" if known else reason
    if isinstance(error, TimeoutError):
        return f"it does not finish the handshake in time; perhaps {_CLEAR}"
    if isinstance(error, ConnectionError):
        return f"{_CLOSED} ({error.strerror})"
    return error.strerror or str(error)
