"""A physician from outside sees what was released to them and nothing else.

Nothing about any other study is learnt: not from matches, not from images, not from counts, not
from a status or a comment.  What is not released is answered as what does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.dimse import Message
from stepwedge.fixtures.operations import Operation
from stepwedge.fixtures.outsiders import Outsiders, expect_nothing_of
from stepwedge.fixtures.retrievals import expect_instances
from stepwedge.fixtures.verifiers import expect, expect_status, expect_success, uids, words
from stepwedge.synthetic.model import Study

RELEASED = "access.released"
IDENTIFIER = "Identifier"

# A Study Instance UID under 2.25 that names nothing.
NO_STUDY = "2.25.301938475610293847561029384756102938999"


@check("ACCESS-020", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-released-hidden"])
def test_finds_what_was_released(outsiders: Outsiders) -> None:
    """A physician finds the study that was released to them."""
    study = outsiders.shared
    found = outsiders.find("physician", "STUDY", {"StudyInstanceUID": study.uid})
    expect_success(found)
    seen = uids(found.matches, "StudyInstanceUID")
    expect(seen == [study.uid], "the released study", f"{len(seen)} matches", IDENTIFIER)


@check(
    "ACCESS-021", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-find-unrestricted"]
)
@pytest.mark.parametrize("which", ["sibling", "hidden"])
def test_does_not_find_others_by_uid(outsiders: Outsiders, which: str) -> None:
    """A study that was not released is not found by its UID."""
    study: Study = getattr(outsiders, which)
    found = outsiders.find("physician", "STUDY", {"StudyInstanceUID": study.uid})
    _nothing(found, "a study that was not released")


def _questions(outsiders: Outsiders) -> dict[str, Mapping[str, Any]]:
    hidden, shared = outsiders.hidden, outsiders.shared
    return {
        "everything": {},
        "patient-id": {"PatientID": hidden.patient.id},
        "same-patient": {"PatientID": shared.patient.id},
        "prefix": {"PatientID": hidden.patient.id.rsplit("-", 1)[0] + "-*"},
        "dates": {"StudyDate": "19000101-20991231"},
        "accession": {"AccessionNumber": outsiders.sibling.accession_number or "*"},
        "uid-list": {"StudyInstanceUID": f"{shared.uid}\\{hidden.uid}\\{outsiders.sibling.uid}"},
    }


@check(
    "ACCESS-022",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-find-wildcard-unrestricted"],
)
@pytest.mark.parametrize(
    "question",
    ["everything", "patient-id", "same-patient", "prefix", "dates", "accession", "uid-list"],
)
def test_does_not_find_others_by_any_key(outsiders: Outsiders, question: str) -> None:
    """Whatever a physician asks, of our studies only the released one is among the matches."""
    found = outsiders.find("physician", "STUDY", _questions(outsiders)[question])
    own = {study.uid for study in outsiders.archive.corpus.studies}
    seen = {uid for uid in uids(found.matches, "StudyInstanceUID") if uid in own}
    extra = seen - {outsiders.shared.uid}
    expect(not extra, "no study that was not released", f"{len(extra)} of them", IDENTIFIER)


@check(
    "ACCESS-023",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-lower-levels-unrestricted"],
)
@pytest.mark.parametrize("level", ["SERIES", "IMAGE"])
def test_lower_levels(outsiders: Outsiders, level: str) -> None:
    """Series and images of a study that was not released are not found."""
    series = outsiders.hidden.series[0]
    keys = {"StudyInstanceUID": outsiders.hidden.uid}
    if level == "IMAGE":
        keys["SeriesInstanceUID"] = series.uid
    _nothing(outsiders.find("physician", level, keys), f"a {level} that was not released")


@check(
    "ACCESS-024",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-patients-unrestricted"],
)
def test_patients(outsiders: Outsiders) -> None:
    """A patient of whom nothing was released is not found in the Patient Root model."""
    keys = {"PatientID": outsiders.hidden.patient.id}
    found = outsiders.find("physician", "PATIENT", keys, ["PatientName"], model="patient")
    _nothing(found, "a patient of whom nothing was released")


@check("ACCESS-025", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-counts-tell"])
def test_counts(outsiders: Outsiders) -> None:
    """The numbers of a patient's studies, series and images count what was released only."""
    shared = outsiders.shared
    most = {
        "NumberOfPatientRelatedStudies": 1,
        "NumberOfPatientRelatedSeries": len(shared.series),
        "NumberOfPatientRelatedInstances": len(shared.instances()),
    }
    keys = {"PatientID": shared.patient.id}
    found = outsiders.find("physician", "PATIENT", keys, most, model="patient")
    for match in found.matches:
        for keyword, number in most.items():
            value = match.get(keyword)
            expect(
                value in (None, "") or int(value) <= number,
                f"{keyword} of at most {number}, what was released",
                str(value),
                keyword,
            )


@check(
    "ACCESS-026",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-find-tells"],
)
@pytest.mark.parametrize("level", ["STUDY", "SERIES"])
def test_find_tells_nothing(outsiders: Outsiders, level: str) -> None:
    """C-FIND of a study that was not released is answered as of one that does not exist."""
    answers = [
        outsiders.find("physician", level, {"StudyInstanceUID": uid})
        for uid in (outsiders.hidden.uid, NO_STUDY)
    ]
    _same(*answers)


_RETRIEVALS = ["move", "get"]


@check("ACCESS-030", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-released-hidden"])
@pytest.mark.parametrize("way", _RETRIEVALS)
def test_retrieves_what_was_released(outsiders: Outsiders, way: str) -> None:
    """A physician retrieves the study that was released to them, whole."""
    study = outsiders.shared
    operation, arrivals = _retrieve(
        outsiders, way, "STUDY", {"StudyInstanceUID": study.uid}, len(study.instances())
    )
    expect_success(operation)
    expect_instances(arrivals, study.instances(), "the released study")


@check(
    "ACCESS-031",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-move-unrestricted", "access-get-unrestricted"],
)
@pytest.mark.parametrize("way", _RETRIEVALS)
@pytest.mark.parametrize("level", ["STUDY", "SERIES", "IMAGE"])
def test_does_not_retrieve_others(outsiders: Outsiders, way: str, level: str) -> None:
    """Nothing of a study that was not released is retrieved, at any level."""
    instance = outsiders.hidden.instances()[0]
    keys = {"StudyInstanceUID": outsiders.hidden.uid}
    if level != "STUDY":
        keys["SeriesInstanceUID"] = instance.series.uid
    if level == "IMAGE":
        keys["SOPInstanceUID"] = instance.sop_instance_uid
    operation, arrivals = _retrieve(outsiders, way, level, keys)
    expect_nothing_of(arrivals, outsiders.hidden, "a study that was not released")
    completed = operation.final.value("NumberOfCompletedSuboperations") or 0
    expect(completed == 0, "no completed sub-operation", str(completed), "(0000,1021)")


@check(
    "ACCESS-032",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-move-list-unrestricted", "access-get-list-unrestricted"],
)
@pytest.mark.parametrize("way", _RETRIEVALS)
def test_lists(outsiders: Outsiders, way: str) -> None:
    """Of a list of studies, nothing is retrieved of those that were not released."""
    listed = f"{outsiders.shared.uid}\\{outsiders.hidden.uid}"
    _, arrivals = _retrieve(
        outsiders,
        way,
        "STUDY",
        {"StudyInstanceUID": listed},
        len(outsiders.shared.instances()),
    )
    expect_nothing_of(arrivals, outsiders.hidden, "a study that was not released")


@check(
    "ACCESS-033",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-retrieve-patient-unrestricted"],
)
@pytest.mark.parametrize("way", _RETRIEVALS)
def test_patients_are_not_retrieved_whole(outsiders: Outsiders, way: str) -> None:
    """C-MOVE and C-GET of a patient leave out the studies that were not released."""
    keys = {"PatientID": outsiders.shared.patient.id}
    expected = len(outsiders.shared.instances())
    _, arrivals = _retrieve(outsiders, way, "PATIENT", keys, expected, model="patient")
    expect_nothing_of(arrivals, outsiders.sibling, "the same patient's other study")


@check(
    "ACCESS-034",
    "Stepwedge access",
    SHALL,
    claim=RELEASED,
    defects=["access-move-tells", "access-get-tells"],
)
@pytest.mark.parametrize("way", _RETRIEVALS)
def test_retrieval_tells_nothing(outsiders: Outsiders, way: str) -> None:
    """C-MOVE and C-GET of what was not released are answered as of what does not exist."""
    answers = [
        _retrieve(outsiders, way, "STUDY", {"StudyInstanceUID": uid})[0]
        for uid in (outsiders.hidden.uid, NO_STUDY)
    ]
    _same(*answers)


@check("ACCESS-040", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-releases-shared"])
def test_a_colleague_sees_nothing(outsiders: Outsiders) -> None:
    """What was released to one physician, another one neither finds nor retrieves."""
    study = outsiders.shared
    keys = {"StudyInstanceUID": study.uid}
    _nothing(outsiders.find("colleague", "STUDY", keys), "what was released to somebody else")
    _, arrivals = _retrieve(outsiders, "move", "STUDY", keys, part="colleague")
    expect_nothing_of(arrivals, study, "what was released to somebody else")


@check(
    "ACCESS-041", "Stepwedge access", SHALL, claim=RELEASED, defects=["access-withdrawal-ignored"]
)
def test_withdrawal(outsiders: Outsiders) -> None:
    """When a release is taken back, the physician sees the study no longer."""
    study = outsiders.sibling
    keys = {"StudyInstanceUID": study.uid}
    outsiders.prepare()
    outsiders.release("physician", study)
    try:
        found = outsiders.find("physician", "STUDY", keys)
        expect(len(found.pending) == 1, "the released study", f"{len(found.pending)}", IDENTIFIER)
    finally:
        outsiders.withdraw("physician", study)
    _nothing(outsiders.find("physician", "STUDY", keys), "a study whose release was taken back")


def _retrieve(
    outsiders: Outsiders,
    way: str,
    level: str,
    keys: Mapping[str, Any],
    expected: int = 0,
    *,
    part: str = "physician",
    model: str = "study",
) -> tuple[Operation, list[Any]]:
    if way == "get":
        operation = outsiders.get(part, level, keys, model=model)
        return operation, list(operation.arrivals)
    moved = outsiders.move(part, level, keys, model=model, expected=expected)
    return moved.operation, list(moved.arrivals)


def _nothing(found: Operation, what: str) -> None:
    """No match, and an end that says nothing: success, or a refusal."""
    expect(not found.pending, f"no match for {what}", f"{len(found.pending)}", IDENTIFIER)
    expect_status(found.final, 0x0000, "failure")


_TELLING = (
    "ErrorComment",
    "OffendingElement",
    "NumberOfRemainingSuboperations",
    "NumberOfCompletedSuboperations",
    "NumberOfFailedSuboperations",
    "NumberOfWarningSuboperations",
)


def _same(hidden: Operation, absent: Operation) -> None:
    """Two operations must end alike, but for the UID that was asked for."""

    def said(message: Message) -> dict[str, Any]:
        fields = {name: message.value(name) for name in ("Status", *_TELLING)}
        return {name: value for name, value in fields.items() if value not in (None, "")}

    first, second = said(hidden.final), said(absent.final)
    # A comment may repeat the UID that was asked for; Error Comment ends after 64 characters.
    comments = [
        re.sub(r"[\d.]{6,}", "(UID)", str(one.pop("ErrorComment", ""))) for one in (first, second)
    ]
    expect(
        first == second
        and len(hidden.pending) == len(absent.pending)
        and comments[0] == comments[1],
        f"the answer for what does not exist: {words(absent.final)}",
        words(hidden.final),
        "Status (0000,0900)",
    )
