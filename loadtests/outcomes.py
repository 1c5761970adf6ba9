"""How an operation ended, as a short stable kind to count by, and that kind in words.

An empty kind is success.  `status A700` was answered by the server; `rejected 1/1/7`,
`aborted 0/0`, `timeout response`, `closed response`, `violation response` and `connect failed` were
not.  A warning status is a success: the instance was stored, the sub-operations were done.
"""

from __future__ import annotations

import re

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests.recorder import OK

# PS3.7 C.1 to C.5: the status classes that are no failure.  Bxxx, 0001, 0107 and 0116 are warnings.
_WARNINGS = frozenset({0x0001, 0x0107, 0x0116})
_PENDING = frozenset({0xFF00, 0xFF01})

# PS3.7 Annex C, PS3.4 Table B.2-1 (storage), Table C.4-1 to C.4-3 (find, move, get): first match.
_WORDS: tuple[tuple[str, str], ...] = (
    ("0105", "no such attribute"),
    ("0110", "processing failure"),
    ("0111", "duplicate SOP instance"),
    ("0112", "no such SOP instance"),
    ("0117", "invalid object instance"),
    ("0118", "no such SOP class"),
    ("0122", "SOP class not supported"),
    ("0124", "not authorized"),
    ("0210", "duplicate invocation"),
    ("0211", "unrecognized operation"),
    ("0212", "mistyped argument"),
    ("0213", "resource limitation"),
    ("A701", "refused: out of resources, unable to calculate number of matches"),
    ("A702", "refused: out of resources, unable to perform sub-operations"),
    ("A7..", "refused: out of resources"),
    ("A801", "refused: move destination unknown"),
    ("A900", "the data set does not match the SOP class"),
    ("A9..", "the data set does not match the SOP class"),
    ("C...", "cannot understand, or unable to process"),
    ("FE00", "cancelled"),
)


def kind_of_status(status: int) -> str:
    """The kind of a final response's Status (0000,0900): empty for success and warnings."""
    if status == 0 or status in _WARNINGS or status >> 12 == 0xB:
        return OK
    return f"status {status:04X}"


def is_pending(status: int) -> bool:
    """True for a response that another one follows."""
    return status in _PENDING


def kind_of_error(error: BaseException) -> str:
    """The kind of an operation that was not answered."""
    kind = getattr(error, "kind", None)
    if isinstance(kind, str) and kind:
        return kind
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionError | OSError):
        return f"transport {type(error).__name__}"
    if isinstance(error, StepwedgeError):
        return type(error).__name__
    return f"harness {type(error).__name__}"


def in_words(kind: str) -> str:
    """A kind as a person would say it, for a finding."""
    if match := re.fullmatch(r"status ([0-9A-F]{4})", kind):
        for pattern, words in _WORDS:
            if re.fullmatch(pattern, match[1]):
                return f"answered with status {match[1]}: {words}"
        return f"answered with status {match[1]}"
    if match := re.fullmatch(r"sub-operations (\d+)", kind):
        return f"{match[1]} sub-operations failed"
    for start, words in _UNANSWERED.items():
        if kind.startswith(start):
            return f"{words} ({kind})"
    return kind


_UNANSWERED = {
    "rejected": "the association was rejected",
    "aborted": "the association was aborted by the target",
    "timeout": "no answer in time",
    "closed": "the connection was closed by the target",
    "violation": "the target broke the protocol",
    "connect": "no connection came about",
    "transport": "the connection failed",
    "interrupted": "cut off by the end of the run",
    "not found": "what was acknowledged was not found by the query",
    "incomplete": "not every image of the study arrived",
    "harness": "the harness itself failed",
}
