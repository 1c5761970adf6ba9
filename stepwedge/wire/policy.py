"""What an acceptor says to an association request: PS3.8 §7.1.1, as a few rules of our own side.

`Policy.answer` is a function from an A-ASSOCIATE-RQ to an A-ASSOCIATE-AC or -RJ and holds no state;
who is connected, and how many, is the acceptor's business.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from stepwedge.wire.items import (
    DICOM_APPLICATION_CONTEXT,
    AcceptedContext,
    ApplicationContext,
    AsynchronousOperationsWindow,
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
from stepwedge.wire.negotiation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION,
    least,
)
from stepwedge.wire.pdus import AssociateAC, AssociateRJ, AssociateRQ

# A longer P-DATA-TF means fewer headers to read; measured flat above this.
RECEIVER_MAX_PDU = 128 * 1024


@dataclass(frozen=True)
class Policy:
    """What we accept.  None means anything.

    `transfer_syntaxes` are in our order of preference; without them the requestor's first is taken.
    `window` is the largest asynchronous operations window that we agree to (0: any).  `roles` are
    the SOP classes for which a proposed SCP role of the requestor is granted.
    """

    title: str | None = None
    callers: Collection[str] | None = None
    abstract_syntaxes: Collection[str] | None = None
    transfer_syntaxes: Sequence[str] | None = None
    max_pdu: int = RECEIVER_MAX_PDU
    window: tuple[int, int] = (1, 1)
    roles: Collection[str] = ()

    def answer(self, request: AssociateRQ) -> AssociateAC | AssociateRJ:
        """The answer to a request; rejections are permanent and by the service-user."""
        if request.application_context != DICOM_APPLICATION_CONTEXT:
            return AssociateRJ(1, 1, 2)
        if self.title is not None and request.called.strip() != self.title:
            return AssociateRJ(1, 1, 7)
        if self.callers is not None and request.calling.strip() not in self.callers:
            return AssociateRJ(1, 1, 3)
        items: list[Item] = [ApplicationContext()]
        items += map(self._context, request.contexts)
        items.append(UserInformation(tuple(self._user(request))))
        return AssociateAC(request.called, request.calling, tuple(items), reserved=request.reserved)

    def _context(self, context: ProposedContext) -> AcceptedContext:
        offered = context.transfer_syntaxes
        supported = self.abstract_syntaxes
        if supported is not None and context.abstract_syntax not in supported:
            return AcceptedContext(context.id, 3, offered[0])
        if self.transfer_syntaxes is None:
            return AcceptedContext(context.id, 0, offered[0])
        for syntax in self.transfer_syntaxes:
            if syntax in offered:
                return AcceptedContext(context.id, 0, syntax)
        return AcceptedContext(context.id, 4, offered[0])

    def _user(self, request: AssociateRQ) -> list[UserItem]:
        items: list[UserItem] = [
            MaximumLength(self.max_pdu),
            ImplementationClassUID(IMPLEMENTATION_CLASS_UID),
        ]
        asked = request.user(AsynchronousOperationsWindow)
        if asked is not None:
            items.append(
                AsynchronousOperationsWindow(
                    least(asked.invoked, self.window[0]), least(asked.performed, self.window[1])
                )
            )
        items += [
            RoleSelection(role.sop_class, role.scu, role.scp)
            for role in request.users(RoleSelection)
            if role.sop_class in self.roles
        ]
        items.append(ImplementationVersionName(IMPLEMENTATION_VERSION))
        identity = request.user(UserIdentity)
        if identity is not None and identity.response_requested:
            # A response says that the identity was accepted (PS3.7 D.3.3.7.2); we know no users.
            items.append(UserIdentityResponse(b""))
        return items
