"""What extended negotiation of C-FIND agrees on (PS3.4 C.5.1.1), where the target claims it."""

from __future__ import annotations

from typing import Any

from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.queries import Queries
from stepwedge.fixtures.verifiers import expect, expect_success, uids
from stepwedge.synthetic.corpus import UNIQUE_KEY, Corpus


def _negotiated(queries: Queries, level: str, keys: dict[str, Any], fields: bytes) -> list[str]:
    """The unique keys that are found over an association that asks for `fields`, all agreed on."""
    from stepwedge.fixtures.queries import identifier_of

    queries.archive.require()
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = queries.model
    item.service_class_application_information = fields
    with queries.peer.associate([queries.model], items=[item], label="C-FIND") as association:
        agreed = {str(k): v for k, v in association.peer.sop_class_extended.items()}
        said = agreed.get(queries.model, b"")
        granted = all(a == 0 or (n < len(said) and said[n] == 1) for n, a in enumerate(fields))
        shown = said.hex(" ") or "nothing"
        expect(granted, f"fields {fields.hex(' ')} to be accepted", shown, "Extended Negotiation")
        operation = association.find(queries.model, identifier_of(level, keys))
    expect_success(operation)
    return uids(operation.matches, UNIQUE_KEY[level])


@check(
    "FIND-190",
    "PS3.4 C.4.1.3.2.1",
    SHALL,
    claim="extended.relational",
    defects=["find-relational-never"],
)
def test_relational_series(study_root: Queries, corpus: Corpus) -> None:
    """With relational queries agreed on, series are found without naming their study."""
    series = corpus.studies[1].series
    keys = {"SeriesInstanceUID": "\\".join(one.uid for one in series)}
    problem = corpus.matching("SERIES", keys).problem(
        _negotiated(study_root, "SERIES", keys, b"\x01")
    )
    expect(not problem, "exactly the series named", problem, "Identifier")


@check(
    "FIND-191",
    "PS3.4 C.4.1.3.2.1",
    SHALL,
    claim="extended.relational",
    defects=["find-relational-never"],
)
def test_relational_image(study_root: Queries, corpus: Corpus) -> None:
    """With relational queries agreed on, an instance is found by its UID alone."""
    keys = {"SOPInstanceUID": corpus.studies[1].series[0].instances[0].sop_instance_uid}
    problem = corpus.matching("IMAGE", keys).problem(
        _negotiated(study_root, "IMAGE", keys, b"\x01")
    )
    expect(not problem, "exactly the instance named", problem, "Identifier")


@check(
    "FIND-192",
    "PS3.4 C.2.2.2.5.4",
    SHALL,
    claim="extended.combined-date-time",
    defects=["find-datetime-not-combined"],
)
def test_combined_date_time(study_root: Queries, corpus: Corpus) -> None:
    """With combined matching agreed on, ranges of date and time are one range of moments."""
    keys = {
        **study_root.fence,
        "StudyDate": "20230115-20230220",
        "StudyTime": "090000-100000",
    }
    own = {study.uid for study in corpus.studies}
    found = [uid for uid in _negotiated(study_root, "STUDY", keys, b"\x00\x01") if uid in own]
    problem = corpus.matching("STUDY", keys, combined=True).problem(found)
    expect(not problem, "exactly the studies between both moments", problem, "Identifier")
