"""C-MOVE to destinations that take little, refuse, break off or are not there (PS3.4 C.4.2.3)."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.receiver import Behaviour
from stepwedge.fixtures.retrievals import (
    COUNTS,
    MOVE_MODELS,
    Moved,
    Moves,
    PduLengths,
    expect_failed_list,
    expect_instances,
    expect_unaltered,
)
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import (
    counters,
    counts_in_words,
    expect,
    expect_counts,
    expect_status,
    expect_success,
)
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Study

IMPLICIT = "1.2.840.10008.1.2"
CR = "1.2.840.10008.5.1.4.1.1.1"


def _study(moves: Moves, study: Study, behaviour: Behaviour, expected: int) -> Moved:
    moves.require(study)
    with moves.receiver.behaving(behaviour):
        return moves.move("STUDY", {"StudyInstanceUID": study.uid}, expected=expected)


def _expect_failed(moved: Moved, why: str) -> None:
    final = moved.operation.final
    expect_status(final, "failure", why=why)
    expect(
        not counters(final)["completed"],
        "no completed sub-operation",
        counts_in_words(final),
        COUNTS,
    )


@check(
    "MOVE-120",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-all-failed-success"],
)
def test_destination_rejects(moves: Moves, corpus: Corpus) -> None:
    """A destination that rejects the association: the move fails."""
    moved = _study(moves, corpus.studies[0], Behaviour(reject=(1, 1, 7)), 0)
    _expect_failed(moved, "as the destination rejects associations")


@check(
    "MOVE-121",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-all-failed-success"],
)
def test_destination_unreachable(moves: Moves, corpus: Corpus) -> None:
    """A destination that cannot be reached: the move fails."""
    study = corpus.studies[0]
    moves.require(study)
    with moves.receiver.away():
        moved = moves.move("STUDY", {"StudyInstanceUID": study.uid})
    _expect_failed(moved, "as the destination cannot be reached")


@check(
    "MOVE-122",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-failed-uncounted", "retrieve-some-failed-success"],
)
def test_sop_class_refused(moves: Moves, corpus: Corpus) -> None:
    """What the destination negotiates no context for counts as failed; the rest arrives."""
    study = corpus.studies[5]
    taken = [i for i in study.instances() if i.sop_class_uid != CR]
    moved = _study(moves, study, Behaviour(refuse_sop_classes={CR}), len(taken))
    failed = len(study.instances()) - len(taken)
    expect_instances(moved.arrivals, taken, "what the destination takes")
    expect_status(moved.operation.final, "warning", why="as some instances could not be sent")
    expect_counts(moved.operation.final, completed=len(taken), failed=failed)


@check(
    "MOVE-123",
    "PS3.4 C.4.2.1.4.2",
    SHALL,
    claim="move.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_of_refused_sop_class(moves: Moves, corpus: Corpus) -> None:
    """What could not be negotiated is in Failed SOP Instance UID List."""
    study = corpus.studies[5]
    refused = [i for i in study.instances() if i.sop_class_uid == CR]
    behaviour = Behaviour(refuse_sop_classes={CR})
    moved = _study(moves, study, behaviour, len(study.instances()) - len(refused))
    expect_failed_list(moved.operation.final, refused)


@check(
    "MOVE-124",
    "PS3.5 10.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-stored-syntax-only"],
)
def test_default_transfer_syntax(moves: Moves, corpus: Corpus) -> None:
    """A destination that takes nothing but Implicit VR Little Endian gets everything in it."""
    study = corpus.studies[1]
    behaviour = Behaviour(only_transfer_syntaxes={IMPLICIT})
    moved = _study(moves, study, behaviour, len(study.instances()))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, study.instances(), "the study")
    wanted = {i.sop_instance_uid: i for i in study.instances()}
    for arrival in moved.arrivals:
        expect(arrival.transfer_syntax == IMPLICIT, IMPLICIT, arrival.transfer_syntax)
        expect_unaltered(arrival, wanted[arrival.sop_instance_uid])


@check(
    "MOVE-125",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-some-failed-success"],
)
def test_destination_aborts(moves: Moves, corpus: Corpus) -> None:
    """A destination that aborts at the third instance: the move does not end with success."""
    moved = _study(moves, corpus.studies[1], Behaviour(abort_at=3), 3)
    expect_status(moved.operation.final, "warning", "failure", why="as the destination aborted")


@check(
    "MOVE-126",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-some-failed-success"],
)
def test_destination_closes(moves: Moves, corpus: Corpus) -> None:
    """A destination that closes the connection at the third instance: no success either."""
    moved = _study(moves, corpus.studies[1], Behaviour(close_at=3), 3)
    expect_status(moved.operation.final, "warning", "failure", why="as the destination closed")


@check(
    "MOVE-127",
    "PS3.2 Table N.7-2",
    SHALL,
    claim="timeouts.move",
    defects=["move-unanswered-completed", "retrieve-some-failed-success"],
)
def test_destination_silent(moves: Moves, corpus: Corpus) -> None:
    """A destination silent on the last instance: the move ends in time, with no success."""
    study = corpus.studies[1]
    total = len(study.instances())
    moved = _study(moves, study, Behaviour(silent_from=total), total)
    expect_status(moved.operation.final, "warning", "failure", why="as an answer never came")


@check(
    "MOVE-128",
    "PS3.8 D.1",
    SHALL,
    claim="move.study",
    defects=["move-max-length-ignored"],
)
def test_maximum_length_of_destination(moves: Moves, corpus: Corpus) -> None:
    """No PDU to the destination is longer than the maximum length that it announced."""
    for limit in (4096, 16384):
        with PduLengths(moves.receiver) as lengths:
            study = corpus.studies[1]
            moved = _study(moves, study, Behaviour(max_length=limit), len(study.instances()))
        expect_success(moved.operation)
        expect(
            lengths.longest <= limit,
            f"PDUs of at most {limit} bytes, as announced",
            f"one of {lengths.longest}",
            "PDU length",
        )


@check(
    "MOVE-129",
    "PS3.8 D.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-one-missing"],
)
def test_no_maximum_length(moves: Moves, corpus: Corpus) -> None:
    """A destination that sets no maximum length (0) gets everything."""
    study = corpus.studies[1]
    moved = _study(moves, study, Behaviour(max_length=0), len(study.instances()))
    expect_success(moved.operation)
    expect_instances(moved.arrivals, study.instances(), "the study")


@check(
    "MOVE-130",
    "PS3.7 9.1.4",
    QUALITY,
    claim="move.study",
    defects=["assoc-second-message-ignored"],
)
def test_association_goes_on(moves: Moves, corpus: Corpus) -> None:
    """After a move that failed, the association serves a second move and an echo."""
    study = corpus.studies[0]
    moves.require(study)
    model = MOVE_MODELS["study"]
    identifier = identifier_of("STUDY", {"StudyInstanceUID": study.uid})
    title = moves.peer.target.receiver.ae_title
    mark = moves.receiver.mark()
    with moves.peer.associate([model, VERIFICATION]) as association:
        with moves.receiver.behaving(Behaviour(status=0xA700)):
            association.move(model, identifier, title)
        expect_success(association.move(model, identifier, title))
        expect_success(association.echo())
    arrivals = moves.receiver.wait(2 * len(study.instances()), since=mark, timeout=2)
    again = [arrival for arrival in arrivals if arrival.status == 0]
    expect_instances(again, study.instances(), "the second move")
