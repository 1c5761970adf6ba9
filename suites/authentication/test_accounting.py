"""RADIUS accounting: what is told of the associations of users (RFC 2866)."""

from __future__ import annotations

from collections.abc import Sequence

from stepwedge.checks import SHALL, SHOULD, check
from stepwedge.fixtures.outsiders import Outsiders, expect_turned_away
from stepwedge.fixtures.radius import Authenticator
from stepwedge.fixtures.radius.authenticator import Told
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted
from stepwedge.target import Target
from stepwedge.verdicts import Deviation

ACCOUNTING = "authentication.accounting"
RECORD = "Accounting-Request"


@check(
    "AUTH-050",
    "RFC 2866 5.1",
    SHALL,
    claim=ACCOUNTING,
    defects=["accounting-start-missing", "accounting-user-missing"],
)
def test_start(outsiders: Outsiders, authenticator: Authenticator, target: Target) -> None:
    """The association of a user begins with a Start that names the user."""
    before, name = _begin(authenticator, target), outsiders.user("physician").name
    with outsiders.associate("physician", [VERIFICATION]):
        (start,) = _await(authenticator, target, before, "Start", 1)
    expect(start.username == name, f"User-Name {name!r}", repr(start.username), "User-Name (1)")
    expect(bool(start.session), "an Acct-Session-Id", "none", "Acct-Session-Id (44)")
    _await(authenticator, target, before, "Stop", 1)


@check("AUTH-051", "RFC 2866 5.1", SHALL, claim=ACCOUNTING, defects=["accounting-stop-missing"])
def test_stop(outsiders: Outsiders, authenticator: Authenticator, target: Target) -> None:
    """The association of a user ends with a Stop of the same session."""
    before = _begin(authenticator, target)
    with outsiders.associate("physician", [VERIFICATION]):
        (start,) = _await(authenticator, target, before, "Start", 1)
    (stop,) = _await(authenticator, target, before, "Stop", 1)
    expect(
        stop.session == start.session,
        f"Acct-Session-Id {start.session}, that of the Start",
        stop.session,
        "Acct-Session-Id (44)",
    )


@check(
    "AUTH-052",
    "RFC 2866 5.1",
    SHALL,
    claim=ACCOUNTING,
    defects=["accounting-stop-on-release-only"],
)
def test_stop_after_a_broken_connection(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """When the connection breaks, the session is stopped, too."""
    before = _begin(authenticator, target)
    answer = outsiders.attempt(outsiders.identity())
    expect_accepted(answer)
    assert answer.association is not None
    answer.association.hang_up()
    _await(authenticator, target, before, "Stop", 1)


@check("AUTH-053", "RFC 2866 5.5", SHALL, claim=ACCOUNTING, defects=["accounting-session-shared"])
def test_sessions_match_associations(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """Three associations at once are three sessions, each with a Start and a Stop."""
    before = _begin(authenticator, target)
    answers = [outsiders.attempt(outsiders.identity()) for _ in range(3)]
    for answer in answers:
        expect_accepted(answer)
    for answer in answers:
        assert answer.association is not None
        answer.association.release()
    stops = _await(authenticator, target, before, "Stop", 3)
    starts = _of(authenticator.told[before:], "Start")
    sessions = {one.session for one in starts}
    expect(
        len(starts) == len(sessions) == 3 and {one.session for one in stops} == sessions,
        "three sessions, each with a Start and a Stop",
        f"{len(starts)} Starts and {len(stops)} Stops of {len(sessions)} sessions",
        "Acct-Session-Id (44)",
    )


@check("AUTH-054", "RFC 2866 2", SHALL, claim=ACCOUNTING, defects=["accounting-start-early"])
def test_no_session_for_a_rejection(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """Whoever is rejected has no session."""
    before = _begin(authenticator, target)
    wrong = outsiders.attempt(outsiders.identity(secondary=b"stepwedge-wrong"))
    expect_turned_away(wrong, "the passcode is wrong")
    # Whatever is told about the rejection is told before what follows it.
    with outsiders.associate("physician", [VERIFICATION]):
        pass
    _await(authenticator, target, before, "Stop", 1)
    starts = _of(authenticator.told[before:], "Start")
    expect(
        len(starts) == 1, "one Start, of the association that followed", f"{len(starts)}", RECORD
    )


@check("AUTH-055", "RFC 2865 5.25", SHOULD, claim=ACCOUNTING, defects=["accounting-class-missing"])
def test_class_is_returned(
    outsiders: Outsiders, authenticator: Authenticator, target: Target
) -> None:
    """The Class of the Access-Accept comes back, unmodified, with accounting."""
    before, name = _begin(authenticator, target), outsiders.user("physician").name
    with outsiders.associate("physician", [VERIFICATION]):
        pass
    _await(authenticator, target, before, "Stop", 1)
    wanted = (f"class of {name}".encode(),)
    for one in authenticator.told[before:]:
        expect(one.classes == wanted, f"Class {wanted}", f"{one.classes}", "Class (25)")


def _begin(authenticator: Authenticator, target: Target) -> int:
    """Where accounting is now, after all that an earlier silence has held back."""
    authenticator.settle(2 * target.authenticator.limit)
    return len(authenticator.told)


def _of(told: Sequence[Told], status: str) -> list[Told]:
    return [one for one in told if one.status == status]


def _await(
    authenticator: Authenticator, target: Target, before: int, status: str, number: int
) -> list[Told]:
    """So many records since then.  Raises Deviation when they do not come in time."""

    def look(player: Authenticator) -> list[Told]:
        found = _of(player.told[before:], status)
        return found if len(found) >= number else []

    limit = target.authenticator.limit
    found = authenticator.wait_for(look, limit)
    if not found:
        so_far = _of(authenticator.told[before:], status)
        raise Deviation(f"{number} {status} within {limit:g} s", f"{len(so_far)} came", RECORD)
    return found
