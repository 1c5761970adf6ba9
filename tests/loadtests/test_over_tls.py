"""A load over TLS: the dial and our receiver do as the [tls] table says."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from run_loads import load, operations

from stepwedge.errors import Exit
from stepwedge.fixtures.certificates import Certificates
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.fixtures.upperlayer import CallingAssociation
from stepwedge.loadtests.receiving import Receiver
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.loadtests.wired import WireDial
from stepwedge.target import Target, load_target
from stepwedge.tls import client_context
from stepwedge.wire import TlsFailed

CT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"


def target(folder: Path, port: int, receiver_port: int = 11112, **table: object) -> Target:
    return load_target(
        None,
        {
            "host": "127.0.0.1",
            "port": port,
            "ae_title": "REFERENCE",
            "receiver.port": receiver_port,
            "tls.certificates": str(folder),
            **{f"tls.{key}": value for key, value in table.items()},
        },
        {},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Certificates().write(tmp_path / "certificates")
    return tmp_path / "certificates"


def test_the_dial_speaks_tls(tmp_path: Path, folder: Path) -> None:
    """An echo goes over TLS with our certificate, and the report learns with what."""
    with ReferencePacs(tmp_path / "pacs", tls=folder) as pacs:
        link = WireDial(target(folder, pacs.port), {})("verification")
        link.echo()
        assert link.options()["TLS"].startswith("TLSv1.3 TLS_AES_256_GCM_SHA384; certificate CN=")
        link.release()
        stranger = target(folder, pacs.port, server_name="pacs.example")
        with pytest.raises(TlsFailed, match=r"does not carry the name pacs\.example"):
            WireDial(stranger, {})("verification")


def test_a_load_speaks_tls(tmp_path: Path, folder: Path) -> None:
    """A whole load, under gevent as every load is, is carried over TLS."""
    scenario = make_scenario(
        {
            "seconds": 1,
            "drain": 5,
            "levels": ["errors == 0"],
            "users": [{"role": "monitor", "schedule": {"rate": 5}}],
        }
    )
    with ReferencePacs(tmp_path / "pacs", tls=folder) as pacs:
        code, events = load(tmp_path, target(folder, pacs.port), scenario)
    assert code == Exit.HELD
    assert operations(events)["echo"].succeeded == 5


def test_our_receiver_speaks_tls_where_the_target_delivers_so(folder: Path) -> None:
    """A target that delivers over TLS gets an association, one that does not gets none."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    at = target(folder, 104, port, receiver=True)
    receiver = Receiver(at, {CT: (IMPLICIT,)})
    receiver.start()
    try:
        for context, accepted in ((client_context(at.tls), True), (None, False)):
            association = CallingAssociation(
                "PACS", "STEPWEDGE", ("127.0.0.1", port), [(CT, [IMPLICIT])], timeout=5, tls=context
            )
            assert association.open() is accepted
            association.close()
    finally:
        receiver.close()
