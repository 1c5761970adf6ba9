"""Draws the reports when a pytest session has finished a run of its own.

The suites' plugin tells that a run is complete and does not know who listens; this is who.
"""

from __future__ import annotations

from pathlib import Path

import pytest


class _Listener:
    """Registered only once the hook exists, so that this works whichever plugin loads first."""

    def pytest_stepwedge_run_finished(self, config: pytest.Config, folder: Path) -> None:
        """Draws all reports, and says where they are when pytest's terminal is on."""
        from stepwedge.reports.draw import draw_all

        paths = draw_all(folder)
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            for path in paths:
                reporter.write_line(f"stepwedge: {path}")


def pytest_configure(config: pytest.Config) -> None:
    """Begins to listen."""
    config.pluginmanager.register(_Listener(), "stepwedge-reports-listener")
