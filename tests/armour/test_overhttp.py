"""A service over HTTP that means no good is bounded in time and memory, and told in words."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from stepwedge.fixtures import overhttp
from stepwedge.fixtures.overhttp import Caller
from stepwedge.httpservice import Web

TIMEOUT = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n"


def _drips(sock: socket.socket) -> None:
    sock.sendall(HEAD + b"\r\n")
    pause = threading.Event()
    with contextlib.suppress(OSError):
        while True:
            sock.sendall(b"[")
            pause.wait(0.02)


def _floods(sock: socket.socket) -> None:
    sock.sendall(HEAD + b"\r\n")
    with contextlib.suppress(OSError):
        while True:
            sock.sendall(bytes(1 << 16))


def _cuts(sock: socket.socket) -> None:
    sock.sendall(HEAD + b"Content-Length: 100\r\n\r\n[")


def _answers_nothing(sock: socket.socket) -> None:
    pass


def _speaks_otherwise(sock: socket.socket) -> None:
    sock.sendall(b"\x04\x00\x00\x00\x00\x04\r\n\r\n\r\n")


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serves one connection by a function; gives the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def start(script: Callable[[socket.socket], None]) -> str:
            def run() -> None:
                sock, _ = listener.accept()
                with sock:
                    sock.recv(65536)
                    script(sock)

            threading.Thread(target=run, daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (_drips, "nothing answered in time"),
        (_floods, "longer than 4 MiB"),
        (_cuts, "ended 99 bytes before"),
        (_answers_nothing, "closed connection without response"),
        (_speaks_otherwise, "\x04"),
    ],
)
def test_an_answer_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
    serving: Callable[[Callable[[socket.socket], None]], str],
    script: Callable[[socket.socket], None],
    words: str,
) -> None:
    """Whatever comes, there is no status for it and a reason why, within the bounds."""
    monkeypatch.setattr(overhttp, "LONGEST", 4 << 20)
    monkeypatch.setattr(overhttp, "WHOLE", 2)
    url = serving(script)
    began = monotonic()
    found = Caller(Web(url=url, timeout=TIMEOUT), "web").ask("GET", f"{url}/studies")
    assert found.status == 0
    assert words in found.problem
    assert monotonic() - began < 10


def test_nobody_else_is_asked(
    serving: Callable[[Callable[[socket.socket], None]], str],
) -> None:
    """A redirection to another server is its answer: what we show of ourselves stays here."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.2)
        elsewhere = f"http://127.0.0.1:{other.getsockname()[1]}/"

        def redirects(sock: socket.socket) -> None:
            sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\n\r\n".encode())

        url = serving(redirects)
        service = Web(url=url, timeout=TIMEOUT, username="me", password="mine")
        assert Caller(service, "web").ask("GET", url).status == 302
        with pytest.raises(TimeoutError):
            other.accept()
