"""Bytes from outside are read or refused in words: nothing else ever happens."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepwedge.fixtures import dataset
from stepwedge.fixtures.associate import MalformedPdu, decode_proposal, plain_request
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.servers.launch import answers_echo

SYNTAXES = (*dataset.UNCOMPRESSED, "1.2.840.10008.1.2.4.50")

# Pieces that make headers likely, so that more than the first four bytes is read.
PIECES = st.sampled_from(
    [
        b"\x08\x00\x05\x00CS", b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0",
        b"\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff",
        b"\x02\x00", b"\x00\x00\x00\x00", b"\x09\x00\x01\x10UN\0\0\xff\xff\xff\xff",
    ]
)  # fmt: skip
STREAM = st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(STREAM, st.sampled_from(SYNTAXES))
def test_a_data_set_decodes_or_is_malformed(data: bytes, syntax: str) -> None:
    """Any bytes are a data set, which can be encoded again and says the same, or malformed."""
    try:
        elements = dataset.decode(data, syntax)
    except dataset.MalformedDataSet:
        dataset.decode(data, syntax, partial=syntax != dataset.DEFLATED) if (
            syntax != dataset.DEFLATED
        ) else None
        return
    again = dataset.decode(
        dataset.encode(elements, dataset.EXPLICIT_LITTLE), dataset.EXPLICIT_LITTLE
    )
    assert set(again) == set(elements)
    for one in elements.values():
        dataset.values(one, ("ISO 2022 IR 6", "ISO 2022 IR 87"))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=120))
def test_a_proposal_decodes_or_is_malformed(items: bytes) -> None:
    """Any A-ASSOCIATE-RQ is read, and made plain, or malformed."""
    pdu = b"\x01\x00" + (68 + len(items)).to_bytes(4, "big") + b"\x00\x01" + bytes(66) + items
    try:
        decode_proposal(pdu)
    except MalformedPdu:
        return
    plain_request(pdu)


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> ReferencePacs:
    """A server to throw things at."""
    with ReferencePacs(Path(tmp_path_factory.mktemp("pacs")), acse_timeout=1) as server:
        yield server


@pytest.mark.parametrize("seed", range(12))
def test_a_server_outlives_noise(
    pacs: ReferencePacs, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """PDUs of random types and lengths end their connection, and the next peer is served."""
    dice = random.Random(seed)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", pacs.port), timeout=5) as peer:
            for _ in range(dice.randint(1, 4)):
                body = dice.randbytes(dice.randint(0, 90))
                head = bytes([dice.randint(0, 9), 0]) + len(body).to_bytes(4, "big")
                with contextlib.suppress(OSError):
                    peer.sendall(head + body)
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(4096):
                    pass
    assert answers_echo("127.0.0.1", pacs.port, pacs.ae_title, 5)
    ours = [record for record in caplog.records if record.name.startswith("stepwedge")]
    assert [record.getMessage() for record in ours if record.levelname == "ERROR"] == []
