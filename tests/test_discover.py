"""What is drafted from a server is what the checks then see of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwedge.cli.main import run
from stepwedge.errors import Exit
from stepwedge.events import ClaimJudged
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.servers import SERVERS
from stepwedge.record import read_events
from stepwedge.statement import load_statement
from stepwedge.verdicts import Standing


@pytest.mark.parametrize(
    "name",
    [
        "dcmqrscp",
        pytest.param("orthanc", marks=pytest.mark.long),
        pytest.param("reference", marks=pytest.mark.long),
    ],
)
def test_a_draft_that_is_checked_has_no_broken_claim(name: str, tmp_path: Path) -> None:
    """Discovered, read back and verified: every claim that can be tried is kept."""
    with Receiver() as receiver:
        port = receiver.port
    claims = tmp_path / "claims.toml"
    target = tmp_path / "target.toml"
    destinations = {"STEPWEDGE": ("127.0.0.1", port)}
    with SERVERS[name](tmp_path / "server", destinations=destinations) as server:
        target.write_text(
            f'host = "{server.host}"\nport = {server.port}\nae_title = "{server.ae_title}"\n'
            f"[receiver]\nport = {port}\n",
            encoding="utf-8",
        )
        assert run(["discover", "--target", str(target), "--output", str(claims)]) == Exit.HELD
        code = run(
            [
                *("check", "--target", str(target), "--claims", str(claims)),
                *("--service", "statement", "--runs", str(tmp_path / "runs")),
            ]
        )
    (folder,) = (tmp_path / "runs").iterdir()
    judged = [event for event in read_events(folder) if isinstance(event, ClaimJudged)]
    broken = [f"{one.subject} {one.aspect}: {one.seen}" for one in judged if
              one.standing is Standing.BROKEN]  # fmt: skip
    assert broken == []
    assert code == Exit.HELD
    assert sum(one.standing is Standing.KEPT for one in judged) > 100


def test_a_draft_without_storing_says_what_is_missing(tmp_path: Path) -> None:
    """With --no-store only negotiation is looked at, and the file says so."""
    with SERVERS["dcmqrscp"](tmp_path / "server") as server:
        claims = tmp_path / "claims.toml"
        code = run(
            [
                *("discover", "--no-store", "--associations", "2", "--output", str(claims)),
                *("--pacs-host", server.host, "--pacs-port", str(server.port)),
                *("--pacs-aet", server.ae_title),
            ]
        )
    assert code == Exit.HELD
    assert "Nothing was stored" in claims.read_text(encoding="utf-8")
    statement = load_statement(claims)
    assert statement.limits.max_pdu == 65536 and not statement.keys


def test_nobody_there_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A target that does not answer ends with its own exit code."""
    with Receiver() as receiver:
        port = receiver.port
    words = ["--pacs-host", "127.0.0.1", "--pacs-port", str(port), "--pacs-aet", "X"]
    assert run(["discover", *words]) == Exit.NOT_REACHABLE
    assert "does not take a connection" in capsys.readouterr().err
