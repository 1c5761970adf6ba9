"""Claims held to account: what the target says of itself against what the checks saw."""

from __future__ import annotations

from dataclasses import dataclass

from stepwedge.checks import is_claimed
from stepwedge.claims import CLAIMS
from stepwedge.events import CheckFinished
from stepwedge.reports.model import RunView
from stepwedge.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim and how many of its checks ended how."""

    name: str
    meaning: str
    claimed: bool
    passed: int = 0
    broken: int = 0
    warned: int = 0
    unjudged: int = 0

    @property
    def word(self) -> str:
        """What the checks say of it."""
        if not self.claimed:
            return "not claimed"
        if self.broken:
            return "broken"
        if not self.passed and not self.warned:
            return "not verified"
        return "kept, in part" if self.unjudged else "kept"

    @property
    def verdict(self) -> Verdict:
        """The verdict whose shape it takes."""
        return {
            "not claimed": Verdict.NOT_CLAIMED,
            "broken": Verdict.FAIL,
            "not verified": Verdict.BLOCKED,
        }.get(self.word, Verdict.WARN if self.warned else Verdict.PASS)


def claims(view: RunView) -> list[Claim]:
    """The claims that checks rest on and those that no check looked at; the broken ones first."""
    held = [str(claim) for claim in view.run.target.get("claims", ())] if view.run else []
    checks: dict[str, list[CheckFinished]] = {}
    for check in view.checks:
        checks.setdefault(check.claim, []).append(check)
    unseen = [claim for claim in held if not any(_under(name, claim) for name in checks)]
    table = [
        Claim(
            name=name,
            meaning=CLAIMS.get(name, "" if name else "what any DICOM server must do"),
            claimed=is_claimed(name, held),
            passed=_count(checks.get(name, []), Verdict.PASS),
            broken=_count(checks.get(name, []), Verdict.FAIL),
            warned=_count(checks.get(name, []), Verdict.WARN),
            unjudged=_count(checks.get(name, []), Verdict.BLOCKED, Verdict.ERROR),
        )
        for name in (*checks, *unseen)
    ]
    order = ("broken", "not verified", "kept, in part", "kept", "not claimed")
    return sorted(table, key=lambda claim: (order.index(claim.word), claim.name))


def _under(name: str, parent: str) -> bool:
    return name == parent or name.startswith(f"{parent}.")


def _count(checks: list[CheckFinished], *verdicts: Verdict) -> int:
    return sum(check.verdict in verdicts for check in checks)
