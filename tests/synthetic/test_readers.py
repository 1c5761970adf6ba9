"""Others read what we write: GDCM every kind and syntax that it knows, DCMTK converts, too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import gdcm
import numpy as np
import pytest
from pydicom import uid as uids

from stepwedge.synthetic import Instance, conformance_corpus
from stepwedge.synthetic.codecs import CODECS, NATIVE, refusal
from stepwedge.synthetic.variety import variety_corpus

ONE_OF_EACH = {
    study.series[-1].plan.iod: study.series[-1].instances[0]
    for study in variety_corpus(7, "read").studies
}
KINDS = {i.series.plan.iod: i for i in conformance_corpus(7, "gdcm").instances}
# GDCM 3.2 knows no High-Throughput JPEG 2000.
UNKNOWN_TO_GDCM = {uids.HTJ2K, uids.HTJ2KLossless, uids.HTJ2KLosslessRPCL}
CASES = [
    pytest.param(instance, syntax, id=f"{kind}-{syntax}")
    for kind, instance in KINDS.items()
    for syntax in (*NATIVE, *CODECS)
    if syntax not in UNKNOWN_TO_GDCM and not refusal(instance.dataset, syntax)
]


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_gdcm_reads_every_kind(kind: str, tmp_path: Path) -> None:
    """GDCM reads each kind of object to its end, and finds its SOP instance."""
    (tmp_path / "file").write_bytes(ONE_OF_EACH[kind].part10())
    reader = gdcm.Reader()
    reader.SetFileName(str(tmp_path / "file"))
    assert reader.Read()
    strings = gdcm.StringFilter()
    strings.SetFile(reader.GetFile())
    assert strings.ToString(gdcm.Tag(0x0008, 0x0018)).strip("\0 ") == (
        ONE_OF_EACH[kind].sop_instance_uid
    )


@pytest.mark.parametrize(("instance", "syntax"), CASES)
def test_gdcm_decodes_what_it_supports(instance: Instance, syntax: str, tmp_path: Path) -> None:
    """GDCM decodes every transfer syntax that it knows to the same pixels (within the loss)."""
    (tmp_path / "file").write_bytes(instance.in_syntax(syntax).part10())
    reader = gdcm.ImageReader()
    reader.SetFileName(str(tmp_path / "file"))
    assert reader.Read()
    image = reader.GetImage()
    raw = image.GetBuffer().encode("utf-8", "surrogateescape")
    plain = instance.dataset
    kind = f"<{'i' if plain.PixelRepresentation else 'u'}{plain.BitsAllocated // 8}"
    before, after = np.frombuffer(plain.PixelData, kind), np.frombuffer(raw, kind)
    error = CODECS[syntax].error if syntax in CODECS else 0
    worst = np.abs(after.astype(int) - before[: len(after)].astype(int)).max()
    assert worst <= error * 2**plain.BitsStored


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_dcmtk_converts_every_kind(kind: str, tmp_path: Path) -> None:
    """DCMTK's dcmconv reads each kind and writes it again in Implicit VR Little Endian."""
    (tmp_path / "in").write_bytes(ONE_OF_EACH[kind].part10())
    command = ["/usr/bin/dcmconv", "+ti", tmp_path / "in", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
