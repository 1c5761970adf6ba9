"""The judge of audit messages, on messages that are right and on each way to be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from stepwedge.fixtures.audit import grammar
from stepwedge.fixtures.audit.messages import Source, messages_of
from stepwedge.fixtures.edge.protocols import AuditEvent, Kind, Principal

SOURCE = Source("EDGE", outside=frozenset({"OUTSIDE"}))
PHYSICIAN = Principal("OUTSIDE", "127.0.0.1", "dr.müller")
STUDY: dict[str, Any] = {"patients": ("P1",), "studies": {"1.2.3": {"1.2.840": 3}}}


def _event(kind: Kind, *, principal: Principal | None = PHYSICIAN, **more: Any) -> AuditEvent:
    caller = {"calling_ae": "OUTSIDE", "address": "127.0.0.1"}
    return AuditEvent(kind, time.time(), True, "EDGE", principal=principal, **{**caller, **more})


EVENTS = [
    _event(Kind.STARTED, principal=None),
    _event(Kind.STOPPED, principal=None),
    _event(Kind.LOGIN),
    _event(Kind.LOGOUT),
    _event(Kind.QUERY, query=b"\0\1", sop_class="1.2.840", transfer_syntax="1.2"),
    _event(Kind.BEGIN_TRANSFER, peer_ae="OUTSIDE", **STUDY),
    _event(Kind.TRANSFERRED, peer_ae="OUTSIDE", **STUDY),
    _event(Kind.TRANSFERRED, peer_ae="ELSEWHERE", peer_address="127.0.0.2", **STUDY),
    _event(Kind.TRANSFERRED, principal=None, peer_ae="ELSEWHERE", **STUDY),
    _event(Kind.TRANSFERRED, principal=None, **STUDY),
    _event(Kind.ACCESSED, **STUDY),
    _event(Kind.SECURITY_ALERT, detail="a <restricted> function"),
    _event(Kind.SECURITY_ALERT, principal=None, detail="rejected"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.kind))
def test_what_an_edge_writes_is_valid(event: AuditEvent) -> None:
    """Every event gives valid messages."""
    messages = [grammar.parse(data) for data in messages_of(event, SOURCE)]
    assert messages
    assert [grammar.problems(message) for message in messages] == [[]] * len(messages)


def test_what_goes_outside_is_exported() -> None:
    """A transfer to an AE title beyond the security domain is a transfer and an export."""
    messages = [grammar.parse(data) for data in messages_of(EVENTS[6], SOURCE)]
    codes = [message.find(".//EventID").get("csd-code") for message in messages]  # type: ignore[union-attr]
    assert codes == ["110104", "110106"]


def _login() -> Element:
    return grammar.parse(next(messages_of(_event(Kind.LOGIN), SOURCE)))


def _query() -> Element:
    return grammar.parse(next(messages_of(EVENTS[4], SOURCE)))


def _begin() -> Element:
    return grammar.parse(next(messages_of(EVENTS[5], SOURCE)))


def _find(message: Element, name: str) -> Element:
    found = message.find(f".//{name}")
    assert found is not None
    return found


WRONG: list[tuple[Callable[[], Element], Callable[[Element], object], str]] = [
    (_login, lambda m: m.remove(_find(m, "EventIdentification")), "holds 0 EventIdentification"),
    (_login, lambda m: m.append(Element("More")), "not in the schema"),
    (_login, lambda m: m.insert(0, _find(m, "AuditSourceIdentification")), "order"),
    (_login, lambda m: _find(m, "EventID").set("code", "1"), "attribute code"),
    (_login, lambda m: _find(m, "EventID").attrib.pop("csd-code"), "no csd-code"),
    (
        _login,
        lambda m: _find(m, "EventIdentification").set("EventDateTime", "2026-01-02T03:04:05"),
        "time zone",
    ),
    (
        _login,
        lambda m: _find(m, "EventIdentification").set("EventOutcomeIndicator", "1"),
        "EventOutcomeIndicator",
    ),
    (_login, lambda m: _find(m, "EventIdentification").set("EventActionCode", "R"), "A.5.3.12"),
    (_login, lambda m: _find(m, "EventTypeCode").set("csd-code", "110120"), "EventTypeCode"),
    (
        _login,
        lambda m: [p.attrib.pop("NetworkAccessPointID", "") for p in m.iter("ActiveParticipant")],
        "network access point",
    ),
    (
        _login,
        lambda m: [p.set("UserIsRequestor", "true") for p in m.iter("ActiveParticipant")],
        "are the requestor",
    ),
    (_login, lambda m: _find(m, "ActiveParticipant").set("UserIsRequestor", "yes"), "one of true"),
    (_query, lambda m: _find(m, "ParticipantObjectQuery").__setattr__("text", "?"), "base64"),
    (_query, lambda m: _find(m, "ParticipantObjectDetail").set("type", "x"), "TransferSyntax"),
    (
        _query,
        lambda m: _find(m, "ParticipantObjectIdentification").remove(
            _find(m, "ParticipantObjectQuery")
        ),
        "no ParticipantObjectQuery",
    ),
    (
        _begin,
        lambda m: m.remove(m.findall("ParticipantObjectIdentification")[-1]),
        "identified by Patient Number",
    ),
    (
        _begin,
        lambda m: m.remove(m.findall("ParticipantObjectIdentification")[0]),
        "identified by Study Instance UID",
    ),
    (_begin, lambda m: _find(m, "RoleIDCode").set("csd-code", "110150"), "role 110153"),
    (
        _begin,
        lambda m: m.findall("ParticipantObjectIdentification")[-1].set(
            "ParticipantObjectTypeCode", "2"
        ),
        "ParticipantObjectTypeCode",
    ),
    (_begin, lambda m: _find(m, "SOPClass").set("NumberOfInstances", "many"), "an integer"),
]


@pytest.mark.parametrize(("make", "spoil", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_each_mistake_is_seen(
    make: Callable[[], Element], spoil: Callable[[Element], object], says: str
) -> None:
    """A message with one mistake in it is not valid, and the problem names it."""
    message = make()
    spoil(message)
    assert any(says in problem for problem in grammar.problems(message)), grammar.problems(message)


def test_a_document_type_is_refused() -> None:
    """Entities are not expanded."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><AuditMessage>&b;</AuditMessage>'
    with pytest.raises(grammar.NotXml, match="document type"):
        grammar.parse(bomb)
