"""Whom the engine is measured against: DCMTK's programs and library, a sink in C, a null SCP.

What is written in C and C++ is compiled for the run. Every server listens on a free port of
loopback and sets TCP_NODELAY, as we do.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.client import plan
from benchmarks.figure import Spent
from stepwedge.wire import Association
from stepwedge.wire.errors import AssociationError

_HERE = Path(__file__).parent
_DCMTK = ["-ldcmnet", "-ldcmdata", "-loflog", "-lofstd"]
_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}

_NULL_SCP = """
from stepwedge.wire import Acceptor, Policy
acceptor = Acceptor(policy=Policy(max_pdu=16384))
print(acceptor.address[1], flush=True)
acceptor.serve()
"""
_PATCHED = """
from gevent import monkey
monkey.patch_all()
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
"""


class Server:
    """A server that runs: its port, and its CPU seconds so far."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self._process = process

    def cpu(self) -> float:
        """User and system seconds of the process itself."""
        times = self._process.cpu_times()
        return float(times.user + times.system)


def compiled(folder: Path, source: str) -> Path:
    """Compiles a peer into `folder`; raises SystemExit with what is missing."""
    program = folder / Path(source).stem
    plain = source.endswith(".c")
    command = ["gcc" if plain else "g++", "-O2", "-w", "-o", program, _HERE / source]
    try:
        subprocess.run([*command, *([] if plain else _DCMTK)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"{source} could not be compiled: {error}\n"
            "benchmarks/peers/install brings what it needs"
        ) from error
    return program


@contextmanager
def _announced(command: Sequence[str | Path]) -> Iterator[Server]:
    """A program that prints its port."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=_ENVIRONMENT
    )
    try:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), psutil.Process(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


@contextmanager
def sink(folder: Path, *options: str) -> Iterator[Server]:
    """The sink in C."""
    with _announced([compiled(folder, "sink.c"), *options]) as server:
        yield server


@contextmanager
def null_scp(*, gevent: bool = False) -> Iterator[Server]:
    """Our own acceptor, which accepts everything and keeps nothing."""
    with _announced([sys.executable, "-c", (_PATCHED if gevent else "") + _NULL_SCP]) as server:
        yield server


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[Server]:
    """DCMTK's storescp."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    process = subprocess.Popen(
        ["/usr/bin/storescp", *options, "-od", folder, str(port)],
        env=_ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        _ready(port)
        yield Server(port, psutil.Process(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _ready(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with Association(plan(port)) as association:
                association.echo()
            return
        except AssociationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def run(commands: Sequence[Sequence[str | Path]], count: int) -> Spent:
    """Runs programs at the same time to their end."""
    before, started = _children(), time.perf_counter()
    processes = [
        subprocess.Popen(
            command, env=_ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for command in commands
    ]
    said = [process.communicate()[1] for process in processes]
    wall, cpu = time.perf_counter() - started, _children() - before
    for process, words in zip(processes, said, strict=True):
        if process.returncode:
            raise SystemExit(f"{process.args!r} failed: {words.decode(errors='replace')}")
    return Spent(count, wall, cpu)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _without_start(many: Spent, one: Spent) -> Spent:
    return Spent(many.count - one.count, many.wall - one.wall, many.cpu - one.cpu)


def echoscu(port: int, count: int) -> Spent:
    """DCMTK's echoscu on one association; its start and first echo are taken off."""
    command = ["/usr/bin/echoscu", "127.0.0.1", str(port), "--repeat"]
    many = run([[*command, str(count + 1)]], count + 1)
    return _without_start(many, run([[*command, "1"]], 1))


def echoscus(port: int, count: int, users: int) -> Spent:
    """As many echoscu at the same time; likewise."""
    command = ["/usr/bin/echoscu", "127.0.0.1", str(port), "--repeat"]
    many = run([[*command, str(count + 1)]] * users, users * (count + 1))
    return _without_start(many, run([[*command, "1"]] * users, users))


def storescu(port: int, image: Path, count: int) -> Spent:
    """DCMTK's storescu on one association; likewise.

    `--repeat` would open an association each time; one file named many times does not.
    """
    command = ["/usr/bin/storescu", "-R", "127.0.0.1", str(port)]
    many = run([[*command, *[image] * (count + 1)]], count + 1)
    return _without_start(many, run([[*command, image]], 1))


def associate(program: Path, port: int, count: int) -> Spent:
    """DCMTK's library in one process, which takes its own time."""
    found = subprocess.run(
        [program, str(port), str(count)],
        env=_ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu = map(float, found.stdout.split())
    return Spent(count, wall, cpu)
