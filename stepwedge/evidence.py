"""The evidence of a check that did not pass: its conversations, kept so that others can look.

For each conversation three files under `evidence/`: the decoded PDUs as JSON (`Conversation`, from
which the report draws the ladder), the raw bytes, and a capture file that Wireshark opens.  User
identities are struck out in all of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from stepwedge.record import write_evidence
from stepwedge.wire.chunks import Chunk, redacted
from stepwedge.wire.describe import PduView, describe
from stepwedge.wire.pcap import pcap

CONVERSATION = ".conversation.json"

# Conversations kept for one check; of a check that opened more, the last ones are.
MOST = 6


class Conversation(msgspec.Struct, frozen=True):
    """One connection, PDU by PDU; `label` says what it was for, `peer` is host:port.

    `peer` is the server of the connection: the target, or our receiver when the target called.
    """

    label: str
    peer: str
    pdus: list[PduView]
    we_requested: bool = True


class Said(NamedTuple):
    """One connection as it was recorded: the server's address, and whether we opened it."""

    label: str
    address: tuple[str, int]
    chunks: Sequence[Chunk]
    we_requested: bool = True


def keep(folder: Path, name: str, conversations: Sequence[Said]) -> list[str]:
    """Writes conversations and returns the paths of the files, relative to the run folder."""
    paths: list[str] = []
    for number, said in enumerate(_telling([one for one in conversations if one.chunks]), start=1):
        stem = f"{name}-{number}"
        safe, address = redacted(said.chunks), said.address
        peer = f"{address[0]}:{address[1]}"
        view = Conversation(said.label, peer, list(describe(safe)), said.we_requested)
        files = {
            CONVERSATION: msgspec.json.encode(view),
            ".bin": b"".join(chunk.data for chunk in safe),
            ".pcap": pcap(safe, *_endpoints(address)),
        }
        paths += [write_evidence(folder, stem + end, content) for end, content in files.items()]
    return paths


def _telling(spoken: list[Said]) -> list[Said]:
    """The last of them, and among these the last that we opened: what we asked belongs to it."""
    last = spoken[-MOST:]
    ours = next((one for one in reversed(spoken) if one.we_requested), None)
    if ours is None or any(one is ours for one in last):
        return last
    return [ours, *last[1:]]


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
