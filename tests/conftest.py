"""The harness's own tests.  Tests marked `long` run with --long only (make test-long)."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import pytest
from pynetdicom.transport import AssociationSocket


@pytest.fixture(scope="session", autouse=True)
def pynetdicom_closes_what_it_opened() -> Iterator[None]:
    """Lets the plain pynetdicom peers of the tests close their sockets.

    pynetdicom 3.0 does not close a socket whose shutdown fails because the peer has gone already;
    the warning of it would come up in whatever test runs when it is collected.
    """

    def close(self: AssociationSocket) -> None:
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AssociationSocket, "_shutdown_socket", close)
        yield


@pytest.fixture(scope="session", autouse=True)
def interrupts_are_heard() -> None:
    """Lets tests interrupt themselves and what they start, where we run in the background.

    A shell has such a command ignore SIGINT, which its children inherit.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long tests too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes more than a few seconds; run with --long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
