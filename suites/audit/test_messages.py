"""The form of audit messages: syslog, schema, time, participants (PS3.15 A.5.1, A.5.2, A.6)."""

from __future__ import annotations

import time

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import STUDY_ROOT_FIND
from stepwedge.fixtures.audit import codes, grammar
from stepwedge.fixtures.audit.collector import Received
from stepwedge.fixtures.audit.syslog import FACILITY
from stepwedge.fixtures.audited import MESSAGE, AuditTrail, participants, time_of
from stepwedge.fixtures.outsiders import Outsiders
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.verifiers import expect
from stepwedge.verdicts import Deviation

STRANGER = "STEPWEDGE-NOT"

# Seconds by which the clocks of two machines that keep time may differ.
CLOCKS = 30.0

# What an ordinary visit and a stranger leave behind: as much as a target may claim.
_CLAIMED = {
    "audit.authentication": codes.USER_AUTHENTICATION,
    "audit.query": codes.QUERY,
    "audit.alert": codes.SECURITY_ALERT,
}


def _visit(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> list[Received]:
    """The messages of a physician who asks for a study, and of a stranger; at least one."""
    mark = trail.mark()
    keys = {"StudyInstanceUID": outsiders.shared.uid}
    with outsiders.associate("physician", [STUDY_ROOT_FIND]) as association:
        association.find(STUDY_ROOT_FIND, identifier_of("STUDY", keys))
    peer.attempt([STUDY_ROOT_FIND], calling_ae=STRANGER)
    wanted = {code.value for name, code in _CLAIMED.items() if peer.target.is_claimed(name)}

    def look(received: list[Received]) -> bool:
        news = received[mark:]
        return wanted <= {one.event for one in news} or any(one.problem for one in news)

    trail.collector.wait_for(look, trail.within)
    news = trail.since(mark)
    if not news:
        raise Deviation(f"audit messages within {trail.within:g} s", "none came", MESSAGE)
    return news


@check(
    "AUDIT-001", "RFC 5424 6", SHALL, claim="audit", defects=["audit-header-old", "audit-silent"]
)
def test_syslog(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """Audit messages travel as syslog messages by RFC 5424."""
    for one in _visit(trail, outsiders, peer):
        expect(one.syslog is not None, "a syslog message by RFC 5424", one.problem, "SYSLOG-MSG")


@check("AUDIT-002", "PS3.15 A.6", SHALL, claim="audit", defects=["audit-facility-wrong"])
def test_facility(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """The facility is 10, security and authorization messages."""
    for one in _visit(trail, outsiders, peer):
        if one.syslog is not None:
            seen = one.syslog.facility
            expect(seen == FACILITY, f"facility {FACILITY}", f"facility {seen}", "PRI")


@check("AUDIT-003", "PS3.15 A.6", SHALL, claim="audit", defects=["audit-msgid-missing"])
def test_msgid(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """The MSGID is set."""
    for one in _visit(trail, outsiders, peer):
        if one.syslog is not None:
            expect(one.syslog.msgid != "-", "a MSGID", "none", "MSGID")


@check(
    "AUDIT-004",
    "PS3.15 A.5.1",
    SHALL,
    claim="audit",
    defects=["audit-schema-broken", "audit-action-wrong", "audit-silent"],
)
def test_valid(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """Every message is valid against the schema and the table of its event."""
    for one in _visit(trail, outsiders, peer):
        if one.syslog is None:
            continue
        expect(one.message is not None, "an XML message", one.problem, MESSAGE)
        assert one.message is not None
        problems = grammar.problems(one.message)
        expect(not problems, f"a valid message of event {one.event}", "; ".join(problems), MESSAGE)


@check("AUDIT-005", "PS3.15 A.5.2.5", SHALL, claim="audit", defects=["audit-time-wrong"])
def test_time(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """EventDateTime is when it happened, with its time zone."""
    began = time.time()
    news = _visit(trail, outsiders, peer)
    ended = time.time()
    for one in news:
        if one.message is None:
            continue
        at = time_of(one.message)
        expect(
            began - CLOCKS <= at <= ended + CLOCKS,
            f"a time within {CLOCKS:g} s of the event",
            f"{at - ended:+.0f} s from now",
            "EventDateTime",
        )


@check("AUDIT-006", "PS3.15 A.5.2", SHALL, claim="audit", defects=["audit-two-requestors"])
def test_one_requestor(trail: AuditTrail, outsiders: Outsiders, peer: Peer) -> None:
    """At most one participant is the requestor."""
    for one in _visit(trail, outsiders, peer):
        if one.message is not None:
            number = sum(seen.is_requestor for seen in participants(one.message))
            expect(number <= 1, "at most one requestor", f"{number} of them", "UserIsRequestor")
