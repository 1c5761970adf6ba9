"""The peers of `wire_peers` as fixtures, ended with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wire_peers import Script, ScriptedPeer, Server, free_port


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], ScriptedPeer]]:
    """Starts peers that follow a script; a script that raised fails the test."""
    peers: list[ScriptedPeer] = []

    def start(script: Script) -> ScriptedPeer:
        peers.append(ScriptedPeer(script))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()
        assert not peer.problems


@pytest.fixture
def storescp(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts DCMTK's storescp with the given options, writing into a folder of its own."""
    servers: list[Server] = []

    def start(*options: object, **more: object) -> Server:
        folder = tmp_path / f"storescp-{len(servers)}"
        folder.mkdir()
        port = free_port()
        servers.append(
            Server(folder, port, "/usr/bin/storescp", *options, "-od", folder, port, **more)  # type: ignore[arg-type]
        )
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
