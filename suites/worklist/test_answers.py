"""What a worklist answers: responses, return keys, character sets (PS3.4 K.4.1, Table K.6-1)."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from stepwedge.checks import SHALL, SHOULD, check
from stepwedge.fixtures.negotiated import extended_lengths
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import MODALITY_WORKLIST
from stepwedge.fixtures.verifiers import (
    expect,
    expect_no_data_set,
    expect_response_fields,
    expect_status,
    expect_success,
)
from stepwedge.fixtures.worklists import (
    ITEM,
    STEPS,
    Worklists,
    identifier,
    name_of,
    value_of,
)
from stepwedge.verdicts import Blocked

NOBODY = {"PatientID": "STEPWEDGE-NOBODY-HAS-THIS"}


@check("MWL-030", "PS3.4 K.4.1.3", SHALL, claim="worklist", defects=["worklist-refused"])
def test_everything(worklists: Worklists) -> None:
    """A query without values succeeds."""
    expect_success(worklists.ask())


@check("MWL-031", "PS3.4 K.4.1.3", SHALL, claim="worklist", defects=["worklist-no-match-failure"])
def test_no_match(worklists: Worklists) -> None:
    """When nothing matches, there is one response: status 0000H and no identifier."""
    operation = worklists.ask(NOBODY)
    expect_success(operation)
    expect(not operation.pending, "no pending response", f"{len(operation.pending)} of them")
    expect_no_data_set(operation.final)


@check(
    "MWL-032", "PS3.4 K.4.1.1.4", SHALL, claim="worklist", defects=["worklist-pending-status-wrong"]
)
def test_pending_status(worklists: Worklists) -> None:
    """Every item has status FF00H or FF01H, and the last response 0000H."""
    operation = worklists.ask()
    expect_status(operation.final, 0x0000)


@check(
    "MWL-033",
    "PS3.7 9.3.2.2",
    SHALL,
    claim="worklist",
    defects=["worklist-final-with-identifier", "worklist-pending-without-identifier"],
)
def test_identifiers(worklists: Worklists) -> None:
    """The final response has no identifier, every pending one has."""
    operation = worklists.ask()
    expect_no_data_set(operation.final)
    for message in operation.pending:
        expect(message.data is not None, "an identifier in a pending response", "none")


@check("MWL-034", "PS3.7 9.3.2.2", SHALL, claim="worklist", defects=["worklist-message-id-wrong"])
def test_responses_name_the_request(worklists: Worklists) -> None:
    """Every response names the Message ID and SOP class of its request."""
    expect_response_fields(worklists.ask())


@check("MWL-035", "PS3.7 9.1.2", SHALL, claim="worklist", defects=["worklist-final-missing"])
def test_final_response(worklists: Worklists) -> None:
    """After the last item a final response ends the operation."""
    expect_success(worklists.ask(NOBODY))


@check("MWL-036", "PS3.4 K.4.1.3", SHALL, claim="worklist", defects=["worklist-match-twice"])
def test_each_item_once(worklists: Worklists) -> None:
    """There is one response for each item."""
    operation = worklists.ask()
    expect_success(operation)
    names = [name_of(item) for item in operation.matches]
    twice = len(names) - len(set(names))
    expect(not twice, "each item once", f"{twice} more than once", "Identifier")


@check("MWL-037", "PS3.4 K.4.1.3", SHALL, claim="worklist", defects=["worklist-last-match-missing"])
def test_success_means_all(worklists: Worklists) -> None:
    """Success means that every match was sent: an item is found by its Patient ID."""
    worklists.check("PatientID")


# Type 1 return keys of Table K.6-1 that every item has, in the item and in its step.
TYPE_1 = ("PatientName", "PatientID", "StudyInstanceUID", "RequestedProcedureID")
TYPE_1_STEP = (
    "ScheduledStationAETitle", "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime", "Modality", "ScheduledProcedureStepID",
)  # fmt: skip


@check(
    "MWL-038",
    "PS3.4 K.6.1.2.2",
    SHALL,
    claim="worklist",
    defects=["worklist-omits-study-uid", "worklist-omits-patient-id"],
)
def test_type_1_of_item(worklists: Worklists) -> None:
    """Return keys of type 1 have a value in every item."""
    with worklists.asking() as association:
        for item in worklists.everything(association):
            empty = [keyword for keyword in TYPE_1 if not value_of(item, keyword)]
            expect(not empty, "a value", f"none in {', '.join(empty)}", "Identifier")


@check("MWL-039", "PS3.4 K.6.1.2.2", SHALL, claim="worklist", defects=["worklist-omits-steps"])
def test_type_1_of_step(worklists: Worklists) -> None:
    """Return keys of type 1 have a value in the scheduled step of every item."""
    with worklists.asking() as association:
        for item in worklists.everything(association):
            expect(bool(item.get(STEPS)), "a scheduled step", "none", STEPS)
            empty = [keyword for keyword in TYPE_1_STEP if not value_of(item, keyword)]
            expect(not empty, "a value", f"none in {', '.join(empty)}", STEPS)


@check("MWL-040", "PS3.4 K.4.1.1.3.2", SHALL, claim="worklist", defects=["worklist-extra-keys"])
def test_nothing_unasked(worklists: Worklists) -> None:
    """A response holds no attribute that was neither asked for nor named by the clause."""
    allowed = {
        *ITEM,
        STEPS,
        "SpecificCharacterSet",
        "TimezoneOffsetFromUTC",
        "HL7StructuredDocumentReferenceSequence",
    }
    with worklists.asking() as association:
        for item in worklists.everything(association):
            extra = [
                f"{e.keyword or 'private'} {e.tag}"
                for e in item
                if e.keyword not in allowed and e.tag.element != 0
            ]
            expect(not extra, "only what was asked for", ", ".join(extra), "Identifier")


@check(
    "MWL-041", "PS3.4 K.6.1.2.2", SHOULD, claim="worklist", defects=["worklist-study-uid-unstable"]
)
def test_study_uid_is_stable(worklists: Worklists) -> None:
    """An item has the same Study Instance UID whenever it is asked for."""
    with worklists.asking() as association:
        first = {str(item.StudyInstanceUID) for item in worklists.everything(association)}
        again = {str(item.StudyInstanceUID) for item in worklists.everything(association)}
    # Between the queries an item may come or go; all of them cannot.
    expect(bool(first & again), "the same Study Instance UIDs", "none of them", "Study UID")


@check(
    "MWL-042", "PS3.4 K.4.1.1.3.2", SHALL, claim="worklist", defects=["worklist-charset-missing"]
)
def test_charset(worklists: Worklists) -> None:
    """An item with text beyond ASCII names its Specific Character Set."""
    with worklists.asking() as association:
        operation = association.find(MODALITY_WORKLIST, identifier({}))
    expect_success(operation)
    beyond = [item for item in operation.matches if not str(item).isascii()]
    if not beyond:
        raise Blocked("no worklist item holds text beyond ASCII")
    for item in beyond:
        said = item.get("SpecificCharacterSet")
        expect(bool(said), "a Specific Character Set", "none", "(0008,0005)")


@pytest.mark.parametrize("items", [0, 1], ids=["empty", "empty-item"])
@check("MWL-043", "PS3.4 K.2.2.1.2", SHALL, claim="worklist", defects=["worklist-omits-steps"])
def test_sequence_as_return_key(worklists: Worklists, items: int) -> None:
    """The step sequence is returned when its key is empty, or holds an empty item."""
    asked = identifier({})
    asked[STEPS].value = [Dataset()] * items
    with worklists.asking() as association:
        worklists.everything(association)
        operation = association.find(MODALITY_WORKLIST, asked)
    expect_success(operation)
    for item in operation.matches:
        expect(bool(item.get(STEPS)), "the scheduled steps", "none", STEPS)


@check("MWL-044", "PS3.4 K.5.1", SHALL, claim="worklist", defects=["worklist-extended-one-byte"])
def test_extended_negotiation(peer: Peer) -> None:
    """Extended negotiation with three bytes is answered with three bytes, or not at all."""
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = MODALITY_WORKLIST
    item.service_class_application_information = b"\1\1\1"
    answer = peer.attempt([MODALITY_WORKLIST], items=[item])
    for length in extended_lengths(answer):
        field = "Service-class-application-information"
        expect(length == 3, "three bytes, as offered", f"{length} of them", field)


@check("MWL-046", "PS3.4 K.4.1.3", SHALL, claim="worklist", defects=["find-cancel-aborts"])
def test_cancel(worklists: Worklists) -> None:
    """After a C-CANCEL the query ends, with FE00H or because it was done, and others go on."""
    with worklists.asking() as association:
        worklists.everything(association)
        operation = association.find(MODALITY_WORKLIST, identifier({}), cancel_after=1)
        expect_status(operation.final, 0x0000, 0xFE00)
        expect_success(association.find(MODALITY_WORKLIST, identifier({})))
