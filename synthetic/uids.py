"""UIDs that name the same thing on every day and machine.

A UID is `2.25.` and the decimal form of a UUID (PS3.5 B.2), here a UUID version 8 (RFC 9562 5.8)
whose bits are a BLAKE2b digest over the seed, the run and the path of the thing it names.  The top
three bits are fixed to 1, 1 and 0, so that every UID is exactly 44 characters long and fits into a
field of fixed width.
"""

from __future__ import annotations

from hashlib import blake2b

UID_LENGTH = 44
_PREFIX = "2.25."

# Version 8 in bits 48..51 and variant 10 in bits 64..65, counted from the top (RFC 9562 5.8).
_KEEP = ~((0xF << 76) | (0x3 << 62) | (0x7 << 125))
_SET = (0x8 << 76) | (0x2 << 62) | (0x6 << 125)


def digest(seed: int, *path: object) -> bytes:
    """32 bytes that depend on nothing but `seed` and `path`."""
    text = "\x1f".join(map(str, (seed, *path)))
    return blake2b(text.encode(), digest_size=32).digest()


def uid(seed: int, *path: object) -> str:
    """The UID of whatever `path` names under `seed`: always 44 characters."""
    value = int.from_bytes(digest(seed, *path)[:16], "big")
    return f"{_PREFIX}{value & _KEEP | _SET}"
