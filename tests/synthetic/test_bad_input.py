"""Wrong input to `stepwedge synth`: a sentence and what to do, exit code 4, nothing written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stepwedge.cli.main import run
from stepwedge.errors import Exit, UsageError
from stepwedge.synthetic import Hospital, SeriesPlan, Study, conformance_corpus, variety_corpus
from stepwedge.synthetic.charsets import LATIN_1
from stepwedge.synthetic.people import Patient

MIX = "general-hospital"
OUT = ("--out", "out")

# What was typed, and what is said of it.
WRONG = [
    (("generalhospital", *OUT), "corpus 'generalhospital' is not known"),
    ((MIX, "--locale", "xx_YY", *OUT), "locale 'xx_YY' is not known"),
    (("people", "--locale", "de_DE", *OUT), "people has people of its own"),
    ((MIX, "--seed", "seven", *OUT), "'seven' is not a valid integer"),
    ((MIX, "--run", "two words", *OUT), "the run is 'two words'"),
    ((MIX, "--studies", "-3", *OUT), "the number of studies is -3"),
    ((MIX, "--matrix", "0", *OUT), "matrix is 0"),
    (("variety", "--matrix", "0", *OUT), "matrix is 0"),
    ((MIX, "--transfer-syntax", "mpeg4", *OUT), "transfer syntax 'mpeg4' is not known"),
    (("odd", "--transfer-syntax", "rle", *OUT), "transfer syntaxes of their own"),
    ((MIX, "--transfer-syntax", "rle", "--describe", "out"), "only described is not encoded"),
    ((MIX, "--out", "full"), "the folder full is not empty"),
    ((MIX, "--worklist", "full"), "the folder full is not empty"),
    ((MIX, *OUT, "--worklist", "out/orders"), "out/orders and out lie one within the other"),
    ((MIX, "--out", "full/notes.txt"), "cannot write to full/notes.txt"),
    ((MIX, "--out", "full/notes.txt/x"), "cannot write to full/notes.txt/x"),
    ((MIX, "--zip", "nowhere/a.zip"), "cannot write nowhere/a.zip"),
    ((MIX, "--describe", "nowhere/a"), "cannot write nowhere/a"),
    (("mix.toml", *OUT), "no builder for objects called 'XX'"),
    (("nowhere.toml", *OUT), "cannot read the mix nowhere.toml"),
    (("large", "--size", "9TiB", *OUT), "'9TiB' is no size"),
    (("large", "--size", "5GiB", *OUT), "a size of 5368709120 bytes is not possible"),
    (("preview", "--out", "nowhere/a.html"), "cannot write nowhere/a.html"),
    (("reidentify", "nowhere", "out"), "nowhere is no folder"),
    (("reidentify", "full", "out"), "there is no DICOM file in full"),
]

_MIX = """
about = "one kind that there is not"
hours = [8, 12, 18]
ages = [0, 50, 99]
sexes = {F = 1}
[[protocols]]
name = "x"
modality = "XX"
share = 1
series = [{iod = "XX"}]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with something in it, a text that is not DICOM, and a mix that is none."""
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/notes.txt").write_text("not DICOM")
    Path("mix.toml").write_text(_MIX)


def _files() -> set[Path]:
    return {path for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_usage_is_told(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says what was read, the exit code is 4, and no file came into being."""
    before = _files()
    assert run(["synth", *arguments]) == Exit.WRONG_USAGE
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert _files() == before


@pytest.mark.parametrize(
    ("syntax", "module", "package"),
    [("jpeg-ls", "jpeg_ls", "pyjpegls"), ("j2k", "imagecodecs", "imagecodecs")],
)
def test_a_codec_that_is_not_installed_names_the_extra(
    syntax: str,
    module: str,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is written, the message names the package and the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    before = _files()
    assert run(["synth", "variety", "--transfer-syntax", syntax, *OUT]) == Exit.WRONG_USAGE
    said = capsys.readouterr().err
    assert f"needs the package {package}, which is not installed" in said
    assert "pip install 'stepwedge[codecs]'" in said
    assert _files() == before


def test_a_failure_of_our_own_is_not_the_target_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody expected exits with 6, never with 1, which is a target that does not conform."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("stepwedge.synthetic.corpora.build", broken)
    assert run(["synth", "variety", *OUT]) == Exit.HARNESS_FAILED
    assert "a defect of ours" in capsys.readouterr().err


def test_a_name_that_does_not_fit_its_character_set_is_told() -> None:
    """Nothing is replaced: the error names the text, the character and the way out."""
    hospital = Hospital(7, "bad")
    patient = Patient("Łukasz^Żółć", "1", "19700101", "M", LATIN_1)
    study = Study(
        hospital.scope, 0, patient, "20240101", "101500", "", "", "1",
        (SeriesPlan("CT", 1, 8, 8),),
    )  # fmt: skip
    with pytest.raises(UsageError, match="cannot be encoded in ISO_IR 100: it has no 'Ł'"):
        study.instances()[0].part10()


@pytest.mark.parametrize("seed", ["7", 7.0, None, True])
def test_a_seed_of_the_wrong_type_is_told(seed: object) -> None:
    """In Python, too, a seed is a whole number."""
    for maker in (Hospital, conformance_corpus, variety_corpus):
        with pytest.raises(UsageError, match="the seed is"):
            maker(seed, "bad")  # type: ignore[operator]
