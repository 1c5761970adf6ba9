"""A modality sends, asks for commitment, and a workstation finds and retrieves (IHE SWF)."""

from __future__ import annotations

from collections.abc import Callable

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import STUDY_ROOT_FIND
from stepwedge.fixtures.commitments import ALL_COMMITTED, Commitments
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.dimse import decode
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.retrievals import Moves
from stepwedge.fixtures.verifiers import (
    expect,
    expect_same_content,
    expect_success,
    uids,
)
from stepwedge.synthetic.corpus import Corpus


@check(
    "FLOW-001",
    "PS3.4 J.1",
    SHALL,
    claim="workflow",
    defects=["commit-never-reported", "move-sends-nothing", "store-changes-pixels"],
)
def test_archiving(
    peer: Peer,
    deposits: Deposits,
    commitments: Commitments,
    moves: Moves,
    corpus: Corpus,
    step: Callable[[str], None],
) -> None:
    """A new series is stored, committed to, found and moved back unaltered."""
    moves.require()
    images = [deposits.of(one) for one in deposits.study("CT", instances=3).instances()]
    step("the modality stores three images")
    deposits.keep(*images)
    step("it asks for storage commitment before it deletes them")
    wanted = [(image.sop_class, image.uid) for image in images]
    report = commitments.must_report(corpus.scope.uid("workflow", "transaction"), wanted)
    expect(
        report.event_type == ALL_COMMITTED and sorted(report.committed) == sorted(wanted),
        "commitment to the three images",
        f"event type {report.event_type}, {len(report.committed)} committed, "
        f"{len(report.failed)} failed",
        "Referenced SOP Sequence (0008,1199)",
    )
    step("a workstation finds them")
    keys = {"StudyInstanceUID": images[0].study, "SeriesInstanceUID": images[0].series}
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
    moved = moves.move("STUDY", {"StudyInstanceUID": images[0].study}, expected=len(images))
    expect_success(moved.operation)
    expect(len(moved.arrivals) == len(images), "three images", f"{len(moved.arrivals)} arrived")
    sent = {image.uid: decode(image.data, image.syntax) for image in images}
    for arrival in moved.arrivals:
        original = sent[arrival.sop_instance_uid]
        got = decode(arrival.data, arrival.transfer_syntax)
        expect_same_content(original, got, "an image that came back")
