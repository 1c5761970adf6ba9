"""`report.html`: the whole run on one page that loads nothing from anywhere.

Everything a server said passes through Jinja2's autoescape.  The page's own content security
policy allows exactly the one style sheet and the one script that are written into it, by their
hashes, so even text that slipped through could neither run nor fetch.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stepwedge import history
from stepwedge.events import CheckFinished, TargetSeen
from stepwedge.reports import (
    capacity,
    claimed,
    conversation,
    loadview,
    offence,
    overhead,
    pictures,
    statement,
    story,
    traceability,
    transitions,
    units,
)
from stepwedge.reports.conversation import Conversation
from stepwedge.reports.findings import Finding, findings, quantity, verdict_word
from stepwedge.reports.model import SEVERITY, RunView
from stepwedge.reports.offence import Decided
from stepwedge.reports.text import plain, printable
from stepwedge.verdicts import Level, Verdict
from stepwedge.version import VERSION

FILE = "report.html"

# Mail servers and viewers of attachments take two megabytes.  Conversations fill a page up to here,
# so that it stays quick to open.
MOST_BYTES = 1_500_000
_TEMPLATES = Path(__file__).parent / "templates"


def write(view: RunView, folder: Path, since: Mapping[str, str] | None = None) -> Path:
    """Writes `report.html` into `folder`.

    `since` says of a finding, by its anchor, since when it stands; without it, the runs beside this
    one are asked.
    """
    path = folder / FILE
    path.write_text(render(view, since), encoding="utf-8")
    return path


def render(view: RunView, since: Mapping[str, str] | None = None) -> str:
    """The page as text."""
    found = findings(view)
    values = _values(view, found, _history(view, found) if since is None else since)
    template = environment().get_template("report.html.j2")
    page = template.render(values, ladders={})
    ladders = _ladders(view, found, room=MOST_BYTES - len(page.encode()))
    return template.render(values, ladders=ladders) if ladders else page


def _history(view: RunView, found: Sequence[Finding]) -> dict[str, str]:
    """Since when each finding stands, by its anchor, as its first check tells."""
    if view.run is None:
        return {}
    nodes = {check.node: check.verdict for finding in found for check in finding.checks}
    told = history.since(view.folder, view.run, nodes)
    return {
        finding.anchor: told[finding.first.node]
        for finding in found
        if finding.first is not None and finding.first.node in told
    }


def _values(view: RunView, found: Sequence[Finding], since: Mapping[str, str]) -> dict[str, Any]:
    """What the templates show."""
    slug, word = verdict_word(view.outcome)
    return {
        "view": view,
        "findings": found,
        "since": since,
        "anchors": _anchors(view.checks),
        "card_of": {check.node: card.anchor for card in found for check in card.checks},
        "slug": slug,
        "word": word,
        "facts": _facts(view),
        "order": SEVERITY,
        "levels": tuple(Level),
        "stack": _stack(view),
        "untested": view.untested,
        "not_claimed": Verdict.NOT_CLAIMED,
        "refused": _refused(view),
        "unfinished": _unfinished(view),
        "nothing_found": _nothing_found(view),
        "loads": [loadview.rows(load, number) for number, load in enumerate(view.loads, start=1)],
        "capacities": [
            capacity.rows(one, number) for number, one in enumerate(view.capacities, start=1)
        ],
        "stories": story.stories(view),
        "pictures": pictures.pictures(view),
        "tables": {one.name: transitions.table(one.checks) for one in view.services},
        "standings_of_cells": [(word, verdict) for verdict, word in transitions.WORDS.items()],
        "overheads": [
            overhead.rows(one, number) for number, one in enumerate(view.overheads, start=1)
        ],
        "claims": claimed.claims(view),
        "statement": statement.statement(view),
        "standings": statement.ORDER,
        "standing_shape": statement.SHAPES,
        "trace": traceability.traced(view),
        "gaps": traceability.untested(view),
        "qualification": _qualification(view),
        "command_line": shlex.join(view.run.command) if view.run else "",
        **shell(),
    }


def shell() -> dict[str, Any]:
    """What every page of ours carries: style, script, and the policy that allows just those."""
    css, script = _asset("report.css"), _asset("report.js")
    return {
        "drawn_by": VERSION,
        "css": css,
        "script": script,
        "policy": (
            f"default-src 'none'; style-src {_source(css)}; script-src {_source(script)}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
    }


@cache
def environment() -> Environment:
    """Jinja2 with autoescape always on and the filters that the templates use."""
    env = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        basename=lambda path: PurePosixPath(path).name,
        clock=_clock,
        counted=units.counted,
        grey=_grey,
        href=href,
        ids=_ids,
        iso=units.iso,
        ladder_time=_ladder_time,
        max_pdu=_max_pdu,
        moment=units.moment,
        number=units.number,
        plain=plain,
        quantity=quantity,
        rate=units.rate,
        seconds=units.seconds,
        share=units.share,
        significant=units.significant,
        size=units.size,
        slug=lambda word: str(word).replace(" ", "-"),
        tally=_tally,
    )
    return env


def _finalize(value: Any) -> Any:
    """Control characters are no text in HTML; what is already markup is ours."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _asset(name: str) -> Markup:
    """A file of ours that goes into the page as it is."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def href(path: str) -> str:
    """A link to a file of the run folder; whatever else it may be, it stays within the folder."""
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..", ".")]
    return "./" + quote("/".join(parts))


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f"{at % 1:.3f}"[1:]


def _grey(step: int) -> str:
    """The grey of one of eleven steps of the wedge, dark to light."""
    value = round(20 + 23 * step)
    return f"rgb({value},{value},{value})"


def _ids(checks: Sequence[CheckFinished], most: int = 6) -> str:
    names = list(dict.fromkeys(check.id for check in checks))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _max_pdu(seen: TargetSeen) -> str:
    if seen.max_pdu is None:
        return "–"
    return "unlimited" if seen.max_pdu == 0 else f"{units.number(seen.max_pdu)} B"


def _tally(counts: Counter[Verdict]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in SEVERITY if counts[verdict])


def _anchors(checks: Sequence[CheckFinished]) -> dict[str, str]:
    """Of each check's node, the anchor of its row: its id, numbered when it has several cases."""
    seen: Counter[str] = Counter()
    anchors = {}
    for check in checks:
        seen[check.id] += 1
        count = seen[check.id]
        anchors[check.node] = f"check-{check.id}" + (f"-{count}" if count > 1 else "")
    return anchors


def _ladders(view: RunView, found: Sequence[Finding], room: int) -> dict[str, Markup]:
    """The conversations of each finding, by its anchor, the worst findings first.

    When the room, in bytes, is used up, the cards only say where the conversation is.
    """
    template = environment().get_template("ladder.html.j2")
    drawn: dict[str, Markup] = {}
    for finding in found:
        check = finding.first
        if check is None:
            continue
        parts = []
        for path, talk, decided in _decided(view, check):
            ladder = conversation.ladder(talk, path, decided)
            part = template.render(
                ladder=ladder,
                check=check,
            )
            size = len(part.encode())
            parts.append(Markup(part) if size <= room else _no_room(path))
            room -= size if size <= room else 0
        if parts:
            drawn[finding.anchor] = Markup("").join(parts)
    return drawn


def _decided(
    view: RunView, check: CheckFinished
) -> Iterator[tuple[str, Conversation, Decided | None]]:
    """The conversations of a check, and where in each the offence is."""
    talks = {
        path: talk
        for path in check.evidence
        if (talk := conversation.read(view.folder, path)) is not None and talk.pdus
    }
    found = {path: offence.named(talk, check.field, check.observed) for path, talk in talks.items()}
    asked = [path for path, talk in talks.items() if talk.we_requested]
    if asked and not any(found.values()):
        found[asked[-1]] = offence.answer(talks[asked[-1]], check.field)
    return ((path, talk, found[path]) for path, talk in talks.items())


def _no_room(path: str) -> Markup:
    return Markup('<p class="soft">The conversation is in <a href="{}">{}</a>.</p>').format(
        href(path), PurePosixPath(path).name
    )


def _ladder_time(since: float) -> str:
    """Milliseconds to the tenth within the first ten seconds, then seconds."""
    return f"{since * 1000:.1f} ms" if since < 10 else f"{since:.3f} s"


def _facts(view: RunView) -> list[tuple[str, list[tuple[str, str]]]]:
    """The three columns of the first screen: what was tested, by what, when."""
    run = view.run
    target = run.target if run else {}
    seen = next((one for one in view.targets if one.reachable), None)
    seen = seen or (view.targets[0] if view.targets else None)
    address = f"{target.get('host', '')}:{target.get('port', '')}".strip(":")
    implementation = ""
    if seen and seen.implementation_class_uid:
        version = seen.implementation_version or "no version name"
        implementation = f"{version} ({seen.implementation_class_uid})"
    tested = [
        ("Target", str(target.get("name", ""))),
        ("Address", address or (seen.address if seen else "")),
        ("AE title", str(target.get("ae_title", ""))),
        ("Implementation", implementation),
        ("TLS", (seen.tls or "none, in clear") if seen else ""),
    ]
    tool = [
        ("Stepwedge", run.stepwedge if run else ""),
        ("As AE title", str(target.get("calling_ae_title", ""))),
        ("Seed", str(run.seed) if run else ""),
        ("Configuration", f"SHA-256 {run.config_hash[:16]}…" if run else ""),
    ]
    when = [
        ("Began", units.moment(view.began)),
        ("Took", units.seconds(view.duration)),
        ("Run", run.run_id if run else view.folder.name),
        ("Standard", ", ".join(sorted({check.edition for check in view.checks}))),
    ]
    columns = (("What was tested", tested), ("By what", tool), ("When", when))
    return [(heading, [row for row in rows if row[1]]) for heading, rows in columns]


def _stack(view: RunView) -> list[tuple[Verdict, float, float]]:
    """The bar of verdicts: each with its left edge and width, in thousandths."""
    total = len(view.checks) or 1
    bar, left = [], 0.0
    for verdict in (Verdict.PASS, *(one for one in SEVERITY if one is not Verdict.PASS)):
        width = 1000 * view.counts[verdict] / total
        if width:
            bar.append((verdict, round(left, 2), round(width, 2)))
            left += width
    return bar


def _refused(view: RunView) -> list[str]:
    """The SOP classes that the target refused at negotiation."""
    names = [
        f"{context.name} ({context.result})"
        for seen in view.targets[:1]
        for context in seen.contexts
        if context.result != "acceptance"
    ]
    return list(dict.fromkeys(names))


def _unfinished(view: RunView) -> str:
    if view.finished is None:
        return "the record has no end: the run was killed, or is still going on"
    return "interrupted: not everything was tested" if view.outcome.interrupted else ""


def _nothing_found(view: RunView) -> str:
    if not view.judged and not view.loaded:
        return "Nothing was tested, so nothing was found."
    return "None: nothing that was tested deviated."


def _qualification(view: RunView) -> list[dict[str, Any]]:
    """How the parts of the report map to installation, operational, performance qualification."""
    reachable = sum(seen.reachable for seen in view.targets)
    levels = [level for load in view.loads if load.summary for level in load.summary.service_levels]
    ledgers = [load.ledger for load in view.loads if load.ledger]
    lost = sum(ledger.missing + ledger.altered for ledger in ledgers)
    performance = [
        f"{sum(level.held for level in levels)} of {units.counted(len(levels), 'service level')} "
        "held"
        if levels
        else "no service level was set"
        if view.loads
        else capacity.sentence(view.capacities[-1])
        if view.capacities
        else "no load was run"
    ]
    if ledgers:
        performance.append(f"{units.counted(lost, 'acknowledged instance')} lost or altered")
    return [
        {
            "stage": "IQ, installation",
            "question": "Is what was specified installed, and does it answer?",
            "links": [("environment and versions", "environment")],
            "result": f"{reachable} of {units.counted(len(view.targets), 'address', 'addresses')} "
            "answered"
            if view.targets
            else "not looked at",
        },
        {
            "stage": "OQ, operation",
            "question": "Does each function do what the standard and its claims say?",
            "links": [("matrix", "matrix"), ("claims", "claims"), ("traceability", "traceability")]
            if view.checks
            else [],
            "result": _tally(view.counts) or "no check was run",
        },
        {
            "stage": "PQ, performance",
            "question": "Does it keep doing so under the load of the intended use?",
            "links": [("load", "load")] if view.loaded else [],
            "result": "; ".join(performance),
        },
    ]
