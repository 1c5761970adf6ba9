"""What modalities send: one template for each kind of image, patched for every instance.

A template is built once in a process, from a phantom; its pixel data are shared by all instances
and laid out with their P-DATA headers once.  What is made for one instance is a header of about a
kilobyte.  The same exam has the same bytes whoever asks, which is what the audit compares with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.loadtests.department import Exam, Examination
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.queries import DATE
from stepwedge.loadtests.scenarios import Modality, Router, Scenario
from stepwedge.synthetic import Patient, SeriesPlan, Study, Template
from stepwedge.synthetic.iods import iod
from stepwedge.synthetic.model import Scope
from stepwedge.wire.prepared import Prepared, Shared

_IODS = {"CR": "CR", "CT": "CT", "MR": "MR", "US": "US multi-frame"}

# What one template differs from another in: modality, rows, columns, frames.
Matrix: TypeAlias = tuple[str, int, int, int]


class Supply:
    """Makes exams, ready to be sent."""

    def __init__(self) -> None:
        self._made: dict[Matrix, tuple[Template, Shared]] = {}

    def __call__(self, exam: Exam, identity: Identity) -> Iterator[Prepared]:
        """The images of an exam, one after another."""
        for index in range(exam.images):
            yield self.image(exam.kind, identity, index)

    def image(self, kind: Examination, identity: Identity, index: int) -> Prepared:
        """The image `index` of an exam, from 0."""
        template, pixels = self.template(kind)
        sop_instance = identity.instance(index)
        header, _ = template.fill(
            sop_instance_uid=sop_instance,
            series_instance_uid=identity.series,
            study_instance_uid=identity.study,
            patient_id=identity.patient_id,
            patient_name=identity.patient_name,
            accession_number=identity.accession,
            instance_number=index + 1,
        )
        return Prepared(
            template.sop_class_uid, template.transfer_syntax, sop_instance, [header, pixels]
        )

    def template(self, kind: Examination) -> tuple[Template, Shared]:
        """The template of a kind of image, made at first use."""
        key = kind.modality, kind.rows, kind.columns, kind.frames
        if key not in self._made:
            template = _compile(kind)
            self._made[key] = template, Shared(template.pixels)
        return self._made[key]


def _compile(kind: Examination) -> Template:
    plan = SeriesPlan(
        iod=_IODS[kind.modality],
        instances=1,
        rows=kind.rows,
        columns=kind.columns,
        frames=kind.frames,
        description="Load",
        protocol="Load",
    )
    study = Study(
        scope=Scope(0, "load"),
        number=0,
        patient=Patient("STEPWEDGE^LOAD", "LOAD", "19700101", "O"),
        date=DATE,
        time="120000",
        description="Stepwedge load",
        accession_number="LOAD",
        id="1",
        plans=(plan,),
    )
    return Template.compile(study.series[0].instances[0])


def kinds_of(scenario: Scenario) -> list[Examination]:
    """Every kind of image that a scenario sends."""
    found: dict[Examination, None] = {}
    for one in scenario.users:
        if isinstance(one, Modality | Router):
            found.update(dict.fromkeys(one.exams or scenario.load_department().exams))
    return list(found)


def syntaxes(kinds: list[Examination]) -> dict[str, tuple[str, ...]]:
    """The transfer syntax of each SOP class that kinds of images are sent in."""
    return {
        iod(_IODS[kind.modality]).sop_class_uid: (str(ExplicitVRLittleEndian),) for kind in kinds
    }
