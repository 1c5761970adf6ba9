"""Data sets of C-STORE that are wrong (ids ROBD and ROBV)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import datasets
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(datasets.CASES))
