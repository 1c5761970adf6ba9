"""Attribute matching against truth written by hand (PS3.4 C.2.2.2)."""

from __future__ import annotations

import pytest

from stepwedge.fixtures.dataset import DataSet, Element, element, tag_of, vr_of
from stepwedge.fixtures.reference.matching import Matcher

NO_DEFECT = frozenset[str]().__contains__


def data_set(**values: str) -> DataSet:
    """A data set of text attributes in UTF-8."""
    made: DataSet = {}
    for keyword, value in values.items():
        tag = tag_of(keyword)
        raw = value.encode()
        made[tag] = Element(tag, vr_of(tag), raw + b" " * (len(raw) % 2))
    return made


def holds(keyword: str, key: str, held: str, *defects: str, combined: bool = False) -> bool:
    """Whether one key matches one value."""
    utf8 = ("ISO_IR 192",)
    has = frozenset(defects).__contains__
    matcher = Matcher(
        data_set(**{keyword: key}), utf8, has, combined=combined, unknown_matches=True
    )
    return matcher.matches(data_set(**{keyword: held}), utf8)


@pytest.mark.parametrize(
    ("keyword", "key", "held", "truth"),
    [
        # single value: exact, case-sensitive, padding without meaning
        ("StudyDescription", "CT Head", "CT Head", True),
        ("StudyDescription", "CT Head ", "CT Head", True),
        ("StudyDescription", "ct head", "CT Head", False),
        ("StudyDescription", "CT", "CT Head", False),
        ("PatientID", "A_1", "AB1", False),
        ("PatientID", "A%", "ABC", False),
        ("PatientID", "O'Hara", "O'Hara", True),
        ("PatientID", "a;b", "a;b", True),
        # numbers by what they mean
        ("SeriesNumber", "1", "01", True),
        ("SeriesNumber", "1", "11", False),
        ("SliceThickness", "2.5", "2.50", True),
        # universal, and its note for a lone asterisk
        ("StudyDescription", "", "anything", True),
        ("StudyDescription", "*", "anything", True),
        ("StudyDescription", "*", "", True),
        # unknown values match in Query/Retrieve
        ("AccessionNumber", "A1", "", True),
        # wild cards
        ("StudyDescription", "CT*", "CT Head", True),
        ("StudyDescription", "*Head", "CT Head", True),
        ("StudyDescription", "C*H*d", "CT Head", True),
        ("StudyDescription", "CT Head*", "CT Head", True),
        ("StudyDescription", "ct*", "CT Head", False),
        ("StudyDescription", "C? Head", "CT Head", True),
        ("StudyDescription", "CT ?Head", "CT Head", False),
        ("StudyDescription", "CT*", "XCT", False),
        ("StudyDescription", "[CT]*", "CT", False),
        ("StudyDescription", "[CT]*", "[CT] Head", True),
        ("StudyDescription", "C.*", "CT", False),
        ("Modality", "M?", "MR", True),
        ("PatientID", "SW*", "SW\n1", True),
        # no wild cards in other VRs
        ("StudyDate", "2026*", "20260310", False),
        ("StudyInstanceUID", "1.2.*", "1.2.3", False),
        ("SeriesNumber", "1*", "12", False),
        # names: without regard to case, to trailing delimiters, by component group
        ("PatientName", "müller^jörg", "Müller^Jörg", True),
        ("PatientName", "Müller", "Müller^Jörg", False),
        ("PatientName", "Müller^Jörg^^", "Müller^Jörg", True),
        ("PatientName", "MÜLLER*", "Müller^Jörg", True),
        ("PatientName", "M*r^J*g", "Müller^Jörg", True),
        ("PatientName", "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", True),
        ("PatientName", "Yamada^Tarou=山田*", "Yamada^Tarou=山田^太郎", True),
        ("PatientName", "Yamada^Tarou=佐藤*", "Yamada^Tarou=山田^太郎", False),
        # lists of UIDs
        ("StudyInstanceUID", "1.2.3\\1.2.4", "1.2.4", True),
        ("StudyInstanceUID", "1.2.3\\1.2.4", "1.2", False),
        # several values: one suffices
        ("ModalitiesInStudy", "MR", "CT\\MR", True),
        ("ModalitiesInStudy", "US", "CT\\MR", False),
        # dates
        ("StudyDate", "20260310", "20260310", True),
        ("StudyDate", "2026.03.10", "20260310", True),
        ("StudyDate", "20260310-20260312", "20260310", True),
        ("StudyDate", "20260310-20260312", "20260312", True),
        ("StudyDate", "20260310-20260312", "20260313", False),
        ("StudyDate", "20260310-", "20260309", False),
        ("StudyDate", "20260310-", "20270101", True),
        ("StudyDate", "-20260310", "20260310", True),
        ("StudyDate", "-20260310", "20260311", False),
        ("StudyDate", "20260312-20260310", "20260311", False),
        # times, by their meaning
        ("StudyTime", "2230", "223000", True),
        ("StudyTime", "2230", "223000.000", True),
        ("StudyTime", "2230", "223001", False),
        ("StudyTime", "22:30:00", "223000", True),
        ("StudyTime", "100000-110000", "110000", True),
        ("StudyTime", "100000-110000", "110001", False),
        ("StudyTime", "10-11", "105959.999999", True),
        ("StudyTime", "-0900", "0859", True),
        ("StudyTime", "0900-", "085959", False),
        # dates with times
        ("AcquisitionDateTime", "19980128103000.0000", "19980128103000", True),
        ("AcquisitionDateTime", "19980128103000+0000", "19980128073000-0300", True),
        ("AcquisitionDateTime", "19980128073000-0300", "19980128103000", True),
        ("AcquisitionDateTime", "1998-1999", "19980128103000", True),
        ("AcquisitionDateTime", "199801281030-199801281031", "19980128103030", True),
        ("AcquisitionDateTime", "-199801281030", "19980128073100-0300", False),
    ],
)  # fmt: skip
def test_matching(keyword: str, key: str, held: str, truth: bool) -> None:
    """Each key matches what it should and nothing else."""
    assert holds(keyword, key, held) is truth


def test_a_worklist_fails_unknown_values() -> None:
    """Without `unknown_matches` an empty value matches only a universal key (K.2.2.1.1.1)."""
    empty = data_set(AccessionNumber="")
    assert not Matcher(data_set(AccessionNumber="A1"), (), NO_DEFECT).matches(empty)
    assert Matcher(data_set(AccessionNumber=""), (), NO_DEFECT).matches(empty)
    assert Matcher(data_set(AccessionNumber="*"), (), NO_DEFECT).matches({})


def test_combined_date_and_time() -> None:
    """A pair of ranges is one range of moments only when that was negotiated."""
    key = data_set(StudyDate="20060705-20060707", StudyTime="1000-1800")
    evening = data_set(StudyDate="20060706", StudyTime="200000")
    too_late = data_set(StudyDate="20060707", StudyTime="200000")
    apart = Matcher(key, (), NO_DEFECT)
    together = Matcher(key, (), NO_DEFECT, combined=True)
    assert not apart.matches(evening)
    assert together.matches(evening)
    assert not together.matches(too_late)


def sequence(keyword: str, *items: DataSet) -> DataSet:
    """A data set of one sequence."""
    return {tag_of(keyword): Element(tag_of(keyword), "SQ", b"", list(items))}


def test_sequences_match_by_one_item_whole() -> None:
    """All keys of the item must hold in one item; an empty item asks for nothing."""
    held = sequence(
        "ProcedureCodeSequence",
        data_set(CodeValue="1", CodingSchemeDesignator="A"),
        data_set(CodeValue="2", CodingSchemeDesignator="B"),
    )

    def asks(*items: DataSet) -> bool:
        key = sequence("ProcedureCodeSequence", *items)
        return Matcher(key, (), NO_DEFECT, unknown_matches=True).matches(held)

    assert asks(data_set(CodeValue="2", CodingSchemeDesignator="B"))
    assert not asks(data_set(CodeValue="1", CodingSchemeDesignator="B"))
    assert asks(data_set(CodeValue="2", CodingSchemeDesignator=""))
    assert asks(data_set())
    assert asks()


def test_character_sets_of_key_and_entity_may_differ() -> None:
    """Texts are compared as characters, not as bytes."""
    tag = tag_of("PatientName")
    key = {tag: Element(tag, "PN", "Müller*".encode())}
    held = {
        0x00080005: element("SpecificCharacterSet", "ISO_IR 100"),
        tag: Element(tag, "PN", "Müller^Jörg ".encode("latin-1")),
    }
    assert Matcher(key, ("ISO_IR 192",), NO_DEFECT).matches(held)
    assert not Matcher(key, ("ISO_IR 100",), NO_DEFECT).matches(held)
