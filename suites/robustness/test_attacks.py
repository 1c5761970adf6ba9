"""What public vulnerabilities were made of (ids ROBV)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import attacks
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(attacks.CASES))
