"""C-ECHO requests that are unusual, or wrong (PS3.7 9.1.5)."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.dimse import Field, command_set
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import (
    STATUS,
    expect,
    expect_response_fields,
    expect_success,
    words,
)
from stepwedge.verdicts import Deviation

CT = "1.2.840.10008.5.1.4.1.1.2"


@check(
    "ECHO-101",
    "PS3.7 9.3.5.1",
    QUALITY,
    claim="verification",
    defects=["echo-message-id-zero-refused"],
)
def test_extreme_message_ids(peer: Peer) -> None:
    """Message IDs 0 and 65535 are answered like any other."""
    with peer.associate([VERIFICATION]) as association:
        for message_id in (0, 65535):
            operation = association.echo(message_id)
            expect_success(operation)
            expect_response_fields(operation)


@check("ECHO-102", "PS3.7 9.1.5", QUALITY, claim="verification", defects=["echo-any-sop-class"])
def test_wrong_sop_class(peer: Peer) -> None:
    """A C-ECHO that names another SOP class does not succeed; an abort is a way to say so."""
    with peer.associate([VERIFICATION]) as association:
        context = association.context(VERIFICATION)
        command = command_set(Field.C_ECHO_RQ, AffectedSOPClassUID=CT, MessageID=1)
        association.send(context.context_id, command)
        try:
            response = association.receive(awaited="a C-ECHO-RSP or an abort")
        except Deviation as ending:
            if "nothing" in ending.observed:
                raise
            return
    expect(response.status != 0, "a failure status", words(response), STATUS)


@check(
    "ECHO-103",
    "PS3.7 D.3.3.3",
    QUALITY,
    claim="verification",
    defects=["assoc-second-message-ignored"],
)
def test_two_at_once(peer: Peer) -> None:
    """Of two C-ECHOs sent at once without an operations window, both are answered, or an abort."""
    with peer.associate([VERIFICATION]) as association:
        context = association.context(VERIFICATION)
        for number in (1, 2):
            command = command_set(
                Field.C_ECHO_RQ, AffectedSOPClassUID=VERIFICATION, MessageID=number
            )
            association.send(context.context_id, command)
        answered = []
        for _ in range(2):
            try:
                response = association.receive(awaited="a C-ECHO-RSP or an abort")
            except Deviation as ending:
                if "nothing" in ending.observed:
                    raise
                return
            answered.append(response.value("MessageIDBeingRespondedTo"))
    expect(sorted(answered) == [1, 2], "answers to messages 1 and 2", f"to {answered}")


@check(
    "ECHO-104", "PS3.7 9.3.5.2", SHALL, claim="verification", defects=["echo-group-length-wrong"]
)
def test_command_group_length(peer: Peer) -> None:
    """Command Group Length of the response counts the bytes that follow it."""
    with peer.associate([VERIFICATION]) as association:
        raw = association.echo().final.raw_command
    expect(raw[:4] == b"\0\0\0\0", "(0000,0000) as the first element", raw[:4].hex(" "))
    said, real = int.from_bytes(raw[8:12], "little"), len(raw) - 12
    expect(said == real, f"{real} bytes", f"{said}", "Command Group Length (0000,0000)")


@check("ECHO-105", "PS3.7 6.3.1", SHALL, claim="verification", defects=["echo-elements-unordered"])
def test_command_order(peer: Peer) -> None:
    """The elements of the response's command set come in ascending order, each once."""
    with peer.associate([VERIFICATION]) as association:
        raw = association.echo().final.raw_command
    tags, at = [], 0
    while at + 8 <= len(raw):
        tags.append(int.from_bytes(raw[at + 2 : at + 4], "little"))
        at += 8 + int.from_bytes(raw[at + 4 : at + 8], "little")
    shown = ", ".join(f"(0000,{tag:04X})" for tag in tags)
    expect(tags == sorted(set(tags)), "ascending tags", shown)
