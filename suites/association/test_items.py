"""What an A-ASSOCIATE-AC says, field by field, and what a request may hold (PS3.8 9.3.2, 9.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.negotiated import Answer, Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def _acceptance(answer: Answer) -> bytes:
    """The A-ASSOCIATE-AC as it came."""
    expect_accepted(answer)
    return answer.conversation.received()[0]


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Items or sub-items: type and value."""
    at = 0
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield data[at], data[at + 4 : end]
        at = end


def _requested(peer: Peer, rewrite: Callable[[bytes], bytes]) -> Answer:
    return peer.attempt([VERIFICATION, CT, STUDY_ROOT_FIND], rewrite=rewrite)


@check("ASSOC-101", "PS3.8 9.3.3.1", SHALL, defects=["assoc-application-context-wrong"])
def test_application_context(peer: Peer) -> None:
    """The acceptance names the DICOM application context, once."""
    items = dict.fromkeys(
        value.rstrip(b"\0 ")
        for kind, value in _items(_acceptance(peer.attempt([VERIFICATION, CT]))[74:])
        if kind == 0x10
    )
    seen = ", ".join(name.decode("ascii", "replace") for name in items) or "none"
    wanted = APPLICATION_CONTEXT.decode()
    expect(list(items) == [APPLICATION_CONTEXT], wanted, seen, "Application Context Item")


@check("ASSOC-102", "PS3.8 Table 9-21", QUALITY, defects=["assoc-application-context-unchecked"])
def test_unknown_application_context(peer: Peer) -> None:
    """A request with another application context than DICOM's is not accepted."""
    other = APPLICATION_CONTEXT[:-1] + b"9"
    answer = _requested(peer, lambda pdu: pdu.replace(APPLICATION_CONTEXT, other, 1))
    expect(answer.kind != "accepted", "a rejection", answer.words, "Application Context Item")


@check("ASSOC-103", "PS3.8 Table 9-17", SHALL, defects=["assoc-protocol-version-zero"])
def test_protocol_version(peer: Peer) -> None:
    """The acceptance has bit 0 of the protocol version set."""
    version = int.from_bytes(_acceptance(peer.attempt([VERIFICATION, CT]))[6:8], "big")
    expect(bool(version & 1), "bit 0 set", f"{version:04X}H", "Protocol-version")


@check("ASSOC-104", "PS3.8 Table 9-11", SHALL, defects=["assoc-protocol-version-literal"])
def test_more_protocol_versions(peer: Peer) -> None:
    """A request that knows a later protocol version, too, is accepted: only bit 0 is tested."""
    expect_accepted(_requested(peer, lambda pdu: pdu[:6] + b"\0\3" + pdu[8:]))


@check("ASSOC-105", "PS3.8 Table 9-17", SHALL, defects=["assoc-ae-fields-changed"])
def test_fields_sent_back(peer: Peer) -> None:
    """Bytes 11 to 74 of the acceptance are those of the request."""
    answer = peer.attempt([VERIFICATION, CT])
    pdu = _acceptance(answer)
    sent = next(c.data for c in answer.conversation.snapshot() if c.data[:1] == b"\1")
    differing = [n + 11 for n in range(64) if pdu[10 + n] != sent[10 + n]]
    expect(not differing, "the bytes of the request", f"bytes {differing[:4]}… differ", "Reserved")


@check("ASSOC-106", "PS3.8 Table 9-11", SHALL, defects=["assoc-reserved-tested"])
def test_reserved_bytes(peer: Peer) -> None:
    """A request whose reserved bytes are not zero is accepted."""
    expect_accepted(
        _requested(peer, lambda p: p[:1] + b"\1" + p[2:8] + b"\1\1" + p[10:42] + b"R" * 32 + p[74:])
    )


@check("ASSOC-107", "PS3.8 9.3.1", SHALL, defects=["assoc-unknown-item-rejected"])
def test_unknown_user_item(peer: Peer) -> None:
    """A user information sub-item that nobody knows is ignored."""
    extra = b"\x5f\0\0\4test"

    def add(pdu: bytes) -> bytes:
        head, items = pdu[:74], list(_items(pdu[74:]))
        body = b""
        for kind, value in items:
            whole = value + extra if kind == 0x50 else value
            body += bytes([kind, 0]) + len(whole).to_bytes(2, "big") + whole
        return head[:2] + (len(head) - 6 + len(body)).to_bytes(4, "big") + head[6:] + body

    expect_accepted(_requested(peer, add))


@check("ASSOC-108", "PS3.8 Table 9-18", SHALL, defects=["assoc-two-syntaxes"])
def test_one_transfer_syntax(peer: Peer) -> None:
    """Each accepted context holds exactly one transfer syntax."""
    pdu = _acceptance(peer.attempt([VERIFICATION, CT, STUDY_ROOT_FIND]))
    for kind, value in _items(pdu[74:]):
        if kind == 0x21 and value[2] == 0:
            syntaxes = [sub for sub, _ in _items(value[4:]) if sub == 0x40]
            field = "Transfer Syntax Sub-Item"
            expect(len(syntaxes) == 1, "one transfer syntax", f"{len(syntaxes)}", field)


@check("ASSOC-109", "PS3.8 9.3.2.2", QUALITY, defects=["assoc-same-abstract-once"])
def test_same_abstract_syntax_twice(peer: Peer) -> None:
    """Two contexts for one abstract syntax are both accepted when each is accepted alone."""
    halves = [Proposed(CT, (IMPLICIT,)), Proposed(CT, (EXPLICIT,))]

    def results(*contexts: Proposed) -> list[int]:
        answer = peer.attempt([VERIFICATION, *contexts])
        expect_accepted(answer)
        peer.sweep()  # some servers serve one association at a time
        return [context.result for context in answer.contexts[1:]]

    alone = [result for half in halves for result in results(half)]
    together = results(*halves)
    expect(together == alone, f"results {alone}, as each alone", f"{together}", "Result/Reason")
