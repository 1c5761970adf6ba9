"""Scheduled procedure steps: few worklist items in which every matching key makes a difference.

For a worklist server that can be given items (as `*.wl` files, say), so that the suites find
something to ask for.  One item's performing physician is unknown, one patient's name needs Latin-1.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from stepwedge.synthetic.charsets import DEFAULT, LATIN_1
from stepwedge.synthetic.model import Scope

# patient's name and number, accession number, station, modality, date, time, physician
_STEPS = (
    ("DOE^JOHN", "1", "A1", "CT_ONE", "CT", "20240229", "081500", "HOUSE^GREGORY"),
    ("DOE^JANE", "2", "A2", "CT_ONE", "CT", "20240301", "093000", "HOUSE^GREGORY"),
    ("MÜLLER^JÖRG", "3", "A3", "MR_ONE", "MR", "20240301", "000000", "CUDDY^LISA"),
    ("O'NEIL^ANNE", "4", "A4", "MR_TWO", "MR", "20240302", "235959", ""),
    ("DOEBLIN^ALFRED", "5", "A5", "CT_TWO", "CT", "20240302", "120000", "WILSON^JAMES"),
)


def scheduled_items(scope: Scope) -> list[Dataset]:
    """Worklist items of a scope, complete by the return key types of PS3.4 Table K.6-1."""
    items = []
    for name, number, accession, station, modality, date, time, physician in _STEPS:
        item = Dataset()
        charset = LATIN_1 if not name.isascii() else DEFAULT
        if charset.value is not None:
            item.SpecificCharacterSet = charset.value
        item.AccessionNumber = f"{accession}{scope.run[-8:]}"
        item.ReferringPhysicianName = "WILSON^JAMES"
        item.PatientName = name
        item.PatientID = f"SW-{scope.run}-W{number}"
        item.PatientBirthDate = "19600115"
        item.PatientSex = "O"
        item.StudyInstanceUID = scope.uid("scheduled", number)
        item.RequestedProcedureID = f"RP{number}"
        item.RequestedProcedureDescription = f"{modality} PROCEDURE"
        step = Dataset()
        step.ScheduledStationAETitle = station
        step.ScheduledProcedureStepStartDate = date
        step.ScheduledProcedureStepStartTime = time
        step.Modality = modality
        step.ScheduledPerformingPhysicianName = physician
        step.ScheduledProcedureStepDescription = f"{modality} STEP"
        step.ScheduledProcedureStepID = f"SPS{number}"
        item.ScheduledProcedureStepSequence = [step]
        items.append(item)
    return items
