"""Checks that need our receiver run in one process: the target knows one address of it."""

from __future__ import annotations

import inspect

import pytest

from stepwedge.cli.check import suites_arguments
from stepwedge.fixtures.selection import service_of
from stepwedge.fixtures.spreading import MAYBE_TO_RECEIVER, TO_RECEIVER


def test_the_services_that_use_the_receiver_are_known() -> None:
    """A service whose checks ask for the receiver, or may, is named where checks are spread."""
    uses: dict[str, set[str]] = {"receiver": set(), "deposits": set()}

    class Collector:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                asked = [*getattr(item, "fixturenames", ())]
                # What is asked for while a check runs, if at all, shows in its text only.
                if "request" in asked and '("moves")' in inspect.getsource(item.function):  # type: ignore[attr-defined]
                    asked.append("receiver")
                for fixture, services in uses.items():
                    if fixture in asked:
                        services.add(service_of(item))

    pytest.main([*suites_arguments(), "-p", "no:terminal", "--collect-only"], [Collector()])
    assert uses["receiver"] and uses["receiver"] <= TO_RECEIVER
    assert uses["deposits"] <= TO_RECEIVER | MAYBE_TO_RECEIVER
