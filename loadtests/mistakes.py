"""All mistakes of a file at once, in words: the key, what was read, what was expected."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import ValidationError

_OWN = "Value error, "


def in_words(error: ValidationError, known: dict[str, list[str]] | None = None) -> str:
    """One line a mistake.  `known` maps a table's dotted place to its keys, to find typos."""
    lines = []
    for item in error.errors(include_url=False):
        place = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix(_OWN)
        if item["type"] == "extra_forbidden":
            message = "no such key"
            parent, _, key = place.rpartition(".")
            keys = (known or {}).get(parent, [])
            if close := get_close_matches(key, keys, 1):
                message += f"; did you mean {close[0]!r}?"
        elif item["type"] != "missing" and not isinstance(item["input"], dict | list):
            message += f" (read {item['input']!r})"
        lines.append(f"  {place}: {message}" if place else f"  {message}")
    return "\n".join(lines)
