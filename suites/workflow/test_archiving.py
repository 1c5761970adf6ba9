"""A modality sends, asks for commitment, and a workstation finds and retrieves (IHE SWF)."""

from __future__ import annotations

from collections.abc import Callable

from pydicom import Dataset

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import STUDY_ROOT_FIND, Archive
from stepwedge.fixtures.commitments import ALL_COMMITTED, Commitments
from stepwedge.fixtures.dimse import decode, encode
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.retrievals import Moves
from stepwedge.fixtures.verifiers import (
    expect,
    expect_same_content,
    expect_status,
    expect_success,
    uids,
)
from stepwedge.synthetic.corpus import Corpus


def _acquired(corpus: Corpus, name: str, count: int = 3) -> list[Dataset]:
    """A new series of CT images, which no other check knows."""
    model = corpus.studies[0].series[0].instances
    study, series = corpus.scope.uid("workflow", name), corpus.scope.uid("workflow", name, 1)
    made = []
    for number in range(count):
        dataset = model[number].build()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.SOPInstanceUID = corpus.scope.uid("workflow", name, 1, number)
        made.append(dataset)
    return made


@check(
    "FLOW-001",
    "PS3.4 J.1",
    SHALL,
    claim="workflow",
    defects=["commit-never-reported", "move-sends-nothing", "store-changes-pixels"],
)
def test_archiving(
    peer: Peer,
    archive: Archive,
    commitments: Commitments,
    moves: Moves,
    corpus: Corpus,
    step: Callable[[str], None],
) -> None:
    """A new series is stored, committed to, found and moved back unaltered."""
    moves.require()
    series = _acquired(corpus, "archiving")
    syntax = corpus.instances[0].transfer_syntax
    kind, study = str(series[0].SOPClassUID), str(series[0].StudyInstanceUID)
    step("the modality stores three images")
    with peer.associate([Proposed(kind, (syntax,))], label="storing a new series") as association:
        for dataset in series:
            uid = str(dataset.SOPInstanceUID)
            operation = association.store(kind, uid, encode(dataset, syntax), syntax)
            expect_status(operation.final, 0x0000, 0xB000, 0xB006, 0xB007)
    step("it asks for storage commitment before it deletes them")
    wanted = [(kind, str(dataset.SOPInstanceUID)) for dataset in series]
    report = commitments.must_report(corpus.scope.uid("workflow", "transaction"), wanted)
    expect(
        report.event_type == ALL_COMMITTED and sorted(report.committed) == sorted(wanted),
        "commitment to the three images",
        f"event type {report.event_type}, {len(report.committed)} committed, "
        f"{len(report.failed)} failed",
        "Referenced SOP Sequence (0008,1199)",
    )
    step("a workstation finds them")
    keys = {"StudyInstanceUID": study, "SeriesInstanceUID": str(series[0].SeriesInstanceUID)}
    with peer.associate([STUDY_ROOT_FIND], label="C-FIND") as association:
        found = association.find(STUDY_ROOT_FIND, identifier_of("IMAGE", keys))
    expect_success(found)
    seen = uids(found.matches, "SOPInstanceUID")
    expect(
        sorted(seen) == sorted(uid for _, uid in wanted),
        "the three images to be found",
        f"{len(seen)} are",
        "Identifier",
    )
    step("and retrieves them")
    moved = moves.move("STUDY", {"StudyInstanceUID": study}, expected=len(series))
    expect_success(moved.operation)
    expect(len(moved.arrivals) == len(series), "three images", f"{len(moved.arrivals)} arrived")
    sent = {str(dataset.SOPInstanceUID): dataset for dataset in series}
    for arrival in moved.arrivals:
        original = decode(encode(sent[arrival.sop_instance_uid], syntax), syntax)
        got = decode(arrival.data, arrival.transfer_syntax)
        expect_same_content(original, got, "an image that came back")
