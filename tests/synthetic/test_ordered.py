"""Orders and performed steps say of a study what its images say."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.fixtures.steps import begun as needed
from stepwedge.synthetic import Hospital
from stepwedge.synthetic.commands import synth
from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.ordered import performed_step, worklist_item

HOSPITAL = Hospital(7, "ordered", matrix=16, most_instances=2, most_frames=2)


@pytest.mark.parametrize("number", range(12))
def test_they_belong_to_the_study(number: int) -> None:
    """Patient, accession number, UIDs and instances are those of the images."""
    study = HOSPITAL.study(number)
    item, (begun, ended) = worklist_item(study), performed_step(study)
    image = study.instances()[0].dataset
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID"):
        assert item[keyword].value == image[keyword].value
    assert begun.ScheduledStepAttributesSequence[0].StudyInstanceUID == image.StudyInstanceUID
    assert item.ScheduledProcedureStepSequence[0].Modality == image.Modality
    named = {
        reference.ReferencedSOPInstanceUID
        for series in ended.PerformedSeriesSequence
        for kind in ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
        for reference in series[kind].value
    }
    assert named == {instance.sop_instance_uid for instance in study.instances()}
    for dataset in (item, begun, ended):
        assert encode_dataset(dataset, ExplicitVRLittleEndian)


def test_a_step_begins_with_every_attribute_that_it_needs() -> None:
    """What N-CREATE must carry (types 1 and 2 of PS3.4 Table F.7.2-1) is there."""
    study = HOSPITAL.study(0)
    begun, _ = performed_step(study)
    assert {keyword for keyword in needed(study.scope, 0) if keyword not in begun} == set()


def test_the_command_writes_a_worklist(tmp_path: Path) -> None:
    """`synth CORPUS --worklist FOLDER` says how many items; an undated study was never ordered."""
    arguments = ["conformance", "--worklist", str(tmp_path / "SERVER")]
    done = CliRunner().invoke(synth, arguments, catch_exceptions=False)
    assert "13 worklist items of conformance" in done.output
    assert len(list((tmp_path / "SERVER").glob("*.wl"))) == 13
