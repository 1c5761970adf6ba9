"""What is very large, or very many, passes through and is not held."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner

from stepwedge.errors import UsageError
from stepwedge.synthetic.commands import synth
from stepwedge.synthetic.large import FRAME, large_instance, large_parts, size_of, write_large

# Prints by how much the peak of memory rises while 256 MiB are written.
_MEASURE = """
import resource, sys
from pathlib import Path
from stepwedge.synthetic.large import large_instance, write_large
instance = large_instance(7, "large", 256 << 20)
write_large(large_instance(7, "small", 1 << 20), Path(sys.argv[1]) / "small")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_large(instance, Path(sys.argv[1]) / "large")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_object_is_an_ordinary_one_made_piece_by_piece() -> None:
    """The pieces put together have the header that the model path builds, and every frame."""
    instance = large_instance(7, "large", 3 * FRAME)
    data = b"".join(large_parts(instance))
    header = instance.encoded()[: -3 * FRAME]
    assert data[: len(header)] == header
    assert len(data) == len(header) + 3 * FRAME
    frames = {hashlib.sha256(data[len(header) + n * FRAME :][:FRAME]).digest() for n in range(3)}
    assert len(frames) == 3


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    """256 MiB are written with less than 64 MiB of memory more, and can be read."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, tmp_path], capture_output=True, check=True, timeout=120
    )
    assert int(done.stdout) < 64 << 10
    read = pydicom.dcmread(tmp_path / "large", stop_before_pixels=True)
    assert read.NumberOfFrames == 1024
    assert (tmp_path / "large").stat().st_size > 256 << 20
    (tmp_path / "large").unlink()


def test_the_command_writes_a_large_object(tmp_path: Path) -> None:
    """`synth large --size` writes at least that much and says how many frames."""
    arguments = ["large", "--size", "1MiB", "--out", str(tmp_path / "file")]
    done = CliRunner().invoke(synth, arguments, catch_exceptions=False)
    assert done.output.startswith("4 frames, 1.0 MiB")
    assert pydicom.dcmread(tmp_path / "file").pixel_array.shape == (4, 512, 512)


@pytest.mark.parametrize(
    ("text", "says"),
    [("two", "is no size"), ("0", "not possible"), ("4GiB", "a length of 32 bits")],
)
def test_sizes_that_make_no_sense(text: str, says: str) -> None:
    """A size that is none, or that native pixel data cannot have, is wrong usage."""
    with pytest.raises(UsageError, match=says):
        large_instance(7, "large", size_of(text))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that exists is left alone, and a folder that is missing is told."""
    instance = large_instance(7, "large", 1)
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        write_large(instance, tmp_path / "mine")
    with pytest.raises(UsageError, match="cannot write"):
        write_large(instance, tmp_path / "nowhere" / "file")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_description_has_a_line_for_every_study(tmp_path: Path) -> None:
    """`--describe` writes what studies will hold, without making one of them."""
    out = tmp_path / "corpus.ndjson"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    arguments = ["night-ct", "--studies", "500", "--describe", str(out)]
    CliRunner().invoke(synth, arguments, catch_exceptions=False)
    studies = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len({study["StudyInstanceUID"] for study in studies}) == 500
    assert all(series["Instances"] >= 1 for study in studies for series in study["Series"])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["night-ct"], "say where to write"),
        (["night-ct", "--out", "a", "--describe", "b"], "say where to write"),
        (["odd", "--describe", "b"], "odd is no mix"),
        (["night-ct", "--describe", "/nowhere/b"], "cannot write"),
        (["night-ct", "--studies", "-1", "--describe", "b"], "number of studies"),
    ],
)
def test_descriptions_that_cannot_be(arguments: list[str], says: str) -> None:
    """Where to write must be said once; only a mix has any number of studies."""
    with pytest.raises(UsageError, match=says):
        CliRunner().invoke(synth, arguments, catch_exceptions=False)
