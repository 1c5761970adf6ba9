"""The edge that the checks of an edge are proven against: all of it in this process.

It is quick to try again and to give up, and `kill` and `revive` of its target file end and begin it
without a process: what it held in memory is gone, what it had written stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from stepwedge.fixtures.edge.configuration import Retry
from stepwedge.fixtures.edge.management import ManagementServer
from stepwedge.fixtures.edge.site import Site
from stepwedge.fixtures.edge.supervisor import Supervisor
from stepwedge.fixtures.servers.launch import free_port

SERVICES = ("edge", "forwarding", "management")
PASSWORD = "step-by-step"
PORTS = 3
LIMIT = 4


@dataclass
class EdgeServer:
    """An edge with its PACS and MIMS, and the target file that leads to it.

    `settle` is how many seconds the target file grants for what takes time.
    """

    folder: Path
    settle: float = 1.5
    site: Site = field(init=False)
    warm: bool = False  # nothing of the corpus needs to be there

    def __post_init__(self) -> None:
        self.receiver_port, other_port = free_port(), free_port()
        self._open = contextlib.ExitStack()
        self.site = self._open.enter_context(
            Site(
                self.folder,
                ports=(0,) * PORTS,
                destinations={
                    "STEPWEDGE": ("127.0.0.1", self.receiver_port),
                    "STEPWEDGE2": ("127.0.0.1", other_port),
                },
                retry=Retry(first=0.03, longest=0.1),
                timeout=2,
                max_associations=LIMIT,
            )
        )
        edge = self.site.edge
        management = self._open.enter_context(
            ManagementServer(edge, username="admin", password=PASSWORD, token="one-token")
        )
        supervisor = self._open.enter_context(
            Supervisor({"kill": edge.crash, "revive": edge.start})
        )
        self._usual = edge.configuration
        self.target = self.folder / "target.toml"
        self.target.write_text(
            self.site.target_file(
                receiver_port=self.receiver_port,
                other_port=other_port,
                url=management.url,
                password=PASSWORD,
                supervisor=supervisor,
                settle=self.settle,
            ),
            encoding="utf-8",
        )

    def use(self, defects: Collection[str]) -> None:
        """Switches to these defects; to none puts the edge back as it was."""
        edge = self.site.edge
        edge.use(defects)
        if defects:
            return
        edge.resume()
        edge.forget()
        edge.configure({"queue_limit": self._usual.queue_limit})
        edge.outbox.hasten()
        edge.outbox.wait_until_empty(2)

    def close(self) -> None:
        """Ends everything."""
        self._open.close()
