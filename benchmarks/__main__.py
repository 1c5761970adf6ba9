"""Runs every `bench_*` module of this folder and writes `RESULTS.md`; exits with 1 at a miss.

    python -m benchmarks            all of them
    python -m benchmarks wire       one of them, and RESULTS.md stays as it is

A module has a function `figures()` that yields `Figure`s.
"""

from __future__ import annotations

import datetime
import importlib
import os
import pkgutil
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import ROUNDS, Figure

_HERE = Path(__file__).parent
_PEERS = (["/usr/bin/echoscu", "--version"], ["gcc", "--version"], ["tshark", "--version"])


def main(wanted: list[str]) -> int:
    found: dict[str, list[Figure]] = {}
    for module in sorted(pkgutil.iter_modules([str(_HERE)]), key=lambda m: m.name):
        name = module.name.removeprefix("bench_")
        if name == module.name or (wanted and name not in wanted):
            continue
        print(f"{name}:")
        found[name] = []
        for figure in importlib.import_module(f"benchmarks.{module.name}").figures():
            print(f"  {figure}", flush=True)
            found[name].append(figure)
    missed = sum(not figure.held for figures in found.values() for figure in figures)
    print("all figures hold" if not missed else f"{missed} missed")
    if not wanted:
        (_HERE / "RESULTS.md").write_text("\n".join(_page(found)) + "\n", encoding="utf-8")
    return min(missed, 1)


def _page(found: dict[str, list[Figure]]) -> Iterator[str]:
    yield "# Results of `make bench`"
    yield ""
    yield f"{datetime.date.today().isoformat()}, on {_machine()}."
    yield f"Load average before the first figure: {_LOAD}. {'; '.join(_versions())}."
    yield ""
    yield (
        f"A ratio is the median of the ratios of {ROUNDS} rounds or more in which both sides take "
        "turns, after one that is thrown away. Both set TCP_NODELAY."
    )
    for name, figures in found.items():
        yield from ("", f"## {name}", "", "| figure | measured | wanted | | behind it |")
        yield "|---|---|---|---|---|"
        for figure in figures:
            verdict = figure.verdict if figure.held else "**missed**"
            value = f"{figure.value:,.2f} {figure.unit}"
            yield f"| {figure.name} | {value} | {figure.wanted} | {verdict} | {figure.detail} |"


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}"


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for command in _PEERS:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        yield next(
            (line.strip("$ .") for line in said.splitlines() if line.strip("$ ")), command[0]
        )


# Before we add to it ourselves.
_LOAD = f"{os.getloadavg()[0]:.2f}"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
