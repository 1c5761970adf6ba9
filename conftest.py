"""Makes the checkout a home for pytest: `pytest suites --target FILE` and `pytest tests` work here.

The options and fixtures live in the plugin that the package registers, so that they exist outside
of a checkout too; this file only says what to do when the package is not installed.
"""

from __future__ import annotations

import importlib.util

import pytest

pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Explains a checkout that was not installed, instead of failing on each import."""
    if importlib.util.find_spec("stepwedge.suites") is None:
        raise pytest.UsageError("stepwedge is not installed here: pip install -e '.[dev]'")
