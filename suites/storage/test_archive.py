"""What becomes of stored instances: found again, once, and never half (PS3.4 Annex B)."""

from __future__ import annotations

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.archive import Archive
from stepwedge.fixtures.dimse import DATA_SET, Field, command_set, encode, encode_command, fragments
from stepwedge.fixtures.negotiated import Proposed
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect, expect_status, expect_success, uids
from stepwedge.synthetic.corpus import Corpus


@check(
    "STORE-030",
    "PS3.4 B.2.2",
    SHALL,
    claim="storage",
    defects=["store-not-kept"],
)
def test_everything_is_found(archive: Archive, study_root: Queries, corpus: Corpus) -> None:
    """Every instance that was acknowledged is found again by its SOP Instance UID."""
    archive.require_acknowledged()
    hidden = archive.hidden()
    expect(not hidden, "all studies to be found", f"{len(hidden)} are not, first {hidden[:1]}")
    with study_root.asking() as association:
        for series in corpus.series:
            study_root.check(
                "IMAGE",
                {"StudyInstanceUID": series.study.uid, "SeriesInstanceUID": series.uid},
                association=association,
            )


@check(
    "STORE-031",
    "PS3.4 B.2.2",
    QUALITY,
    claim="storage.ct",
    defects=["store-duplicates-on-resend"],
)
def test_same_instance_twice(
    peer: Peer, archive: Archive, study_root: Queries, corpus: Corpus
) -> None:
    """An instance that is sent again, unchanged, is not there twice."""
    archive.require(corpus.studies[0])
    series = corpus.studies[0].series[0]
    instance = series.instances[0]
    syntax = instance.transfer_syntax
    with peer.associate([Proposed(instance.sop_class_uid, (syntax,))]) as association:
        operation = association.store(
            instance.sop_class_uid, instance.sop_instance_uid, instance.encoded(), syntax
        )
    expect_status(operation.final, 0x0000, "warning", "failure")
    keys = {"StudyInstanceUID": series.study.uid, "SeriesInstanceUID": series.uid}
    found = study_root.ask("IMAGE", keys)
    expect_success(found)
    seen = uids(found.matches, "SOPInstanceUID")
    expect(
        seen.count(instance.sop_instance_uid) == 1,
        "the instance once among the images of its series",
        f"{seen.count(instance.sop_instance_uid)} times",
        "Identifier",
    )


@check("STORE-032", "PS3.8 E.1", SHALL, claim="storage.ct", defects=["store-aborted-visible"])
def test_aborted_store_leaves_nothing(
    peer: Peer, archive: Archive, study_root: Queries, corpus: Corpus
) -> None:
    """An instance whose data set was cut off by an abort is not in the archive."""
    archive.require(corpus.studies[0])
    series = corpus.studies[0].series[0]
    instance = series.instances[0]
    dataset = instance.build()
    uid = corpus.scope.uid("aborted")
    dataset.SOPInstanceUID = uid
    data = encode(dataset, instance.transfer_syntax)
    proposed = Proposed(instance.sop_class_uid, (instance.transfer_syntax,))
    answer = peer.attempt([proposed], label="a store that is aborted")
    expect(answer.association is not None, "the association to be accepted", answer.words)
    association = answer.association
    assert association is not None
    context = association.context(instance.sop_class_uid)
    command = command_set(
        Field.C_STORE_RQ,
        AffectedSOPClassUID=instance.sop_class_uid,
        MessageID=1,
        Priority=0,
        CommandDataSetType=DATA_SET,
        AffectedSOPInstanceUID=uid,
    )
    values = fragments(context.context_id, encode_command(command), data, 1024)
    for value in values[:-1]:
        association.send_values([value])
    association.abort()
    keys = {"StudyInstanceUID": series.study.uid, "SeriesInstanceUID": series.uid}
    found = uids(study_root.ask("IMAGE", keys).matches, "SOPInstanceUID")
    expect(uid not in found, "no trace of the aborted instance", "it is found", "Identifier")
