"""What the checks need beside the target is tried first: mistakes are sentences and exit codes."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from stepwedge.cli.main import run
from stepwedge.edge import Management
from stepwedge.errors import NotReachable, UsageError
from stepwedge.fixtures.certificates import Certificates
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.readiness import must_be_ready
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.servers.launch import free_port
from stepwedge.target import Target


class _Answers(http.server.BaseHTTPRequestHandler):
    """Answers each path as a management or a stranger would."""

    ANSWERS: ClassVar = {
        "/up/health": (200, b'{"status": "up"}'),
        "/degraded/health": (200, b'{"status": "degraded"}'),
        "/locked/health": (401, b""),
        "/page/health": (200, b"<html>welcome</html>"),
        "/list/health": (200, b"[1]"),
        "/orthanc/system": (200, b'{"Version": "1.12"}'),
        "/ill": (503, b"not well"),
    }

    def do_GET(self) -> None:
        status, body = self.ANSWERS.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """An HTTP server; over TLS where that is asked for.  Its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    if getattr(request, "param", "") == "tls":
        Certificates().write(tmp_path / "certificates")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            tmp_path / "certificates" / "server.pem", tmp_path / "certificates" / "server.key"
        )
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def _look(url: str, **settings: object) -> None:
    Manager(Management.model_validate({"url": url, "timeout": 5, **settings})).look()


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("/up", {"api": "stepwedge"}),
        ("/degraded", {"api": "stepwedge"}),
        ("/orthanc", {"api": "orthanc"}),
        ("", {"health": "GET /ill"}),
        ("/nowhere", {}),
    ],
)
def test_a_management_that_can_be_asked(web: int, path: str, settings: dict[str, str]) -> None:
    """One that answers is taken, be it unwell; one that says no health is not asked."""
    _look(f"http://127.0.0.1:{web}{path}", **settings)


@pytest.mark.parametrize(
    ("path", "settings", "said"),
    [
        ("/locked", {"api": "stepwedge"}, "refuses the credentials"),
        ("/nowhere", {"api": "stepwedge"}, "is no management that can be asked: status 404"),
        ("/page", {"api": "stepwedge"}, "is no management that can be asked: status 200"),
        ("/list", {"api": "stepwedge"}, "is no management that can be asked: status 200"),
        ("/up", {"api": "orthanc"}, "is no management that can be asked: status 404"),
        ("", {"health": "GET /nothing"}, "is no management that can be asked: status 404"),
        ("/up", {"api": "stepwedge", "ca": "/nowhere.pem"}, "is no file of authorities"),
    ],
)
def test_a_management_that_is_none(
    web: int, path: str, settings: dict[str, str], said: str
) -> None:
    """What answers otherwise is a mistake in the target file."""
    with pytest.raises(UsageError, match=said):
        _look(f"http://127.0.0.1:{web}{path}", **settings)


@pytest.mark.parametrize("web", ["tls"], indirect=True)
def test_a_certificate_that_nobody_vouches_for(web: int, tmp_path: Path) -> None:
    """An interface that cannot be trusted is not asked, until its authority is named."""
    url = f"https://127.0.0.1:{web}/up"
    with pytest.raises(UsageError, match="cannot be trusted: TLS: its certificate does not hold"):
        _look(url, api="stepwedge", password=SecretStr("x"))
    _look(url, api="stepwedge", ca=str(tmp_path / "certificates" / "ca.pem"))


def test_tls_to_who_speaks_none(web: int) -> None:
    """https where http is spoken is told apart from a certificate."""
    with pytest.raises(UsageError, match="TLS: the handshake failed"):
        _look(f"https://127.0.0.1:{web}/up", api="stepwedge")


def test_nobody_there() -> None:
    """A port that nothing listens on is not reachable, and the system's reason is said."""
    with pytest.raises(NotReachable, match="Connection refused"):
        _look(f"http://127.0.0.1:{free_port()}", api="stepwedge")


def test_what_speaks_no_http(tmp_path: Path) -> None:
    """A DICOM port is no management, and asking it does not break the harness."""
    with ReferencePacs(tmp_path / "pacs") as pacs, pytest.raises(NotReachable):
        _look(f"http://127.0.0.1:{pacs.port}", api="stepwedge", timeout=0.3)


# What the target file says more, which fixture the checks use, and the words of the answer.
_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"authenticator": {"port": 0}}, "outsiders", "the authenticator has no shared secret"),
    (
        {"authenticator": {"port": "taken", "secret": "x"}},
        "authenticator",
        "the authenticator cannot listen on 127.0.0.1 UDP port",
    ),
    ({"audit": {"port": "taken"}}, "trail", "audit messages cannot listen on 127.0.0.1 UDP port"),
    ({"audit": {"transport": "tls"}}, "trail", "the collector's certificate '' cannot be used"),
    ({"management": {"ca": "/nowhere.pem"}}, "manager", "/nowhere.pem is no file of authorities"),
]


@pytest.fixture
def taken() -> Iterator[int]:
    """A UDP port that somebody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _target(tables: dict[str, Any], port: int = 1) -> Target:
    fields = {"host": "127.0.0.1", "port": port, "ae_title": "EDGE"}
    return Target.model_validate({**fields, **tables})


@pytest.mark.parametrize(("tables", "used", "said"), _MISTAKES)
def test_mistakes_are_found_by_trying(
    taken: int, tables: dict[str, Any], used: str, said: str
) -> None:
    """What we play and what we act by is tried when checks use it, and only for what is claimed."""
    given = {
        table: {key: taken if value == "taken" else value for key, value in keys.items()}
        for table, keys in tables.items()
    }
    claims = ("authentication", "audit", "management")
    target = _target({**given, "claims": claims})
    with pytest.raises(UsageError, match=said):
        must_be_ready(target, {used})
    must_be_ready(target, {"peer"})
    must_be_ready(_target({**given, "claims": ("verification",)}), {used})


def test_whatever_is_claimed_is_tried_when_nobody_knows_the_checks(taken: int) -> None:
    """Under xdist the checks are not known when the run begins."""
    target = _target({"claims": ("audit.query",), "audit": {"port": taken}})
    with pytest.raises(UsageError, match=f"UDP port {taken}"):
        must_be_ready(target, None)


def test_a_target_that_is_down_is_told_before_its_management() -> None:
    """Where nothing answers at all, it is the target that is not reachable."""
    url = f"http://127.0.0.1:{free_port()}"
    management = {"api": "stepwedge", "url": url}
    must_be_ready(_target({"claims": ("management",), "management": management}), {"manager"})


@pytest.mark.parametrize(
    ("check", "table", "said", "code"),
    [
        ("AUDIT-001", "[audit]\nport = {taken}", "cannot listen on 127.0.0.1 UDP port {taken}", 4),
        (
            "MGMT-001",
            '[management]\napi = "stepwedge"\nurl = "http://127.0.0.1:{free}"',
            "http://127.0.0.1:{free} cannot be reached: Connection refused",
            3,
        ),
        ("WEB-003", "", "claims DICOMweb, but its file does not say where that is", 4),
        (
            "WEB-003",
            '[web]\nurl = "http://127.0.0.1:{free}"',
            "http://127.0.0.1:{free} cannot be reached: Connection refused",
            3,
        ),
    ],
)
def test_mistakes_show_before_the_first_check(
    check: str,
    table: str,
    said: str,
    code: int,
    taken: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A sentence and the right exit code, and no run that says nothing was executed."""
    words = {"taken": taken, "free": free_port()}
    with ReferencePacs(tmp_path / "pacs") as pacs:
        file = tmp_path / "target.toml"
        file.write_text(
            f'host = "127.0.0.1"\nport = {pacs.port}\nae_title = "REFERENCE"\n'
            f'claims = ["audit", "management", "web"]\n{table.format(**words)}\n'
        )
        assert run(["check", check, "--target", str(file), "--runs", str(tmp_path)]) == code
    out, err = capfd.readouterr()
    assert said.format(**words) in " ".join((out + err).split())
    assert not list(tmp_path.glob("*/events.ndjson"))
