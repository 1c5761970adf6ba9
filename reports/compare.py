"""Two runs side by side: which verdicts changed, how much slower or faster, and what else differed.

A difference in load is only called one when its 95 % interval excludes chance; else the words are
"no difference shown", which is not the same as "no difference".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stepwedge.errors import Exit
from stepwedge.events import CheckFinished
from stepwedge.gates import Gate
from stepwedge.record import read_events
from stepwedge.reports import forest, units
from stepwedge.reports.model import RunView, read_view
from stepwedge.reports.text import plain
from stepwedge.statistics import Ratio, compare
from stepwedge.verdicts import Verdict

# How good it is to end so.  Verdicts that say nothing of the target are no better or worse.
_MERIT = {Verdict.PASS: 2, Verdict.WARN: 1, Verdict.FAIL: 0}

# The kinds of change, the most urgent first.
KINDS = ("worse", "better", "changed", "new", "vanished")


@dataclass(frozen=True, slots=True)
class Change:
    """A check whose verdict differs; None where a run does not have it."""

    check: CheckFinished
    before: Verdict | None
    after: Verdict | None

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        if self.before is None:
            return "new"
        if self.after is None:
            return "vanished"
        if self.before in _MERIT and self.after in _MERIT:
            return "worse" if _MERIT[self.after] < _MERIT[self.before] else "better"
        # What could be judged and was broken is worse, wherever it came from.
        return "worse" if self.after is Verdict.FAIL else "changed"

    @property
    def name(self) -> str:
        """Its id, and its case where it has one."""
        return self.check.id + (f" [{self.check.parameter}]" if self.check.parameter else "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, what changed between them, and the gates that were set."""

    before: RunView
    after: RunView
    changes: list[Change]
    same: int  # checks that ended as before
    ratios: list[Ratio]
    differences: list[tuple[str, str, str]]  # what else differed: name, before, after
    crossed: list[tuple[Gate, Ratio]]

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    @property
    def exit_code(self) -> Exit:
        """1 when a check fails that did not fail before, 2 when a gate is crossed, else 0."""
        if any(change.after is Verdict.FAIL for change in self.of("worse")):
            return Exit.NOT_CONFORMANT
        return Exit.SERVICE_LEVEL_MISSED if self.crossed else Exit.HELD

    @property
    def sentence(self) -> str:
        """What the comparison came to."""
        parts = []
        for kind in KINDS:
            if found := self.of(kind):
                verb = {"new": "is new" if len(found) == 1 else "are new"}.get(kind, kind)
                verb = f"got {verb}" if kind in ("worse", "better") else verb
                names = ", ".join(change.name for change in found[:3])
                more = ", …" if len(found) > 3 else ""
                parts.append(f"{units.counted(len(found), 'check')} {verb} ({names}{more})")
        if not parts:
            parts = [
                f"all {units.counted(self.same, 'check')} ended as before"
                if self.same
                else "no check is in both runs"
            ]
        shown = [ratio for ratio in self.ratios if ratio.shown]
        if self.ratios and not shown:
            parts.append("no difference in load shown")
        parts += [f"{label(one)}: {meaning(one)[0]}" for one in shown[:3]]
        parts += [f"gate crossed: {gate.text}" for gate, _ in self.crossed]
        text = "; ".join(parts)
        return text[:1].upper() + text[1:] + "."


def read_comparison(before: Path, after: Path, gates: Sequence[Gate] = ()) -> Comparison:
    """Reads and compares two run folders.

    Raises RecordError when one is no run, UsageError when a gate is about something that the two
    runs do not both hold.
    """
    first, second = read_view(before), read_view(after)
    ratios = compare(read_events(before), read_events(after))
    crossed = [(gate, ratio) for gate in gates if (ratio := gate.crossed(ratios))]
    changes, same = _changes(first.checks, second.checks)
    return Comparison(
        before=first,
        after=second,
        changes=changes,
        same=same,
        ratios=ratios,
        differences=list(_differences(first, second)),
        crossed=crossed,
    )


def _changes(
    before: Sequence[CheckFinished], after: Sequence[CheckFinished]
) -> tuple[list[Change], int]:
    """The checks that ended otherwise, by urgency; and how many ended as before."""
    first = {(check.id, check.parameter): check for check in before}
    second = {(check.id, check.parameter): check for check in after}
    changes, same = [], 0
    for key in dict.fromkeys([*second, *first]):
        old, new = first.get(key), second.get(key)
        if old and new and old.verdict is new.verdict:
            same += 1
        elif shown := new or old:
            changes.append(
                Change(shown, old.verdict if old else None, new.verdict if new else None)
            )
    return sorted(changes, key=lambda one: (KINDS.index(one.kind), one.name)), same


def _differences(before: RunView, after: RunView) -> Iterable[tuple[str, str, str]]:
    """What else differed: an honest comparison changes one thing."""
    first, second = _circumstances(before), _circumstances(after)
    for name in dict.fromkeys([*first, *second]):
        old, new = first.get(name, "–"), second.get(name, "–")
        if old != new:
            yield name, old, new


def _circumstances(view: RunView) -> dict[str, str]:
    found: dict[str, str] = {}
    if view.run:
        run = view.run
        found |= {
            "Stepwedge": run.stepwedge,
            "Seed": str(run.seed),
            "Python": run.python,
            "Platform": run.platform,
        }
        found |= {f"Package {name}": version for name, version in sorted(run.packages.items())}
        found |= {f"Target {name}": plain(value) for name, value in sorted(run.target.items())}
    for seen in view.targets[:1]:
        found["Implementation"] = f"{seen.implementation_version} {seen.implementation_class_uid}"
        found["TLS"] = seen.tls or "none, in clear"
        found["Maximum PDU"] = "–" if seen.max_pdu is None else units.number(seen.max_pdu)
    for number, load in enumerate(view.loads, start=1):
        if load.summary:
            prefix = "Load" if len(view.loads) == 1 else f"Load {number}"
            found[f"{prefix} scenario"] = load.summary.scenario
            found[f"{prefix} model"] = load.summary.model
            found[f"{prefix} users"] = units.number(load.summary.users)
            found |= {f"{prefix} {name}": text for name, text in load.summary.policies.items()}
    return found


def label(ratio: Ratio) -> str:
    """`C-STORE response p95`."""
    return f"{ratio.operation} {ratio.measure.replace('.p', ' p')}"


def meaning(ratio: Ratio) -> tuple[str, str]:
    """What a ratio says in words, and whether that is worse, better or the same."""
    if not ratio.shown:
        return "no difference shown", "same"
    more = ratio.ratio > 1
    change = f"{abs(ratio.ratio - 1) * 100:.3g} %"
    if ratio.measure == "rate":
        return f"{change} {'more' if more else 'less'} done", "better" if more else "worse"
    if ratio.measure == "errors":
        return f"{change} {'more' if more else 'fewer'} failures", "worse" if more else "better"
    return f"{change} {'slower' if more else 'faster'}", "worse" if more else "better"


def forest_rows(ratios: Sequence[Ratio]) -> list[forest.Row]:
    """The ratios as rows of the forest plot."""
    rows = []
    for ratio in ratios:
        words, style = meaning(ratio)
        rows.append(forest.Row(label(ratio), ratio.ratio, ratio.low, ratio.high, words, style))
    return rows


def value(ratio: Ratio, number: float) -> str:
    """A value of a ratio's measure with its unit."""
    if ratio.measure == "rate":
        return units.rate(number)
    return units.share(number, 1) if ratio.measure == "errors" else units.seconds(number)
