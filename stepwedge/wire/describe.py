"""A recorded conversation, PDU by PDU, as a person reads it: names, values, offsets, what is wrong.

    views = describe(chunks)          # msgspec Structs: msgspec.json.encode(views) for a report

An independent decode: it shares no layout with the codec that wrote the bytes, so that a mistake in
one shows in the other.  It never raises.
What is malformed is described up to where it breaks, with the reason as `problem` of the field and
of the PDU.  The P-DATA-TFs that carry on one data set are one view, and only the beginning of a
large data set is decoded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec
from pynetdicom.status import code_to_category

from stepwedge.wire.chunks import Chunk, Direction, secret_ranges
from stepwedge.wire.commands import COMMAND_FIELDS, NO_DATA_SET
from stepwedge.wire.elements import Field, look, uid_text
from stepwedge.wire.layouts import SHORT, Cursor, associate, context_result, number

SHOWN_BYTES = 512  # of a PDU, as hex
DECODED = 64 * 1024  # of a data set, beginning with its first byte

_PDU_NAMES = {
    1: "A-ASSOCIATE-RQ",
    2: "A-ASSOCIATE-AC",
    3: "A-ASSOCIATE-RJ",
    4: "P-DATA-TF",
    5: "A-RELEASE-RQ",
    6: "A-RELEASE-RP",
    7: "A-ABORT",
}

# What the checks of TLS record is in its own terms (RFC 8446 5.1): content types.
_TLS_RECORDS = {20: "change_cipher_spec", 21: "alert", 22: "handshake", 23: "application data"}


class PduView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One PDU, or the run of P-DATA-TFs that carry on one data set.

    `at` is when its last byte passed and `began` when its first did, seconds since the epoch;
    `offset` where it begins in the stream of its direction; `length` its bytes, `pdus` how many
    PDUs it stands for.  `hex` holds the first bytes, secrets as `··`.
    """

    at: float
    began: float
    direction: Direction
    name: str
    summary: str
    offset: int
    length: int
    fields: list[Field] = []
    problem: str = ""
    pdus: int = 1
    message_id: int | None = None
    status: int | None = None
    hex: str = ""


class _Gathering:
    """The pieces of a command set or data set with the places they came from."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0
        self.places: list[tuple[int, int]] = []  # (offset in kept, offset in the stream)

    def add(self, stream: bytes, at: int, end: int, base: int) -> None:
        """Takes bytes of `stream`, which begins at `base` of its direction."""
        room = max(0, DECODED - len(self.kept))
        if room and end > at:
            self.places.append((len(self.kept), base + at))
            self.kept += stream[at : min(end, at + room)]
        self.size += end - at

    @property
    def complete(self) -> bool:
        return self.size == len(self.kept)

    def place(self, offset: int | None) -> int | None:
        if offset is None:
            return None
        found = None
        for kept, at in self.places:
            if kept <= offset:
                found = at + offset - kept
        return found

    def moved(self, fields: Sequence[Field]) -> list[Field]:
        """The fields with offsets into the stream."""
        return [
            msgspec.structs.replace(
                field, offset=self.place(field.offset), fields=self.moved(field.fields)
            )
            for field in fields
        ]


class _Stream:
    """One direction of the conversation."""

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.raw = bytearray()
        self.arrivals: list[tuple[int, float]] = []  # (length of the stream after it, when)
        self.at = 0
        self.lost = False
        self.command: _Gathering | None = None
        self.data: _Gathering | None = None
        self.context = 0

    def when(self, offset: int) -> float:
        """When the byte at this offset passed."""
        index = bisect_right(self.arrivals, (offset, float("inf")))
        return self.arrivals[min(index, len(self.arrivals) - 1)][1]


class _Conversation:
    def __init__(self) -> None:
        self.streams = {direction: _Stream(direction) for direction in Direction}
        self.abstract: dict[int, str] = {}
        self.transfer: dict[int, str] = {}
        self.views: list[PduView] = []

    def take(self, chunk: Chunk) -> None:
        stream = self.streams[chunk.direction]
        stream.raw += chunk.data
        stream.arrivals.append((len(stream.raw), chunk.at))
        while not stream.lost and len(stream.raw) - stream.at >= 6:
            kind = stream.raw[stream.at]
            if kind not in _PDU_NAMES:
                break
            end = stream.at + 6 + int.from_bytes(stream.raw[stream.at + 2 : stream.at + 6], "big")
            if len(stream.raw) < end:
                break
            self.pdu(stream, kind, end)
            stream.at = end

    def finish(self) -> None:
        """Says what is left over in either direction."""
        for stream in self.streams.values():
            left = len(stream.raw) - stream.at
            if left:
                self.leftover(stream, left)
            for gathering, what in ((stream.command, "command set"), (stream.data, "data set")):
                if gathering is not None and self.views:
                    self.amend(stream, f"the {what} was not finished: {gathering.size} bytes came")

    def amend(self, stream: _Stream, problem: str) -> None:
        """Puts a problem on the last view of a direction."""
        for index in range(len(self.views) - 1, -1, -1):
            if self.views[index].direction == stream.direction:
                if not self.views[index].problem:
                    self.views[index] = msgspec.structs.replace(self.views[index], problem=problem)
                return

    def leftover(self, stream: _Stream, left: int) -> None:
        kind = stream.raw[stream.at]
        name = _PDU_NAMES.get(kind)
        if kind in _TLS_RECORDS and left > 1 and stream.raw[stream.at + 1] == 3:
            self.add(stream, "TLS", f"TLS {_TLS_RECORDS[kind]}, {left} bytes", "", [], left)
            return
        if name is None:
            problem = f"{kind:02X}H is no PDU type"
            self.add(stream, "unrecognized", f"{left} bytes that are no PDU", problem, [], left)
            return
        if left < 6:
            problem = f"the header is cut short after {left} bytes"
            self.add(stream, name, problem, problem, [], left)
            return
        length = int.from_bytes(stream.raw[stream.at + 2 : stream.at + 6], "big")
        problem = f"announces {length} bytes but {left - 6} came"
        fields: list[Field] = []
        if kind in (1, 2):
            cursor = Cursor(bytes(stream.raw[stream.at :]), 6, left, stream.at)
            associate(cursor)
            fields = cursor.fields
        self.add(stream, name, problem, problem, fields, left)

    def add(
        self,
        stream: _Stream,
        name: str,
        summary: str,
        problem: str,
        fields: list[Field],
        length: int,
        message_id: int | None = None,
        status: int | None = None,
    ) -> None:
        end = stream.at + length
        self.views.append(
            PduView(
                at=stream.when(end - 1),
                began=stream.when(stream.at),
                direction=stream.direction,
                name=name,
                summary=summary,
                offset=stream.at,
                length=length,
                fields=fields,
                problem=problem,
                message_id=message_id,
                status=status,
                hex=_hex(stream.raw, stream.at, min(end, stream.at + SHOWN_BYTES)),
            )
        )

    def pdu(self, stream: _Stream, kind: int, end: int) -> None:
        name = _PDU_NAMES[kind]
        if kind == 4:
            self.p_data(stream, end)
            return
        raw = bytes(stream.raw[stream.at : end])
        cursor = Cursor(raw, 6, len(raw), stream.at)
        if kind in (1, 2):
            called, calling = associate(cursor)
            self.learn(kind, cursor.fields)
            count = sum(field.name == "Presentation Context Item" for field in cursor.fields)
            contexts = f"{count} presentation context{'' if count == 1 else 's'}"
            if kind == 1:
                summary = f"{calling} → {called}, {contexts}"
            else:
                taken = sum(context_result(field) == 0 for field in cursor.fields)
                summary = f"{taken} of {contexts} accepted"
        else:
            summary = SHORT[kind](cursor)
            if cursor.at < cursor.end and not cursor.problem:
                cursor.fail("?", f"{cursor.end - cursor.at} bytes are left over")
        self.add(stream, name, summary, cursor.problem, cursor.fields, end - stream.at)

    def learn(self, kind: int, fields: Sequence[Field]) -> None:
        """Remembers what the contexts mean, for the data sets that follow."""
        for field in fields:
            if field.name != "Presentation Context Item" or not field.fields:
                continue
            identifier = field.fields[0].value
            if not identifier.isdigit():
                continue
            for inner in field.fields:
                uid = inner.value.split(" ")[0]
                if inner.name == "Abstract Syntax Sub-Item":
                    self.abstract[int(identifier)] = uid
                elif (
                    inner.name == "Transfer Syntax Sub-Item"
                    and kind == 2
                    and not context_result(field)
                ):
                    self.transfer[int(identifier)] = uid

    def p_data(self, stream: _Stream, end: int) -> None:
        raw = bytes(stream.raw[stream.at : end])
        base = stream.at
        cursor = Cursor(raw, 6, len(raw), base)
        told = _Told()
        only_data = True
        while cursor.at < cursor.end and not cursor.problem:
            start = cursor.at
            left = cursor.end - start
            if left < 6:
                cursor.fail("Presentation-data-value Item", f"needs 6 bytes but {left} are left")
                break
            length = int.from_bytes(raw[start : start + 4], "big")
            if length < 2 or length > left - 4:
                cursor.fail(
                    "Presentation-data-value Item",
                    f"announces {length} bytes but {left - 4} are left"
                    if length >= 2
                    else f"a length of {length} has no room for its header",
                )
                break
            context, control = raw[start + 4], raw[start + 5]
            stop = start + 4 + length
            is_command, is_last = bool(control & 1), bool(control & 2)
            only_data &= not is_command
            what = f"{'command' if is_command else 'data set'}{', last' if is_last else ''}"
            cursor.fields.append(
                Field(
                    "Presentation-data-value Item",
                    f"context {context}, {what}, {length - 2} bytes",
                    offset=base + start,
                    length=4 + length,
                )
            )
            self.fragment(stream, told, context, is_command, is_last, raw, start + 6, stop, base)
            cursor.at = stop
        if len(raw) == 6:
            cursor.fail("Presentation-data-value Item", "there is none")
        problem = cursor.problem or told.problem
        if only_data and not problem and self.carries_on(stream, end, told):
            return
        summary = told.summary or _fragments(cursor.fields)
        fields = cursor.fields + told.fields
        length = end - stream.at
        self.add(
            stream, "P-DATA-TF", summary, problem, fields, length, told.message_id, told.status
        )

    def carries_on(self, stream: _Stream, end: int, told: _Told) -> bool:
        """Merges a P-DATA-TF of data only into the view before, if that is of the same data set."""
        last = self.views[-1] if self.views else None
        if (
            last is None
            or last.direction != stream.direction
            or last.name != "P-DATA-TF"
            or last.problem
            or not last.summary.endswith(_GOES_ON)
        ):
            return False
        pdus = last.pdus + 1
        length = end - last.offset
        self.views[-1] = msgspec.structs.replace(
            last,
            at=stream.when(end - 1),
            length=length,
            pdus=pdus,
            summary=told.summary,
            fields=[*last.fields[:1], *told.fields],
        )
        return True

    def fragment(
        self,
        stream: _Stream,
        told: _Told,
        context: int,
        is_command: bool,
        is_last: bool,
        raw: bytes,
        at: int,
        end: int,
        base: int,
    ) -> None:
        gathering = stream.command if is_command else stream.data
        if gathering is None:
            gathering = _Gathering()
        gathering.add(raw, at, end, base)
        finished = None if is_last else gathering
        if is_command:
            stream.command = finished
            if is_last:
                self.command(told, gathering, context)
        else:
            stream.data = finished
            if is_last:
                self.data_set(told, gathering, context)
            else:
                told.summary = told.summary or f"data set, {gathering.size} bytes{_GOES_ON}"

    def command(self, told: _Told, gathering: _Gathering, context: int) -> None:
        fields = look(gathering.kept, explicit=False)
        values = {field.name: field.value for field in fields}
        field_number = number(values.get("Command Field (0000,0100)"))
        name = (
            "a command set without Command Field"
            if field_number is None
            else COMMAND_FIELDS.get(field_number, f"command field {field_number:04X}H")
        )
        message = number(values.get("Message ID (0000,0110)"))
        answered = number(values.get("Message ID Being Responded To (0000,0120)"))
        status = number(values.get("Status (0000,0900)"))
        told.message_id = answered if answered is not None else message
        told.status = status
        parts = [name]
        if told.message_id is not None:
            parts.append(f"message {told.message_id}")
        if status is not None:
            parts.append(status_text(status))
        elif context in self.abstract:
            parts.append(uid_text(self.abstract[context]))
        if number(values.get("Command Data Set Type (0000,0800)")) not in (None, NO_DATA_SET):
            parts.append("a data set follows")
        told.summary = ", ".join(parts)
        missing = "" if field_number is not None else "Command Field (0000,0100) is missing"
        told.problem = told.problem or _first_problem(fields) or missing
        told.fields += [_worded(field) for field in gathering.moved(fields)]

    def data_set(self, told: _Told, gathering: _Gathering, context: int) -> None:
        syntax = self.transfer.get(context, "")
        words = f"data set of {gathering.size} bytes"
        told.summary = f"{told.summary}; {words}" if told.fields else words
        encoding = _ENCODINGS.get(syntax)
        if encoding is None:
            if syntax:
                # every other transfer syntax but the deflated one is explicit VR little endian
                encoding = (True, True)
            else:
                told.fields.append(Field("data set", f"{words}; its transfer syntax is not known"))
                return
        if syntax == _DEFLATED:
            told.fields.append(Field("data set", f"{words}, deflated"))
            return
        explicit, little = encoding
        fields = look(gathering.kept, explicit=explicit, little=little, complete=gathering.complete)
        told.problem = told.problem or _first_problem(fields)
        told.fields.append(
            Field(
                "data set",
                f"{words}, {uid_text(syntax)}",
                offset=gathering.place(0),
                length=gathering.size,
                fields=gathering.moved(fields),
            )
        )


class _Told(msgspec.Struct):
    """What one P-DATA-TF turned out to complete."""

    summary: str = ""
    problem: str = ""
    message_id: int | None = None
    status: int | None = None
    fields: list[Field] = []


_GOES_ON = " so far"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_ENCODINGS = {
    "1.2.840.10008.1.2": (False, True),
    "1.2.840.10008.1.2.1": (True, True),
    "1.2.840.10008.1.2.2": (True, False),
}


def status_text(status: int) -> str:
    """A status code with its class (PS3.7 Annex C)."""
    return f"{status:04X}H {code_to_category(status)}"


def _worded(field: Field) -> Field:
    """A command element with its numbers in words."""
    value = number(field.value)
    if value is None:
        return field
    if field.name == "Status (0000,0900)":
        return msgspec.structs.replace(field, value=status_text(value))
    if field.name == "Command Field (0000,0100)":
        words = f"{value:04X}H {COMMAND_FIELDS.get(value, '')}".rstrip()
        return msgspec.structs.replace(field, value=words)
    if field.name == "Command Data Set Type (0000,0800)":
        words = "none" if value == NO_DATA_SET else "present"
        return msgspec.structs.replace(field, value=f"{value:04X}H {words}")
    return field


def _first_problem(fields: Sequence[Field]) -> str:
    for field in fields:
        found = field.problem or _first_problem(field.fields)
        if found:
            return found
    return ""


def _fragments(fields: Sequence[Field]) -> str:
    return "; ".join(field.value for field in fields[:3]) or "no presentation data value"


def _hex(raw: bytearray, at: int, end: int) -> str:
    digits = [f"{byte:02x}" for byte in raw[at:end]]
    if raw[at] in (1, 2):
        for begin, stop in secret_ranges(bytes(raw[at:])):
            for index in range(begin, min(stop, len(digits))):
                digits[index] = "··"
    return " ".join(digits)


def describe(chunks: Sequence[Chunk]) -> list[PduView]:
    """The PDUs of both directions in the order in which they were complete; never raises.

    Bytes that are no PDU, and a PDU that is cut short, stand where they came, before what the
    other side said to them.
    """
    conversation = _Conversation()
    for chunk in chunks:
        conversation.take(chunk)
    conversation.finish()
    return sorted(conversation.views, key=lambda view: view.at)
