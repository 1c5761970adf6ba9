"""Each action leaves its message, with the right participants, patient and study (PS3.15 A.5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import STUDY_ROOT_FIND
from stepwedge.fixtures.audit import codes, grammar
from stepwedge.fixtures.audited import (
    MESSAGE,
    AuditTrail,
    both,
    decoded,
    names_object,
    names_title,
    names_user,
    of_type,
    outcome,
    participants,
)
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.dimse import encode
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.outsiders import Outsiders
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_success
from stepwedge.target import Target

AUTHENTICATION, QUERY, TRANSFER = "audit.authentication", "audit.query", "audit.transfer"
EXPORT, ALERT = "audit.export", "audit.alert"
STRANGER = "STEPWEDGE-NOT"
CT = "1.2.840.10008.5.1.4.1.1.2"
SUCCESS = "0"


# -- A.5.3.12 User Authentication -----------------------------------------------------------------


@check(
    "AUDIT-010",
    "PS3.15 A.5.3.12",
    SHALL,
    claim=AUTHENTICATION,
    defects=["audit-login-missing", "audit-login-user-missing"],
)
def test_login(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A login leaves a message of success that names the user."""
    message = _login(trail, outsiders)
    expect(outcome(message) == SUCCESS, "outcome 0", outcome(message), "EventOutcomeIndicator")


@check(
    "AUDIT-011",
    "PS3.15 A.5.3.12",
    SHALL,
    claim=AUTHENTICATION,
    defects=["audit-login-address-wrong"],
)
def test_login_address(trail: AuditTrail, outsiders: Outsiders, target: Target) -> None:
    """The message of a login names the address that the user called from."""
    message = _login(trail, outsiders)
    points = {one.access_point for one in participants(message)} - {""}
    ours = "127.0.0.1" if target.is_loopback else ""
    expect(
        bool(points) and (not ours or ours in points),
        f"the network access point {ours or 'of the user'}",
        ", ".join(sorted(points)) or "none",
        "NetworkAccessPointID",
    )


def _login(trail: AuditTrail, outsiders: Outsiders) -> Element:
    mark = trail.mark()
    with outsiders.associate("physician", [VERIFICATION]) as association:
        expect_success(association.echo())
    name = outsiders.user("physician").name
    where = both(names_user(name), of_type(codes.LOGIN))
    return trail.expect(mark, codes.USER_AUTHENTICATION, where, f"that names {name}")


@check(
    "AUDIT-012",
    "PS3.15 A.5.3.12",
    SHALL,
    claim=AUTHENTICATION,
    defects=["audit-login-failure-missing", "audit-login-failure-succeeds"],
)
def test_failed_login(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A login with a wrong passcode leaves a message of failure that names the user."""
    mark, name = trail.mark(), outsiders.user("physician").name
    outsiders.attempt(outsiders.identity(secondary=b"stepwedge-wrong"))
    message = trail.expect(mark, codes.USER_AUTHENTICATION, names_user(name), f"that names {name}")
    expect(
        outcome(message) in ("4", "8", "12"),
        "an outcome of failure (4, 8 or 12)",
        outcome(message),
        "EventOutcomeIndicator",
    )


@check(
    "AUDIT-013",
    "PS3.15 A.5.3.12",
    SHALL,
    claim=AUTHENTICATION,
    defects=["audit-logout-missing"],
)
def test_logout(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The end of a user's association leaves a message that names the user."""
    mark, name = trail.mark(), outsiders.user("physician").name
    with outsiders.associate("physician", [VERIFICATION]):
        pass
    where = both(names_user(name), of_type(codes.LOGOUT))
    trail.expect(mark, codes.USER_AUTHENTICATION, where, f"of a logout of {name}")


@check(
    "AUDIT-014",
    "Stepwedge secrecy",
    SHALL,
    claim=AUTHENTICATION,
    defects=["audit-tells-passcode"],
)
def test_no_passcode(trail: AuditTrail, outsiders: Outsiders) -> None:
    """Neither a right nor a wrong passcode is told to the collector."""
    mark, wrong = trail.mark(), b"stepwedge-wrong-and-secret"
    outsiders.attempt(outsiders.identity(secondary=wrong))
    expect_accepted(outsiders.attempt(outsiders.identity()))
    trail.find(mark, codes.USER_AUTHENTICATION, of_type(codes.LOGIN))
    trail.find(mark, codes.USER_AUTHENTICATION, lambda m: outcome(m) != SUCCESS)
    for one in trail.since(mark):
        found = [s for s in (wrong, outsiders.identity().secondary) if s in one.raw]
        expect(not found, "no passcode", "a passcode", MESSAGE)


# -- A.5.3.10 Query -------------------------------------------------------------------------------


@check("AUDIT-020", "PS3.15 A.5.3.10", SHALL, claim=QUERY, defects=["audit-query-missing"])
def test_query(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A query leaves a message."""
    _query(trail, outsiders)


@check("AUDIT-021", "PS3.15 A.5.3.10", SHALL, claim=QUERY, defects=["audit-query-class-wrong"])
def test_query_class(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The message of a query names the SOP class that was queried."""
    message, _, _ = _query(trail, outsiders)
    named = grammar.objects_of(message, codes.SOP_CLASS_UID)
    expect(named == [STUDY_ROOT_FIND], STUDY_ROOT_FIND, f"{named}", "ParticipantObjectID")


@check("AUDIT-022", "PS3.15 A.5.3.10", SHALL, claim=QUERY, defects=["audit-query-altered"])
def test_query_itself(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The message of a query holds the data set of the query, and its transfer syntax."""
    message, asked, syntax = _query(trail, outsiders)
    told = decoded(message.findtext(".//ParticipantObjectQuery"))
    expect(told == asked, f"the {len(asked)} octets that were asked", f"{len(told)} octets, others"
           if told else "none", "ParticipantObjectQuery")  # fmt: skip
    details = {
        one.get("type"): decoded(one.get("value")).decode("ascii", "replace").rstrip("\0 ")
        for one in message.iter("ParticipantObjectDetail")
    }
    seen = details.get("TransferSyntax", "")
    expect(seen == syntax, f"TransferSyntax {syntax}", seen or "none", "ParticipantObjectDetail")


@check(
    "AUDIT-023", "PS3.15 A.5.3.10", SHALL, claim=QUERY, defects=["audit-query-requester-missing"]
)
def test_query_requester(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The message of a query says who asked: the AE title, and the user where that is known."""
    message, _, _ = _query(trail, outsiders)
    name = outsiders.user("physician").name
    expect(
        names_title(outsiders.title)(message) or names_user(name)(message),
        f"a participant {outsiders.title} or {name}",
        ", ".join(one.user_id for one in participants(message)),
        "ActiveParticipant",
    )


def _query(trail: AuditTrail, outsiders: Outsiders) -> tuple[Element, bytes, str]:
    mark = trail.mark()
    identifier = identifier_of("STUDY", {"StudyInstanceUID": outsiders.shared.uid})
    with outsiders.associate("physician", [STUDY_ROOT_FIND]) as association:
        syntax = association.context(STUDY_ROOT_FIND).transfer_syntax
        association.find(STUDY_ROOT_FIND, identifier)
    return trail.expect(mark, codes.QUERY), encode(identifier, syntax), syntax


# -- A.5.3.3 Begin Transferring, A.5.3.7 Instances Transferred ------------------------------------


@check("AUDIT-030", "PS3.15 A.5.3.3", SHALL, claim=TRANSFER, defects=["audit-begin-missing"])
def test_begin(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A retrieval by C-MOVE leaves a message that the transfer begins."""
    mark = trail.mark()
    _move(outsiders)
    trail.expect(mark, codes.BEGIN_TRANSFERRING)


@check("AUDIT-031", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-transferred-missing"])
def test_transferred(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A retrieval by C-MOVE leaves a message that instances were transferred."""
    mark = trail.mark()
    _move(outsiders)
    message = trail.expect(mark, codes.INSTANCES_TRANSFERRED)
    expect(outcome(message) == SUCCESS, "outcome 0", outcome(message), "EventOutcomeIndicator")


@check("AUDIT-032", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-study-missing"])
def test_study(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The messages of a transfer name the study."""
    for message in _transfer(trail, outsiders):
        named = grammar.objects_of(message, codes.STUDY_INSTANCE_UID)
        wanted = [outsiders.shared.uid]
        expect(named == wanted, f"{wanted}", f"{named}", "ParticipantObjectID")


@check("AUDIT-033", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-patient-missing"])
def test_patient(trail: AuditTrail, outsiders: Outsiders) -> None:
    """The messages of a transfer name the patient."""
    for message in _transfer(trail, outsiders):
        named = grammar.objects_of(message, codes.PATIENT_NUMBER)
        wanted = outsiders.shared.patient.id
        expect(any(wanted in one for one in named), wanted, f"{named}", "ParticipantObjectID")


@check("AUDIT-034", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-destination-wrong"])
def test_destination(trail: AuditTrail, outsiders: Outsiders, target: Target) -> None:
    """The messages of a transfer name who sent and who received."""
    for message in _transfer(trail, outsiders):
        for role, title in (
            (codes.SOURCE, target.ae_title),
            (codes.DESTINATION, target.receiver.ae_title),
        ):
            seen = [one for one in participants(message) if role.value in one.roles]
            expect(
                any(title in one.titles or title == one.user_id for one in seen),
                f"{title} as {role.meaning}",
                ", ".join(f"{one.user_id} ({' '.join(one.titles)})" for one in seen) or "nobody",
                "ActiveParticipant",
            )


@check("AUDIT-035", "PS3.15 A.5.2", SHALL, claim=TRANSFER, defects=["audit-count-wrong"])
def test_number_of_instances(trail: AuditTrail, outsiders: Outsiders) -> None:
    """Where a message of transferred instances counts them, it counts right."""
    message = _transfer(trail, outsiders)[1]
    counts = [int(one.get("NumberOfInstances", "0")) for one in message.iter("SOPClass")]
    wanted = len(outsiders.shared.instances())
    expect(
        not counts or sum(counts) == wanted,
        f"{wanted} instances",
        f"{sum(counts)}",
        "NumberOfInstances",
    )


@check(
    "AUDIT-036",
    "PS3.15 A.5.2",
    SHALL,
    claim=TRANSFER,
    defects=["audit-transfer-failure-succeeds"],
)
def test_failed_transfer(trail: AuditTrail, outsiders: Outsiders, receiver: Receiver) -> None:
    """Instances that the receiver refuses leave a message of failure."""
    outsiders.prepare()
    mark = trail.mark()
    with receiver.behaving(Behaviour(status=0xA700)):
        outsiders.move("physician", "STUDY", {"StudyInstanceUID": outsiders.shared.uid})
    message = trail.expect(mark, codes.INSTANCES_TRANSFERRED)
    expect(
        outcome(message) in ("4", "8", "12"),
        "an outcome of failure (4, 8 or 12)",
        outcome(message),
        "EventOutcomeIndicator",
    )


@check("AUDIT-037", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-transferred-missing"])
def test_get(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A retrieval by C-GET leaves a message that names the study."""
    outsiders.prepare()
    mark, study = trail.mark(), outsiders.shared
    outsiders.get("physician", "STUDY", {"StudyInstanceUID": study.uid})
    where = names_object(codes.STUDY_INSTANCE_UID, study.uid)
    trail.expect(mark, codes.INSTANCES_TRANSFERRED, where, "of the study")


@check("AUDIT-038", "PS3.15 A.5.3.7", SHALL, claim=TRANSFER, defects=["audit-stored-missing"])
def test_store(trail: AuditTrail, peer: Peer, deposits: Deposits, target: Target) -> None:
    """What is stored at the target leaves a message that names study and sender."""
    mark, deposit = trail.mark(), deposits.of(deposits.ct())
    with peer.associate([Proposed(CT, (deposit.syntax,))]) as association:
        association.store(CT, deposit.uid, deposit.data)
    where = names_object(codes.STUDY_INSTANCE_UID, deposit.study)
    message = trail.expect(mark, codes.INSTANCES_TRANSFERRED, where, "of the study")
    title = target.calling_ae_title
    expect(names_title(title)(message), f"a participant {title}", "none", "ActiveParticipant")


def _move(outsiders: Outsiders) -> None:
    study = outsiders.shared
    keys: Mapping[str, Any] = {"StudyInstanceUID": study.uid}
    moved = outsiders.move("physician", "STUDY", keys, expected=len(study.instances()))
    expect_success(moved.operation)


def _transfer(trail: AuditTrail, outsiders: Outsiders) -> tuple[Element, Element]:
    """The two messages of a retrieval: its beginning and its end."""
    outsiders.prepare()
    mark = trail.mark()
    _move(outsiders)
    return (
        trail.expect(mark, codes.BEGIN_TRANSFERRING),
        trail.expect(mark, codes.INSTANCES_TRANSFERRED),
    )


# -- A.5.3.4 Export -------------------------------------------------------------------------------


@check("AUDIT-040", "PS3.15 A.5.3.4", SHALL, claim=EXPORT, defects=["audit-export-missing"])
def test_export(trail: AuditTrail, outsiders: Outsiders) -> None:
    """What a user from outside retrieves leaves a message that data was exported."""
    outsiders.prepare()
    mark, study = trail.mark(), outsiders.shared
    outsiders.get("physician", "STUDY", {"StudyInstanceUID": study.uid})
    where = names_object(codes.PATIENT_NUMBER, study.patient.id)
    trail.expect(mark, codes.EXPORT, where, "of the patient")


# -- A.5.3.11 Security Alert ----------------------------------------------------------------------


@check(
    "AUDIT-050",
    "PS3.15 A.5.3.11",
    SHALL,
    claim=ALERT,
    defects=["audit-alert-missing", "audit-alert-node-missing"],
)
def test_alert(trail: AuditTrail, peer: Peer) -> None:
    """A rejected calling AE title leaves an alert that names it."""
    mark = trail.mark()
    peer.attempt([VERIFICATION], calling_ae=STRANGER)
    message = trail.expect(
        mark, codes.SECURITY_ALERT, names_title(STRANGER), f"that names {STRANGER}"
    )
    expect(outcome(message) != SUCCESS, "a warning (4, 8 or 12)", outcome(message), MESSAGE)


@check("AUDIT-051", "PS3.15 A.5.3.10", SHALL, claim=ALERT, defects=["audit-restricted-missing"])
def test_alert_of_a_forbidden_retrieval(trail: AuditTrail, outsiders: Outsiders) -> None:
    """A retrieval of what was not released leaves an alert that names the user."""
    outsiders.prepare()
    mark, name = trail.mark(), outsiders.user("physician").name
    outsiders.move("physician", "STUDY", {"StudyInstanceUID": outsiders.hidden.uid})
    trail.expect(mark, codes.SECURITY_ALERT, names_user(name), f"that names {name}")
