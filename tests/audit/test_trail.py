"""The audit trail of an edge and the collector: nothing that was recorded is lost."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepwedge.errors import UsageError
from stepwedge.fixtures.audit.collector import Collector
from stepwedge.fixtures.audit.messages import Source
from stepwedge.fixtures.audit.trail import Trail
from stepwedge.fixtures.certificates import Authority, pem
from stepwedge.fixtures.edge.protocols import AuditEvent, Kind

# Seconds for what takes milliseconds on a quiet machine.
PATIENCE = 10.0

Contexts = tuple[ssl.SSLContext | None, ssl.SSLContext | None]


@pytest.fixture(params=["udp", "tls"])
def contexts(request: pytest.FixtureRequest, tmp_path: Path) -> Contexts:
    """The TLS contexts of the collector and of the trail; none for UDP."""
    if request.param == "udp":
        return None, None
    authority = Authority()
    certificate, key = authority.issue("collector", usages=("server",)).write(tmp_path, "collector")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(pem(authority.certificate))
    client = ssl.create_default_context(cafile=str(ca))
    return server, client


@pytest.fixture
def collector(contexts: Contexts) -> Iterator[Collector]:
    with Collector(tls=contexts[0]) as running:
        yield running


@pytest.fixture
def make_trail(
    contexts: Contexts, collector: Collector, tmp_path: Path
) -> Iterator[Callable[[], Trail]]:
    """Starts a trail on the same spool each time."""
    made: list[Trail] = []

    def make() -> Trail:
        place = ("127.0.0.1", collector.port)
        made.append(Trail(tmp_path / "spool", Source("EDGE"), place, tls=contexts[1]).start())
        return made[-1]

    yield make
    for trail in made:
        trail.stop()


def _login(name: str) -> AuditEvent:
    return AuditEvent(Kind.LOGIN, time.time(), True, "EDGE", calling_ae=name, address="127.0.0.1")


def _names(collector: Collector, wanted: int) -> set[str]:
    """The titles of those who logged in, once there are so many."""

    def seen() -> set[str]:
        return {
            participant.get("AlternativeUserID", "").removeprefix("AETITLES=")
            for one in collector.received
            if one.message is not None
            for participant in one.message.findall("ActiveParticipant")[:1]
        }

    collector.wait_for(lambda _: len(seen()) >= wanted, PATIENCE)
    return seen()


def test_what_is_recorded_arrives_in_order(
    make_trail: Callable[[], Trail], collector: Collector
) -> None:
    """Each event arrives, once and in order, on a collector that is up."""
    trail = make_trail()
    for number in range(20):
        trail.record(_login(f"A{number}"))
    assert _names(collector, 20) == {f"A{number}" for number in range(20)}
    assert [one.problem for one in collector.received] == [""] * 20
    texts = [one.text for one in collector.received]
    assert [f'AETITLES=A{n}"' in text for n, text in enumerate(texts)] == [True] * 20


def test_a_collector_that_is_down_misses_nothing(
    make_trail: Callable[[], Trail], collector: Collector
) -> None:
    """What happens while the collector is down arrives when it is back."""
    trail = make_trail()
    trail.record(_login("BEFORE"))
    assert _names(collector, 1) == {"BEFORE"}
    collector.stop()
    for number in range(5):
        trail.record(_login(f"DOWN{number}"))
    assert trail.waiting >= 5
    collector.start()
    assert _names(collector, 6) == {"BEFORE", *(f"DOWN{number}" for number in range(5))}


def test_the_trail_survives_a_restart(
    make_trail: Callable[[], Trail], collector: Collector
) -> None:
    """What was recorded and not sent is sent by the next process."""
    trail = make_trail()
    collector.stop()
    trail.record(_login("BEFORE"))
    trail.stop(0)
    again = make_trail()
    again.record(_login("AFTER"))
    collector.start()
    assert _names(collector, 2) == {"BEFORE", "AFTER"}


def test_a_disk_that_is_full_does_not_stop_the_edge(tmp_path: Path) -> None:
    """An event that cannot be written down is counted, and nothing is raised."""
    trail = Trail(tmp_path / "spool", Source("EDGE"), ("127.0.0.1", 9))
    (tmp_path / "spool").rmdir()
    trail.record(_login("X"))
    assert trail.lost == 1


def test_a_port_that_is_taken(collector: Collector, contexts: Contexts) -> None:
    """A collector on a port that is taken says so."""
    other = Collector(port=collector.port, tls=contexts[0])
    with pytest.raises(UsageError, match=f"port {collector.port}"):
        other.start()


def test_nonsense_is_kept_with_its_problem(collector: Collector, contexts: Contexts) -> None:
    """What is no syslog message does not disturb the collector, and can be seen."""
    kind = socket.SOCK_DGRAM if contexts[0] is None else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as sender:
        sender.connect(("127.0.0.1", collector.port))
        sender.send(b"what is this?")
    assert collector.wait_for(lambda received: [one.problem for one in received], PATIENCE)[0]
