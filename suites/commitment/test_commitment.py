"""Storage commitment: the request, the result, and what neither may be (PS3.4 J.3)."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.commitments import (
    ALL_COMMITTED,
    FAILURES_EXIST,
    Commitments,
    Reference,
    Report,
    references_of,
)
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.sopclasses import STORAGE_COMMITMENT
from stepwedge.fixtures.verifiers import expect, expect_no_data_set, expect_status
from stepwedge.synthetic.corpus import Corpus

REFERENCED = "Referenced SOP Sequence (0008,1199)"
FAILED = "Failed SOP Sequence (0008,1198)"
REASON = "Failure Reason (0008,1197)"
EVENT = "Event Type ID (0000,1002)"

NO_SUCH_INSTANCE, CLASS_CONFLICT, DUPLICATE = 0x0112, 0x0119, 0x0131
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def _kept(archive: Archive, corpus: Corpus) -> list[Reference]:
    archive.require_acknowledged(corpus.studies[0])
    return references_of(corpus.studies[0].instances())


def _unknown(corpus: Corpus, number: int = 1) -> Reference:
    return CT, corpus.scope.uid("commitment", "never stored", number)


def _uid(corpus: Corpus, name: str) -> str:
    return corpus.scope.uid("transaction", name)


def _expect_event(report: Report, wanted: int, words: str) -> None:
    seen = f"{report.event_type}"
    expect(report.event_type == wanted, f"event type {wanted} ({words})", seen, EVENT)


@check(
    "COMMIT-001",
    "PS3.4 J.3.2.1.3",
    SHALL,
    claim="commitment",
    defects=["commit-status-wrong"],
)
def test_request_is_taken(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A request for instances that are stored is answered with 0000H."""
    asked = commitments.ask(_uid(corpus, "taken"), _kept(archive, corpus), listen=False)
    expect_status(asked.response, 0x0000)


@check(
    "COMMIT-002",
    "PS3.7 10.3.4.2",
    SHALL,
    claim="commitment",
    defects=["commit-message-id-wrong"],
)
def test_response_names_the_request(
    commitments: Commitments, archive: Archive, corpus: Corpus
) -> None:
    """The N-ACTION-RSP names the Message ID of its request."""
    asked = commitments.ask(_uid(corpus, "names"), _kept(archive, corpus), listen=False)
    answered = asked.response.value("MessageIDBeingRespondedTo")
    field = "Message ID Being Responded To (0000,0120)"
    expect(answered == asked.message_id, f"{asked.message_id}", f"{answered}", field)


@check(
    "COMMIT-003",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-never-reported", "commit-transaction-wrong"],
)
def test_result_is_reported(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """The result is reported, under the Transaction UID of the request."""
    transaction = _uid(corpus, "reported")
    report = commitments.must_report(transaction, _kept(archive, corpus))
    seen = report.transaction
    expect(seen == transaction, transaction, seen or "none", "Transaction UID (0008,1195)")


@check(
    "COMMIT-004",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-event-type-wrong", "commit-reference-missing"],
)
def test_all_are_committed(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """For instances that are stored: event type 1, and every reference in the result."""
    wanted = _kept(archive, corpus)
    report = commitments.must_report(_uid(corpus, "all"), wanted)
    _expect_event(report, ALL_COMMITTED, "successful")
    shown = f"{len(report.committed)} references, {len(report.failed)} failed"
    expect(
        sorted(report.committed) == sorted(wanted) and not report.failed,
        f"the {len(wanted)} references of the request",
        shown,
        REFERENCED,
    )


@check(
    "COMMIT-005",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-unknown-committed", "commit-event-type-wrong"],
)
def test_unknown_instance(commitments: Commitments, corpus: Corpus) -> None:
    """An instance that was never stored is not committed to: event type 2."""
    unknown = _unknown(corpus)
    report = commitments.must_report(_uid(corpus, "unknown"), [unknown])
    _expect_event(report, FAILURES_EXIST, "failures exist")
    expect(
        list(report.failed) == [unknown],
        "the instance among the failed",
        f"{len(report.failed)} failed, {len(report.committed)} committed",
        FAILED,
    )


@check(
    "COMMIT-006",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-reason-missing"],
)
def test_failures_have_reasons(commitments: Commitments, corpus: Corpus) -> None:
    """Every failed reference has a Failure Reason."""
    wanted = [_unknown(corpus, 1), _unknown(corpus, 2)]
    report = commitments.must_report(_uid(corpus, "reasons"), wanted)
    lacking = sum(reason is None for reason in report.failed.values())
    expect(
        bool(report.failed) and not lacking,
        "a Failure Reason for each",
        f"{len(report.failed)} failed references, {lacking} without reason",
        REASON,
    )


@check(
    "COMMIT-007",
    "PS3.3 C.14.1.1",
    QUALITY,
    claim="commitment",
    defects=["commit-reason-wrong"],
)
def test_reason_of_unknown_instance(commitments: Commitments, corpus: Corpus) -> None:
    """The reason for an instance that was never stored is 0112H, no such object instance."""
    unknown = _unknown(corpus)
    report = commitments.must_report(_uid(corpus, "reason"), [unknown])
    reason = report.failed.get(unknown)
    shown = "none" if reason is None else f"{reason:04X}H"
    expect(reason == NO_SUCH_INSTANCE, "0112H", shown, REASON)


@check(
    "COMMIT-008",
    "PS3.3 C.14.1.1",
    SHALL,
    claim="commitment",
    defects=["commit-class-unchecked"],
)
def test_wrong_sop_class(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A stored instance that is referenced under another SOP class is not committed to."""
    (_, uid), *_ = _kept(archive, corpus)
    report = commitments.must_report(_uid(corpus, "class"), [(MR, uid)])
    _expect_event(report, FAILURES_EXIST, "failures exist")
    expect(bool(report.failed), "the reference among the failed", "it is committed to", FAILED)


@check(
    "COMMIT-009",
    "PS3.3 C.14.1.1",
    QUALITY,
    claim="commitment",
    defects=["commit-reason-wrong"],
)
def test_reason_of_wrong_sop_class(
    commitments: Commitments, archive: Archive, corpus: Corpus
) -> None:
    """The reason for a reference under another SOP class is 0119H, class-instance conflict."""
    (_, uid), *_ = _kept(archive, corpus)
    report = commitments.must_report(_uid(corpus, "conflict"), [(MR, uid)])
    reason = report.failed.get((MR, uid))
    shown = "none" if reason is None else f"{reason:04X}H"
    expect(reason == CLASS_CONFLICT, "0119H", shown, REASON)


@check(
    "COMMIT-010",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-reference-missing", "commit-unknown-committed"],
)
def test_some_are_committed(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """Of a mixed request, each reference is either among the committed or among the failed."""
    kept = _kept(archive, corpus)
    unknown = [_unknown(corpus, 1), _unknown(corpus, 2)]
    report = commitments.must_report(_uid(corpus, "mixed"), [unknown[0], *kept, unknown[1]])
    _expect_event(report, FAILURES_EXIST, "failures exist")
    expect(
        sorted(report.committed) == sorted(kept) and sorted(report.failed) == sorted(unknown),
        f"{len(kept)} committed and {len(unknown)} failed",
        f"{len(report.committed)} committed and {len(report.failed)} failed",
        REFERENCED,
    )


@check(
    "COMMIT-011",
    "PS3.3 C.14.1.1",
    QUALITY,
    claim="commitment",
    defects=["commit-duplicate-accepted"],
)
def test_transaction_used_twice(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A second request under a Transaction UID is refused or fails with reason 0131H."""
    kept, transaction = _kept(archive, corpus), _uid(corpus, "twice")
    commitments.must_report(transaction, kept)
    again = commitments.ask(transaction, kept, listen=True)
    if again.response.status == 0 and again.report is not None and again.report.failed:
        reasons = set(again.report.failed.values())
        expect(reasons == {DUPLICATE}, "0131H", f"{reasons}", REASON)
        return
    expect_status(again.response, "failure", why="or a report with reason 0131H")


@check(
    "COMMIT-012",
    "PS3.4 J.3.2.1.1",
    QUALITY,
    claim="commitment",
    defects=["commit-transaction-unchecked"],
)
def test_no_transaction(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A request without Transaction UID is refused."""
    asked = commitments.ask(None, _kept(archive, corpus), listen=False)
    expect_status(asked.response, "failure", why="as the Transaction UID is missing")


@check(
    "COMMIT-013",
    "PS3.4 J.3.2.1.1",
    QUALITY,
    claim="commitment",
    defects=["commit-empty-accepted"],
)
def test_no_references(commitments: Commitments, corpus: Corpus) -> None:
    """A request that references nothing is refused."""
    asked = commitments.ask(_uid(corpus, "empty"), [], listen=False)
    expect_status(asked.response, "failure", why="as nothing is referenced")


@check(
    "COMMIT-014",
    "PS3.7 10.1.4.1.10",
    SHALL,
    claim="commitment",
    defects=["commit-action-unchecked"],
)
def test_unknown_action(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """An action type that the service does not have is refused."""
    kept = _kept(archive, corpus)
    asked = commitments.ask(_uid(corpus, "action"), kept, action=9, listen=False)
    expect_status(asked.response, "failure", why="as there is no action type 9")


@check(
    "COMMIT-015",
    "PS3.4 J.3.2.1.2",
    QUALITY,
    claim="commitment",
    defects=["commit-instance-unchecked"],
)
def test_other_instance(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A request to another SOP instance than the well-known one is refused."""
    kept = _kept(archive, corpus)
    elsewhere = corpus.scope.uid("commitment", "instance")
    asked = commitments.ask(_uid(corpus, "other"), kept, instance=elsewhere, listen=False)
    expect_status(asked.response, "failure", why="as it is not the well-known instance")


@check(
    "COMMIT-016",
    "PS3.4 J.3.3.1.2",
    SHALL,
    claim="commitment",
    defects=["commit-same-association-only"],
)
def test_result_after_release(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """When the request's association is released, the result comes over a new one."""
    kept = _kept(archive, corpus)
    asked = commitments.ask(_uid(corpus, "released"), kept, stay=False)
    expect_status(asked.response, 0x0000)
    commitments.require(asked)


@check(
    "COMMIT-017",
    "PS3.4 J.2.1",
    SHALL,
    claim="commitment",
    defects=["commit-role-missing"],
)
def test_role_of_reporting_association(
    commitments: Commitments, archive: Archive, corpus: Corpus
) -> None:
    """An association that brings a result negotiates the SCP role for its requestor."""
    kept = _kept(archive, corpus)
    seen: list[bytes] = []
    commitments.receiver.on_bytes = lambda direction, data, *_: seen.append(data)
    try:
        asked = commitments.ask(_uid(corpus, "role"), kept, stay=False)
    finally:
        commitments.receiver.on_bytes = None
    expect_status(asked.response, 0x0000)
    commitments.require(asked)
    # PS3.7 D.3.3.4.1: UID length, UID, SCU role, SCP role.
    role = len(STORAGE_COMMITMENT).to_bytes(2, "big") + STORAGE_COMMITMENT.encode()
    bytes_seen = b"".join(seen)
    start = bytes_seen.find(b"\x54\x00" + (len(role) + 2).to_bytes(2, "big") + role)
    scp = bytes_seen[start + 4 + len(role) + 1] if start >= 0 else 0
    expect(
        start >= 0 and scp == 1,
        "a role selection with SCP role 1",
        "no role selection" if start < 0 else f"SCP role {scp}",
        "SCP/SCU Role Selection sub-item (54H)",
    )


@check(
    "COMMIT-018",
    "PS3.2 N.5.2",
    SHALL,
    claim="commitment-same-association",
    defects=["commit-new-association-only"],
)
def test_result_on_same_association(
    commitments: Commitments, archive: Archive, corpus: Corpus
) -> None:
    """While the request's association is open, the result comes over it."""
    report = commitments.must_report(_uid(corpus, "same"), _kept(archive, corpus))
    expect(report.on_same_association, "the request's association", "a new one")


@check(
    "COMMIT-019",
    "PS3.7 10.3.4.2",
    QUALITY,
    claim="commitment",
    defects=["commit-response-announces-data"],
)
def test_response_has_no_data_set(
    commitments: Commitments, archive: Archive, corpus: Corpus
) -> None:
    """The N-ACTION-RSP carries no action reply, for which the service has no use."""
    asked = commitments.ask(_uid(corpus, "reply"), _kept(archive, corpus), listen=False)
    expect_no_data_set(asked.response)


@check(
    "COMMIT-020",
    "PS3.4 J.3.3.1.2",
    QUALITY,
    claim="commitment",
    defects=["commit-reference-missing"],
)
def test_many_references(commitments: Commitments, archive: Archive, corpus: Corpus) -> None:
    """A request with 500 references that are unknown and some that are kept is answered for all."""
    kept = _kept(archive, corpus)
    unknown = [_unknown(corpus, number) for number in range(500)]
    report = commitments.must_report(_uid(corpus, "many"), [*unknown, *kept])
    expect(
        sorted(report.committed) == sorted(kept) and len(report.failed) == len(unknown),
        f"{len(kept)} committed and {len(unknown)} failed",
        f"{len(report.committed)} committed and {len(report.failed)} failed",
        REFERENCED,
    )


@check(
    "COMMIT-021",
    "PS3.4 J.3.3.1.2",
    QUALITY,
    claim="commitment",
    defects=["commit-fresh-refused"],
)
def test_commitment_at_once(commitments: Commitments, deposits: Deposits, corpus: Corpus) -> None:
    """What was acknowledged a moment ago is committed to."""
    deposit = deposits.of(deposits.ct())
    deposits.keep(deposit)
    reference = (deposit.sop_class, deposit.uid)
    report = commitments.must_report(_uid(corpus, "at once"), [reference])
    _expect_event(report, ALL_COMMITTED, "success")
