"""Peers for the engine's tests: one that follows a script, our acceptor, and DCMTK's programs."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from stepwedge.wire import (
    Acceptor,
    AssociationError,
    Keep,
    Plan,
    Proposed,
    Received,
    Service,
    Timeouts,
    commands,
)
from stepwedge.wire.association import Association
from stepwedge.wire.connection import NEED_DATA, Connection
from stepwedge.wire.items import AcceptedContext, ApplicationContext, MaximumLength, UserInformation
from stepwedge.wire.messages import Assembler, Message, fragment
from stepwedge.wire.negotiation import IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION
from stepwedge.wire.pdus import (
    Abort,
    AssociateAC,
    AssociateRQ,
    PDataTF,
    ReleaseRP,
    ReleaseRQ,
    decode_stream,
)
from stepwedge.wire.serving import Serving
from stepwedge.wire.states import Role

Script = Callable[[socket.socket], None]


def accept(sock: socket.socket, *more: object, max_length: int = 16384) -> AssociateRQ:
    """Reads an A-ASSOCIATE-RQ and accepts its contexts in their first transfer syntax."""
    connection = Connection(Role.ACCEPTOR)
    connection.connected()
    while (event := connection.next_event()) is NEED_DATA:
        connection.receive_data(sock.recv(65536))
    assert isinstance(event, AssociateRQ)
    contexts = [AcceptedContext(c.id, 0, c.transfer_syntaxes[0]) for c in event.contexts]
    user = UserInformation((MaximumLength(max_length), *more))  # type: ignore[arg-type]
    answer = AssociateAC(event.called, event.calling, (ApplicationContext(), *contexts, user))
    sock.sendall(answer.encode())
    return event


class Reader:
    """Reads messages, and whatever else comes, from the scripted peer's end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._raw = b""
        self._assembler = Assembler(range(1, 256, 2))

    def pdu(self) -> object:
        while len(self._raw) < 6 or len(self._raw) < 6 + struct.unpack(">I", self._raw[2:6])[0]:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._raw += data
        end = 6 + struct.unpack(">I", self._raw[2:6])[0]
        pdu, self._raw = self._raw[:end], self._raw[end:]
        return next(iter(decode_stream(pdu)))

    def message(self) -> Message:
        while True:
            pdu = self.pdu()
            assert isinstance(pdu, PDataTF), pdu
            for pdv in pdu.pdvs:
                message = self._assembler.feed(pdv.context_id, pdv.control, pdv.data)
                if message is not None:
                    return message

    def answer(
        self, message: Message, status: int, data: bytes | None = None, **more: object
    ) -> None:
        command = commands.response_to(message.command, status, **more)
        if data is not None:
            command["CommandDataSetType"] = commands.DATA_SET
        raw = commands.encode(command)
        parts = fragment(message.context_id, 16384, raw, None if data is None else [data])
        self.sock.sendall(b"".join(parts))


def serve(sock: socket.socket, *more: object) -> Reader:
    accept(sock, *more)
    return Reader(sock)


def polite(sock: socket.socket) -> None:
    """Answers echoes and stores, and releases in order."""
    reader = serve(sock)
    while not isinstance(pdu := reader.pdu(), ReleaseRQ):
        if pdu is None or isinstance(pdu, Abort):
            return
        assert isinstance(pdu, PDataTF)
        for pdv in pdu.pdvs:
            message = reader._assembler.feed(pdv.context_id, pdv.control, pdv.data)
            if message is not None:
                reader.answer(message, 0)
    sock.sendall(ReleaseRP().encode())


class ScriptedPeer:
    """A server that treats each connection by a function; `problems` is what went wrong in it."""

    def __init__(self, script: Script) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.problems: list[BaseException] = []
        self._script = script
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(10)
            with sock:
                try:
                    self._script(sock)
                except BaseException as error:
                    self.problems.append(error)

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        # shutdown wakes a thread that waits in accept; close alone would not
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


class Notebook(Service):
    """Writes down what it is given, and how associations ended."""

    def __init__(self, keep: Keep = Keep.NOTHING, status: int = 0) -> None:
        self.keep = keep
        self.status = status
        self.received: list[Received] = []
        self.ends: list[BaseException | None] = []
        self.over = threading.Event()

    def store(self, received: Received) -> int:
        self.received.append(received)
        return self.status

    def ended(self, serving: Serving, error: BaseException | None) -> None:
        self.ends.append(error)
        self.over.set()


@contextmanager
def listening(service: Service | None = None, **options: object) -> Iterator[Acceptor]:
    """An acceptor on a free port, closed at the end of the block."""
    with Acceptor(service=service, **options) as acceptor:  # type: ignore[arg-type]
        yield acceptor


Start = Callable[[Script], ScriptedPeer]

QUICK = Timeouts(connect=5, negotiate=0.3, response=0.3, release=0.3)


def plan(address: tuple[str, int], *contexts: Proposed, **options: object) -> Plan:
    """A plan for verification with short time-outs, unless something else is said."""
    proposed = contexts or (Proposed(VERIFICATION, [IMPLICIT_VR_LITTLE_ENDIAN]),)
    options.setdefault("timeouts", QUICK)
    return Plan(address, called="PEER", calling="HARNESS", contexts=proposed, **options)  # type: ignore[arg-type]


def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot pick one themselves."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class Server:
    """A program that listens, ready when it answers an echo."""

    def __init__(
        self, folder: Path, port: int, *command: object, ready: Plan | None = None
    ) -> None:
        self.address = ("127.0.0.1", port)
        self.folder = folder
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "TCP_NODELAY": "1"},
                start_new_session=True,
            )
        ready = ready or plan(self.address)
        deadline = monotonic() + 15
        while True:
            try:
                with Association(ready) as association:
                    association.echo()
                return
            except AssociationError as error:
                if self._process.poll() is not None or monotonic() > deadline:
                    self.stop()
                    text = self.log.read_text(errors="replace")
                    raise AssertionError(f"{command} did not start: {error}\n{text}") from error
                # a refused connection answers at once: give the program the processor
                threading.Event().wait(0.02)

    def stop(self) -> None:
        """Ends the program and all it has forked."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, sign)
                self._process.wait(5)
                return
            except ProcessLookupError:
                self._process.wait(5)
                return
            except subprocess.TimeoutExpired:
                continue
