"""A-ASSOCIATE-RQ field by field (ids ROBA, after the fields)."""

from __future__ import annotations

from stepwedge.fixtures.hostile.cases import requests
from stepwedge.fixtures.hostile.suite import checks

globals().update(checks(requests.CASES))
