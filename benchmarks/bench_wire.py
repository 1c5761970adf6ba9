"""The wire engine against DCMTK's own programs on this machine, in alternating rounds.

Both sides set TCP_NODELAY.  A figure is a ratio of two rates that were measured one after the
other, the median over the rounds, so that what else the machine does weighs on both.  What a
program needs to start is taken off its time.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.dataset import FileMetaDataset

from benchmarks.figure import ROUNDS, Figure
from stepwedge.wire import Association, Plan, Prepared, Proposed, Shared
from stepwedge.wire.errors import AssociationError
from stepwedge.wire.negotiation import EXPLICIT_VR_LITTLE_ENDIAN, VERIFICATION

_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}
_ECHOES = 4000
_STORES = 400
_SMALL_STORES = 4000
_SIZE = 512 * 1024

_NULL_SCP = """
from stepwedge.wire import Acceptor, Policy
acceptor = Acceptor(policy=Policy(max_pdu=16384))
print(acceptor.address[1], flush=True)
acceptor.serve()
"""


def figures() -> Iterator[Figure]:
    """The figures of the engine; a peer's figure is measured beside its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = _part10(folder / "image.dcm")
        with _storescp(folder) as port, _null_scp() as null:
            echo = _ratio(lambda: _echo(port), lambda: _echoscu(port))
            yield Figure("C-ECHO, one association, blocking, against echoscu", echo, 1.25, "x")
            ignored = _ratio(lambda: _store(port), lambda: _storescu(port, image))
            yield Figure("512 KiB into storescp --ignore, against storescu", ignored, 2.3, "x")
            nulled = _ratio(lambda: _store(null), lambda: _storescu(null, image))
            yield Figure("512 KiB into the null SCP, against storescu", nulled, 5, "x")
            spent = statistics.median(_cpu_per_gib(null) for _ in range(ROUNDS))
            theirs = statistics.median(_storescu_cpu(null, image) for _ in range(ROUNDS))
            yield Figure("CPU a GiB sent, of storescu's", spent / theirs, 0.25, "x", at_most=True)
            small = statistics.median(_store(null, 4096, _SMALL_STORES) for _ in range(ROUNDS))
            yield Figure("C-STORE 4 KiB, one association, null SCP", small, 10_000, "/s")
            received = _ratio(lambda: _store(null), lambda: _store(port))
            yield Figure("receiving 512 KiB, against storescp --ignore", received, 1.5, "x")


def _ratio(ours: Callable[[], float], theirs: Callable[[], float]) -> float:
    """The median of ours over theirs, measured by turns, after a round that is thrown away."""
    ours(), theirs()
    return statistics.median(ours() / theirs() for _ in range(ROUNDS))


def _plan(port: int) -> Plan:
    contexts = [Proposed(VERIFICATION), Proposed(_CAPTURE, [EXPLICIT_VR_LITTLE_ENDIAN])]
    return Plan(("127.0.0.1", port), called="BENCH", calling="STEPWEDGE", contexts=contexts)


def _echo(port: int) -> float:
    with Association(_plan(port)) as association:
        started = time.perf_counter()
        for _ in range(_ECHOES):
            if association.echo().status:
                raise AssertionError("an echo failed")
        return _ECHOES / (time.perf_counter() - started)


def _echoscu(port: int) -> float:
    def command(count: int) -> list[str]:
        return ["/usr/bin/echoscu", "--repeat", str(count), "127.0.0.1", str(port)]

    return _ECHOES / _spent(command, _ECHOES)[0]


def _spent(command: Callable[[int], list[str]], count: int) -> tuple[float, float]:
    """Seconds and CPU seconds of `count` operations of a program, without its start.

    The start is what the program takes for one operation, which is measured and taken off.
    """
    return tuple(
        many - one for many, one in zip(_run(command(count + 1)), _run(command(1)), strict=True)
    )  # type: ignore[return-value]


def _run(command: list[str]) -> tuple[float, float]:
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, check=True, env=_ENVIRONMENT, capture_output=True)
    after, ended = os.times(), time.perf_counter()
    cpu = after.children_user + after.children_system
    return ended - started, cpu - before.children_user - before.children_system


def _element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def _head(instance: str, size: int) -> bytes:
    return (
        _element(8, 0x16, b"UI", _CAPTURE.encode())
        + _element(8, 0x18, b"UI", instance.encode())
        + _element(0x10, 0x20, b"LO", b"STEPWEDGE-BENCH ")
        + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    )


_serial = 0


def _store(port: int, size: int = _SIZE, count: int = _STORES) -> float:
    """Stores a second, each under a UID of its own."""
    global _serial
    pixels = Shared(os.urandom(size))
    with Association(_plan(port)) as association:
        started = time.perf_counter()
        for _ in range(count):
            _serial += 1
            uid = f"2.25.{10**38 + _serial}"
            prepared = Prepared(
                _CAPTURE, EXPLICIT_VR_LITTLE_ENDIAN, uid, [_head(uid, size), pixels]
            )
            if association.store(prepared).status:
                raise AssertionError("a store failed")
        return count / (time.perf_counter() - started)


def _cpu_per_gib(port: int) -> float:
    started = time.process_time()
    _store(port)
    return (time.process_time() - started) * 2**30 / (_STORES * _SIZE)


def _storescu(port: int, image: Path) -> float:
    return _STORES / _storescu_spent(port, image)[0]


def _storescu_cpu(port: int, image: Path) -> float:
    return _storescu_spent(port, image)[1] * 2**30 / (_STORES * _SIZE)


def _storescu_spent(port: int, image: Path) -> tuple[float, float]:
    # --repeat would open an association each time; one file named many times does not.
    return _spent(
        lambda count: ["/usr/bin/storescu", "-R", "127.0.0.1", str(port), *[str(image)] * count],
        _STORES,
    )


def _part10(path: Path) -> Path:
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = _CAPTURE
    dataset.SOPInstanceUID = "2.25.1"
    dataset.PatientID = "STEPWEDGE-BENCH"
    dataset.PixelData = os.urandom(_SIZE)
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    dataset.save_as(path, enforce_file_format=True)
    return path


@contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    command = ["/usr/bin/storescp", "--fork", "--ignore", "-od", str(folder), str(port)]
    process = subprocess.Popen(
        command, env=_ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        _ready(port)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


@contextmanager
def _null_scp() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _NULL_SCP], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def _ready(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            with Association(_plan(port)) as association:
                association.echo()
            return
        except AssociationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
