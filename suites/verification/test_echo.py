"""C-ECHO (PS3.4 Annex A, PS3.7 9.1.5)."""

from __future__ import annotations

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.dimse import Field, command_set, encode_command, fragments
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import (
    expect,
    expect_no_data_set,
    expect_response_fields,
    expect_status,
    expect_success,
)

SYNTAXES = {
    "implicit-le": "1.2.840.10008.1.2",
    "explicit-le": "1.2.840.10008.1.2.1",
}


@pytest.mark.parametrize("syntax", SYNTAXES)
@check(
    "ECHO-001",
    "PS3.4 A.4",
    SHALL,
    claim="verification",
    defects=["echo-status-wrong"],
    hint="echoscu -v -aec CALLED HOST PORT",
)
def test_echo_succeeds(peer: Peer, syntax: str) -> None:
    """A C-ECHO is answered with status 0000H, whatever transfer syntax was accepted."""
    with peer.associate([Proposed(VERIFICATION, (SYNTAXES[syntax],))]) as association:
        expect_success(association.echo())


@check(
    "ECHO-002",
    "PS3.7 9.3.5.2",
    SHALL,
    claim="verification",
    defects=["echo-message-id-wrong", "echo-sop-class-wrong"],
)
def test_response_names_the_request(peer: Peer) -> None:
    """A C-ECHO-RSP names the Message ID and the SOP class of its request."""
    with peer.associate([VERIFICATION]) as association:
        for message_id in (1, 257, 65535):
            expect_response_fields(association.echo(message_id))


@check(
    "ECHO-003", "PS3.7 9.3.5.2", SHALL, claim="verification", defects=["echo-data-set-type-wrong"]
)
def test_response_has_no_data_set(peer: Peer) -> None:
    """A C-ECHO-RSP says that no data set follows (0101H)."""
    with peer.associate([VERIFICATION]) as association:
        expect_no_data_set(association.echo().final)


@check("ECHO-004", "PS3.8 E.1", SHALL, claim="verification", defects=["assoc-split-command-aborts"])
def test_command_in_two_pdus(peer: Peer) -> None:
    """A command set that is split over two P-DATA-TF PDUs is put together again."""
    _split_echo(peer, together=False)


@check(
    "ECHO-005",
    "PS3.8 E.1",
    SHALL,
    claim="verification",
    defects=["assoc-split-command-in-pdu-aborts"],
)
def test_command_in_two_values_of_one_pdu(peer: Peer) -> None:
    """A command set that is split over two values of one P-DATA-TF is put together again."""
    _split_echo(peer, together=True)


def _split_echo(peer: Peer, together: bool) -> None:
    with peer.associate([VERIFICATION]) as association:
        context = association.context(VERIFICATION)
        command = encode_command(
            command_set(Field.C_ECHO_RQ, AffectedSOPClassUID=VERIFICATION, MessageID=7)
        )
        values = fragments(context.context_id, command, None, len(command) // 4 * 2 + 1)
        for values_of_pdu in [values] if together else [[value] for value in values]:
            association.send_values(values_of_pdu)
        expect_status(association.receive(awaited="a C-ECHO-RSP"), 0x0000)


@check(
    "ECHO-006", "PS3.7 9.1.5", SHALL, claim="verification", defects=["assoc-second-message-ignored"]
)
def test_many_echoes_on_one_association(peer: Peer) -> None:
    """Fifty C-ECHOs on one association are all answered, each with its own Message ID."""
    with peer.associate([VERIFICATION]) as association:
        for _ in range(50):
            operation = association.echo()
            expect_success(operation)
            expect_response_fields(operation)


@check("ECHO-007", "PS3.7 9.1.5", QUALITY, claim="verification", defects=["echo-slow"])
def test_echo_is_quick(peer: Peer) -> None:
    """The median of eleven C-ECHOs takes less than half a second."""
    with peer.associate([VERIFICATION]) as association:
        times = sorted(association.echo().duration for _ in range(11))
    expect(times[5] < 0.5, "a median below 0.5 s", f"a median of {times[5]:.2f} s")
