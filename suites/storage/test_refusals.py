"""What must not be stored, and how that is said (PS3.4 B.2.3, Table B.2-1)."""

from __future__ import annotations

from dataclasses import replace

from pydicom import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.deposits import STORED, Change, Deposits
from stepwedge.fixtures.dimse import DATA_SET, Field, command_set
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.operations import Operation
from stepwedge.fixtures.verifiers import STATUS, expect, expect_status, status_of, words
from stepwedge.verdicts import Blocked, Deviation

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def _without(keyword: str) -> Change:
    def change(dataset: Dataset) -> None:
        delattr(dataset, keyword)

    return change


def _spoiled(deposits: Deposits, keyword: str) -> Operation:
    (operation,) = deposits.send(deposits.of(deposits.ct(), _without(keyword)))
    return operation


def _expect_refused(operation: Operation, why: str) -> None:
    """A failure of the service: A9xx or Cxxx, or any other status that says it is not stored."""
    expect_status(operation.final, "failure", why=why)


@check(
    "STORE-140", "PS3.4 B.2.3", QUALITY, claim="storage.ct", defects=["store-missing-uid-accepted"]
)
def test_no_study_uid(deposits: Deposits) -> None:
    """A data set without Study Instance UID is refused."""
    _expect_refused(_spoiled(deposits, "StudyInstanceUID"), "as Study Instance UID is missing")


@check(
    "STORE-141", "PS3.4 B.2.3", QUALITY, claim="storage.ct", defects=["store-missing-uid-accepted"]
)
def test_no_series_uid(deposits: Deposits) -> None:
    """A data set without Series Instance UID is refused."""
    _expect_refused(_spoiled(deposits, "SeriesInstanceUID"), "as Series Instance UID is missing")


@check(
    "STORE-142", "PS3.4 B.2.3", QUALITY, claim="storage.ct", defects=["store-uid-mismatch-accepted"]
)
def test_no_instance_uid(deposits: Deposits) -> None:
    """A data set without SOP Instance UID is refused."""
    _expect_refused(_spoiled(deposits, "SOPInstanceUID"), "as SOP Instance UID is missing")


@check(
    "STORE-143",
    "PS3.4 Table B.2-1",
    QUALITY,
    claim="storage.ct",
    defects=["store-garbage-accepted"],
)
def test_broken_off_data_set(deposits: Deposits) -> None:
    """A data set that ends within an element is not acknowledged; an abort is a way to say so."""
    good = deposits.of(deposits.ct())
    # A SOP Class UID of 240 bytes is announced, and nothing follows.
    data = b"\x08\0\x05\0CS\x0a\0ISO_IR 100\x08\0\x16\0UI\xf0\0"
    bad = replace(good, data=data)
    try:
        (operation,) = deposits.send(bad)
    except Deviation as ending:
        if "nothing" in ending.observed:
            raise
        return
    status = status_of(operation.final)
    expect(status not in STORED, "a failure status or an abort", words(operation.final), STATUS)


@check("STORE-144", "PS3.4 B.2.3", SHALL, claim="storage.ct", defects=["store-refused-kept"])
def test_refused_is_not_kept(deposits: Deposits) -> None:
    """An instance that was refused is not found."""
    instance = deposits.ct()

    def rename(dataset: Dataset) -> None:
        dataset.SOPInstanceUID = f"{instance.sop_instance_uid[:50]}.9"

    deposit = deposits.of(instance, rename)
    (operation,) = deposits.send(deposit)
    if status_of(operation.final) in STORED:
        return  # another check judges that it was taken
    seen = deposits.found(deposit)
    expect(not seen, "no trace of what was refused", f"{len(seen)} instances found", "Identifier")


@check("STORE-145", "PS3.4 B.2.3", QUALITY, claim="storage.ct", defects=["store-refusal-aborts"])
def test_association_goes_on(deposits: Deposits) -> None:
    """After a refusal the association takes the next instance."""
    instance, good = deposits.ct(), deposits.of(deposits.ct())

    def rename(dataset: Dataset) -> None:
        dataset.SOPInstanceUID = f"{instance.sop_instance_uid[:50]}.9"

    operations = deposits.send(deposits.of(instance, rename), good)
    expect_status(operations[-1].final, *STORED)


@check(
    "STORE-146",
    "PS3.4 Table B.2-1",
    SHALL,
    claim="error-comments.storage",
    defects=["store-failure-without-comment"],
)
def test_failure_has_comment(deposits: Deposits) -> None:
    """A refused C-STORE says why, in Error Comment."""
    operation = _spoiled(deposits, "StudyInstanceUID")
    if status_of(operation.final) in STORED:
        raise Blocked("an instance without Study Instance UID is not refused")
    comment = operation.final.value("ErrorComment")
    expect(bool(comment), "an Error Comment", "none", "Error Comment (0000,0902)")


@check(
    "STORE-147",
    "PS3.7 9.1.1.1.9",
    QUALITY,
    claim="storage.ct",
    defects=["store-context-unchecked"],
)
def test_sop_class_of_another_context(deposits: Deposits) -> None:
    """A C-STORE whose SOP class is not that of its presentation context is not acknowledged."""
    deposit = deposits.of(deposits.ct())
    contexts = [Proposed(MR, (deposit.syntax,))]
    with deposits.peer.associate(contexts, label="a store on a wrong context") as association:
        context = association.context(MR)
        command = command_set(
            Field.C_STORE_RQ,
            AffectedSOPClassUID=CT,
            MessageID=association.message_id(),
            Priority=0,
            CommandDataSetType=DATA_SET,
            AffectedSOPInstanceUID=deposit.uid,
        )
        association.send(context.context_id, command, deposit.data)
        try:
            response = association.receive(awaited="a C-STORE-RSP or an abort")
        except Deviation as ending:
            if "nothing" in ending.observed:
                raise
            return
    status = status_of(response)
    expect(status not in STORED, "a failure status or an abort", words(response), STATUS)


@check(
    "STORE-148",
    "PS3.7 9.3.1.2",
    QUALITY,
    claim="storage.ct",
    defects=["store-no-data-set-accepted"],
)
def test_no_data_set(deposits: Deposits) -> None:
    """A C-STORE request that announces no data set is not acknowledged."""
    deposit = deposits.of(deposits.ct())
    contexts = [Proposed(deposit.sop_class, (deposit.syntax,))]
    with deposits.peer.associate(contexts, label="a store without data set") as association:
        command = command_set(
            Field.C_STORE_RQ,
            AffectedSOPClassUID=deposit.sop_class,
            MessageID=association.message_id(),
            Priority=0,
            AffectedSOPInstanceUID=deposit.uid,
        )
        association.send(association.context(deposit.sop_class).context_id, command)
        try:
            response = association.receive(awaited="a C-STORE-RSP or an abort")
        except Deviation as ending:
            if "nothing" in ending.observed:
                raise
            return
    status = status_of(response)
    expect(status not in STORED, "a failure status or an abort", words(response), STATUS)
