"""The storage receiver keeps what comes and misbehaves as it is told."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, JPEG2000Lossless
from pynetdicom import AE

from stepwedge.errors import UsageError
from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.reference import ReferencePacs
from stepwedge.wire import commands

Make = Callable[..., Dataset]


def store_by_pynetdicom(receiver: Receiver, *instances: Dataset) -> list[int | None]:
    """The statuses of instances sent one after another; None where there was no answer."""
    ae = AE(ae_title="SENDER")
    ae.dimse_timeout = 0.5
    ae.add_requested_context(CTImageStorage)
    association = ae.associate("127.0.0.1", receiver.port, ae_title=receiver.ae_title)
    if not association.is_established:
        return []
    statuses: list[int | None] = []
    for ds in instances:
        if association.is_established:
            answer = association.send_c_store(ds)
            statuses.append(answer.Status if "Status" in answer else None)
    association.release()
    return statuses


def test_an_arrival_is_kept_with_its_circumstances(receiver: Receiver, make: Make) -> None:
    """What arrives is kept byte for byte, with who sent it and how."""
    mark = receiver.mark()
    assert store_by_pynetdicom(receiver, make(1), make(2)) == [0, 0]
    arrivals = receiver.wait(2, mark, 5)
    assert [a.sop_instance_uid for a in arrivals] == ["1.2.826.1.1.1", "1.2.826.1.1.2"]
    assert arrivals[0].calling_ae == "SENDER"
    assert arrivals[0].association == arrivals[1].association
    assert arrivals[0].sop_class_uid == CTImageStorage
    assert make(1).PixelData in arrivals[0].data
    assert arrivals[0].originator_ae is None


def test_a_move_names_its_originator(
    pacs: ReferencePacs, receiver: Receiver, make: Make, store: Any, dcmtk: Any
) -> None:
    """C-STORE sub-operations carry the originator's AE title and the move's message ID."""
    store(pacs, make(1))
    pacs.add_destination("STEPWEDGE", "127.0.0.1", receiver.port)
    dcmtk(
        "movescu", "-S", "-aet", "ORIGIN", "-aem", "STEPWEDGE", "127.0.0.1", str(pacs.port),
        "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.826.1",
    )  # fmt: skip
    (arrival,) = receiver.wait(1, 0, 5)
    assert (arrival.originator_ae, arrival.originator_message_id) == ("ORIGIN", 1)


def test_statuses_by_number(receiver: Receiver, make: Make) -> None:
    """Every second instance may fail, and a certain one may get a status of its own."""
    behaviour = Behaviour(every=(2, 0xC001), status_of={3: 0xB000})
    with receiver.behaving(behaviour):
        statuses = store_by_pynetdicom(receiver, *map(make, range(1, 5)))
    assert statuses == [0, 0xC001, 0xB000, 0xC001]
    assert store_by_pynetdicom(receiver, make(5)) == [0]


def test_refusing_an_association(receiver: Receiver, make: Make) -> None:
    """The whole association may be rejected."""
    with receiver.behaving(Behaviour(reject=(2, 3, 1))):
        assert store_by_pynetdicom(receiver, make(1)) == []
    assert store_by_pynetdicom(receiver, make(1)) == [0]


def test_refusing_sop_classes_and_transfer_syntaxes(receiver: Receiver) -> None:
    """Contexts are refused with the result that says why."""
    ae = AE()
    ae.add_requested_context("1.2.840.10008.1.1")
    ae.add_requested_context(CTImageStorage)
    cases = (
        (Behaviour(refuse_sop_classes={CTImageStorage}), 3),
        (Behaviour(only_transfer_syntaxes={JPEG2000Lossless}), 4),
    )
    for behaviour, result in cases:
        with receiver.behaving(behaviour):
            association = ae.associate("127.0.0.1", receiver.port)
        assert [context.result for context in association.rejected_contexts] == [result]
        association.release()


@pytest.mark.parametrize("ending", ["abort_at", "close_at"])
def test_ending_in_the_middle(receiver: Receiver, make: Make, ending: str) -> None:
    """An association may be aborted or closed at the nth instance."""
    with receiver.behaving(Behaviour(**{ending: 2})):
        statuses = store_by_pynetdicom(receiver, *map(make, range(1, 5)))
    assert statuses[:2] == [0, None]
    assert 0 not in statuses[2:]
    assert [arrival.status for arrival in receiver.since(0)] == [0, None]


def test_never_answering(
    tmp_path: Path, receiver: Receiver, make: Make, store: Any, dcmtk: Any
) -> None:
    """A destination that falls silent costs the mover its timeout and no more."""
    with ReferencePacs(
        tmp_path / "impatient",
        destinations={"STEPWEDGE": ("127.0.0.1", receiver.port)},
        suboperation_timeout=0.3,
    ) as pacs:
        store(pacs, make(1), make(2))
        with receiver.behaving(Behaviour(silent_from=2)):
            text = dcmtk(
                "movescu", "-S", "-d", "-aem", "STEPWEDGE", "127.0.0.1", str(pacs.port),
                "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.826.1", code=68,
            )  # fmt: skip
    assert "0xb000" in text
    assert "Failed Suboperations          : 1" in text


def test_a_response_out_of_step(receiver: Receiver, make: Make) -> None:
    """The message ID that is answered may be another one."""
    sent: list[bytes] = []
    receiver.on_bytes = lambda direction, data, *_: (
        sent.append(data) if direction == "sent" else None
    )
    with receiver.behaving(Behaviour(message_id_offset=1)):
        store_by_pynetdicom(receiver, make(1))
    # A P-DATA-TF with one fragment: 12 bytes before the command set.
    (response,) = [commands.decode(data[12:]) for data in sent if data[0] == 4]
    assert response["MessageIDBeingRespondedTo"] == 2


def test_the_spool_keeps_arrivals_on_disk(tmp_path: Path, make: Make) -> None:
    """With a folder arrivals are files, and go when they are released."""
    with Receiver(folder=tmp_path / "spool") as receiver:
        store_by_pynetdicom(receiver, make(1), make(2))
        assert len(list((tmp_path / "spool").iterdir())) == 2
        assert make(2).PixelData in receiver.since(1)[0].data
        receiver.release(receiver.mark())
        assert list((tmp_path / "spool").iterdir()) == []
        assert (receiver.since(0), receiver.mark()) == ([], 2)


def test_no_room_answers_a700(receiver: Receiver, make: Make) -> None:
    """Beyond its limit the receiver answers A700 and says so in words."""
    with Receiver(limit=1000) as small:
        assert store_by_pynetdicom(small, make(1), make(2)) == [0, 0xA700]
        (problem,) = small.problems
        assert "1000 bytes" in problem and "A700" in problem


def test_a_full_disk_answers_a700(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes no more is answered with A700 and reported in words."""

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Receiver(folder=tmp_path / "spool") as receiver:
        monkeypatch.setattr(Path, "write_bytes", full)
        assert store_by_pynetdicom(receiver, make(1)) == [0xA700]
        assert "No space left on device" in receiver.problems[0]


def test_bytes_can_be_recorded(receiver: Receiver, make: Make) -> None:
    """An observer sees every byte of both directions in order, with the association."""
    seen: list[tuple[str, bytes, int]] = []
    receiver.on_bytes = lambda direction, data, number, _: seen.append((direction, data, number))
    store_by_pynetdicom(receiver, make(1))
    sent = b"".join(data for direction, data, _ in seen if direction == "sent")
    received = b"".join(data for direction, data, _ in seen if direction == "received")
    assert received[:2] == b"\x01\x00" and make(1).PixelData in received
    assert sent[:2] == b"\x02\x00"
    assert len({number for _, _, number in seen}) == 1


def test_a_taken_port_is_a_usage_error(receiver: Receiver) -> None:
    """A port in use is reported with the address and what to do."""
    with pytest.raises(UsageError, match=f"127.0.0.1:{receiver.port}"):
        Receiver(port=receiver.port).start()
