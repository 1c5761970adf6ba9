"""Checks, claims and verdicts."""

from __future__ import annotations

import pytest

from stepwedge.checks import SHALL, SHOULD, check, check_of, is_claimed
from stepwedge.verdicts import Blocked, Deviation, Level, Surprise, Verdict, verdict_of


def test_a_check_carries_what_reports_show() -> None:
    """The decorator attaches id, clause, level, claim, defects and the docstring's sentence."""

    @check("FIND-001", "PS3.4 C.4.1", SHALL, claim="find.study", defects=["d"])
    def test_something() -> None:
        """A thing happens,
        over two lines.

        And more is said of it.
        """

    found = check_of(test_something)
    assert found is not None
    assert (found.id, found.topic, found.claim, found.defects) == (
        "FIND-001",
        "FIND",
        "find.study",
        ("d",),
    )
    assert found.sentence == "A thing happens, over two lines."


@pytest.mark.parametrize(
    ("id", "clause", "doc"),
    [
        ("FIND-1", "PS3.4 C", "A."),
        ("FIND-001", "C.4.1", "A."),
        ("FIND-001", "PS3.4 C", "no full stop"),
        ("FIND-001", "PS3.4 C", ""),
    ],
)
def test_a_malformed_check_is_refused_at_import(id: str, clause: str, doc: str) -> None:
    """A wrong id, a wrong clause or a missing sentence raises where it is written."""

    def test_something() -> None: ...

    test_something.__doc__ = doc
    with pytest.raises(ValueError, match="FIND"):
        check(id, clause, SHOULD, defects=[])(test_something)


def test_a_parent_claims_its_children() -> None:
    """`find` claims find.study, not the other way round; no claim always applies."""
    assert is_claimed("find.study", ["find"])
    assert not is_claimed("find", ["find.study"])
    assert not is_claimed("find.study", ["find.patient", "fin"])
    assert is_claimed("", [])


@pytest.mark.parametrize(
    ("error", "level", "verdict"),
    [
        (None, Level.SHALL, Verdict.PASS),
        (Deviation("a", "b"), Level.SHALL, Verdict.FAIL),
        (Deviation("a", "b"), Level.QUALITY, Verdict.WARN),
        (AssertionError("x"), Level.SHALL, Verdict.FAIL),
        (Surprise("a", "b"), Level.SHALL, Verdict.WARN),
        (Blocked("earlier"), Level.SHALL, Verdict.BLOCKED),
        (OSError("ours"), Level.SHALL, Verdict.ERROR),
    ],
)
def test_how_a_check_ends_decides_its_verdict(
    error: BaseException | None, level: Level, verdict: Verdict
) -> None:
    """Only a broken shall is a failure, and only the harness's own exceptions are errors."""
    assert verdict_of(error, level) is verdict
