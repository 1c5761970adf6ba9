"""The wire engine: a sans-IO DICOM upper layer and one thin transport around it.

From the inside out: `items` and `pdus` are the codec, `states` is PS3.8 Table 9-10, `connection`
puts them together without any input or output; `commands` and `messages` are DIMSE on top of it,
`negotiation` what two A-ASSOCIATE PDUs agree on; `transport` is the socket; `plan`, `session` and
`association` are the requestor, `prepared` its fast path for C-STORE; `policy`, `service`,
`serving` and `acceptor` the acceptor; `chunks`, `describe` and `pcap` record and draw a
conversation.
"""

from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.association import Association, Replies
from stepwedge.wire.chunks import Chunk, Direction, redacted
from stepwedge.wire.connection import NEED_DATA, Connection, ConnectionClosed
from stepwedge.wire.describe import PduView, describe
from stepwedge.wire.elements import Field
from stepwedge.wire.errors import (
    Aborted,
    AssociationError,
    ClosedByPeer,
    ConnectFailed,
    LocalProtocolError,
    Malformed,
    NotAccepted,
    ProtocolError,
    ProtocolViolation,
    Rejected,
    RemoteProtocolError,
    Timeout,
    TlsFailed,
)
from stepwedge.wire.negotiation import Agreement, Proposed
from stepwedge.wire.pcap import pcap
from stepwedge.wire.plan import Plan
from stepwedge.wire.policy import Policy
from stepwedge.wire.prepared import Prepared, Shared
from stepwedge.wire.replies import Clocks, Reply
from stepwedge.wire.service import Keep, Received, Service
from stepwedge.wire.states import Role, State
from stepwedge.wire.transport import QuickAck, Timeouts

__all__ = [
    "NEED_DATA",
    "Aborted",
    "Acceptor",
    "Agreement",
    "Association",
    "AssociationError",
    "Chunk",
    "Clocks",
    "ClosedByPeer",
    "ConnectFailed",
    "Connection",
    "ConnectionClosed",
    "Direction",
    "Field",
    "Keep",
    "LocalProtocolError",
    "Malformed",
    "NotAccepted",
    "PduView",
    "Plan",
    "Policy",
    "Prepared",
    "Proposed",
    "ProtocolError",
    "ProtocolViolation",
    "QuickAck",
    "Received",
    "Rejected",
    "RemoteProtocolError",
    "Replies",
    "Reply",
    "Role",
    "Service",
    "Shared",
    "State",
    "Timeout",
    "Timeouts",
    "TlsFailed",
    "describe",
    "pcap",
    "redacted",
]
