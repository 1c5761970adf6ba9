"""The pytest plugin: out of the way without checks, whole with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stepwedge.events import CheckFinished, RunFinished
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.record import read_events

CHECKS = '''
from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.verdicts import Blocked, Deviation, Surprise

@check("ECHO-901", "PS3.4 A.4", SHALL, defects=["none"])
def test_passes(peer):
    """It passes."""

@check("ECHO-902", "PS3.4 A.4", SHALL, defects=["none"])
def test_fails(peer, step):
    """It fails."""
    step("looking")
    with peer.associate(["1.2.840.10008.1.1"]) as association:
        association.echo()
        raise Deviation("this", "that", "Status (0000,0900)")

@check("ECHO-903", "PS3.4 A.4", QUALITY, defects=["none"])
def test_warns():
    """It warns."""
    raise Deviation("this", "that")

@check("ECHO-904", "PS3.4 A.4", SHALL, defects=["none"])
def test_is_blocked():
    """It is blocked."""
    raise Blocked("an earlier step failed")

@check("ECHO-905", "PS3.4 A.4", SHALL, defects=["none"])
def test_breaks():
    """It breaks."""
    raise RuntimeError("ours")

@check("ECHO-906", "PS3.4 A.4", SHALL, claim="association.called-ae", defects=["none"])
def test_is_not_claimed():
    """It is not claimed."""
    raise RuntimeError("never run")

@check("ECHO-907", "PS3.4 A.4", SHALL, defects=["none"])
def test_surprises():
    """It surprises."""
    raise Surprise("this", "that")

def test_an_ordinary_one():
    pass
'''


@pytest.fixture
def pacs(tmp_path: Path) -> ReferencePacs:
    return ReferencePacs(tmp_path / "pacs")


def run_pytest(pytester: pytest.Pytester, port: int, *more: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        *("--pacs-host", "127.0.0.1", "--pacs-port", str(port), "--pacs-aet", "REFERENCE"),
        *("-p", "no:cacheprovider", "-p", "no:allure_pytest", *more),
    )


def test_each_verdict_is_recorded_as_what_it_is(
    pytester: pytest.Pytester, pacs: ReferencePacs
) -> None:
    """A check's ending decides its verdict; the exit code and the record agree with it."""
    pytester.makepyfile(test_some=CHECKS)
    with pacs:
        result = run_pytest(pytester, pacs.port)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*2 failed, 2 passed, *1 not claimed*"])
    (folder,) = (pytester.path / "runs").iterdir()
    finished = {e.id: e for e in read_events(folder) if type(e).__name__ == "CheckFinished"}
    verdicts = {id: str(e.verdict) for id, e in finished.items()}  # type: ignore[union-attr]
    assert verdicts == {
        "ECHO-901": "pass",
        "ECHO-902": "fail",
        "ECHO-903": "warn",
        "ECHO-904": "blocked",
        "ECHO-905": "error",
        "ECHO-906": "not claimed",
        "ECHO-907": "warn",
    }
    failed = finished["ECHO-902"]
    assert (failed.expected, failed.observed) == ("this", "that")  # type: ignore[union-attr]
    assert failed.steps[0].text == "looking"  # type: ignore[union-attr]
    assert any(path.endswith(".pcap") for path in failed.evidence)  # type: ignore[union-attr]
    assert "--check ECHO-902" in failed.repeat  # type: ignore[union-attr]


def test_workers_send_their_verdicts_to_one_record(
    pytester: pytest.Pytester, pacs: ReferencePacs
) -> None:
    """Under xdist the record holds every check once."""
    pytester.makepyfile(test_some=CHECKS)
    with pacs:
        result = run_pytest(pytester, pacs.port, "-n", "2")
    assert result.ret == 1
    (folder,) = (pytester.path / "runs").iterdir()
    ids = [e.id for e in read_events(folder) if type(e).__name__ == "CheckFinished"]  # type: ignore[union-attr]
    assert sorted(ids) == [f"ECHO-{n}" for n in range(901, 908)]


def test_a_dead_target_is_one_finding(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the target dies, the check at hand says so and the rest is blocked."""
    pytester.makepyfile(
        test_some='''
from stepwedge.checks import SHALL, check
from stepwedge.verdicts import Deviation
import os, signal

@check("ECHO-901", "PS3.4 A.4", SHALL, defects=["none"])
def test_kills():
    """It kills the server."""
    os.kill(int(os.environ["VICTIM"]), signal.SIGKILL)
    raise Deviation("an answer", "none")

@check("ECHO-902", "PS3.4 A.4", SHALL, defects=["none"])
def test_next():
    """The next one."""
'''
    )
    code, _ = run_with_victim(pytester, monkeypatch)
    assert code == 1
    (folder,) = (pytester.path / "runs").iterdir()
    first, second = (e for e in read_events(folder) if type(e).__name__ == "CheckFinished")
    assert "no longer answered" in first.reason  # type: ignore[union-attr]
    assert second.verdict == "blocked"  # type: ignore[union-attr]
    assert "stopped answering during ECHO-901" in second.reason  # type: ignore[union-attr]


KILLS = '''
from stepwedge.checks import QUALITY, check
import os, signal

@check("ECHO-901", "PS3.4 A.4", QUALITY, defects=["none"])
def test_kills():
    """It kills the server, and sees nothing wrong."""
    os.kill(int(os.environ["VICTIM"]), signal.SIGKILL)
'''
OTHERS = '''
from stepwedge.checks import QUALITY, check

@check("ECHO-902", "PS3.4 A.4", QUALITY, defects=["none"])
def test_next():
    """The next one, which never looks."""

@check("ECHO-903", "PS3.4 A.4", QUALITY, defects=["none"])
def test_the_one_after():
    """The one after it."""
'''


def test_a_target_that_died_unseen_is_one_finding(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that is dead when the next service begins fails the first check of it, whatever."""
    for service, checks in (("first", KILLS), ("second", OTHERS)):
        pytester.mkdir(service)
        (pytester.path / service / f"test_{service}.py").write_text(checks)
    code, _ = run_with_victim(pytester, monkeypatch)
    (folder,) = (pytester.path / "runs").iterdir()
    checks = [e for e in read_events(folder) if isinstance(e, CheckFinished)]
    assert [str(e.verdict) for e in checks] == ["pass", "fail", "blocked"]
    assert "stopped answering before the checks of second" in checks[1].observed
    assert "stopped answering before the checks of second" in checks[2].reason
    assert code == 1


def test_a_target_that_died_at_the_end_does_not_hold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that is dead after the last check, which passed, is no target that held."""
    pytester.makepyfile(test_some=KILLS)
    code, said = run_with_victim(pytester, monkeypatch)
    assert code == 3
    assert "does not answer any more after the last check" in said


def run_with_victim(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Runs the checks at hand against a server whose process VICTIM names; code and output."""
    words = [sys.executable, "-m", "stepwedge", "serve", "reference", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[3].rpartition(":")[2])
        monkeypatch.setenv("VICTIM", str(server.pid))
        try:
            result = run_pytest(pytester, port)
        finally:
            server.kill()
    (folder,) = (pytester.path / "runs").iterdir()
    (ended,) = (e for e in read_events(folder) if isinstance(e, RunFinished))
    return int(result.ret), ended.sentence


def test_without_checks_nothing_happens(pytester: pytest.Pytester) -> None:
    """In an ordinary project the plugin needs no target and imports nothing of weight."""
    pytester.makepyfile(
        """
        import sys
        def test_ordinary():
            assert "pynetdicom" not in sys.modules
            assert "gevent" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert not (pytester.path / "runs").exists()


def test_a_missing_target_is_wrong_usage(pytester: pytest.Pytester) -> None:
    """Checks without a target end with exit code 4 and the three ways to name one."""
    pytester.makepyfile(test_some=CHECKS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*no target is named*"])
