"""Every kind of object is what its definition says: three oracles that know nothing of us agree.

The validator `dciodvfy` of dicom3tools, the standard's module tables as the package highdicom
carries them, and pydicom's dictionary of codes.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts

from stepwedge.errors import UsageError
from stepwedge.synthetic import Hospital, Instance, SeriesPlan
from stepwedge.synthetic.corpora import build
from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.iods import IODS
from stepwedge.synthetic.variety import variety_corpus

VARIETY = variety_corpus(7, "iod")
ONE_OF_EACH = {
    study.series[-1].plan.iod: study.series[-1].instances[0] for study in VARIETY.studies
}

# Where dciodvfy itself departs from the standard: what its line holds, for which character set (all
# when none is named), and why it is wrong.
VALIDATOR_DEVIATIONS = (
    ("Character invalid for character repertoire", "GBK", "it does not know the term (CP 1234)"),
    *(
        (f"(0010,00{element})> - Attribute with an even group number is not a recogni", "",
         "it is of 2022, the attribute of 2024")
        for element in (11, 12, 14, 15, 41, 42, 43, 44, 46, 47)
    ),
)  # fmt: skip

# The tables are flat where the standard is not.  A functional group is in the shared or in the
# per-frame sequence, so that neither of them must hold it (PS3.3 C.7.6.16.1.1); what a content item
# must hold depends on its Value Type (C.17.3).
EITHER = {("SharedFunctionalGroupsSequence",), ("PerFrameFunctionalGroupsSequence",)}
CONDITIONAL_MODULES = {"sr-document-content"}


def dciodvfy(instance: Instance, folder: Path) -> list[str]:
    """The lines that begin with Error: its exit code may be 0 with errors."""
    tool = shutil.which("dciodvfy")
    if tool is None:
        pytest.fail("dciodvfy is not installed: say ./tests/install-servers")
    file = folder / "instance"
    file.write_bytes(instance.part10())
    done = subprocess.run([tool, "-new", file], capture_output=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    terms = instance.patient.charset.terms
    known = [text for text, term, _ in VALIDATOR_DEVIATIONS if not term or term in terms]
    return [
        line
        for line in lines
        if line.startswith("Error") and not any(text in line for text in known)
    ]


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_the_validator_finds_no_error(kind: str, tmp_path: Path) -> None:
    """dciodvfy has no error for any kind of object."""
    assert dciodvfy(ONE_OF_EACH[kind], tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["general-hospital", "mammography-screening", "night-ct", "conformance", "variety", "people"],
)
def test_the_validator_finds_no_error_in_a_corpus(name: str, tmp_path: Path) -> None:
    """dciodvfy has no error for the first and last instance of any series of a default corpus."""
    for series in build(name, 7, "valid", studies=60, matrix=32).series:
        for instance in {series.instances[0], series.instances[-1]}:
            assert dciodvfy(instance, tmp_path) == []
            instance.forget()


@cache
def _table(name: str) -> Any:
    spec = importlib.util.find_spec("highdicom")
    assert spec and spec.origin, "highdicom is one of the development dependencies"
    return json.loads((Path(spec.origin).parent / "_standard" / name).read_text())


@cache
def _requirements(sop_class: str) -> list[tuple[tuple[str, ...], str, str]]:
    """Path, keyword and type of what the mandatory modules of an IOD require."""
    iod = _table("sop_class_iod_map.json")[sop_class]
    required = []
    for module in _table("iod_module_map.json")[iod]:
        if module["usage"] != "M" or module["key"] in CONDITIONAL_MODULES:
            continue
        for attribute in _table("module_attribute_map.json")[module["key"]]:
            path = tuple(attribute["path"])
            if attribute["type"] in ("1", "2") and path not in EITHER:
                required.append((path, attribute["keyword"], attribute["type"]))
    return required


def _reach(dataset: Dataset, path: tuple[str, ...]) -> list[Dataset]:
    """The items that a path of sequences leads to."""
    found = [dataset]
    for keyword in path:
        found = [item for parent in found for item in (parent.get(keyword) or [])]
    return found


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_mandatory_modules_are_complete(kind: str) -> None:
    """Every type 1 attribute has a value and every type 2 attribute is there, nested ones too."""
    dataset = ONE_OF_EACH[kind].dataset
    missing = []
    for path, keyword, kind_of in _requirements(dataset.SOPClassUID):
        for item in _reach(dataset, path):
            if keyword not in item or (kind_of == "1" and item[keyword].is_empty):
                missing.append(("/".join((*path, keyword)), kind_of))
    assert missing == []


def _codes(dataset: Dataset) -> list[tuple[str, str, str]]:
    found = []
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                if "CodeValue" in item:
                    found.append(
                        (item.CodeValue, item.CodingSchemeDesignator, str(item.CodeMeaning))
                    )
                found += _codes(item)
    return found


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_codes_mean_what_they_say(kind: str) -> None:
    """Every code is one that pydicom's dictionary has, for those schemes that it knows."""
    for value, scheme, meaning in _codes(ONE_OF_EACH[kind].dataset):
        if scheme in ("SCT", "DCM"):
            known = [entry for entry in concepts[scheme].values() if value in entry]
            assert known, (value, scheme, meaning)


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_pydicom_reads_it_back(kind: str) -> None:
    """pydicom reads the file back to a data set that has the same bytes again."""
    instance = ONE_OF_EACH[kind]
    read = pydicom.dcmread(io.BytesIO(instance.part10()))
    if "ISO 2022 IR 58" in instance.patient.charset.terms:  # pydicom reads that wrongly
        read.PatientName = instance.patient.name
    assert encode_dataset(read, instance.transfer_syntax) == instance.encoded()


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_dcmtk_reads_it(kind: str, tmp_path: Path) -> None:
    """DCMTK's dcmdump reads the file to the end without a complaint."""
    if not Path("/usr/bin/dcmdump").exists():
        pytest.fail("DCMTK is not installed: say ./tests/install-servers")
    (tmp_path / "file").write_bytes(ONE_OF_EACH[kind].part10())
    done = subprocess.run(
        ["/usr/bin/dcmdump", "-q", tmp_path / "file"], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0
    assert done.stderr == b""


def test_there_are_enough_kinds() -> None:
    """At least 24 storage SOP classes have a builder, and no two kinds share one."""
    assert len({iod.sop_class_uid for iod in IODS.values()}) == len(IODS) >= 24


def test_references_point_at_what_is_there() -> None:
    """Whatever refers to instances refers to some of its own study."""
    for study in VARIETY.studies:
        known = {i.sop_instance_uid: i.sop_class_uid for i in study.instances()}
        last = study.series[-1]
        if last.iod.needs:
            uids = [
                element.value
                for element in last.instances[0].dataset.iterall()
                if element.keyword == "ReferencedSOPInstanceUID" and element.value != study.uid
            ]
            assert uids
            assert set(uids) <= known.keys()


def test_an_object_without_what_it_needs_is_refused() -> None:
    """A segmentation in a study without CT is wrong usage, told in words."""
    study = Hospital(1, "r", matrix=16).study(0)
    lonely = SeriesPlan("SEG", 1, 16, 16)
    object.__setattr__(study, "plans", (lonely,))
    with pytest.raises(UsageError, match="SEG refers to images, and study 0 has none"):
        study.series[0].instances[0].build()


def test_an_unknown_kind_lists_those_there_are() -> None:
    """A kind that has no builder is wrong usage."""
    study = Hospital(1, "r", matrix=16).study(0)
    object.__setattr__(study, "plans", (SeriesPlan("XX", 1, 16, 16),))
    with pytest.raises(UsageError, match="no builder for objects called 'XX'"):
        study.series[0].instances[0].build()


def test_the_corpus_can_be_asked_for_by_name() -> None:
    """`variety` is one of the named corpora, and its questions have answers."""
    corpus = build("variety", 3, "name", matrix=16)
    for question in corpus.questions:
        assert corpus.matching(question.level, question.keys).required


def test_contours_lie_on_what_they_are_called_after() -> None:
    """In the middle of each target's contour are the pixels of the lesion, on every slice."""
    (study,) = (study for study in VARIETY.studies if study.plans[-1].iod == "RTSTRUCT")
    slices = replace(study.plans[0], instances=20, rows=128, columns=128)
    study = replace(study, plans=(slices, study.plans[-1]))
    contours = study.series[-1].instances[0].dataset
    names = {roi.ROINumber: roi.ROIName for roi in contours.StructureSetROISequence}
    assert set(names.values()) >= {"BODY", "LUNG L", "LUNG R", "HEART", "SPINAL CORD", "GTV"}
    images = {one.sop_instance_uid: one.dataset for one in study.series[0].instances}
    seen = 0
    for roi in contours.ROIContourSequence:
        for contour in roi.ContourSequence if names[roi.ReferencedROINumber] == "GTV" else ():
            image = images[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
            points = np.array(contour.ContourData, float).reshape(-1, 3)
            corner = np.array(image.ImagePositionPatient, float)
            assert (points[:, 2] == corner[2]).all()
            x, y = np.rint((points.mean(axis=0) - corner)[:2] / float(image.PixelSpacing[0]))
            units = np.frombuffer(image.PixelData, "<i2").reshape(image.Rows, image.Columns)
            assert 0 < units[int(y), int(x)] < 150
            seen += 1
    assert seen >= 2
