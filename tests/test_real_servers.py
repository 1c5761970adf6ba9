"""The suites against real servers: every verdict as their baselines say, in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.check import suites_arguments
from stepwedge.events import BaselineCompared, CheckFinished
from stepwedge.fixtures.certificates import Certificates
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.servers import SERVERS, ServerTls, baseline_of, claims_of
from stepwedge.fixtures.servers.orthanc_edge import serving


class Listener:
    """Collects what a run says."""

    def __init__(self) -> None:
        self.checks: list[CheckFinished] = []
        self.compared: BaselineCompared | None = None

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            self.checks.append(event)
        elif isinstance(event, BaselineCompared):
            self.compared = event


# What is run over TLS, unless all is: of each service some, in both directions, and of TLS what
# waits for nothing.
OVER_TLS = ("TLS-0", "ASSOC-0", "ECHO", "STORE-0", "FIND-0", "MOVE-00", "GET-0")
# What is run in clear on the reference, unless all is: everything passes over TLS elsewhere.
IN_CLEAR = ("ASSOC", "ECHO", "FIND", "MOVE-0", "COMMIT", "CLAIM")
CLAIMS = {
    "reference": ("tls.client-certificate", "tls.revocation", "tls.modified-bcp195"),
    "orthanc": ("tls.client-certificate",),
}


@pytest.mark.parametrize(
    ("name", "tls", "only"),
    [
        ("reference", False, IN_CLEAR),
        ("orthanc", False, ()),
        ("dcmqrscp", False, ()),
        ("reference", True, OVER_TLS),
        ("orthanc", True, OVER_TLS),
        pytest.param("reference", False, (), marks=pytest.mark.long),
        pytest.param("reference", True, (), marks=pytest.mark.long),
        pytest.param("orthanc", True, (), marks=pytest.mark.long),
    ],
)
def test_the_suites_find_what_is_known_and_nothing_else(
    name: str, tls: bool, only: tuple[str, ...], tmp_path: Path
) -> None:
    """A new deviation fails here, and so does one that is gone but still in the baseline."""
    with Receiver() as receiver:
        port = receiver.port
    secured = ServerTls(tmp_path / "certificates", destinations=True) if tls else None
    if secured is not None:
        Certificates().write(secured.folder)
    destinations = {"STEPWEDGE": ("127.0.0.1", port)}
    server = SERVERS[name](tmp_path / "server", destinations=destinations, tls=secured)
    with server:
        target = tmp_path / "target.toml"
        table = '[tls]\ncertificates = "certificates"\nreceiver = true\n' if tls else ""
        claims = list(CLAIMS[name]) if tls else []
        target.write_text(
            f'name = "{name}"\nhost = "{server.host}"\nport = {server.port}\n'
            f'ae_title = "{server.ae_title}"\nclaims = {claims}\n'
            f'claims_file = "{claims_of(name)}"\n{table}'
            f"[timeouts]\nresponse = 10\n[receiver]\nport = {port}\n",
            encoding="utf-8",
        )
        _holds(name, target, only)


# What is quick to see of an edge: it is not stopped, and nobody waits for what must not come.
OF_AN_EDGE = (
    *("EDGE-00", "EDGE-01", "EDGE-020", "EDGE-023", "EDGE-030"),
    *("FWD", "MGMT-001", "MGMT-006", "MGMT-040", "MGMT-043", "MGMT-06", "ACCESS-00"),
)


@pytest.mark.parametrize("only", [OF_AN_EDGE, pytest.param((), marks=pytest.mark.long)])
def test_the_suites_of_an_edge_find_what_is_known(only: tuple[str, ...], tmp_path: Path) -> None:
    """Orthanc before another Orthanc, as an edge before its PACS."""
    with Receiver() as receiver, Receiver() as other:
        ports = receiver.port, other.port
    with serving(
        tmp_path / "server",
        host="127.0.0.1",
        port=0,
        ae_title="EDGE",
        destinations={"STEPWEDGE": ("127.0.0.1", ports[0])},
        other_receiver=ports[1],
        allow=(),
    ) as target:
        _holds("orthanc-edge", target, only)


def _holds(name: str, target: Path, only: tuple[str, ...]) -> None:
    """A server's baseline holds for the checks whose ids begin so, or for all."""
    listener, runs = Listener(), target.parent / "runs"
    code = pytest.main(
        [
            *suites_arguments(),
            *("-p", "no:terminal"),
            *("--target", str(target), "--runs", str(runs)),
            *("--baseline", str(baseline_of(name))),
            *(word for id in only for word in ("--check", id)),
        ],
        [listener],
    )
    assert listener.compared is not None
    assert listener.compared.problems == []
    errors = [f"{e.key}: {e.reason}" for e in listener.checks if e.verdict == "error"]
    assert errors == []
    assert code == 0
    (report,) = runs.glob("*/report.html")
    failed = any(e.verdict == "fail" for e in listener.checks)
    blocked = sum(e.verdict == "blocked" for e in listener.checks)
    held = f"Held, but {blocked} could not be tried" if blocked else "Held"
    headline = "Not conformant, as known" if failed else held
    assert f"<strong>{headline}</strong>" in report.read_text(encoding="utf-8")
