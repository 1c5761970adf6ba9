"""C-MOVE: sub-operations that fail or warn, counted in every response (PS3.4 C.4.2.3)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.receiver import Behaviour
from stepwedge.fixtures.retrievals import (
    COUNTS,
    Moved,
    Moves,
    expect_failed_list,
    expect_pending,
)
from stepwedge.fixtures.verifiers import (
    counters,
    counts_in_words,
    expect,
    expect_counts,
    expect_no_data_set,
    expect_status,
    expect_success,
)
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance, Study
from stepwedge.verdicts import Blocked

FAILED, WARNED = 0xA700, 0xB000


def _move(moves: Moves, study: Study, behaviour: Behaviour) -> Moved:
    """A move of a whole study to the receiver, which behaves so."""
    moves.require(study)
    total = len(study.instances())
    with moves.receiver.behaving(behaviour):
        return moves.move("STUDY", {"StudyInstanceUID": study.uid}, expected=total)


def _answered(moved: Moved, study: Study, status: int) -> list[Instance]:
    """The instances that the receiver answered with a status; all must have been sent."""
    given = {arrival.sop_instance_uid: arrival.status for arrival in moved.arrivals}
    if len(given) != len(study.instances()):
        raise Blocked(
            f"{len(given)} of {len(study.instances())} instances were sent, so that the counts "
            "cannot be held against what the receiver answered"
        )
    return [i for i in study.instances() if given[i.sop_instance_uid] == status]


@check(
    "MOVE-101",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-pending-status-wrong", "retrieve-remaining-constant"],
)
def test_pending_responses(moves: Moves, corpus: Corpus) -> None:
    """Pending responses are FF00H, account for all sub-operations, and never go back."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(delay=0.01))
    final = moved.operation.final
    remaining = counters(final)["remaining"]
    expect(not remaining, "a final response when nothing remains", counts_in_words(final), COUNTS)
    expect_pending(moved.operation, len(study.instances()))


@check(
    "MOVE-102",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-final-missing", "retrieve-counts-missing", "retrieve-counts-wrong"],
)
def test_final_counts(moves: Moves, corpus: Corpus) -> None:
    """The final response counts as completed what the destination has acknowledged."""
    study = corpus.studies[0]
    moved = _move(moves, study, Behaviour())
    expect_success(moved.operation)
    expect_counts(moved.operation.final, completed=len(moved.arrivals))


@check("MOVE-103", "PS3.4 C.4.2", SHALL, claim="move.study", defects=["move-sends-nothing"])
def test_success_means_delivered(moves: Moves, corpus: Corpus) -> None:
    """When a move succeeds, everything has arrived by the time of the final response."""
    study = corpus.studies[1]
    moves.require(study)
    mark = moves.receiver.mark()
    moved = moves.move("STUDY", {"StudyInstanceUID": study.uid})
    expect_success(moved.operation)
    arrived = len(moves.receiver.since(mark))
    total = len(study.instances())
    expect(arrived == total, f"{total} instances at the destination", f"{arrived}")


@check(
    "MOVE-104",
    "PS3.4 C.4.2.1.4.2",
    SHALL,
    claim="move.study",
    defects=["retrieve-final-with-identifier"],
)
def test_success_has_no_failed_list(moves: Moves, corpus: Corpus) -> None:
    """When nothing failed, the final response has no identifier."""
    moved = _move(moves, corpus.studies[2], Behaviour())
    expect_success(moved.operation)
    expect_no_data_set(moved.operation.final)


@check(
    "MOVE-105",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-some-failed-success", "retrieve-failed-uncounted"],
)
def test_every_second_fails(moves: Moves, corpus: Corpus) -> None:
    """A destination that fails every second instance: Warning, with the counts to it."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(every=(2, FAILED)))
    failed = _answered(moved, study, FAILED)
    expect_status(moved.operation.final, "warning", why="as some sub-operations failed")
    completed = len(study.instances()) - len(failed)
    expect_counts(moved.operation.final, completed=completed, failed=len(failed))


@check(
    "MOVE-106",
    "PS3.4 C.4.2.1.4.2",
    SHALL,
    claim="move.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_of_failed_instances(moves: Moves, corpus: Corpus) -> None:
    """Failed SOP Instance UID List names exactly what the destination failed."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(every=(2, FAILED)))
    failed = _answered(moved, study, FAILED)
    expect_failed_list(moved.operation.final, failed)


@check(
    "MOVE-107",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-all-failed-success"],
)
def test_all_fail(moves: Moves, corpus: Corpus) -> None:
    """A destination that fails every instance: the move fails."""
    study = corpus.studies[0]
    moved = _move(moves, study, Behaviour(status=FAILED))
    expect_status(moved.operation.final, "failure", why="as all sub-operations failed")
    expect(
        not counters(moved.operation.final)["completed"],
        "no completed sub-operation",
        counts_in_words(moved.operation.final),
        COUNTS,
    )


@check(
    "MOVE-108",
    "PS3.4 C.4.2.1.4.2",
    SHALL,
    claim="move.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_when_all_fail(moves: Moves, corpus: Corpus) -> None:
    """When every instance failed, Failed SOP Instance UID List names them all."""
    study = corpus.studies[0]
    moved = _move(moves, study, Behaviour(status=FAILED))
    expect_failed_list(moved.operation.final, _answered(moved, study, FAILED))


@check(
    "MOVE-109",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-warnings-as-completed"],
)
def test_warnings_are_counted(moves: Moves, corpus: Corpus) -> None:
    """Sub-operations that ended with a warning are counted as such."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(every=(3, WARNED)))
    warned = len(_answered(moved, study, WARNED))
    completed = len(study.instances()) - warned
    expect_counts(moved.operation.final, completed=completed, warning=warned)


@check(
    "MOVE-110",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-warnings-succeed"],
)
def test_warnings_are_said(moves: Moves, corpus: Corpus) -> None:
    """When a sub-operation ended with a warning, the final status is Warning."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(every=(3, WARNED)))
    _answered(moved, study, WARNED)
    expect_status(moved.operation.final, "warning", why="as some sub-operations had a warning")


@check(
    "MOVE-111",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-warnings-as-completed", "retrieve-failed-uncounted"],
)
def test_failures_and_warnings(moves: Moves, corpus: Corpus) -> None:
    """Failures and warnings in one move are counted apart from each other."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(status_of={1: FAILED, 2: WARNED, 5: FAILED}))
    failed, warned = (len(_answered(moved, study, status)) for status in (FAILED, WARNED))
    completed = len(study.instances()) - failed - warned
    expect_counts(moved.operation.final, completed=completed, failed=failed, warning=warned)


@check(
    "MOVE-112",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-failed-uncounted", "retrieve-remaining-constant"],
)
def test_pending_responses_with_failures(moves: Moves, corpus: Corpus) -> None:
    """Pending responses account for all sub-operations while some of them fail and some warn."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(status_of={1: FAILED, 2: WARNED, 3: FAILED}))
    _answered(moved, study, FAILED)
    expect_pending(moved.operation, len(study.instances()))


@check(
    "MOVE-113",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-cancel-ignored", "retrieve-cancel-status-wrong"],
)
def test_cancel(moves: Moves, corpus: Corpus) -> None:
    """A C-CANCEL ends a move with FE00H before everything was sent."""
    study = corpus.studies[1]
    moves.require(study)
    with moves.receiver.behaving(Behaviour(delay=0.15)):
        moved = moves.move("STUDY", {"StudyInstanceUID": study.uid}, cancel_after=0)
    expect_status(moved.operation.final, 0xFE00, why="as the move was cancelled")
    done = counters(moved.operation.final)
    finished = sum(done[name] or 0 for name in ("completed", "failed", "warning"))
    expect(
        finished < len(study.instances()),
        f"fewer than {len(study.instances())} sub-operations done",
        counts_in_words(moved.operation.final),
        COUNTS,
    )


@check(
    "MOVE-114",
    "PS3.4 C.4.2.3.1",
    SHALL,
    claim="move.study",
    defects=["retrieve-stops-at-failure"],
)
def test_goes_on_after_a_failure(moves: Moves, corpus: Corpus) -> None:
    """After a sub-operation that failed, the others are sent all the same."""
    study = corpus.studies[1]
    moved = _move(moves, study, Behaviour(status_of={1: FAILED}))
    sent, total = len({a.sop_instance_uid for a in moved.arrivals}), len(study.instances())
    expect(sent == total, f"all {total} instances to be sent", f"{sent} were sent", COUNTS)
