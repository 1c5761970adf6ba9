"""The fixtures that come with the package serve tests that know nothing else of it."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

_TESTS = """
import pydicom

def test_a_study(hospital):
    instance = hospital.study(3).instances()[0]
    assert instance.dataset.PatientID == "SW-pytest-0000001"
    assert hospital.seed == 11

def test_files(dicom_folder):
    files = [path for path in dicom_folder(2).rglob("*") if path.is_file()]
    assert len({pydicom.dcmread(path).StudyInstanceUID for path in files}) == 2
"""


def test_hospital_and_dicom_folder(pytester: pytest.Pytester) -> None:
    """A test asks for `hospital` or `dicom_folder`; `--corpus-seed` says of which seed."""
    pytester.makepyfile(_TESTS)
    result = pytester.runpytest_subprocess("--corpus-seed", "11", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
