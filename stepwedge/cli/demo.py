"""`stepwedge demo`: the main job without any set-up.

Starts a server, runs the conformance suite and a short load against it, writes the report and says
where it is.  Its known deviations are a baseline, so the demo fails only when something changed.
Everything, the server's own files and log included, stays in the run's folder.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from stepwedge import run as runs_of
from stepwedge.cli.check import run_suites
from stepwedge.defaults import DEFAULT_SEED
from stepwedge.errors import Exit, StepwedgeError, UsageError
from stepwedge.events import Note
from stepwedge.options import runs_option
from stepwedge.record import Record
from stepwedge.target import Target, load_target

if TYPE_CHECKING:
    from stepwedge.fixtures.servers import LaunchedServer
    from stepwedge.loadtests.scenarios import Scenario

RECEIVER = "STEPWEDGE"


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that the demo can start, and what it claims over TLS beside its claims file."""

    name: str
    tls_claims: tuple[str, ...] = ()
    scenario: str = "first"
    levels: tuple[str, ...] = ()  # in place of the scenario's own


_SOUND = ("errors == 0", "dropped == 0", "lost == 0")
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "reference",
            tls_claims=("tls.client-certificate", "tls.revocation", "tls.modified-bcp195"),
        ),
        Kind("orthanc", tls_claims=("tls.client-certificate",)),
        Kind("dcmqrscp"),
        # Its readers give it time to send on what it has taken.  The scenario's own levels are for
        # a machine that has nothing else to do.
        Kind("edge", scenario="edge", levels=(*_SOUND, "store.response.p95 < 2s")),
        Kind("orthanc-edge"),
    )
}
# Ports of the demo's edge: free ones, not the usual 2104 to 2111, which may be taken.
_EDGE_PORTS = 8


@click.command()
@click.option(
    "--target",
    "name",
    default="reference",
    show_default=True,
    help=f"The server to start: {', '.join(KINDS)}.",
)
@runs_option
@click.option("--tls", is_flag=True, help="Speak TLS with it, in both directions.")
@click.option("--load-seconds", type=float, default=15.0, show_default=True, help="Length of load.")
def demo(name: str, runs: Path, tls: bool, load_seconds: float) -> int:
    """Start a server, check it, load it, and write the report."""
    kind = KINDS.get(name)
    if kind is None:
        raise UsageError(f"the demo cannot start {name!r}", f"it starts {', '.join(KINDS)}")
    if tls and kind.name in _SITES:
        raise UsageError("the demo's edge speaks no TLS", "leave TLS out, or try another target")
    console = Console(highlight=False)
    # A length that cannot work must show before all the rest.
    scenario = _scenario(kind, load_seconds)
    began = time.time()
    with Record.create(runs, kind.name) as record:
        folder = record.folder
        console.print(f"[bold]1[/] starting {kind.name}")
        with _started(kind, folder, tls) as target:
            runs_of.start(record, target, DEFAULT_SEED, ["stepwedge", *sys.argv[1:]])
            record.close()
            interrupted, load_code = _stages(console, target, folder, scenario)
    result = runs_of.finish(Record.open(folder), began, interrupted)
    _report(console, folder, began)
    # A load that broke is not in the record's sums; it must not look like one that held.
    return int(result.exit_code or load_code)


def _stages(console: Console, target: Target, folder: Path, scenario: Scenario) -> tuple[bool, int]:
    """The conformance suite, then the load: whether the user stopped it, and the load's code."""
    from stepwedge.fixtures.servers import baseline_of

    console.print(f"[bold]2[/] conformance suite against {escape(target.ae_title)}")
    file = folder / "target.toml"
    code = run_suites(
        ["--target", str(file), "--run", str(folder), "--baseline", str(baseline_of(target.name))]
    )
    if code == 2:  # pytest's own code for an interrupt
        return True, int(Exit.HELD)
    console.print(f"[bold]3[/] a load of {scenario.seconds:g} s")
    try:
        return False, _load(target, folder, scenario)
    except KeyboardInterrupt:
        return True, int(Exit.HELD)
    except StepwedgeError as error:
        # The conformance part stands; the report must still be written, and say what is missing.
        console.print(f"[red]the load failed:[/] {escape(str(error))}")
        with Record.open(folder) as record:
            record.emit(Note(at=time.time(), severity="problem", text=f"the load failed: {error}"))
        return False, int(error.exit_code)


def _scenario(kind: Kind, seconds: float) -> Scenario:
    from stepwedge.loadtests.settings import resolve_scenario

    return resolve_scenario(kind.scenario, seconds, None, None, None, kind.levels)


def _load(target: Target, folder: Path, scenario: Scenario) -> int:
    from stepwedge.loadtests.commands import run_load
    from stepwedge.loadtests.settings import Settings

    settings = Settings(target=target, scenario=scenario, run_folder=folder)
    settings.check()
    return run_load(settings, summary=False)


def _report(console: Console, folder: Path, began: float) -> None:
    from stepwedge.reports import summary
    from stepwedge.reports.draw import draw_all
    from stepwedge.reports.model import read_view

    paths = draw_all(folder)
    console.print()
    console.print(summary.summary(read_view(folder)))
    console.print(f"\nfinished in {time.time() - began:.0f} s; the report is")
    for path in paths:
        click.echo(path)


@contextlib.contextmanager
def _started(kind: Kind, folder: Path, tls: bool) -> Iterator[Target]:
    """Starts a server below the run's folder, and writes the target file that leads to it."""
    from stepwedge.fixtures.certificates import Certificates
    from stepwedge.fixtures.servers import SERVERS, ServerTls
    from stepwedge.fixtures.servers.reference import Reference
    from stepwedge.fixtures.servers.subjects import schedule

    own = folder / "server"
    if kind.name in _SITES:
        own.mkdir()
        with _SITES[kind.name](own) as file:
            shutil.copy(file, folder / "target.toml")
            yield load_target(folder / "target.toml", environment={})
        return
    port = _free_port()
    secured = ServerTls(own / "certificates", destinations=True) if tls else None
    destinations = {RECEIVER: ("127.0.0.1", port)}
    server = SERVERS[kind.name](own, destinations=destinations, tls=secured)
    if secured is not None:
        Certificates().write(secured.folder)
    if isinstance(server, Reference):
        schedule(server.worklists)
    with server:
        yield _target(kind, server, folder, port)


def _edge(folder: Path) -> AbstractContextManager[Path]:
    from stepwedge.fixtures.access.example import Example
    from stepwedge.fixtures.edge.process import serving
    from stepwedge.fixtures.servers.launch import free_udp_port

    def guarded(released: Path) -> Example:
        return Example((free_udp_port(), free_udp_port()), free_udp_port(), released)

    *ports, receiver, other, management = _free_ports(_EDGE_PORTS + 3)
    return serving(
        folder,
        host="127.0.0.1",
        ports=ports,
        ae_title="EDGE",
        destinations={RECEIVER: ("127.0.0.1", receiver)},
        other_receiver=other,
        management_port=management,
        allow=("load",),
        guarded=guarded,
    )


def _orthanc_edge(folder: Path) -> AbstractContextManager[Path]:
    from stepwedge.fixtures.servers.orthanc_edge import serving

    receiver, other = _free_ports(2)
    return serving(
        folder,
        host="127.0.0.1",
        port=0,
        ae_title="EDGE",
        destinations={RECEIVER: ("127.0.0.1", receiver)},
        other_receiver=other,
        allow=("load",),
    )


# Edges with what lies around them: each is started by what yields the target file that leads to it.
_SITES: dict[str, Callable[[Path], AbstractContextManager[Path]]] = {
    "edge": _edge,
    "orthanc-edge": _orthanc_edge,
}


def _target(kind: Kind, server: LaunchedServer, folder: Path, receiver_port: int) -> Target:
    from stepwedge.fixtures.servers import claims_of

    claimed = (*(kind.tls_claims if server.tls else ()), *(("web",) if server.web else ()))
    claims = ", ".join(f'"{claim}"' for claim in claimed)
    file = folder / "target.toml"
    file.write_text(
        f'name = "{kind.name}"\nhost = "{server.host}"\nport = {server.port}\n'
        f'ae_title = "{server.ae_title}"\nclaims = [{claims}]\n'
        f'claims_file = "{claims_of(kind.name)}"\nallow = ["load"]\n\n'
        f'[receiver]\nae_title = "{RECEIVER}"\nport = {receiver_port}\n'
        + _tls_table(server)
        + server.web_table,
        encoding="utf-8",
    )
    return load_target(file, environment={})


def _tls_table(server: LaunchedServer) -> str:
    if server.tls is None:
        return ""
    return f'\n[tls]\ncertificates = "{server.tls.folder}"\nreceiver = true\n'


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        listening = [
            held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(one.getsockname()[1]) for one in listening]


def _free_port() -> int:
    return _free_ports(1)[0]
