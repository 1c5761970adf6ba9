"""Every check can fail: each of its defects makes it fail, and the faultless server passes all.

The suites run in pytest sessions of their own, against a reference PACS in this process whose
defects are switched between two checks.  Checks of storage judge data that is already there, so
each of their defects gets a server and a corpus of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

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

CAUGHT = (Verdict.FAIL, Verdict.WARN)

# Claimed besides those of an ordinary PACS, because the server below is set up for them.
CLAIMS = (
    '"verification", "association", "storage", "find", "move", "get", "keys", "extended", '
    '"charset", "worklist", "worklist-keys", "mpps", "mpps-retrieve", "strict", "timeouts", '
    '"commitment", "commitment-same-association", "workflow"'
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
            "[timeouts]\nresponse = 2\nrelease = 1\n"
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
            return None if service_of(item) == "storage" else defect
        return defect if defect in self.only and service_of(item) == "storage" else None

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
            if defect == "assoc-slot-leak":
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
    assert len({event.id for event in listener.checks}) >= 45


def test_every_check_names_a_defect_that_exists() -> None:
    """A check without a defect is not finished, and a defect is in the catalogue."""
    entries = catalogue()
    assert [entry.check.id for entry in entries if not entry.check.defects] == []
    named = {defect for entry in entries for defect in entry.check.defects}
    assert named - DEFECTS.keys() == set()


def _passes() -> range:
    return range(max(len(entry.check.defects) for entry in catalogue()))


def test_every_defect_outside_of_storage_is_caught(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its defect on, each check fails."""
    monkeypatch.setattr("stepwedge.fixtures.retrievals.LAST_ARRIVAL", 0.3)
    missed: list[str] = []
    for nth in _passes():
        plugin = Mutation(server, nth)
        run(server, plugin)
        missed += _missed(plugin.verdicts)
    assert not missed, "\n".join(missed)


def _storage_defects() -> Iterable[str]:
    entries = [entry for entry in catalogue() if entry.service == "storage"]
    return sorted({defect for entry in entries for defect in entry.check.defects})


def test_every_defect_of_storage_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its defect on from the first instance, each check of storage fails."""
    monkeypatch.setattr("stepwedge.fixtures.archive.SETTLE", 1.0)
    missed: list[str] = []
    for defect in _storage_defects():
        folder = tmp_path / defect
        folder.mkdir()
        server = Server(folder)
        server.pacs.use([defect])
        for nth in _passes():
            plugin = Mutation(server, nth, {defect})
            run(server, plugin, "--service", "storage")
            missed += _missed(plugin.verdicts)
        server.pacs.stop()
    assert not missed, "\n".join(missed)


def test_the_receiver_is_free_again(server: Server) -> None:
    """A run leaves nothing behind: the receiver's port can be taken at once."""
    run(server, Listener(), "--check", "MOVE-001")
    with Receiver(host="127.0.0.1", port=server.receiver_port) as receiver:
        assert receiver.port == server.receiver_port
