"""Having a study released to a user, or that taken back, as the target file says how."""

from __future__ import annotations

import os
import subprocess
from typing import Final, Literal

from stepwedge.access import Access
from stepwedge.errors import StepwedgeError

# Seconds that a command of the target file may take.
_PATIENCE: Final = 30


class NotDone(StepwedgeError):
    """A study could not be released, or a release not taken back."""

    kind = "release command"  # what a load counts it as


def change(access: Access, what: Literal["release", "withdraw"], user: str, study: str) -> None:
    """Runs the command of [access] for a user and a Study Instance UID.  Raises NotDone."""
    command = access.release if what == "release" else access.withdraw
    if not command:
        raise NotDone(f"the [access] table does not say how to {what} a study")
    try:
        done = subprocess.run(
            command,
            shell=True,
            env={**os.environ, "STEPWEDGE_USER": user, "STEPWEDGE_STUDY": study},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotDone(f"the command to {what} a study took longer than {_PATIENCE} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotDone(
            f"the command to {what} a study ended with {done.returncode}: "
            f"{said[-1] if said else 'it says nothing'}"
        )
