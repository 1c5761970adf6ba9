"""Command sets that are wrong (ids ROBE and ROBV)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import commandsets
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(commandsets.CASES))
