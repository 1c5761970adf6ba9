"""An association request made ready once, to be opened many times.

Everything about an association that does not change from one to the next is worked out here: the
name is resolved, the A-ASSOCIATE-RQ encoded, and what the usual answer makes of it remembered.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import TypeAlias

from stepwedge.wire.chunks import Chunk
from stepwedge.wire.items import CommonExtendedNegotiation, ExtendedNegotiation, UserIdentity
from stepwedge.wire.messages import Message, MessageLimits
from stepwedge.wire.negotiation import (
    DEFAULT_MAX_PDU,
    Agreement,
    Proposed,
    build_request,
    settle,
)
from stepwedge.wire.pdus import AssociateAC
from stepwedge.wire.replies import ReplyReader
from stepwedge.wire.transport import Address, QuickAck, Timeouts, resolve

# What answers a request of the peer on our association: its status, for the response.
RequestHandler: TypeAlias = Callable[[Message], int]


class Plan:
    """An association request made ready, to be opened many times.

    `address` is resolved once, here.  Raises ConnectFailed when it does not resolve, and
    LocalProtocolError for a request that cannot be written.  `quickack` and `poll` are policies of
    the transport, which explains them.  `record` is given every Chunk that
    passes, for `describe` and `pcap`.
    """

    def __init__(
        self,
        address: Address,
        *,
        called: str,
        calling: str,
        contexts: Iterable[Proposed],
        max_pdu: int = DEFAULT_MAX_PDU,
        timeouts: Timeouts | None = None,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        quickack: QuickAck = QuickAck.KERNEL,
        stamps: bool = False,
        user_identity: UserIdentity | None = None,
        window: tuple[int, int] = (1, 1),
        extended: Iterable[ExtendedNegotiation] = (),
        common_extended: Iterable[CommonExtendedNegotiation] = (),
        limits: MessageLimits | None = None,
        send_buffer: int = 0,
        receive_buffer: int = 0,
        poll: float = 0.0,
        handler: RequestHandler | None = None,
        record: Callable[[Chunk], object] | None = None,
    ) -> None:
        self.request = build_request(
            called,
            calling,
            contexts,
            max_pdu=max_pdu,
            window=window,
            user_identity=user_identity,
            extended=extended,
            common_extended=common_extended,
        )
        self.encoded = self.request.encode()
        self.host, self.port = address
        self.family, self.address = resolve(self.host, self.port)
        self.timeouts = timeouts or Timeouts()
        self.tls = tls
        self.server_name = server_name or self.host
        self.quickack = quickack
        self.stamps = stamps
        self.limits = limits
        self.send_buffer = send_buffer
        self.receive_buffer = receive_buffer
        self.poll = poll
        self.handler = handler
        self.record = record
        self.reader = ReplyReader()  # answers are alike from one association to the next
        self._settled: tuple[AssociateAC, Agreement] | None = None

    def settle(self, answer: AssociateAC) -> Agreement:
        """What this answer makes of the request; a server gives the same one again and again."""
        known = self._settled
        if known is None or known[0] is not answer:
            known = self._settled = (answer, settle(self.request, answer))
        return known[1]
