"""The one place with a socket: TCP or TLS, with deadlines, named policies and the kernel's stamps.

A blocking socket that gevent can patch.  Which class that is, is looked up when a connection is
made, so one process may do both.  A plain native socket keeps its deadline in the kernel
(SO_RCVTIMEO, SO_SNDTIMEO), which costs nothing a call, where Python's own timeout costs a poll
before each; a gevent or TLS socket uses the timeout of its class.

TCP_NODELAY is always on.  TCP_QUICKACK is a policy with a name, because re-arming it hides a stall
of the server that ordinary modalities would see.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from time import monotonic, sleep, time
from typing import Any, TypeAlias

import msgspec

from stepwedge.tlserrors import behind, explain
from stepwedge.wire.chunks import Chunk, Direction
from stepwedge.wire.errors import ClosedByPeer, ConnectFailed, Timeout, TlsFailed
from stepwedge.wire.items import Buffer

Address: TypeAlias = tuple[str, int]

IOV_MAX = os.sysconf("SC_IOV_MAX") if "SC_IOV_MAX" in os.sysconf_names else 16

# linux/net_tstamp.h; Python's socket module does not name them.
_SO_TIMESTAMPING = 37
_RX_SOFTWARE, _SOFTWARE = 1 << 3, 1 << 4
_TIMEVAL = struct.Struct("@ll")
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY = 128  # three timespecs and their header, with room
# How much later than asked for a wait may end, and how long a receive is armed for at once,
# in seconds: the shortest of the usual time-outs, so that one serves them all.
_SLACK = 0.02
_LONG = 5.0
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class QuickAck(StrEnum):
    """Who decides when what we receive is acknowledged."""

    KERNEL = "kernel"  # as any ordinary peer: may be delayed by up to 40 ms
    REARMED = "rearmed"  # TCP_QUICKACK set before every receive: at once


class Timeouts(msgspec.Struct, frozen=True):
    """How long each phase may take, in seconds.

    `response` bounds the wait for each message of an answer, from the moment the last byte of the
    request went out or the message before it was complete; and each send that makes no progress.
    """

    connect: float = 5.0
    negotiate: float = 10.0
    response: float = 30.0
    release: float = 5.0


def resolve(host: str, port: int) -> tuple[int, Any]:
    """The address family and numeric socket address of a host.

    To be called once for many connections: under gevent a look-up goes through a thread pool.
    Raises ConnectFailed when the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(
            f"{host} does not resolve to an address: {error}", mend="check the host name"
        ) from error
    family, _, _, _, address = found[0]
    return family, address


class Transport:
    """One connected socket.

    `record`, when set, is given a Chunk of all that passes.

    `send` and `receive` raise Timeout and ClosedByPeer with the phase they were given.
    """

    __slots__ = (
        "_arm_receive",
        "_arm_send",
        "_bare",
        "_receive_armed",
        "_send_armed",
        "native",
        "no_delay",
        "poll",
        "quickack",
        "record",
        "sock",
        "stamps",
        "tls",
    )

    outward = Direction.TO_SERVER
    inward = Direction.TO_CLIENT

    def __init__(
        self,
        sock: socket.socket,
        *,
        quickack: QuickAck = QuickAck.KERNEL,
        stamps: bool = False,
        poll: float = 0.0,
    ) -> None:
        self.sock = sock
        self.tls = hasattr(sock, "cipher")
        self.quickack = quickack
        self.record: Callable[[Chunk], object] | None = None
        self._send_armed = self._receive_armed = -1.0
        self._arm_send: Callable[[float], None] = self._arm_class
        self._arm_receive: Callable[[float], None] = self._arm_class
        self.native = type(sock).__module__ == "socket"  # not gevent's, and no TLS
        # gevent's socket waits by itself, even where it is asked not to; what it wraps does not.
        self._bare: socket.socket = sock if self.native else getattr(sock, "_sock", sock)
        self.poll = 0.0 if self.tls else poll
        if self.native:
            self._arm_send, self._arm_receive = self._arm_kernel_send, self._arm_kernel_receive
            if sock.gettimeout() is not None:
                sock.settimeout(None)
        self.no_delay = True
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stamps = stamps and not self.tls and self._ask_for_stamps()

    @classmethod
    def connect(
        cls,
        family: int,
        address: Any,
        timeout: float,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        quickack: QuickAck = QuickAck.KERNEL,
        stamps: bool = False,
        send_buffer: int = 0,
        receive_buffer: int = 0,
        poll: float = 0.0,
    ) -> Transport:
        """Opens a connection to a numeric address from `resolve`, and TLS on it when asked.

        `poll` is how long a receive asks again and again before it sleeps, in seconds: a policy
        with a name, for one association without TLS; under gevent the others have their turn in
        between.  It saves two wake-ups an exchange where the server answers within it, and is CPU
        time wasted where it does not.
        `send_buffer` and `receive_buffer` fix the kernel's buffers in bytes (0: it adapts them).
        Raises ConnectFailed, Timeout("connect"), TlsFailed or Timeout("tls").
        """
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectFailed(
                f"no socket could be made: {error.strerror}",
                error.errno,
                "allow more open files (ulimit -n), or open fewer associations",
            ) from error
        try:
            if send_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self = cls(sock, quickack=quickack, stamps=stamps and tls is None, poll=poll)
            self._arm_send(timeout)  # which bounds connect too
            try:
                sock.connect(address)
            except OSError as error:
                raise _connect_error(error, address, timeout) from error
            if tls is None:
                return self
            sock.settimeout(timeout)
            wrapped = _handshake(sock, tls, server_name or str(address[0]), timeout)
            return cls(wrapped, quickack=quickack)
        except BaseException:
            sock.close()
            raise

    # How long a single wait in `sock` may take.  Setting it is a system call, and a short
    # association changes its phase with every step: so nothing is armed for a send that need not
    # wait, and what is armed for a receive may be less than wanted, and is then armed again.

    def _arm_class(self, seconds: float) -> None:
        self.sock.settimeout(seconds)
        self._send_armed = self._receive_armed = seconds

    def _arm_kernel_send(self, seconds: float) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(seconds))
        self._send_armed = seconds

    def _arm_kernel_receive(self, seconds: float) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds))
        self._receive_armed = seconds

    def _ask_for_stamps(self) -> bool:
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _RX_SOFTWARE | _SOFTWARE)
        except OSError:
            return False
        return True

    def send(self, buffers: Sequence[Buffer], seconds: float, phase: str) -> None:
        """Sends all buffers, in as few system calls as IOV_MAX allows.

        `seconds` bounds the whole of it.  Raises Timeout or ClosedByPeer.
        """
        if self.record is not None:
            self.record(Chunk(time(), self.outward, b"".join(buffers)))
        if self.tls:
            self._send_tls(buffers, seconds, phase)
            return
        try:
            self._send_plain(buffers, seconds, phase)
        except OSError as error:
            raise self.failed(error, phase, seconds) from error

    def _send_plain(self, buffers: Sequence[Buffer], seconds: float, phase: str) -> None:
        sendmsg = self.sock.sendmsg
        deadline = monotonic() + seconds
        flags = 0 if seconds <= self._send_armed <= seconds + _SLACK else socket.MSG_DONTWAIT
        index, count = 0, len(buffers)
        first: Buffer | None = None  # what a partial send left of buffers[index]
        while index < count:
            chunk = buffers[index : index + IOV_MAX]
            if first is not None:
                chunk = [first, *chunk[1:]]
                first = None
            try:
                sent = sendmsg(chunk, (), flags)
            except BlockingIOError:
                if not flags:
                    raise
                sent = 0
            for part in chunk:
                size = len(part)
                if sent < size:
                    first = memoryview(part)[sent:]
                    break
                sent -= size
                index += 1
            if first is not None:
                if flags:
                    self._arm_send(seconds)
                    flags = 0
                if monotonic() > deadline:
                    raise Timeout(phase, seconds)

    def _send_tls(self, buffers: Sequence[Buffer], seconds: float, phase: str) -> None:
        # A TLS record holds 16 KiB, and SSLSocket cannot scatter: small neighbours are joined so
        # that headers do not become records of their own.
        if not seconds <= self._send_armed <= seconds + _SLACK:
            self._arm_send(seconds)
        deadline = monotonic() + seconds
        try:
            for start in range(0, len(buffers), 16):
                self.sock.sendall(b"".join(buffers[start : start + 16]))
                if monotonic() > deadline:
                    raise Timeout(phase, seconds)
        except TimeoutError as error:
            raise Timeout(phase, seconds) from error
        except OSError as error:
            assert isinstance(self.sock, ssl.SSLSocket)
            raise self.failed(behind(error, self.sock), phase, seconds) from error

    def receive(
        self,
        view: memoryview | bytearray,
        phase: str,
        seconds: float,
        deadline: float | None = None,
    ) -> tuple[int, int]:
        """Receives some bytes: how many (0: the peer closed), and the kernel's stamp of the last.

        The stamp is in nanoseconds since the epoch, 0 where none was asked for or none is given.
        `seconds` is how long the phase may take; `deadline` (by time.monotonic) when it ends, where
        part of that has gone already.  Raises Timeout, or ClosedByPeer for a reset.
        """
        wait = seconds
        if deadline is None:
            deadline = monotonic() + seconds
        else:
            wait = deadline - monotonic()
            if wait <= 0:
                raise Timeout(phase, seconds)
        while True:
            armed = wait if wait < _LONG else _LONG
            if not armed / 2 <= self._receive_armed <= wait + _SLACK:
                self._arm_receive(armed)
            if self.quickack is QuickAck.REARMED:
                self.rearm()
            try:
                size, stamp = self._polled(view) if self.poll else self._take(self.sock, view)
                break
            except OSError as error:
                failure = self.failed(error, phase, seconds)
                wait = deadline - monotonic()
                if wait <= 0 or not isinstance(failure, Timeout):
                    raise failure from error
        if self.record is not None and size:
            at = stamp * 1e-9 if stamp else time()
            self.record(Chunk(at, self.inward, bytes(view[:size])))
        return size, stamp

    def spoken(self) -> bool:
        """True when the peer has said something, or closed, while nothing was asked of it.

        Over TLS this reads a byte of it, since a readable socket may hold no more than a session
        ticket: after True the connection is of no use.
        """
        if not self.tls:
            watch = select.poll()
            watch.register(self.sock, select.POLLIN)
            return bool(watch.poll(0))
        self._arm_class(0.0)
        try:
            self.sock.recv(1)
        except (ssl.SSLWantReadError, BlockingIOError, TimeoutError):
            return False
        except OSError:
            return True
        return True

    def _take(
        self, sock: socket.socket, view: memoryview | bytearray, flags: int = 0
    ) -> tuple[int, int]:
        if not self.stamps:
            # Not 0 for its length: to a TLS socket of gevent's that is nothing to read.
            return sock.recv_into(view, len(view), flags), 0
        size, ancillary, _, _ = sock.recvmsg_into((view,), _ANCILLARY, flags)
        return size, stamp_of(ancillary)

    def _polled(self, view: memoryview | bytearray) -> tuple[int, int]:
        until = monotonic() + self.poll
        while True:
            if not self.native:
                sleep(0)  # which under gevent is the others' turn
            try:
                return self._take(self._bare, view, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if monotonic() >= until:
                    return self._take(self.sock, view)

    def rearm(self) -> None:
        """Sets TCP_QUICKACK, which the kernel clears again by itself."""
        if _QUICKACK is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def failed(self, error: OSError, phase: str, seconds: float) -> Exception:
        """What an OSError of `sock` means in our own words."""
        if isinstance(error, TimeoutError | BlockingIOError | ssl.SSLWantReadError):
            return Timeout(phase, seconds)
        if isinstance(error, ssl.SSLEOFError):
            return ClosedByPeer(phase, "without close_notify")
        if isinstance(error, ssl.SSLError):
            return TlsFailed(f"TLS broke during {phase}: {explain(error)}")
        return ClosedByPeer(phase, error.strerror or str(error))

    def close(self, *, reset: bool = False) -> None:
        """Closes the socket; `reset` sends RST, so that no TIME_WAIT is left behind."""
        if reset:
            # A socket that the peer has reset needs no more.
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
        elif isinstance(self.sock, ssl.SSLSocket):
            # close_notify (RFC 8446 6.1); whether the peer answers it is of no interest any more.
            with contextlib.suppress(OSError, ValueError):
                self.sock.settimeout(0)
                self.sock.unwrap()
        self.sock.close()

    def end_sending(self) -> None:
        """Ends our direction: the peer reads what we have said, then the end."""
        # Over TLS the end of our direction is close_notify, and SSLSocket.shutdown would have us
        # read cipher text as if it were clear: closing says it.
        if not self.tls:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_WR)

    @property
    def tls_description(self) -> str:
        """Protocol version and cipher suite, empty in clear."""
        if not isinstance(self.sock, ssl.SSLSocket):
            return ""
        cipher = self.sock.cipher()
        return f"{self.sock.version()} {cipher[0] if cipher else ''}".rstrip()


def stamp_of(ancillary: Sequence[tuple[int, int, bytes]]) -> int:
    """The software receive stamp among control messages, in nanoseconds; 0 when there is none."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING:
            seconds, nanos = _TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanos)
    return 0


@lru_cache(64)
def _timeval(seconds: float) -> bytes:
    # Zero would mean "for ever".
    return _TIMEVAL.pack(*divmod(max(1, int(seconds * 1e6)), 1_000_000))


def _connect_error(error: OSError, address: Any, timeout: float) -> Exception:
    where = f"{address[0]}:{address[1]}"
    # A blocking connect whose SO_SNDTIMEO runs out says EINPROGRESS.
    if isinstance(error, TimeoutError | BlockingIOError):
        return Timeout("connect", timeout)
    reason = error.strerror or str(error)
    return ConnectFailed(
        f"{where} could not be connected to: {reason}",
        error.errno,
        "check that the server runs and listens on this port",
    )


def _handshake(
    sock: socket.socket, tls: ssl.SSLContext, server_name: str, timeout: float
) -> ssl.SSLSocket:
    try:
        return tls.wrap_socket(sock, server_hostname=server_name)
    except TimeoutError as error:
        raise Timeout("tls", timeout) from error
    except ssl.SSLError as error:
        raise TlsFailed(f"the TLS handshake failed: {explain(error, server_name)}") from error
    except OSError as error:
        raise ClosedByPeer("tls", error.strerror or str(error)) from error
