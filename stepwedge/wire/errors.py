"""What can go wrong on the wire, each with the words and numbers that a report needs.

Two families.  A *protocol error* is raised by the sans-IO layer and says whose fault it is, as in
h11: `LocalProtocolError` when we were about to break the rules, `RemoteProtocolError` when the peer
did.  An *association error* is what a user of an association meets: each has a `kind`, a short
stable string by which a load run counts it ("rejected 1/1/7", "timeout response").
"""

from __future__ import annotations

from stepwedge.errors import NotReachable, StepwedgeError

# How many of the offending bytes a message shows; enough for a whole PDU header and a first item.
SHOWN = 64


class Malformed(ValueError):
    """Bytes that do not decode; `offset` counts from the beginning of what was given."""

    def __init__(self, problem: str, offset: int = 0) -> None:
        super().__init__(f"{problem} (at byte {offset})")
        self.problem = problem
        self.offset = offset

    def moved(self, by: int) -> Malformed:
        """The same problem, seen from a buffer that begins `by` bytes earlier."""
        return Malformed(self.problem, self.offset + by)


class ProtocolError(StepwedgeError):
    """Somebody broke the DICOM upper layer protocol."""


class LocalProtocolError(ProtocolError):
    """We were asked to send what the protocol does not allow here; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what the protocol does not allow.

    `shown` holds the first of the offending bytes, `answer` the PDU that PS3.8 Table 9-10 wants
    sent in return (an A-ABORT, or an A-ASSOCIATE-RJ), and `source` and `reason` its fields.
    """

    def __init__(
        self,
        problem: str,
        shown: bytes = b"",
        answer: bytes = b"",
        source: int = 2,
        reason: int = 0,
    ) -> None:
        hint = f"the bytes begin {shown[:SHOWN].hex(' ')}" if shown else ""
        super().__init__(problem, hint)
        self.shown = shown[:SHOWN]
        self.answer = answer
        self.source = source
        self.reason = reason


class AssociationError(NotReachable):
    """An association, or an operation on one, ended otherwise than it should."""

    def __init__(self, problem: str, mend: str = "", *, phase: str = "") -> None:
        super().__init__(problem, mend)
        self.phase = phase

    @property
    def kind(self) -> str:
        """A short stable name by which errors are counted."""
        return f"{type(self).__name__.lower()} {self.phase}".rstrip()


class ConnectFailed(AssociationError):
    """No transport connection came about: refused, unreachable, or no descriptor left."""

    def __init__(self, problem: str, errno: int | None = None, mend: str = "") -> None:
        super().__init__(problem, mend, phase="connect")
        self.errno = errno

    @property
    def kind(self) -> str:
        return "connect failed"


class TlsFailed(AssociationError):
    """The TLS handshake failed, on either side."""

    def __init__(self, problem: str, mend: str = "") -> None:
        super().__init__(problem, mend, phase="tls")

    @property
    def kind(self) -> str:
        return "tls failed"


# PS3.8 Table 9-21: result, source and reason of an A-ASSOCIATE-RJ.
RESULTS = {1: "rejected-permanent", 2: "rejected-transient"}
REJECT_SOURCES = {
    1: "service-user",
    2: "service-provider (ACSE)",
    3: "service-provider (presentation)",
}
REJECT_REASONS = {
    (1, 1): "no-reason-given",
    (1, 2): "application-context-name-not-supported",
    (1, 3): "calling-AE-title-not-recognized",
    (1, 7): "called-AE-title-not-recognized",
    (2, 1): "no-reason-given",
    (2, 2): "protocol-version-not-supported",
    (3, 1): "temporary-congestion",
    (3, 2): "local-limit-exceeded",
}
# PS3.8 Table 9-26: source and reason of an A-ABORT.
ABORT_SOURCES = {0: "service-user", 2: "service-provider"}
ABORT_REASONS = {
    0: "reason-not-specified",
    1: "unrecognized-PDU",
    2: "unexpected-PDU",
    4: "unrecognized-PDU-parameter",
    5: "unexpected-PDU-parameter",
    6: "invalid-PDU-parameter-value",
}


class Rejected(AssociationError):
    """The peer answered A-ASSOCIATE-RJ (PS3.8 §9.3.4)."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        words = ", ".join(
            (
                RESULTS.get(result, f"result {result}"),
                REJECT_SOURCES.get(source, f"source {source}"),
                REJECT_REASONS.get((source, reason), f"reason {reason}"),
            )
        )
        mend = {
            (1, 7): "ask for the AE title that the server was given, in its own spelling",
            (1, 3): "enter our AE title (and address) in the server's list of peers",
            (3, 1): "the server is full: try later, or open fewer associations",
            (3, 2): "the server is full: try later, or open fewer associations",
        }.get((source, reason), "")
        super().__init__(f"the association was rejected: {words}", mend, phase="negotiate")
        self.result = result
        self.source = source
        self.reason = reason

    @property
    def kind(self) -> str:
        return f"rejected {self.result}/{self.source}/{self.reason}"


class Aborted(AssociationError):
    """The peer sent A-ABORT (PS3.8 §9.3.8)."""

    def __init__(self, source: int, reason: int, phase: str) -> None:
        words = ABORT_SOURCES.get(source, f"source {source}")
        if source == 2:  # "The reason is not significant when the source is the service-user."
            words += f", {ABORT_REASONS.get(reason, f'reason {reason}')}"
        super().__init__(f"the peer aborted the association during {phase}: {words}", phase=phase)
        self.source = source
        self.reason = reason

    @property
    def kind(self) -> str:
        return f"aborted {self.source}/{self.reason}"


class Timeout(AssociationError):
    """Nothing, or not enough, came within `seconds`; `phase` says what was waited for."""

    def __init__(self, phase: str, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s during {phase}", phase=phase)
        self.seconds = seconds


class ClosedByPeer(AssociationError):
    """The transport connection was closed or reset where the protocol expects more."""

    def __init__(self, phase: str, detail: str = "") -> None:
        problem = f"the peer closed the connection during {phase}"
        super().__init__(f"{problem}: {detail}" if detail else problem, phase=phase)

    @property
    def kind(self) -> str:
        return f"closed {self.phase}"


class ProtocolViolation(AssociationError):
    """The peer broke the protocol; `shown` holds the first of the offending bytes."""

    def __init__(self, problem: str, shown: bytes, phase: str) -> None:
        hint = f"the bytes begin {shown[:SHOWN].hex(' ')}" if shown else ""
        super().__init__(
            f"the peer broke the protocol during {phase}: {problem}", hint, phase=phase
        )
        self.shown = shown[:SHOWN]

    @property
    def kind(self) -> str:
        return f"violation {self.phase}"


class NotAccepted(AssociationError):
    """No presentation context for this abstract syntax (and transfer syntax) was accepted."""

    def __init__(self, abstract_syntax: str, transfer_syntax: str = "") -> None:
        what = f"abstract syntax {abstract_syntax}"
        if transfer_syntax:
            what += f" with transfer syntax {transfer_syntax}"
        super().__init__(
            f"the peer accepted no presentation context for {what}",
            "propose it, or use what was accepted",
            phase="negotiate",
        )
        self.abstract_syntax = abstract_syntax
        self.transfer_syntax = transfer_syntax

    @property
    def kind(self) -> str:
        return "not accepted"
