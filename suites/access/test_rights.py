"""AE titles with limited rights: to echo only, to store only.

Who may not do something may be refused when the association is negotiated, by a failure status,
or by an abort; what counts is that nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from stepwedge.fixtures.deposits import EXPLICIT, STORED, Deposit, Deposits
from stepwedge.fixtures.dimse import Message
from stepwedge.fixtures.negotiated import Answer, Proposed
from stepwedge.fixtures.operations import Arrival, Operation
from stepwedge.fixtures.outsiders import Outsiders, expect_nothing_of, expect_turned_away
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import identifier_of
from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.retrievals import GET_MODELS, LAST_ARRIVAL, MOVE_MODELS
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_status, expect_success, family, words
from stepwedge.synthetic.model import Study
from stepwedge.target import Target
from stepwedge.verdicts import Blocked, Deviation

CT = "1.2.840.10008.5.1.4.1.1.2"
STATUS = "Status (0000,0900)"


def _title(target: Target, part: str) -> str:
    title: str | None = getattr(target.access, part)
    if title is None:
        raise Blocked(f"the [access] table names no {part}")
    return title


@check(
    "ACCESS-010",
    "Stepwedge access",
    SHALL,
    claim="access.rights",
    defects=["access-echo-refused"],
)
def test_echo_only_echoes(peer: Peer, target: Target) -> None:
    """An AE title that may only echo may do so."""
    title = _title(target, "echo_only")
    with peer.associate([VERIFICATION], calling_ae=title) as association:
        expect_success(association.echo())


@check(
    "ACCESS-011",
    "Stepwedge access",
    SHALL,
    claim="access.rights",
    defects=["access-echo-only-stores"],
)
def test_echo_only_does_not_store(peer: Peer, target: Target, deposits: Deposits) -> None:
    """What an AE title that may only echo sends is not stored."""
    instance = deposits.ct()
    answer = peer.attempt([Proposed(CT, (EXPLICIT,))], calling_ae=_title(target, "echo_only"))
    _must_not_store(answer, deposits.of(instance))


@check(
    "ACCESS-012",
    "Stepwedge access",
    SHALL,
    claim="access.rights",
    defects=["access-limited-queries"],
)
@pytest.mark.parametrize("part", ["echo_only", "store_only"])
def test_limited_titles_find_nothing(
    peer: Peer, target: Target, outsiders: Outsiders, part: str
) -> None:
    """AE titles that may only echo, or only store, learn nothing by C-FIND."""
    title = _title(target, part)
    outsiders.archive.require(outsiders.shared)
    for model, level in ((STUDY_ROOT_FIND, "STUDY"), (PATIENT_ROOT_FIND, "PATIENT")):
        answer = peer.attempt([model], calling_ae=title)
        association = answer.association
        if association is None:
            _must_be_refused(answer)
            continue
        keys = {"PatientID": outsiders.shared.patient.id}
        operation = _unless_aborted(association.find, model, identifier_of(level, keys))
        if operation is None:
            continue
        association.release()
        expect(not operation.pending, "no match", f"{len(operation.pending)} of them", "Identifier")
        _must_tell_nothing(operation.final, outsiders.shared)


@check(
    "ACCESS-013",
    "Stepwedge access",
    SHALL,
    claim="access.rights",
    defects=["access-limited-retrieves"],
)
@pytest.mark.parametrize("part", ["echo_only", "store_only"])
def test_limited_titles_retrieve_nothing(
    peer: Peer, target: Target, outsiders: Outsiders, receiver: Receiver, part: str
) -> None:
    """AE titles that may only echo, or only store, retrieve nothing by C-MOVE and C-GET."""
    title, study = _title(target, part), outsiders.shared
    outsiders.archive.require(study)
    identifier = identifier_of("STUDY", {"StudyInstanceUID": study.uid})
    mark = receiver.mark()
    move, get = MOVE_MODELS["study"], GET_MODELS["study"]
    answer = peer.attempt([move], calling_ae=title)
    if answer.association is None:
        _must_be_refused(answer)
    else:
        moved = _unless_aborted(answer.association.move, move, identifier, target.receiver.ae_title)
        if moved is not None:
            answer.association.release()
            _must_tell_nothing(moved.final, study)
    kinds = sorted({instance.sop_class_uid for instance in study.instances()})
    storage = [Proposed(kind, scu_role=False, scp_role=True) for kind in kinds]
    answer = peer.attempt([get, *storage], calling_ae=title)
    if answer.association is None or get not in _accepted(answer):
        _must_be_refused(answer)
    else:
        came: list[Arrival] = []

        def take(arrival: Arrival) -> int:
            came.append(arrival)
            return 0

        got = _unless_aborted(answer.association.get, get, identifier, on_store=take)
        expect_nothing_of(came, study, "a study by C-GET")
        if got is not None:
            answer.association.release()
            _must_tell_nothing(got.final, study)
    receiver.wait(1, since=mark, timeout=LAST_ARRIVAL)
    expect_nothing_of(receiver.since(mark), study, "a study by C-MOVE")


@check(
    "ACCESS-014",
    "Stepwedge access",
    SHALL,
    claim="access.rights",
    defects=["access-store-refused"],
)
def test_store_only_stores(peer: Peer, target: Target, deposits: Deposits) -> None:
    """An AE title that may only store may do so."""
    deposit = deposits.of(deposits.ct())
    title = _title(target, "store_only")
    with peer.associate([Proposed(CT, (EXPLICIT,))], calling_ae=title) as association:
        stored = association.store(CT, deposit.uid, deposit.data)
        expect_status(stored.final, *STORED)


@check(
    "ACCESS-015",
    "Stepwedge access",
    SHALL,
    claim="access.role",
    defects=["access-physician-stores"],
)
def test_physician_does_not_store(outsiders: Outsiders, deposits: Deposits) -> None:
    """What a physician from outside sends is not stored."""
    answer = outsiders.attempt(outsiders.identity(), [Proposed(CT, (EXPLICIT,))])
    _must_not_store(answer, deposits.of(deposits.ct()))


@check(
    "ACCESS-016",
    "Stepwedge access",
    SHALL,
    claim="access.role",
    defects=["access-role-unchecked"],
)
@pytest.mark.parametrize("way", ["move", "get"])
def test_clerk_does_not_retrieve(outsiders: Outsiders, way: str) -> None:
    """Who may query and not retrieve finds what was released to them, and gets nothing of it."""
    study = outsiders.shared
    outsiders.prepare()
    outsiders.release("clerk", study)
    keys = {"StudyInstanceUID": study.uid}
    found = outsiders.find("clerk", "STUDY", keys)
    expect(len(found.pending) == 1, "the study to be found", f"{len(found.pending)}", "Identifier")
    try:
        if way == "move":
            expect_nothing_of(outsiders.move("clerk", "STUDY", keys).arrivals, study, "the study")
        else:
            expect_nothing_of(outsiders.get("clerk", "STUDY", keys).arrivals, study, "the study")
    except Deviation as deviation:
        if deviation.field in ("Result (A-ASSOCIATE)", "Result/Reason"):
            return  # not even the context was accepted
        raise


def _accepted(answer: Answer) -> set[str]:
    return {one.abstract_syntax for one in answer.contexts if one.result == 0}


def _must_be_refused(answer: Answer) -> None:
    """No association, or one in which the context is not accepted."""
    if answer.kind != "accepted":
        expect_turned_away(answer, "the service is not allowed")


def _must_not_store(answer: Answer, deposit: Deposit) -> None:
    association = answer.association
    if association is None:
        _must_be_refused(answer)
        return
    operation = _unless_aborted(association.store, CT, deposit.uid, deposit.data)
    if operation is None:
        return
    final = operation.final
    association.release()
    status = final.status
    expect(
        status is not None and family(status) == "failure",
        "a failure status: storing is not allowed",
        words(final),
        STATUS,
    )


def _unless_aborted(ask: Callable[..., Operation], *words: Any, **more: Any) -> Operation | None:
    """What a request came to; None when the target has aborted the association instead."""
    try:
        return ask(*words, **more)
    except Deviation as deviation:
        if deviation.field == "A-ABORT":
            return None
        raise


def _must_tell_nothing(final: Message, study: Study) -> None:
    """A final response with neither counts above zero nor a word about the patient."""
    said = str(final.value("ErrorComment") or "")
    secrets = [study.uid, study.patient.id, study.patient.name, study.accession_number]
    told = [secret for secret in secrets if secret and secret in said]
    expect(not told, "an Error Comment without anything about a patient", repr(said), STATUS)
    for count in ("NumberOfCompletedSuboperations", "NumberOfFailedSuboperations"):
        number = final.value(count) or 0
        expect(number == 0, f"{count} 0 or absent", str(number), count)
