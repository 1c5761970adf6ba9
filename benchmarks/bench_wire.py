"""The wire engine against DCMTK and against bare sockets, in alternating rounds.

Both sides set TCP_NODELAY; P-DATA-TFs of 16 KiB.  A ratio is the median of the ratios round by
round.  Each side is a process of its own, and what a program needs to start is not in its time.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import pydicom
from pydicom.dataset import FileMetaDataset

from benchmarks import capture, peers
from benchmarks.client import CAPTURE, in_process, message_size, spent
from benchmarks.figure import ROUNDS, Duel, Figure, Spent, middle
from stepwedge.wire.negotiation import EXPLICIT_VR_LITTLE_ENDIAN

_SIZE = 512 * 1024
_ECHOES = 5000
_ECHOES_EACH = 500
# For where chance has its say: where the kernel puts 33 processes, and which pages a process gets,
# which decides whether half a MiB stays in the cache of a core.
_MORE_ROUNDS = 11
_USERS = 32
_STORES = 500
_STORES_BY_ALL = 2000  # so that the buffers are grown and touched for most of them
_SMALL_STORES = 5000
_ASSOCIATIONS = 800
_MANY = 2000
_SECONDS = 10


def figures() -> Iterator[Figure]:
    """The figures of the engine; a peer's figure is measured beside its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _echoing(folder)
        yield from _storing(folder)
        yield from _associating(folder)
        yield from _many()
        yield from capture.figures()


def _echoing(folder: Path) -> Iterator[Figure]:
    with peers.storescp(folder, "--fork", "--ignore") as server:
        port = server.port
        work = "C-ECHO, one association"
        for how, name, promised in (
            ("--polling", "blocking and polling", 1.25),
            ("--gevent --polling", "under gevent and polling", 1.0),
            ("--gevent", "under gevent and sleeping", None),
        ):
            duel = Duel.fight(
                lambda how=how: spent(_ECHOES, "echo", port, _ECHOES, how=how),  # type: ignore[misc]
                lambda: peers.echoscu(port, _ECHOES),
            )
            yield Figure(
                f"{work}, {name}: rate of echoscu's", duel.faster, promised, "x", False, duel.detail
            )
        duel = Duel.fight(
            lambda: spent(_ECHOES, "echo", port, _ECHOES), lambda: peers.echoscu(port, _ECHOES)
        )
        yield Figure(
            f"{work}, blocking and sleeping: CPU of echoscu's",
            duel.thriftier, 1, "x", True, duel.detail,
        )  # fmt: skip
    yield from _crowd(folder)


def _crowd(folder: Path) -> Iterator[Figure]:
    """Many associations at once, the server on one core and who asks it on the other.

    Left to itself the kernel moves 33 processes about on two cores, and the rate is one or another
    by a half; so that is shown too, with nothing promised of it.
    """
    total = _USERS * _ECHOES_EACH
    cores = sorted(os.sched_getaffinity(0))
    for how, name, ours, theirs, promised in (
        ("--gevent --polling", "and polling, a core for each side", cores[:1], cores[-1:], 1.4),
        ("--gevent --polling", "and polling, wherever they are put", cores, cores, None),
        ("--gevent", "and sleeping, wherever they are put", cores, cores, None),
    ):
        with on_cores(theirs), peers.storescp(folder, "--fork", "--ignore") as server:
            port = server.port
            with on_cores(ours):
                duel = Duel.fight(
                    lambda how=how, port=port: spent(  # type: ignore[misc]
                        total, "echoes", port, _ECHOES_EACH, _USERS, how=how
                    ),
                    lambda port=port: peers.echoscus(port, _ECHOES_EACH, _USERS),  # type: ignore[misc]
                    _MORE_ROUNDS,
                )
        work = f"C-ECHO, {_USERS} associations, one process under gevent {name}"
        yield Figure(
            f"{work}: rate of {_USERS} echoscu",
            duel.faster, promised, "x", False, duel.detail,
        )  # fmt: skip


@contextlib.contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _storing(folder: Path) -> Iterator[Figure]:
    image = _part10(folder / "image.dcm")

    def ours(port: int, how: str = "--polling", count: int = _STORES) -> Spent:
        return spent(count, "store", port, count, _SIZE, how=how)

    with (
        peers.sink(folder) as sink,
        peers.storescp(folder, "--ignore") as storescp,
        peers.null_scp() as null,
    ):
        duel = Duel.fight(
            lambda: ours(sink.port, "--polling --buffered", _STORES_BY_ALL),
            lambda: peers.storescu(sink.port, image, _STORES_BY_ALL),
            _MORE_ROUNDS,
        )
        work = "C-STORE 512 KiB, one association, polling, send buffer of 4 MiB, into a sink"
        yield Figure(f"{work}: rate of storescu's", duel.faster, 5, "x", False, duel.detail)
        per_gib = _per_gib(duel.ours), _per_gib(duel.theirs)
        detail = f"{per_gib[0]:.2f} s a GiB; peer {per_gib[1]:.2f} s"
        yield Figure(f"{work}: CPU a GiB of storescu's", duel.thriftier, 0.25, "x", True, detail)
        with peers.sink(folder, "--copy", str(message_size(_SIZE))) as bare:
            duel = Duel.fight(
                lambda: ours(sink.port, "--polling --buffered", _STORES_BY_ALL),
                lambda: spent(
                    _STORES_BY_ALL, "copy", bare.port, _STORES_BY_ALL, _SIZE, how="--buffered"
                ),
                _MORE_ROUNDS,
            )
        yield Figure(
            "C-STORE 512 KiB, polling, send buffer of 4 MiB, into a sink: rate of a bare copy's",
            duel.faster,
            0.75,
            "x",
            False,
            duel.detail,
        )

        duel = Duel.fight(
            lambda: ours(storescp.port), lambda: peers.storescu(storescp.port, image, _STORES)
        )
        work = "C-STORE 512 KiB, one association, polling, into storescp --ignore"
        yield Figure(f"{work}: rate of storescu's", duel.faster, 2.3, "x", False, duel.detail)

        small = [
            spent(_SMALL_STORES, "store", sink.port, _SMALL_STORES, 4096) for _ in range(ROUNDS)
        ]
        found = middle(small)
        yield Figure(
            "C-STORE 4 KiB, one association: rate", found.rate, 1e4, "/s", False, str(found)
        )

        yield from _receiving(null, storescp)


def _receiving(null: peers.Server, storescp: peers.Server) -> Iterator[Figure]:
    """What the servers spend, with our client before each."""

    def into(server: peers.Server) -> Spent:
        before = server.cpu()
        sent = spent(_STORES_BY_ALL, "store", server.port, _STORES_BY_ALL, _SIZE)
        return Spent(_STORES_BY_ALL, sent.wall, server.cpu() - before)

    duel = Duel.fight(lambda: into(null), lambda: into(storescp), _MORE_ROUNDS)
    work = "receiving 512 KiB, one association"
    yield Figure(f"{work}: rate of storescp --ignore", duel.faster, 1.5, "x", False, duel.detail)
    yield Figure(f"{work}: CPU of storescp --ignore", duel.thriftier, 1, "x", True, duel.detail)


def _associating(folder: Path) -> Iterator[Figure]:
    program = peers.compiled(folder, "associate.cc")
    with peers.sink(folder) as server:
        for how, name, promised in (
            ("--polling", "blocking and polling", 1.1),
            ("--gevent --polling", "under gevent and polling", 0.95),
            ("--gevent", "under gevent and sleeping", None),
        ):
            duel = Duel.fight(
                lambda how=how: spent(  # type: ignore[misc]
                    _ASSOCIATIONS, "associate", server.port, _ASSOCIATIONS, how=how
                ),
                lambda: peers.associate(program, server.port, _ASSOCIATIONS),
            )
            yield Figure(
                f"associate + echo + release, {name}: rate of DCMTK's library",
                duel.faster,
                promised,
                "x",
                False,
                duel.detail,
            )


def _many() -> Iterator[Figure]:
    with peers.null_scp(gevent=True) as server:
        runs = [in_process("many", server.port, _MANY, _SECONDS, how="--gevent") for _ in range(3)]
    work = f"{_MANY:,} associations, an echo a second each"
    lost = max(_MANY * _SECONDS - run["done"] for run in runs)
    yield Figure(f"{work}: lost", lost, 0, "echoes", True, f"of {_MANY * _SECONDS:,}, three times")
    memory = statistics.median(run["memory"] for run in runs) / 1024
    yield Figure(f"{work}: memory an association", memory, 64, "KiB", True)
    lag = statistics.median(run["lag"] for run in runs) * 1000
    yield Figure(f"{work}: p99 of the schedule lag", lag, 50, "ms", True)


def _per_gib(runs: list[Spent]) -> float:
    return statistics.median(one.cpu / one.count for one in runs) * 2**30 / _SIZE


def _part10(path: Path) -> Path:
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = CAPTURE
    dataset.SOPInstanceUID = "2.25.1"
    dataset.PatientID = "STEPWEDGE-BENCH"
    dataset.PixelData = os.urandom(_SIZE)
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    dataset.save_as(path, enforce_file_format=True)
    return path
