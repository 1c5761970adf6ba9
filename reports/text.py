"""Text that a server may have sent, made fit to be shown."""

from __future__ import annotations

import re
from typing import Any

# What no XML 1.0 document may hold, and no terminal should get: control characters and the like.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def printable(text: str) -> str:
    """Text with control characters made visible: what a server sends may hold any of them."""
    return _CONTROL.sub(lambda match: _picture(ord(match[0])), text)


def _picture(code: int) -> str:
    """The control picture of a C0 control (U+2400 …), or its number."""
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"


def plain(value: Any) -> str:
    """A value of the resolved target as text."""
    match value:
        case None | "" | [] | {}:
            return "–"
        case dict():
            return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(plain(item) for item in value)
        case _:
            return str(value)
