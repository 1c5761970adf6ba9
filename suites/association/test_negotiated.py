"""Roles, extensions and lengths: what is negotiated, and kept (PS3.7 D.3.3, PS3.8 D.1)."""

from __future__ import annotations

from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SOPClassExtendedNegotiation,
)

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.association import Association
from stepwedge.fixtures.deposits import STORED, Deposits
from stepwedge.fixtures.dimse import DATA_SET, Field, command_set, encode_command
from stepwedge.fixtures.negotiated import Answer, Proposed, extended_lengths
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.stated.limits import opened, recover
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_status, expect_success
from stepwedge.statement.implied import MOST_ASSOCIATIONS
from stepwedge.verdicts import Blocked

CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
ROLE = "SCP/SCU Role Selection sub-item (54H)"


def _roles(answer: Answer) -> dict[str, tuple[int, int]]:
    roles = {}
    expect_accepted(answer)
    for value in answer.user_items(0x54):
        size = int.from_bytes(value[:2], "big")
        uid = value[2 : 2 + size].decode("ascii", "replace").rstrip("\0")
        roles[uid] = (value[2 + size], value[3 + size])
    return roles


@check(
    "ASSOC-120",
    "PS3.4 C.5.3",
    SHALL,
    claim="get.study",
    defects=["assoc-role-missing", "assoc-role-scp-refused"],
)
def test_role_for_retrieval(peer: Peer) -> None:
    """A server of C-GET accepts that the requestor is the SCP of storage."""
    answer = peer.attempt([VERIFICATION, Proposed(CT, scu_role=True, scp_role=True)])
    role = _roles(answer).get(CT)
    shown = "no role selection" if role is None else f"SCU {role[0]}, SCP {role[1]}"
    expect(role is not None and role[1] == 1, "SCP role 1 for CT Image Storage", shown, ROLE)


@check("ASSOC-121", "PS3.7 D.3.3.4.2", SHALL, defects=["assoc-role-exceeds"])
def test_role_not_proposed(peer: Peer) -> None:
    """A role that was proposed with 0 is not answered with 1."""
    answer = peer.attempt([VERIFICATION, Proposed(CT, scu_role=True, scp_role=False)])
    role = _roles(answer).get(CT, (1, 0))
    expect(role[1] == 0, "SCP role 0, as proposed", f"SCP role {role[1]}", ROLE)


@check("ASSOC-122", "PS3.4 C.5.1.1", SHALL, defects=["assoc-extended-too-long"])
def test_extended_negotiation_length(peer: Peer) -> None:
    """Extended negotiation with one byte is answered with one byte, or not at all."""
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = STUDY_ROOT_FIND
    item.service_class_application_information = b"\1"
    answer = peer.attempt([VERIFICATION, STUDY_ROOT_FIND], items=[item])
    expect_accepted(answer)
    for length in extended_lengths(answer):
        field = "Service-class-application-information"
        expect(length == 1, "one byte, as offered", f"{length} bytes", field)


@check("ASSOC-123", "PS3.7 D.3.3.3", SHALL, defects=["assoc-async-exceeds"])
def test_operations_window(peer: Peer) -> None:
    """The operations window that is granted is not wider than the one proposed."""
    item = AsynchronousOperationsWindowNegotiation()
    item.maximum_number_operations_invoked = item.maximum_number_operations_performed = 3
    answer = peer.attempt([VERIFICATION, CT], items=[item])
    expect_accepted(answer)
    for value in answer.user_items(0x53):
        granted = [int.from_bytes(value[n : n + 2], "big") for n in (0, 2)]
        expect(
            all(1 <= number <= 3 for number in granted),
            "1 to 3 operations, as 3 were proposed",
            f"{granted[0]} invoked, {granted[1]} performed",
            "Asynchronous Operations Window sub-item (53H)",
        )


@check("ASSOC-124", "PS3.8 D.1", SHALL, claim="storage.ct", defects=["assoc-long-pdu-aborts"])
def test_pdus_of_the_announced_length(peer: Peer, deposits: Deposits) -> None:
    """P-DATA-TF PDUs of exactly the maximum length that the server announces are taken."""
    with peer.associate([Proposed(CT, ("1.2.840.10008.1.2.1",))]) as association:
        limit = association.peer_max_length
        if not 0 < limit <= 1 << 20 or limit % 2:
            raise Blocked(f"the announced maximum length is {limit}: no PDU can be just as long")
        rows = 64
        while rows * rows * 2 <= 2 * limit:
            rows *= 2
        deposit = deposits.of(deposits.study("CT", rows=rows).instances()[0])
        context = association.context(CT)
        command = command_set(
            Field.C_STORE_RQ,
            AffectedSOPClassUID=CT,
            MessageID=association.message_id(),
            Priority=0,
            CommandDataSetType=DATA_SET,
            AffectedSOPInstanceUID=deposit.uid,
        )
        association.send_values([[context.context_id, b"\3" + encode_command(command)]])
        step = limit - 6
        for start in range(0, len(deposit.data), step):
            last = b"\2" if start + step >= len(deposit.data) else b"\0"
            value = last + deposit.data[start : start + step]
            association.send_values([[context.context_id, value]])
        expect_status(association.receive(awaited="a C-STORE-RSP"), *STORED)


@check("ASSOC-125", "PS3.8 E.1", SHALL, claim="find.study", defects=["assoc-first-context-answers"])
def test_services_in_turn(peer: Peer, deposits: Deposits) -> None:
    """Echo, store and query by turns on one association, each answered on its own context."""
    deposit = deposits.of(deposits.ct())
    contexts: list[Proposed | str] = [VERIFICATION, STUDY_ROOT_FIND]
    contexts.append(Proposed(CT, (deposit.syntax,)))
    identifier = identifier_of("STUDY", {"StudyInstanceUID": deposit.study})
    with peer.associate(contexts) as association:
        for _ in range(3):
            _expect_context(association, VERIFICATION, association.echo().final.context_id)
            stored = association.store(deposit.sop_class, deposit.uid, deposit.data)
            _expect_context(association, CT, stored.final.context_id)
            found = association.find(STUDY_ROOT_FIND, identifier)
            expect_success(found)
            _expect_context(association, STUDY_ROOT_FIND, found.final.context_id)


def _expect_context(association: Association, sop_class: str, seen: int) -> None:
    wanted = association.context(sop_class).context_id
    expect(seen == wanted, f"context {wanted}", f"context {seen}", "Presentation-context-ID")


@check(
    "ASSOC-130",
    "PS3.8 Table 9-21",
    SHALL,
    claim="association.limit",
    defects=["assoc-limit-permanent", "assoc-limit-unchecked"],
    alone=True,
)
def test_limit_is_transient(peer: Peer) -> None:
    """Beyond its limit of associations the server rejects transiently, and recovers."""
    count, refusal = opened(peer, MOST_ASSOCIATIONS + 1)
    seen = f"{count} were accepted" if refusal is None else refusal.words
    rejected = refusal is not None and refusal.kind == "rejected"
    expect(rejected, f"a rejection beyond {MOST_ASSOCIATIONS} associations", seen)
    expect(
        refusal is not None and refusal.result == 2, "result 2, rejected-transient", seen, "Result"
    )
    recover(peer)
    with peer.associate([VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "ASSOC-131",
    "PS3.8 Table 9-10",
    QUALITY,
    claim="verification",
    defects=["assoc-slot-leak"],
    alone=True,
)
def test_closed_connection_frees_the_association(peer: Peer) -> None:
    """After connections that we close without a word, the next association is accepted."""
    for _ in range(20):
        answer = peer.attempt([VERIFICATION])
        expect(answer.association is not None, "the association to be accepted", answer.words)
        assert answer.association is not None
        answer.association.hang_up()
    with peer.associate([VERIFICATION]) as association:
        expect_success(association.echo())


@check(
    "ASSOC-132",
    "PS3.8 7.2",
    QUALITY,
    claim="verification",
    defects=["assoc-slot-leak-on-release"],
)
def test_many_associations_in_turn(peer: Peer) -> None:
    """A hundred associations, one after the other, are all accepted."""
    for number in range(1, 101):
        answer = peer.attempt([VERIFICATION])
        expect(answer.association is not None, f"association {number} of 100", answer.words)
        assert answer.association is not None
        answer.association.release()
