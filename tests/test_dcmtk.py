"""The command line of DCMTK asks what we asked, or there is none."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from stepwedge.dcmtk import equivalent
from stepwedge.fixtures.association import Association
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.target import load_target

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
WORKLIST = "1.2.840.10008.5.1.4.31"
VERIFICATION = "1.2.840.10008.1.1"


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    with ReferencePacs(tmp_path / "pacs") as pacs:
        target = load_target(
            None, {"host": "127.0.0.1", "port": pacs.port, "ae_title": "REFERENCE"}, {}
        )
        yield Peer(target, Recorder())


def asked(peer: Peer, sop_class: str, ask: Callable[[Association], Any], **more: Any) -> str:
    """The command line for what `ask` does on an association for one SOP class."""
    contexts = [Proposed(sop_class, ("1.2.840.10008.1.2",))]
    with peer.associate(contexts, **more) as association:
        ask(association)
        conversation = association.conversation
    return equivalent(conversation.snapshot(), conversation.address)


def keys(command: str) -> list[str]:
    """The keys of a command line."""
    words = shlex.split(command)
    return [words[n + 1] for n, word in enumerate(words) if word == "-k"]


def test_a_query_with_all_its_keys(peer: Peer) -> None:
    """Each key by tag with its value, in the model's option; quoted for a shell."""
    wanted = identifier_of("STUDY", {"PatientName": "O'NEIL*", "NumberOfFrames": "2"})
    command = asked(peer, FIND, lambda one: one.find(FIND, wanted))
    assert command.startswith("findscu -v -aet STEPWEDGE -aec REFERENCE -S ")
    assert keys(command) == ["0008,0052=STUDY", "0010,0010=O'NEIL*", "0020,000d", "0028,0008=2"]


def test_text_beyond_ascii_goes_as_its_bytes(peer: Peer) -> None:
    """A key in another character set is written so that a shell makes the same bytes of it."""
    wanted = identifier_of("STUDY", {"PatientName": "MÜLLER"})
    command = asked(peer, FIND, lambda one: one.find(FIND, wanted))
    assert "$'0010,0010=M\\xc3\\x9cLLER'" in command
    said = subprocess.run(
        ["bash", "-c", f"printf %s {command.split('-k ')[3]}"], capture_output=True
    )
    assert said.stdout == "0010,0010=MÜLLER".encode()


def test_keys_within_items_have_a_path(peer: Peer) -> None:
    """A key of a sequence is named by its path."""
    wanted, step = Dataset(), Dataset()
    step.Modality = "CT"
    wanted.ScheduledProcedureStepSequence = [step]
    command = asked(peer, WORKLIST, lambda one: one.find(WORKLIST, wanted))
    assert " -W " in command
    assert keys(command) == ["0040,0100[0].(0008,0060)=CT"]


def test_a_sequence_without_items_is_a_key_without_a_value(peer: Peer) -> None:
    """Universal matching on a sequence asks for it as it stands, however it is encoded."""
    wanted = Dataset()
    wanted.Modality, wanted.RequestAttributesSequence = "CT", []
    command = asked(peer, FIND, lambda one: one.find(FIND, wanted))
    assert keys(command) == ["0008,0060=CT", "0040,0275"]


def test_a_move_names_its_destination(peer: Peer) -> None:
    """C-MOVE goes to the destination that we named."""
    wanted = identifier_of("STUDY", {"StudyInstanceUID": "2.25.1"})
    command = asked(peer, MOVE, lambda one: one.move(MOVE, wanted, "NOWHERE"))
    assert command.startswith("movescu ") and " -aem NOWHERE " in command


def test_what_no_tool_can_say_has_no_command(peer: Peer) -> None:
    """Extended negotiation, another SOP class than the context's, and a plain association."""
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = FIND, b"\1"
    wanted = identifier_of("STUDY", {"StudyInstanceUID": "2.25.1"})
    assert not asked(peer, FIND, lambda one: one.find(FIND, wanted), items=[item])
    assert not asked(peer, FIND, lambda one: None)
    assert asked(peer, VERIFICATION, lambda one: one.echo()).startswith("echoscu ")
    assert asked(peer, VERIFICATION, lambda one: None).startswith("echoscu ")
    assert equivalent([], ("127.0.0.1", 104)) == ""


def test_dcmtk_makes_the_same_request(peer: Peer) -> None:
    """Run as it is printed, the command is answered as we were."""
    wanted = identifier_of("STUDY", {"StudyInstanceUID": "2.25.1"})
    command = asked(peer, FIND, lambda one: one.find(FIND, wanted))
    # pynetdicom brings programs of the same names.
    done = subprocess.run(
        ["/bin/bash", "-c", f"PATH=/usr/bin; {command}"], capture_output=True, text=True, timeout=20
    )
    assert "Received Final Find Response (Success)" in done.stdout + done.stderr
