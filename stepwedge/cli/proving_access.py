"""The edge that the checks of authentication, access, audit and sharing are proven against.

All of it is in this process.  It asks the authenticator and tells the collector that the checks
play, and gives up on a silent authenticator soon.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from stepwedge.fixtures.access import Peer, Role, Rules
from stepwedge.fixtures.access.guard import Guard
from stepwedge.fixtures.edge.protocols import Action
from stepwedge.fixtures.edge.site import Site
from stepwedge.fixtures.edge.supervisor import Supervisor
from stepwedge.fixtures.servers.launch import free_port

SERVICES = ("authentication", "access", "audit", "sharing")

CLAIMS: Final = ("verification", "storage", "find", "move", "get", *SERVICES)
SECRET: Final = "step-by-step"
KEY: Final = "a-key-that-nobody-knows"
# The people of the target file: part → name and passcode.
PEOPLE: Final = {
    "physician": ("dr.meyer", "Sesame-open-47"),
    "colleague": ("dr.yildiz", "Another-door-11"),
    "locked": ("dr.gone", "Left-long-ago-3"),
    "international": ("dr.müller", "Schlüsselwörter"),
    "clerk": ("ms.bloom", "Only-the-list-9"),
}
# Seconds that one try of an authenticator gets; there are two.
_TRY: Final = 0.3
LIMIT: Final = 2 * _TRY


def rules(ports: tuple[int, int], sources: Collection[str], released: Path) -> Rules:
    """The rules of access that belong to the target file."""
    ours, outside = frozenset({"127.0.0.1"}), frozenset({"127.0.0.1"})
    peers = {
        "STEPWEDGE": Peer(addresses=ours, outside=True),
        "OUTSIDE": Peer(addresses=outside, identity=True, outside=True),
        "ECHOONLY": Peer(may=frozenset({Action.ECHO})),
        "STOREONLY": Peer(may=frozenset({Action.ECHO, Action.STORE})),
        "BOUND": Peer(addresses=frozenset({"127.0.0.2"})),
        **{title: Peer() for title in sources},
    }
    reading = frozenset(Action) - {Action.STORE}
    return Rules.model_validate(
        {
            "peers": peers,
            "roles": {
                "physician": Role(may=reading),
                "clerk": Role(may=frozenset({Action.ECHO, Action.FIND})),
            },
            "users": {
                name: "clerk" if part == "clerk" else "physician"
                for part, (name, _) in PEOPLE.items()
            },
            "radius": {
                "timeout": _TRY,
                "servers": [
                    {
                        "host": "127.0.0.1",
                        "port": ports[0],
                        "accounting_port": ports[1],
                        "secret": SECRET,
                    }
                ],
            },
            "tokens": {"key": KEY, "issuer": "hospital", "audience": "edge"},
            "released": released,
        }
    )


@dataclass
class GuardedEdge:
    """A guarded edge with PACS and MIMS behind it, and the target file that leads to it."""

    folder: Path
    within: float = 1.5  # seconds that the target file grants an audit message
    limit: float = LIMIT  # and a decision without the authenticator's answer
    site: Site = field(init=False)
    warm: bool = False  # the checks ask for what of the corpus they need

    def __post_init__(self) -> None:
        self.receiver_port, ports = free_port(), (free_udp_port(), free_udp_port())
        collector = free_udp_port()
        released = self.folder / "released"
        self.guard = Guard(
            self.folder / "guard",
            rules(ports, ("PACS", "MIMS"), released),
            "EDGE",
            collector=("127.0.0.1", collector),
        )
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
        self.target.write_text(
            self._target_file(ports, collector, released, supervisor), encoding="utf-8"
        )

    def _restart(self) -> None:
        edge = self.site.edge
        edge.stop()
        self.guard.stop()
        self.guard.start()
        edge.start()

    def _target_file(
        self, ports: tuple[int, int], collector: int, released: Path, supervisor: Supervisor
    ) -> str:
        claims = ", ".join(f'"{claim}"' for claim in CLAIMS)
        people = "".join(
            f'[users.{part}]\nname = "{name}"\npasscode = "{passcode}"\n\n'
            for part, (name, passcode) in PEOPLE.items()
        )
        line = r'"$STEPWEDGE_USER $STEPWEDGE_STUDY"'
        release = f"echo {line} >> {released}"
        withdraw = f"grep -vxF {line} {released} > {released}.new; mv {released}.new {released}"
        return (
            f'name = "edge"\nhost = "127.0.0.1"\nport = {self.site.edge.ports[0]}\n'
            f'ae_title = "EDGE"\nclaims = [{claims}]\n\n'
            "[timeouts]\nnegotiate = 8\nresponse = 5\nrelease = 2\n\n"
            f"[receiver]\nport = {self.receiver_port}\n\n{people}"
            f'[access]\noutside = "OUTSIDE"\necho_only = "ECHOONLY"\nstore_only = "STOREONLY"\n'
            f'bound = "BOUND"\nbound_address = "127.0.0.2"\nelsewhere = "127.0.0.1"\n'
            f"release = '''{release}'''\nwithdraw = '''{withdraw}'''\n"
            f'logs = ["{self.guard.log}"]\n\n'
            f"[authenticator]\nport = {ports[0]}\naccounting_port = {ports[1]}\n"
            f'secret = "{SECRET}"\nlimit = {self.limit}\n\n'
            f'[tokens]\nkey = "{KEY}"\nissuer = "hospital"\naudience = "edge"\n\n'
            f"[audit]\nport = {collector}\nwithin = {self.within}\n\n"
            f'[management]\nrestart = "{supervisor.requests["restart"]}"\n'
        )

    def use(self, defects: Collection[str]) -> None:
        """Switches to these defects; to none puts the edge back as it was."""
        self.site.edge.use(defects)

    def close(self) -> None:
        """Ends everything."""
        self._open.close()


def free_udp_port() -> int:
    """A UDP port of loopback that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
