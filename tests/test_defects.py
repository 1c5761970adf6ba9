"""Every check can fail: each of its defects makes it fail, and the faultless server passes all.

The suites run in pytest sessions of their own, against a reference PACS in this process whose
defects are switched between two checks.  Some checks of storage judge data that is already there,
so each of their defects gets a server and a corpus of its own.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import stepwedge.fixtures.archive
import stepwedge.fixtures.retrievals
from stepwedge.checks import check_of
from stepwedge.cli.catalogue import catalogue
from stepwedge.cli.check import suites_arguments
from stepwedge.events import CheckFinished
from stepwedge.fixtures.dataset import EXPLICIT_LITTLE
from stepwedge.fixtures.dimse import encode
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.reference import DEFECTS, ReferencePacs
from stepwedge.fixtures.selection import service_of
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.scheduled import scheduled_items
from stepwedge.verdicts import Verdict

# The part of the checks of storage that judge what was stored before they run, or add to it.
CORPUS = "corpus"

CAUGHT = (Verdict.FAIL, Verdict.WARN)

# Claimed besides those of an ordinary PACS, because the server below is set up for them.
CLAIMS = (
    '"verification", "association", "storage", "find", "move", "get", "keys", "extended", '
    '"charset", "worklist", "worklist-keys", "mpps", "mpps-retrieve", "strict", "timeouts", '
    '"commitment", "commitment-same-association", "workflow", "full-storage", '
    '"error-comments", '
    '"objects", "syntaxes"'
)


@dataclass
class Server:
    """A reference PACS, and the target file that leads to it."""

    folder: Path
    receiver_port: int = 0
    pacs: ReferencePacs = field(init=False)

    def __post_init__(self) -> None:
        self.receiver_port = self.receiver_port or _free_port()
        self.pacs = self._make(0).start()
        self.target = self.folder / "target.toml"
        self.target.write_text(
            f'host = "127.0.0.1"\nport = {self.pacs.port}\nae_title = "REFERENCE"\n'
            f"claims = [{CLAIMS}]\n"
            "[timeouts]\nresponse = 1.5\nrelease = 1\n"
            f"[receiver]\nport = {self.receiver_port}\n",
            encoding="utf-8",
        )

    def _make(self, port: int) -> ReferencePacs:
        pacs = ReferencePacs(
            self.folder / "archive",
            port=port,
            destinations={"STEPWEDGE": ("127.0.0.1", self.receiver_port)},
            check_called_ae=True,
            allowed_calling={"STEPWEDGE"},
            max_associations=10,
            suboperation_timeout=0.7,
        )
        for item in scheduled_items(Scope(1, "META")):
            pacs.worklist.add(encode(item, EXPLICIT_LITTLE))
        return pacs

    def restart(self) -> None:
        """Frees whatever a defect has taken."""
        port = self.pacs.port
        self.pacs.stop()
        self.pacs = self._make(port).start()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _judges_the_corpus(item: pytest.Item) -> bool:
    """Whether a check of storage looks at the corpus, or adds to it, not to deposits."""
    function = getattr(item, "function", None)
    if service_of(item) != "storage" or check_of(function) is None:
        return False
    return "deposits" not in inspect.signature(function).parameters


class Mutation:
    """A pytest plugin: runs each chosen check with its nth defect on."""

    def __init__(self, server: Server, nth: int, only: set[str] | None = None) -> None:
        self.server = server
        self.nth = nth
        self.only = only
        self.verdicts: dict[tuple[str, str], list[tuple[Verdict, str]]] = {}
        self._warm = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._defect(item)]

    def _defect(self, item: pytest.Item) -> str | None:
        check = check_of(getattr(item, "function", None))
        if check is None or len(check.defects) <= self.nth:
            return None
        defect = check.defects[self.nth]
        if self.only is None:
            return None if _judges_the_corpus(item) else defect
        return defect if defect in self.only and _judges_the_corpus(item) else None

    def _warm_up(self, item: pytest.Item) -> None:
        """Has the session learn of the target what it remembers, while that is faultless."""
        if self._warm or self.only is not None:
            return
        self._warm = True
        ask = item._request.getfixturevalue  # type: ignore[attr-defined]
        ask("archive").require()
        assert ask("study_root").fence
        ask("moves").require()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        defect = self._defect(item)
        assert defect is not None
        self._warm_up(item)
        self.server.pacs.use([defect])
        try:
            return (yield)
        finally:
            if self.only is None:
                self.server.pacs.use([])
            if defect.startswith("assoc-slot-leak"):
                self.server.restart()

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            defect = event.defects[self.nth]
            heard = self.verdicts.setdefault((event.id, defect), [])
            heard.append((event.verdict, event.observed or event.reason))


def run(server: Server, plugin: object, *arguments: str) -> int:
    """One pytest session over the suites."""
    return int(
        pytest.main(
            [
                *suites_arguments(),
                "-p",
                "no:terminal",
                "--target",
                str(server.target),
                "--runs",
                str(server.folder / "runs"),
                *arguments,
            ],
            [plugin],
        )
    )


def _missed(verdicts: dict[tuple[str, str], list[tuple[Verdict, str]]]) -> list[str]:
    return [
        f"{id} does not catch {defect}: {heard}"
        for (id, defect), heard in sorted(verdicts.items())
        if not any(verdict in CAUGHT for verdict, _ in heard)
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.pacs.stop()


class Listener:
    """Collects what the checks said."""

    def __init__(self) -> None:
        self.checks: list[CheckFinished] = []

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            self.checks.append(event)


def test_the_faultless_server_passes_everything(server: Server) -> None:
    """Without a defect every check of the suites passes."""
    listener = Listener()
    code = run(server, listener)
    others = [
        f"{event.id} {event.verdict}: {event.expected} / {event.observed} {event.reason}"
        for event in listener.checks
        if event.verdict is not Verdict.PASS
    ]
    assert not others
    assert code == 0
    assert {event.id for event in listener.checks} == {entry.check.id for entry in catalogue()}


def test_every_check_names_a_defect_that_exists() -> None:
    """A check without a defect is not finished, and a defect is in the catalogue."""
    entries = catalogue()
    assert [entry.check.id for entry in entries if not entry.check.defects] == []
    named = {defect for entry in entries for defect in entry.check.defects}
    assert named - DEFECTS.keys() == set()


# What runs side by side, each part in a process of its own with a server of its own: most of the
# time is spent waiting for answers that a defect withholds.
PARTS = (
    ("association", "verification", "commitment"),
    ("query", "worklist", "procedure_step"),
    ("storage", "get", "workflow"),
    ("move",),
    (CORPUS,),
)


def test_every_defect_is_caught_by_its_checks(tmp_path: Path) -> None:
    """With its defect on, each check fails; no pair of check and defect goes untried."""

    def hunt(part: tuple[str, ...]) -> dict[str, list[Any]]:
        folder = tmp_path / part[0]
        folder.mkdir()
        hunter = [sys.executable, __file__, str(folder), *part]
        done = subprocess.run(hunter, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        found: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
        return found

    with ThreadPoolExecutor(len(PARTS)) as pool:
        found = list(pool.map(hunt, PARTS))
    missed = [line for one in found for line in one["missed"]]
    assert not missed, "\n".join(missed)
    tried = {(id, defect) for one in found for id, defect in one["tried"]}
    named = {(entry.check.id, d) for entry in catalogue() for d in entry.check.defects}
    assert named - tried == set()


def _hunt(folder: Path, part: Sequence[str]) -> dict[str, list[Any]]:
    """Runs the checks of a part with each of their defects on; in a process of its own."""
    stepwedge.fixtures.retrievals.LAST_ARRIVAL = 0.3
    verdicts: dict[tuple[str, str], list[tuple[Verdict, str]]] = {}
    passes = range(max(len(entry.check.defects) for entry in catalogue()))
    if part == [CORPUS]:
        stepwedge.fixtures.archive.SETTLE = 1.0
        for defect in _corpus_defects():
            (folder / defect).mkdir()
            server = Server(folder / defect)
            server.pacs.use([defect])
            for nth in passes:
                plugin = Mutation(server, nth, {defect})
                run(server, plugin, "--service", "storage")
                verdicts |= plugin.verdicts
            server.pacs.stop()
    else:
        server = Server(folder)
        for nth in passes:
            plugin = Mutation(server, nth)
            run(server, plugin, *(word for name in part for word in ("--service", name)))
            verdicts |= plugin.verdicts
        server.pacs.stop()
    return {"missed": _missed(verdicts), "tried": [list(pair) for pair in verdicts]}


def _corpus_defects() -> list[str]:
    """The defects that must be on before the corpus is stored."""
    found: set[str] = set()

    class Collector:
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                check = check_of(getattr(item, "function", None))
                if check is not None and _judges_the_corpus(item):
                    found.update(check.defects)

    pytest.main([*suites_arguments(), "-p", "no:terminal", "--collect-only"], [Collector()])
    assert found
    return sorted(found)


def test_the_receiver_is_free_again(server: Server) -> None:
    """A run leaves nothing behind: the receiver's port can be taken at once."""
    run(server, Listener(), "--check", "MOVE-001")
    with Receiver(host="127.0.0.1", port=server.receiver_port) as receiver:
        assert receiver.port == server.receiver_port


if __name__ == "__main__":
    print(json.dumps(_hunt(Path(sys.argv[1]), sys.argv[2:])))
