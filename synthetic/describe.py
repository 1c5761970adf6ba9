"""A corpus described and not made: one line of JSON for every study, however many there are.

Nothing is kept between two lines, so that a million studies take the memory of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from stepwedge.synthetic.corpus import UNIQUE_KEY
from stepwedge.synthetic.model import Study


def describe(study: Study) -> dict[str, Any]:
    """What a study will hold: patient, dates, and its series with the number of instances."""
    patient = study.patient
    return {
        "StudyInstanceUID": study.uid,
        "StudyDate": study.date,
        "StudyTime": study.time,
        "StudyDescription": study.description,
        "AccessionNumber": study.accession_number,
        UNIQUE_KEY["PATIENT"]: patient.id,
        "IssuerOfPatientID": patient.issuer,
        "PatientName": patient.name,
        "PatientBirthDate": patient.birth_date,
        "PatientSex": patient.sex,
        "SpecificCharacterSet": patient.charset.value,
        "Series": [
            {
                "SeriesInstanceUID": series.uid,
                "Modality": series.modality,
                "SOPClassUID": series.iod.sop_class_uid,
                "SeriesDescription": series.description,
                "Instances": series.plan.instances,
                "Rows": series.plan.rows,
                "Columns": series.plan.columns,
                "Frames": series.plan.frames,
            }
            for series in study.series
        ],
    }


def lines(studies: Iterable[Study]) -> Iterator[str]:
    """The description of each study as a line of JSON."""
    for study in studies:
        yield json.dumps(describe(study), ensure_ascii=False, separators=(",", ":")) + "\n"
