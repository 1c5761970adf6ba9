"""What can go wrong for the person at the keyboard, and the exit code that says so.

An expected error is a sentence to act on: what was read, what was expected, how to mend it.
The command line prints it without a traceback; everything else is the harness's own failure.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    HELD = 0
    NOT_CONFORMANT = 1
    SERVICE_LEVEL_MISSED = 2
    NOT_REACHABLE = 3
    WRONG_USAGE = 4
    NOTHING_EXECUTED = 5
    HARNESS_FAILED = 6


class StepwedgeError(Exception):
    """An expected error: `problem` is what is wrong, `mend` what to do about it."""

    exit_code = Exit.HARNESS_FAILED

    def __init__(self, problem: str, mend: str = "") -> None:
        super().__init__(f"{problem}\n{mend}" if mend else problem)
        self.problem = problem
        self.mend = mend


class UsageError(StepwedgeError):
    """Wrong usage or configuration."""

    exit_code = Exit.WRONG_USAGE


class NotReachable(StepwedgeError):
    """The target could not be spoken to at all."""

    exit_code = Exit.NOT_REACHABLE


def in_words(error: OSError) -> str:
    """What the system says of an error, without the address that Python appends to it."""
    return (error.strerror or str(error)).partition(" (while ")[0]
