"""`stepwedge matrix`: real servers × checks, started, checked and written down by one command.

Each server is launched with a configuration made for it, held to what its documentation claims and
to the baseline of what is known of it, and stopped.  The page is drawn from the run records.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stepwedge.errors import StepwedgeError, UsageError

if TYPE_CHECKING:
    from stepwedge.fixtures.servers.subjects import Subject
    from stepwedge.reports.servers import Verified

RECEIVER = "STEPWEDGE"

# The file beside a server's runs that says its version.
_VERSION = "version"


@click.command()
@click.option(
    "--servers",
    default="all",
    show_default=True,
    help="Which, by name and separated by commas; an unknown name lists them.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write the page (Markdown) here.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    help="Keep the runs in this folder; without it they are gone afterwards.",
)
@click.option("--service", "services", multiple=True, help="Only the checks of this service.")
@click.option("--hostile", is_flag=True, help="Hostile input instead of the ordinary suites.")
@click.option("--redraw", is_flag=True, help="Run nothing: draw the page from the runs in --runs.")
def matrix(
    servers: str,
    output: Path | None,
    runs: Path | None,
    services: Sequence[str],
    hostile: bool,
    redraw: bool,
) -> None:
    """Check real servers side by side and write the matrix of servers and checks.

    Servers whose program is not installed are left out, and named.  What was kept can be drawn
    again, for instance when the reasons of deviations have been written into a baseline.
    """
    if redraw and runs is None:
        raise UsageError("--redraw draws what was kept", "name its folder with --runs")
    from stepwedge.reports import servers as page

    verified: list[Verified] = []
    with _folder(runs) as folder:
        for subject in _subjects(servers, hostile):
            click.echo(f"{subject.name} …", err=True)
            try:
                if not redraw:
                    run_suites(subject, folder, services, hostile)
                verified.append(read_back(subject, folder, hostile))
            except UsageError as missing:
                click.echo(f"{subject.name} is left out: {missing.problem}", err=True)
        if not verified:
            raise StepwedgeError("no server could be checked", "the lines above say why")
        text = page.draw(verified, page.HOSTILE if hostile else page.ORDINARY)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(output)


def _subjects(names: str, hostile: bool) -> list[Subject]:
    from stepwedge.fixtures.servers.subjects import HOSTILE, SUBJECTS

    if names == "all":
        return [SUBJECTS[name] for name in HOSTILE] if hostile else list(SUBJECTS.values())
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in SUBJECTS:
            raise UsageError(f"no server is called {name!r}", f"known are {', '.join(SUBJECTS)}")
    return [SUBJECTS[name] for name in wanted]


@contextlib.contextmanager
def _folder(runs: Path | None) -> Iterator[Path]:
    if runs is not None:
        yield runs
        return
    with tempfile.TemporaryDirectory(prefix="stepwedge-") as folder:
        yield Path(folder)


def verify(
    subject: Subject, runs: Path, services: Sequence[str] = (), hostile: bool = False
) -> Verified:
    """Starts one server, runs the suites against it and reads the record back.

    Raises as `run_suites` and `read_back` do.
    """
    run_suites(subject, runs, services, hostile)
    return read_back(subject, runs, hostile)


def run_suites(
    subject: Subject, runs: Path, services: Sequence[str] = (), hostile: bool = False
) -> None:
    """Starts one server and runs the suites against it; records go below `runs`.

    With `hostile` it is the suite of hostile input, which is then allowed, and has a baseline of
    its own.

    Raises UsageError when the server is not installed, StepwedgeError when no record came of it.
    """
    from stepwedge.fixtures.servers import baseline_of, claims_of
    from stepwedge.fixtures.servers.launch import free_port

    folder = runs / subject.name
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    server = subject.make(folder / "server", {RECEIVER: ("127.0.0.1", port)})
    with server:
        target = folder / "target.toml"
        claims = ", ".join(f'"{claim}"' for claim in subject.claims or subject.beside)
        said = f"claims = [{claims}]\n"
        if not subject.claims:
            said += f'claims_file = "{claims_of(subject.name)}"\n'
        target.write_text(
            f'name = "{subject.name}"\nhost = "{server.host}"\nport = {server.port}\n'
            f'ae_title = "{server.ae_title}"\n{said}'
            + ('allow = ["robustness", "destructive"]\n' if hostile else "")
            + "[timeouts]\nresponse = 10\n"
            f'[receiver]\nae_title = "{RECEIVER}"\nport = {port}\n{server.web_table}',
            encoding="utf-8",
        )
        command = [
            *(sys.executable, "-m", "stepwedge", "check", "--target", target, "--runs", folder),
            *("--baseline", baseline_of(subject.name, hostile)),
        ]
        for service in ("robustness",) if hostile else services or subject.services:
            command += ["--service", service]
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False
        )
        (folder / _VERSION).write_text(server.version, encoding="utf-8")
    if not list(folder.glob("*/events.ndjson")):
        raise StepwedgeError(f"the run against {subject.name} left no record", done.stderr[-2000:])


def read_back(subject: Subject, runs: Path, hostile: bool = False) -> Verified:
    """What the last run against a server came to, beside what is known of it.

    Raises UsageError when there is none.
    """
    from stepwedge.baseline import load_baseline
    from stepwedge.fixtures.servers import baseline_of
    from stepwedge.reports.model import read_view
    from stepwedge.reports.servers import Verified

    folder = runs / subject.name
    records = sorted(folder.glob("*/events.ndjson"))
    if not records or not (folder / _VERSION).exists():
        raise UsageError(f"{folder} keeps no run", "run it, without --redraw")
    return Verified(
        subject.name,
        subject.title,
        (folder / _VERSION).read_text(encoding="utf-8"),
        subject.claims,
        load_baseline(baseline_of(subject.name, hostile)),
        read_view(records[-1].parent),
        subject.beside,
    )
