"""Targets over TLS: every way in which the two sides can miss each other is told by its cause."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepwedge.cli.main import run
from stepwedge.errors import Exit
from stepwedge.fixtures.certificates import Authority, Certificates, pem
from stepwedge.fixtures.reference import ReferencePacs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `stepwedge certificates` makes."""
    folder = tmp_path_factory.mktemp("certificates")
    Certificates().write(folder)
    (folder / "other-ca.pem").write_bytes(pem(Authority("Another CA").certificate))
    return folder


@pytest.fixture
def secure(tmp_path: Path, folder: Path) -> Iterator[ReferencePacs]:
    with ReferencePacs(tmp_path / "pacs", tls=folder, max_associations=4) as pacs:
        yield pacs


@pytest.fixture
def clear(tmp_path: Path) -> Iterator[ReferencePacs]:
    with ReferencePacs(tmp_path / "pacs") as pacs:
        yield pacs


@pytest.fixture
def target(tmp_path: Path) -> Callable[[int, str], str]:
    """Writes a target file."""

    def write(port: int, rest: str = "") -> str:
        file = tmp_path / "target.toml"
        file.write_text(
            f'host = "127.0.0.1"\nport = {port}\nae_title = "REFERENCE"\n'
            f"[timeouts]\nconnect = 1\nnegotiate = 1\n{rest}",
            encoding="utf-8",
        )
        return str(file)

    return write


def test_an_echo_over_tls_says_with_what(
    secure: ReferencePacs,
    target: Callable[[int, str], str],
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The run, the doctor and the report's first screen name version, suite and certificate."""
    file = target(secure.port, f'[tls]\ncertificates = "{folder}"\n')
    assert run(["doctor", "--target", file]) == Exit.HELD
    said = "TLSv1.3 TLS_AES_256_GCM_SHA384"
    out = capsys.readouterr().out
    assert said in out
    assert "BCP 195 RFC 8996, 9325 TLS (PS3.15 B.12)" in out
    runs = tmp_path / "runs"
    assert run(["check", "ECHO-001", "--target", file, "--runs", str(runs)]) == Exit.HELD
    assert said in capsys.readouterr().out
    (report,) = runs.glob("*/report.html")
    html = report.read_text(encoding="utf-8")
    assert said in html
    assert "certificate CN=server, issued by CN=Stepwedge throw-away CA, valid until" in html


def _tls(folder: Path, rest: str = "") -> str:
    return f'[tls]\ncertificates = "{folder}"\n{rest}\n'


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "speaks TLS, and we spoke in clear: write a [tls] table"),
        (
            'certificates = "{folder}"\nca = "{folder}/other-ca.pem"',
            "its certificate is not from an authority that we trust",
        ),
        (
            'certificates = "{folder}"\nserver_name = "pacs.example"',
            "its certificate does not carry the name pacs.example",
        ),
        ('ca = "{folder}/ca.pem"', "it demands a certificate of us"),
        ('ca = "{folder}/ca.pem"\nminimum = "1.0"', "it demands a certificate of us"),
        (
            'ca = "{folder}/ca.pem"\ncertificate = "{folder}/refused/unknown-ca.pem"\n'
            'key = "{folder}/refused/unknown-ca.key"',
            "it does not know the authority of our certificate",
        ),
        (
            'ca = "{folder}/ca.pem"\ncertificate = "{folder}/refused/revoked.pem"\n'
            'key = "{folder}/refused/revoked.key"',
            "it says that our certificate has been revoked",
        ),
        (
            'ca = "{folder}/ca.pem"\ncertificate = "{folder}/refused/wrong-usage.pem"\n'
            'key = "{folder}/refused/wrong-usage.key"',
            "it does not take this kind of certificate",
        ),
    ],
)
def test_a_secure_target_that_cannot_be_tested_says_why(
    secure: ReferencePacs,
    target: Callable[[int, str], str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    table: str,
    said: str,
) -> None:
    """Exit code 3 and the cause: no TLS of ours, whom we trust, its name, what we show."""
    file = target(secure.port, ("[tls]\n" + table.format(folder=folder)) if table else "")
    code = run(["doctor", "--target", file])
    assert code == Exit.NOT_REACHABLE
    assert said in " ".join(capsys.readouterr().out.split())


def test_tls_on_a_clear_port_is_told(
    clear: ReferencePacs,
    target: Callable[[int, str], str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A target that speaks in clear is recognised by trying."""
    file = target(clear.port, _tls(folder))
    code = run(["doctor", "--target", file])
    assert code == Exit.NOT_REACHABLE
    said = " ".join(capsys.readouterr().out.split())
    assert "speaks DICOM in clear, and we spoke TLS: say enabled = false in [tls]" in said


def test_a_port_that_says_nothing_is_told(
    target: Callable[[int, str], str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A handshake that is not answered ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = target(silent.getsockname()[1], _tls(folder))
        code = run(["doctor", "--target", file])
    assert code == Exit.NOT_REACHABLE
    assert "it does not finish the handshake in time" in " ".join(capsys.readouterr().out.split())


def test_nothing_there_is_no_matter_of_tls(
    target: Callable[[int, str], str],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """A refused connection is told as one."""
    with socket.socket() as bound:  # and not listening; held, so that nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        file = target(bound.getsockname()[1], _tls(folder))
        code = run(["doctor", "--target", file])
    assert code == Exit.NOT_REACHABLE
    assert "Connection refused" in " ".join(capsys.readouterr().out.split())


def test_a_stalled_handshake_holds_nobody_up(
    secure: ReferencePacs, target: Callable[[int, str], str], folder: Path, tmp_path: Path
) -> None:
    """Handshakes happen in the threads of their associations, and leave none behind."""
    before = threading.active_count()
    stalled = [socket.create_connection(("127.0.0.1", secure.port)) for _ in range(8)]
    file = target(secure.port, _tls(folder))
    runs = str(tmp_path / "runs")
    assert run(["check", "ECHO-001", "--target", file, "--runs", runs]) == Exit.HELD
    for connection in stalled:
        connection.close()
    secure.stop()
    assert threading.active_count() <= before


def test_a_retired_profile_is_noted(
    secure: ReferencePacs, target: Callable[[int, str], str], folder: Path, tmp_path: Path
) -> None:
    """What is claimed but retired stands in the report, and its checks are not claimed."""
    file = target(secure.port, _tls(folder, 'profile = "aes"'))
    runs = tmp_path / "runs"
    assert run(["check", "ECHO-001", "--target", file, "--runs", str(runs)]) == Exit.HELD
    (report,) = runs.glob("*/report.html")
    assert "AES TLS Secure Transport Connection Profile (PS3.15 B.3), which the standard has" in (
        report.read_text(encoding="utf-8")
    )
