"""Two requesters at once, and studies that only the image management system holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.crossing import Cargo, Crossing
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.receiver import Behaviour, Receiver
from stepwedge.fixtures.retrievals import Moved, Moves, expect_instances
from stepwedge.fixtures.verifiers import expect, expect_success, uids
from stepwedge.target import ReceiverAt
from stepwedge.verdicts import Blocked

# Slow enough that each retrieval is under way while the other is.
_UNHURRIED = Behaviour(delay=0.03)


@check("EDGE-040", "PS3.4 C.4.2", SHALL, claim="edge.move", defects=["edge-move-crossed"])
def test_two_requesters(
    crossing: Crossing, moves: Moves, archive: Archive, other_receiver: Receiver
) -> None:
    """Two requesters that retrieve at the same time receive their own images and nothing else."""
    other = crossing.target.edge.other_receiver
    second = Peer(
        crossing.target.model_copy(
            update={
                "calling_ae_title": other.ae_title,
                "receiver": ReceiverAt(ae_title=other.ae_title, port=other_receiver.port),
            }
        ),
        crossing.edge.recorder,
    )
    cargoes = [crossing.settled("CT", instances=6), crossing.settled("MR", instances=6)]
    requesters = [moves, Moves(second, archive, other_receiver)]

    def retrieve(number: int) -> Moved:
        keys = {"StudyInstanceUID": cargoes[number].study}
        return requesters[number].move("STUDY", keys, expected=len(cargoes[number].deposits))

    with (
        moves.receiver.behaving(_UNHURRIED),
        other_receiver.behaving(_UNHURRIED),
        ThreadPoolExecutor(2) as pool,
    ):
        moved = list(pool.map(retrieve, range(2)))
    second.sweep()
    for one, cargo, who in zip(moved, cargoes, ("first", "second"), strict=True):
        expect_instances(one.arrivals, cargo.instances, f"the study of the {who} requester")
        expect_success(one.operation)


def _only_at_the_mims(crossing: Crossing, *iods: str) -> Cargo:
    """A study that the PACS has never seen.  Raises Blocked when the MIMS does not take it."""
    cargo = crossing.cargo(*iods)
    crossing.keep(cargo.deposits, to=crossing.mims)
    if crossing.missing(cargo, where=crossing.mims):
        raise Blocked("the image management system does not show what it was sent")
    return cargo


@check("EDGE-041", "PS3.4 C.4.1", SHALL, claim="edge.mims", defects=["edge-mims-not-asked"])
def test_found_at_the_mims(crossing: Crossing) -> None:
    """A study that only the image management system holds is found through the edge."""
    cargo = _only_at_the_mims(crossing, "CT", "MR")
    keys = {"StudyInstanceUID": cargo.study}
    found = uids(crossing.find(crossing.edge, "STUDY", keys), "StudyInstanceUID")
    expect(found == [cargo.study], "the study, once", f"{len(found)} matches", "Identifier")
    held = crossing.held(crossing.edge, cargo)
    expect(
        sorted(held) == sorted(cargo.uids),
        f"its {len(cargo.uids)} instances, each once",
        f"{len(held)} matches at IMAGE level",
        "Identifier",
    )


@check("EDGE-042", "PS3.4 C.4.2", SHALL, claim="edge.mims", defects=["edge-mims-not-fetched"])
def test_fetched_from_the_mims(crossing: Crossing, moves: Moves) -> None:
    """A study that only the image management system holds is delivered through the edge."""
    cargo = _only_at_the_mims(crossing, "CT", "MR")
    keys = {"StudyInstanceUID": cargo.study}
    moved = moves.move("STUDY", keys, expected=len(cargo.deposits))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, cargo.instances, "the study")


@check("EDGE-043", "PS3.4 C.4.1", SHALL, claim="edge.mims", defects=["edge-mims-repeats"])
def test_held_by_both(crossing: Crossing, moves: Moves) -> None:
    """A study that the PACS and the image management system both hold is found once and delivered
    once."""
    cargo = crossing.settled("CT")
    crossing.keep(cargo.deposits, to=crossing.mims)
    keys = {"StudyInstanceUID": cargo.study}
    found = uids(crossing.find(crossing.edge, "STUDY", keys), "StudyInstanceUID")
    expect(found == [cargo.study], "the study, once", f"{len(found)} matches", "Identifier")
    moved = moves.move("STUDY", keys, expected=len(cargo.deposits))
    expect_instances(moved.arrivals, cargo.instances, "the study")


@check("EDGE-044", "PS3.4 C.4.2", SHALL, claim="edge.mims", defects=["edge-mims-not-fetched"])
def test_from_both_at_once(crossing: Crossing, moves: Moves) -> None:
    """One C-MOVE that names a study of the PACS and one of the image management system delivers
    both."""
    here, there = crossing.settled("CT"), _only_at_the_mims(crossing, "MR")
    both = [*here.instances, *there.instances]
    keys = {"StudyInstanceUID": f"{here.study}\\{there.study}"}
    moved = moves.move("STUDY", keys, expected=len(both))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, both, "both studies")
