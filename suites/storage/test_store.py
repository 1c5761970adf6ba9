"""C-STORE of every modality, and what its response says (PS3.4 Annex B, PS3.7 9.1.1)."""

from __future__ import annotations

from dataclasses import replace

from pydicom import Dataset

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.archive import Archive, Stored
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.deposits import Deposits
from stepwedge.fixtures.verifiers import (
    STATUS,
    expect,
    expect_no_data_set,
    expect_response_fields,
    expect_status,
    status_of,
)
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Study
from stepwedge.verdicts import Blocked, Deviation

CR = "1.2.840.10008.5.1.4.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
MR = "1.2.840.10008.5.1.4.1.1.4"


def studies_of(corpus: Corpus, sop_class: str) -> list[Study]:
    """The studies that hold instances of one SOP class."""
    return [s for s in corpus.studies if any(i.sop_class_uid == sop_class for i in s.instances())]


def _expect_stored(archive: Archive, recorder: Recorder, corpus: Corpus, sop_class: str) -> None:
    for study in studies_of(corpus, sop_class):
        for stored in archive.of(study):
            if stored.instance.sop_class_uid == sop_class:
                _judge(stored, recorder)


def _judge(stored: Stored, recorder: Recorder) -> None:
    if stored.conversation is not None:
        recorder.begin(stored.conversation)
    if stored.deviation is not None:
        raise stored.deviation
    assert stored.operation is not None
    # B.2.3: success, or a warning by which the instance is stored all the same.
    expect_status(stored.operation.final, 0x0000, 0xB000, 0xB006, 0xB007)


@check("STORE-001", "PS3.4 B.2.2", SHALL, claim="storage.ct", defects=["store-ct-refused"])
def test_ct(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """CT images are accepted and stored."""
    _expect_stored(archive, recorder, corpus, CT)


@check("STORE-002", "PS3.4 B.2.2", SHALL, claim="storage.mr", defects=["store-mr-refused"])
def test_mr(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """MR images are accepted and stored."""
    _expect_stored(archive, recorder, corpus, MR)


@check("STORE-003", "PS3.4 B.2.2", SHALL, claim="storage.cr", defects=["store-cr-refused"])
def test_cr(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """Computed radiography images are accepted and stored."""
    _expect_stored(archive, recorder, corpus, CR)


@check(
    "STORE-004",
    "PS3.4 B.2.2",
    SHALL,
    claim="storage.us-multiframe",
    defects=["store-us-refused"],
)
def test_us_multiframe(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """Ultrasound multi-frame images are accepted and stored."""
    _expect_stored(archive, recorder, corpus, US_MULTIFRAME)


def _one_store(archive: Archive, recorder: Recorder, corpus: Corpus) -> Stored:
    """An instance that was stored, with its conversation as evidence."""
    for study in corpus.studies:
        for stored in archive.of(study):
            if stored.operation is not None and stored.conversation is not None:
                recorder.begin(stored.conversation)
                return stored
    raise Blocked("no C-STORE was answered")


def _judge_answers(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """Fails when an answer to a C-STORE was none."""
    for one in archive.of(corpus.studies[0]):
        if one.deviation is not None:
            _judge(one, recorder)


@check("STORE-010", "PS3.7 9.3.1.2", SHALL, claim="storage", defects=["store-message-id-wrong"])
def test_response_names_the_request(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """A C-STORE-RSP names the Message ID and SOP class of its request."""
    _judge_answers(archive, recorder, corpus)  # who answers another message answers nobody
    stored = _one_store(archive, recorder, corpus)
    assert stored.operation is not None
    expect_response_fields(stored.operation)


@check("STORE-011", "PS3.7 9.3.1.2", SHALL, claim="storage", defects=["store-sop-instance-wrong"])
def test_response_names_the_instance(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """An Affected SOP Instance UID in a C-STORE-RSP is that of the request."""
    stored = _one_store(archive, recorder, corpus)
    assert stored.operation is not None
    uid = stored.operation.final.value("AffectedSOPInstanceUID")
    expect(
        uid in (None, "", stored.instance.sop_instance_uid),
        f"{stored.instance.sop_instance_uid}, or none",
        str(uid),
        "Affected SOP Instance UID (0000,1000)",
    )


@check("STORE-012", "PS3.7 9.3.1.2", SHALL, claim="storage", defects=["store-data-set-type-wrong"])
def test_response_has_no_data_set(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """A C-STORE-RSP says that no data set follows (0101H)."""
    _judge_answers(archive, recorder, corpus)  # who waits for the announced data set hears nothing
    stored = _one_store(archive, recorder, corpus)
    assert stored.operation is not None
    expect_no_data_set(stored.operation.final)


@check(
    "STORE-013", "PS3.4 Table B.2-1", SHALL, claim="storage", defects=["store-status-outside-table"]
)
def test_status_is_of_the_table(archive: Archive, recorder: Recorder, corpus: Corpus) -> None:
    """Every status of a C-STORE-RSP is one that the Storage Service Class or DIMSE defines."""
    for study in corpus.studies:
        for stored in archive.of(study):
            if stored.operation is None:
                continue
            status = status_of(stored.operation.final)
            known = (
                status in (0x0000, 0xB000, 0xB006, 0xB007, 0x0117, 0x0122, 0x0124, 0x0210)
                or status in (0x0211, 0x0212)
                or status >> 8 in (0xA7, 0xA9)
                or status >> 12 == 0xC
            )
            if not known and stored.conversation is not None:
                recorder.begin(stored.conversation)
            expect(
                known,
                "0000H, A7xxH, A9xxH, CxxxH, B000H, B006H, B007H, or a refusal of PS3.7 9.1.1.1.9",
                f"{status:04X}H",
                STATUS,
            )


@check(
    "STORE-020",
    "PS3.4 B.2.3",
    SHALL,
    claim="storage.ct",
    defects=["store-uid-mismatch-accepted"],
)
def test_instance_uid_mismatch(deposits: Deposits, corpus: Corpus) -> None:
    """An instance whose data set has another SOP Instance UID than the command is refused."""
    deposit = deposits.of(deposits.ct())
    (operation,) = deposits.send(replace(deposit, uid=corpus.scope.uid("mismatch", "instance")))
    _expect_refusal(status_of(operation.final), "SOP Instance UID")


@check(
    "STORE-021",
    "PS3.4 Table B.2-1",
    SHALL,
    claim="storage.ct",
    defects=["store-class-mismatch-accepted"],
)
def test_sop_class_mismatch(deposits: Deposits) -> None:
    """An instance whose data set has another SOP class than the command is refused or warned of."""

    def change(dataset: Dataset) -> None:
        dataset.SOPClassUID = MR

    (operation,) = deposits.send(deposits.of(deposits.ct(), change))
    status = status_of(operation.final)
    if status != 0xB007:
        _expect_refusal(status, "SOP Class UID")


def _expect_refusal(status: int, field: str) -> None:
    if status >> 8 != 0xA9 and status >> 12 != 0xC:
        raise Deviation("A9xxH or CxxxH, as command and data set disagree", f"{status:04X}H", field)
