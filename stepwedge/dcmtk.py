"""What was asked, as a command line of DCMTK: the same request by another hand.

A finding that a second implementation shows too is believed sooner.  The command is made of the
last request of a conversation, where one of DCMTK's tools can make it: echoscu, findscu, movescu
and getscu, with every key of the identifier.
"""

from __future__ import annotations

import shlex
import struct
from collections.abc import Iterator, Sequence
from io import BytesIO

from pydicom import Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag
from pydicom.uid import UID

from stepwedge.wire import commands
from stepwedge.wire.chunks import Chunk, Direction
from stepwedge.wire.errors import Malformed
from stepwedge.wire.items import (
    ImplementationClassUID,
    ImplementationVersionName,
    MaximumLength,
    RoleSelection,
)
from stepwedge.wire.pdus import AssociateAC, AssociateRQ, PDataTF, decode_stream

VERIFICATION = "1.2.840.10008.1.1"

# What every association request carries.
_ORDINARY = (MaximumLength, ImplementationClassUID, ImplementationVersionName)

# A terminal of Linux takes lines up to 4095 characters; a longer one cannot be pasted.
_LONGEST = 4096

RESPONSE = 0x8000  # the bit of Command Field that tells a response (PS3.7 E.1)

# Command Field of a request → the tool that makes it.
_TOOLS = {0x0030: "echoscu", 0x0020: "findscu", 0x0021: "movescu", 0x0010: "getscu"}
# Information model → the option that asks for it.
_MODELS = {
    "1.2.840.10008.5.1.4.1.2.1": "-P",
    "1.2.840.10008.5.1.4.1.2.2": "-S",
    "1.2.840.10008.5.1.4.1.2.3": "-O",
    "1.2.840.10008.5.1.4.31": "-W",
}
_NUMBERS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}


class _Unsayable(Exception):
    """No tool of DCMTK makes this request."""


def equivalent(chunks: Sequence[Chunk], address: tuple[str, int]) -> str:
    """The command line, or "" when there is none.

    `chunks` are those of a connection that we opened to `address`.
    """
    try:
        request, answer, sent = _read(chunks)
        line = " ".join(map(_quoted, _words(request, answer, sent, address)))
    except (_Unsayable, Malformed, ValueError, LookupError):
        return ""
    return line if len(line) < _LONGEST else ""


def _read(
    chunks: Sequence[Chunk],
) -> tuple[AssociateRQ, AssociateAC | None, list[tuple[int, bytes, bytes]]]:
    """The association request, its acceptance, and (context, command, data) of what we sent."""
    ours = b"".join(c.data for c in chunks if c.direction is Direction.TO_SERVER)
    theirs = b"".join(c.data for c in chunks if c.direction is Direction.TO_CLIENT)
    request: AssociateRQ | None = None
    messages: list[tuple[int, bytes, bytes]] = []
    command, data = bytearray(), bytearray()
    for pdu in decode_stream(ours):
        if isinstance(pdu, AssociateRQ):
            request = pdu
        elif isinstance(pdu, PDataTF):
            for value in pdu.pdvs:
                (command if value.control & 1 else data).extend(value.data)
                if not value.control & 2:
                    continue
                whole = commands.decode(command) if value.control & 1 else None
                if whole is None or whole.get("CommandDataSetType") == commands.NO_DATA_SET:
                    messages.append((value.context_id, bytes(command), bytes(data)))
                    command, data = bytearray(), bytearray()
    if request is None:
        raise _Unsayable
    answer = None
    if theirs[:1] == bytes([AssociateAC.KIND]):
        size = 6 + int.from_bytes(theirs[2:6], "big")
        found = next(iter(decode_stream(theirs[:size])))
        answer = found if isinstance(found, AssociateAC) else None
    return request, answer, messages


def _words(
    request: AssociateRQ,
    answer: AssociateAC | None,
    sent: Sequence[tuple[int, bytes, bytes]],
    address: tuple[str, int],
) -> Iterator[bytes]:
    titles = ["-v", "-aet", request.calling, "-aec", request.called]
    host = [address[0], str(address[1])]
    if not sent:
        if not _is_plain(request):
            raise _Unsayable
        yield from map(str.encode, ["echoscu", *titles, *host])
        return
    # What we answered to sub-operations is no request.
    requests = [(commands.decode(command), id, data) for id, command, data in sent]
    said, context_id, data = [one for one in requests if not one[0]["CommandField"] & RESPONSE][-1]
    tool = _TOOLS.get(int(said["CommandField"]))
    proposed = {one.id: one.abstract_syntax for one in request.contexts}
    if tool is None or answer is None or proposed.get(context_id) != said["AffectedSOPClassUID"]:
        raise _Unsayable
    # getscu proposes to be SCP of storage; no tool proposes anything else beside contexts.
    roles = bool(request.users(RoleSelection))
    usual = (*_ORDINARY, RoleSelection) if tool == "getscu" else _ORDINARY
    if roles != (tool == "getscu") or not _has_only(request, usual):
        raise _Unsayable
    yield from map(str.encode, [tool, *titles])
    if tool != "echoscu":
        syntaxes = {one.id: one.transfer_syntax for one in answer.contexts if one.result == 0}
        yield _model(str(said["AffectedSOPClassUID"])).encode()
        if tool == "movescu":
            yield from (b"-aem", str(said["MoveDestination"]).strip().encode())
        for key in _keys(_identifier(data, syntaxes[context_id] or "")):
            yield from (b"-k", key)
    yield from map(str.encode, host)


def _is_plain(request: AssociateRQ) -> bool:
    """True for an association request as echoscu makes it, but for its AE titles."""
    return (
        {one.abstract_syntax for one in request.contexts} == {VERIFICATION}
        and request.protocol_version == 1
        and not request.reserved.strip(b"\0")
        and _has_only(request, _ORDINARY)
    )


def _has_only(request: AssociateRQ, kinds: tuple[type, ...]) -> bool:
    return all(isinstance(item, kinds) for item in request.user_items)


def _model(sop_class: str) -> str:
    for prefix, option in _MODELS.items():
        if sop_class == prefix or sop_class.rpartition(".")[0] == prefix:
            return option
    raise _Unsayable


def _identifier(data: bytes, transfer_syntax: str) -> Dataset:
    syntax = UID(transfer_syntax)
    if syntax.is_deflated:
        raise _Unsayable
    try:
        identifier = read_dataset(BytesIO(data), syntax.is_implicit_VR, syntax.is_little_endian)
    except Exception:  # whatever a broken identifier makes of pydicom
        raise _Unsayable from None
    # pydicom leaves out an element that is cut short; no tool can ask so.
    last = identifier.get_item(max(identifier.keys()))
    if isinstance(last, RawDataElement) and last.value_tell + last.length != len(data):
        raise _Unsayable
    return identifier


def _keys(identifier: Dataset, within: bytes = b"") -> Iterator[bytes]:
    """Each key as `gggg,eeee=value`, with the path of its sequence before it."""
    for tag in sorted(identifier.keys()):
        if not dictionary_has_tag(tag):
            raise _Unsayable
        raw = identifier.get_item(tag)
        named = _named(tag, bool(within))
        if not isinstance(raw, RawDataElement) or dictionary_VR(tag) == "SQ":
            # pydicom has read this one already; what is empty comes as None or as empty text.
            asked = identifier[tag].value or ()
            if asked and not isinstance(asked, Items):
                raise _Unsayable
            items = list(asked)
            inner = list(_keys(items[0], within + named + b"[0].")) if items else []
            yield from inner or [within + named]
            continue
        value = _value(identifier, tag, raw)
        yield within + named + (b"=" + value if value else b"")


def _named(tag: BaseTag, in_path: bool) -> bytes:
    text = f"{tag.group:04x},{tag.element:04x}"
    return (f"({text})" if in_path else text).encode()


def _value(identifier: Dataset, tag: BaseTag, raw: RawDataElement) -> bytes:
    value = raw.value or b""
    vr = raw.VR or identifier[tag].VR
    if vr in _NUMBERS and value:
        order = "<" if raw.is_little_endian else ">"
        return "\\".join(
            str(n) for (n,) in struct.iter_unpack(order + _NUMBERS[vr], value)
        ).encode()
    return bytes(value).rstrip(b" \0")


def _quoted(word: bytes) -> str:
    """A word for a shell; what is no printable ASCII goes as the bytes that it is."""
    if word.isascii() and word.decode("ascii").isprintable():
        return shlex.quote(word.decode("ascii"))
    text = "".join(
        f"\\x{byte:02x}" if not 32 <= byte < 127 else "\\" * (byte in b"\\'") + chr(byte)
        for byte in word
    )
    return f"$'{text}'"
