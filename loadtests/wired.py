"""Links on the wire engine: what a load says to a target, association by association.

An association request is encoded once for each purpose and port and opened as often as it is
needed; the host name is resolved once.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from pydicom.uid import ImplicitVRLittleEndian

from stepwedge.errors import UsageError
from stepwedge.loadtests.links import Answer, Link, Parcel
from stepwedge.loadtests.queries import (
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    WORKLIST_FIND,
)
from stepwedge.target import Target
from stepwedge.tls import client_context, describe
from stepwedge.wire.association import Association, Replies
from stepwedge.wire.errors import LocalProtocolError
from stepwedge.wire.items import UserIdentity
from stepwedge.wire.messages import Message
from stepwedge.wire.negotiation import VERIFICATION, Proposed
from stepwedge.wire.plan import Plan
from stepwedge.wire.prepared import Prepared
from stepwedge.wire.replies import Reply
from stepwedge.wire.transport import QuickAck, Timeouts

_IMPLICIT = (str(ImplicitVRLittleEndian),)
_PURPOSES = {
    "verification": VERIFICATION,
    "find": STUDY_ROOT_FIND,
    "move": STUDY_ROOT_MOVE,
    "get": STUDY_ROOT_GET,
    "worklist": WORKLIST_FIND,
}


class WireDial:
    """Opens associations with one target.

    `syntaxes` maps a storage SOP class to the transfer syntaxes that its instances are in.
    """

    def __init__(
        self,
        target: Target,
        syntaxes: dict[str, tuple[str, ...]],
        quickack: QuickAck = QuickAck.KERNEL,
    ) -> None:
        self.target = target
        self.syntaxes = syntaxes
        self.quickack = quickack
        self._context = client_context(target.tls) if target.tls.enabled else None
        self._plans: dict[tuple[str, tuple[str, ...], int], Plan] = {}

    def __call__(self, purpose: str, sop_classes: Sequence[str] = (), port: int = 0) -> Link:
        key = (purpose, tuple(sop_classes), port)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(purpose, sop_classes, port)
        return WireLink(Association(plan))

    def _plan(self, purpose: str, sop_classes: Sequence[str], port: int) -> Plan:
        target = self.target
        limits = target.timeouts
        return Plan(
            (target.host, port or target.first_port),
            called=target.ae_title,
            calling=target.calling_ae_title,
            contexts=self._contexts(purpose, sop_classes),
            timeouts=Timeouts(limits.connect, limits.negotiate, limits.response, limits.release),
            quickack=self.quickack,
            stamps=True,
            tls=self._context,
            server_name=target.server_name,
            user_identity=_identity(target),
        )

    def _contexts(self, purpose: str, sop_classes: Sequence[str]) -> list[Proposed]:
        contexts = [
            Proposed(uid, (syntax,))
            for uid in sop_classes
            for syntax in self.syntaxes.get(uid, _IMPLICIT)
        ]
        if purpose in _PURPOSES:
            contexts.append(Proposed(_PURPOSES[purpose], _IMPLICIT))
        if purpose == "get":
            contexts += [
                Proposed(uid, (syntax,), scu_role=True, scp_role=True)
                for uid, syntaxes in self.syntaxes.items()
                for syntax in syntaxes
            ]
        return contexts


def _identity(target: Target) -> UserIdentity | None:
    """Who we say we are: user name, with a passcode where there is one (PS3.7 Table D.3-14)."""
    name = target.credentials.username
    if not name:
        return None
    passcode = target.credentials.passcode.get_secret_value()
    return UserIdentity(2 if passcode else 1, name.encode(), passcode.encode())


class WireLink:
    """One association of the wire engine."""

    def __init__(self, association: Association) -> None:
        self.association = association

    @property
    def opening(self) -> tuple[float, float]:
        phases = self.association.phases
        return phases.connect or 0.0, phases.negotiate or 0.0

    def echo(self) -> Answer:
        return _answer(self.association.echo())

    def store(self, parcel: Parcel) -> Answer:
        if not isinstance(parcel, Prepared):
            raise UsageError(f"the wire engine sends prepared instances, not {type(parcel)}")
        return _answer(self.association.store(parcel))

    def find(self, sop_class: str, identifier: bytes) -> Answer:
        found: list[bytes] = []
        first = final = None
        for reply in self.association.find(sop_class, identifier):
            if reply.pending:
                found.append(reply.data_set or b"")
            first = first or reply
            final = reply
        answer = _answer(_final(final), first)
        answer.identifiers = found
        return answer

    def move(self, destination: str, identifier: bytes) -> Answer:
        replies = self.association.move(STUDY_ROOT_MOVE, identifier, destination)
        return _with_counts(replies)

    def get(self, identifier: bytes, arrived: Callable[[str, int, bytes], None]) -> Answer:
        def keep(message: Message) -> int:
            uid = str(message.command.get("AffectedSOPInstanceUID", ""))
            arrived(uid, time.time_ns(), message.data_set or b"")
            return 0

        return _with_counts(self.association.get(STUDY_ROOT_GET, identifier, keep))

    @property
    def gone(self) -> bool:
        # Nothing is due, so whatever can be read is an A-ABORT or the end of the connection.
        return self.association.transport.spoken()

    def options(self) -> dict[str, str]:
        transport = self.association.transport
        option = transport.sock.getsockopt
        longest = self.association.accepted.max_length
        return {
            "TCP_NODELAY (ours)": "on" if option(socket.IPPROTO_TCP, socket.TCP_NODELAY) else "off",
            "send buffer (ours)": f"{option(socket.SOL_SOCKET, socket.SO_SNDBUF)} bytes at first",
            "receive buffer (ours)": f"{option(socket.SOL_SOCKET, socket.SO_RCVBUF)} bytes at "
            "first",
            "longest P-DATA-TF to the target": f"{longest} bytes" if longest else "no limit",
            "end of service": "the kernel's receive timestamp (SO_TIMESTAMPING)"
            if transport.stamps
            else "our own reading of the last byte",
            "TLS": describe(transport.sock) if transport.tls else "none, in clear",
        }

    def release(self) -> None:
        self.association.release()

    def abort(self) -> None:
        self.association.abort()


def _answer(reply: Reply, first: Reply | None = None) -> Answer:
    """The answer that a final reply is; `first` is the first of several."""
    clocks = reply.clocks
    finished = clocks.kernel_in or clocks.last_in
    begun = first.clocks if first is not None else clocks
    # The kernel had the first bytes before we saw them, and perhaps the last ones too.
    seen = min(begun.first_in, finished)
    phases = (
        (clocks.last_out - clocks.first_out) * 1e-9,
        (seen - clocks.last_out) * 1e-9,
        (finished - seen) * 1e-9,
    )
    return Answer(reply.status, finished, clocks.lag, phases=phases)


def _final(reply: Reply | None) -> Reply:
    if reply is None:
        raise LocalProtocolError("the replies ended without a final one")
    return reply


def _with_counts(replies: Replies) -> Answer:
    first = final = None
    for reply in replies:
        first = first or reply
        final = reply
    final = _final(final)
    command: dict[str, Any] = final.command
    answer = _answer(final, first)
    answer.completed = command.get("NumberOfCompletedSuboperations", 0)
    answer.failed = command.get("NumberOfFailedSuboperations", 0)
    return answer
