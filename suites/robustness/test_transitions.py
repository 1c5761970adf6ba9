"""The state machine of PS3.8 Table 9-10 from outside (ids ROBS, ROBE and ROBT, by state)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import transitions
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(transitions.CASES))
