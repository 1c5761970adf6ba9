"""Other names for files of one's own: new UIDs, people and dates, the same throughout a folder.

So that a file on which an archive stumbled can join a corpus.  It replaces what the header says of
persons: names, identifiers, addresses and dates, within sequences too; private elements are taken
out.  It is no de-identification in the sense of PS3.15 Annex E: it does not look at pixels, where a
name may be burnt in, nor at free text that it does not know to be a name.
"""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from stepwedge.errors import UsageError
from stepwedge.synthetic.hospital import accession_number, check_scope, patient_id
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.people import ISSUER
from stepwedge.synthetic.place import prepare
from stepwedge.synthetic.uids import digest

# Dates move back by one number of days for each patient, so that intervals stay.
_MOST_DAYS = 3650
# UIDs of the standard and of implementations name kinds of things, not persons or studies.
_KINDS = frozenset({"TransferSyntaxUID", "CodingSchemeUID", "MappingResourceUID"})
_STANDARD = "1.2.840.10008."
# What else tells of a person; removed, as no matching or display needs it.
_REMOVED = frozenset(
    {
        "OtherPatientIDs", "OtherPatientIDsSequence", "OtherPatientNames", "PatientBirthName",
        "PatientMotherBirthName", "PatientAddress", "PatientTelephoneNumbers",
        "PatientTelecomInformation", "MilitaryRank", "BranchOfService",
        "MedicalRecordLocator", "PatientComments",
        "AdditionalPatientHistory", "PatientInsurancePlanCodeSequence", "Occupation",
        "InstitutionName", "InstitutionAddress", "StationName", "DeviceSerialNumber",
        "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers", "RequestingService",
        "AdmissionID", "IssuerOfPatientIDQualifiersSequence", "OriginalAttributesSequence",
    }
)  # fmt: skip

# Names to use, pronouns and gender identity, with comments: pydicom knows no keywords of them.
_REMOVED_TAGS = frozenset({*range(0x00100011, 0x00100017), *range(0x00100041, 0x00100048)})


@dataclass(frozen=True)
class Outcome:
    """What became of a file: where it was written to, or why it was not."""

    source: Path
    target: Path | None
    problem: str = ""
    burnt_in: bool = False


class _Renaming:
    """One consistent renaming: the same old value becomes the same new one, in every file."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def uid(self, old: str) -> str:
        return old if old.startswith(_STANDARD) else self.scope.uid("reidentified", old)

    def number(self, kind: str, old: str) -> int:
        raw = digest(self.scope.seed, self.scope.run, "reidentified", kind, old)[:4]
        return int.from_bytes(raw, "big")

    def dataset(self, dataset: Dataset, patient: str) -> None:
        """Renames all elements of `dataset`, items included; `patient` is the old identity."""
        dataset.remove_private_tags()
        days = 1 + self.number("days", patient) % _MOST_DAYS
        for element in list(dataset):
            keyword = dictionary_keyword(element.tag) if element.keyword else ""
            if keyword in _REMOVED or element.tag in _REMOVED_TAGS:
                del dataset[element.tag]
            elif element.VR == "SQ":
                for item in element.value:
                    self.dataset(item, patient)
            elif not element.is_empty:
                self.element(element, keyword, patient, days)

    def element(self, element: DataElement, keyword: str, patient: str, days: int) -> None:
        match element.VR:
            case "UI" if not keyword.endswith("ClassUID") and keyword not in _KINDS:
                element.value = _each(element.value, self.uid)
            case "PN":
                who = patient if keyword == "PatientName" else str(element.value)
                kind = "PATIENT" if keyword == "PatientName" else "PERSON"
                element.value = f"{kind}^{self.number(kind, who):010}"
            case "DA":
                element.value = _each(element.value, lambda old: _shifted(old, days))
            case "DT":
                element.value = _each(element.value, lambda old: _shifted(old[:8], days) + old[8:])
            case _ if keyword == "PatientID":
                name = f"R{self.number('patient', patient):010}"
                element.value = patient_id(self.scope.run, name)
            case _ if keyword == "IssuerOfPatientID":
                element.value = ISSUER
            case _ if keyword in ("AccessionNumber", "StudyID"):
                element.value = accession_number(self.scope, f"reidentified {element.value}")


def _each(value: Any, how: Callable[[str], str]) -> str | list[str]:
    """A value or each of several."""
    if isinstance(value, str):
        return how(str(value))
    return [how(str(one)) for one in value]


def _shifted(date: str, days: int) -> str:
    """A DA value some days earlier; what is no date becomes empty."""
    try:
        day = datetime.datetime.strptime(date.strip(), "%Y%m%d").date()
    except ValueError:
        return ""
    return (day - datetime.timedelta(days=days)).strftime("%Y%m%d")


def reidentify(folder: Path, out: Path, seed: int, run: str) -> Iterator[Outcome]:
    """Writes every DICOM file below `folder` under other names below `out`; tells of each file.

    A file that is not DICOM, or cannot be read to its end, is left out and says so.  Raises
    `UsageError` when `folder` is none, when `out` is not empty or lies within it, or the scope is
    unfit.
    """
    check_scope(seed, run)
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "name the folder that holds the files")
    if out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies within {folder}", "name a folder elsewhere")
    prepare(out)
    renaming = _Renaming(Scope(seed, run))
    sources = sorted(path for path in folder.rglob("*") if path.is_file())
    for number, source in enumerate(sources):
        yield _one(renaming, source, out / f"IM{number:06}")


def _one(renaming: _Renaming, source: Path, target: Path) -> Outcome:
    with warnings.catch_warnings(), pydicom.config.disable_value_validation():
        warnings.simplefilter("ignore")  # odd values are why the file is here
        try:
            dataset = pydicom.dcmread(source)
            patient = f"{dataset.get('PatientID', '')}\x1f{dataset.get('IssuerOfPatientID', '')}"
            burnt_in = str(dataset.get("BurnedInAnnotation", "")) == "YES"
            if "SOPInstanceUID" not in dataset:
                return Outcome(source, None, "it has no SOP Instance UID (a DICOMDIR?)")
            renaming.dataset(dataset, patient)
            dataset.IssuerOfPatientID = ISSUER
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.preamble = bytes(128)
            dataset.save_as(target, enforce_file_format=True)
        except InvalidDicomError:
            return Outcome(source, None, "it is not DICOM: there is no DICM behind 128 bytes")
        except OSError as problem:
            target.unlink(missing_ok=True)
            return Outcome(source, None, f"it cannot be read: {problem.strerror or problem}")
        except Exception as problem:  # whatever an odd file makes a reader stumble over
            target.unlink(missing_ok=True)
            return Outcome(source, None, f"it cannot be read to its end: {problem}")
    return Outcome(source, target, burnt_in=burnt_in)
