"""Runs every `bench_*` module of this folder and exits with 1 when a figure is missed.

A module has a function `figures()` that yields `Figure`s.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> int:
    missed = 0
    for module in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda m: m.name):
        if not module.name.startswith("bench_"):
            continue
        print(f"{module.name}:")
        for figure in importlib.import_module(f"benchmarks.{module.name}").figures():
            print(f"  {figure}")
            missed += not figure.held
    print("all figures hold" if not missed else f"{missed} missed")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
