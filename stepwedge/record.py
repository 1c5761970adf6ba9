"""A run is a folder: `events.ndjson`, `evidence/`, `manifest.json`, `SHA256SUMS`.

Each line of `events.ndjson` wraps one event and carries the SHA-256 of the line before it, so a
changed, missing or reordered line is seen.  Several processes may append, one after another; each
line is written and flushed whole, so a run that was killed is still readable up to its last event.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from stepwedge.errors import UsageError
from stepwedge.events import AnyEvent, Event
from stepwedge.version import VERSION

EVENTS = "events.ndjson"
EVIDENCE = "evidence"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"

_FIRST = "0" * 64


class _Line(msgspec.Struct, frozen=True):
    n: int
    prev: str  # SHA-256 of the line before, without its newline
    body: msgspec.Raw


_encode = msgspec.json.Encoder().encode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_event = msgspec.json.Decoder(AnyEvent).decode

# What decoding raises: msgspec lets through what it meets in a text that is no UTF-8, or too deep.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class RecordError(UsageError):
    """The folder is not a run record, or was changed after it was written."""


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Puts a Ctrl-C off to the end of the block; it only ever reaches the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        # None: somebody outside Python handles it.
        signal.signal(signal.SIGINT, usual or signal.SIG_DFL)
    if came:
        signal.raise_signal(signal.SIGINT)


class Record:
    """The run record being written.  Use as a context manager, or call `close`."""

    def __init__(self, folder: Path, file: BinaryIO, number: int, previous: str) -> None:
        self.folder = folder
        self._file = file
        self._number = number
        self._previous = previous

    @classmethod
    def create(cls, parent: Path, label: str, at: float | None = None) -> Self:
        """Makes a new run folder `<time>-<label>` below `parent` and opens it for writing."""
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.") or "target"
        for suffix in ("", *(f"-{n}" for n in range(2, 1000))):
            folder = parent / f"{when}-{safe}{suffix}"
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise UsageError(
                    f"the run folder {folder} cannot be made: {error.strerror}",
                    "name a folder that can be written with --runs",
                ) from error
            return cls.open(folder)
        raise UsageError(f"{parent} already holds a thousand runs of this second", "tidy it up")

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens a run folder to append to it; what stands there is verified first."""
        (folder / EVIDENCE).mkdir(parents=True, exist_ok=True)
        path = folder / EVENTS
        number, previous = 0, _FIRST
        if path.exists():
            read_events(folder)
            lines = _lines(folder)
            number = len(lines)
            previous = hashlib.sha256(lines[-1]).hexdigest() if lines else _FIRST
            os.truncate(path, sum(len(raw) + 1 for raw in lines))
        return cls(folder, path.open("ab"), number, previous)

    def emit(self, event: Event) -> None:
        """Appends one event and flushes it to the operating system.

        An interrupt that comes meanwhile is raised afterwards: a line without its place in the
        chain would break the chain.
        """
        raw = _encode(_Line(self._number, self._previous, msgspec.Raw(_encode(event))))
        with _uninterrupted():
            self._file.write(raw + b"\n")
            self._file.flush()
            self._number += 1
            self._previous = hashlib.sha256(raw).hexdigest()

    def close(self) -> None:
        """Ends writing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def write_evidence(folder: Path, name: str, content: bytes) -> str:
    """Keeps `content` under evidence/ and returns its path relative to the run folder."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    (folder / EVIDENCE / safe).write_bytes(content)
    return f"{EVIDENCE}/{safe}"


def _lines(folder: Path) -> list[bytes]:
    try:
        raw = (folder / EVENTS).read_bytes()
    except FileNotFoundError:
        raise RecordError(
            f"{folder} is not a run folder: it holds no {EVENTS}",
            "name a folder that stepwedge check, load or demo has written",
        ) from None
    except OSError as error:
        raise RecordError(f"{folder / EVENTS} cannot be read: {error.strerror}") from error
    lines = raw.split(b"\n")
    # A process that was killed in the middle of a line leaves no newline; that rest says nothing.
    return lines[:-1]


def read_events(folder: Path) -> list[AnyEvent]:
    """All events of a run, in order.

    Raises RecordError when the folder is no run, a line cannot be read, or the chain is broken.
    """
    events: list[AnyEvent] = []
    previous = _FIRST
    for number, raw in enumerate(_lines(folder)):
        where = f"{folder / EVENTS}, line {number + 1}"
        try:
            line = _decode_line(raw)
            event = _decode_event(line.body)
        except UNREADABLE as error:
            raise RecordError(
                f"{where} is not an event of this version: {error}",
                f"this is stepwedge {VERSION}; use the version that wrote the run, or a newer one",
            ) from error
        if line.n != number or line.prev != previous:
            raise RecordError(
                f"{where}: the hash chain is broken: it follows line {line.n} with SHA-256 "
                f"{line.prev[:12]}…, but what stands before it hashes to {previous[:12]}…",
                "the record was changed after it was written; do not rely on it",
            )
        previous = hashlib.sha256(raw).hexdigest()
        events.append(event)
    return events


def read_line(raw: bytes) -> AnyEvent:
    """The event of one line, for those who follow a run that is still being written.

    Raises RecordError when it cannot be read; the hash chain is not looked at.
    """
    try:
        event: AnyEvent = _decode_event(_decode_line(raw).body)
    except UNREADABLE as error:
        raise RecordError(f"a line is not an event of this version: {error}") from error
    return event


def seal(folder: Path) -> None:
    """Writes `manifest.json` and `SHA256SUMS` over the record: the events and the evidence.

    Reports are views that can be drawn again at any time, so they are not part of it.
    """
    files = sorted(_contents(folder))
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
    manifest = {
        "stepwedge": VERSION,
        "events": len(_lines(folder)),
        "files": {name: (folder / name).stat().st_size for name in files},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    sums[MANIFEST] = hashlib.sha256(text.encode()).hexdigest()
    (folder / SUMS).write_text(
        "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())), encoding="utf-8"
    )


def verify(folder: Path) -> list[str]:
    """What is wrong with a sealed run folder, in sentences; an empty list when nothing is."""
    problems: list[str] = []
    try:
        read_events(folder)
    except RecordError as error:
        problems.append(error.problem)
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return [*problems, f"{SUMS} is missing: the run was not finished, or it was removed"]
    listed: dict[str, str] = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        listed[name] = digest
    for name, digest in listed.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError:
            problems.append(f"{name} is missing")
            continue
        if found != digest:
            problems.append(f"{name} was changed: its SHA-256 is {found[:12]}…, not {digest[:12]}…")
    problems += [
        f"{name} was added later" for name in sorted(_contents(folder)) if name not in listed
    ]
    return problems


def _contents(folder: Path) -> Iterator[str]:
    yield EVENTS
    for path in (folder / EVIDENCE).rglob("*"):
        if path.is_file():
            yield path.relative_to(folder).as_posix()
