"""Hellos and flights: what is written can be read, and what is broken is refused."""

from __future__ import annotations

import doctest
import ipaddress
import ssl
from pathlib import Path

import pytest

from stepwedge.fixtures.certificates import Authority, Certificates
from stepwedge.fixtures.reference.tlsdefects import CATALOGUE, INSTEAD, Forged, alert
from stepwedge.fixtures.tls import names, suites
from stepwedge.fixtures.tls.flight import is_whole, read
from stepwedge.fixtures.tls.hello import (
    GREASE,
    TLS_1_2,
    TLS_1_3,
    Hello,
    NoHello,
    decode,
    ssl_2_hello,
)
from stepwedge.fixtures.tls.trust import missing_link


@pytest.mark.parametrize("record", [1 << 14, 64, 1])
def test_a_hello_is_read_as_it_was_written(record: int) -> None:
    """Whatever the records, version, suites, groups, compression and extensions come back."""
    hello = Hello(versions=(GREASE, TLS_1_3), server_name="pacs.example", compression=b"\1\0")
    read_back = decode(hello.encode(record))
    assert read_back.suites == suites.COMMON
    assert (read_back.versions, read_back.newest) == ((GREASE, TLS_1_3), TLS_1_3)
    assert (read_back.groups, read_back.compression) == (hello.groups, b"\1\0")
    assert read_back.extensions[0].endswith(b"pacs.example")


def test_no_cut_of_a_hello_is_taken_for_one() -> None:
    """Every beginning of a hello, and what is none, is told."""
    whole = Hello().encode()
    for size in range(len(whole)):
        with pytest.raises(NoHello):
            decode(whole[:size])
    for other in (b"", ssl_2_hello(), b"GET / HTTP/1.0\r\n\r\n", bytes(300)):
        with pytest.raises(NoHello):
            decode(other)


def test_python_understands_our_hello(tmp_path: Path) -> None:
    """OpenSSL answers our hello with a flight that we can read, certificates and all."""
    certificates = Certificates()
    pair = certificates.server.write(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    for hello, version in (
        (Hello(), TLS_1_2),
        (Hello(versions=(TLS_1_3,), suites=suites.TLS_1_3), TLS_1_3),
    ):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(hello.encode())
        with pytest.raises(ssl.SSLWantReadError):
            server.do_handshake()
        data = outgoing.read()
        assert is_whole(data)
        flight = read(data, "silent")
        assert (flight.kind, flight.version) == ("hello", version)
        assert len(flight.certificates) == (1 if version == TLS_1_2 else 0)


def test_a_flight_is_never_more_than_it_is() -> None:
    """Every beginning of a flight is read without an error, and garbage as well."""
    data = Forged(0x009E, prime=1024).encode()
    assert read(data, "closed").prime == 1024
    for size in range(len(data)):
        assert read(data[:size], "silent").kind in ("silent", "hello", "other")
    assert read(alert(70), "closed").words == "the alert protocol_version"
    assert read(b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x01", "closed").kind == "dicom"
    assert read(b"HTTP/1.1 400", "closed").words.startswith("bytes that are no TLS")
    assert read(bytes.fromhex("800d 04 00 01 0002 0000 0003 0000 010080"), "closed").version == 2


def test_what_is_forged_is_in_the_catalogue() -> None:
    """A name that is misspelt would never be switched on."""
    assert INSTEAD.keys() <= CATALOGUE.keys()


def test_names_follow_rfc_9525() -> None:
    """Wild cards stand for one label, addresses for themselves."""
    assert doctest.testmod(names).failed == 0
    assert names.carries("PACS.example", "pacs.example.")
    assert names.carries(ipaddress.ip_address("::1"), "::1")
    assert not names.carries("127.0.0.1", "127.0.0.1")
    assert not names.carries(ipaddress.ip_address("127.0.0.1"), "localhost")
    assert not names.carries("*", "localhost")


def test_a_chain_breaks_where_a_link_is_missing() -> None:
    """The certificate that nobody vouches for is named."""
    root = Authority("root")
    between = Authority("between", issuer=root)
    whole = between.issue("leaf")
    cut = between.issue("leaf", with_chain=False)
    assert missing_link([whole.certificate, *whole.chain], [root.certificate]) is None
    assert missing_link([cut.certificate], [root.certificate]) == cut.certificate
    assert missing_link([cut.certificate], [cut.certificate]) is None
    stranger = Authority("stranger").certificate
    assert missing_link([whole.certificate, *whole.chain], [stranger]) == between.certificate
