"""What listens for us outlives hostile input: the receiver of the suites, and the null SCP.

Both take what a server under test sends them, so they are held to what we hold servers to.  What
they take on purpose is data here, with its reason.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from stepwedge.fixtures.conversation import Conversation, Recorder
from stepwedge.fixtures.hostile.case import Case, Timer
from stepwedge.fixtures.hostile.cases import all_cases
from stepwedge.fixtures.hostile.judge import GROWTH, SIDE_BY_SIDE, Judge, timed
from stepwedge.fixtures.hostile.script import Associate
from stepwedge.fixtures.hostile.speaker import Speaker
from stepwedge.fixtures.receiver import Receiver
from stepwedge.loadtests.null_scp import NullScp
from stepwedge.synthetic.model import Scope
from stepwedge.target import Target
from stepwedge.verdicts import Blocked, Deviation
from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.errors import AssociationError
from stepwedge.wire.policy import Policy

# Their timers, in seconds; what they declare is longer, because a machine may be busy.
TIMER, DECLARED = 0.5, 8.0
# Where reactions are judged: so long that no answer is followed by the end of an idle association.
UNHURRIED = 3.0

SERVERS = ("receiver", "null")

_TITLES = ("ROBA-007", "ROBA-008", "ROBA-009")
_DATA_SETS = (
    *("ROBD-002", "ROBD-003", "ROBD-004", "ROBD-006", "ROBD-008", "ROBD-009", "ROBD-011"),
    *("ROBD-012", "ROBV-002", "ROBV-102", "ROBV-202", "ROBV-302", "ROBV-402", "ROBV-027"),
    "ROBV-029",
    "ROBV-020",
)

# What is taken on purpose, by check.
LENIENT = {
    "receiver": {
        **dict.fromkeys(_TITLES, "takes any title: what a server calls us is for a check to judge"),
        **dict.fromkeys(_DATA_SETS, "keeps any data set as it came, for a check to judge"),
        "ROBD-005": "keeps a C-STORE without a data set as an empty one",
        "ROBE-021": "answers an echo whatever it names",
        "ROBE-024": "answers an echo whatever it leaves out",
        "ROBV-213": "takes any event report, for a check to judge",
    },
    "null": {
        **dict.fromkeys(_TITLES, "says yes to any title"),
        **dict.fromkeys(_DATA_SETS, "says yes to any data set, unseen"),
        **dict.fromkeys(
            ("ROBA-015", "ROBA-016", "ROBA-017", "ROBA-018", "ROBA-019", "ROBA-026", "ROBA-029"),
            "says yes to any list of items that can be read",
        ),
        **dict.fromkeys(("ROBA-023", "ROBA-024"), "says yes to any syntax"),
        **dict.fromkeys(
            ("ROBD-005", "ROBE-020", "ROBE-021", "ROBE-024", "ROBE-028", "ROBV-113", "ROBV-213"),
            "says yes to any request",
        ),
        **dict.fromkeys(
            ("ROBV-021", "ROBV-121", "ROBV-321", "ROBV-421", "ROBV-521", "ROBV-022", "ROBV-122",
             "ROBV-222"),
            "has one match for every query",
        ),
    },
}  # fmt: skip


@contextmanager
def serving(name: str, folder: Path, timer: float = TIMER) -> Iterator[int]:
    """One of our servers, and how long it waits; yields its port."""
    if name == "receiver":
        spool = folder / "spool"
        with Receiver(folder=spool, network_timeout=timer, acse_timeout=timer) as receiver:
            yield receiver.port
            assert receiver.problems == []
    else:
        service = NullScp()
        with Acceptor(service=service, policy=Policy(), artim=timer, idle=timer) as acceptor:
            yield acceptor.address[1]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> list[object]:
    """What fails inside while a test runs: exceptions of threads and of services."""
    found: list[object] = []
    monkeypatch.setattr(threading, "excepthook", found.append)
    monkeypatch.setattr(
        NullScp,
        "ended",
        lambda self, serving, error: (
            None if error is None or isinstance(error, AssociationError) else found.append(error)
        ),
    )
    caplog.set_level(logging.WARNING, "stepwedge")
    return found


def judge_of(port: int, cases: list[Case]) -> Judge:
    target = Target(
        host="127.0.0.1",
        port=(port,),
        ae_title="ANY",
        allow=frozenset({"robustness", "destructive"}),
        timeouts={"response": DECLARED / 2, "negotiate": DECLARED},
        declared={"artim": DECLARED, "idle": DECLARED},
    )
    return Judge(target, Recorder(), Scope(1, "ARMOUR"), lambda: timed(cases))


def _stays(case: Case) -> bool:
    """Whether nothing may come in answer, so that somebody has to stop waiting."""
    return any(type(reaction).__name__ == "Silent" for reaction in case.accept)


@pytest.mark.parametrize("name", SERVERS)
def test_hostile_crowd(
    name: str, tmp_path: Path, broken: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    """All hostile conversations side by side leave a server that answers, and nothing else."""
    cases = [case for case in all_cases() if not case.destructive]
    before = psutil.Process().memory_info().rss
    with serving(name, tmp_path) as port:
        judge = judge_of(port, cases)

        def converse(case: Case) -> None:
            patience = TIMER if _stays(case) else DECLARED
            try:
                with Speaker(judge.target, judge.names, Conversation(case.id)) as speaker:
                    speaker.say(case.script)
                    speaker.leave(speaker.listen(case.accept, patience))
            except Blocked:
                return  # it takes no context of that kind, which is a refusal

        with ThreadPoolExecutor(4 * SIDE_BY_SIDE) as pool:
            list(pool.map(converse, cases))
        assert judge.ailing() == ""
    assert broken == []
    ours = [record for record in caplog.records if record.name.startswith("stepwedge")]
    assert [record.getMessage() for record in ours if record.levelname == "ERROR"] == []
    assert psutil.Process().memory_info().rss - before < 4 * GROWTH
    outside = [path for path in tmp_path.rglob("*") if path.parent != tmp_path / "spool"]
    assert outside in ([], [tmp_path / "spool"])


@pytest.mark.long
@pytest.mark.parametrize("name", SERVERS)
def test_every_case_is_judged(name: str, tmp_path: Path, broken: list[object]) -> None:
    """Each case has the reaction that we want of servers, but for what is taken on purpose."""
    cases = list(all_cases())
    seen: dict[str, str] = {}
    with serving(name, tmp_path, UNHURRIED) as port:
        judge = judge_of(port, cases)
        for case in cases:
            try:
                judge.judge(case)
            except Deviation as problem:
                seen[case.id] = str(problem)
            except Blocked as problem:
                assert "accepts no context for" in str(problem), f"{case.id}: {problem}"
    assert broken == []
    assert seen.keys() == LENIENT[name].keys(), seen


def test_company_spoils_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that keep one another out when they run side by side are judged alone."""
    cases = timed(all_cases())
    acceptor = Acceptor(
        service=NullScp(), policy=Policy(), artim=TIMER, idle=TIMER, most=SIDE_BY_SIDE // 4
    )
    # As a server does that has room for associations at rest only.
    monkeypatch.setattr(Judge, "_serves", lambda self, count: True)
    with acceptor:
        judge = judge_of(acceptor.address[1], cases)
        for case in cases:
            judge.judge(case)


def test_a_slot_that_a_timer_frees_is_waited_for() -> None:
    """Who comes when all slots are taken is not blamed for those who took them."""
    case = next(case for case in all_cases() if case.id == "ROBS-010")
    acceptor = Acceptor(service=NullScp(), policy=Policy(), artim=TIMER, idle=TIMER * 4, most=1)
    with acceptor:
        judge = judge_of(acceptor.address[1], [])
        with judge.speaker("takes the slot") as speaker:
            speaker.associate(Associate())
            assert judge.ailing(settle=0).startswith("no free slot")
            judge.judge(case)


@pytest.mark.parametrize("id", ["ROBT-006", "ROBT-019"])
def test_the_acceptor_after_a_release(id: str, tmp_path: Path, broken: list[object]) -> None:
    """The wire engine's acceptor aborts what may not come after the release (AA-7)."""
    case = next(case for case in all_cases() if case.id == id)
    with serving("null", tmp_path) as port:
        judge_of(port, []).judge(case)
    assert broken == []


def test_what_is_lenient_exists() -> None:
    """Every case that is let pass is a case, and no cell of Table 9-10 or timer is let pass."""
    cases = {case.id: case for case in all_cases()}
    for lenient in LENIENT.values():
        for id in lenient:
            assert not cases[id].cells
            assert cases[id].timer is Timer.ANSWER
