"""The command line: every expected error is a sentence and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepwedge.cli.main import COMMANDS, HELP, run
from stepwedge.errors import Exit
from stepwedge.events import CheckFinished
from stepwedge.fixtures import commands
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.record import read_events, verify


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[ReferencePacs]:
    with ReferencePacs(tmp_path / "pacs") as pacs:
        yield pacs


def at(port: int, runs: Path, ae_title: str = "REFERENCE") -> list[str]:
    return [
        *("--pacs-host", "127.0.0.1", "--pacs-port", str(port), "--pacs-aet", ae_title),
        *("--runs", str(runs)),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "no target is named"),
        (["check", "--target", "nowhere.toml"], "there is no target file nowhere.toml"),
        (["chek"], "No such command 'chek'"),
        (["check", "--bogus"], "No such option '--bogus'"),
        (["explain", "FIND-04"], "did you mean FIND-"),
        (["report", "nowhere"], "nowhere is not a run folder"),
        (["demo", "--target", "nope"], "the demo cannot start 'nope'"),
        (["demo", "--target", "edge", "--tls"], "the demo's edge speaks no TLS"),
        (["demo", "--load-seconds", "3"], "nothing is left of a run of 3 s"),
        (["load", "nope", "--pacs-host", "h", "--pacs-port", "1", "--pacs-aet", "X"], "nope"),
        (["check", "--pacs-host", "h", "--pacs-port", "x", "--pacs-aet", "X"], "expected a port"),
    ],
)
def test_wrong_usage_is_explained(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 4 and a sentence on standard error."""
    assert run(arguments) == Exit.WRONG_USAGE
    assert said in capsys.readouterr().err


def test_an_unknown_check_id_is_answered_with_near_ones(
    pacs: ReferencePacs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id that no check has is wrong usage, before anything is sent."""
    assert run(["check", "FINDD-040", *at(pacs.port, tmp_path)]) == Exit.WRONG_USAGE
    assert "no check is called 'FINDD-040'" in capsys.readouterr().err


def test_every_command_has_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`stepwedge --help` lists all commands without importing them."""
    assert COMMANDS.keys() == HELP.keys()
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_a_closed_port_is_not_reachable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, the system's reason, and a report all the same."""
    with socket.socket() as bound:  # and not listening; held, so that nobody else gets the port
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert run(["check", *at(port, tmp_path)]) == Exit.NOT_REACHABLE
    assert "Connection refused" in " ".join(capsys.readouterr().out.split())
    assert list(tmp_path.glob("*/report.html"))


def test_a_taken_port_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also the port that nobody gave."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(commands, "DEFAULT_PORT", port)
        assert run(["serve", "reference"]) == Exit.WRONG_USAGE
    said = " ".join(capsys.readouterr().err.split())
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use." in said
    assert "Give another --port" in said


def test_a_refused_ae_title_says_by_whom_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rejection is told with result, source and reason, and with what it means."""
    with ReferencePacs(tmp_path / "pacs", check_called_ae=True) as pacs:
        code = run(["check", *at(pacs.port, tmp_path, "WRONG")])
    said = " ".join(capsys.readouterr().out.split())
    assert code == Exit.NOT_REACHABLE
    assert "result 1, source 1, reason 7" in said
    assert "correct ae_title" in said


@contextlib.contextmanager
def answering(reply: bytes | None) -> Iterator[int]:
    """A port that takes connections and answers the first bytes with `reply`, or not at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while reply is not None:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(64)
                        connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (None, "takes connections but says nothing"),
        (b"\x15\x03\x01\x00\x02\x02\x32", "speaks TLS, and we spoke in clear"),  # an alert
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no DICOM server listens there"),
    ],
    ids=["hangs", "tls", "http"],
)
def test_what_is_no_dicom_server_is_told_in_words(
    reply: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that hangs, speaks TLS or HTTP ends the run in bounded time with what it may be."""
    with answering(reply) as port:
        target = tmp_path / "t.toml"
        target.write_text(
            f'host = "127.0.0.1"\nport = {port}\nae_title = "X"\n[timeouts]\nnegotiate = 0.5\n'
        )
        code = run(["check", "--target", str(target), "--runs", str(tmp_path)])
    assert code == Exit.NOT_REACHABLE
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_run_leaves_a_sealed_record_and_its_reports(
    pacs: ReferencePacs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """check writes the record, all views of it, and says where the report is."""
    assert run(["check", "ECHO", *at(pacs.port, tmp_path)]) == Exit.HELD
    (folder,) = [path for path in tmp_path.iterdir() if (path / "events.ndjson").exists()]
    assert verify(folder) == []
    assert {path.name for path in folder.iterdir()} >= {
        "report.html", "junit.xml", "allure-results", "traceability.csv",
    }  # fmt: skip
    assert str(folder / "report.html") in capsys.readouterr().out
    assert run(["verify", str(folder)]) == Exit.HELD
    assert run(["report", str(folder)]) == Exit.HELD


def test_an_interrupted_run_still_has_its_report(pacs: ReferencePacs, tmp_path: Path) -> None:
    """Ctrl-C in the middle: what was done until then is recorded, sealed and drawn."""
    words = [sys.executable, "-m", "stepwedge", "check", *at(pacs.port, tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "answers" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(30) == Exit.HARNESS_FAILED
    assert "Interrupted before the end" in rest
    (report,) = tmp_path.glob("*/report.html")
    assert read_events(report.parent)[-1].interrupted  # type: ignore[union-attr]


def test_doctor_says_what_can_be_tested(
    pacs: ReferencePacs, capsys: pytest.CaptureFixture[str]
) -> None:
    """doctor echoes, negotiates each claim's SOP class and offers a line for the target file."""
    code = run(
        [
            "doctor",
            *("--pacs-host", "127.0.0.1"),
            *("--pacs-port", str(pacs.port)),
            "--pacs-aet",
            "R",
        ]
    )
    out = " ".join(capsys.readouterr().out.split())
    assert code == Exit.HELD
    assert "STEPWEDGE_REF" in out
    assert 'claims = ["verification",' in out


def test_a_demo_whose_load_breaks_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The conformance part stands and is reported, but the exit code is the load's."""
    from stepwedge.errors import StepwedgeError

    def breaks(*arguments: object, **options: object) -> int:
        raise StepwedgeError("the load process died")

    monkeypatch.setattr("stepwedge.loadtests.commands.run_load", breaks)
    monkeypatch.setattr("stepwedge.cli.demo.run_suites", lambda arguments: run_one(arguments))
    assert run(["demo", "--runs", str(tmp_path)]) == Exit.HARNESS_FAILED
    assert "the load process died" in capsys.readouterr().out
    (report,) = tmp_path.glob("*/report.html")
    assert "the load process died" in report.read_text(encoding="utf-8")


def test_the_demo_starts_an_edge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An edge in a process of its own is checked as an edge: killed, revived, nothing lost; and it
    shares a study."""
    monkeypatch.setattr(
        "stepwedge.cli.demo.run_suites",
        lambda arguments: run_one(arguments, "EDGE-001", "FWD-040", "SHARE-004"),
    )
    monkeypatch.setattr("stepwedge.cli.demo._load", lambda *arguments: Exit.HELD)
    assert run(["demo", "--target", "edge", "--runs", str(tmp_path)]) == Exit.HELD
    (folder,) = tmp_path.iterdir()
    verdicts = {e.id: str(e.verdict) for e in read_events(folder) if isinstance(e, CheckFinished)}
    assert verdicts and set(verdicts.values()) == {"pass"}


def run_one(arguments: list[str], *checks: str) -> int:
    """The suites, cut down to a few checks."""
    from stepwedge.cli.check import run_suites

    wanted = [word for one in checks or ("ECHO-001",) for word in ("--check", one)]
    return run_suites([*arguments, *wanted])
