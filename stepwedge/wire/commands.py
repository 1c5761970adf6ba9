"""DIMSE command sets: PS3.7 §6.3.1, §9.3, §10.3 and Annex E.

A command set is the group 0000 in implicit VR little endian, so it needs no general codec: a table
of two dozen elements and one loop.  A `CommandSet` is a dictionary from the standard's keywords to
plain values, `{"CommandField": 0x30, "MessageID": 1, …}`; an element that the table does not know
is kept under its tag as bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

from stepwedge.wire.errors import LocalProtocolError, Malformed
from stepwedge.wire.items import Buffer

CommandSet: TypeAlias = dict[str, Any]

# PS3.7 Tables E.1-1 and E.2-1 (the retired elements that old peers still send are kept as bytes).
ELEMENTS: dict[int, tuple[str, str]] = {
    0x0000: ("CommandGroupLength", "UL"),
    0x0002: ("AffectedSOPClassUID", "UI"),
    0x0003: ("RequestedSOPClassUID", "UI"),
    0x0100: ("CommandField", "US"),
    0x0110: ("MessageID", "US"),
    0x0120: ("MessageIDBeingRespondedTo", "US"),
    0x0600: ("MoveDestination", "AE"),
    0x0700: ("Priority", "US"),
    0x0800: ("CommandDataSetType", "US"),
    0x0900: ("Status", "US"),
    0x0901: ("OffendingElement", "AT"),
    0x0902: ("ErrorComment", "LO"),
    0x0903: ("ErrorID", "US"),
    0x1000: ("AffectedSOPInstanceUID", "UI"),
    0x1001: ("RequestedSOPInstanceUID", "UI"),
    0x1002: ("EventTypeID", "US"),
    0x1005: ("AttributeIdentifierList", "AT"),
    0x1008: ("ActionTypeID", "US"),
    0x1020: ("NumberOfRemainingSuboperations", "US"),
    0x1021: ("NumberOfCompletedSuboperations", "US"),
    0x1022: ("NumberOfFailedSuboperations", "US"),
    0x1023: ("NumberOfWarningSuboperations", "US"),
    0x1030: ("MoveOriginatorApplicationEntityTitle", "AE"),
    0x1031: ("MoveOriginatorMessageID", "US"),
}
_NUMBER_OF = {keyword: number for number, (keyword, _) in ELEMENTS.items()}
_US = {number: keyword for number, (keyword, vr) in ELEMENTS.items() if vr == "US"}
_TEXT = {number: keyword for number, (keyword, vr) in ELEMENTS.items() if vr in ("UI", "AE", "LO")}
_AT = {number: keyword for number, (keyword, vr) in ELEMENTS.items() if vr == "AT"}

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RQ, C_GET_RSP = 0x0010, 0x8010
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020
C_MOVE_RQ, C_MOVE_RSP = 0x0021, 0x8021
C_ECHO_RQ, C_ECHO_RSP = 0x0030, 0x8030
N_EVENT_REPORT_RQ, N_EVENT_REPORT_RSP = 0x0100, 0x8100
N_GET_RQ, N_GET_RSP = 0x0110, 0x8110
N_SET_RQ, N_SET_RSP = 0x0120, 0x8120
N_ACTION_RQ, N_ACTION_RSP = 0x0130, 0x8130
N_CREATE_RQ, N_CREATE_RSP = 0x0140, 0x8140
N_DELETE_RQ, N_DELETE_RSP = 0x0150, 0x8150
C_CANCEL_RQ = 0x0FFF
RESPONSE = 0x8000  # the bit that makes a response of a request

COMMAND_FIELDS: dict[int, str] = {
    C_STORE_RQ: "C-STORE-RQ",
    C_STORE_RSP: "C-STORE-RSP",
    C_GET_RQ: "C-GET-RQ",
    C_GET_RSP: "C-GET-RSP",
    C_FIND_RQ: "C-FIND-RQ",
    C_FIND_RSP: "C-FIND-RSP",
    C_MOVE_RQ: "C-MOVE-RQ",
    C_MOVE_RSP: "C-MOVE-RSP",
    C_ECHO_RQ: "C-ECHO-RQ",
    C_ECHO_RSP: "C-ECHO-RSP",
    N_EVENT_REPORT_RQ: "N-EVENT-REPORT-RQ",
    N_EVENT_REPORT_RSP: "N-EVENT-REPORT-RSP",
    N_GET_RQ: "N-GET-RQ",
    N_GET_RSP: "N-GET-RSP",
    N_SET_RQ: "N-SET-RQ",
    N_SET_RSP: "N-SET-RSP",
    N_ACTION_RQ: "N-ACTION-RQ",
    N_ACTION_RSP: "N-ACTION-RSP",
    N_CREATE_RQ: "N-CREATE-RQ",
    N_CREATE_RSP: "N-CREATE-RSP",
    N_DELETE_RQ: "N-DELETE-RQ",
    N_DELETE_RSP: "N-DELETE-RSP",
    C_CANCEL_RQ: "C-CANCEL-RQ",
}

NO_DATA_SET = 0x0101  # PS3.7 E.1-1: the one value of CommandDataSetType that means "none"
DATA_SET = 0x0001

# PS3.7 Annex C: the two codes of the class Pending; the second warns that keys were not supported.
PENDING = (0xFF00, 0xFF01)
SUCCESS = 0x0000
CANCEL = 0xFE00

_ELEMENT = struct.Struct("<HHI")
_ONE_US = struct.Struct("<H")
_ONE_UL = struct.Struct("<I")


def tag(number: int) -> str:
    """An element of group 0000 as it is written: `(0000,0900)`."""
    return f"(0000,{number:04X})"


def name(field: int) -> str:
    """A command field in words."""
    return COMMAND_FIELDS.get(field, f"command field {field:04X}H")


def decode(data: Buffer) -> CommandSet:
    """Reads a command set.  The group length is read but not believed.

    Raises Malformed when an element is cut short, is not of group 0000, or has a length that its
    VR does not allow.
    """
    command: CommandSet = {}
    at, end = 0, len(data)
    while at < end:
        if end - at < 8:
            raise Malformed(f"a command element needs 8 bytes but {end - at} are left", at)
        group, number, length = _ELEMENT.unpack_from(data, at)
        at += 8
        if group:
            raise Malformed(f"element ({group:04X},{number:04X}) is not of group 0000", at - 8)
        if length > end - at:
            raise Malformed(
                f"{tag(number)} announces {length} bytes but {end - at} are left", at - 8
            )
        if number in _US:
            if length != 2:
                raise Malformed(f"{_US[number]} {tag(number)} has {length} bytes, not 2", at - 8)
            command[_US[number]] = data[at] | data[at + 1] << 8
        elif number in _TEXT:
            value = bytes(data[at : at + length]).decode("latin-1")
            command[_TEXT[number]] = value.strip(" ").rstrip("\0 ")
        elif number in _AT:
            if length % 4:
                raise Malformed(f"{_AT[number]} {tag(number)} has {length} bytes", at - 8)
            command[_AT[number]] = [
                (_ONE_US.unpack_from(data, i)[0] << 16) | _ONE_US.unpack_from(data, i + 2)[0]
                for i in range(at, at + length, 4)
            ]
        elif number == 0:
            if length != 4:
                raise Malformed(f"the group length has {length} bytes, not 4", at - 8)
            command["CommandGroupLength"] = _ONE_UL.unpack_from(data, at)[0]
        else:
            command[tag(number)] = bytes(data[at : at + length])
        at += length
    return command


def _value(number: int, keyword: str, vr: str, value: Any) -> bytes:
    try:
        match vr:
            case "US":
                return _ONE_US.pack(value)
            case "UL":
                return _ONE_UL.pack(value)
            case "AT":
                return b"".join(struct.pack("<HH", t >> 16, t & 0xFFFF) for t in value)
        raw = value if isinstance(value, bytes) else str(value).encode("latin-1")
    except (struct.error, UnicodeEncodeError, TypeError) as error:
        raise LocalProtocolError(
            f"{keyword} {tag(number)} cannot be {value!r} (VR {vr}): {error}"
        ) from None
    return raw + (b"\0" if vr == "UI" else b" ") if len(raw) % 2 else raw


def encode(command: Mapping[str, Any]) -> bytes:
    """Writes a command set in ascending order with its group length first.

    A key may be a keyword of PS3.7 Annex E or a tag such as `(0000,0001)` with bytes.  A
    CommandGroupLength that is given is written as given, and an element whose value is None is left
    out.  Raises LocalProtocolError for a keyword that is no command element, or a value that its VR
    cannot hold.
    """
    elements: list[tuple[int, bytes]] = []
    for keyword, value in command.items():
        if value is None:
            continue
        number = _NUMBER_OF.get(keyword)
        if number is not None:
            elements.append((number, _value(number, keyword, ELEMENTS[number][1], value)))
        elif keyword.startswith("(0000,") and len(keyword) == 11:
            elements.append((int(keyword[6:10], 16), bytes(value)))
        else:
            raise LocalProtocolError(f"{keyword!r} is no element of a command set")
    elements.sort()
    body = b"".join(_ELEMENT.pack(0, n, len(raw)) + raw for n, raw in elements if n)
    length = command.get("CommandGroupLength", len(body))
    return _ELEMENT.pack(0, 0, 4) + _value(0, "CommandGroupLength", "UL", length) + body


def offset_of(encoded: bytes, keyword: str) -> int:
    """Where the value of an element begins in an encoded command set, to patch it in place."""
    wanted = _NUMBER_OF[keyword]
    at = 0
    while at < len(encoded):
        _, number, length = _ELEMENT.unpack_from(encoded, at)
        if number == wanted:
            return at + 8
        at += 8 + length
    raise KeyError(keyword)


def response_to(request: Mapping[str, Any], status: int, **more: Any) -> CommandSet:
    """The command set of a response without a data set; `more` adds or replaces elements.

    The SOP class and instance come back as the request named them (PS3.7 §9.3, §10.3).
    """
    answer: CommandSet = {
        "CommandField": request["CommandField"] | RESPONSE,
        "MessageIDBeingRespondedTo": request["MessageID"],
        "CommandDataSetType": NO_DATA_SET,
        "Status": status,
    }
    for affected, requested in (
        ("AffectedSOPClassUID", "RequestedSOPClassUID"),
        ("AffectedSOPInstanceUID", "RequestedSOPInstanceUID"),
    ):
        value = request.get(affected) or request.get(requested)
        if value:
            answer[affected] = value
    answer.update(more)
    return answer
