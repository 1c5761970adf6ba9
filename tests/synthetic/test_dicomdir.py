"""A DICOMDIR and a ZIP of a corpus: whole, in order, and what others make of the same files."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import CliRunner
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from stepwedge.errors import UsageError
from stepwedge.synthetic import conformance_corpus, variety_corpus, write_corpus, write_zip
from stepwedge.synthetic.commands import synth
from stepwedge.synthetic.oddpeople import people_corpus

Record = tuple[int, dict[str, Any]]

# What a record may hold besides its keys: DCMTK copies these where they are not needed, too.
OPTIONAL = {"ImageType", "SpecificCharacterSet"}
# dciodvfy does not know the defined term GBK (CP 1234).
GBK = "Character invalid for character repertoire"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One study of every kind, with a DICOMDIR."""
    out = tmp_path_factory.mktemp("media") / "variety"
    assert write_corpus(variety_corpus(7, "media", matrix=16), out, dicomdir=True).unlisted == {}
    return out


def _records(dicomdir: Path) -> list[Record]:
    """The records in the order of their offsets, each with its depth."""
    dataset = pydicom.dcmread(dicomdir)
    by_offset = {record.seq_item_tell: record for record in dataset.DirectoryRecordSequence}
    found: list[Record] = []

    def walk(offset: int, depth: int) -> int:
        last = 0
        while offset:
            record, last = by_offset[offset], offset
            found.append((depth, _keys(record)))
            walk(record.OffsetOfReferencedLowerLevelDirectoryEntity, depth + 1)
            offset = record.OffsetOfTheNextDirectoryRecord
        return last

    last = walk(dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, 0)
    assert dataset.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity == last
    assert len(found) == len(by_offset)  # nothing hangs in the air
    return found


def _keys(record: Dataset) -> dict[str, Any]:
    return {
        element.keyword: str(element.value) if element.VR != "SQ" else len(element.value)
        for element in record
        if not element.keyword.startswith(("Offset", "RecordInUse")) and element.tag.group != 0xFFFE
    }


def _files(records: list[Record]) -> dict[str, dict[str, Any]]:
    return {
        keys["ReferencedFileID"]: {k: v for k, v in keys.items() if k not in OPTIONAL}
        for _, keys in records
        if "ReferencedFileID" in keys
    }


def test_every_file_has_one_record(folder: Path) -> None:
    """Following the offsets from the root leads to each file of the manifest once."""
    records = _records(folder / "DICOMDIR")
    told = {
        keys["ReferencedSOPInstanceUIDInFile"]: keys["ReferencedTransferSyntaxUIDInFile"]
        for depth, keys in records
        if depth == 3
    }
    entries = json.loads((folder / "manifest.json").read_text())["files"]
    assert told == {entry["sop_instance_uid"]: entry["transfer_syntax"] for entry in entries}
    assert len(told) == sum(depth == 3 for depth, _ in records)


def test_dcmmkdir_makes_the_same_records(folder: Path, tmp_path: Path) -> None:
    """DCMTK lists the same files by the same types and keys."""
    shutil.copytree(folder / "DICOM", tmp_path / "DICOM")
    subprocess.run(
        ["/usr/bin/dcmmkdir", "-q", "-Pgp", "-Nxc", "+r", "+id", tmp_path, "+D",
         tmp_path / "DICOMDIR", "DICOM"],
        check=True, timeout=60,
    )  # fmt: skip
    assert _files(_records(folder / "DICOMDIR")) == _files(_records(tmp_path / "DICOMDIR"))


def test_others_read_it(folder: Path) -> None:
    """dcmdump and pydicom read the directory to its end, and dciodvfy finds no error in it."""
    for program in (["/usr/bin/dcmdump", "-q"], ["/usr/bin/dciodvfy", "-new"]):
        done = subprocess.run(
            [*program, folder / "DICOMDIR"], capture_output=True, check=False, timeout=60
        )
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        assert [line for line in lines if line[0] == "E" and GBK not in line] == []
    files = FileSet(folder / "DICOMDIR")
    files._stage["t"].cleanup()  # a folder that it leaves to the garbage collector
    assert len(files) == len(list((folder / "DICOM").rglob("IM*")))
    for instance in files:
        assert instance.load().SOPInstanceUID == instance.SOPInstanceUID


def test_names_are_in_the_character_set_of_their_record(folder: Path) -> None:
    """A record names a character set where a key needs one, and only there."""
    patients = [keys for depth, keys in _records(folder / "DICOMDIR") if depth == 0]
    for keys in patients:
        assert keys["PatientName"].isascii() == ("SpecificCharacterSet" not in keys)
    assert {keys["PatientName"].isascii() for keys in patients} == {True, False}


def test_one_number_is_one_patient(tmp_path: Path) -> None:
    """A Patient ID has one record, even of two issuers (PS3.3 F.5.1); every study hangs below."""
    corpus = people_corpus(7, "media", matrix=16)
    write_corpus(corpus, tmp_path / "out", dicomdir=True)
    records = _records(tmp_path / "out" / "DICOMDIR")
    numbers = [keys["PatientID"] for depth, keys in records if depth == 0]
    assert sorted(numbers) == sorted({study.patient.id for study in corpus.studies})
    assert sum(depth == 1 for depth, _ in records) == len(corpus.studies)


def test_what_cannot_be_listed_is_told(tmp_path: Path) -> None:
    """A study of unknown date can have no record: its file is there, and the command says so."""
    arguments = ["conformance", "--matrix", "16", "--dicomdir", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(synth, arguments, catch_exceptions=False)
    assert "not in the DICOMDIR: DICOM/ST000013/SE001/IM000001: its StudyDate has" in done.output
    assert (tmp_path / "out/DICOM/ST000013/SE001/IM000001").is_file()
    assert len(_files(_records(tmp_path / "out" / "DICOMDIR"))) == 32


def test_a_zip_file_holds_what_the_folder_does(folder: Path, tmp_path: Path) -> None:
    """The ZIP file is the same twice, and its files are those of the folder, byte for byte."""
    for name in ("one.zip", "two.zip"):
        write_zip(variety_corpus(7, "media", matrix=16), tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_zip_file_is_never_overwritten_nor_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is there stays; when the disk is full, nothing is left behind."""
    corpus = conformance_corpus(7, "media", matrix=16)
    (tmp_path / "mine.zip").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        write_zip(corpus, tmp_path / "mine.zip")
    assert (tmp_path / "mine.zip").read_text() == "precious"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stepwedge.synthetic.place.Archive.copy", full)
    with pytest.raises(UsageError, match="No space left"):
        write_zip(corpus, tmp_path / "new.zip")
    assert not (tmp_path / "new.zip").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dicomdir", "--zip", "a.zip"],
        ["--out", "a", "--zip", "a.zip"],
        ["--describe", "a", "--worklist", "b"],
        [],
    ],
    ids=" ".join,
)
def test_places_that_do_not_go_together(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What contradicts itself is wrong usage, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"say where to write to|belongs to a folder"):
        CliRunner().invoke(synth, ["variety", *arguments], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []
