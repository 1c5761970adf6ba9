"""The edge that the checks of authentication, access, audit and sharing are proven against.

All of it is in this process.  It asks the authenticator and tells the collector that the checks
play, and gives up on a silent authenticator soon.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stepwedge.fixtures.access.example import CLAIMS as SERVICES
from stepwedge.fixtures.access.example import PEOPLE, Example
from stepwedge.fixtures.access.guard import Guard
from stepwedge.fixtures.edge.site import Site
from stepwedge.fixtures.edge.supervisor import Supervisor
from stepwedge.fixtures.servers.launch import free_port, free_udp_port

__all__ = ["PEOPLE", "SERVICES", "GuardedEdge"]

# Seconds that one try of an authenticator gets; there are two.
_TRY: Final = 0.3
CLAIMS: Final = ("verification", "storage", "find", "move", "get", *SERVICES)


@dataclass
class GuardedEdge:
    """A guarded edge with PACS and MIMS behind it, and the target file that leads to it."""

    folder: Path
    within: float = 1.5  # seconds that the target file grants an audit message
    attempt: float = _TRY
    # Another authenticator than the one that the checks play: its ports.
    authenticator: tuple[int, int] | None = None
    claims: tuple[str, ...] = CLAIMS
    site: Site = field(init=False)
    warm: bool = False  # the checks ask for what of the corpus they need

    def __post_init__(self) -> None:
        self.receiver_port = free_port()
        example = Example(
            self.authenticator or (free_udp_port(), free_udp_port()),
            free_udp_port(),
            self.folder / "released",
            self.attempt,
            self.within,
        )
        self.guard = Guard(self.folder / "guard", example.rules(self.folder / "rules.toml"), "EDGE")
        self._open = contextlib.ExitStack()
        self._open.enter_context(self.guard)
        self.site = self._open.enter_context(
            Site(
                self.folder,
                ports=(0,),
                destinations={"STEPWEDGE": ("127.0.0.1", self.receiver_port)},
                timeout=3,
                **self.guard.parts,
            )
        )
        self.guard.watch(self.site.edge)
        supervisor = self._open.enter_context(Supervisor({"restart": self._restart}))
        self.target = self.folder / "target.toml"
        claims = ", ".join(f'"{claim}"' for claim in self.claims)
        self.target.write_text(
            f'name = "edge"\nhost = "127.0.0.1"\nport = {self.site.edge.ports[0]}\n'
            f'ae_title = "EDGE"\nclaims = [{claims}]\n\n'
            "[timeouts]\nnegotiate = 8\nresponse = 5\nrelease = 2\n\n"
            f"[receiver]\nport = {self.receiver_port}\n\n{example.tables(self.guard.log)}"
            f'[management]\nrestart = "{supervisor.requests["restart"]}"\n',
            encoding="utf-8",
        )

    def _restart(self) -> None:
        edge = self.site.edge
        edge.stop()
        self.guard.stop()
        self.guard.start()
        edge.start()

    def use(self, defects: Collection[str]) -> None:
        """Switches to these defects; to none puts the edge back as it was."""
        self.site.edge.use(defects)

    def close(self) -> None:
        """Ends everything."""
        self._open.close()
