"""Odd values: lengths, characters, dates, times, numbers and UIDs (PS3.5 6 and 9)."""

from __future__ import annotations

from collections.abc import Callable

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from stepwedge.synthetic.odd.case import OddCase, Outcome, element, put, setting

# The longest value of each kind that an image must or should carry (PS3.5 Table 6.2-1).
_LONGEST = {
    "PatientName": "^".join(("W" * 20, "X" * 15, "Y" * 13, "DR", "OFTHEREALM")),
    "ReferringPhysicianName": "R" * 64,
    "AccessionNumber": "A" * 16,
    "StudyID": "S" * 16,
    "Manufacturer": "M" * 64,
    "AcquisitionNumber": "-2147483648",
    "KVP": "120.000000000001",
}
_EMPTY = (
    "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "ReferringPhysicianName", "StudyID", "AccessionNumber", "Manufacturer", "SeriesNumber",
    "PositionReferenceIndicator", "AcquisitionNumber", "SliceThickness", "KVP",
)  # fmt: skip
_DESCRIPTION, _MANUFACTURER, _PATIENT_NAME = (
    int(Tag(keyword)) for keyword in ("StudyDescription", "Manufacturer", "PatientName")
)
_SPECIFIC_CHARACTER_SET = int(Tag("SpecificCharacterSet"))
_SERIES_UID, _INSTANCE_UID = int(Tag("SeriesInstanceUID")), int(Tag("SOPInstanceUID"))


def _empty(dataset: Dataset) -> None:
    for keyword in _EMPTY:
        put(dataset, keyword, "" if keyword != "SeriesNumber" else None)


def _in_utf_8(**values: str) -> Callable[[Dataset], None]:
    return setting(SpecificCharacterSet="ISO_IR 192", **values)


def _space_padded(dataset: Dataset) -> list[tuple[int, bytes]]:
    uid = str(dataset.SeriesInstanceUID).encode()
    return [(_SERIES_UID, element(_SERIES_UID, "UI", uid + b" " * (len(uid) % 2)))]


CASES: tuple[OddCase, ...] = (
    OddCase(
        "empty-type-2", "PS3.5 7.4.3",
        "Every Type 2 attribute but the Patient ID is there without a value.",
        about=_EMPTY, change=_empty,
    ),
    OddCase(
        "longest-values", "PS3.5 6.2",
        "Names, numbers and strings are as long as their representation allows.",
        about=tuple(_LONGEST), change=setting(**_LONGEST),
    ),
    OddCase(
        "characters-not-bytes", "PS3.5 6.2",
        "A name and a manufacturer of 64 characters take 192 bytes each in UTF-8.",
        about=("PatientName", "Manufacturer"),
        change=_in_utf_8(PatientName="山" * 31 + "^" + "川" * 32, Manufacturer="製" * 64),
    ),
    OddCase(
        "three-long-groups", "PS3.5 6.2.1",
        "A name has three component groups of 64 characters each.",
        about=("PatientName",),
        change=_in_utf_8(PatientName="=".join(c * 40 + "^" + c * 23 for c in ("Y", "山", "や"))),
    ),
    OddCase(
        "name-without-alphabet", "PS3.5 6.2.1.2",
        "A name has an ideographic group only: it begins with an equals sign.",
        about=("PatientName",), change=_in_utf_8(PatientName="=山田^太郎"),
    ),
    OddCase(
        "backslash-in-text", "PS3.5 6.2",
        "A long text holds backslashes, which delimit nothing there.",
        about=("ImageComments",), change=setting(ImageComments=r"C:\PACS\new and \\server\share"),
    ),
    OddCase(
        "lines-in-text", "PS3.5 6.1.3",
        "A long text has lines ended by CR LF, and a form feed.",
        about=("ImageComments",), change=setting(ImageComments="one\r\ntwo\r\n\x0cthree"),
    ),
    OddCase(
        "empty-among-values", "PS3.5 6.4",
        "The second of three values is empty.",
        about=("SoftwareVersions",), change=setting(SoftwareVersions=["A", "", "C"]),
    ),
    OddCase(
        "thousand-values", "PS3.5 6.4",
        "An attribute has a thousand values.",
        about=("SoftwareVersions",),
        change=setting(SoftwareVersions=[f"V{number}" for number in range(1000)]),
    ),
    OddCase(
        "numbers-in-full-form", "PS3.5 6.2",
        "Decimal strings have signs, exponents and no digit before the point.",
        about=("KVP", "SliceThickness", "AcquisitionNumber"),
        change=setting(KVP="+1.2E+02", SliceThickness=".5", AcquisitionNumber="+0012"),
    ),
    OddCase(
        "before-1900", "PS3.5 6.2",
        "Patient and study are of the nineteenth century.",
        about=("PatientBirthDate", "StudyDate"),
        change=setting(PatientBirthDate="18450327", StudyDate="18951108"),
    ),
    OddCase(
        "year-one", "PS3.5 6.2",
        "The patient was born on the first day that a date can say.",
        about=("PatientBirthDate",), change=setting(PatientBirthDate="00010101"),
    ),
    OddCase(
        "leap-second", "PS3.5 6.2",
        "The study begins in a leap second, 23:59:60.",
        about=("StudyDate", "StudyTime"),
        change=setting(StudyDate="20161231", StudyTime="235960"),
    ),
    OddCase(
        "fractions-of-seconds", "PS3.5 6.2",
        "The study begins a millionth of a second before midnight.",
        about=("StudyTime",), change=setting(StudyTime="235959.999999"),
    ),
    OddCase(
        "time-zones", "PS3.5 6.2",
        "Times are given with the offsets that are farthest from UTC.",
        about=("TimezoneOffsetFromUTC", "AcquisitionDateTime"),
        change=setting(
            TimezoneOffsetFromUTC="+1400", AcquisitionDateTime="20240229235959.999999-1200"
        ),
    ),
    OddCase(
        "uid-of-64-characters", "PS3.5 9.1",
        "The UIDs of study, series and instance have 64 characters, the most there are.",
        about=("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
        suffix=".1234567890123456789",
    ),
    OddCase(
        "uid-with-zeros", "PS3.5 9.1",
        "The UIDs of study, series and instance have components that are 0.",
        about=("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
        suffix=".0.0.1",
    ),
    # What breaks a rule.
    OddCase(
        "uid-leading-zero", "PS3.5 9.1", "A component of the Series Instance UID begins with 0.",
        Outcome.MAY_REFUSE, series_suffix=".01",
    ),
    OddCase(
        "uid-too-long", "PS3.5 9.1", "The Series Instance UID has 70 characters.",
        Outcome.MAY_REFUSE, series_suffix=".1234567890123456789012345",
    ),
    OddCase(
        "uid-with-letters", "PS3.5 9.1", "The Series Instance UID holds letters.",
        Outcome.MAY_REFUSE, series_suffix=".1a.b2",
    ),
    OddCase(
        "uid-padded-with-space", "PS3.5 9.1",
        "The Series Instance UID is padded with a space and not with NUL.",
        Outcome.MAY_REFUSE, splices=_space_padded, series_suffix=".12",
    ),
    OddCase(
        "date-with-dots", "PS3.5 6.2", "The Study Date is written as ACR-NEMA did, 2024.01.15.",
        Outcome.MAY_REFUSE, change=setting(StudyDate="2024.01.15"),
    ),
    OddCase(
        "no-such-day", "PS3.5 6.2", "The study is of the 30th of February.",
        Outcome.MAY_REFUSE, change=setting(StudyDate="20230230"),
    ),
    OddCase(
        "hour-24", "PS3.5 6.2", "The study begins at 24:00:00.",
        Outcome.MAY_REFUSE, change=setting(StudyTime="240000"),
    ),
    OddCase(
        "too-long-values", "PS3.5 6.2",
        "Accession Number has 24 characters and Manufacturer 100.",
        Outcome.MAY_REFUSE, change=setting(AccessionNumber="A" * 24, Manufacturer="M" * 100),
    ),
    OddCase(
        "number-of-letters", "PS3.5 6.2", "A decimal string holds a word.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [(0x00180050, element(0x00180050, "DS", b"thick "))],
    ),
    OddCase(
        "padded-with-nul", "PS3.5 6.2", "A string is padded with NUL and not with a space.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [(_MANUFACTURER, element(_MANUFACTURER, "LO", b"STEPWEDGE\0"))],
    ),
    OddCase(
        "odd-length", "PS3.5 7.1.1", "Two values have an odd number of bytes, without padding.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [
            (_MANUFACTURER, element(_MANUFACTURER, "LO", b"STEPWEDGE")),
            (_DESCRIPTION, element(_DESCRIPTION, "LO", b"odd case!")),
        ],
    ),
    OddCase(
        "unknown-character-set", "PS3.5 6.1.2.3",
        "The Specific Character Set is one that is not defined.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [
            (_SPECIFIC_CHARACTER_SET, element(_SPECIFIC_CHARACTER_SET, "CS", b"ISO_IR 999"))
        ],
    ),
    OddCase(
        "undeclared-characters", "PS3.5 6.1.2.3",
        "A name has Latin-1 letters, and no Specific Character Set says so.",
        Outcome.MAY_REFUSE,
        splices=lambda _: [(_PATIENT_NAME, element(_PATIENT_NAME, "PN", b"M\xdcLLER^J\xd6RG "))],
    ),
    # What cannot be told apart.
    OddCase(
        "empty-instance-uid", "PS3.4 B.2.3", "The SOP Instance UID of the data set is empty.",
        Outcome.MUST_REFUSE,
        splices=lambda _: [(_INSTANCE_UID, element(_INSTANCE_UID, "UI", b""))],
    ),
    OddCase(
        "empty-study-uid", "PS3.4 B.2.3", "The Study Instance UID is empty.",
        Outcome.MUST_REFUSE, change=setting(StudyInstanceUID=""),
    ),
)  # fmt: skip
