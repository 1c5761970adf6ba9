"""The acceptor: a listener and an association in a thread of its own for each that connects.

Under gevent's monkey-patching the threads are greenlets and the same code carries thousands of
associations.  It is the storage receiver of a C-MOVE under load, and the null SCP.

    with Acceptor(service=MyService(), policy=Policy(title="HARNESS")) as acceptor:
        print(acceptor.address)

Several processes may listen on one port (`reuse_port`), where one processor is not enough.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from types import TracebackType
from typing import Self

from stepwedge.errors import UsageError, in_words
from stepwedge.tlserrors import explain
from stepwedge.wire.chunks import Direction
from stepwedge.wire.errors import AssociationError, Timeout, TlsFailed
from stepwedge.wire.messages import MessageLimits
from stepwedge.wire.policy import Policy
from stepwedge.wire.service import Service
from stepwedge.wire.serving import Serving
from stepwedge.wire.transport import QuickAck, Transport


class _Accepted(Transport):
    """A transport whose peer is the client."""

    __slots__ = ()

    outward = Direction.TO_CLIENT
    inward = Direction.TO_SERVER


class Acceptor:
    """Listens from construction on; `start` begins to accept, `close` ends everything.

    `most` bounds the associations at one time: one more is rejected as transient, local limit
    exceeded (2/3/2).  `artim` bounds the wait for an A-ASSOCIATE-RQ and for the peer's close, in
    seconds; `idle` each wait for more of a message, or for the next.  `address` is where it
    listens.  With `stamps`, an instance's `ended` is the kernel's receive stamp of its last byte.
    """

    def __init__(
        self,
        address: tuple[str, int] = ("127.0.0.1", 0),
        *,
        service: Service | None = None,
        policy: Policy | None = None,
        artim: float = 30.0,
        idle: float = 300.0,
        most: int = 10_000,
        limits: MessageLimits | None = None,
        tls: ssl.SSLContext | None = None,
        quickack: QuickAck = QuickAck.KERNEL,
        stamps: bool = False,
        receive_buffer: int = 0,
        reuse_port: bool = False,
        backlog: int = 1024,
    ) -> None:
        self.service = service or Service()
        self.policy = policy or Policy()
        self.artim = artim
        self.idle = idle
        self.most = most
        self.limits = limits or MessageLimits()
        self.tls = tls
        self.quickack = quickack
        self.stamps = stamps
        self._lock = threading.Lock()
        self._open: set[Serving] = set()
        self._threads: set[threading.Thread] = set()
        self._accepting: threading.Thread | None = None
        self._closed = False
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        try:
            self._listener = socket.create_server(
                address, family=family, backlog=backlog, reuse_port=reuse_port
            )
        except OSError as error:
            raise UsageError(
                f"cannot listen on {address[0]}:{address[1]}: {in_words(error)}",
                "choose another port, or end the program that holds this one",
            ) from error
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    def start(self) -> Self:
        """Accepts in a thread (or greenlet) of its own."""
        self._accepting = threading.Thread(target=self.serve, name="acceptor", daemon=True)
        self._accepting.start()
        return self

    def serve(self) -> None:
        """Accepts until `close`."""
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                if self._closed:
                    return
                # Out of descriptors: what is open must end before more can come.
                threading.Event().wait(0.01)
                continue
            thread = threading.Thread(target=self._run, args=(sock,), daemon=True)
            with self._lock:
                self._threads.add(thread)
            thread.start()

    @property
    def associations(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    def close(self) -> None:
        """Stops listening, closes every connection, and waits for the threads."""
        self._closed = True
        with contextlib.suppress(OSError):  # wakes the thread that waits in accept
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._accepting is not None:
            self._accepting.join(5)
        with self._lock:
            still, threads = list(self._open), list(self._threads)
        for serving in still:
            with contextlib.suppress(OSError):
                serving.transport.sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, sock: socket.socket) -> None:
        serving: Serving | None = None
        try:
            serving = self._serving(sock)
            if serving is not None:
                serving.run()
        finally:
            with self._lock:
                if serving is not None:
                    self._open.discard(serving)
                self._threads.discard(threading.current_thread())

    def _serving(self, sock: socket.socket) -> Serving | None:
        try:
            if self.tls is not None:
                sock.settimeout(self.artim)
                sock = _shake_hands(sock, self.tls, self.artim)
            transport = _Accepted(sock, quickack=self.quickack, stamps=self.stamps)
        except (AssociationError, OSError):
            # A stranger, or one that is gone already: there is no association to tell about.
            sock.close()
            return None
        with self._lock:
            serving = Serving(
                transport,
                self.policy,
                self.service,
                artim=self.artim,
                idle=self.idle,
                limits=self.limits,
                full=len(self._open) >= self.most,
            )
            self._open.add(serving)
        return serving


def _shake_hands(sock: socket.socket, tls: ssl.SSLContext, seconds: float) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(sock, server_side=True)
    except TimeoutError as error:
        raise Timeout("tls", seconds) from error
    except ssl.SSLError as error:
        raise TlsFailed(f"the TLS handshake failed: {explain(error)}") from error
