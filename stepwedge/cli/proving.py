"""Proving the checks: each is run against a reference PACS that has one of its defects.

A check that passes although its defect is on proves nothing.  The suites run in pytest sessions of
their own, against a reference PACS in this process whose defects are switched between two checks.
Some checks of storage judge data that is already there, so each of their defects gets a server and
a corpus of its own.

Most of the time is spent waiting for answers that a defect withholds, so the parts run side by
side, each in a process of its own: `python -m stepwedge.cli.proving FOLDER SERVICE…`.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import random
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import stepwedge.fixtures.archive
import stepwedge.fixtures.hostile.judge
import stepwedge.fixtures.passage
import stepwedge.fixtures.retrievals
from stepwedge.checks import check_of
from stepwedge.cli import proving_access, proving_edge
from stepwedge.cli.catalogue import catalogue
from stepwedge.cli.check import suites_arguments
from stepwedge.cli.proving_access import GuardedEdge
from stepwedge.cli.proving_edge import EdgeServer
from stepwedge.errors import StepwedgeError
from stepwedge.events import CheckFinished
from stepwedge.fixtures.certificates import Certificates
from stepwedge.fixtures.dataset import EXPLICIT_LITTLE
from stepwedge.fixtures.dimse import encode
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.selection import service_of
from stepwedge.fixtures.servers import claims_of
from stepwedge.statement import load_statement, render
from stepwedge.statement.model import Limits, Security
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.scheduled import scheduled_items
from stepwedge.verdicts import Verdict

# The part of the checks of storage that judge what was stored before they run, or add to it.
CORPUS = "corpus"

CAUGHT = (Verdict.FAIL, Verdict.WARN)

# Defects that leave something taken, so that the server must be started anew.
TAKING = ("assoc-slot-leak", "stalled-slot-leak", "memory-leak", "crash-", "serial-accept")

# Claimed besides what the claims file says, which has no place for these.
CLAIMS = '"strict", "timeouts", "error-comments", "tls", "web"'

# The Secure Transport Connection Profile of the reference PACS.
PROFILE = "modified-bcp195-rfc9325"

# Keys of the worklist that the items below tell apart.
_WORKLIST = {
    "AccessionNumber": ("single", "universal"),
    "PatientID": ("single", "wildcard", "universal"),
    "RequestedProcedureID": ("single", "universal"),
    "ScheduledProcedureStepSequence.Modality": ("single", "universal"),
}


def _statement(response: float, artim: float, idle: float, profiles: tuple[str, ...]) -> str:
    """What the server below claims: what the reference PACS does, and what it is set up for."""
    said = load_statement(claims_of("reference"))
    return render(
        replace(
            said,
            association=said.association.model_copy(
                update={"called_ae_checked": True, "calling_ae_checked": True}
            ),
            limits=Limits(
                max_pdu=said.limits.max_pdu,
                max_associations=10,
                artim_timeout=artim,
                idle_timeout=idle,
                response_timeout=response,
            ),
            keys={**said.keys, "worklist": {"WORKLIST": _WORKLIST}},
            security=Security(tls=profiles),
        )
    )


@dataclass
class Server:
    """A reference PACS, and the target file that leads to it, over TLS or in clear.

    `patience` is how many seconds the target may take to answer, and about twice what the server
    gives a move's destination: short where a defect withholds answers, longer where none does.
    """

    folder: Path
    receiver_port: int = 0
    tls: bool = False
    patience: float = 1.5
    # ARTIM and the inactivity timeout, in seconds.
    artim: float = 2
    idle: float = 4
    pacs: ReferencePacs = field(init=False)
    warm: bool = True

    def __post_init__(self) -> None:
        self.receiver_port = self.receiver_port or free_port()
        if self.tls:
            Certificates().write(self._certificates)
        self.pacs = self._make(0, 0).start()
        self.target = self.folder / "target.toml"
        (self.folder / "claims.toml").write_text(
            _statement(self._suboperation, self.artim, self.idle, (PROFILE,) if self.tls else ()),
            encoding="utf-8",
        )
        self.target.write_text(
            f'host = "127.0.0.1"\nport = {self.pacs.port}\nae_title = "REFERENCE"\n'
            f'claims = [{CLAIMS}]\nclaims_file = "claims.toml"\n'
            'allow = ["robustness", "destructive"]\n'
            f"[timeouts]\nresponse = {self.patience}\nrelease = 1\n"
            + (f"connect = 3\nnegotiate = 3\n{self._table()}" if self.tls else "")
            + f"[receiver]\nport = {self.receiver_port}\n"
            + self.pacs.web_table,
            encoding="utf-8",
        )

    @property
    def _certificates(self) -> Path:
        return self.folder / "certificates"

    def _table(self) -> str:
        return (
            f'[tls]\ncertificates = "certificates"\nclear_port = {self.pacs.clear_port}\n'
            f'profile = "{PROFILE}"\nreceiver = true\n'
        )

    @property
    def _suboperation(self) -> float:
        return self.patience * 0.47

    def _make(self, port: int, web_port: int) -> ReferencePacs:
        pacs = ReferencePacs(
            self.folder / "archive",
            port=port,
            destinations={"STEPWEDGE": ("127.0.0.1", self.receiver_port)},
            check_called_ae=True,
            allowed_calling={"STEPWEDGE"},
            max_associations=10,
            suboperation_timeout=self._suboperation,
            acse_timeout=self.artim,
            network_timeout=self.idle,
            tls=self._certificates if self.tls else None,
            secure_destinations=self.tls,
            also_clear=self.tls,
            web_port=web_port,
        )
        for item in scheduled_items(Scope(1, "META")):
            pacs.worklist.add(encode(item, EXPLICIT_LITTLE))
        return pacs

    def use(self, defects: Collection[str]) -> None:
        """Switches to these defects, and no others."""
        self.pacs.use(defects)

    def close(self) -> None:
        """Ends it."""
        self.pacs.stop()

    def restart(self) -> None:
        """Frees whatever a defect has taken."""
        port, web_port = self.pacs.port, urlsplit(self.pacs.web_url).port or 0
        self.pacs.stop()
        self.pacs = self._make(port, web_port).start()


def free_port() -> int:
    """A port that was free a moment ago, and that the system gives to no connection of others."""
    while True:
        # Below 32768, where Linux begins to hand out ports by itself (ip_local_port_range).
        port = random.randrange(16384, 32768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _judges_the_corpus(item: pytest.Item) -> bool:
    """Whether a check of storage looks at the corpus, or adds to it, not to deposits."""
    function = getattr(item, "function", None)
    if function is None or service_of(item) != "storage" or check_of(function) is None:
        return False
    return "deposits" not in inspect.signature(function).parameters


class Mutation:
    """A pytest plugin: runs each chosen check with its nth defect on."""

    def __init__(
        self, server: Server | EdgeServer | GuardedEdge, nth: int, only: set[str] | None = None
    ) -> None:
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
        if self._warm or self.only is not None or not self.server.warm:
            return
        self._warm = True
        ask = item._request.getfixturevalue  # type: ignore[attr-defined]
        ask("archive").require()
        assert ask("study_root").fence
        ask("moves").require()
        ask("stated_keys").require()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        defect = self._defect(item)
        assert defect is not None
        self._warm_up(item)
        self.server.use([defect])
        try:
            return (yield)
        finally:
            if self.only is None:
                self.server.use([])
            if defect.startswith(TAKING) and isinstance(self.server, Server):
                self.server.restart()

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished):
            defect = event.defects[self.nth]
            heard = self.verdicts.setdefault((event.id, defect), [])
            heard.append((event.verdict, event.observed or event.reason))


def run(server: Server | EdgeServer | GuardedEdge, plugin: object, *arguments: str) -> int:
    """One pytest session over the suites.  Raises StepwedgeError when pytest itself breaks."""
    code = int(
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
    if code == pytest.ExitCode.INTERNAL_ERROR:
        raise StepwedgeError("the suites broke off with an internal error")
    return code


# What runs side by side, each part in a process of its own with a server of its own: most of the
# time is spent waiting for answers that a defect withholds.
PARTS = (
    # The longest first.
    ("authentication", "access", "audit"),
    ("sharing",),
    ("edge", "management"),
    ("forwarding",),
    # The checks of robustness, by their ids: there are many.
    ("ROBA", "ROBT"),
    ("ROBS", "ROBE", "ROBX"),
    ("ROBD", "ROBV"),
    ("statement",),
    ("tls",),
    ("association", "verification", "commitment"),
    ("query", "worklist", "procedure_step"),
    ("storage", "get", "workflow"),
    ("move",),
    ("web",),
    (CORPUS,),
)
# More would keep each other from answering in time.
AT_ONCE = 7


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of each pair of check and defect."""

    named: frozenset[tuple[str, str]]
    caught: frozenset[tuple[str, str]]
    missed: tuple[str, ...]  # sentences

    @property
    def score(self) -> float:
        """The share of the pairs that were caught, in percent."""
        return 100 * len(self.caught) / len(self.named)


def prove(folder: Path) -> Proof:
    """Tries every check with each of its defects.  Raises StepwedgeError when a part breaks.

    What was not caught is tried a second time with nothing else going on: many a defect shows by
    time, and so many servers at once can be slower than their own timers.
    """

    def hunt(part: tuple[str, ...], trial: str = "first") -> list[Any]:
        own = folder / trial / part[0]
        own.mkdir(parents=True)
        hunter = [sys.executable, "-m", __spec__.name, str(own), *part]
        done = subprocess.run(hunter, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise StepwedgeError(f"the proof of {', '.join(part)} broke", done.stderr[-4000:])
        found: list[Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        by_part = dict(zip(PARTS, pool.map(hunt, PARTS), strict=True))
    for part, found in by_part.items():
        if not all(is_caught for _, _, is_caught, _ in found):
            seen = {(id, defect) for id, defect, is_caught, _ in found if is_caught}
            found += [one for one in hunt(part, "second") if (one[0], one[1]) not in seen]
    tried = [one for found in by_part.values() for one in found]
    named = frozenset((e.check.id, d) for e in catalogue() for d in e.check.defects)
    heard = {(id, defect): (is_caught, said) for id, defect, is_caught, said in tried}
    caught = {pair for pair, (is_caught, _) in heard.items() if is_caught}
    missed = [f"{id} was not tried with {d}" for id, d in sorted(named - heard.keys())]
    missed += [
        f"{id} does not catch {defect}: {said}"
        for (id, defect), (is_caught, said) in sorted(heard.items())
        if not is_caught
    ]
    return Proof(named, frozenset(caught), tuple(missed))


def _hunt(folder: Path, part: Sequence[str]) -> list[tuple[str, str, bool, str]]:
    """Each check of a part with each of its defects on: whether it was caught, and what was said.

    For a process of its own: it shortens what the suites wait for.
    """
    stepwedge.fixtures.retrievals.LAST_ARRIVAL = 0.3
    stepwedge.fixtures.passage.STORES, stepwedge.fixtures.passage.CUT = 24, 0.4
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
        services = [word for name in part for word in ("--service", name)]
        tls, hostile = "tls" in part, part[0].startswith("ROB")
        one: Server | EdgeServer | GuardedEdge
        if part[0] in proving_edge.SERVICES:
            one = EdgeServer(folder)
        elif part[0] in proving_access.SERVICES:
            one = GuardedEdge(folder)
        elif hostile:
            # Each case has a defect of its own and waits alone; most defects are silence.
            stepwedge.fixtures.hostile.judge.SIDE_BY_SIDE = 1
            stepwedge.fixtures.hostile.judge.AT_LEAST = 0.2
            services = [word for name in part for word in ("--check", name)]
            one = Server(folder, patience=0.3, artim=0.6, idle=0.5)
        else:
            one = Server(folder, tls=tls, patience=4 if tls else 1.5)
        for nth in passes:
            plugin = Mutation(one, nth)
            run(one, plugin, *services)
            verdicts |= plugin.verdicts
        one.close()
    return [
        (id, defect, any(verdict in CAUGHT for verdict, _ in heard), f"{heard}")
        for (id, defect), heard in verdicts.items()
    ]


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


if __name__ == "__main__":
    print(json.dumps(_hunt(Path(sys.argv[1]), sys.argv[2:])))
