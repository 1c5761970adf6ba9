"""TOML from anybody: parsed, or refused in words.

`tomllib` says most of what is wrong with a file; what it stumbles over by itself is told the same
way here, so that readers have one exception to expect.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

# More than any file of ours needs; what is longer was not written for us.
LONGEST: Final = 4 << 20

# A key of many parts takes tomllib memory by the square of their number: 16 GB for 100000.
_PART: Final = r"""(?>[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_MOST_PARTS: Final = 64
_LONG_KEY: Final = re.compile(rf"""(?<![\w."'-])(?:{_PART}[ \t]*\.[ \t]*){{{_MOST_PARTS}}}""")


def parse(text: str) -> dict[str, Any]:
    """What a TOML text says.  Raises tomllib.TOMLDecodeError, whatever is wrong with it."""
    if len(text) > LONGEST:
        raise tomllib.TOMLDecodeError(f"it is longer than {LONGEST >> 20} MiB")
    if key := _LONG_KEY.search(text):
        line = text.count("\n", 0, key.start()) + 1
        raise tomllib.TOMLDecodeError(f"line {line}: a key of more than {_MOST_PARTS} parts")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("tables or lists are nested too deeply") from None
    except ValueError as problem:  # an integer of thousands of digits, a date that is none
        raise tomllib.TOMLDecodeError(str(problem)) from None
    if place := _with_nul(found):
        raise tomllib.TOMLDecodeError(f"{place}: a string with a NUL inside names nothing")
    return found


def _with_nul(value: Any, place: str = "") -> str:
    """Where a string holds a NUL, which no name of a file or host may; empty when none does."""
    if isinstance(value, str):
        return place if "\0" in value else ""
    if not isinstance(value, dict | list):
        return ""
    inner = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    parts = (_with_nul(item, f"{place}.{key}" if place else str(key)) for key, item in inner)
    return next((part for part in parts if part), "")
