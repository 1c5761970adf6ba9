"""The seam between users and the wire: what a user of a load can ask of an association.

Roles speak to this protocol only, so that a test can put a scripted target behind it and the wire
engine stays replaceable.  Every call returns when the final response has arrived, or raises one of
`stepwedge.wire.errors`.  Moments are on the real-time clock, the one the kernel stamps packets
with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Answer(msgspec.Struct):
    """The final response to a request.

    `finished` is when the kernel received its last byte, where the platform tells, else when we
    read it, in nanoseconds since the epoch; `lag` is what the harness itself needed from then on,
    in seconds.
    `phases` are what the service time consists of, as `recorder.phases_of` names them.
    `completed` and `failed` count sub-operations; `identifiers` are the pending responses' data
    sets, still encoded.
    """

    status: int
    finished: int
    lag: float = 0.0
    completed: int = 0
    failed: int = 0
    identifiers: list[bytes] = []
    size: int = 0
    phases: Sequence[float] = ()


class Parcel(Protocol):
    """An instance that is ready to be sent: what a role needs to know of it."""

    sop_class: str
    sop_instance: str
    size: int  # bytes of the data set


class Link(Protocol):
    """An established association; `opening` is how long its phases took, in seconds."""

    @property
    def opening(self) -> Sequence[float]:
        """To connect (and shake hands for TLS), and to negotiate."""

    def echo(self) -> Answer:
        """C-ECHO."""

    def store(self, parcel: Parcel) -> Answer:
        """C-STORE."""

    def find(self, sop_class: str, identifier: bytes) -> Answer:
        """C-FIND; the matches are the answer's `identifiers`."""

    def move(self, destination: str, identifier: bytes) -> Answer:
        """C-MOVE in the Study Root model."""

    def get(self, identifier: bytes, arrived: Callable[[str, int, bytes], None]) -> Answer:
        """C-GET in the Study Root model; `arrived` is given each UID, moment and data set."""

    @property
    def gone(self) -> bool:
        """True when the target has ended the association while nothing was asked of it."""

    def options(self) -> dict[str, str]:
        """The socket options and limits that hold on this association, by name."""

    def release(self) -> None:
        """Ends the association in order; returns when the answer has come."""

    def abort(self) -> None:
        """Ends the association at once.  Never raises, and may be called twice."""


class Dial(Protocol):
    """Opens associations with the target."""

    def __call__(self, purpose: str, sop_classes: Sequence[str] = (), port: int = 0) -> Link:
        """Negotiates what `purpose` needs.

        It is verification, storage (of `sop_classes`), find, move, get or worklist.  `port` 0 is
        the target's first.
        """
