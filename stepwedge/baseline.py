"""A baseline: the deviations of a target that are known, each with its reason.

A gate that runs every night must not fail on what everybody knows, must fail on anything new, and
must fail too when something known has gone: a bug that was mended and left in the baseline hides
its own return.  So every change of a verdict is told, in both directions.

    include = "orthanc.toml"      # a baseline beside this one, whose deviations are known here too

    [[deviation]]
    check = "FIND-037"            # or one case of it: "FIND-040[until]"
    verdict = "fail"              # fail, warn, blocked or error
    contains = "1 missing"        # a phrase of what was observed; empty takes any
    reason = "…"                  # why it is accepted
    link = "…"                    # where it is followed
    expires = 2027-06-30          # from this day on the entry fails the gate
    intermittent = true           # it does not show each time (a race): passing is no change
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stepwedge import toml
from stepwedge.errors import UsageError
from stepwedge.events import BaselineCompared, CheckFinished
from stepwedge.verdicts import Verdict

_EXPECTED = (Verdict.FAIL, Verdict.WARN, Verdict.BLOCKED, Verdict.ERROR)


class Deviation(BaseModel):
    """One known deviation; `key` is the check's id, with its case in brackets where it has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: Annotated[str, Field(pattern=r"^[A-Z]{3,8}-[0-9]{3}(\[.+\])?$")]
    verdict: Literal["fail", "warn", "blocked", "error"] = "fail"
    contains: str = ""
    reason: str
    link: str = ""
    expires: datetime.date | None = None
    intermittent: bool = False


class Baseline(BaseModel):
    """What is known of one target; `about` says which, in words.

    `include` names a baseline beside this one, whose deviations are known here too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    include: str = ""
    deviation: tuple[Deviation, ...] = ()

    def known(self, event: CheckFinished) -> Deviation | None:
        """The entry for a check's case, or for the check as a whole."""
        named = {entry.check: entry for entry in self.deviation}
        return named.get(event.key) or named.get(event.id)


def load_baseline(file: Path, including: tuple[Path, ...] = ()) -> Baseline:
    """Reads a baseline.  Raises UsageError with all that is wrong with it.

    `including` are the files that led to this one.
    """
    if file in including:
        raise UsageError(f"the baseline {file} includes itself", "take an include out")
    try:
        fields = toml.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no baseline {file}", "write one with --update-baseline"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the baseline {file} cannot be read: {error}") from None
    try:
        baseline = Baseline.model_validate(fields)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, one['loc']))}: read {one.get('input')!r}; {one['msg']}"
            for one in error.errors()
        ]
        raise UsageError(
            f"{file} is no baseline:\n" + "\n".join(lines), "docs/baselines.md shows its form"
        ) from None
    if not baseline.include:
        return baseline
    included = load_baseline(file.parent / baseline.include, (*including, file))
    # Of two entries for the same check, the one that is nearer counts.
    own = {entry.check for entry in baseline.deviation}
    others = tuple(entry for entry in included.deviation if entry.check not in own)
    return baseline.model_copy(update={"deviation": (*others, *baseline.deviation)})


def compare(
    baseline: Baseline,
    finished: Iterable[CheckFinished],
    known_ids: Iterable[str],
    *,
    name: str,
    today: datetime.date,
    at: float,
    whole: bool = True,
) -> BaselineCompared:
    """Holds the verdicts of a run against a baseline.

    `known_ids` are the ids of all checks that exist; `whole` is false when only some were asked
    for, so that entries of the others are not missed.
    """
    known: list[str] = []
    problems: list[str] = []
    used: set[str] = set()
    unclaimed: set[str] = set()
    for event in finished:
        entry = baseline.known(event)
        key = event.key
        if entry is not None:
            used.add(entry.check)
        if event.verdict not in _EXPECTED:
            if event.verdict is Verdict.NOT_CLAIMED:
                # Nothing was tried: over TLS and in clear, say, other checks apply.
                unclaimed.add(event.id)
            expected = entry is not None and entry.check == key and not entry.intermittent
            if entry is not None and expected and event.verdict is Verdict.PASS:
                problems.append(
                    f"{key} passes now, but the baseline expects {entry.verdict}: take it out"
                )
            continue
        if entry is None:
            if event.verdict is not Verdict.BLOCKED:
                problems.append(f"{key} is new: {event.verdict}: {_said(event)}")
            continue
        if event.verdict != entry.verdict:
            problems.append(f"{key} is {event.verdict}, the baseline expects {entry.verdict}")
        elif entry.contains not in _said(event):
            problems.append(
                f"{key} fails in another way: {_said(event)!r} does not contain {entry.contains!r}"
            )
        else:
            known.append(key)
    exists = set(known_ids)
    for entry in baseline.deviation:
        if entry.check.partition("[")[0] not in exists:
            problems.append(f"{entry.check} is in the baseline, but no such check exists")
        elif entry.check not in used and whole:
            problems.append(f"{entry.check} is in the baseline, but was not run")
        elif entry.check in used and entry.expires is not None and entry.expires <= today:
            problems.append(f"{entry.check} expired on {entry.expires}: look at it again")
        elif entry.check.partition("[")[0] in unclaimed:
            continue
        elif "[" not in entry.check and entry.check in used and whole:
            shown = {one.partition("[")[0] for one in known}
            told = any(problem.startswith(entry.check) for problem in problems)
            if entry.check not in shown and not told and not entry.intermittent:
                problems.append(
                    f"{entry.check} passes now, but the baseline expects {entry.verdict}: "
                    "take it out"
                )
    return BaselineCompared(at=at, file=name, known=known, problems=problems)


def updated(baseline: Baseline, finished: Iterable[CheckFinished]) -> str:
    """The text of a baseline that expects what was just observed, keeping reasons given before."""
    lines = [f"about = {json.dumps(baseline.about)}"]
    for event in finished:
        known = baseline.known(event)
        shy = known is not None and known.intermittent and event.verdict is Verdict.PASS
        if not shy and (event.verdict not in _EXPECTED or event.verdict is Verdict.BLOCKED):
            continue
        entry = baseline.known(event)
        lines += ["", "[[deviation]]", f"check = {json.dumps(event.key)}"]
        verdict = entry.verdict if entry and shy else event.verdict
        lines.append(f'verdict = "{verdict}"')
        kept = entry is not None and (shy or entry.contains in _said(event))
        phrase = entry.contains if entry and kept else ""
        lines.append(f"contains = {json.dumps(phrase, ensure_ascii=False)}")
        reason = entry.reason if entry else f"to be looked into: {_said(event)}"
        lines.append(f"reason = {json.dumps(reason, ensure_ascii=False)}")
        if entry and entry.link:
            lines.append(f"link = {json.dumps(entry.link)}")
        if entry and entry.intermittent:
            lines.append("intermittent = true")
        if entry and entry.expires:
            lines.append(f"expires = {entry.expires.isoformat()}")
    return "\n".join(lines) + "\n"


def _said(event: CheckFinished) -> str:
    return event.observed or event.reason
