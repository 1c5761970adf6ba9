"""A recorded conversation as a capture file that Wireshark opens.

The record holds what passed between two sockets, not packets, so the packets are made: a TCP
handshake, one segment for each chunk (more where it is long), acknowledgements that are always
true, and a close.  Times are the record's.  User identities are overwritten unless `reveal` is set.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence

from stepwedge.wire.chunks import Chunk, Direction, redacted

_FILE = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)  # 101: LINKTYPE_RAW
_SEGMENT = 32768  # bytes of one made segment; an IPv4 packet cannot hold 64 KiB with its headers
_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10

Endpoint = tuple[str, int]


def _sum(data: bytes) -> int:
    """The checksum of RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class _Writer:
    def __init__(self, client: Endpoint, server: Endpoint) -> None:
        self.ends = {Direction.TO_SERVER: (client, server), Direction.TO_CLIENT: (server, client)}
        self.next = {Direction.TO_SERVER: 1000, Direction.TO_CLIENT: 2000}
        self.out = [_FILE]
        self.number = 0

    def packet(self, at: float, direction: Direction, flags: int, data: bytes = b"") -> None:
        """One TCP segment inside one IP packet."""
        (source, source_port), (target, target_port) = self.ends[direction]
        other = Direction.TO_CLIENT if direction is Direction.TO_SERVER else Direction.TO_SERVER
        sequence = self.next[direction]
        acknowledged = self.next[other] if flags & _ACK else 0
        tcp = struct.pack(
            ">HHIIBBHHH",
            source_port,
            target_port,
            sequence,
            acknowledged,
            5 << 4,
            flags,
            65535,
            0,
            0,
        )
        a, b = ipaddress.ip_address(source), ipaddress.ip_address(target)
        size = len(tcp) + len(data)
        if a.version == 4:
            pseudo = a.packed + b.packed + struct.pack(">BBH", 0, 6, size)
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, self.number, 0x4000, 64, 6, 0)
            check = _sum(head + a.packed + b.packed)
            ip = head[:10] + struct.pack(">H", check) + a.packed + b.packed
        else:
            pseudo = a.packed + b.packed + struct.pack(">IHBB", size, 0, 0, 6)
            ip = struct.pack(">IHBB", 6 << 28, size, 6, 64) + a.packed + b.packed
        tcp = tcp[:16] + struct.pack(">H", _sum(pseudo + tcp + data)) + tcp[18:]
        raw = ip + tcp + data
        micros = round(at * 1_000_000)
        self.out += (
            struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(raw), len(raw)),
            raw,
        )
        self.number = (self.number + 1) & 0xFFFF
        step = len(data) + (1 if flags & (_SYN | _FIN) else 0)
        self.next[direction] = (sequence + step) & 0xFFFFFFFF


def pcap(
    chunks: Sequence[Chunk],
    client: Endpoint = ("127.0.0.1", 50000),
    server: Endpoint = ("127.0.0.1", 104),
    *,
    reveal: bool = False,
) -> bytes:
    """The conversation as the bytes of a libpcap file, between two numeric addresses.

    Raises ValueError for an address that is not numeric, or when one is IPv6 and the other is not.
    """
    versions = {ipaddress.ip_address(end[0]).version for end in (client, server)}
    if len(versions) != 1:
        raise ValueError(f"{client[0]} and {server[0]} are not of the same kind")
    shown = chunks if reveal else redacted(chunks)
    writer = _Writer(client, server)
    start = shown[0].at if shown else 0.0
    writer.packet(start, Direction.TO_SERVER, _SYN)
    writer.packet(start, Direction.TO_CLIENT, _SYN | _ACK)
    writer.packet(start, Direction.TO_SERVER, _ACK)
    for chunk in shown:
        for at in range(0, len(chunk.data), _SEGMENT):
            part = chunk.data[at : at + _SEGMENT]
            writer.packet(chunk.at, chunk.direction, _PSH | _ACK, part)
    end = shown[-1].at if shown else start
    writer.packet(end, Direction.TO_SERVER, _FIN | _ACK)
    writer.packet(end, Direction.TO_CLIENT, _FIN | _ACK)
    writer.packet(end, Direction.TO_SERVER, _ACK)
    return b"".join(writer.out)
