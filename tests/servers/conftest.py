"""DCMTK's clients, and files to send with them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage


@pytest.fixture
def dcmtk() -> Callable[..., str]:
    """Runs a DCMTK client, which must succeed; its output."""

    def run(program: str, *arguments: str) -> str:
        outcome = subprocess.run(
            [f"/usr/bin/{program}", *arguments],
            capture_output=True,
            env={**os.environ, "TCP_NODELAY": "1"},
            timeout=60,
            check=False,
        )
        text = (outcome.stdout + outcome.stderr).decode("latin-1")
        assert outcome.returncode == 0, text
        return text

    return run


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[int], Path]:
    """Writes a small secondary capture with an instance number."""

    def make(number: int) -> Path:
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = SecondaryCaptureImageStorage
        ds.SOPInstanceUID = f"1.2.826.1.1.{number}"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.1", "1.2.826.1.1"
        ds.PatientName, ds.PatientID = "Wedge^Step", "SW1"
        ds.StudyDate, ds.StudyTime, ds.StudyID = "20260310", "101112", "S1"
        ds.AccessionNumber, ds.PatientBirthDate, ds.PatientSex = "A1", "19700101", "F"
        ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "OT", "1", str(number)
        ds.ConversionType, ds.ReferringPhysicianName = "WSD", ""
        ds.Rows = ds.Columns = 8
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 8
        ds.HighBit, ds.PixelRepresentation = 7, 0
        ds.PixelData = bytes(64)
        path = tmp_path / f"{number}.dcm"
        ds.save_as(path, enforce_file_format=True)
        return path

    return make


@pytest.fixture
def worklist_item() -> Callable[[Path], None]:
    """Writes a worklist item as a Part 10 file."""

    def write(path: Path) -> None:
        step = Dataset()
        step.ScheduledStationAETitle, step.Modality = "CT1", "CT"
        step.ScheduledProcedureStepStartDate = "20260310"
        step.ScheduledProcedureStepStartTime = "0900"
        step.ScheduledPerformingPhysicianName = ""
        step.ScheduledProcedureStepDescription = "Head"
        step.ScheduledProcedureStepID = "S1"
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        ds.AccessionNumber, ds.ReferringPhysicianName = "A1", ""
        ds.PatientName, ds.PatientID = "Wedge^Step", "SW1"
        ds.PatientBirthDate, ds.PatientSex = "19700101", "F"
        ds.StudyInstanceUID, ds.RequestedProcedureDescription = "1.2.826.1", "Head"
        ds.RequestedProcedureID, ds.RequestedProcedurePriority = "R1", "LOW"
        ds.RequestedProcedureCodeSequence = []
        ds.ScheduledProcedureStepSequence = [step]
        ds.save_as(path, enforce_file_format=True)

    return write
