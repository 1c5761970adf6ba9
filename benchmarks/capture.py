"""Whether our clocks tell the truth: service times against the packets' own time stamps.

tshark captures our port on the loopback interface while echoes and stores run.  For each operation
the packets say when its first byte left and when the last byte of its answer came; the figure is
how far our percentiles are from theirs.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import peers
from benchmarks.client import services
from benchmarks.figure import Figure

_COUNT = 2000
_TOLERANCE = 0.05  # of the packets' figure, or 50 µs, whichever is more
_FLOOR = 50e-6


def figures() -> Iterator[Figure]:
    """How far p50 and p99 are off, as a share of what is tolerated."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with peers.sink(folder) as server:
            for work, size in (("C-ECHO", 0), ("C-STORE 512 KiB", 512 * 1024)):
                ours, packets = _captured(server.port, size, folder / "capture.pcap")
                for percent in (50, 99):
                    mine, theirs = _percentile(ours, percent), _percentile(packets, percent)
                    tolerated = max(_TOLERANCE * theirs, _FLOOR)
                    yield Figure(
                        f"latency truth, {work}, p{percent}: off by, of what is tolerated",
                        abs(mine - theirs) / tolerated,
                        1,
                        "x",
                        True,
                        f"we {mine * 1e6:,.0f} µs, packets {theirs * 1e6:,.0f} µs, of {len(ours)}",
                    )


def _captured(port: int, size: int, file: Path) -> tuple[list[float], list[float]]:
    # -B: room for bursts; -s: headers suffice.
    watcher = subprocess.Popen(
        ["tshark", "-i", "lo", "-f", f"tcp port {port}", "-B", "64", "-s", "96", "-w", file],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert watcher.stderr is not None
        for line in watcher.stderr:
            if "Capturing on" in line:
                break
        services(port, 5, size)  # until the first packet is seen, tshark may still be starting
        ours = services(port, _COUNT, size)["services"]
    finally:
        watcher.terminate()
        watcher.communicate()
    return ours, _exchanges(file, port)[-_COUNT - 1 : -1]


def _exchanges(file: Path, port: int) -> list[float]:
    """Seconds from the first packet of each request to the last of its answer.

    The last exchange of an association is its release.
    """
    fields = ["frame.time_epoch", "tcp.dstport", "tcp.len"]
    found = subprocess.run(
        ["tshark", "-r", file, "-T", "fields", *(w for f in fields for w in ("-e", f))],
        check=True,
        capture_output=True,
        text=True,
    )
    began = ended = 0.0
    asking = False
    times: list[float] = []
    for line in found.stdout.splitlines():
        moment, destination, length = line.split("\t")
        if length == "0":
            continue
        if int(destination) == port:
            if not asking:
                if began:
                    times.append(ended - began)
                began, asking = float(moment), True
        else:
            ended, asking = float(moment), False
    return [*times, ended - began]


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
