"""How the target answers an association request (PS3.8 9.3.2, 9.3.3)."""

from __future__ import annotations

import re

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.association import Association
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_accepted, expect_rejected
from stepwedge.target import Target
from stepwedge.verdicts import Blocked

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"

# Well-formed UIDs under 2.25 that name nothing.
NO_SOP_CLASS = "2.25.301938475610293847561029384756102938475"
NO_TRANSFER_SYNTAX = "2.25.301938475610293847561029384756102938476"


@check(
    "ASSOC-001",
    "PS3.8 9.3.3",
    SHALL,
    claim="verification",
    defects=["assoc-verification-refused"],
    hint="echoscu -v -aec CALLED HOST PORT",
)
def test_verification_is_accepted(peer: Peer) -> None:
    """An association that proposes Verification is accepted, and so is its context."""
    with peer.associate([VERIFICATION]) as association:
        association.context(VERIFICATION)


@check(
    "ASSOC-002", "PS3.8 9.3.3.2", SHALL, defects=["assoc-context-missing", "assoc-context-id-wrong"]
)
def test_each_context_is_answered_once(peer: Peer) -> None:
    """Each proposed presentation context is answered, once, under its own id."""
    answer = peer.attempt([VERIFICATION, CT, STUDY_ROOT_FIND, NO_SOP_CLASS])
    expect_accepted(answer)
    expect(
        sorted(c.context_id for c in answer.contexts) == [1, 3, 5, 7],
        "answers for the presentation context ids 1, 3, 5, 7",
        f"answers for {sorted(c.context_id for c in answer.contexts)}",
        "Presentation-context-ID",
    )


@check("ASSOC-003", "PS3.8 9.3.3.2", SHALL, defects=["assoc-unproposed-syntax"])
def test_transfer_syntax_was_proposed(peer: Peer) -> None:
    """An accepted context names a transfer syntax that was proposed for it."""
    proposed = [Proposed(VERIFICATION, (IMPLICIT,)), Proposed(CT, (IMPLICIT,))]
    answer = peer.attempt(proposed)
    expect_accepted(answer)
    for context in answer.contexts:
        expect(
            context.result != 0 or context.transfer_syntax == IMPLICIT,
            f"transfer syntax {IMPLICIT}, the only one proposed",
            f"{context.transfer_syntax or 'none'} for context {context.context_id}",
            "Transfer Syntax Sub-Item",
        )


@check(
    "ASSOC-004",
    "PS3.8 Table 9-18",
    SHALL,
    defects=["assoc-unknown-abstract-accepted", "assoc-unknown-abstract-wrong-result"],
)
def test_unknown_abstract_syntax(peer: Peer) -> None:
    """A context for an unknown abstract syntax is refused with result 3."""
    answer = peer.attempt([VERIFICATION, NO_SOP_CLASS])
    expect_accepted(answer)
    _expect_result(answer.contexts[1].result, 3, "abstract-syntax-not-supported")


@check(
    "ASSOC-005",
    "PS3.8 Table 9-18",
    SHALL,
    claim="verification",
    defects=["assoc-unknown-syntax-wrong-result"],
)
def test_unknown_transfer_syntax(peer: Peer) -> None:
    """A context with a known abstract but only unknown transfer syntaxes gets result 4."""
    answer = peer.attempt([VERIFICATION, Proposed(VERIFICATION, (NO_TRANSFER_SYNTAX,))])
    expect_accepted(answer)
    _expect_result(answer.contexts[1].result, 4, "transfer-syntaxes-not-supported")


def _expect_result(result: int, wanted: int, words: str) -> None:
    expect(result == wanted, f"result {wanted} ({words})", f"result {result}", "Result/Reason")


@check("ASSOC-006", "PS3.8 D.1", SHALL, defects=["assoc-max-length-missing"])
def test_maximum_length(peer: Peer, target: Target) -> None:
    """The acceptance carries the Maximum Length sub-item, with the declared value."""
    with peer.associate([VERIFICATION, CT, STUDY_ROOT_FIND]) as association:
        items = user_information(association)
        expect(
            len(items.get(0x51, [])) == 1,
            "one Maximum Length sub-item (51H)",
            f"{len(items.get(0x51, []))} of them",
            "Maximum Length Sub-Item",
        )
        declared = target.declared.max_pdu
        expect(
            declared is None or association.peer_max_length == declared,
            f"maximum length {declared}, as declared",
            f"{association.peer_max_length}",
            "Maximum Length Received",
        )


@check("ASSOC-007", "PS3.7 D.3.3.2", SHALL, defects=["assoc-implementation-uid-missing"])
def test_implementation_class_uid(peer: Peer, target: Target) -> None:
    """The acceptance carries a valid Implementation Class UID, the declared one."""
    with peer.associate([VERIFICATION, CT, STUDY_ROOT_FIND]) as association:
        values = user_information(association).get(0x52, [])
        uid = values[0].rstrip(b"\0").decode("ascii", "replace") if values else ""
        field = "Implementation Class UID Sub-Item"
        expect(len(values) == 1, "one Implementation Class UID", f"{len(values)} of them", field)
        expect(
            len(uid) <= 64 and re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", uid) is not None,
            "a UID by PS3.5 9.1",
            repr(uid),
            field,
        )
        declared = target.declared.implementation_class_uid
        expect(declared in (None, uid), f"{declared}, as declared", uid, field)


@check("ASSOC-008", "PS3.7 D.3.3.2.3", SHALL, defects=["assoc-version-name-too-long"])
def test_implementation_version_name(peer: Peer, target: Target) -> None:
    """An Implementation Version Name has 1 to 16 characters, and is the declared one."""
    with peer.associate([VERIFICATION, CT, STUDY_ROOT_FIND]) as association:
        values = user_information(association).get(0x55, [])
        field = "Implementation Version Name Sub-Item"
        for value in values:
            expect(1 <= len(value) <= 16, "1 to 16 characters", f"{value!r}", field)
        declared = target.declared.implementation_version
        seen = values[0].decode("ascii", "replace").strip() if values else ""
        expect(declared in (None, seen), f"{declared!r}, as declared", repr(seen), field)


@check(
    "ASSOC-010",
    "PS3.7 D.3.3.4.2",
    SHALL,
    defects=["assoc-role-unasked"],
)
def test_role_selection_only_when_proposed(peer: Peer) -> None:
    """A role selection is only answered when one was proposed."""
    _expect_absent(peer, 0x54, "SCP/SCU Role Selection sub-item (54H)")


@check("ASSOC-011", "PS3.7 D.3.3.3", SHALL, defects=["assoc-async-unasked"])
def test_operations_window_only_when_proposed(peer: Peer) -> None:
    """An asynchronous operations window is only answered when one was proposed."""
    _expect_absent(peer, 0x53, "Asynchronous Operations Window sub-item (53H)")


@check("ASSOC-012", "PS3.7 D.3.3.5", SHALL, defects=["assoc-extended-unasked"])
def test_extended_negotiation_only_when_proposed(peer: Peer) -> None:
    """A SOP class extended negotiation is only answered when one was proposed."""
    _expect_absent(peer, 0x56, "SOP Class Extended Negotiation sub-item (56H)")


def _expect_absent(peer: Peer, item: int, words: str) -> None:
    with peer.associate([VERIFICATION, CT, STUDY_ROOT_FIND]) as association:
        found = user_information(association).get(item, [])
        expect(not found, f"no {words}, as none was proposed", f"{len(found)} of them", words)


@check(
    "ASSOC-013",
    "PS3.8 Table 9-21",
    SHALL,
    claim="association.called-ae",
    defects=["assoc-called-ae-unchecked", "assoc-called-ae-wrong-reason"],
)
def test_unknown_called_ae(peer: Peer) -> None:
    """A called AE title that is not its own is rejected: permanent, user, reason 7."""
    expect_rejected(peer.attempt([VERIFICATION], called_ae="STEPWEDGE-NOT"), (1, 1, 7))


@check(
    "ASSOC-014",
    "PS3.8 Table 9-21",
    SHALL,
    claim="association.calling-ae",
    defects=["assoc-calling-ae-unchecked", "assoc-calling-ae-wrong-reason"],
)
def test_unknown_calling_ae(peer: Peer) -> None:
    """A calling AE title it does not know is rejected: permanent, user, reason 3."""
    expect_rejected(peer.attempt([VERIFICATION], calling_ae="STEPWEDGE-NOT"), (1, 1, 3))


@check("ASSOC-015", "PS3.8 Table 9-11", SHALL, defects=["assoc-ae-padding-literal"])
def test_ae_title_padding(peer: Peer, target: Target) -> None:
    """Leading spaces of an AE title are not significant."""
    if len(target.ae_title) > 14:
        raise Blocked("the AE title leaves no room for two leading spaces")
    expect_accepted(peer.attempt([VERIFICATION, CT], called_ae=f"  {target.ae_title}"))


@check("ASSOC-016", "PS3.8 Table 9-13", SHALL, defects=["assoc-few-contexts"])
def test_128_contexts(peer: Peer) -> None:
    """A request with 128 presentation contexts, ids 1 to 255, is answered for each."""
    answer = peer.attempt([Proposed(VERIFICATION, (IMPLICIT, EXPLICIT))] * 128)
    expect_accepted(answer)
    expect(
        sorted(c.context_id for c in answer.contexts) == list(range(1, 256, 2)),
        "answers for the 128 context ids 1 to 255",
        f"{len(answer.contexts)} answers",
        "Presentation-context-ID",
    )


def user_information(association: Association) -> dict[int, list[bytes]]:
    """The user information sub-items of the acceptance as received: type → values."""
    data = b"".join(association.conversation.received())
    end = 6 + int.from_bytes(data[2:6], "big")
    position = 74
    items: dict[int, list[bytes]] = {}
    while position + 4 <= end:
        kind, length = data[position], int.from_bytes(data[position + 2 : position + 4], "big")
        if kind == 0x50:
            position += 4
            continue
        items.setdefault(kind, []).append(data[position + 4 : position + 4 + length])
        position += 4 + length
    return items
