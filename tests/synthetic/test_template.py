"""The template path and the model path tell the same truth."""

from __future__ import annotations

from dataclasses import replace

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from stepwedge.errors import UsageError
from stepwedge.synthetic import Hospital, Instance, Template, conformance_corpus
from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.model import Series
from stepwedge.synthetic.uids import uid

CORPUS = conformance_corpus(5, "t", matrix=16)


def _in(instance: Instance, syntax: str) -> Instance:
    plan = replace(instance.series.plan, transfer_syntax=syntax)
    return Instance(Series(instance.study, instance.series.number, plan), instance.number)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("instance", CORPUS.instances[::5], ids=lambda i: i.series.plan.iod)
def test_filled_equals_built(instance: Instance, syntax: str) -> None:
    """A filled template is byte for byte the model path's encoding of the same padded values."""
    instance = _in(instance, syntax)
    template = Template.compile(instance)
    values = {name: uid(9, name) for name in ("sop", "series", "study")}
    header, pixels = template.fill(
        sop_instance_uid=values["sop"],
        series_instance_uid=values["series"],
        study_instance_uid=values["study"],
        patient_id="SW-t-77",
        patient_name="TEMPLATE^FILLED",
        accession_number="A1",
        instance_number=4711,
    )
    dataset = instance.build()
    dataset.SOPInstanceUID = values["sop"]
    dataset.SeriesInstanceUID = values["series"]
    dataset.StudyInstanceUID = values["study"]
    dataset["PatientID"]._value = "SW-t-77".ljust(48)
    dataset["PatientName"]._value = "TEMPLATE^FILLED".ljust(64)
    dataset["AccessionNumber"]._value = "A1".ljust(16)
    dataset["InstanceNumber"]._value = "4711".ljust(12)
    assert header + bytes(pixels) == encode_dataset(dataset, syntax)
    assert len(template) == len(header) + len(pixels)


def test_an_untouched_template_is_its_instance() -> None:
    """Without new values a template says what its instance said, but for padding."""
    instance = CORPUS.instances[0]
    header, pixels = Template.compile(instance).fill()
    read = pydicom.filereader.read_dataset(
        pydicom.filebase.DicomBytesIO(header + bytes(pixels)), False, True
    )
    for element in instance.dataset:
        assert str(read[element.tag].value) == str(element.value)


def test_pixels_are_shared() -> None:
    """All that a template fills shares one piece of pixel memory, which is the model's own."""
    instance = Hospital(1, "t", matrix=64).study(0).instances()[0]
    template = Template.compile(instance)
    _, first = template.fill(sop_instance_uid=uid(1, 1))
    _, second = template.fill(sop_instance_uid=uid(1, 2))
    assert first is second
    assert first.obj is instance.dataset.PixelData


def test_a_bound_template_keeps_what_a_series_has_in_common() -> None:
    """Values bound once stand in every header that is filled afterwards."""
    template = Template.compile(CORPUS.instances[0])
    bound = template.bind(patient_id="SW-t-1234")
    assert b"SW-t-1234" in bound.fill(sop_instance_uid=uid(1, 1))[0]
    assert b"SW-t-1234" not in template.fill()[0]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"sop_instance_uid": "1.2.3"}, "5 bytes"),
        ({"patient_id": "X" * 49}, "49 bytes"),
        ({"patient_name": "Ж"}, "cannot be encoded"),
    ],
)
def test_values_that_do_not_fit(values: dict[str, str], says: str) -> None:
    """A value that is too long, or that the character set cannot say, is refused."""
    with pytest.raises(UsageError, match=says):
        Template.compile(CORPUS.instances[0]).fill(**values)  # type: ignore[arg-type]


def test_deflated_data_sets_cannot_be_patched() -> None:
    """A deflated instance is no template: every byte depends on the others."""
    with pytest.raises(UsageError, match="deflated"):
        Template.compile(_in(CORPUS.instances[0], DeflatedExplicitVRLittleEndian))


_TEXT = st.text(st.characters(codec="ascii", exclude_characters="\\", categories=["L", "N", "P"]))
_NAMES = _TEXT.map(lambda text: text[:60] or "X")
_KINDS = {instance.series.plan.iod: instance for instance in CORPUS.instances}
_TEMPLATES = {kind: Template.compile(instance) for kind, instance in _KINDS.items()}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(_KINDS)),
    seed=st.integers(0, 10**6),
    name=_NAMES,
    identifier=_TEXT.map(lambda text: text[:48]),
    accession=_TEXT.map(lambda text: text[:16]),
    number=st.integers(-(10**10), 10**10),
)
def test_both_paths_tell_the_same(
    kind: str, seed: int, name: str, identifier: str, accession: str, number: int
) -> None:
    """Whatever is filled in, the template path writes what the model path does, byte for byte."""
    uids = {n: uid(seed, n) for n in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")}
    header, pixels = _TEMPLATES[kind].fill(
        sop_instance_uid=uids["SOPInstanceUID"],
        series_instance_uid=uids["SeriesInstanceUID"],
        study_instance_uid=uids["StudyInstanceUID"],
        patient_id=identifier,
        patient_name=name,
        accession_number=accession,
        instance_number=number,
    )
    instance = _KINDS[kind]
    dataset = instance.build()
    padded = {
        "PatientID": identifier.ljust(48), "PatientName": name.ljust(64),
        "AccessionNumber": accession.ljust(16), "InstanceNumber": str(number).ljust(12),
    }  # fmt: skip
    for keyword, value in {**uids, **padded}.items():
        dataset[keyword]._value = value
    assert header + bytes(pixels) == encode_dataset(dataset, instance.transfer_syntax)
