"""All mistakes of a file at once, in words: the key, what was read, what was expected."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import ValidationError

_OWN = "Value error, "


def in_words(error: ValidationError, known: dict[str, list[str]] | None = None) -> str:
    """One line a mistake.  `known` maps a table's dotted place to its keys, to find typos."""
    lines = []
    found = error.errors(include_url=False)
    for item in found:
        place = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix(_OWN)
        if item["type"] == "too_short" and any(
            other["loc"][: len(item["loc"])] == item["loc"] for other in found if other is not item
        ):
            continue  # the items are there, but mistaken: their own lines say how
        if item["type"] == "extra_forbidden":
            message = "no such key"
            parent, _, key = place.rpartition(".")
            keys = (known or {}).get(parent, [])
            if close := get_close_matches(key, keys, 1):
                message += f"; did you mean {close[0]!r}?"
        elif item["type"] == "union_tag_invalid":
            context = item["ctx"]
            place += ".role"
            message = f"no such role: {context['tag']!r}; expected {context['expected_tags']}"
        elif item["type"] not in ("missing", "value_error") and not isinstance(
            item["input"], dict | list
        ):
            message += f" (read {item['input']!r})"
        lead = f"  {place}: " if place else "  "
        lines += [lead + line for line in message.splitlines()]
    return "\n".join(lines)
