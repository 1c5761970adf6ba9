"""The end of a run in a terminal: one screen that says what came of it and where to read on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stepwedge.errors import Exit
from stepwedge.events import LoadOperation
from stepwedge.reports import units
from stepwedge.reports.compare import Change, Comparison, label, meaning, value
from stepwedge.reports.findings import Finding, findings, verdict_word
from stepwedge.reports.model import LoadView, RunView, read_view
from stepwedge.reports.text import printable
from stepwedge.statistics import Ratio
from stepwedge.verdicts import Verdict

# Shape, and then colour: the same shapes as in report.html, where a terminal has them.
_SIGNS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.WARN: ("▲", "yellow"),
    Verdict.ERROR: ("!", "bold magenta"),
    Verdict.BLOCKED: ("◇", "cyan"),
    Verdict.NOT_CLAIMED: ("○", "dim"),
}
_COLUMNS = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.ERROR,
    Verdict.BLOCKED,
    Verdict.NOT_CLAIMED,
)
# Rows that leave the whole within a screen of forty lines.
_MOST_SERVICES = 12
_MOST_FINDINGS = 5
_MOST_REASONS = 3
_MOST_OPERATIONS = 6
_MOST_CHANGES = 15


def show(folder: Path, console: Console, report: Path | None = None) -> None:
    """Prints the summary of a run folder; `report` is the page to point at."""
    console.print(summary(read_view(folder), report))


def summary(view: RunView, report: Path | None = None) -> Group:
    """The summary as something rich can print, at most one screen."""
    parts: list[RenderableType] = [Text(), *_head(view)]
    if view.checks:
        parts += [Text(), _services(view)]
    remarks = [*_findings(findings(view)), *_blocked(view)]
    if remarks:
        parts += [Text(), *remarks]
    for load in view.loads:
        parts += [Text(), *_load(load)]
    if report is not None:
        parts += [Text(), Text.assemble(("report  ", "dim"), (str(report), "bold"))]
    return Group(*parts)


def comparison(compared: Comparison, report: Path) -> Group:
    """What a comparison came to, for the terminal: the changes and the ratios."""
    good = compared.exit_code is Exit.HELD
    sign, style = _SIGNS[Verdict.PASS if good else Verdict.FAIL]
    parts: list[RenderableType] = [
        Text(),
        Text.assemble((f"{sign} ", style), printable(compared.sentence)),
    ]
    if compared.changes:
        parts += [Text(), _changes(compared.changes)]
    if compared.ratios:
        parts += [Text(), _ratios(compared.ratios)]
    parts += [Text(), Text.assemble(("report  ", "dim"), (str(report), "bold"))]
    return Group(*parts)


def _changes(changes: list[Change]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("change", "check", "before", "after"):
        table.add_column(name)
    for change in changes[:_MOST_CHANGES]:
        table.add_row(
            change.kind,
            Text(printable(change.name)),
            *(_verdict(verdict) for verdict in (change.before, change.after)),
        )
    if len(changes) > _MOST_CHANGES:
        table.add_row(Text(f"and {len(changes) - _MOST_CHANGES} more", "dim"))
    return table


def _verdict(verdict: Verdict | None) -> Text:
    if verdict is None:
        return Text("–", "dim")
    sign, style = _SIGNS[verdict]
    return Text(f"{sign} {verdict}", style)


def _ratios(ratios: list[Ratio]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("load", no_wrap=True)
    for name in ("before", "after", "ratio", "95 % interval"):
        table.add_column(name, justify="right")
    table.add_column("in words")
    for ratio in ratios:
        words, kind = meaning(ratio)
        table.add_row(
            Text(printable(label(ratio))),
            value(ratio, ratio.before),
            value(ratio, ratio.after),
            f"{ratio.ratio:.3g}",
            f"{ratio.low:.3g} to {ratio.high:.3g}",
            Text(words, {"worse": "bold red", "better": "green"}.get(kind, "dim")),
        )
    return table


def _head(view: RunView) -> Iterator[Text]:
    slug, word = verdict_word(view.outcome)
    sign, style = _SIGNS[Verdict(slug)]
    seen = next((one for one in view.targets if one.reachable), None)
    about = [view.title]
    if view.targets:
        more = f" and {len(view.targets) - 1} more" if len(view.targets) > 1 else ""
        about.append(view.targets[0].address + more)
    if seen and seen.implementation_version:
        about.append(seen.implementation_version)
    if seen and seen.tls:
        about.append(seen.tls.partition(";")[0])
    about.append(units.seconds(view.duration))
    yield Text.assemble((f"{sign} {word}", style), "  ", (printable(" · ".join(about)), "dim"))
    yield Text(printable(view.outcome.sentence))


def _services(view: RunView) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("service")
    used = [verdict for verdict in _COLUMNS if view.counts[verdict]]
    for verdict in used:
        table.add_column(f"{_SIGNS[verdict][0]} {verdict}", justify="right")
    table.add_column("time", justify="right")
    # What is not claimed at all has the least to say.
    services = sorted(view.services, key=lambda one: set(one.counts) <= {Verdict.NOT_CLAIMED})
    for service in services[:_MOST_SERVICES]:
        table.add_row(
            Text(printable(service.name)),
            *(_tally(service.counts[verdict], verdict) for verdict in used),
            units.seconds(service.duration),
        )
    hidden = services[_MOST_SERVICES:]
    if hidden:
        counts = Counter(check.verdict for service in hidden for check in service.checks)
        table.add_row(
            Text(f"{len(hidden)} more", "dim"), *(_tally(counts[one], one) for one in used), ""
        )
    if len(view.services) > 1:
        table.add_row(
            Text("all", "bold"),
            *(_tally(view.counts[verdict], verdict) for verdict in used),
            units.seconds(sum(check.duration for check in view.checks)),
        )
    return table


def _tally(count: int, verdict: Verdict) -> Text:
    return Text(str(count), _SIGNS[verdict][1]) if count else Text("·", "dim")


def _findings(found: list[Finding]) -> Iterator[RenderableType]:
    # A screen has room for one; the report has them all.
    first = next((one for one in found[:_MOST_FINDINGS] if one.first and one.first.hint), None)
    for finding in found[:_MOST_FINDINGS]:
        sign, style = _SIGNS[finding.verdict]
        ids = ", ".join(finding.ids[:3]) + (", …" if len(finding.ids) > 3 else "")
        title = Text.assemble((f"{sign} ", style), (f"{ids} " if ids else "", "bold"))
        title.append(printable(finding.title))
        yield _one_line(title)
        if finding.observed:
            observed = Text(printable(finding.observed), "dim")
            yield Padding(_one_line(observed), (0, 0, 0, 4))
        for name, words in _commands(finding) if finding is first else ():
            line = Text.assemble((f"{name} ", "dim"), printable(words), overflow="fold")
            yield Padding(line, (0, 0, 0, 4))
    if len(found) > _MOST_FINDINGS:
        yield Text(f"  and {units.counted(len(found) - _MOST_FINDINGS, 'finding')} more", "dim")


def _blocked(view: RunView) -> Iterator[Text]:
    """What could not be tried, and why."""
    sign, style = _SIGNS[Verdict.BLOCKED]
    groups = [one for one in view.untested if one.verdict is Verdict.BLOCKED]
    for one in groups[:_MOST_REASONS]:
        count = f"{units.counted(len(one.checks), 'check')} not tried: "
        yield _one_line(Text.assemble((f"{sign} ", style), count, printable(one.reason)))
    if len(groups) > _MOST_REASONS:
        yield Text(f"  and {units.counted(len(groups) - _MOST_REASONS, 'reason')} more", "dim")


def _commands(finding: Finding) -> Iterator[tuple[str, str]]:
    """How to see it again: our command, and DCMTK's."""
    if finding.first is not None:
        yield "repeat", finding.first.repeat
        yield "dcmtk ", finding.first.hint


def _one_line(text: Text) -> Text:
    if "\n" in text.plain:
        text = Text(" ".join(text.plain.split()), text.style)
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text


def _load(load: LoadView) -> Iterator[RenderableType]:
    summary_ = load.summary
    if summary_ is None:
        yield Text(f"load cut short after {len({one.second for one in load.seconds})} s", "yellow")
        return
    title = (
        f"load {summary_.scenario} · {summary_.model} model · {units.seconds(summary_.duration)}"
    )
    yield Text(printable(title), "dim")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("operation")
    for name in ("succeeded", "failed", "per second", "p50", "p95", "p99", "max"):
        table.add_column(name, justify="right")
    # What a screen has no room for: wholes and moments come after the operations they consist of.
    operations = sorted(summary_.operations, key=lambda one: not one.is_dimse)
    for one in operations[:_MOST_OPERATIONS]:
        table.add_row(*_operation(one, summary_.duration))
    yield table
    yield Text("latency: response time, from the planned start", "dim")
    for level in summary_.service_levels:
        sign, style = _SIGNS[Verdict.PASS if level.held else Verdict.FAIL]
        yield _one_line(Text.assemble((f"{sign} ", style), printable(level.text)))
    if load.ledger:
        audit = load.ledger
        lost = audit.missing + audit.altered
        sign, style = _SIGNS[Verdict.FAIL if lost else Verdict.PASS]
        yield Text.assemble(
            (f"{sign} ", style),
            f"{units.number(audit.acknowledged)} acknowledged, {units.number(audit.found)} found, "
            f"{units.number(audit.missing)} missing, {units.number(audit.altered)} altered",
        )


def _operation(one: LoadOperation, duration: float) -> list[Text]:
    done = one.succeeded
    times = (
        [one.response.p50, one.response.p95, one.response.p99, one.response.max]
        if one.response
        else [None] * 4
    )
    return [
        Text(printable(one.name)),
        Text(units.number(done)),
        Text(units.number(one.failed), "bold red" if one.failed else "dim"),
        Text(units.significant(done / max(duration, 1e-9))),
        *(Text(units.seconds(value)) for value in times),
    ]
