"""C-GET: sub-operations that fail or warn, counted in every response (PS3.4 C.4.3.3)."""

from __future__ import annotations

from collections.abc import Mapping

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.operations import Arrival, Operation
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import (
    COUNTS,
    expect_failed_list,
    expect_pending,
    get,
    getting,
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


class Answers:
    """Answers the nth sub-operation (from 1) with the status given for it, others with 0000H."""

    def __init__(self, statuses: Mapping[int, int], otherwise: int = 0) -> None:
        self._statuses = statuses
        self._otherwise = otherwise
        self.given: dict[str, int] = {}

    def __call__(self, arrival: Arrival) -> int:
        status = self._statuses.get(len(self.given) + 1, self._otherwise)
        self.given[arrival.sop_instance_uid] = status
        return status

    def of(self, study: Study, status: int) -> list[Instance]:
        """The instances that were answered so.  Raises Blocked unless all were sent."""
        instances = study.instances()
        if len(self.given) != len(instances):
            raise Blocked(
                f"{len(self.given)} of {len(instances)} instances were sent, so that the counts "
                "cannot be held against what we answered"
            )
        return [i for i in instances if self.given[i.sop_instance_uid] == status]


def _get(peer: Peer, archive: Archive, study: Study, answers: Answers | None = None) -> Operation:
    archive.require(study)
    with getting(peer, "study", study.instances()) as association:
        return get(
            association, "STUDY", {"StudyInstanceUID": study.uid}, on_store=answers or Answers({})
        )


@check(
    "GET-101",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-pending-status-wrong", "retrieve-remaining-constant"],
)
def test_pending_responses(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Pending responses are FF00H, account for all sub-operations, and never go back."""
    study = corpus.studies[1]
    operation = _get(peer, archive, study)
    remaining = counters(operation.final)["remaining"]
    shown = counts_in_words(operation.final)
    expect(not remaining, "a final response when nothing remains", shown, COUNTS)
    expect_pending(operation, len(study.instances()))


@check(
    "GET-102",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-final-missing", "retrieve-counts-missing", "retrieve-counts-wrong"],
)
def test_final_counts(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """The final response counts as completed what we have acknowledged."""
    operation = _get(peer, archive, corpus.studies[0])
    expect_success(operation)
    expect_counts(operation.final, completed=len(operation.arrivals))


@check(
    "GET-103",
    "PS3.4 C.4.3.1.3.2",
    SHALL,
    claim="get.study",
    defects=["retrieve-final-with-identifier"],
)
def test_success_has_no_failed_list(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When nothing failed, the final response has no identifier."""
    operation = _get(peer, archive, corpus.studies[2])
    expect_success(operation)
    expect_no_data_set(operation.final)


@check(
    "GET-104",
    "PS3.4 C.4.3.1.3.2",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_of_failed_instances(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Failed SOP Instance UID List names exactly what we failed."""
    study = corpus.studies[1]
    answers = Answers({2: FAILED, 4: FAILED})
    operation = _get(peer, archive, study, answers)
    expect_failed_list(operation.final, answers.of(study, FAILED))


@check(
    "GET-105",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-all-failed-success"],
)
def test_all_fail(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When we fail every sub-operation, the C-GET fails."""
    operation = _get(peer, archive, corpus.studies[0], Answers({}, FAILED))
    expect_status(operation.final, "failure", why="as all sub-operations failed")
    shown = counts_in_words(operation.final)
    expect(not counters(operation.final)["completed"], "no completed sub-operation", shown, COUNTS)


@check(
    "GET-106",
    "PS3.4 C.4.3.1.3.2",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_when_all_fail(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When every sub-operation failed, Failed SOP Instance UID List names them all."""
    study = corpus.studies[0]
    answers = Answers({}, FAILED)
    operation = _get(peer, archive, study, answers)
    expect_failed_list(operation.final, answers.of(study, FAILED))


@check(
    "GET-107",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-warnings-as-completed"],
)
def test_warnings_are_counted(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Sub-operations that we answered with a warning are counted as such."""
    study = corpus.studies[1]
    answers = Answers({3: WARNED, 6: WARNED})
    operation = _get(peer, archive, study, answers)
    warned = len(answers.of(study, WARNED))
    completed = len(study.instances()) - warned
    expect_counts(operation.final, completed=completed, warning=warned)


@check(
    "GET-108", "PS3.4 C.4.3.3.1", SHALL, claim="get.study", defects=["retrieve-warnings-succeed"]
)
def test_warnings_are_said(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When a sub-operation ended with a warning, the final status is Warning."""
    study = corpus.studies[1]
    answers = Answers({3: WARNED})
    operation = _get(peer, archive, study, answers)
    answers.of(study, WARNED)
    expect_status(operation.final, "warning", why="as a sub-operation had a warning")


@check(
    "GET-109",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-warnings-as-completed", "retrieve-failed-uncounted"],
)
def test_failures_and_warnings(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Failures and warnings in one C-GET are counted apart from each other."""
    study = corpus.studies[1]
    answers = Answers({1: FAILED, 2: WARNED, 5: FAILED})
    operation = _get(peer, archive, study, answers)
    failed, warned = (len(answers.of(study, status)) for status in (FAILED, WARNED))
    completed = len(study.instances()) - failed - warned
    expect_counts(operation.final, completed=completed, failed=failed, warning=warned)


@check(
    "GET-110",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-uncounted", "retrieve-remaining-constant"],
)
def test_pending_responses_with_failures(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Pending responses account for all sub-operations while some of them fail and some warn."""
    study = corpus.studies[1]
    answers = Answers({1: FAILED, 2: WARNED, 3: FAILED})
    operation = _get(peer, archive, study, answers)
    answers.of(study, FAILED)
    expect_pending(operation, len(study.instances()))


@check(
    "GET-111",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-cancel-ignored", "retrieve-cancel-status-wrong"],
)
def test_cancel(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """A C-CANCEL ends a C-GET with FE00H before everything was sent."""
    study = corpus.studies[1]
    archive.require(study)
    with getting(peer, "study", study.instances()) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid}, cancel_after=1)
    expect_status(operation.final, 0xFE00, why="as the C-GET was cancelled")
    total, came = len(study.instances()), len(operation.arrivals)
    expect(came < total, f"fewer than {total} instances", f"{came} came")


@check(
    "GET-112",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-stops-at-failure"],
)
def test_goes_on_after_a_failure(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """After a sub-operation that failed, the others are sent all the same."""
    study = corpus.studies[1]
    operation = _get(peer, archive, study, Answers({1: FAILED}))
    sent = len({a.sop_instance_uid for a in operation.arrivals})
    total = len(study.instances())
    expect(sent == total, f"all {total} instances to be sent", f"{sent} were sent", COUNTS)
