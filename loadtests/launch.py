"""Runs a load in a process of its own, and follows its record while it grows.

Locust patches the standard library when it is imported, so no other process of ours may import it:
not the command line, and never a conformance run.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stepwedge.errors import Exit, StepwedgeError
from stepwedge.events import AnyEvent, LoadSummary, Note, TargetSeen
from stepwedge.loadtests.settings import HANDED_OVER, Settings
from stepwedge.record import EVENTS, EVIDENCE, read_line

LOG = "load.log"

# How long a load that was asked to stop may take to write what it has, in seconds.
_GRACE = 30.0
_LOOK_EVERY = 0.2


class LoadCrashed(StepwedgeError):
    """The load process ended without having written a summary."""


def run(
    settings: Settings,
    *,
    processes: int = 1,
    tell: Callable[[AnyEvent], None] | None = None,
) -> int:
    """Runs the load and returns its exit code; `tell` is given each event as it is written.

    `settings.run_folder` names a run folder that nobody else appends to meanwhile.  On an interrupt
    the load is asked to stop and to write what it has, and KeyboardInterrupt is raised again.
    Raises LoadCrashed with the end of its log.
    """
    folder = settings.run_folder
    if folder is None:
        raise ValueError("a load that is launched appends to a run folder")
    log = folder / EVIDENCE / LOG
    follower = Follower(folder, tell)
    with log.open("ab") as sink:
        child = subprocess.Popen(
            command(processes),
            env={**os.environ, HANDED_OVER: settings.handed_over()},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
        try:
            while child.poll() is None:
                follower.look()
                time.sleep(_LOOK_EVERY)
        except BaseException:
            _stop(child)
            follower.look()
            raise
        finally:
            _end_group(child)
    follower.look()
    if child.returncode not in tuple(Exit) or not follower.complete:
        raise LoadCrashed(
            f"the load ended with exit code {child.returncode} and no summary",
            f"the end of {log}:\n{_tail(log)}",
        )
    return child.returncode


def command(processes: int = 1) -> list[str]:
    """The command line of a load process; its settings are in the environment."""
    words = [sys.executable, "-m", "locust", "-f", str(Path(__file__).parent / "locustfile.py")]
    words += ["--headless", "--only-summary", "--loglevel", "WARNING"]
    if processes > 1:
        port = str(_free_port())
        words += ["--processes", str(processes), "--master-bind-host", "127.0.0.1"]
        words += ["--master-bind-port", port, "--master-port", port]
    return words


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends workers that outlived their master: the process group is ours alone."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # nobody is left, as it should be
    child.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])


class Follower:
    """Reads events as they are appended to a run record."""

    def __init__(self, folder: Path, tell: Callable[[AnyEvent], None] | None) -> None:
        self._path = folder / EVENTS
        self._offset = self._path.stat().st_size if self._path.exists() else 0
        self._tell = tell
        self.complete = False

    def look(self) -> None:
        """Reads what was appended since the last look."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break  # still being written
                self._offset += len(raw)
                event = read_line(raw)
                # A summary, a target that does not answer, a note why it did not begin: each says
                # how it ended.
                self.complete |= isinstance(event, LoadSummary | TargetSeen | Note)
                if self._tell:
                    self._tell(event)
