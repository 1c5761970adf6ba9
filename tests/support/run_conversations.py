"""A conversation as evidence keeps it: a C-MOVE that the target could not carry out."""

from __future__ import annotations

from typing import Any

import msgspec

from stepwedge.wire import Chunk, Direction, Proposed, commands, describe
from stepwedge.wire.items import (
    AcceptedContext,
    ApplicationContext,
    ImplementationClassUID,
    ImplementationVersionName,
    MaximumLength,
    UserInformation,
)
from stepwedge.wire.messages import fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN, build_request
from stepwedge.wire.pdus import AssociateAC, ReleaseRP, ReleaseRQ

MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
OUT, IN = Direction.TO_SERVER, Direction.TO_CLIENT

# Query/Retrieve Level STUDY and a Study Instance UID, implicit VR little endian.
_IDENTIFIER = (
    b"\x08\x00\x52\x00\x06\x00\x00\x00STUDY " + b"\x20\x00\x0d\x00\x0c\x00\x00\x001.2.3.4.5.6\x00"
)


def moved(pending: int = 2, began: float = 1_772_438_401.0) -> bytes:
    """The evidence file: association, C-MOVE-RQ, pending responses, A702, release."""
    request: dict[str, Any] = {
        "AffectedSOPClassUID": MOVE,
        "CommandField": commands.C_MOVE_RQ,
        "MessageID": 1,
        "Priority": 0,
        "MoveDestination": "STEPWEDGE",
        "CommandDataSetType": 1,
    }
    parts = [
        (OUT, build_request("ARCHIVE", "STEPWEDGE", [Proposed(MOVE)]).encode()),
        (
            IN,
            AssociateAC(
                "ARCHIVE",
                "STEPWEDGE",
                (
                    ApplicationContext(),
                    AcceptedContext(1, 0, IMPLICIT_VR_LITTLE_ENDIAN),
                    UserInformation(
                        (
                            MaximumLength(16384),
                            ImplementationClassUID("1.2.276.0.7230010.3.0.3.6.7"),
                            ImplementationVersionName("OFFIS_DCMTK_367"),
                        )
                    ),
                ),
            ).encode(),
        ),
        (OUT, _message(commands.encode(request), _IDENTIFIER)),
        *(
            (IN, _message(commands.encode(_response(request, 0xFF00, pending - n, n))))
            for n in range(pending)
        ),
        (IN, _message(commands.encode(_response(request, 0xA702, 0, 0, failed=3)))),
        (OUT, ReleaseRQ().encode()),
        (IN, ReleaseRP().encode()),
    ]
    chunks = [Chunk(began + n * 0.0123, direction, raw) for n, (direction, raw) in enumerate(parts)]
    return msgspec.json.encode(
        {
            "label": "the C-MOVE under test",
            "peer": "127.0.0.1:11112",
            "we_requested": True,
            "pdus": describe(chunks),
        }
    )


def _message(command: bytes, data: bytes | None = None) -> bytes:
    return b"".join(fragment(1, 16384, command, None if data is None else [data]))


def _response(
    request: dict[str, Any], status: int, remaining: int, completed: int, failed: int = 0
) -> dict[str, Any]:
    return commands.response_to(
        request,
        status,
        NumberOfRemainingSuboperations=remaining,
        NumberOfCompletedSuboperations=completed,
        NumberOfFailedSuboperations=failed,
        NumberOfWarningSuboperations=0,
    )
