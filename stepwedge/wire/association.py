"""The requestor: the DIMSE services on one association, for load and for checks.

    with Association.request(("127.0.0.1", 11112), called="PACS", calling="HARNESS",
                             contexts=[Proposed(VERIFICATION)]) as association:
        reply = association.echo()

`submit_…` sends and returns the message id, for where an asynchronous operations window was
negotiated; `collect` waits for the next response to any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from stepwedge.wire import commands
from stepwedge.wire.errors import LocalProtocolError, NotAccepted, ProtocolViolation
from stepwedge.wire.items import Buffer
from stepwedge.wire.messages import fragment, frame, request
from stepwedge.wire.negotiation import VERIFICATION, AgreedContext, Proposed
from stepwedge.wire.pdus import COMMAND, LAST
from stepwedge.wire.plan import Plan, RequestHandler
from stepwedge.wire.prepared import Prepared
from stepwedge.wire.replies import Reply
from stepwedge.wire.session import Session
from stepwedge.wire.transport import Address

_READ_MUCH = 256 * 1024


@lru_cache(128)
def _echo_request(context_id: int) -> tuple[bytes, int]:
    """The P-DATA-TF of a C-ECHO-RQ, and where in it the Message ID is."""
    command = request(commands.C_ECHO_RQ, 0, False, AffectedSOPClassUID=VERIFICATION)
    head = frame(context_id, COMMAND | LAST, len(command))
    return head + command, len(head) + commands.offset_of(command, "MessageID")


class Association(Session):
    """An established association, as its requestor; opened by `Association(plan)` or `request`."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._echo: tuple[bytearray, int, int] | None = None

    @classmethod
    def request(
        cls,
        address: Address,
        *,
        called: str,
        calling: str,
        contexts: Iterable[Proposed],
        **options: Any,
    ) -> Association:
        """Opens one association; the options are those of `Plan`."""
        return cls(Plan(address, called=called, calling=calling, contexts=contexts, **options))

    def context_for(self, abstract_syntax: str, transfer_syntax: str = "") -> AgreedContext:
        """The accepted presentation context; raises NotAccepted when there is none."""
        found = self.accepted.find(abstract_syntax, transfer_syntax)
        if found is None:
            raise NotAccepted(abstract_syntax, transfer_syntax)
        return found

    def echo(self) -> Reply:
        """C-ECHO (PS3.7 §9.1.5)."""
        return self._only(self.submit_echo())

    def submit_echo(self) -> int:
        """Sends a C-ECHO-RQ and returns its message id, for `collect`."""
        prepared = self._echo
        if prepared is None:
            context = self.context_for(VERIFICATION)
            encoded, at = _echo_request(context.id)
            prepared = self._echo = (bytearray(encoded), at, context.id)
        message_id = self._new_id()
        buffer, at, context_id = prepared
        buffer[at] = message_id & 0xFF
        buffer[at + 1] = message_id >> 8
        self._submit(commands.C_ECHO_RQ, context_id, message_id, (buffer,))
        return message_id

    def store(self, prepared: Prepared) -> Reply:
        """C-STORE (PS3.7 §9.1.1) of one prepared instance."""
        return self._only(self.submit_store(prepared))

    def submit_store(self, prepared: Prepared) -> int:
        """Sends a C-STORE-RQ and returns its message id, for `collect`."""
        found = self.accepted.by_syntax.get((prepared.sop_class, prepared.transfer_syntax))
        if found is None:
            raise NotAccepted(prepared.sop_class, prepared.transfer_syntax)
        message_id = self._new_id()
        buffers = prepared.buffers(found.id, self._peer_max, message_id)
        self._submit(commands.C_STORE_RQ, found.id, message_id, buffers)
        return message_id

    def find(self, abstract_syntax: str, identifier: Buffer, *, priority: int = 0) -> Replies:
        """C-FIND (PS3.7 §9.1.2): the replies, pending ones first, as they arrive.

        `identifier` is encoded in the transfer syntax of `context_for(abstract_syntax)`.
        """
        return self._query(commands.C_FIND_RQ, abstract_syntax, identifier, priority, None)

    def move(
        self, abstract_syntax: str, identifier: Buffer, destination: str, *, priority: int = 0
    ) -> Replies:
        """C-MOVE (PS3.7 §9.1.4) to the AE title `destination`."""
        return self._query(commands.C_MOVE_RQ, abstract_syntax, identifier, priority, destination)

    def get(
        self,
        abstract_syntax: str,
        identifier: Buffer,
        on_store: RequestHandler,
        *,
        priority: int = 0,
    ) -> Replies:
        """C-GET (PS3.7 §9.1.3): `on_store` is given each C-STORE-RQ and returns its status.

        The storage presentation contexts must have been proposed with scp_role=True.
        """
        self._handler = on_store
        if len(self._view) < _READ_MUCH:
            self._view = memoryview(bytearray(_READ_MUCH))
        return self._query(commands.C_GET_RQ, abstract_syntax, identifier, priority, None)

    def _query(
        self,
        field: int,
        abstract_syntax: str,
        identifier: Buffer,
        priority: int,
        destination: str | None,
    ) -> Replies:
        context = self.context_for(abstract_syntax)
        message_id = self._new_id()
        command = request(
            field,
            message_id,
            True,
            AffectedSOPClassUID=abstract_syntax,
            Priority=priority,
            MoveDestination=destination,
        )
        buffers = fragment(context.id, self._peer_max, command, [identifier])
        self._submit(field, context.id, message_id, buffers)
        return Replies(self, context.id, message_id)

    def call(
        self,
        context: AgreedContext,
        command: commands.CommandSet,
        data_set: Sequence[Buffer] | None = None,
    ) -> Replies:
        """Any other request, the N-services among them: `command` without its Message ID.

        CommandDataSetType follows from `data_set` unless it is given.
        """
        message_id = self._new_id()
        kind = commands.NO_DATA_SET if data_set is None else commands.DATA_SET
        full = {"CommandDataSetType": kind, **command, "MessageID": message_id}
        buffers = fragment(context.id, self._peer_max, commands.encode(full), data_set)
        self._submit(full["CommandField"], context.id, message_id, buffers)
        return Replies(self, context.id, message_id)

    def cancel(self, context_id: int, message_id: int) -> None:
        """C-CANCEL of an outstanding C-FIND, C-MOVE or C-GET (PS3.7 §9.3.2.3); has no response."""
        self._check_open()
        command = commands.encode(
            {
                "CommandField": commands.C_CANCEL_RQ,
                "MessageIDBeingRespondedTo": message_id,
                "CommandDataSetType": commands.NO_DATA_SET,
            }
        )
        self._send(fragment(context_id, self._peer_max, command), "response")

    def _only(self, message_id: int) -> Reply:
        """The one and only response of an operation that has one."""
        reply = self.collect(message_id)
        if message_id in self._outstanding:
            self._end(abort=True)
            raise ProtocolViolation(
                f"status {reply.status:04X}H says that more responses follow, but this operation "
                "has only one",
                reply.command_bytes,
                "response",
            )
        return reply


class Replies:
    """The responses to one request, in order; iterating ends after the final one.

    `final` is that last reply, once it has come.  A loop that is left early leaves the request
    outstanding: `cancel` and go on iterating, or abort the association.
    """

    def __init__(self, association: Association, context_id: int, message_id: int) -> None:
        self._association = association
        self.context_id = context_id
        self.message_id = message_id
        self.final: Reply | None = None

    def __iter__(self) -> Iterator[Reply]:
        while self.final is None:
            reply = self._association.collect(self.message_id)
            if not reply.pending:
                self.final = reply
            yield reply

    def finish(self) -> Reply:
        """Drops what is pending and returns the final reply."""
        for _ in self:
            pass
        if self.final is None:
            raise LocalProtocolError("the replies ended without a final one")
        return self.final

    def cancel(self) -> None:
        """Asks the peer to stop (C-CANCEL); the final reply still comes."""
        self._association.cancel(self.context_id, self.message_id)
