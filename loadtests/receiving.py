"""Our storage receiver under load: the C-MOVE destination, which only notes when what arrived.

It keeps no pixel data.  For each study it keeps the moments and sizes of its instances until the
run asks for them.
"""

from __future__ import annotations

import struct
import threading
import time
from typing import Any

from pynetdicom import AE, evt

from stepwedge.errors import UsageError
from stepwedge.target import Target

# Studies whose arrivals nobody has asked for yet, at most: someone else may be moving to us.
_KEPT = 20_000

_STUDY_TAG = b"\x20\x00\x0d\x00"


class Receiver:
    """Listens where the target believes our receiver to be."""

    def __init__(self, target: Target, syntaxes: dict[str, tuple[str, ...]]) -> None:
        self.target = target
        self.syntaxes = syntaxes
        self._arrived: dict[str, list[tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._server: Any = None

    def start(self) -> None:
        """Begins to listen.  Raises UsageError when the port cannot be had."""
        ae = AE(ae_title=self.target.receiver.ae_title)
        for uid, syntaxes in self.syntaxes.items():
            ae.add_supported_context(uid, list(syntaxes))
        address = (self.target.receiver_host, self.target.receiver.port)
        try:
            self._server = ae.start_server(
                address, block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
            )
        except OSError as error:
            raise UsageError(
                f"our receiver cannot listen on {address[0]}:{address[1]}: {error.strerror}",
                "end what listens there, or give the receiver another port in the target file "
                "and at the target",
            ) from error

    def _store(self, event: Any) -> int:
        data = event.request.DataSet.getvalue()
        self.note(study_of(data), time.time_ns(), len(data))
        return 0

    def note(self, study: str, moment: int, size: int) -> None:
        """Notes one instance's arrival."""
        with self._lock:
            if study not in self._arrived and len(self._arrived) >= _KEPT:
                self._arrived.pop(next(iter(self._arrived)))
            self._arrived.setdefault(study, []).append((moment, size))

    def take(self, study: str, since: int, until: int) -> list[tuple[int, int]]:
        """When images of a study arrived between two moments, and how large they were.

        What is given out is forgotten.  The same study may already be on its way again while the
        report of its first retrieval is: so only what belongs to the one asked about is taken.
        """
        with self._lock:
            known = self._arrived.pop(study, [])
            taken = [one for one in known if since <= one[0] <= until]
            if left := [one for one in known if one[0] > until]:
                self._arrived[study] = left
            return taken

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None


def study_of(data_set: bytes | memoryview) -> str:
    """The Study Instance UID of an encoded data set, little endian, explicit or implicit VR."""
    head = bytes(data_set[:65536])
    at = head.find(_STUDY_TAG)
    while at >= 0:
        if head[at + 4 : at + 6] == b"UI":
            (length,) = struct.unpack_from("<H", head, at + 6)
        else:
            (length,) = struct.unpack_from("<I", head, at + 4)
        if length <= 64:  # PS3.5 Table 6.2-1: a UID has at most 64 characters
            return head[at + 8 : at + 8 + length].decode("ascii", "replace").strip("\0 ")
        at = head.find(_STUDY_TAG, at + 1)
    return ""
