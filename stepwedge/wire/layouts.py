"""How the PDUs of association control are laid out, as tables for showing: PS3.8 §9.3, PS3.7 D.3.3.

The names are those of the standard's tables.  A `Cursor` turns a layout into fields and stops, with
the reason, at the first thing that does not fit; it never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from stepwedge.wire.elements import Field, uid_text
from stepwedge.wire.errors import (
    ABORT_REASONS,
    ABORT_SOURCES,
    REJECT_REASONS,
    REJECT_SOURCES,
    RESULTS,
)
from stepwedge.wire.items import CONTEXT_RESULTS, IDENTITY_TYPES, text


class Cursor:
    """A tolerant reader over a part of `stream` that turns layouts into fields.

    Offsets of fields are counted from `base` before the first byte of `stream`.
    """

    def __init__(self, stream: bytes, at: int, end: int, base: int = 0) -> None:
        self.stream, self.at, self.end, self.base = stream, at, end, base
        self.fields: list[Field] = []
        self.problem = ""

    def fail(self, name: str, problem: str) -> None:
        self.fields.append(
            Field(name, offset=self.base + self.at, length=self.end - self.at, problem=problem)
        )
        self.problem = self.problem or problem
        self.at = self.end

    def take(self, name: str, size: int, show: Callable[[bytes], str]) -> bytes | None:
        """The next `size` bytes as a field; None, and a problem, when they are not all there."""
        if self.problem:
            return None
        if size > self.end - self.at:
            self.fail(name, f"{size} bytes are announced but {self.end - self.at} are left")
            return None
        raw = self.stream[self.at : self.at + size]
        self.fields.append(Field(name, show(raw), offset=self.base + self.at, length=size))
        self.at += size
        return raw

    def number(self, name: str, size: int, words: dict[int, str] | None = None) -> int | None:
        def show(raw: bytes) -> str:
            value = int.from_bytes(raw, "big")
            return f"{value} ({words[value]})" if words and value in words else str(value)

        raw = self.take(name, size, show)
        return None if raw is None else int.from_bytes(raw, "big")

    def skip(self, size: int) -> None:
        self.at = min(self.end, self.at + size)

    def counted(self, name: str, show: Callable[[bytes], str]) -> None:
        if self.problem:
            return
        if self.end - self.at < 2:
            self.fail(name, "its length is cut short")
            return
        size = int.from_bytes(self.stream[self.at : self.at + 2], "big")
        self.at += 2
        self.take(name, size, show)

    def items(self) -> None:
        """Nested items until the end."""
        while self.at < self.end and not self.problem:
            start = self.at
            if self.end - start < 4:
                self.fail("item", f"an item header needs 4 bytes but {self.end - start} are left")
                return
            kind = self.stream[start]
            length = int.from_bytes(self.stream[start + 2 : start + 4], "big")
            name, layout = _ITEMS.get(kind, (f"unknown item {kind:02X}H", _unknown))
            body = start + 4
            if length > self.end - body:
                self.fail(name, f"announces {length} bytes but {self.end - body} are left")
                return
            inner = Cursor(self.stream, body, body + length, self.base)
            layout(inner)
            if inner.at < inner.end and not inner.problem:
                inner.fail("?", f"{inner.end - inner.at} bytes are left over")
            value = inner.fields[0].value if len(inner.fields) == 1 else ""
            self.fields.append(
                Field(
                    name,
                    value,
                    offset=self.base + start,
                    length=4 + length,
                    problem=inner.problem,
                    fields=inner.fields,
                )
            )
            self.problem = inner.problem and f"{name}: {inner.problem}"
            self.at = body + length


def _uid(raw: bytes) -> str:
    return uid_text(text(raw))


def _text(raw: bytes) -> str:
    return text(raw).rstrip(" ")


def _hidden(raw: bytes) -> str:
    return f"{len(raw)} bytes, not shown" if raw else "empty"


def _octets(raw: bytes) -> str:
    return raw.hex(" ") if len(raw) <= 64 else f"{raw[:64].hex(' ')} … ({len(raw)} bytes)"


def _unknown(cursor: Cursor) -> None:
    cursor.take("content", cursor.end - cursor.at, _octets)


def _rest(name: str, show: Callable[[bytes], str]) -> Callable[[Cursor], None]:
    def layout(cursor: Cursor) -> None:
        cursor.take(name, cursor.end - cursor.at, show)

    return layout


def _proposed(cursor: Cursor) -> None:
    cursor.number("Presentation-context-ID", 1)
    cursor.skip(3)
    cursor.items()


def _answered(cursor: Cursor) -> None:
    cursor.number("Presentation-context-ID", 1)
    cursor.skip(1)
    cursor.number("Result/Reason", 1, CONTEXT_RESULTS)
    cursor.skip(1)
    cursor.items()


def _window(cursor: Cursor) -> None:
    cursor.number("Maximum-number-operations-invoked", 2)
    cursor.number("Maximum-number-operations-performed", 2)


def _roles(cursor: Cursor) -> None:
    cursor.counted("SOP-class-uid", _uid)
    cursor.number("SCU-role", 1)
    cursor.number("SCP-role", 1)


def _extended(cursor: Cursor) -> None:
    cursor.counted("SOP-class-uid", _uid)
    cursor.take("Service-class-application-information", cursor.end - cursor.at, _octets)


def _common_extended(cursor: Cursor) -> None:
    cursor.counted("SOP-class-uid", _uid)
    cursor.counted("Service-class-uid", _uid)
    size = cursor.number("Related-general-sop-class-identification-length", 2)
    if size is None:
        return
    if size > cursor.end - cursor.at:
        cursor.fail(
            "Related-general-sop-class-identification",
            f"announces {size} bytes but {cursor.end - cursor.at} are left",
        )
        return
    end = cursor.at + size
    while cursor.at < end and not cursor.problem:
        cursor.counted("Related-general-sop-class-uid", _uid)
    cursor.skip(cursor.end - cursor.at)  # what follows is reserved


def _identity(cursor: Cursor) -> None:
    cursor.number("User-Identity-Type", 1, IDENTITY_TYPES)
    cursor.number("Positive-response-requested", 1)
    cursor.counted("Primary-field", _hidden)
    cursor.counted("Secondary-field", _hidden)


_Layout: TypeAlias = Callable[[Cursor], None]
_ITEMS: dict[int, tuple[str, _Layout]] = {
    0x10: ("Application Context Item", _rest("Application-context-name", _uid)),
    0x20: ("Presentation Context Item", _proposed),
    0x21: ("Presentation Context Item", _answered),
    0x30: ("Abstract Syntax Sub-Item", _rest("Abstract-syntax-name", _uid)),
    0x40: ("Transfer Syntax Sub-Item", _rest("Transfer-syntax-name", _uid)),
    0x50: ("User Information Item", lambda cursor: cursor.items()),
    0x51: (
        "Maximum Length Sub-Item",
        lambda cursor: (cursor.number("Maximum-length-received", 4), None)[1],
    ),
    0x52: ("Implementation Class UID Sub-Item", _rest("Implementation-class-uid", _uid)),
    0x53: ("Asynchronous Operations Window Sub-Item", _window),
    0x54: ("SCP/SCU Role Selection Sub-Item", _roles),
    0x55: (
        "Implementation Version Name Sub-Item",
        _rest("Implementation-version-name", _text),
    ),
    0x56: ("SOP Class Extended Negotiation Sub-Item", _extended),
    0x57: ("SOP Class Common Extended Negotiation Sub-Item", _common_extended),
    0x58: ("User Identity Sub-Item", _identity),
    0x59: (
        "User Identity Sub-Item",
        lambda cursor: cursor.counted("Server-response", _hidden),
    ),
}


def context_result(context: Field) -> int | None:
    for field in context.fields:
        if field.name == "Result/Reason":
            return number(field.value.split(" ")[0])
    return None


def associate(cursor: Cursor) -> tuple[str, str]:
    cursor.number("Protocol-version", 2)
    cursor.skip(2)
    called = cursor.take("Called-AE-title", 16, _text)
    calling = cursor.take("Calling-AE-title", 16, _text)
    cursor.skip(32)
    cursor.items()
    return _text(called or b"").strip(), _text(calling or b"").strip()


def _reject(cursor: Cursor) -> str:
    cursor.skip(1)
    result = cursor.number("Result", 1, RESULTS)
    source = cursor.number("Source", 1, REJECT_SOURCES)
    reasons = {why: words for (who, why), words in REJECT_REASONS.items() if who == source}
    reason = cursor.number("Reason/Diag.", 1, reasons)
    words = reasons.get(reason or 0, f"reason {reason}")
    return f"{RESULTS.get(result or 0, f'result {result}')}, {words}"


def _abort(cursor: Cursor) -> str:
    cursor.skip(2)
    source = cursor.number("Source", 1, ABORT_SOURCES)
    reason = cursor.number("Reason/Diag.", 1, ABORT_REASONS if source == 2 else None)
    words = ABORT_SOURCES.get(source if source is not None else -1, f"source {source}")
    if source == 2:
        words += f", {ABORT_REASONS.get(reason if reason is not None else -1, f'reason {reason}')}"
    return words


def _release(cursor: Cursor) -> str:
    cursor.skip(4)
    return ""


SHORT: dict[int, Callable[[Cursor], str]] = {3: _reject, 5: _release, 6: _release, 7: _abort}


def number(value: str | None) -> int | None:
    """A field's value as a number, None when it is not one."""
    return int(value) if value is not None and value.isdigit() else None
