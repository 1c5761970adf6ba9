"""The evidence of a check that did not pass: its conversations, kept so that others can look.

For each conversation three files under `evidence/`: the decoded PDUs as JSON (`Conversation`, from
which the report draws the ladder), the raw bytes, and a capture file that Wireshark opens.  User
identities are struck out in all of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import msgspec

from stepwedge.record import write_evidence
from stepwedge.wire.chunks import Chunk, redacted
from stepwedge.wire.describe import PduView, describe
from stepwedge.wire.pcap import pcap

CONVERSATION = ".conversation.json"

# Conversations kept for one check; of a check that opened more, the last ones are.
MOST = 6


class Conversation(msgspec.Struct, frozen=True):
    """One connection, PDU by PDU; `label` says what it was for, `peer` is host:port."""

    label: str
    peer: str
    pdus: list[PduView]


def keep(
    folder: Path, name: str, conversations: Sequence[tuple[str, tuple[str, int], Sequence[Chunk]]]
) -> list[str]:
    """Writes conversations (label, address of the server, chunks) and returns their paths.

    The paths are relative to the run folder.
    """
    paths: list[str] = []
    spoken = [one for one in conversations if one[2]]
    for number, (label, address, chunks) in enumerate(spoken[-MOST:], start=1):
        stem = f"{name}-{number}"
        safe = redacted(chunks)
        view = Conversation(label, f"{address[0]}:{address[1]}", list(describe(safe)))
        files = {
            CONVERSATION: msgspec.json.encode(view),
            ".bin": b"".join(chunk.data for chunk in safe),
            ".pcap": pcap(safe, *_endpoints(address)),
        }
        paths += [write_evidence(folder, stem + end, content) for end, content in files.items()]
    return paths


def load_conversation(path: Path) -> Conversation:
    """A conversation that `keep` wrote.  Raises msgspec.MsgspecError or OSError."""
    return msgspec.json.decode(path.read_bytes(), type=Conversation)


def _endpoints(address: tuple[str, int]) -> tuple[tuple[str, int], tuple[str, int]]:
    """Numeric addresses for the capture file; a name becomes a documentation address."""
    try:
        version = ipaddress.ip_address(address[0]).version
    except ValueError:
        return ("192.0.2.1", 50000), ("192.0.2.2", address[1])
    return ("127.0.0.1" if version == 4 else "::1", 50000), address
