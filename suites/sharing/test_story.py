"""The story of a study that is shared: request, authentication, query, retrieval, audit, and those
who get nothing.

A physician at another hospital asks for a study that is released to them; a second one, to whom it
is not, asks as well; a third only knows a name.  Read in order, the chapters are one scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from xml.etree.ElementTree import Element

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.audit import codes, grammar
from stepwedge.fixtures.audit.codes import Code
from stepwedge.fixtures.audited import (
    MESSAGE,
    AuditTrail,
    both,
    names_object,
    names_title,
    names_user,
    of_type,
    outcome,
    time_of,
)
from stepwedge.fixtures.outsiders import expect_nothing_of, expect_turned_away
from stepwedge.fixtures.retrievals import expect_instances, expect_unaltered
from stepwedge.fixtures.sharing import RETURNED, Shared, Story
from stepwedge.fixtures.verifiers import (
    counters,
    expect,
    expect_accepted,
    expect_counts,
    expect_status,
    expect_success,
    uids,
)
from stepwedge.target import Target

SHARING, AUDIT = "sharing.release", "sharing.audit"
IDENTIFIER = "Identifier"


@check("SHARE-001", "Stepwedge sharing", SHALL, claim=SHARING, defects=["access-find-unrestricted"])
def test_request(story: Story) -> None:
    """A physician at another hospital who asks for a study before it is released finds nothing."""
    story.withheld()
    found = story.asks("physician")
    expect(not found.matches, "no match", f"{len(found.matches)}", IDENTIFIER)
    expect_status(found.final, 0x0000, "failure")


@check("SHARE-002", "PS3.7 D.3.3.7.3", SHALL, claim=SHARING, defects=["auth-right-refused"])
def test_authentication(story: Story) -> None:
    """The physician shows name and passcode from the other hospital, and is let in."""
    expect_accepted(story.proves("physician"))


@check(
    "SHARE-003",
    "PS3.4 C.4.1.1.3.2",
    SHALL,
    claim=SHARING,
    defects=["access-released-hidden", "edge-find-loses-keys"],
)
def test_query(story: Story) -> None:
    """Once the study is released the physician finds it, with what the hospital knows of it."""
    shared = story.released()
    found = story.asks("physician")
    expect_success(found)
    seen = uids(found.matches, "StudyInstanceUID")
    expect(seen == [shared.study.uid], "the released study", f"{len(seen)} matches", IDENTIFIER)
    stored = shared.cargo.instances[0].build()
    for keyword in RETURNED:
        told, known = str(found.matches[0].get(keyword, "")), str(stored.get(keyword))
        expect(told == known, f"{keyword} {known!r}", repr(told), keyword)


@check(
    "SHARE-004",
    "PS3.4 C.4.2",
    SHALL,
    claim=SHARING,
    defects=["edge-move-not-delivered", "edge-move-counts-wrong", "edge-move-alters"],
)
def test_retrieval(story: Story) -> None:
    """The study is sent to the receiver of the physician's hospital: whole, unaltered, and counted
    as it arrived."""
    shared = story.released()
    moved = story.retrieves("physician", expected=len(shared.cargo.deposits))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, shared.cargo.instances, "the released study")
    expect_counts(moved.operation.final, completed=len(moved.arrivals))
    stored = {one.sop_instance_uid: one for one in shared.cargo.instances}
    for one in moved.arrivals:
        expect_unaltered(one, stored[one.sop_instance_uid])


@check(
    "SHARE-005",
    "PS3.15 A.5.3",
    SHALL,
    claim=AUDIT,
    defects=["audit-login-missing", "audit-query-missing", "audit-study-missing"],
)
def test_trail(story: Story, trail: AuditTrail, target: Target) -> None:
    """The audit trail tells of the physician's visit in its order: login, query, transfer, export,
    with the study and its patient."""
    shared = story.released()
    mark = trail.mark()
    story.asks("physician")
    story.retrieves("physician", expected=len(shared.cargo.deposits))
    before = 0.0
    for step in _visit(story, shared):
        if not target.is_claimed(step.claim):
            continue
        # Messages of an earlier visit may come late: what came before is not this visit's.
        where = both(step.where, _not_before(before))
        trail.expect(mark, step.event, where, step.what)
        one = trail.find(mark, step.event, where)[0]
        story.told(one, step.what)
        assert one.message is not None
        seen = outcome(one.message)
        expect(seen == "0", "outcome 0", seen, "EventOutcomeIndicator")
        if step.in_order:
            before = time_of(one.message)


def _not_before(since: float) -> Callable[[Element], bool]:
    return lambda message: time_of(message) >= since


class _Told(NamedTuple):
    """What a visit leaves in the trail: an event, and which message of it."""

    claim: str
    event: Code
    what: str
    where: Callable[[Element], bool]
    in_order: bool = True


def _visit(story: Story, shared: Shared) -> Iterable[_Told]:
    name, title = story.name("physician"), story.outsiders.title
    user, node = names_user(name), names_title(title)
    of_patient = names_object(codes.PATIENT_NUMBER, shared.study.patient.id)
    study = both(names_object(codes.STUDY_INSTANCE_UID, shared.study.uid), of_patient)
    login = both(user, of_type(codes.LOGIN))
    yield _Told("audit.authentication", codes.USER_AUTHENTICATION, f"the login of {name}", login)
    asked = f"the query of {name}"
    yield _Told("audit.query", codes.QUERY, asked, lambda m: user(m) or node(m))
    begins = "the beginning of the transfer"
    yield _Told("audit.transfer", codes.BEGIN_TRANSFERRING, begins, study)
    yield _Told("audit.transfer", codes.INSTANCES_TRANSFERRED, "the transfer", study)
    yield _Told("audit.export", codes.EXPORT, "the export", of_patient, in_order=False)


@check(
    "SHARE-010",
    "Stepwedge sharing",
    SHALL,
    claim=SHARING,
    defects=["access-releases-shared", "access-move-unrestricted"],
)
def test_second_physician(story: Story) -> None:
    """A second physician, who is known and to whom the study is not released, finds nothing and is
    sent nothing."""
    shared = story.released()
    found = story.asks("colleague")
    expect(not found.matches, "no match", f"{len(found.matches)}", IDENTIFIER)
    moved = story.retrieves("colleague")
    expect_nothing_of(moved.arrivals, shared.study, "the study")
    completed = counters(moved.operation.final)["completed"] or 0
    expect(completed == 0, "no completed sub-operation", f"{completed}", "(0000,1021)")


@check("SHARE-011", "PS3.7 D.3.3.7.3", SHALL, claim=SHARING, defects=["auth-passcode-unchecked"])
def test_impostor(story: Story) -> None:
    """Who knows the physician's name and not the passcode is turned away."""
    expect_turned_away(story.guesses("physician"), "the passcode is wrong")


@check(
    "SHARE-012",
    "PS3.15 A.5.3.10",
    SHALL,
    claim=AUDIT,
    defects=["audit-query-requester-missing"],
)
def test_trail_of_the_second_physician(story: Story, trail: AuditTrail) -> None:
    """The audit trail says that the second physician asked, and of no transfer to them."""
    shared = story.released()
    mark, name = trail.mark(), story.name("colleague")
    story.asks("colleague")
    story.retrieves("colleague")
    user, node = names_user(name), names_title(story.outsiders.title)
    asked = trail.expect(mark, codes.QUERY, lambda m: user(m) or node(m), f"of {name}")
    story.told(
        trail.find(mark, codes.QUERY, lambda m: user(m) or node(m))[-1], f"the query of {name}"
    )
    # What tells of the physician's own transfer may come late.
    theirs, since = names_user(story.name("physician")), time_of(asked)
    sent = [
        one
        for one in trail.since(mark)
        if one.message is not None
        and one.event == codes.INSTANCES_TRANSFERRED.value
        and outcome(one.message) == "0"
        and time_of(one.message) >= since
        and not theirs(one.message)
        and shared.study.uid in grammar.objects_of(one.message, codes.STUDY_INSTANCE_UID)
    ]
    expect(not sent, "no transfer of the study", f"{len(sent)} messages of one", MESSAGE)


@check(
    "SHARE-013",
    "PS3.15 A.5.3.12",
    SHALL,
    claim=AUDIT,
    defects=["audit-login-failure-missing"],
)
def test_trail_of_the_impostor(story: Story, trail: AuditTrail) -> None:
    """The audit trail says that a login with the physician's name failed."""
    mark, name = trail.mark(), story.name("physician")
    story.guesses("physician")
    where = both(names_user(name), lambda message: outcome(message) in ("4", "8", "12"))
    trail.expect(mark, codes.USER_AUTHENTICATION, where, f"of a login of {name} that failed")
    found = trail.find(mark, codes.USER_AUTHENTICATION, where)
    story.told(found[-1], f"the failed login of {name}")


@check(
    "SHARE-020", "Stepwedge sharing", SHALL, claim=SHARING, defects=["access-withdrawal-ignored"]
)
def test_withdrawal(story: Story) -> None:
    """When the hospital takes the release back, the physician finds nothing and is sent nothing."""
    story.released()
    shared = story.withheld()
    found = story.asks("physician")
    expect(not found.matches, "no match", f"{len(found.matches)}", IDENTIFIER)
    moved = story.retrieves("physician")
    expect_nothing_of(moved.arrivals, shared.study, "the study")
