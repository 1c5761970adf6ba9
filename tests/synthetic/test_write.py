"""A corpus on disk: files, manifest, command, and what is refused."""

from __future__ import annotations

import hashlib
import json
import struct
from collections import Counter
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from stepwedge.errors import UsageError
from stepwedge.synthetic import conformance_corpus, mix, variety_corpus, write_corpus
from stepwedge.synthetic.codecs import named
from stepwedge.synthetic.commands import CORPUS_HELP, MIX_HELP, synth
from stepwedge.synthetic.corpora import CORPORA
from stepwedge.synthetic.iods import IODS
from stepwedge.synthetic.preview import write_preview


def test_a_corpus_is_written_twice_alike(tmp_path: Path) -> None:
    """Two folders of the same corpus are byte for byte the same, manifest included."""
    for name in ("one", "two"):
        write_corpus(conformance_corpus(2, "w", matrix=16), tmp_path / name)
    one, two = (
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*")
         if p.is_file()}
        for name in ("one", "two")
    )  # fmt: skip
    assert one == two
    assert len(one) > 30


def test_the_manifest_tells_the_truth(tmp_path: Path) -> None:
    """Each file has the digest, size and identity that the manifest gives it."""
    corpus = conformance_corpus(2, "w", matrix=16)
    write_corpus(corpus, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["versions"]["pydicom"] == pydicom.__version__
    assert len(manifest["files"]) == len(corpus.instances)
    for entry in manifest["files"]:
        content = (tmp_path / "out" / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["size"]
        read = pydicom.dcmread(tmp_path / "out" / entry["path"])
        assert read.SOPInstanceUID == entry["sop_instance_uid"]
        assert read.file_meta.TransferSyntaxUID == entry["transfer_syntax"]
    for expected in manifest["expected"]:
        answer = corpus.matching(expected["level"], expected["keys"])
        assert sorted(answer.required) == expected["required"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into a folder that is not empty."""
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UsageError, match="not empty"):
        write_corpus(conformance_corpus(2, "w"), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """A target that is no folder is wrong usage."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        write_corpus(conformance_corpus(2, "w"), tmp_path / "file")


def test_the_command_line_lists_every_corpus() -> None:
    """The names that the command line shows are those that can be built."""
    assert set(CORPUS_HELP) == set(CORPORA)
    assert sorted(MIX_HELP) == mix.names()
    shown = CliRunner().invoke(synth, ["--help"], catch_exceptions=False).output
    assert all(name in shown for name in (*MIX_HELP, *CORPUS_HELP, "preview"))


def test_without_a_name_the_hospital_is_written(tmp_path: Path) -> None:
    """`synth --seed 7 --out DIR` is the general hospital."""
    arguments = ["--seed", "7", "--studies", "1", "--matrix", "16", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(synth, arguments, catch_exceptions=False)
    assert "instances of general-hospital" in done.output


def test_the_contact_sheet_is_offline_and_the_same_twice(tmp_path: Path) -> None:
    """The sheet has a card for every kind, loads nothing, and does not depend on the day."""
    for name in ("one.html", "two.html"):
        assert write_preview(7, "sheet", tmp_path / name, matrix=32) == len(IODS)
    page = (tmp_path / "one.html").read_text()
    assert page == (tmp_path / "two.html").read_text()
    assert page.count("<figure>") == len(IODS)
    assert all(f"<b>{kind}</b>" in page for kind in IODS)
    assert page.count("<polygon") >= 5  # contours lie over the slice that they belong to
    assert "http" not in page


def test_the_contact_sheet_may_be_a_picture(tmp_path: Path) -> None:
    """A name that ends in .png makes a PNG file of all kinds that have pixels."""
    count = write_preview(7, "sheet", tmp_path / "sheet.png", matrix=32)
    assert count == sum(iod.image for iod in IODS.values()) + len({"SEG", "RTDOSE"})
    raw = (tmp_path / "sheet.png").read_bytes()
    width, height = struct.unpack(">LL", raw[16:24])
    assert raw.startswith(b"\x89PNG")
    assert min(width, height) > 1000


def test_a_sheet_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A folder that is not there is wrong usage."""
    with pytest.raises(UsageError, match="cannot write"):
        write_preview(7, "sheet", tmp_path / "nowhere" / "x.html", matrix=16)


@pytest.mark.parametrize("corpus", ["general-hospital", "conformance"])
def test_the_command_writes_a_corpus(tmp_path: Path, corpus: str) -> None:
    """`synth CORPUS` writes files and says how many."""
    arguments = [corpus, "--seed", "7", "--studies", "2", "--matrix", "16"]
    done = CliRunner().invoke(
        synth, [*arguments, "--out", str(tmp_path / "out")], catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "instances of" in done.output
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_an_unknown_corpus_names_those_there_are(tmp_path: Path) -> None:
    """A corpus that is not known is wrong usage, and the message lists the others."""
    with pytest.raises(UsageError, match="general-hospital"):
        CliRunner().invoke(
            synth, ["nonsense", "--out", str(tmp_path / "out")], catch_exceptions=False
        )


@pytest.mark.parametrize("matrix", [1, 2, 3, 5, 7])
def test_no_image_is_too_small(matrix: int) -> None:
    """Every kind can be made of a few pixels."""
    for study in variety_corpus(7, "small", matrix=matrix).studies:
        assert study.series[-1].instances[0].encoded()


def test_a_corpus_is_written_in_another_transfer_syntax(tmp_path: Path) -> None:
    """What the syntax can hold is encoded in it; the others stay, and the command counts them."""
    arguments = ["variety", "--matrix", "16", "--transfer-syntax", "rle"]
    done = CliRunner().invoke(
        synth, [*arguments, "--out", str(tmp_path / "out")], catch_exceptions=False
    )
    assert "10 stayed in Explicit VR Little Endian: it has no Pixel Data" in done.output
    files = json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    syntaxes = Counter(entry["transfer_syntax"] for entry in files)
    assert syntaxes == {RLELossless: 53, ExplicitVRLittleEndian: 11}
    for entry in files:
        read = pydicom.dcmread(tmp_path / "out" / entry["path"])
        assert read.file_meta.TransferSyntaxUID == entry["transfer_syntax"]
        assert read.SOPInstanceUID == entry["sop_instance_uid"]


@pytest.mark.parametrize(
    ("syntax", "shapes"),
    [("explicit", set()), ("rle", set()), ("deflated", {"zlib"}), ("jpeg-ls", {"pyjpegls"}),
     ("j2k", {"imagecodecs"})],
)  # fmt: skip
def test_the_manifest_names_what_encoded(syntax: str, shapes: set[str], tmp_path: Path) -> None:
    """Bytes depend on the encoder, so that its version stands in the manifest."""
    corpus = conformance_corpus(2, "w", matrix=16)
    write_corpus(corpus, tmp_path / "out", transfer_syntax=named(syntax))
    versions = json.loads((tmp_path / "out" / "manifest.json").read_text())["versions"]
    assert set(versions) == {"stepwedge", "pydicom", "faker", "numpy", *shapes}


def test_patients_come_from_where_they_are_asked_to(tmp_path: Path) -> None:
    """`--locale` may be given several times and chooses among those."""
    arguments = ["--locale", "th_TH", "--locale", "el_GR", "--studies", "12", "--seed", "7"]
    done = CliRunner().invoke(
        synth, [*arguments, "--describe", str(tmp_path / "out")], catch_exceptions=False
    )
    assert done.exit_code == 0
    told = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert {study["SpecificCharacterSet"] for study in told} == {"ISO_IR 166", "ISO_IR 126"}
