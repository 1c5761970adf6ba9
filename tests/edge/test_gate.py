"""The gate between an edge and its PACS: what it knows of each store that went through."""

from __future__ import annotations

import socket
import struct
from typing import Any

from stepwedge.fixtures.gate import Gate
from stepwedge.wire import commands


def p_data(command: dict[str, Any], data: bytes = b"") -> bytes:
    """One P-DATA-TF with a command set, and a data set when there is one."""
    values = [(3, commands.encode(command))] + ([(2, data)] if data else [])
    body = b"".join(
        struct.pack(">IBB", len(value) + 2, 1, control) + value for control, value in values
    )
    return struct.pack(">BBI", 4, 0, len(body)) + body


def request(uid: str) -> bytes:
    return p_data(
        {
            "AffectedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "CommandField": commands.C_STORE_RQ,
            "MessageID": 1,
            "Priority": 0,
            "CommandDataSetType": 1,
            "AffectedSOPInstanceUID": uid,
        },
        b"data",
    )


ANSWER = p_data(
    {
        "CommandField": commands.C_STORE_RSP,
        "MessageIDBeingRespondedTo": 1,
        "CommandDataSetType": 0x0101,
        "Status": 0,
    }
)


def read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += end.recv(size - len(data))
    return data


def test_a_quick_edge() -> None:
    """An edge that sends the next store before the gate has written down the answer to the one
    before: each answer is still written down for its own store."""
    stores = [request(f"2.25.{number}") for number in range(1, 41)]
    with (
        socket.create_server(("127.0.0.1", 0)) as pacs,
        Gate(("127.0.0.1", pacs.getsockname()[1])) as gate,
        socket.create_connection(("127.0.0.1", gate.port), 10) as edge,
    ):
        far, _ = pacs.accept()
        with far:
            far.settimeout(10)
            for one in stores:
                edge.sendall(one)
                read(far, len(one))
                far.sendall(ANSWER)
                read(edge, len(ANSWER))
            wanted = {f"2.25.{number}" for number in range(1, 41)}
            assert gate.wait_for(wanted, 0, 10) == set()
