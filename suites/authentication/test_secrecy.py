"""Credentials stay where they belong."""

from __future__ import annotations

from pathlib import Path

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.outsiders import Outsiders
from stepwedge.fixtures.verifiers import expect, expect_accepted
from stepwedge.target import Target
from stepwedge.verdicts import Blocked

# Of a log, what is read at most: its end.
_MOST = 1 << 24


@check(
    "AUTH-060",
    "Stepwedge secrecy",
    SHALL,
    claim="authentication.passcode",
    defects=["auth-logs-passcode"],
)
def test_logs(outsiders: Outsiders, target: Target) -> None:
    """Neither a right nor a wrong passcode gets into the target's logs."""
    if not target.access.logs:
        raise Blocked("the target file names no [access] logs")
    wrong = b"stepwedge-wrong-and-secret"
    expect_accepted(outsiders.attempt(outsiders.identity()))
    outsiders.attempt(outsiders.identity(secondary=wrong))
    secrets = {"right": outsiders.identity().secondary, "wrong": wrong}
    for name in target.access.logs:
        text = _end_of(Path(name))
        found = [kind for kind, secret in secrets.items() if secret in text]
        expect(not found, f"no passcode in {name}", f"the {' and the '.join(found)} one", name)


def _end_of(file: Path) -> bytes:
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - _MOST))
            return log.read()
    except OSError as problem:
        raise Blocked(f"the log {file} cannot be read: {problem}") from None
