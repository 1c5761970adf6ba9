"""What a C-MOVE says about its sub-operations, and what it sends (PS3.4 C.4.2, PS3.7 9.1.4)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.retrievals import Moves, expect_unaltered
from stepwedge.fixtures.verifiers import (
    counters,
    counts_in_words,
    expect,
    expect_response_fields,
    expect_status,
    expect_success,
)
from stepwedge.synthetic.corpus import Corpus

COUNTS = "Number of Sub-operations (0000,1020) to (0000,1023)"


@check(
    "MOVE-010",
    "PS3.4 C.4.2.1.5",
    SHALL,
    claim="move.study",
    defects=["move-unknown-destination-success", "move-unknown-destination-wrong-status"],
)
def test_unknown_destination(moves: Moves, corpus: Corpus) -> None:
    """A move destination that the target does not know is refused with A801H."""
    study = corpus.studies[0]
    moves.archive.require(study)
    moved = moves.move("STUDY", {"StudyInstanceUID": study.uid}, destination="STEPWEDGE-NOT")
    expect_status(moved.operation.final, 0xA801, why="(Move Destination unknown)")


@check("MOVE-011", "PS3.7 9.3.4.2", SHALL, claim="move.study", defects=["move-message-id-wrong"])
def test_responses_name_the_request(moves: Moves, corpus: Corpus) -> None:
    """Every C-MOVE-RSP names the Message ID and SOP class of its request."""
    study = corpus.studies[0]
    moves.require(study)
    expect_response_fields(moves.move("STUDY", {"StudyInstanceUID": study.uid}).operation)


@check(
    "MOVE-012",
    "PS3.4 C.4.2.1.6",
    SHALL,
    claim="move.study",
    defects=["retrieve-remaining-constant"],
)
def test_counts_add_up(moves: Moves, corpus: Corpus) -> None:
    """In every pending response the four counts add up to the number of sub-operations."""
    study = corpus.studies[1]
    moves.require(study)
    moved = moves.move("STUDY", {"StudyInstanceUID": study.uid})
    total = len(study.instances())
    for message in moved.operation.pending:
        sum_of_counts = sum(value or 0 for value in counters(message).values())
        expect(
            sum_of_counts == total,
            f"counts that add up to {total}",
            f"{counts_in_words(message)}: {sum_of_counts}",
            COUNTS,
        )


@check(
    "MOVE-013",
    "PS3.4 C.4.2.1.6",
    SHALL,
    claim="move.study",
    defects=["retrieve-remaining-in-final"],
)
def test_final_has_no_remaining(moves: Moves, corpus: Corpus) -> None:
    """The final response does not say how many sub-operations remain."""
    study = corpus.studies[0]
    moves.require(study)
    final = moves.move("STUDY", {"StudyInstanceUID": study.uid}).operation.final
    remaining = counters(final)["remaining"]
    # A zero says nothing wrong; the field itself shall not be there (PS3.7 9.1.4.1.7).
    expect(remaining is None, "no Number of Remaining Sub-operations", f"{remaining}", COUNTS)


@check(
    "MOVE-014",
    "PS3.7 9.3.1.1",
    SHALL,
    claim="move.study",
    defects=["move-originator-missing", "move-originator-wrong", "move-originator-id-wrong"],
)
def test_move_originator(moves: Moves, corpus: Corpus) -> None:
    """Sub-operations name the AE title and the Message ID of the C-MOVE that caused them."""
    study = corpus.studies[0]
    moves.require(study)
    moved = moves.move("STUDY", {"StudyInstanceUID": study.uid}, expected=1)
    title = moves.peer.target.calling_ae_title
    message_id = moved.operation.request.MessageID
    expect(bool(moved.arrivals), "the instances to arrive", "nothing arrived")
    for arrival in moved.arrivals:
        seen = ((arrival.originator_ae or "").strip(), arrival.originator_message_id)
        expect(
            seen == (title, message_id),
            f"Move Originator {title}, Message ID {message_id}",
            f"{seen[0] or 'none'}, {seen[1]}",
            "Move Originator (0000,1030), (0000,1031)",
        )


@check("MOVE-015", "PS3.4 B.4.1", SHALL, claim="move.study", defects=["retrieve-alters-attribute"])
def test_content_after_move(moves: Moves, corpus: Corpus) -> None:
    """What arrives by C-MOVE equals what was stored, element by element and bit for bit."""
    wanted = {i.sop_instance_uid: i for i in corpus.instances}
    moves.require(*corpus.studies)
    for study in corpus.studies:
        keys = {"StudyInstanceUID": study.uid}
        moved = moves.move("STUDY", keys, expected=len(study.instances()))
        expect_success(moved.operation)
        for arrival in moved.arrivals:
            uid = arrival.sop_instance_uid
            expect(uid in wanted, "instances that were stored", f"an unknown one, {uid}")
            expect_unaltered(arrival, wanted[uid])


@check(
    "MOVE-016",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-unknown-uid-sends-all"],
)
def test_nothing_to_move(moves: Moves, corpus: Corpus) -> None:
    """A move of a study that does not exist sends nothing."""
    moves.require()
    keys = {"StudyInstanceUID": corpus.scope.uid("not", "there")}
    moved = moves.move("STUDY", keys)
    expect_status(moved.operation.final, 0x0000, "warning", "failure")
    expect(not moved.arrivals, "nothing to arrive", f"{len(moved.arrivals)} instances arrived")
