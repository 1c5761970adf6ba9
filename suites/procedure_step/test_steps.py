"""Performed procedure steps from N-CREATE to their final state (PS3.4 F.7.2)."""

from __future__ import annotations

from pydicom.tag import Tag

from stepwedge.checks import QUALITY, SHALL, SHOULD, check
from stepwedge.fixtures.steps import PERFORMED_STEP_RETRIEVE, Steps, ended
from stepwedge.fixtures.verifiers import expect, expect_status
from stepwedge.verdicts import Blocked

CREATE, SET = "PS3.4 F.7.2.1.3", "PS3.4 F.7.2.2.3"
DONE = ("success", "warning")


@check("MPPS-001", CREATE, SHALL, claim="mpps", defects=["mpps-create-refused"])
def test_create(steps: Steps) -> None:
    """A step that is IN PROGRESS can be created."""
    with steps.reporting() as association:
        reply = steps.create(association, steps.new_uid())
    expect_status(reply.response, *DONE)


@check("MPPS-002", "PS3.7 10.1.5", QUALITY, claim="mpps", defects=["mpps-create-instance-missing"])
def test_created_uid(steps: Steps) -> None:
    """The response to an N-CREATE names the step that was created."""
    with steps.reporting() as association:
        uid = steps.new_uid()
        reply = steps.create(association, uid)
    named = reply.response.value("AffectedSOPInstanceUID")
    expect(named == uid, uid, f"{named}", "Affected SOP Instance UID (0000,1000)")


@check("MPPS-003", "PS3.7 10.3.5", SHALL, claim="mpps", defects=["mpps-create-message-id-wrong"])
def test_create_message_id(steps: Steps) -> None:
    """The response to an N-CREATE names the Message ID of its request."""
    with steps.reporting() as association:
        reply = steps.create(association, steps.new_uid())
    answered = reply.response.value("MessageIDBeingRespondedTo")
    wanted = reply.request.MessageID
    expect(answered == wanted, f"{wanted}", f"{answered}", "(0000,0120)")


@check("MPPS-004", CREATE, SHALL, claim="mpps", defects=["mpps-create-any-status"])
def test_create_completed(steps: Steps) -> None:
    """A step cannot be created in a final state: status 0106H."""
    with steps.reporting() as association:
        changes = {**ended(steps.scope, "COMPLETED")}
        reply = steps.create(association, steps.new_uid(), changes)
    expect_status(reply.response, 0x0106)


@check("MPPS-005", "PS3.7 10.1.5", SHALL, claim="mpps", defects=["mpps-duplicate-accepted"])
def test_create_twice(steps: Steps) -> None:
    """A step that exists cannot be created again."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.create(association, uid)
    expect_status(reply.response, "failure")


@check("MPPS-006", "PS3.7 10.1.5", SHOULD, claim="mpps", defects=["mpps-missing-accepted"])
def test_create_without_id(steps: Steps) -> None:
    """A step without the Performed Procedure Step ID, of type 1, is refused."""
    with steps.reporting() as association:
        changes = {"PerformedProcedureStepID": None}
        reply = steps.create(association, steps.new_uid(), changes)
    expect_status(reply.response, "failure", "warning")


@check("MPPS-007", "PS3.7 10.1.5", SHOULD, claim="mpps", defects=["mpps-empty-accepted"])
def test_create_with_empty_id(steps: Steps) -> None:
    """A step with an empty Performed Procedure Step ID, of type 1, is refused."""
    with steps.reporting() as association:
        changes = {"PerformedProcedureStepID": ""}
        reply = steps.create(association, steps.new_uid(), changes)
    expect_status(reply.response, "failure", "warning")


@check("MPPS-010", SET, SHALL, claim="mpps", defects=["mpps-set-refused"])
def test_set_in_progress(steps: Steps) -> None:
    """A step IN PROGRESS can be set while it goes on."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        changes = {"PerformedProcedureStepDescription": "GOING ON"}
        reply = steps.set(association, uid, changes)
    expect_status(reply.response, *DONE)


@check("MPPS-011", SET, SHALL, claim="mpps", defects=["mpps-set-refused"])
def test_completed(steps: Steps) -> None:
    """A step IN PROGRESS can be COMPLETED."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.set(association, uid, ended(steps.scope, "COMPLETED"))
    expect_status(reply.response, *DONE)


@check("MPPS-012", SET, SHALL, claim="mpps", defects=["mpps-discontinued-refused"])
def test_discontinued(steps: Steps) -> None:
    """A step IN PROGRESS can be DISCONTINUED."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.set(association, uid, ended(steps.scope, "DISCONTINUED"))
    expect_status(reply.response, *DONE)


@check("MPPS-013", SET, SHALL, claim="mpps", defects=["mpps-final-changed"])
def test_set_after_completed(steps: Steps) -> None:
    """A step that is COMPLETED cannot be set any more: status 0110H."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        done = steps.set(association, uid, ended(steps.scope, "COMPLETED"))
        if done.response.status:
            raise Blocked("a step cannot be COMPLETED")
        changes = {"PerformedProcedureStepDescription": "TOO LATE"}
        reply = steps.set(association, uid, changes)
    expect_status(reply.response, 0x0110)


@check(
    "MPPS-014", "PS3.4 F.7.2.2.4", QUALITY, claim="mpps", defects=["mpps-final-without-error-id"]
)
def test_error_id(steps: Steps) -> None:
    """The refusal to set a step that is COMPLETED has Error ID A710H."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        done = steps.set(association, uid, ended(steps.scope, "COMPLETED"))
        if done.response.status:
            raise Blocked("a step cannot be COMPLETED")
        changes = {"PerformedProcedureStepDescription": "TOO LATE"}
        reply = steps.set(association, uid, changes)
    said = reply.response.value("ErrorID")
    expect(said == 0xA710, "Error ID A710H", f"{said}", "Error ID (0000,0903)")


@check("MPPS-015", "PS3.7 10.1.3", SHALL, claim="mpps", defects=["mpps-unknown-accepted"])
def test_set_unknown(steps: Steps) -> None:
    """A step that was never created cannot be set."""
    with steps.reporting() as association:
        changes = ended(steps.scope, "COMPLETED")
        reply = steps.set(association, steps.new_uid(), changes)
    expect_status(reply.response, "failure")


@check("MPPS-016", "PS3.4 F.7.2.2.1", SHOULD, claim="mpps", defects=["mpps-fixed-changed"])
def test_set_patient(steps: Steps) -> None:
    """Attributes that are fixed at creation, such as Patient ID, cannot be set."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.set(association, uid, {"PatientID": "SOMEBODY ELSE"})
    expect_status(reply.response, "failure", "warning")


@check("MPPS-017", "PS3.7 10.1.3", SHOULD, claim="mpps", defects=["mpps-set-any-status"])
def test_set_unknown_status(steps: Steps) -> None:
    """A step cannot be set to a status that does not exist."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.set(association, uid, {"PerformedProcedureStepStatus": "HALTED"})
    expect_status(reply.response, "failure", "warning")


@check("MPPS-018", "PS3.7 10.3.3", SHALL, claim="mpps", defects=["mpps-set-message-id-wrong"])
def test_set_message_id(steps: Steps) -> None:
    """The response to an N-SET names the Message ID of its request."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        reply = steps.set(association, uid, ended(steps.scope, "COMPLETED"))
    answered = reply.response.value("MessageIDBeingRespondedTo")
    wanted = reply.request.MessageID
    expect(answered == wanted, f"{wanted}", f"{answered}", "(0000,0120)")


@check("MPPS-019", "PS3.4 F.7.2.2.2", SHOULD, claim="mpps", defects=["mpps-incomplete-accepted"])
def test_completed_incomplete(steps: Steps) -> None:
    """A step is not taken for COMPLETED without its end and its series."""
    with steps.reporting() as association:
        uid = steps.begin(association)
        changes = {"PerformedProcedureStepStatus": "COMPLETED"}
        reply = steps.set(association, uid, changes)
    expect_status(reply.response, "failure", "warning")


@check("MPPS-020", "PS3.4 F.8.2.1", SHALL, claim="mpps-retrieve", defects=["mpps-set-not-kept"])
def test_get(steps: Steps) -> None:
    """What was set is there when the step is read."""
    with steps.reporting(PERFORMED_STEP_RETRIEVE) as association:
        uid = steps.begin(association)
        done = steps.set(association, uid, ended(steps.scope, "COMPLETED"))
        if done.response.status:
            raise Blocked("a step cannot be COMPLETED")
        tag = int(Tag("PerformedProcedureStepStatus"))
        reply = steps.get(association, uid, [tag])
    expect_status(reply.response, *DONE)
    seen = str(reply.response.identifier.get("PerformedProcedureStepStatus", ""))
    expect(seen == "COMPLETED", "COMPLETED", repr(seen), "Performed Procedure Step Status")
