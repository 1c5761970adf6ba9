"""The stories that checks play, told in sentences: who did what, when, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from stepwedge.events import CheckFinished
from stepwedge.reports import units
from stepwedge.reports.model import RunView
from stepwedge.verdicts import Verdict

# Of the three files of a conversation the one that can be looked at, and audit messages.
_SHOWN = (".pcap", ".audit.xml")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One check of a story, with the evidence that a reader can open: (label, path)."""

    check: CheckFinished
    evidence: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Story:
    """All chapters that one service plays, in the order in which they were played."""

    service: str
    study: str
    began: float
    lead: str
    chapters: list[Chapter]


def stories(view: RunView) -> list[Story]:
    """The stories of a run; none when nothing was played."""
    told = []
    for service in view.services:
        played = [check for check in service.checks if check.acts]
        if played:
            told.append(_story(service.name, sorted(played, key=lambda one: one.acts[0].at)))
    return told


def _story(service: str, checks: Sequence[CheckFinished]) -> Story:
    acts = [act for check in checks for act in check.acts]
    people = len({act.who for act in acts})
    counts = Counter(check.verdict for check in checks)
    good = counts[Verdict.PASS]
    went = (
        "all went as they must"
        if good == len(checks)
        else f"{good} went as they must, {len(checks) - good} did not"
    )
    return Story(
        service,
        ", ".join(dict.fromkeys(act.study for act in acts if act.study)),
        acts[0].at,
        f"{units.counted(len(checks), 'chapter')}, {units.counted(people, 'actor')}, "
        f"{units.seconds(acts[-1].at - acts[0].at)}: {went}.",
        [Chapter(check, _evidence(check)) for check in checks],
    )


def _evidence(check: CheckFinished) -> list[tuple[str, str]]:
    shown = [path for path in check.evidence if path.endswith(_SHOWN)]
    return [(_label(check, path), path) for path in shown]


def _label(check: CheckFinished, path: str) -> str:
    """`conversation 1`, `the login of dr.meyer`: what a file of the check's evidence holds."""
    rest = PurePosixPath(path).name.removeprefix(f"{check.id}-")
    if rest.endswith(".pcap"):
        return f"conversation {rest.removesuffix('.pcap')}"
    return f"audit message: {rest.removesuffix('.audit.xml').replace('-', ' ')}"
