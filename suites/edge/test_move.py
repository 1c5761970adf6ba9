"""C-MOVE through the edge: from the PACS to the requester's receiver, whole and accounted for."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Cargo, Crossing
from stepwedge.fixtures.gate import Gate, Weather
from stepwedge.fixtures.receiver import Behaviour
from stepwedge.fixtures.retrievals import (
    COUNTS,
    DESTINATION_UNKNOWN,
    Moved,
    Moves,
    expect_failed_list,
    expect_instances,
    expect_pending,
    get,
    getting,
)
from stepwedge.fixtures.verifiers import (
    counters,
    counts_in_words,
    expect,
    expect_counts,
    expect_status,
    expect_success,
)
from stepwedge.verdicts import Blocked, Deviation


def _study(moves: Moves, cargo: Cargo, expected: int | None = None) -> Moved:
    count = len(cargo.deposits) if expected is None else expected
    return moves.move("STUDY", {"StudyInstanceUID": cargo.study}, expected=count)


@check("EDGE-020", "PS3.4 C.4.2", SHALL, claim="edge.move", defects=["edge-move-not-delivered"])
def test_study(crossing: Crossing, moves: Moves) -> None:
    """A study comes from the PACS through the edge to the requester's receiver, each instance
    once."""
    cargo = crossing.settled("CT", "MR")
    moved = _study(moves, cargo)
    expect_success(moved.operation)
    expect_instances(moved.arrivals, cargo.instances, "the study")


@check("EDGE-021", "PS3.4 C.4.2", SHALL, claim="edge.move", defects=["edge-move-wrong-level"])
def test_series(crossing: Crossing, moves: Moves) -> None:
    """A series comes through the edge, and nothing else of its study."""
    cargo = crossing.settled("CT", "MR")
    wanted = [one for one in cargo.instances if one.series.uid == cargo.series[1]]
    keys = {"StudyInstanceUID": cargo.study, "SeriesInstanceUID": cargo.series[1]}
    moved = moves.move("SERIES", keys, expected=len(wanted))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, wanted, "the series")


@check("EDGE-022", "PS3.4 C.4.2", SHALL, claim="edge.move", defects=["edge-move-wrong-level"])
def test_instance(crossing: Crossing, moves: Moves) -> None:
    """An instance comes through the edge, and nothing else of its series."""
    cargo = crossing.settled("CT", instances=3)
    moved = moves.move("IMAGE", cargo.deposits[1].keys, expected=1)
    expect_success(moved.operation)
    expect_instances(moved.arrivals, [cargo.instances[1]], "the instance")


@check("EDGE-023", "PS3.4 C.4.2", SHALL, claim="edge.move", defects=["edge-move-alters"])
def test_bit_for_bit(crossing: Crossing, moves: Moves) -> None:
    """What the edge delivers equals bit for bit what the PACS gives out itself.

    Where the PACS does not answer C-GET, it is held against what was stored.
    """
    cargo = crossing.settled("CT", "CR", instances=1)
    moved = _study(moves, cargo)
    syntaxes = tuple({one.syntax for one in cargo.deposits})
    try:
        with getting(
            crossing.pacs, "study", cargo.instances, transfer_syntaxes=syntaxes
        ) as association:
            direct = get(association, "STUDY", {"StudyInstanceUID": cargo.study}).arrivals
        held = {one.sop_instance_uid: one.message.data or b"" for one in direct}
    except Deviation:
        held = {one.uid: one.data for one in cargo.deposits}
    delivered = {one.sop_instance_uid: one.data for one in moved.arrivals}
    expect(set(delivered) == set(held), f"{len(held)} instances", f"{len(delivered)} delivered")
    differing = [uid for uid, data in held.items() if delivered[uid] != data]
    expect(
        not differing,
        "the bytes of each data set as the PACS gives them",
        f"{len(differing)} of {len(held)} differ, first {min(differing, default='')}",
        "Data Set",
    )


@check("EDGE-024", "PS3.4 C.4.2.3", SHALL, claim="edge.move", defects=["edge-move-counts-wrong"])
def test_final_counts(crossing: Crossing, moves: Moves) -> None:
    """The final response counts what the requester's receiver has taken."""
    cargo = crossing.settled("CT", instances=4)
    moved = _study(moves, cargo)
    expect_counts(moved.operation.final, completed=len(moved.arrivals))


@check("EDGE-025", "PS3.4 C.4.2.1.6", SHALL, claim="edge.move", defects=["edge-move-pending-wrong"])
def test_pending_counts(crossing: Crossing, moves: Moves) -> None:
    """Pending responses, where the edge sends them, account for every sub-operation."""
    cargo = crossing.settled("CT", instances=4)
    expect_pending(_study(moves, cargo).operation, len(cargo.deposits))


@check(
    "EDGE-026",
    "PS3.4 C.4.2.3",
    SHALL,
    claim="edge.move",
    defects=["edge-move-failures-uncounted", "edge-move-failed-list-missing"],
)
def test_some_are_refused(crossing: Crossing, moves: Moves) -> None:
    """What the requester's receiver refuses is counted as failed and listed, and the move ends with
    a warning."""
    cargo = crossing.settled("CT", instances=4)
    with moves.receiver.behaving(Behaviour(every=(2, 0xA700))):
        moved = _study(moves, cargo)
    refused = {one.sop_instance_uid for one in moved.arrivals if one.status}
    expect_status(moved.operation.final, "warning", why="when some sub-operations fail")
    expect_counts(moved.operation.final, completed=2, failed=2)
    expect_failed_list(
        moved.operation.final, [i for i in cargo.instances if i.sop_instance_uid in refused]
    )


@check(
    "EDGE-027",
    "PS3.4 C.4.2.3",
    SHALL,
    claim="edge.move",
    defects=["edge-move-failures-uncounted"],
)
def test_all_are_refused(crossing: Crossing, moves: Moves) -> None:
    """When the requester's receiver refuses everything, the move fails."""
    cargo = crossing.settled("CT", instances=2)
    with moves.receiver.behaving(Behaviour(status=0xA700)):
        final = _study(moves, cargo).operation.final
    expect_status(final, "failure", why="when every sub-operation fails")
    expect(not counters(final)["completed"], "none completed", counts_in_words(final), COUNTS)


@check(
    "EDGE-028",
    "PS3.7 9.3.1.1",
    SHALL,
    claim="edge.originator",
    defects=["edge-move-originator-edge"],
)
def test_originator(crossing: Crossing, moves: Moves) -> None:
    """Each delivered instance names the requester as Move Originator, and not the edge."""
    moved = _study(moves, crossing.settled("CT"))
    titles = {one.originator_ae for one in moved.arrivals}
    expect(
        titles == {crossing.target.calling_ae_title},
        f"Move Originator {crossing.target.calling_ae_title}",
        ", ".join(sorted(str(title) for title in titles)) or "nothing arrived",
        "Move Originator Application Entity Title (0000,1030)",
    )


@check(
    "EDGE-029",
    "PS3.7 9.3.1.1",
    SHALL,
    claim="edge.originator",
    defects=["edge-move-originator-id-wrong"],
)
def test_originator_message_id(crossing: Crossing, moves: Moves) -> None:
    """Each delivered instance carries the Message ID of the requester's C-MOVE."""
    moved = _study(moves, crossing.settled("CT"))
    wanted = moved.operation.request.MessageID
    numbers = {one.originator_message_id for one in moved.arrivals}
    expect(
        numbers == {wanted},
        f"Move Originator Message ID {wanted}",
        ", ".join(sorted(str(number) for number in numbers)) or "nothing arrived",
        "Move Originator Message ID (0000,1031)",
    )


@check(
    "EDGE-030",
    "PS3.4 C.4.2.1.5",
    SHALL,
    claim="edge.move",
    defects=["edge-move-unknown-destination-success"],
)
def test_unknown_destination(crossing: Crossing, moves: Moves) -> None:
    """A move to a destination that the edge does not know is refused with A801H."""
    cargo = crossing.settled("CT", instances=1)
    keys = {"StudyInstanceUID": cargo.study}
    moved = moves.move("STUDY", keys, destination="STEPWEDGE-NOBODY"[:16])
    expect_status(moved.operation.final, DESTINATION_UNKNOWN)


@check(
    "EDGE-031", "PS3.4 C.4.2.1.5", SHALL, claim="edge.move", defects=["edge-move-failure-hidden"]
)
def test_pacs_down(crossing: Crossing, moves: Moves, gate: Gate) -> None:
    """While the PACS does not answer, C-MOVE fails instead of succeeding with nothing."""
    cargo = crossing.settled("CT", instances=1)
    with gate.being(Weather(shut=True)):
        moved = _study(moves, cargo, 0)
    if moved.arrivals:
        return  # delivered all the same, from a cache of the edge's own
    expect_status(moved.operation.final, "failure", why="because the PACS could not be asked")


@check("EDGE-032", "PS3.4 C.4.3", SHALL, claim="edge.get", defects=["edge-get-not-delivered"])
def test_get(crossing: Crossing) -> None:
    """A study comes by C-GET through the edge over the requester's own association."""
    cargo = crossing.settled("CT", "MR")
    with getting(crossing.edge, "study", cargo.instances) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": cargo.study})
    expect_success(operation)
    expect_instances(operation.arrivals, cargo.instances, "the study")


@check("EDGE-034", "PS3.4 C.4.2", SHALL, claim="edge.elsewhere", defects=["edge-knows-own-only"])
def test_from_elsewhere(crossing: Crossing, moves: Moves) -> None:
    """A study that came to the PACS by another way than through the edge is delivered by it."""
    cargo = crossing.settled_elsewhere("CT")
    moved = _study(moves, cargo)
    expect_success(moved.operation)
    expect_instances(moved.arrivals, cargo.instances, "the study")


@check("EDGE-033", "PS3.4 C.4.2", SHALL, claim="edge.mims", defects=["edge-move-not-delivered"])
def test_to_the_mims(crossing: Crossing, moves: Moves) -> None:
    """A study is delivered through the edge to the image management system, which then holds it."""
    cargo = crossing.settled("CT")
    keys = {"StudyInstanceUID": cargo.study}
    moved = moves.move("STUDY", keys, destination=crossing.mims.target.ae_title)
    if moved.operation.final.status == DESTINATION_UNKNOWN:
        raise Blocked("the edge does not know the image management system as a destination")
    expect_success(moved.operation)
    missing = crossing.missing(cargo, where=crossing.mims)
    expect(
        not missing,
        f"{len(cargo.uids)} instances at {crossing.mims.target.ae_title}",
        f"{len(missing)} missing",
    )
