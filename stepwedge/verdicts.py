"""The verdicts a check can end with, and the exceptions by which it says so.

A check that returns has passed.  It raises `Deviation` when the target did not do what the clause
asks, and `Blocked` when an earlier step failed, so that this one can say nothing.  Any other
exception is the harness's own error and is never counted as the server's fault.
"""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How strong the requirement behind a check is (the standard's own words)."""

    SHALL = "shall"
    SHOULD = "should"
    QUALITY = "quality"  # no clause demands it; a surprise is worth a warning


class Verdict(StrEnum):
    """How a check ended."""

    PASS = "pass"
    FAIL = "fail"  # a shall, or a claim, is broken
    WARN = "warn"  # a should, or legal but surprising
    NOT_CLAIMED = "not claimed"
    BLOCKED = "blocked"
    ERROR = "error"  # the harness broke


class Deviation(AssertionError):
    """The target did something else than the requirement asks.

    `expected` and `observed` are sentences for the report; `field` names the offending field of
    the conversation in the standard's words (`Status (0000,0900)`), so that a view can mark it.
    """

    def __init__(self, expected: str, observed: str, field: str = "") -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed
        self.field = field


class Surprise(Deviation):
    """Legal, but nobody would expect it: ends as a warning whatever the check's level."""


class Harm(Deviation):
    """The target was harmed, as by a crash: ends as a failure whatever the check's level."""


class Blocked(Exception):
    """An earlier step failed (`reason`), so this check says nothing about the target."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# How a check says that a claims file has nothing that it could hold the target to.
SILENT = "the claims file says nothing of "


class NotClaimed(Exception):
    """The target claims nothing of what this check is about, as only a look at it showed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Standing(StrEnum):
    """How one claim of a Conformance Statement stands after a run."""

    KEPT = "kept"
    BROKEN = "broken"
    COOPERATION = "verifiable with cooperation"  # with something that only people can give
    NOT_VERIFIABLE = "not verifiable from outside"
    SUGGESTED = "seen but not claimed"


def verdict_of(error: BaseException | None, level: Level) -> Verdict:
    """The verdict that a check of `level` earns when it ended with `error` (None: it returned)."""
    match error:
        case None:
            return Verdict.PASS
        case Blocked():
            return Verdict.BLOCKED
        case NotClaimed():
            return Verdict.NOT_CLAIMED
        case Surprise():
            return Verdict.WARN
        case Harm():
            return Verdict.FAIL
        case AssertionError():
            return Verdict.FAIL if level is Level.SHALL else Verdict.WARN
        case _:
            return Verdict.ERROR
