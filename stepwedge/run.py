"""Beginning and ending a run: who ran what, where, with which versions; and how it came out."""

from __future__ import annotations

import platform
import secrets
import shlex
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stepwedge.events import RunFinished, RunStarted
from stepwedge.outcome import Outcome, outcome
from stepwedge.record import Record, read_events, seal
from stepwedge.target import Target
from stepwedge.version import VERSION

# The packages whose versions can change what a run observes or writes.
_PACKAGES = (
    "allure-pytest",
    "faker",
    "gevent",
    "locust",
    "msgspec",
    "numpy",
    "pydantic",
    "pydicom",
    "pynetdicom",
    "pytest",
)


def new_scope() -> str:
    """A short name that keeps the data of one run apart from all others.

    It goes into UIDs and Patient IDs: seven characters of a 36-letter alphabet, the first four
    from the clock, so that data of one day can be told from another's at a glance.
    """
    alphabet = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    minutes = int(time.time() // 60)
    clock = ""
    for _ in range(4):
        minutes, digit = divmod(minutes, len(alphabet))
        clock = alphabet[digit] + clock
    return clock + "".join(secrets.choice(alphabet) for _ in range(3))


def start(record: Record, target: Target, seed: int, command: Sequence[str]) -> RunStarted:
    """Writes the opening event of a run."""
    event = RunStarted(
        at=time.time(),
        run_id=record.folder.name,
        command=[redact(word, target) for word in command],
        seed=seed,
        target=target.public(),
        config_hash=target.config_hash(),
        stepwedge=VERSION,
        platform=platform.platform(),
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
    )
    record.emit(event)
    return event


def finish(record: Record, started: float, interrupted: bool = False) -> Outcome:
    """Writes the closing event, closes the record and seals its folder.

    `started` is when the run began (seconds since the epoch).
    """
    result = outcome(read_events(record.folder))
    now = time.time()
    record.emit(
        RunFinished(
            at=now,
            exit_code=int(result.exit_code),
            sentence=result.sentence,
            duration=now - started,
            interrupted=interrupted or result.interrupted,
        )
    )
    record.close()
    seal(record.folder)
    return result


def redact(word: str, target: Target) -> str:
    """A word of the command line without the target's secrets."""
    secret = target.credentials.passcode.get_secret_value()
    return word.replace(secret, "***") if secret else word


def quoted(command: Sequence[str | Path]) -> str:
    """A command as one would type it."""
    return shlex.join(str(word) for word in command)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
