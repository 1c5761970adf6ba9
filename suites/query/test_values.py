"""Dates, times, numbers, and the keys of series and instances."""

from __future__ import annotations

from typing import Any

import pytest

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.queries import Queries
from stepwedge.suites.query.test_hierarchy import must_not_find
from stepwedge.synthetic.corpus import Corpus

CLAIM = "find.study"


@check("FIND-150", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-ignores-study-time"])
def test_study_time(study_root: Queries) -> None:
    """Study Time selects studies by a single value."""
    study_root.check("STUDY", {"StudyTime": "093000"})


@check("FIND-151", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-ignores-series-number"])
def test_series_number(study_root: Queries, corpus: Corpus) -> None:
    """Series Number selects a series of a study."""
    study_root.check("SERIES", {"StudyInstanceUID": corpus.studies[1].uid, "SeriesNumber": "2"})


@check("FIND-152", "PS3.4 C.2.2.1.2", SHALL, claim=CLAIM, defects=["find-ignores-instance-number"])
def test_instance_number(study_root: Queries, corpus: Corpus) -> None:
    """Instance Number selects an instance of a series."""
    series = corpus.studies[0].series[0]
    study_root.check("IMAGE", {**_keys(series), "InstanceNumber": "2"})


def _keys(series: Any) -> dict[str, Any]:
    return {"StudyInstanceUID": series.study.uid, "SeriesInstanceUID": series.uid}


@check(
    "FIND-153",
    "PS3.4 C.2.2.2.1",
    SHALL,
    claim="keys.series",
    defects=["find-ignores-series-description"],
)
def test_series_description(study_root: Queries, corpus: Corpus) -> None:
    """Series Description selects a series of a study."""
    keys = {"StudyInstanceUID": corpus.studies[1].uid, "SeriesDescription": "T1 SE"}
    study_root.check("SERIES", keys)


@check(
    "FIND-154", "PS3.4 C.2.2.2.1", SHALL, claim="keys.series", defects=["find-ignores-body-part"]
)
def test_body_part(study_root: Queries, corpus: Corpus) -> None:
    """Body Part Examined selects a series of a study."""
    keys = {"StudyInstanceUID": corpus.studies[5].uid, "BodyPartExamined": "PELVIS"}
    study_root.check("SERIES", keys)


@check("FIND-155", "PS3.4 C.2.2.2.2", SHALL, claim="keys.image", defects=["find-ignores-sop-class"])
def test_sop_class(study_root: Queries, corpus: Corpus) -> None:
    """SOP Class UID selects instances: none, when the series holds another class."""
    series = corpus.studies[0].series[0]
    mr_image_storage = "1.2.840.10008.5.1.4.1.1.4"
    study_root.check("IMAGE", {**_keys(series), "SOPClassUID": mr_image_storage})


@check(
    "FIND-156",
    "PS3.4 C.5.1.1",
    SHALL,
    claim=CLAIM,
    defects=["find-datetime-always-combined"],
)
def test_date_and_time_apart(study_root: Queries) -> None:
    """Without negotiation ranges of date and time are matched independently."""
    keys = {"StudyDate": "20230115-20230220", "StudyTime": "090000-100000"}
    study_root.check("STUDY", keys)


@check(
    "FIND-157",
    "PS3.4 C.2.2.2.5.1",
    QUALITY,
    claim=CLAIM,
    defects=["find-reversed-range-matches-all"],
)
def test_reversed_range(study_root: Queries, corpus: Corpus) -> None:
    """A range that ends before it begins fails or matches nothing."""
    keys = {"PatientID": corpus.studies[0].patient.id, "StudyDate": "20230220-20230115"}
    must_not_find(study_root, "STUDY", keys, "a failure, or no match: the range is reversed")


@pytest.mark.parametrize("date", ["2023-01-15", "20231301"], ids=["hyphens", "month-13"])
@check(
    "FIND-194",
    "PS3.4 C.2.2.2.5.1",
    QUALITY,
    claim=CLAIM,
    defects=["find-bad-date-matches-all"],
)
def test_no_date(study_root: Queries, corpus: Corpus, date: str) -> None:
    """A key that is neither a date nor a range of dates fails or matches nothing."""
    keys = {"PatientID": corpus.studies[0].patient.id, "StudyDate": date}
    must_not_find(study_root, "STUDY", keys, "a failure, or no match: this is no date")


@check(
    "FIND-158",
    "PS3.4 C.2.2.2.1",
    SHALL,
    claim="keys.patient",
    defects=["find-ignores-patient-birth-date"],
)
def test_birth_date(study_root: Queries) -> None:
    """Patient's Birth Date selects studies."""
    study_root.check("STUDY", {"PatientBirthDate": "19600115"})


@pytest.mark.parametrize("span", ["19600115-19720229", "-19451120", "20010203-"])
@check(
    "FIND-159",
    "PS3.4 C.2.2.2.5.1",
    SHALL,
    claim="keys.patient",
    defects=["find-range-as-text", "find-range-excludes-end"],
)
def test_birth_date_range(study_root: Queries, span: str) -> None:
    """A range of Patient's Birth Date holds both of its ends."""
    study_root.check("STUDY", {"PatientBirthDate": span})


@check(
    "FIND-160",
    "PS3.4 C.2.2.2.1",
    SHALL,
    claim="keys.patient",
    defects=["find-ignores-patient-sex"],
)
def test_sex(study_root: Queries) -> None:
    """Patient's Sex selects studies."""
    study_root.check("STUDY", {"PatientSex": "O"})


@check(
    "FIND-161",
    "PS3.4 C.3.4",
    SHALL,
    claim="keys.modalities-in-study",
    defects=["find-ignores-modalities-in-study"],
)
def test_modalities_in_study(study_root: Queries) -> None:
    """Modalities in Study selects the studies that have a series of that modality."""
    study_root.check("STUDY", {"ModalitiesInStudy": "MR"})


@check(
    "FIND-162",
    "PS3.4 C.3.4",
    SHALL,
    claim="keys.sop-classes-in-study",
    defects=["find-ignores-sop-classes-in-study"],
)
def test_sop_classes_in_study(study_root: Queries) -> None:
    """SOP Classes in Study selects the studies that hold an instance of that class."""
    study_root.check("STUDY", {"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.4"})
