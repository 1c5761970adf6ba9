"""Our side of a duel, as a process of its own.

    python -m benchmarks.client WORK PORT … [--gevent] [--polling] [--buffered]

prints wall and CPU seconds as JSON, taken around the work itself, without the start of Python.
With `--gevent` the standard library is patched first, as it is in a load; with `--polling` a
socket is asked again and again for a moment before it is waited for; with `--buffered` its send
buffer holds a whole image from the start.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and "--gevent" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import json
import os
import resource
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.figure import Spent
from stepwedge.wire import Association, Plan, Prepared, Proposed, Shared
from stepwedge.wire.negotiation import EXPLICIT_VR_LITTLE_ENDIAN, VERIFICATION

CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
Result = dict[str, Any]


# How long that moment is, in seconds.
POLL = 100e-6 if "--polling" in sys.argv else 0.0
SEND_BUFFER = 4 * 2**20 if "--buffered" in sys.argv else 0


def plan(port: int, *, stamps: bool = False, storage: bool = True) -> Plan:
    """Verification, and Secondary Capture where wanted."""
    contexts = [Proposed(VERIFICATION)]
    if storage:
        contexts.append(Proposed(CAPTURE, [EXPLICIT_VR_LITTLE_ENDIAN]))
    return Plan(
        ("127.0.0.1", port),
        called="BENCH",
        calling="STEPWEDGE",
        contexts=contexts,
        stamps=stamps,
        poll=POLL,
        send_buffer=SEND_BUFFER,
    )


def echo(port: int, count: int) -> Result:
    """`count` echoes on one association."""
    with Association(plan(port, storage=False)) as association:
        clock = _Clock()
        _echoes(association, count)
        return clock.result()


def echoes(port: int, count: int, users: int) -> Result:
    """`count` echoes on each of `users` associations at once; the associations are open before."""
    made_ready = plan(port, storage=False)
    associations = [Association(made_ready) for _ in range(users)]
    work = [threading.Thread(target=_echoes, args=(one, count)) for one in associations]
    clock = _Clock()
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    result = clock.result()
    for one in associations:
        one.release()
    return result


def _echoes(association: Association, count: int) -> None:
    for _ in range(count):
        if association.echo().status:
            raise AssertionError("an echo failed")


def associate(port: int, count: int) -> Result:
    """`count` times: associate, echo, release."""
    made_ready = plan(port, storage=False)
    clock = _Clock()
    for _ in range(count):
        with Association(made_ready) as association:
            association.echo()
    return clock.result()


def store(port: int, count: int, size: int) -> Result:
    """`count` stores of `size` bytes of pixel data on one association, each under its own UID."""
    pixels = Shared(os.urandom(size))
    first = time.time_ns() * 10**18
    with Association(plan(port)) as association:
        association.store(_prepared(first, size, pixels))
        clock = _Clock()
        for number in range(1, count + 1):
            if association.store(_prepared(first + number, size, pixels)).status:
                raise AssertionError("a store failed")
        return clock.result()


def _prepared(number: int, size: int, pixels: Shared) -> Prepared:
    uid = f"2.25.{number}"
    return Prepared(CAPTURE, EXPLICIT_VR_LITTLE_ENDIAN, uid, [_head(uid, size), pixels])


def _head(instance: str, size: int) -> bytes:
    return (
        _element(8, 0x16, b"UI", CAPTURE.encode())
        + _element(8, 0x18, b"UI", instance.encode())
        + _element(0x10, 0x20, b"LO", b"STEPWEDGE-BENCH ")
        + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, size)
    )


def _element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def message_size(size: int) -> int:
    """How many bytes one store of `size` bytes of pixel data is on the wire."""
    prepared = _prepared(10**38, size, Shared(bytes(size)))
    return sum(map(len, prepared.buffers(1, 16384, 1)))


def copy(port: int, count: int, size: int) -> Result:
    """The bytes of the same stores by bare `sendmsg`, one byte back for each."""
    buffers = _prepared(10**38, size, Shared(os.urandom(size))).buffers(1, 16384, 1)
    whole = sum(map(len, buffers))
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if SEND_BUFFER:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        clock = _Clock()
        for _ in range(count):
            sent = sock.sendmsg(buffers)
            while sent < whole:
                sent += sock.send(memoryview(b"".join(buffers))[sent:])
            sock.recv(1)
        return clock.result()


def many(port: int, users: int, seconds: int) -> Result:
    """`users` associations, each echoing once a second by a plan made in advance.

    `lags` are how much later than planned the echoes began; `memory` is what this process grew by
    for each association, in bytes.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    made_ready = plan(port, storage=False)
    Association(made_ready).release()
    before = _resident()
    associations = [Association(made_ready) for _ in range(users)]
    lags: list[float] = []
    start = time.monotonic() + 1

    def work(index: int, association: Association) -> None:
        for second in range(seconds):
            due = start + second + index / users
            if (left := due - time.monotonic()) > 0:
                time.sleep(left)
            lags.append(time.monotonic() - due)
            _echoes(association, 1)

    threads = [threading.Thread(target=work, args=one) for one in enumerate(associations)]
    clock = _Clock()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = clock.result()
    grown = _resident() - before
    for association in associations:
        association.release()
    lags.sort()
    return result | {"lag": lags[len(lags) * 99 // 100], "done": len(lags), "memory": grown / users}


def _resident() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123 (no object more than needed)
        return int(statm.read().split()[1]) * resource.getpagesize()


def services(port: int, count: int, size: int) -> Result:
    """Our service times in seconds: of `count` echoes, or of stores where `size` is not 0."""
    pixels = Shared(os.urandom(size))
    times = []
    with Association(plan(port, stamps=True)) as association:
        for number in range(count):
            reply = (
                association.store(_prepared(10**38 + number, size, pixels))
                if size
                else association.echo()
            )
            times.append(reply.clocks.service)
            time.sleep(0.001)  # far below what a capture keeps up with
    return {"services": times}


class _Clock:
    def __init__(self) -> None:
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def result(self) -> Result:
        wall = time.perf_counter() - self._wall
        return {"wall": wall, "cpu": time.process_time() - self._cpu}


WORKS: dict[str, Callable[..., Result]] = {
    work.__name__: work for work in (echo, echoes, associate, store, copy, many, services)
}


def in_process(*words: object, how: str = "") -> Result:
    """What one work took, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.client", *map(str, words)]
    found = subprocess.run([*command, *how.split()], check=True, capture_output=True, text=True)
    result: Result = json.loads(found.stdout)
    return result


def spent(count: int, *words: object, how: str = "") -> Spent:
    """Likewise, as what `count` operations took."""
    result = in_process(*words, how=how)
    return Spent(count, result["wall"], result["cpu"])


def main() -> None:
    """Runs one work and prints what it took."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    print(json.dumps(WORKS[words[0]](*map(int, words[1:]))))


if __name__ == "__main__":
    main()
