"""The explorer: what it finds is small, comes from its seed, and can be said again from a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stepwedge.cli.main import run
from stepwedge.errors import Exit, UsageError
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.hostile.explorer import Budget, Explorer
from stepwedge.fixtures.hostile.judge import Judge
from stepwedge.fixtures.hostile.oracle import Due, Oracle, due
from stepwedge.fixtures.hostile.sequence import PDUS, REQUEST, Change, Move, Sequence, load_sequence
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.loadtests.null_scp import NullProcess, NullScp
from stepwedge.synthetic.model import Scope
from stepwedge.target import Target
from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.items import AcceptedContext, ApplicationContext
from stepwedge.wire.pdus import AssociateAC
from stepwedge.wire.policy import Policy

# Longer than silence is waited for, so that no timer of the server's ends what a defect keeps open.
ARTIM, PATIENCE = 20, 10.0
# Where silence is what a defect is about.
SHORT = 0.3


def oracle(port: int, patience: float = PATIENCE) -> Oracle:
    target = Target(
        host="127.0.0.1",
        port=(port,),
        ae_title="REFERENCE",
        allow=frozenset({"robustness"}),
        timeouts={"response": patience},
    )
    return Oracle(Judge(target, Recorder(), Scope(1, "EXPLORE")))


@contextmanager
def pacs(folder: Path, *defects: str) -> Iterator[int]:
    with ReferencePacs(folder, acse_timeout=ARTIM, network_timeout=ARTIM) as server:
        server.use(defects)
        yield server.port


def file_of(
    folder: Path, port: int, allow: str = '"robustness"', patience: float = PATIENCE
) -> str:
    file = folder / "target.toml"
    file.write_text(
        f'host = "127.0.0.1"\nport = {port}\nae_title = "REFERENCE"\nallow = [{allow}]\n'
        f"[timeouts]\nresponse = {patience}\n",
        encoding="utf-8",
    )
    return str(file)


UNKNOWN = Sequence((Move("an unknown PDU"),), associated=False)

# What was found on the way, and is mended.
REGRESSIONS = {
    "a second request overtakes our acceptance": Sequence(
        (Move("A-ASSOCIATE-RQ"), Move("A-ASSOCIATE-RQ")), associated=False
    ),
    "data before the acceptance": Sequence(
        (Move("A-ASSOCIATE-RQ"), Move("C-ECHO")), associated=False
    ),
    "an abort of an unknown source": Sequence((Move("A-ABORT", (Change(8, 1, "a5"),)),)),
    "an abort for an unknown reason": Sequence((Move("A-ABORT", (Change(8, 2, "0203"),)),)),
    "a release before the acceptance": Sequence(
        (Move("A-ASSOCIATE-RQ"), Move("A-RELEASE-RQ")), associated=False
    ),
}


@pytest.mark.parametrize("sequence", REGRESSIONS.values(), ids=list(REGRESSIONS))
def test_what_was_found_is_mended(
    sequence: Sequence, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reference PACS withstands what the explorer has found, without a word of failure."""
    with pacs(tmp_path) as port:
        for _ in range(3):  # which of the server's threads is first is chance
            assert oracle(port).ask(sequence) is None
    ours = [record for record in caplog.records if record.name.startswith("stepwedge")]
    assert [record.getMessage() for record in ours if record.levelname == "ERROR"] == []


SHORTER = Change(2, 1)  # the PDU-length becomes right again, and too short for this PDU


@pytest.mark.parametrize("pdu", ["A-ASSOCIATE-RJ", "A-RELEASE-RQ", "A-RELEASE-RP", "A-ABORT"])
def test_a_control_pdu_that_is_too_short(pdu: str) -> None:
    """The wire engine's acceptor waits for no byte that a control PDU does not announce."""
    with Acceptor(service=NullScp(), policy=Policy()) as server:
        sequence = Sequence((Move(pdu, (SHORTER,), True),))
        assert oracle(server.address[1]).ask(sequence) is None


def test_no_context_is_a_context_of_its_own() -> None:
    """A request on context 0, which nobody can accept, ends the association on the wire engine."""
    with Acceptor(service=NullScp(), policy=Policy()) as server:
        for pdu, cut in (("C-ECHO", 1), ("C-CANCEL", 1), ("C-CANCEL", 0)):
            sequence = Sequence((Move(pdu, (Change(10, cut, "00"),), True),))
            assert oracle(server.address[1], SHORT).ask(sequence) is None, pdu


def test_a_defect_is_found_shrunk_kept_and_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that ignores unknown PDUs is found out by one PDU, and its file shows it again."""
    found = tmp_path / "found"
    with pacs(tmp_path / "bad", "state-sta2-evt19") as port:
        words = ["--target", file_of(tmp_path, port, patience=SHORT)]
        code = run(
            ["explore", *words, "--seconds", "60", "--connections", "60", "--seed", "1",
             "--output", str(found)]
        )  # fmt: skip
        assert code == Exit.NOT_CONFORMANT
        assert "observed nothing within" in capsys.readouterr().out
        (file,) = found.iterdir()
        assert len(load_sequence(file).moves) <= 2
        assert run(["check", *words, "--replay", str(file)]) == Exit.NOT_CONFORMANT
        assert "✗" in capsys.readouterr().out
    with pacs(tmp_path / "good") as port:
        words = ["--target", file_of(tmp_path, port)]
        assert run(["check", *words, "--replay", str(file)]) == Exit.HELD
        assert "✓" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("defect", "kind", "moves"),
    [
        ("state-sta2-evt19", "silence", (Move("an unknown PDU"),)),
        ("gate-empty-p-data-ignored", "silence", (Move("no value"),)),
        ("assoc-slot-leak", "no free slot", (Move("C-ECHO"),)),
        ("crash-on-deep-nesting", "", (Move("C-STORE"),)),
    ],
)
def test_the_oracle(defect: str, kind: str, moves: tuple[Move, ...], tmp_path: Path) -> None:
    """Silence where the table ends the connection, and slots that are gone, are findings."""
    is_associated = defect != "state-sta2-evt19"
    with ReferencePacs(
        tmp_path, acse_timeout=ARTIM, network_timeout=ARTIM, max_associations=3
    ) as server:
        server.use([defect])
        judge = oracle(server.port, SHORT if kind else PATIENCE)
        kinds = [
            found.kind if (found := judge.ask(Sequence(moves, is_associated))) else ""
            for _ in range(4 if defect == "assoc-slot-leak" else 1)
        ]
    assert kinds[-1] == kind


def test_what_is_due() -> None:
    """The engine says what is due: the end of what is invalid, an answer to what is whole."""
    names = Judge(
        Target(host="127.0.0.1", port=(1,), ae_title="X"), Recorder(), Scope(1, "EXPLORE")
    ).names
    request = REQUEST.encode(names)
    accepted = tuple(
        AcceptedContext(c.id, 0, c.transfer_syntaxes[0])
        for c in REQUEST.contexts
        if not isinstance(c, bytes)
    )
    answer = AssociateAC("X", "Y", (ApplicationContext(), *accepted))
    said = {name: pdu(names) if callable(pdu) else pdu for name, pdu in PDUS.items()}
    before = {name: due(raw) for name, raw in said.items()}
    within = {name: due(raw, request, answer) for name, raw in said.items()}
    assert before["A-ASSOCIATE-RQ"] is Due.ANSWER
    assert {name for name, what in before.items() if what is Due.NOTHING} == {"A-ABORT"}
    assert {name for name, what in within.items() if what is Due.ANSWER} == {
        "C-ECHO", "C-STORE", "C-FIND", "A-RELEASE-RQ",
    }  # fmt: skip
    assert within["an unknown PDU"] is within["A-ASSOCIATE-RQ"] is within["no value"] is Due.END
    assert due(said["an unknown PDU"][:-1]) is Due.NOTHING  # it may wait for the rest


def test_the_budget_holds(tmp_path: Path) -> None:
    """No more connections are opened than were allowed, and the same seed tries the same."""
    said: list[list[str]] = []
    with pacs(tmp_path) as port:
        for _ in range(2):
            one = oracle(port)
            heard: list[str] = []
            ask = one.ask
            one.ask = lambda s, ask=ask, heard=heard: (heard.append(s.words), ask(s))[1]  # type: ignore[method-assign,misc]
            explorer = Explorer(one, Budget(60, 20), 5)
            assert explorer.explore() == []
            assert one.connections == 20
            said.append(heard)
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no sequence"),
        ("[" * 100_000, "is no sequence"),
        ('{"moves": [{"pdu": "C-SHOUT"}]}', "no PDU is called 'C-SHOUT'"),
        ('{"moves": [], "format": 99}', "has format 99, not 1"),
        ('{"moves": [{"pdu": "C-ECHO", "changes": [{"at": 1, "put": "xy"}]}]}', "is no sequence"),
        ('{"moves": [], "colour": 1}', "unknown field"),
    ],
)
def test_a_file_that_is_no_sequence(text: str, said: str, tmp_path: Path) -> None:
    """What cannot be replayed is refused in words."""
    file = tmp_path / "sequence.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        load_sequence(file)
    with pytest.raises(UsageError, match="cannot be read"):
        load_sequence(tmp_path)


def test_a_sequence_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """A file holds all of a sequence."""
    one = Sequence((Move("C-ECHO", (Change(3, 1, "ff"),), True),), True, True, "it hung", 7)
    one.save(tmp_path / "one.json")
    assert load_sequence(tmp_path / "one.json") == one


def test_exploring_needs_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without permission in the target file nothing is sent; without a server it is not reached."""
    UNKNOWN.save(tmp_path / "one.json")
    forbidden = ["--target", file_of(tmp_path, 1, "")]
    for words in (["explore", *forbidden], ["check", *forbidden, "--replay", "one.json"]):
        assert run(
            words if words[0] == "explore" else [*words[:-1], str(tmp_path / "one.json")]
        ) == (Exit.WRONG_USAGE)
        assert "not allowed by its target file" in capsys.readouterr().err
    with pacs(tmp_path) as port:
        gone = file_of(tmp_path, port)
    assert run(["explore", "--target", gone]) == Exit.NOT_REACHABLE
    assert "crash" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("name", ["pacs", "receiver", "null"])
def test_nothing_is_found_in_what_is_ours(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two minutes of exploring find nothing in the reference PACS, the receiver, the null SCP."""
    servers = {
        "pacs": lambda: ReferencePacs(tmp_path, acse_timeout=ARTIM, network_timeout=ARTIM),
        "receiver": lambda: Receiver(acse_timeout=ARTIM, network_timeout=ARTIM),
        "null": NullProcess,
    }
    with servers[name]() as server:
        explorer = Explorer(oracle(server.port), Budget(120, 20_000), 2026)
        assert explorer.explore() == []
    assert explorer.tried > 100
    ours = [record for record in caplog.records if record.name.startswith("stepwedge")]
    assert [record.getMessage() for record in ours if record.levelname == "ERROR"] == []
