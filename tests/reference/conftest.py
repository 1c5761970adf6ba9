"""Peers for the reference servers: tiny instances, DCMTK's clients, pynetdicom as SCU."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from stepwedge.fixtures.receiver import Receiver
from stepwedge.fixtures.reference import ReferencePacs

ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def make_instance(
    number: int = 1,
    *,
    study: str = "1.2.826.1",
    series: str = "1",
    charset: str = "ISO_IR 100",
    pixels: int = 16,
    **attributes: Any,
) -> Dataset:
    """A small CT instance; keywords replace attributes, None leaves one out."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    given = {
        "SpecificCharacterSet": charset,
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": f"{study}.{series}.{number}",
        "StudyDate": "20260310",
        "StudyTime": "101112",
        "AccessionNumber": "ACC1",
        "Modality": "CT",
        "ReferringPhysicianName": "House^Gregory",
        "StudyDescription": "CT Abdomen",
        "PatientName": "Müller^Jörg",
        "PatientID": "SW1",
        "PatientBirthDate": "19700101",
        "PatientSex": "M",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{series}",
        "StudyID": "S1",
        "SeriesNumber": series,
        "InstanceNumber": str(number),
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": pixels,
        "Columns": pixels,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": b"".join(
            ((number + 7 * n) % 4096).to_bytes(2, "little") for n in range(pixels * pixels)
        ),
        **attributes,
    }
    for keyword, value in given.items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def encoded(ds: Dataset) -> bytes:
    """A data set as a Part 10 file."""
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def run(program: str, *arguments: str, code: int | None = 0) -> str:
    """Runs a DCMTK client; its whole output, which is asserted to end with `code`."""
    outcome = subprocess.run(
        [f"/usr/bin/{program}", *arguments],
        capture_output=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
    )
    text = (outcome.stdout + outcome.stderr).decode("latin-1")
    assert code is None or outcome.returncode == code, text
    return text


@pytest.fixture
def make() -> Callable[..., Dataset]:
    """Makes an instance."""
    return make_instance


@pytest.fixture
def dcmtk() -> Callable[..., str]:
    """Runs a DCMTK client."""
    return run


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[ReferencePacs]:
    """An empty reference PACS, running."""
    with ReferencePacs(tmp_path / "archive") as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver, running."""
    with Receiver() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., None]:
    """Sends instances with storescu."""

    def send(server: ReferencePacs, *instances: Dataset, code: int = 0) -> None:
        folder = tmp_path / "outgoing"
        folder.mkdir(exist_ok=True)
        paths = []
        for number, ds in enumerate(instances):
            path = folder / f"{number}.dcm"
            path.write_bytes(encoded(ds))
            paths.append(str(path))
        run(
            "storescu",
            "-R",
            "-aec",
            server.ae_title,
            "127.0.0.1",
            str(server.port),
            *paths,
            code=code,
        )

    return send


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., list[Dataset]]:
    """Queries with findscu: the response identifiers."""

    def query(server: ReferencePacs, *keys: str, model: str = "-S", code: int = 0) -> list[Dataset]:
        folder = tmp_path / "answers"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        arguments = [part for key in keys for part in ("-k", key)]
        run(
            "findscu", model, "-X", "-od", str(folder), "-aec", server.ae_title,
            *arguments, "127.0.0.1", str(server.port), code=code,
        )  # fmt: skip
        return [pydicom.dcmread(path, force=True) for path in sorted(folder.iterdir())]

    return query
