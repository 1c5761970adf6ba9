"""A folder of one's own files under other names: nothing old is left, and all hangs together."""

from __future__ import annotations

import re
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner
from pydicom.dataset import Dataset

from stepwedge.errors import UsageError
from stepwedge.synthetic import Hospital, gender
from stepwedge.synthetic.commands import synth
from stepwedge.synthetic.reidentify import reidentify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two studies of one patient, with private and personal elements, and a text file."""
    folder = tmp_path / "mine"
    folder.mkdir()
    hospital = Hospital(3, "secret", matrix=16, most_instances=2, most_frames=2)
    for number in range(4):
        for instance in hospital.study(number).instances():
            dataset = instance.build()
            dataset.PatientAddress = "1 Secret Street"
            dataset.private_block(0x0029, "SECRET", create=True).add_new(1, "LO", "secret")
            item = Dataset()
            item.ReferencedSOPInstanceUID = instance.study.uid
            item.OperatorsName = "SECRET^OPERATOR"
            dataset.RequestAttributesSequence = [item]
            for keyword, value in gender.told(gender.MAN, "Secret", gender.HE, "secret").items():
                gender.add(dataset, keyword, value)
            path = folder / f"{instance.sop_instance_uid}.dcm"
            dataset.save_as(path, enforce_file_format=True)
    (folder / "notes.txt").write_text("not DICOM")
    return folder


def _read(folder: Path) -> list[Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir()) if path.name[0] in "I2"]


def test_nothing_old_is_left(folder: Path, tmp_path: Path) -> None:
    """No UID, name, number or address of the old files is in the new ones."""
    list(reidentify(folder, tmp_path / "out", 7, "new"))
    old = {str(e.value) for d in _read(folder) for e in d if e.VR in ("UI", "PN") and e.value}
    old = {value for value in old if not value.startswith("1.2.840.10008.")}
    old |= {d.PatientID for d in _read(folder)} | {d.AccessionNumber for d in _read(folder)}
    raw = b"".join(
        path.read_bytes() for path in (tmp_path / "out").iterdir() if path.name[0] == "I"
    )
    assert [value for value in old if value.encode() in raw] == []
    assert re.search(rb"secret", raw, re.IGNORECASE) is None


def test_all_hangs_together(folder: Path, tmp_path: Path) -> None:
    """One old UID or patient is one new one, references follow, and intervals stay."""
    list(reidentify(folder, tmp_path / "out", 7, "new"))
    before, after = _read(folder), _read(tmp_path / "out")
    assert len(before) == len(after)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientName"):
        pairs = {(str(a[keyword].value), str(b[keyword].value))
                 for a, b in zip(before, after, strict=True)}  # fmt: skip
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    for a, b in zip(before, after, strict=True):
        assert b.RequestAttributesSequence[0].ReferencedSOPInstanceUID == b.StudyInstanceUID
        assert b.StudyDate < a.StudyDate
        assert b.PatientID.startswith("SW-new-")
        assert b.IssuerOfPatientID == "STEPWEDGE"
        assert b.get("PixelData") == a.get("PixelData")


def test_the_same_seed_renames_alike(folder: Path, tmp_path: Path) -> None:
    """The same folder, seed and run make the same files, another run others."""
    contents = []
    for name, run in (("a", "new"), ("b", "new"), ("c", "other")):
        list(reidentify(folder, tmp_path / name, 7, run))
        contents.append([path.read_bytes() for path in sorted((tmp_path / name).iterdir())])
    assert contents[0] == contents[1] != contents[2]


def test_the_command_reports_every_file(folder: Path, tmp_path: Path) -> None:
    """Files that are not DICOM are named with the reason; caveats are said."""
    (folder / "2.broken").write_bytes(bytes(128) + b"DICM" + b"\2\0\1\0OB\0\0\xff\0\0\0\0")
    out = tmp_path / "out"
    done = CliRunner().invoke(synth, ["reidentify", str(folder), str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    assert re.search(r"notes\.txt was left out: it is not DICOM", done.output)
    assert re.search(r"2\.broken was left out", done.output)
    assert "burnt into pixels" in done.output


def test_what_cannot_be_done_is_told(folder: Path, tmp_path: Path) -> None:
    """A folder that is none, holds no DICOM, or a target within it, is wrong usage."""
    with pytest.raises(UsageError, match="is no folder"):
        list(reidentify(tmp_path / "nowhere", tmp_path / "out", 7, "new"))
    with pytest.raises(UsageError, match="lies within"):
        list(reidentify(folder, folder / "out", 7, "new"))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x")
    with pytest.raises(UsageError, match="no DICOM file"):
        CliRunner().invoke(
            synth,
            ["reidentify", str(tmp_path / "texts"), str(tmp_path / "o")],
            catch_exceptions=False,
        )
