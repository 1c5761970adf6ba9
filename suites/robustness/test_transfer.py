"""P-DATA-TF: values, fragments and lengths (ids ROBE)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import transfer
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(transfer.CASES))
