"""Each odd case is odd in the way that it says, and in no other that a reader would notice."""

from __future__ import annotations

import io
import json
import re
import subprocess
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from pydicom.dataset import Dataset
from pydicom.encaps import parse_basic_offsets, parse_fragments

from stepwedge.cli.catalogue import catalogue
from stepwedge.errors import UsageError
from stepwedge.synthetic import Instance
from stepwedge.synthetic.commands import synth
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.odd import CATALOGUE, Outcome, odd_case, odd_corpus

SCOPE = Scope(7, "odd")
Seen = Callable[[bytes, Dataset], bool]


@cache
def instance(id: str) -> Instance:
    return CATALOGUE[id].instance(SCOPE)


def lengths(data: Dataset, **characters: int) -> bool:
    return all(len(str(data[keyword].value)) == n for keyword, n in characters.items())


def depth(data: Dataset) -> int:
    items = [item for one in data if one.VR == "SQ" for item in one.value]
    return 1 + max(map(depth, items)) if items else 0


def grey(data: Dataset) -> tuple[int, int, int]:
    return data.BitsAllocated, data.BitsStored, data.PixelRepresentation


def ramp(data: Dataset) -> bool:
    """The pixels span the whole range of their depth."""
    bits, signed = data.BitsStored, data.PixelRepresentation
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    kind = f"<{'i' if signed else 'u'}{data.BitsAllocated // 8}"
    pixels = np.frombuffer(data.PixelData, kind)
    return (int(pixels.min()), int(pixels.max())) == (low, high)


# What is to be seen in the encoded data set, and in what pydicom makes of it.
PROMISED: dict[str, Seen] = {
    "empty-type-2": lambda raw, d: all(d[k].is_empty for k in CATALOGUE["empty-type-2"].about),
    "longest-values": lambda raw, d: lengths(
        d, PatientName=64, AccessionNumber=16, StudyID=16, Manufacturer=64, KVP=16
    ),
    "characters-not-bytes": lambda raw, d: "製".encode() * 64 in raw
    and lengths(d, PatientName=64, Manufacturer=64),
    "three-long-groups": lambda raw, d: [len(p) for p in str(d.PatientName).split("=")] == [64] * 3,
    "name-without-alphabet": lambda raw, d: b"PN\x0e\0=" in raw,
    "backslash-in-text": lambda raw, d: rb"C:\PACS\new" in raw and d["ImageComments"].VM == 1,
    "lines-in-text": lambda raw, d: b"one\r\ntwo\r\n\x0cthree" in raw,
    "empty-among-values": lambda raw, d: rb"A\\C" in raw,
    "thousand-values": lambda raw, d: d["SoftwareVersions"].VM == 1000,
    "numbers-in-full-form": lambda raw, d: b"+1.2E+02" in raw and b".5" in raw and b"+0012" in raw,
    "before-1900": lambda raw, d: d.StudyDate < "1900" and d.PatientBirthDate < d.StudyDate,
    "year-one": lambda raw, d: d.PatientBirthDate == "00010101",
    "leap-second": lambda raw, d: d.StudyTime == "235960",
    "fractions-of-seconds": lambda raw, d: d.StudyTime == "235959.999999",
    "time-zones": lambda raw, d: d.TimezoneOffsetFromUTC == "+1400"
    and d.AcquisitionDateTime.endswith("-1200"),
    "uid-of-64-characters": lambda raw, d: lengths(
        d, StudyInstanceUID=64, SeriesInstanceUID=64, SOPInstanceUID=64
    ),
    "uid-with-zeros": lambda raw, d: d.StudyInstanceUID.endswith(".0.0.1")
    and d.SOPInstanceUID.is_valid,
    "uid-leading-zero": lambda raw, d: d.SeriesInstanceUID.endswith(".01"),
    "uid-too-long": lambda raw, d: lengths(d, SeriesInstanceUID=70),
    "uid-with-letters": lambda raw, d: d.SeriesInstanceUID.endswith(".1a.b2"),
    "uid-padded-with-space": lambda raw, d: b".12 " in raw,
    "date-with-dots": lambda raw, d: d.StudyDate == "2024.01.15",
    "no-such-day": lambda raw, d: d.StudyDate == "20230230",
    "hour-24": lambda raw, d: d.StudyTime == "240000",
    "too-long-values": lambda raw, d: lengths(d, AccessionNumber=24, Manufacturer=100),
    "number-of-letters": lambda raw, d: b"DS\x06\0thick " in raw,
    "padded-with-nul": lambda raw, d: b"LO\x0a\0STEPWEDGE\0" in raw,
    "odd-length": lambda raw, d: b"LO\x09\0STEPWEDGE" in raw and len(raw) % 2 == 0,
    "unknown-character-set": lambda raw, d: b"CS\x0a\0ISO_IR 999" in raw,
    "undeclared-characters": lambda raw, d: b"M\xdcLLER" in raw
    and "SpecificCharacterSet" not in d,
    "empty-instance-uid": lambda raw, d: b"\x08\0\x18\0UI\0\0" in raw,
    "empty-study-uid": lambda raw, d: b"\x20\0\x0d\0UI\0\0" in raw,
    "two-private-creators": lambda raw, d: (0x0029, 0x1001) in d and (0x0029, 0x1101) in d,
    "last-private-block": lambda raw, d: (0x0029, 0x00FF) in d and (0x0029, 0xFFFF) in d,
    "private-in-items": lambda raw, d: d[0x00291010].is_undefined_length
    and d[0x00291010].value[0][0x00291001].value == "in an item",
    "private-megabyte": lambda raw, d: len(d[0x00291001].value) == 1 << 20,
    "known-as-unknown": lambda raw, d: b"\x08\0\x70\0UN" in raw and d.Manufacturer == "STEPWEDGE",
    "unknown-sequence": lambda raw, d: b"UN\0\0\xff\xff\xff\xff\xfe\xff\0\xe0" in raw
    and d.ProcedureCodeSequence[0].CodeMeaning == "Meaning",
    "value-too-long-for-its-vr": lambda raw, d: b"UN\0\0" + (70_000).to_bytes(4, "little") in raw,
    "empty-sequences": lambda raw, d: d.ProcedureCodeSequence == []
    and b"SQ\0\0\xff\xff\xff\xff\xfe\xff\xdd\xe0" in raw,
    "empty-items": lambda raw, d: [len(item) for item in d.RequestAttributesSequence] == [0, 0]
    and b"\xfe\xff\0\xe0\xff\xff\xff\xff\xfe\xff\x0d\xe0" in raw,
    "mixed-lengths": lambda raw, d: b"\xfe\xff\0\xe0\xff\xff\xff\xff" in raw
    and not d["ProcedureCodeSequence"].is_undefined_length,
    "nested-32-deep": lambda raw, d: depth(d) == 32,
    "ten-thousand-items": lambda raw, d: len(d.ProcedureCodeSequence) == 10_000,
    "group-lengths": lambda raw, d: d[0x00080000].value == raw.index(b"\x10\0\0\0UL\4\0") - 12,
    "wrong-group-lengths": lambda raw, d: d[0x00080000].value
    == raw.index(b"\x10\0\0\0UL\4\0") - 10,
    "private-without-creator": lambda raw, d: (0x0029, 0x1001) in d and (0x0029, 0x0010) not in d,
    "vr-of-the-future": lambda raw, d: b"\x29\0\x01\x10ZZ\0\0\x08\0\0\0later..." in raw,
    "reserved-bytes-used": lambda raw, d: b"SQ\x20\x20\0\0\0\0" in raw,
    "element-out-of-order": lambda raw, d: raw.endswith(b"\x08\0\x30\x10LO\x0a\0at the end"),
    "element-twice": lambda raw, d: raw.count(b"\x08\0\x30\x10LO") == 2,
    "group-2-in-the-data-set": lambda raw, d: raw.startswith(b"\2\0\x10\0UI"),
    "trailing-padding": lambda raw, d: raw.endswith(
        b"\xfc\xff\xfc\xffOB\0\0\x40\0\0\0" + bytes(64)
    ),
    "sequence-without-end": lambda raw, d: raw.endswith(b"\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0"),
    "one-pixel": lambda raw, d: (d.Rows, d.Columns, len(d.PixelData)) == (1, 1, 2),
    "very-wide": lambda raw, d: (d.Rows, d.Columns, len(d.PixelData)) == (1, 65535, 131070),
    "very-tall": lambda raw, d: (d.Rows, d.Columns, len(d.PixelData)) == (65535, 1, 131070),
    "odd-number-of-pixels": lambda raw, d: (d.Rows, d.Columns, len(d.PixelData)) == (3, 3, 10),
    "bits-1-unsigned": lambda raw, d: grey(d) == (1, 1, 0),
    "bits-8-unsigned": lambda raw, d: grey(d) == (8, 8, 0) and ramp(d),
    "bits-8-signed": lambda raw, d: grey(d) == (8, 8, 1) and ramp(d),
    "bits-12-unsigned": lambda raw, d: grey(d) == (16, 12, 0) and ramp(d),
    "bits-12-signed": lambda raw, d: grey(d) == (16, 12, 1) and ramp(d),
    "bits-16-unsigned": lambda raw, d: grey(d) == (16, 16, 0) and ramp(d),
    "bits-16-signed": lambda raw, d: grey(d) == (16, 16, 1) and ramp(d),
    "bits-32-unsigned": lambda raw, d: grey(d) == (32, 32, 0) and ramp(d),
    "bits-32-signed": lambda raw, d: grey(d) == (32, 32, 1) and ramp(d),
    "inverted-grey": lambda raw, d: d.PhotometricInterpretation == "MONOCHROME1",
    "palette-of-8-bits": lambda raw, d: len(d.BluePaletteColorLookupTableData) == 256,
    "palette-of-16-bits": lambda raw, d: list(d.RedPaletteColorLookupTableDescriptor)
    == [0, 0, 16] and len(d.RedPaletteColorLookupTableData) == 131072,
    "segmented-palette": lambda raw, d: len(d.SegmentedRedPaletteColorLookupTableData) == 12,
    "colour-by-plane": lambda raw, d: d.PlanarConfiguration == 1,
    "ybr-full": lambda raw, d: len(d.PixelData) == 16 * 16 * 3,
    "ybr-full-422": lambda raw, d: len(d.PixelData) == 16 * 16 * 2,
    "icon-image": lambda raw, d: len(d.IconImageSequence[0].PixelData) == 64,
    "overlay-plane": lambda raw, d: len(d[0x60003000].value) == 16 * 16 // 8,
    "frame-in-fragments": lambda raw, d: parse_fragments(d.PixelData)[0] == 4
    and parse_basic_offsets(d.PixelData) == [],
    "extended-offset-table": lambda raw, d: len(d.ExtendedOffsetTable) == 8,
    "high-bit-apart": lambda raw, d: (d.BitsStored, d.HighBit) == (12, 15),
    "packed-pixels": lambda raw, d: d.BitsAllocated == 12 and len(d.PixelData) == 16 * 16 * 3 // 2,
    "zero-frames": lambda raw, d: d.NumberOfFrames == 0,
    "more-frames-than-there-are": lambda raw, d: d.NumberOfFrames == 2**31 - 1,
    "no-pixel-data": lambda raw, d: "PixelData" not in d,
    "empty-pixel-data": lambda raw, d: d["PixelData"].is_empty,
    "short-pixel-data": lambda raw, d: len(d.PixelData) == 200,
    "excess-pixel-data": lambda raw, d: len(d.PixelData) == 4096,
    "open-native-pixel-data": lambda raw, d: b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" in raw,
    "wrong-offset-table": lambda raw, d: parse_basic_offsets(d.PixelData)[1] > len(d.PixelData),
}  # fmt: skip

# pydicom cannot read these to their end, or at all.
UNREADABLE = {"vr-of-the-future", "sequence-without-end"}


@pytest.mark.parametrize("id", CATALOGUE)
def test_a_case_is_as_it_says(id: str) -> None:
    """The bytes hold what the sentence of the case promises."""
    made = instance(id)
    with warnings.catch_warnings(), pydicom.config.disable_value_validation():
        warnings.simplefilter("ignore")
        read = pydicom.dcmread(io.BytesIO(made.part10())) if id not in UNREADABLE else Dataset()
        assert PROMISED[id](made.encoded(), read)


@pytest.mark.parametrize(
    "id", [case.id for case in CATALOGUE.values() if case.outcome is Outcome.MUST_STORE]
)
def test_what_must_be_stored_is_read_by_others(id: str, tmp_path: Path) -> None:
    """DCMTK reads to its end, without an error, every case that a server must store."""
    (tmp_path / "case").write_bytes(instance(id).part10())
    done = subprocess.run(
        ["/usr/bin/dcmdump", "-q", tmp_path / "case"], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_every_case_has_a_check_of_its_own() -> None:
    """No case of the catalogue is left out by the suites."""
    sentences = [entry.check.sentence for entry in catalogue() if entry.check.id >= "STORE-301"]
    for case in CATALOGUE.values():
        assert sum(case.what.rstrip(".") in sentence for sentence in sentences) == 1, case.id


def test_a_case_names_its_clause() -> None:
    """Id, clause and sentence have the form that reports need."""
    for case in CATALOGUE.values():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", case.id)
        assert re.fullmatch(r"PS3\.\d+ [A-Z0-9][A-Z0-9.]*", case.clause)
        assert case.what.endswith(".")


def test_a_case_is_the_same_wherever_it_stands() -> None:
    """UIDs and bytes depend on the case, not on its place in the catalogue."""
    first = odd_case("one-pixel").instance(SCOPE, 1).encoded()
    assert first == odd_case("one-pixel").instance(SCOPE, 2).encoded()


def test_odd_data_can_be_purged() -> None:
    """Every case keeps the Patient ID and issuer by which the run's data are told apart."""
    for case in CATALOGUE.values():
        patient = case.instance(SCOPE).patient
        assert patient.id == f"SW-odd-{case.id}"
        assert patient.issuer == "STEPWEDGE"


def test_the_corpus_holds_every_case(tmp_path: Path) -> None:
    """`synth odd` writes each case as a file, and the manifest says what it is."""
    out = tmp_path / "out"
    CliRunner().invoke(synth, ["odd", "--run", "odd", "--out", str(out)], catch_exceptions=False)
    manifest = json.loads((out / "manifest.json").read_text())
    assert len(odd_corpus(1, "odd").studies) == len(CATALOGUE)
    notes = {entry["path"]: entry["note"] for entry in manifest["files"] if entry["note"]}
    assert len(notes) == len(CATALOGUE)
    assert any(note.startswith("one-pixel: must store: An image of one") for note in notes.values())


def test_an_unknown_case_lists_those_there_are() -> None:
    """A case that is not in the catalogue is wrong usage."""
    with pytest.raises(UsageError, match="one-pixel"):
        odd_case("two-pixels")
