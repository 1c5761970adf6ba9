"""The policy of the acceptor: whom it lets in, and what it answers a request."""

from __future__ import annotations

import pytest
from wire_peers import Notebook, listening, plan

from stepwedge.wire import (
    Association,
    Policy,
    Proposed,
    Rejected,
)
from stepwedge.wire.items import (
    ApplicationContext,
    AsynchronousOperationsWindow,
    MaximumLength,
    RawItem,
    UserIdentity,
    UserInformation,
)
from stepwedge.wire.negotiation import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VERIFICATION,
    build_request,
)
from stepwedge.wire.pdus import (
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
ECHO = Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN])


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(title="OTHER"), (1, 1, 7)),
        (Policy(title="PEER", callers=["SOMEBODY"]), (1, 1, 3)),
    ],
)
def test_who_is_not_let_in(policy: Policy, reason: tuple[int, int, int]) -> None:
    """A wrong AE title is rejected for what it is."""
    service = Notebook()
    with listening(service, policy=policy) as acceptor:
        with pytest.raises(Rejected) as caught:
            Association(plan(acceptor.address))
        assert service.over.wait(5)
    assert (caught.value.result, caught.value.source, caught.value.reason) == reason
    assert service.ends == [None]


def test_a_wrong_application_context_is_rejected() -> None:
    """PS3.8 Table 9-21: application-context-name-not-supported."""
    request = AssociateRQ("A", "B", (ApplicationContext("1.2.3"),))
    assert Policy().answer(request) == AssociateRJ(1, 1, 2)


def test_contexts_are_answered_by_preference() -> None:
    """Our order of transfer syntaxes decides; what we do not know has result 3 or 4."""
    policy = Policy(
        abstract_syntaxes={CT},
        transfer_syntaxes=[EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN],
        window=(5, 1),
    )
    request = build_request(
        "A",
        "B",
        [
            Proposed(CT, [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]),
            Proposed(CT, ["1.2.3"]),
            Proposed(FIND),
        ],
        window=(0, 3),
        user_identity=UserIdentity(1, b"me", response_requested=True),
    )
    answer = policy.answer(request)
    assert isinstance(answer, AssociateAC)
    assert [(context.result, context.transfer_syntax) for context in answer.contexts] == [
        (0, EXPLICIT_VR_LITTLE_ENDIAN),
        (4, "1.2.3"),
        (3, IMPLICIT_VR_LITTLE_ENDIAN),
    ]
    assert answer.user(AsynchronousOperationsWindow) == AsynchronousOperationsWindow(5, 1)


def test_an_unknown_item_does_not_matter() -> None:
    """Unknown items of a request are passed over (PS3.8 §9.3.1)."""
    request = build_request("PEER", "RAW", [ECHO])
    odd = AssociateRQ(
        "PEER", "RAW", (*request.items, RawItem(0x61, b"?"), UserInformation((MaximumLength(9),)))
    )
    assert isinstance(Policy().answer(odd), AssociateAC)
