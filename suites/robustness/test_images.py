"""Images that say impossible things of themselves (ids ROBV)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import images
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(images.CASES))
