"""C-GET within what its association has agreed on: roles, contexts, lengths (PS3.4 C.4.3.3)."""

from __future__ import annotations

from pydicom.uid import UID

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.retrievals import (
    GET_MODELS,
    expect_failed_list,
    expect_instances,
    expect_unaltered,
    get,
    getting,
    longest_received,
)
from stepwedge.fixtures.sopclasses import STORAGE_CLASSES, VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_counts, expect_status, expect_success
from stepwedge.synthetic.corpus import Corpus

IMPLICIT = "1.2.840.10008.1.2"
CR = "1.2.840.10008.5.1.4.1.1.1"


@check(
    "GET-120",
    "PS3.7 D.3.3.4",
    SHALL,
    claim="get.study",
    defects=["get-role-unneeded"],
)
def test_role_not_proposed(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """Without the SCP role nothing is sent to us, and the C-GET does not end with success."""
    study = corpus.studies[0]
    archive.require(study)
    kinds = sorted({i.sop_class_uid for i in study.instances()})
    with peer.associate([GET_MODELS["study"], *kinds], label="C-GET without role") as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    came = len(operation.arrivals)
    expect(not came, "no C-STORE, as we did not propose the SCP role", f"{came} came")
    expect_status(operation.final, "warning", "failure", why="as nothing could be sent")


@check(
    "GET-121",
    "PS3.4 C.4.3.3.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-uncounted", "retrieve-some-failed-success"],
)
def test_sop_class_not_proposed(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """What we propose no context for counts as failed; the rest comes."""
    study = corpus.studies[5]
    archive.require(study)
    taken = [i for i in study.instances() if i.sop_class_uid != CR]
    with getting(peer, "study", taken) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    expect_instances(operation.arrivals, taken, "what we proposed contexts for")
    expect_status(operation.final, "warning", why="as some instances could not be sent")
    failed = len(study.instances()) - len(taken)
    expect_counts(operation.final, completed=len(taken), failed=failed)


@check(
    "GET-122",
    "PS3.4 C.4.3.1.3.2",
    SHALL,
    claim="get.study",
    defects=["retrieve-failed-list-missing", "retrieve-failed-list-incomplete"],
)
def test_list_of_sop_class_not_proposed(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """What could not be sent for want of a context is in Failed SOP Instance UID List."""
    study = corpus.studies[5]
    archive.require(study)
    refused = [i for i in study.instances() if i.sop_class_uid == CR]
    taken = [i for i in study.instances() if i.sop_class_uid != CR]
    with getting(peer, "study", taken) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    expect_failed_list(operation.final, refused)


@check(
    "GET-123",
    "PS3.5 10.1",
    SHALL,
    claim="get.study",
    defects=["retrieve-stored-syntax-only"],
)
def test_default_transfer_syntax(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When we propose nothing but Implicit VR Little Endian, everything comes in it."""
    study = corpus.studies[1]
    archive.require(study)
    instances = study.instances()
    with getting(peer, "study", instances, transfer_syntaxes=[IMPLICIT]) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    expect_success(operation)
    expect_instances(operation.arrivals, instances, "the study")
    wanted = {i.sop_instance_uid: i for i in instances}
    for arrival in operation.arrivals:
        syntax = arrival.message.transfer_syntax
        expect(syntax == IMPLICIT, UID(IMPLICIT).name, UID(syntax).name)
        expect_unaltered(arrival, wanted[arrival.sop_instance_uid])


@check(
    "GET-124",
    "PS3.8 D.1",
    SHALL,
    claim="get.study",
    defects=["assoc-max-length-ignored"],
)
def test_maximum_length(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """No PDU that comes is longer than the maximum length that we announced."""
    study = corpus.studies[1]
    archive.require(study)
    for limit in (4096, 16384):
        with getting(peer, "study", study.instances(), max_pdu=limit) as association:
            operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
            longest = longest_received(association)
        expect_success(operation)
        expect(
            longest <= limit,
            f"PDUs of at most {limit} bytes, as announced",
            f"one of {longest}",
            "PDU length",
        )


@check("GET-125", "PS3.8 D.1", SHALL, claim="get.study", defects=["retrieve-one-missing"])
def test_no_maximum_length(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """When we set no maximum length (0), everything comes."""
    study = corpus.studies[1]
    archive.require(study)
    with getting(peer, "study", study.instances(), max_pdu=0) as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    expect_success(operation)
    expect_instances(operation.arrivals, study.instances(), "the study")


@check(
    "GET-126",
    "PS3.7 9.1.3",
    QUALITY,
    claim="get.study",
    defects=["assoc-second-message-ignored"],
)
def test_association_goes_on(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """After a C-GET that failed, the association serves a second one and an echo."""
    study = corpus.studies[0]
    archive.require(study)
    kinds = sorted({i.sop_class_uid for i in study.instances()})
    storage = [Proposed(uid, scu_role=False, scp_role=True) for uid in kinds]
    keys = {"StudyInstanceUID": study.uid}
    with peer.associate([GET_MODELS["study"], VERIFICATION, *storage]) as association:
        get(association, "STUDY", keys, on_store=lambda arrival: 0xA700)
        again = get(association, "STUDY", keys)
        expect_success(again)
        expect_instances(again.arrivals, study.instances(), "the second C-GET")
        expect_success(association.echo())


@check(
    "GET-127",
    "PS3.8 9.3.2.2",
    QUALITY,
    claim="get.study",
    defects=["assoc-few-contexts"],
)
def test_many_storage_contexts(peer: Peer, archive: Archive, corpus: Corpus) -> None:
    """With 127 storage contexts beside its own, a C-GET still works."""
    study = corpus.studies[0]
    archive.require(study)
    kinds = {i.sop_class_uid for i in study.instances()}
    others = sorted(STORAGE_CLASSES - kinds)[: 127 - len(kinds)]
    storage = [Proposed(uid, scu_role=False, scp_role=True) for uid in [*others, *sorted(kinds)]]
    model = GET_MODELS["study"]
    with peer.associate([*storage, model], label="C-GET") as association:
        operation = get(association, "STUDY", {"StudyInstanceUID": study.uid})
    expect_success(operation)
    expect_instances(operation.arrivals, study.instances(), "the study")
