"""The page of servers × checks, in Markdown: versions, counts, each deviation in a line, and all.

Nothing of it depends on when or where it was made, so that drawing it again shows what changed.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from stepwedge.baseline import Baseline, compare
from stepwedge.events import CheckFinished
from stepwedge.reports import units
from stepwedge.reports.model import RunView
from stepwedge.reports.traceability import clause_order
from stepwedge.verdicts import Verdict
from stepwedge.version import VERSION

# Word and sign of each verdict, as the matrix shows it.
SIGNS: Final = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.WARN: "▲",
    Verdict.BLOCKED: "…",
    Verdict.ERROR: "!",
    Verdict.NOT_CLAIMED: "·",
}
_WORST: Final = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.BLOCKED,
    Verdict.PASS,
    Verdict.NOT_CLAIMED,
)
_DEVIATES: Final = (Verdict.ERROR, Verdict.FAIL, Verdict.WARN)


@dataclass(frozen=True, slots=True)
class Verified:
    """A server, what it claims, what is known of it, and the run against it.

    Without `claims` it was held to its claims file, and to what it claims `beside`.
    """

    name: str
    title: str
    version: str
    claims: tuple[str, ...]
    known: Baseline
    view: RunView
    beside: tuple[str, ...] = ()

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Check id → the worst verdict of its cases."""
        found: dict[str, Verdict] = {}
        for check in self.view.checks:
            worst = found.get(check.id, check.verdict)
            found[check.id] = min(worst, check.verdict, key=_WORST.index)
        return found


def draw(servers: Sequence[Verified], head: str = "") -> str:
    """The whole page; `head` is ORDINARY unless it is HOSTILE."""
    parts = [(head or ORDINARY).format(version=VERSION), _summary(servers)]
    parts += [_deviations(server) for server in servers]
    parts.append(_matrix(servers))
    return "\n".join(parts).rstrip() + "\n"


ORDINARY: Final = """# Real servers

What the checks of Stepwedge {version} say about servers that others wrote. Each is launched as \
`stepwedge serve` does it, and held to what its documentation claims. This page is written by one \
command, which starts every server, runs the suites and reads the records:

    stepwedge matrix --output docs/servers.md

A deviation was looked into by hand, against the clause, before it went into the baseline of its \
server (`fixtures/servers/baselines/`) with its reason: what stands there is the server's own. \
What does not is marked as *not looked into yet*. A warning is no breach of a *shall*.
"""

HOSTILE: Final = """# Real servers and hostile input

What the checks of service `robustness` of Stepwedge {version} say about servers that others \
wrote, as `docs/robustness.md` explains. Each is launched as `stepwedge serve` does it; none \
declares its timers, so that 30 s are taken for ARTIM. This page is written by one command:

    stepwedge matrix --hostile --output docs/servers-hostile.md

A fail breaks a *shall*, or harms the server: it has its cell of PS3.8 Table 9-10 or its clause, \
and was looked into by hand. A warning is what the standard leaves to the receiver and a good \
server does; the baselines (`fixtures/servers/baselines/*-hostile.toml`) say what was seen.
"""


def _summary(servers: Sequence[Verified]) -> str:
    lines = [
        "## Servers",
        "",
        "| server | version | claims | ✓ pass | ✗ fail | ▲ warn | … blocked | · not claimed |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for server in servers:
        counts = Counter(server.verdicts.values())
        numbers = " | ".join(
            str(counts[verdict])
            for verdict in (
                Verdict.PASS,
                Verdict.FAIL,
                Verdict.WARN,
                Verdict.BLOCKED,
                Verdict.NOT_CLAIMED,
            )
        )
        file = f"as in `fixtures/servers/claims/{server.name}.toml`"
        claims = ", ".join(server.claims or (file, *server.beside))
        lines.append(f"| {server.title} | {server.version} | {claims} | {numbers} |")
    return "\n".join([*lines, ""])


def _deviations(server: Verified) -> str:
    lines = [f"## {server.title[0].upper()}{server.title[1:]} {server.version}", ""]
    if server.known.about:
        lines += [f"{server.known.about}.", ""]
    told = list(_told(server))
    if told:
        lines += ["| checks | clauses | verdict | what it does |", "|---|---|---|---|", *told, ""]
    else:
        lines += ["No deviation.", ""]
    unjudged = _unjudged(server) + _unlike(server)
    return "\n".join([*lines, *unjudged, *([""] if unjudged else [])])


def _told(server: Verified) -> Iterator[str]:
    """A row for each cause, the worst first: what one fault breaks stands together."""
    causes: dict[str, list[CheckFinished]] = {}
    for check in server.view.checks:
        if check.verdict in _DEVIATES:
            causes.setdefault(_reason(server.known, check), []).append(check)
    rows = []
    for reason, checks in causes.items():
        worst = min((check.verdict for check in checks), key=_WORST.index)
        clauses = sorted({check.clause for check in checks}, key=clause_order)
        keys = sorted({check.id for check in checks})
        cells = (", ".join(keys), ", ".join(clauses), f"{SIGNS[worst]} {worst}", _cell(reason))
        order = (_WORST.index(worst), clause_order(clauses[0]), keys)
        rows.append((order, f"| {' | '.join(cells)} |"))
    for _, row in sorted(rows):
        yield row


def _reason(known: Baseline, check: CheckFinished) -> str:
    entry = known.known(check)
    if entry is not None:
        return entry.reason
    if check.verdict is Verdict.ERROR:
        return f"Not looked into yet: {check.reason}"
    return f"Not looked into yet: expected {check.expected}, observed {check.observed}"


def _unjudged(server: Verified) -> list[str]:
    """A line for each reason for which checks said nothing."""
    blocked = [check for check in server.view.checks if check.verdict is Verdict.BLOCKED]
    reasons = Counter(check.reason for check in blocked)
    return [
        f"- {number} {'check was' if number == 1 else 'checks were'} not judged: {_cell(reason)}."
        for reason, number in reasons.most_common()
    ]


def _unlike(server: Verified) -> list[str]:
    """Where the run differs from what the baseline expects."""
    # Compared now, not when it was run: reasons are written into a baseline afterwards.
    compared = compare(
        server.known,
        server.view.checks,
        {entry.check.partition("[")[0] for entry in server.known.deviation},
        name=server.name,
        today=datetime.date.min,  # the page does not depend on when it is drawn
        at=0.0,
        whole=False,
    )
    return [f"- Unlike the baseline: {_cell(problem)}." for problem in compared.problems]


def _matrix(servers: Sequence[Verified]) -> str:
    checks: dict[str, CheckFinished] = {}
    for server in servers:
        for check in server.view.checks:
            checks.setdefault(check.id, check)
    untried = {id: one for id, one in checks.items() if not _is_tried(servers, id)}
    signs = ", ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items())
    lines = ["## All checks", "", f"{signs}; empty: not run."]
    if untried:
        told = Counter(check.service.replace("_", " ") for check in untried.values())
        number = units.counted(len(untried), "check")
        names = ", ".join(f"{service} ({count})" for service, count in told.items())
        lines += ["", f"Not shown: {number} of what none of these servers claims: {names}."]
    checks = {id: check for id, check in checks.items() if id not in untried}
    services = dict.fromkeys(check.service for check in checks.values())
    for service in services:
        lines += ["", f"### {service.replace('_', ' ')}", ""]
        lines.append(f"| check | clause | {' | '.join(server.name for server in servers)} |")
        lines.append(f"|---|---|{':-:|' * len(servers)}")
        for id, check in sorted(checks.items()):
            if check.service == service:
                cells = [_sign(server.verdicts.get(id)) for server in servers]
                sentence = _cell(check.sentence)
                lines.append(f"| {id} {sentence} | {check.clause} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _is_tried(servers: Sequence[Verified], id: str) -> bool:
    return any(
        server.verdicts.get(id, Verdict.NOT_CLAIMED) is not Verdict.NOT_CLAIMED
        for server in servers
    )


def _sign(verdict: Verdict | None) -> str:
    return SIGNS[verdict] if verdict is not None else ""


def _cell(text: str) -> str:
    """Text that cannot end a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*")
