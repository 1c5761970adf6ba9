"""A server that says what is no PDU, or a PDU out of place, is told so at once, with its bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stepwedge.evidence import Said, keep
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.reports import conversation
from stepwedge.reports.offence import named
from stepwedge.target import load_target
from stepwedge.verdicts import Deviation
from stepwedge.wire.pdus import ReleaseRP

GARBAGE = b"HTTP/1.1 500 Oops\r\n\r\n"


@contextmanager
def instead_of_the_answer(port: int, said: bytes) -> Iterator[int]:
    """A server on the returned port that is the one on `port`, but for its answer to a request."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            near, _ = listening.accept()
            with near, socket.create_connection(("127.0.0.1", port)) as far:
                far.sendall(near.recv(65536))  # A-ASSOCIATE-RQ
                near.sendall(far.recv(65536))
                near.recv(65536)  # the request of the operation
                near.sendall(said)
                near.recv(65536)  # our A-ABORT

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("said", "words", "field"),
    [
        (GARBAGE, "what is no PDU: 48 54 54 50 2f 31", "unrecognized"),
        (
            ReleaseRP().encode(),
            "A-RELEASE-RP, which has no place in an association",
            "A-RELEASE-RP",
        ),
    ],
)
def test_garbage_ends_the_wait(said: bytes, words: str, field: str, tmp_path: Path) -> None:
    """The check that hears it fails at once; the evidence holds the bytes and marks them."""
    (tmp_path / "evidence").mkdir()
    recorder = Recorder()
    with (
        ReferencePacs(tmp_path / "archive") as pacs,
        instead_of_the_answer(pacs.port, said) as port,
    ):
        target = load_target(
            None,
            {"host": "127.0.0.1", "port": port, "ae_title": "REFERENCE", "timeouts.response": 60},
            {},
        )
        peer = Peer(target, recorder)
        with pytest.raises(Deviation) as caught, peer.associate([VERIFICATION]) as association:
            association.echo()
    assert (caught.value.observed, caught.value.field) == (words, field)
    (one,) = recorder.conversations()
    kept = keep(tmp_path, "ECHO-001", [Said(one.label, one.address, one.snapshot())])
    assert said[:6] in (tmp_path / kept[1]).read_bytes()
    talk = conversation.read(tmp_path, kept[0])
    assert talk is not None
    decided = named(talk, field, words)
    assert decided is not None and talk.pdus[decided.index].name == field
