"""Our storage receiver under load: the C-MOVE destination, which only notes when what arrived.

It is the wire engine's acceptor and keeps no data.  An instance is known by its SOP Instance UID,
which follows from the run's numbers, so nothing of what arrives needs to be read.  The moment is
the kernel's receive timestamp of its last byte where the platform gives one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from stepwedge.errors import UsageError
from stepwedge.target import Target
from stepwedge.tls import server_context
from stepwedge.wire.acceptor import Acceptor
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Received, Service

# Instances whose arrival nobody has asked for yet, at most: someone else may be moving to us.
_KEPT = 200_000


class Receiver(Service):
    """Listens where the target believes our receiver to be."""

    def __init__(self, target: Target, syntaxes: dict[str, tuple[str, ...]]) -> None:
        self.target = target
        self.syntaxes = syntaxes
        self._arrived: dict[str, list[tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._acceptor: Acceptor | None = None

    def start(self) -> None:
        """Begins to listen.  Raises UsageError when the port cannot be had."""
        taken = {syntax for syntaxes in self.syntaxes.values() for syntax in syntaxes}
        address = (self.target.receiver_host, self.target.receiver.port)
        tls = self.target.tls
        try:
            self._acceptor = Acceptor(
                address,
                service=self,
                # Any SOP class, in the syntaxes that were sent: the target need not transcode.
                policy=Policy(transfer_syntaxes=sorted(taken, reverse=True)),
                stamps=True,
                tls=server_context(tls) if tls.enabled and tls.receiver else None,
            )
        except UsageError as error:
            raise UsageError(
                f"our receiver {error.problem}",
                "end what listens there, or give the receiver another port in the target file "
                "and at the target",
            ) from error
        self._acceptor.start()

    def store(self, received: Received) -> int:
        self.note(received.sop_instance, received.ended, received.size)
        return 0

    def note(self, instance: str, moment: int, size: int) -> None:
        """Notes one instance's arrival."""
        with self._lock:
            if instance not in self._arrived and len(self._arrived) >= _KEPT:
                self._arrived.pop(next(iter(self._arrived)))
            self._arrived.setdefault(instance, []).append((moment, size))

    def take(self, instances: Iterable[str], since: int, until: int) -> list[tuple[int, int]]:
        """Of those instances that arrived between two moments: when each did, and its size.

        What is given out is forgotten.  The same study may already be on its way again while the
        report of its first retrieval is: so only what belongs to the one asked about is taken.
        """
        taken = []
        with self._lock:
            for instance in instances:
                known = self._arrived.pop(instance, [])
                taken += [one for one in known if since <= one[0] <= until][:1]
                if left := [one for one in known if one[0] > until]:
                    self._arrived[instance] = left
        return taken

    def close(self) -> None:
        """Stops listening."""
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
