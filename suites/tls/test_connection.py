"""What comes before, beside and after a handshake: clear text, garbage, stalls, and the end."""

from __future__ import annotations

import contextlib
import struct

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.fixtures.tls.verifiers import (
    expect_alive,
    expect_given_up,
    expect_refused,
    expect_taken,
)
from stepwedge.verdicts import Deviation

GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
    "zeros": bytes(64),
    "ssh": b"SSH-2.0-stepwedge\r\n",
    "noise": bytes(range(255, 63, -1)),
}
STALLED = 6


@check("TLS-100", "PS3.15 B.12", SHALL, claim="tls.transport", defects=["tls-plain-text-accepted"])
def test_clear_text(tls: Probe) -> None:
    """An association request in clear is not answered as one on the port for TLS."""
    clear = tls.peer(enabled=False)
    answer = clear.attempt([VERIFICATION], label="association in clear")
    clear.sweep()
    if answer.kind in ("accepted", "rejected"):
        raise Deviation("a request in clear to be turned away", answer.words)
    expect_alive(tls.peer())


@check("TLS-101", "PS3.8 9.2.3", SHALL, claim="tls.clear-port", defects=["tls-clear-port-hangs"])
def test_tls_on_the_clear_port(tls: Probe) -> None:
    """A TLS hello on the port for DICOM in clear is answered by A-ABORT or by closing.

    Its first byte, 16H, is no PDU type (Table 9-10, Evt19 in Sta2: AA-1).
    """
    limit = tls.target.timeouts.negotiate
    flight = tls.say(tls.hello().encode(), "TLS hello", port=tls.target.tls.clear_port)
    expect_given_up(flight, "the server", limit)


@pytest.mark.parametrize("kind", GARBAGE)
@check(
    "TLS-102", "Stepwedge garbage harms nobody", QUALITY, claim="tls.transport",
    defects=["tls-garbage-poisons"],
)  # fmt: skip
def test_garbage(tls: Probe, kind: str) -> None:
    """Bytes that are no TLS end their own connection, and nobody else's."""
    expect_refused(tls.say(GARBAGE[kind], kind, ends=True), f"{kind} instead of TLS")
    expect_alive(tls.peer())


@check(
    "TLS-103",
    "Stepwedge a stalled handshake harms nobody",
    QUALITY,
    claim="tls.transport",
    defects=["tls-handshakes-in-turn"],
)
def test_stalled_beside_good(tls: Probe) -> None:
    """While handshakes of other clients stall, a good client gets in."""
    hello = tls.hello().encode()
    with contextlib.ExitStack() as stalled:
        for number in range(STALLED):
            sock, conversation = stalled.enter_context(tls.connection(f"stalled {number}"))
            part = hello[: 40 * (number % 2)]
            sock.sendall(part)
            conversation.add(True, part)
        expect_alive(tls.peer())


@check(
    "TLS-104",
    "Stepwedge a stalled handshake ends",
    QUALITY,
    claim="tls.transport",
    defects=["tls-handshake-without-end"],
)
def test_stalled_handshake_ends(tls: Probe) -> None:
    """A handshake that stalls is given up within the response timeout of the target file."""
    patience = tls.target.timeouts.response
    flight = tls.say(tls.hello().encode()[:40], "half a hello", patience=patience)
    expect_given_up(flight, "a stalled handshake", patience)


@check("TLS-105", "RFC 8446 5.1", SHALL, claim="tls.transport", defects=["tls-split-hello-refused"])
def test_split_hello(tls: Probe) -> None:
    """A ClientHello that is split over several records is taken."""
    flight = tls.say(tls.hello().encode(record=64), "hello in records of 64 bytes")
    expect_taken(flight, "its records split")


@check("TLS-106", "RFC 8446 5.1", SHALL, claim="tls.transport", defects=["tls-long-record-ignored"])
def test_long_record(tls: Probe) -> None:
    """A record that announces more than is allowed ends the connection."""
    record = struct.pack(">BHH", 22, 0x0301, (1 << 14) + 4096) + tls.hello().message()
    flight = tls.say(record, "a record of 20480 bytes")
    expect_refused(flight, "a record longer than 2^14 bytes")
    expect_given_up(flight, "the server", tls.target.timeouts.negotiate)


@check(
    "TLS-107", "Stepwedge a cut handshake harms nobody", QUALITY, claim="tls.transport",
    defects=["tls-cut-poisons"],
)  # fmt: skip
def test_cut_handshake(tls: Probe) -> None:
    """Handshakes that are cut off in the middle leave the server as it was."""
    hello = tls.hello().encode()
    for size in (3, 5, 40, len(hello) - 1):
        expect_refused(tls.say(hello[:size], f"{size} bytes", ends=True), "half a hello")
    expect_alive(tls.peer())
