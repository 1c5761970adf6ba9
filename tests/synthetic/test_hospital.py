"""The hospital is the same on every day, valid for the validator, and refuses nonsense."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from stepwedge.errors import UsageError
from stepwedge.synthetic import Hospital, conformance_corpus
from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.uids import uid


@pytest.fixture(scope="module")
def small() -> Hospital:
    return Hospital(7, "unit", matrix=64, most_instances=2, most_frames=3)


def test_the_same_seed_makes_the_same_bytes() -> None:
    """Two hospitals of one seed and run are byte for byte the same."""
    digests = []
    for _ in range(2):
        hospital = Hospital(7, "unit", matrix=32, most_instances=1, most_frames=2)
        digest = hashlib.sha256()
        for study in hospital.studies(12):
            for instance in study.instances():
                digest.update(instance.part10())
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]


@pytest.mark.parametrize(("seed", "run"), [(8, "unit"), (7, "other")])
def test_seed_and_run_set_data_apart(small: Hospital, seed: int, run: str) -> None:
    """Another seed or run shares no UID and no accession number with the first."""
    other = Hospital(seed, run, matrix=64, most_instances=2)
    first, second = (
        {i.sop_instance_uid for s in h.studies(5) for i in s.instances()}
        | {s.uid for s in h.studies(5)}
        | {s.accession_number for s in h.studies(5)}
        for h in (small, other)
    )
    assert not first & second


def test_uids_have_the_width_of_a_field() -> None:
    """Every UID is 2.25 and a UUID of version 8, and 44 characters long."""
    for number in range(2000):
        made = uid(1, "path", number)
        assert re.fullmatch(r"2\.25\.[1-9][0-9]*", made)
        assert len(made) == 44
        bits = int(made[5:])
        assert bits >> 76 & 0xF == 8
        assert bits >> 62 & 3 == 2


def test_a_study_far_away_costs_nothing(small: Hospital) -> None:
    """A study is a function of its number: the millionth can be had without the others."""
    study = small.study(999_999)
    assert study == small.study(999_999)
    assert study.patient.id == "SW-unit-0624999"
    assert study.date < "20250101"
    assert study.date >= study.patient.birth_date


def test_data_sets_are_what_pydicom_reads_back(small: Hospital) -> None:
    """pydicom reads each file back to the values that the model has."""
    for study in small.studies(25):
        for instance in study.instances():
            read = pydicom.dcmread(io.BytesIO(instance.part10()))
            assert read.SOPInstanceUID == instance.sop_instance_uid
            assert read.StudyInstanceUID == study.uid
            assert read.PatientID == study.patient.id
            assert read.get("PixelData") == instance.dataset.get("PixelData")
            if "ISO 2022 IR 58" not in study.patient.charset.terms:  # pydicom reads that wrongly
                assert str(read.PatientName) == study.patient.name


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_our_writer_and_pydicom_agree(small: Hospital, syntax: str) -> None:
    """Where pydicom can write the text, its bytes and ours are the same in every encoding."""
    compared = 0
    for study in small.studies(12):
        if len(study.patient.charset.terms) > 1:
            continue
        for instance in study.instances():
            if not instance.series.iod.image:
                continue
            dataset = instance.build()
            dataset.file_meta.TransferSyntaxUID = syntax
            if syntax == ExplicitVRBigEndian and dataset.BitsAllocated == 16:
                # pydicom leaves the byte order of OW to its caller.
                dataset.PixelData = np.frombuffer(dataset.PixelData, "<u2").byteswap().tobytes()
            file = io.BytesIO()
            pydicom.dcmwrite(file, dataset, enforce_file_format=True)
            ours = encode_dataset(instance.build(), syntax)
            if syntax == DeflatedExplicitVRLittleEndian:
                file.seek(0)
                read = pydicom.dcmread(file)
                assert encode_dataset(read, syntax) == ours
            else:
                assert file.getvalue().endswith(ours)
            compared += 1
    assert compared > 5


def test_the_validator_finds_no_error(small: Hospital, tmp_path: Path) -> None:
    """dciodvfy has no error for any instance of the hospital and of the conformance corpus."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        pytest.fail("dciodvfy is not installed: say ./tests/install-servers")
    # One study of every protocol of the mix.
    studies = {study.plans[0].protocol: study for study in small.studies(400)}
    assert len(studies) > 15
    instances = [i for study in studies.values() for i in study.instances()]
    for number, instance in enumerate(instances + list(conformance_corpus(7, "v").instances)):
        file = tmp_path / str(number)
        file.write_bytes(instance.part10())
        done = subprocess.run([tool, "-new", str(file)], capture_output=True, check=False)
        said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
        assert [line for line in said if line.startswith("Error")] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"seed": "7", "run": "r"}, "the seed is '7'"),
        ({"seed": True, "run": "r"}, "the seed is True"),
        ({"seed": 7, "run": "a b"}, "the run is 'a b'"),
        ({"seed": 7, "run": "r", "matrix": 0}, "matrix is 0"),
        ({"seed": 7, "run": "r", "locales": ["xx_XX"]}, "locale 'xx_XX' is not known"),
        ({"seed": 7, "run": "r", "locales": []}, "the list of locales is empty"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, object], says: str) -> None:
    """A seed, run, size or locale of the wrong kind is wrong usage and the message says which."""
    with pytest.raises(UsageError, match=re.escape(says)):
        Hospital(**arguments)  # type: ignore[arg-type]
