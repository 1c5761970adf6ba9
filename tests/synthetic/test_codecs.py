"""Every encapsulated transfer syntax can be decoded back, by others too, and its loss is known."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid as uids
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.rle import _rle_decode_frame

from stepwedge.errors import UsageError
from stepwedge.synthetic import Instance, conformance_corpus, phantoms
from stepwedge.synthetic.codecs import CODECS, NAMES, compress, decode, refusal
from stepwedge.synthetic.fragments import LAYOUTS

CORPUS = conformance_corpus(7, "codec")
KINDS = {i.series.plan.iod: i for i in CORPUS.instances}

CASES = [
    pytest.param(instance, codec.uid, id=f"{kind}-{codec.name}")
    for kind, instance in KINDS.items()
    for codec in CODECS.values()
    if not refusal(instance.dataset, codec.uid)
]
# What DCMTK 3.6.7 can decode, by the first word of the codec's name: it has no JPEG 2000.
DCMTK = {
    "JPEG": "/usr/bin/dcmdjpeg",
    "JPEG-LS": "/usr/bin/dcmdjpls",
    "RLE": "/usr/bin/dcmdrle",
}
FOR_DCMTK = [
    case
    for case in CASES
    if "2000" not in CODECS[case.values[1]].name and "HTJ2K" not in CODECS[case.values[1]].name
]
WITH_LAYOUT = [
    pytest.param(*case.values, layout, id=f"{case.id}-{layout}")
    for case in CASES
    for layout in ("basic", "fragments-empty")
    # An RLE frame is one fragment.
    if (case.values[1], layout) != (uids.RLELossless, "fragments-empty")
]


def _native(instance: Instance) -> np.ndarray:
    dataset = instance.dataset
    kind = "i" if dataset.PixelRepresentation else "u"
    frames = int(dataset.get("NumberOfFrames", 1))
    dtype = f"<{kind}{dataset.BitsAllocated // 8}"
    return np.frombuffer(dataset.PixelData, dtype).reshape(frames, dataset.Rows, dataset.Columns)


@pytest.mark.parametrize(("instance", "syntax", "layout"), WITH_LAYOUT)
def test_frames_come_back(instance: Instance, syntax: str, layout: str) -> None:
    """Each frame decodes to what went in, within the loss that the codec declares."""
    codec = CODECS[syntax]
    read = pydicom.dcmread(io.BytesIO(instance.in_syntax(syntax, layout).part10()))
    original = _native(instance)
    frames = list(generate_frames(read.PixelData, number_of_frames=len(original)))
    assert len(frames) == len(original)
    limit = codec.error * 2**instance.dataset.BitsStored
    for frame, before in zip(frames, original, strict=True):
        if syntax == uids.RLELossless:
            planes = _rle_decode_frame(frame, read.Rows, read.Columns, 1, read.BitsAllocated)
            after = np.frombuffer(planes, before.dtype).reshape(before.shape)
        else:
            after = decode(syntax, frame).reshape(before.shape).view(before.dtype)
        assert np.abs(after.astype(int) - before.astype(int)).max() <= limit
        assert codec.lossless or not np.array_equal(before, after)


@pytest.mark.parametrize(("instance", "syntax"), FOR_DCMTK)
def test_dcmtk_decodes_what_it_supports(instance: Instance, syntax: str, tmp_path: Path) -> None:
    """DCMTK decodes every JPEG, JPEG-LS and RLE file to the same pixels (within the loss)."""
    codec = CODECS[syntax]
    tool = DCMTK[codec.name.split()[0]]
    if not Path(tool).exists():
        pytest.fail("DCMTK is not installed: say ./tests/install-servers")
    (tmp_path / "in").write_bytes(instance.in_syntax(syntax).part10())
    subprocess.run([tool, tmp_path / "in", tmp_path / "out"], check=True, timeout=60)
    read = pydicom.dcmread(tmp_path / "out")
    before = _native(instance)
    after = np.frombuffer(read.PixelData[: before.nbytes], before.dtype).reshape(before.shape)
    limit = codec.error * 2**instance.dataset.BitsStored
    assert np.abs(after.astype(int) - before.astype(int)).max() <= limit


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Offset tables are there, empty or extended as the layout says, and all find the frames."""
    instance = KINDS["US multi-frame"]
    dataset = instance.in_syntax(uids.JPEGBaseline8Bit, layout).dataset
    wanted = LAYOUTS[layout]
    table = pydicom.encaps.parse_basic_offsets(dataset.PixelData)
    assert bool(table) is wanted.basic
    assert ("ExtendedOffsetTable" in dataset) is wanted.extended
    fragments, _ = pydicom.encaps.parse_fragments(dataset.PixelData)
    assert fragments == 1 + 3 * wanted.fragments  # the first item is the table
    extended = (
        (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
        if wanted.extended
        else None
    )
    frames = list(generate_frames(dataset.PixelData, number_of_frames=3, extended_offsets=extended))
    assert [frame[:2] for frame in frames] == [b"\xff\xd8"] * 3


def test_native_encodings_of_one_instance_hold_the_same_pixels() -> None:
    """Implicit, explicit, big-endian and deflated files read back to the same values."""
    instance = KINDS["CT"]
    for name in ("implicit", "explicit", "big-endian", "deflated"):
        read = pydicom.dcmread(io.BytesIO(instance.in_syntax(NAMES[name]).part10()))
        assert np.array_equal(read.pixel_array, _native(instance)[0])
        assert read.PatientName == instance.dataset.PatientName


def test_lossy_images_say_so() -> None:
    """A lossy image tells its ratio and method, a lossless one does not (C.7.6.1.1.5)."""
    instance = KINDS["MR"]
    lossy = instance.in_syntax(uids.JPEG2000).dataset
    assert lossy.LossyImageCompression == "01"
    assert lossy.LossyImageCompressionMethod == "ISO_15444_1"
    assert float(lossy.LossyImageCompressionRatio) > 1
    assert "LossyImageCompression" not in instance.in_syntax(uids.JPEG2000Lossless).dataset


def test_an_image_that_a_codec_cannot_hold_is_refused() -> None:
    """Sixteen bits do not go into JPEG Baseline, and the message says why."""
    with pytest.raises(UsageError, match="JPEG Baseline cannot hold this image: 16 bits"):
        compress(KINDS["CT"].build(), uids.JPEGBaseline8Bit)


def test_an_rle_frame_is_one_fragment() -> None:
    """RLE frames cannot be cut: PS3.5 A.4.2 forbids it."""
    with pytest.raises(UsageError, match="one fragment"):
        compress(KINDS["CT"].build(), uids.RLELossless, "fragments")


def test_an_unknown_syntax_lists_those_there_are() -> None:
    """A transfer syntax without encoder is wrong usage."""
    with pytest.raises(UsageError, match=r"no encoder for transfer syntax '1\.2\.3'"):
        _ = KINDS["CT"].in_syntax("1.2.3").dataset


@pytest.mark.parametrize(
    ("package", "syntax"),
    [("imagecodecs", uids.JPEG2000Lossless), ("jpeg_ls", uids.JPEGLSLossless)],
)
def test_a_missing_encoder_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, package: str, syntax: str
) -> None:
    """Without the encoder's package the error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, package, None)
    other = conformance_corpus(8, "missing").instances[0]
    with pytest.raises(UsageError, match=r"pip install 'stepwedge\[codecs\]'"):
        _ = other.in_syntax(syntax).dataset


@pytest.mark.parametrize("picture", [phantoms.ct_slice, phantoms.mr_slice])
def test_noise_is_that_of_a_patient(picture: Callable[..., bytes]) -> None:
    """Slices compress without loss about as those of patients do: white noise would not."""
    raw = picture(7, 512, 512, 40, 90)
    frame = np.frombuffer(raw, "<i2").reshape(512, 512)
    ratio = len(raw) / len(CODECS[uids.JPEGLosslessSV1].encode(frame, 16))
    assert 2.0 < ratio < 2.7
