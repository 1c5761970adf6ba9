"""What an association request and its answer agree on: PS3.8 §7.1.1 and PS3.7 Annex D.

`Proposal` builds the A-ASSOCIATE-RQ from what a caller means; `settle` compares a request with its
answer and gives an `Agreement` that both ends use.  An answer that makes no sense for the request
(a presentation context that was not proposed, a transfer syntax that was not offered) is not an
exception: what is nonsense does not count as agreed, and `problems` says so in sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stepwedge.version import VERSION
from stepwedge.wire.errors import LocalProtocolError
from stepwedge.wire.items import (
    DICOM_APPLICATION_CONTEXT,
    ApplicationContext,
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ImplementationClassUID,
    ImplementationVersionName,
    Item,
    MaximumLength,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserIdentityResponse,
    UserInformation,
    UserItem,
)
from stepwedge.wire.pdus import AssociateAC, AssociateRQ

# A UID of ours from a UUID (PS3.5 B.2): the implementation class of this engine, permanently.
IMPLEMENTATION_CLASS_UID = "2.25.44207998614151572928169644572455043222"
IMPLEMENTATION_VERSION = f"STEPWEDGE_{VERSION}"[:16]

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

# The commonest announced length; a multiple of 4 KiB pages plus nothing, as DCMTK and others use.
DEFAULT_MAX_PDU = 16384


@dataclass(frozen=True, slots=True)
class Proposed:
    """A presentation context to propose: what, in which transfer syntaxes, in which roles.

    A role left at None is not mentioned; naming either adds a role selection sub-item
    (PS3.7 D.3.3.4), which C-GET needs for its storage SOP classes (scp_role=True).
    """

    abstract_syntax: str
    transfer_syntaxes: Sequence[str] = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
    scu_role: bool | None = None
    scp_role: bool | None = None


@dataclass(frozen=True, slots=True)
class AgreedContext:
    """A presentation context that was accepted, with the roles of the requestor."""

    id: int
    abstract_syntax: str
    transfer_syntax: str
    scu: bool = True
    scp: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A presentation context that was not accepted; `result` as in PS3.8 Table 9-18."""

    id: int
    abstract_syntax: str
    result: int | None  # None: the answer does not mention it


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome of a negotiation.

    `invoked` and `performed` are the asynchronous operations window as the requestor sees it
    (0: unlimited; 1 and 1 when it was not negotiated).
    """

    contexts: dict[int, AgreedContext]
    refused: tuple[Refusal, ...]
    max_length: int  # what the acceptor announced (0: any)
    invoked: int
    performed: int
    implementation_class_uid: str
    implementation_version: str
    identity_response: bytes | None
    extended: tuple[ExtendedNegotiation, ...]
    problems: tuple[str, ...]
    by_syntax: dict[tuple[str, str], AgreedContext] = field(default_factory=dict)

    def find(self, abstract_syntax: str, transfer_syntax: str = "") -> AgreedContext | None:
        """The accepted context; of any transfer syntax (the first) unless one is named."""
        return self.by_syntax.get((abstract_syntax, transfer_syntax))


def build_request(
    called: str,
    calling: str,
    contexts: Iterable[Proposed],
    *,
    max_pdu: int = DEFAULT_MAX_PDU,
    window: tuple[int, int] = (1, 1),
    user_identity: UserIdentity | None = None,
    extended: Iterable[ExtendedNegotiation] = (),
    common_extended: Iterable[CommonExtendedNegotiation] = (),
) -> AssociateRQ:
    """An A-ASSOCIATE-RQ that keeps every rule; contexts get the ids 1, 3, 5, …

    Raises LocalProtocolError for no context, or more than the 128 that ids allow.
    """
    proposed = tuple(contexts)
    if not 0 < len(proposed) <= 128:
        raise LocalProtocolError(
            f"{len(proposed)} presentation contexts: an association proposes 1 to 128"
        )
    items: list[Item] = [ApplicationContext()]
    items += [
        ProposedContext(2 * n + 1, context.abstract_syntax, tuple(context.transfer_syntaxes))
        for n, context in enumerate(proposed)
    ]
    user: list[UserItem] = [
        MaximumLength(max_pdu),
        ImplementationClassUID(IMPLEMENTATION_CLASS_UID),
    ]
    if window != (1, 1):
        user.append(AsynchronousOperationsWindow(*window))
    roles: dict[str, RoleSelection] = {}
    for context in proposed:
        if context.scu_role is not None or context.scp_role is not None:
            roles[context.abstract_syntax] = RoleSelection(
                context.abstract_syntax,
                int(context.scu_role if context.scu_role is not None else True),
                int(context.scp_role or False),
            )
    user += roles.values()
    user.append(ImplementationVersionName(IMPLEMENTATION_VERSION))
    user += extended
    user += common_extended
    if user_identity is not None:
        user.append(user_identity)
    items.append(UserInformation(tuple(user)))
    return AssociateRQ(called, calling, tuple(items))


def settle(request: AssociateRQ, answer: AssociateAC) -> Agreement:
    """What `answer` makes of `request`."""
    problems: list[str] = []
    proposed = {context.id: context for context in request.contexts}
    roles = _roles(request, answer, problems)
    accepted: dict[int, AgreedContext] = {}
    refused: list[Refusal] = []
    answered: set[int] = set()
    for context in answer.contexts:
        wanted = proposed.get(context.id)
        if wanted is None:
            problems.append(f"presentation context {context.id} is answered but was not proposed")
            continue
        if context.id in answered:
            problems.append(f"presentation context {context.id} is answered twice")
            continue
        answered.add(context.id)
        if context.result:
            refused.append(Refusal(context.id, wanted.abstract_syntax, context.result))
            continue
        syntax = (context.transfer_syntax or "").rstrip("\0 ")
        if syntax not in wanted.transfer_syntaxes:
            problems.append(
                f"presentation context {context.id} is accepted with transfer syntax "
                f"{syntax!r}, which was not offered"
            )
            continue
        scu, scp = roles.get(wanted.abstract_syntax, (True, False))
        accepted[context.id] = AgreedContext(
            context.id, wanted.abstract_syntax, syntax, scu=scu, scp=scp
        )
    refused += [
        Refusal(context.id, context.abstract_syntax, None)
        for context in proposed.values()
        if context.id not in answered
    ]
    if answer.application_context != DICOM_APPLICATION_CONTEXT:
        problems.append(f"the application context is {answer.application_context!r}")
    invoked, performed = _window(request, answer, problems)
    implementation = answer.user(ImplementationClassUID)
    version = answer.user(ImplementationVersionName)
    identity = answer.user(UserIdentityResponse)
    max_length = answer.max_length
    if max_length is None:
        problems.append("no maximum length is announced")
    by_syntax: dict[tuple[str, str], AgreedContext] = {}
    for agreed in accepted.values():
        by_syntax.setdefault((agreed.abstract_syntax, agreed.transfer_syntax), agreed)
        by_syntax.setdefault((agreed.abstract_syntax, ""), agreed)
    return Agreement(
        contexts=accepted,
        refused=tuple(refused),
        max_length=max_length or 0,
        invoked=invoked,
        performed=performed,
        implementation_class_uid=implementation.uid if implementation else "",
        implementation_version=version.name if version else "",
        identity_response=identity.response if identity else None,
        extended=answer.users(ExtendedNegotiation),
        problems=tuple(problems),
        by_syntax=by_syntax,
    )


def _roles(
    request: AssociateRQ, answer: AssociateAC, problems: list[str]
) -> dict[str, tuple[bool, bool]]:
    """PS3.7 D.3.3.4: a role holds when it was proposed and accepted; unanswered means default."""
    asked = {item.sop_class: item for item in request.users(RoleSelection)}
    roles: dict[str, tuple[bool, bool]] = {}
    for item in answer.users(RoleSelection):
        wanted = asked.get(item.sop_class)
        if wanted is None:
            problems.append(f"a role selection is answered for {item.sop_class}, not proposed")
            continue
        if item.scu > wanted.scu or item.scp > wanted.scp:
            problems.append(f"a role is granted for {item.sop_class} that was not proposed")
        roles[item.sop_class] = (
            bool(item.scu and wanted.scu),
            bool(item.scp and wanted.scp),
        )
    return roles


def _window(request: AssociateRQ, answer: AssociateAC, problems: list[str]) -> tuple[int, int]:
    """PS3.7 D.3.3.3: without an answer, or a proposal, both sides are synchronous."""
    asked = request.user(AsynchronousOperationsWindow)
    given = answer.user(AsynchronousOperationsWindow)
    if given is None:
        return 1, 1
    if asked is None:
        problems.append("an asynchronous operations window is answered but was not proposed")
        return 1, 1
    for name, mine, theirs in (
        ("invoked", asked.invoked, given.invoked),
        ("performed", asked.performed, given.performed),
    ):
        if mine and (theirs > mine or theirs == 0):
            problems.append(f"{theirs} operations {name} are granted, {mine} were proposed")
    return (
        least(asked.invoked, given.invoked),
        least(asked.performed, given.performed),
    )


def least(one: int, other: int) -> int:
    """The smaller of two windows (operations), in which 0 means unlimited."""
    return min(one, other) if one and other else max(one, other)
