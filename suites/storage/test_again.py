"""The same instance again, and many at once: what order and repetition must not change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pydicom import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.deposits import STORED, Deposit, Deposits
from stepwedge.fixtures.dimse import decode
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.verifiers import differences, expect, expect_same_content, expect_status
from stepwedge.verdicts import Blocked


def _series(deposits: Deposits, count: int) -> list[Deposit]:
    study = deposits.study("CT", instances=count)
    return [deposits.of(instance) for instance in study.instances()]


@check("STORE-120", "PS3.4 B.4.1", SHALL, claim="full-storage", defects=["store-alters-attribute"])
def test_sent_twice_unchanged(deposits: Deposits) -> None:
    """An instance that is sent twice, unchanged, is still what it was."""
    deposit = deposits.of(deposits.ct())
    deposits.keep(deposit)
    deposits.send(deposit)
    got = deposits.fetch(deposit)
    expect_same_content(decode(deposit.data, deposit.syntax), got, "the image")


@check(
    "STORE-121",
    "PS3.4 B.2.2",
    QUALITY,
    claim="storage.ct",
    defects=["store-resend-mixed"],
)
def test_sent_twice_changed(deposits: Deposits) -> None:
    """An instance that is sent again with other content is the first or the second, not a mixture.

    Whether the second replaces the first, is ignored or refused is the server's to declare.
    """
    instance = deposits.ct()

    def change(dataset: Dataset) -> None:
        dataset.SeriesDescription = "SENT AGAIN"
        dataset.PixelData = bytes(len(dataset.PixelData))

    first, second = deposits.of(instance), deposits.of(instance, change)
    deposits.keep(first)
    deposits.send(second)
    got = deposits.fetch(first)
    unlike = [len(list(differences(decode(one.data, one.syntax), got))) for one in (first, second)]
    expect(
        0 in unlike,
        "what was sent first, or what was sent second",
        f"{unlike[0]} differences from the first and {unlike[1]} from the second",
        "Data Set",
    )


@check(
    "STORE-122",
    "PS3.4 B.2.2",
    QUALITY,
    claim="storage.ct",
    defects=["store-duplicates-on-resend"],
)
def test_changed_instance_is_found_once(deposits: Deposits) -> None:
    """An instance that is sent again with other content is not found twice."""
    instance = deposits.ct()

    def change(dataset: Dataset) -> None:
        dataset.SeriesDescription = "SENT AGAIN"

    first, second = deposits.of(instance), deposits.of(instance, change)
    deposits.keep(first)
    deposits.send(second)
    deposits.expect_found(first, first)


@check("STORE-123", "PS3.4 B.4", SHALL, claim="storage.ct", defects=["store-later-number-lost"])
def test_reverse_order(deposits: Deposits) -> None:
    """A series that is sent from the last image to the first is all there."""
    series = _series(deposits, 5)
    deposits.keep(*reversed(series))
    deposits.expect_found(series[0], *series)


@check(
    "STORE-124",
    "PS3.4 B.4",
    SHALL,
    claim="storage.ct",
    defects=["store-second-association-lost"],
)
def test_series_over_several_associations(deposits: Deposits) -> None:
    """A series whose images come over associations of their own is all there."""
    series = _series(deposits, 4)
    for one in series:
        deposits.keep(one)
    deposits.expect_found(series[0], *series)


@check("STORE-125", "PS3.4 B.2.2", QUALITY, claim="storage.ct", defects=["store-concurrent-lost"])
def test_series_over_parallel_associations(deposits: Deposits) -> None:
    """Of a series that comes over four associations at once, nothing acknowledged is lost.

    A server may refuse what it cannot take at the moment; that says nothing against it.
    """
    series = _series(deposits, 12)
    with ThreadPoolExecutor(4) as pool:
        jobs = [(series[at::4], pool.submit(deposits.send, *series[at::4])) for at in range(4)]
        kept = [
            one
            for sent, job in jobs
            for one, operation in zip(sent, job.result(), strict=True)
            if operation.final.status in STORED
        ]
    if not kept:
        raise Blocked("none of the instances was acknowledged")
    deposits.expect_found(series[0], *kept)


@check("STORE-126", "PS3.4 B.2.2", QUALITY, claim="storage.ct", defects=["store-visible-late"])
def test_visible_while_association_is_open(deposits: Deposits) -> None:
    """What was acknowledged is found while the association that brought it is still open."""
    deposit = deposits.of(deposits.ct())
    contexts = [Proposed(deposit.sop_class, (deposit.syntax,))]
    with deposits.peer.associate(contexts, label="a store") as association:
        operation = association.store(deposit.sop_class, deposit.uid, deposit.data, deposit.syntax)
        expect_status(operation.final, *STORED)
        deposits.expect_found(deposit, deposit)


@check("STORE-127", "PS3.4 B.2.3", QUALITY, claim="storage.ct", defects=["store-warns-always"])
def test_warning_means_something(deposits: Deposits) -> None:
    """Coercion (B000H) is only said when what was stored differs from what was sent."""
    deposit = deposits.of(deposits.ct())
    (operation,) = deposits.send(deposit)
    if operation.final.status != 0xB000:
        expect_status(operation.final, *STORED)
        return
    got = deposits.fetch(deposit)
    changed = list(differences(decode(deposit.data, deposit.syntax), got))
    expect(bool(changed), "0000H, or something coerced", "B000H, and nothing differs")


@check("STORE-128", "PS3.4 B.2.2", SHALL, claim="storage.ct", defects=["store-priority-refused"])
def test_any_priority(deposits: Deposits) -> None:
    """Instances of low, medium and high priority are stored alike."""
    series = _series(deposits, 3)
    contexts = [Proposed(series[0].sop_class, (series[0].syntax,))]
    with deposits.peer.associate(contexts, label="stores of any priority") as association:
        for priority, one in enumerate(series):
            operation = association.store(
                one.sop_class, one.uid, one.data, one.syntax, priority=priority
            )
            expect_status(operation.final, *STORED)
    if not deposits.peer.target.is_claimed("find.study"):
        raise Blocked("what was stored cannot be asked for: find.study is not claimed")
    deposits.expect_found(series[0], *series)
