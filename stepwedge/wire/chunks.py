"""A recorded conversation: what passed on one connection, piece by piece, in order.

The common ground of whoever records (the transport, a proxy), whoever describes and whoever writes
a capture file.  Secrets do not get that far: `redacted` puts x in place of every user identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from stepwedge.wire.items import UserIdentity, UserIdentityResponse, UserInformation
from stepwedge.wire.pdus import HEADER, HEADER_SIZE, AssociateAC, AssociateRQ


class Direction(StrEnum):
    """Who sent it: the client is the end that opened the connection."""

    TO_SERVER = "to-server"
    TO_CLIENT = "to-client"


class Chunk(msgspec.Struct, frozen=True):
    """Bytes that passed at one moment; `at` is seconds since the epoch."""

    at: float
    direction: Direction
    data: bytes


_FIXED = 68  # the fixed fields of an A-ASSOCIATE PDU, PS3.8 Table 9-11
_SECRET_ITEMS = (UserIdentity.KIND, UserIdentityResponse.KIND)


def secret_ranges(stream: bytes) -> list[tuple[int, int]]:
    """Where in one direction's stream user identities stand, as (begin, end).

    Looks at the A-ASSOCIATE PDUs at the beginning of the stream, whole or cut short, and errs on
    the side of hiding: of a damaged sub-item everything up to the end of its PDU is secret.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while len(stream) - at >= HEADER_SIZE and stream[at] in (AssociateRQ.KIND, AssociateAC.KIND):
        length = HEADER.unpack_from(stream, at)[1]
        end = min(len(stream), at + HEADER_SIZE + length)
        for body, stop in _items(stream, at + HEADER_SIZE + _FIXED, end, UserInformation.KIND):
            for kind in _SECRET_ITEMS:
                # the two bytes of type and flag are no secret
                skip = 2 if kind == UserIdentity.KIND else 0
                found += [(b + skip, s) for b, s in _items(stream, body, stop, kind)]
        at = end
    return [(begin, end) for begin, end in found if begin < end]


def _items(stream: bytes, at: int, end: int, wanted: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while end - at >= 4:
        kind, length = stream[at], int.from_bytes(stream[at + 2 : at + 4], "big")
        at += 4
        stop = min(end, at + length)
        if kind == wanted:
            found.append((at, stop))
        if at + length > end:
            break
        at = stop
    return found


def redacted(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The same conversation with every user identity overwritten by x, lengths kept."""
    out = list(chunks)
    for direction in Direction:
        stream = b"".join(chunk.data for chunk in chunks if chunk.direction == direction)
        ranges = secret_ranges(stream)
        if not ranges:
            continue
        masked = bytearray(stream)
        for begin, end in ranges:
            masked[begin:end] = b"x" * (end - begin)
        at = 0
        for index, chunk in enumerate(out):
            if chunk.direction == direction:
                size = len(chunk.data)
                out[index] = Chunk(chunk.at, chunk.direction, bytes(masked[at : at + size]))
                at += size
    return out
