"""Real servers come up with the configuration made for them, serve, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stepwedge.errors import StepwedgeError, UsageError
from stepwedge.fixtures.edge.process import serving
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.servers import (
    SERVERS,
    Dcmqrscp,
    LaunchedServer,
    Orthanc,
    Storescp,
    Wlmscpfs,
)
from stepwedge.fixtures.servers.launch import answers_echo, free_port
from stepwedge.synthetic import Hospital
from stepwedge.synthetic.worklists import write_worklist


def group_is_gone(pid: int) -> bool:
    """Whether no process of a group is left; zombies that init has not reaped do not count."""
    listing = subprocess.run(
        ["ps", "-o", "stat=", "-g", str(pid)], capture_output=True, text=True, check=False
    )
    return all(line.startswith("Z") for line in listing.stdout.split())


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_comes_up_and_leaves_no_process(name: str, tmp_path: Path) -> None:
    """Each answers an echo, knows its version, logs, survives a restart and ends whole."""
    server = SERVERS[name](tmp_path)
    with server:
        pid, port = server.pid, server.port
        assert pid is not None
        assert answers_echo(server.host, server.port, server.ae_title, 2)
        assert server.version[0].isdigit()
        assert server.log.exists()
        assert server.environment["TCP_NODELAY"] == "1"
        server.restart()
        assert server.port == port
        assert server.pid not in (None, pid)
        pid = server.pid
    assert server.pid is None
    assert pid is not None and group_is_gone(pid)


@pytest.mark.parametrize("name", ["orthanc", "dcmqrscp"])
def test_an_archive_stores_finds_and_moves(
    name: str, tmp_path: Path, make_file: Callable[[int], Path], dcmtk: Callable[..., str]
) -> None:
    """An archive that was launched moves what it was sent to a destination named at launch."""
    with (
        Receiver() as receiver,
        SERVERS[name](
            tmp_path / name, destinations={"STEPWEDGE": (receiver.host, receiver.port)}
        ) as server,
    ):
        at = ("-aec", server.ae_title, server.host, str(server.port))
        dcmtk("storescu", *at, str(make_file(1)), str(make_file(2)))
        dcmtk(
            "movescu", "-S", "-aet", "STEPWEDGE", "-aem", "STEPWEDGE", *at,
            "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.826.1",
        )  # fmt: skip
        assert len(receiver.wait(2, 0, 10)) == 2


def test_forked_children_end_with_their_server(tmp_path: Path) -> None:
    """A child process that serves an association is ended with its parent."""
    server = Dcmqrscp(tmp_path).start()
    pid = server.pid
    assert pid is not None
    with socket.create_connection((server.host, server.port)) as connection:
        # An association that never says anything keeps a child busy.
        server.stop()
        connection.settimeout(5)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(1) == b""
    assert group_is_gone(pid)


def test_a_killed_server_can_be_started_again(tmp_path: Path) -> None:
    """`kill` ends it as a crash would; it comes back on the same port."""
    with Storescp(tmp_path) as server:
        port = server.port
        server.kill()
        assert server.pid is None
        assert not answers_echo(server.host, port, server.ae_title, 1)
        server.start()
        assert server.port == port


def test_nodelay_can_be_left_off(tmp_path: Path) -> None:
    """Without `no_delay` the environment has no TCP_NODELAY, whatever ours has."""
    server = Dcmqrscp(tmp_path, no_delay=False, environment={"TCP_NODELAY": "1", "A": "b"})
    assert "TCP_NODELAY" not in server.environment
    assert server.environment["A"] == "b"


def test_a_missing_program_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is not installed is wrong usage, and the package is named."""
    monkeypatch.setattr(Wlmscpfs, "program", "/usr/bin/no-such-wlmscpfs")
    with pytest.raises(UsageError, match="apt-get install dcmtk"):
        Wlmscpfs(tmp_path).start()


def test_a_taken_port_is_wrong_usage(tmp_path: Path) -> None:
    """A port that was asked for and is taken is reported, not replaced."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        server = Storescp(tmp_path, port=port)
        with pytest.raises(UsageError, match=f"127.0.0.1:{port}: the port is taken"):
            server.start()
    assert server.pid is None


def test_a_server_that_answers_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    """A port on which another DICOM server answers is taken, by whatever edge or archive."""
    with Storescp(tmp_path / "there") as there:
        with pytest.raises(UsageError, match="the port is taken"):
            Storescp(tmp_path / "here", port=there.port).start()
        with (
            pytest.raises(UsageError, match="the port is taken"),
            serving(
                tmp_path / "edge",
                host=there.host,
                ports=[free_port(), there.port],
                ae_title="EDGE",
                destinations={"STEPWEDGE": (there.host, free_port())},
                other_receiver=free_port(),
                management_port=free_port(),
                allow=(),
            ),
        ):
            raise AssertionError("it came up")


def test_a_port_that_is_lost_in_the_race_is_chosen_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another process takes the free port first, another one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        ports = [holder.getsockname()[1], free_port()]
        monkeypatch.setattr(
            LaunchedServer,
            "choose_ports",
            lambda self: setattr(self, "port", ports.pop(0)),
        )
        with Storescp(tmp_path) as server:
            assert server.port != holder.getsockname()[1]
    assert ports == []


def test_a_server_that_does_not_come_up_shows_its_log(tmp_path: Path) -> None:
    """The end of the log is in the error."""
    with pytest.raises(StepwedgeError, match="no-such-option"):
        Dcmqrscp(tmp_path, options=["--no-such-option"]).start()


@pytest.mark.parametrize("arguments", [["reference"], ["dcmqrscp"]])
def test_serve_runs_until_it_is_told_to_stop(arguments: list[str]) -> None:
    """`serve` says where it listens, prints a target, and ends cleanly on SIGTERM."""
    process = subprocess.Popen(
        [
            sys.executable, "-c", "from stepwedge.fixtures.commands import serve; serve()",
            *arguments, "--port", "0",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(5)]
        assert f"{arguments[0]}" in said[0] and "listening on 127.0.0.1:" in said[0]
        assert said[3].startswith("port = ") and said[4].startswith("ae_title = ")
        port, ae_title = int(said[3].split("=")[1]), said[4].split('"')[1]
        assert answers_echo("127.0.0.1", port, ae_title, 2)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_an_echo_at_nobody_is_no_answer() -> None:
    """A closed port is no answer, and is found out at once."""
    began = time.monotonic()
    assert not answers_echo("127.0.0.1", free_port(), "NOBODY", 5)
    assert time.monotonic() - began < 2


def test_a_worklist_is_served_by_wlmscpfs_and_orthanc(
    tmp_path: Path, worklist_item: Callable[[Path], None], dcmtk: Callable[..., str]
) -> None:
    """Worklist items that are put into the folder are found."""
    folder = tmp_path / "items"
    folder.mkdir()
    worklist_item(folder / "one.wl")
    file_server = Wlmscpfs(tmp_path / "wlmscpfs")
    file_server.worklists.mkdir(parents=True)
    worklist_item(file_server.worklists / "one.wl")
    for server in (file_server, Orthanc(tmp_path / "orthanc", worklists=folder)):
        with server:
            said = dcmtk(
                "findscu", "-W", "-aec", server.ae_title, server.host, str(server.port),
                "-k", "PatientName", "-k", "ScheduledProcedureStepSequence[0].Modality=CT",
            )  # fmt: skip
        assert "Wedge^Step" in said


class _Strict(Wlmscpfs):
    """wlmscpfs as it comes: it rejects items that lack an attribute of type 1."""

    def command(self) -> Sequence[str | Path]:
        return [part for part in super().command() if part != "-dfr"]


def test_the_orders_of_a_hospital_are_served(tmp_path: Path, dcmtk: Callable[..., str]) -> None:
    """wlmscpfs takes every written item for complete, and finds exactly those of a station."""
    server = _Strict(tmp_path / "server")
    studies = list(Hospital(7, "orders", matrix=16).studies(12))
    assert write_worklist(studies, server.worklists) == len(studies)
    with server:
        for modality in sorted({study.series[0].modality for study in studies}):
            said = dcmtk(
                "findscu", "-W", "-aec", server.ae_title, server.host, str(server.port),
                "-k", "StudyInstanceUID", "-k",
                f"ScheduledProcedureStepSequence[0].ScheduledStationAETitle=SW{modality}1",
            )  # fmt: skip
            assert {study.uid for study in studies if study.uid in said} == {
                study.uid for study in studies if study.series[0].modality == modality
            }
