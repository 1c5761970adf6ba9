"""The graph of a hospital: study, series, instance; described first, made into bytes when asked.

A `Study` is a description of a few hundred bytes.  Its series and instances come into being when
they are looked at, and an instance's data set when it is read, so that a million studies can be
walked through without holding them.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from stepwedge.synthetic.codecs import compress, is_native
from stepwedge.synthetic.encode import encode_dataset, encode_file
from stepwedge.synthetic.people import Patient
from stepwedge.synthetic.uids import uid
from stepwedge.version import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from stepwedge.synthetic.iods import Iod


@dataclass(frozen=True)
class Scope:
    """What sets one run's data apart from every other's: all UIDs are drawn from it."""

    seed: int
    run: str

    def uid(self, *path: object) -> str:
        """The UID of whatever `path` names in this scope (44 characters)."""
        return uid(self.seed, self.run, *path)


@dataclass(frozen=True)
class SeriesPlan:
    """How a series will look: which kind of objects, how many, how large.

    `iod` is a key of `stepwedge.synthetic.iods.IODS`; `rows` and `columns` are in pixels; `frames`
    counts for multi-frame objects only; `layout` is a key of
    `stepwedge.synthetic.fragments.LAYOUTS` and counts for encapsulated pixel data only.
    `attributes` are further attributes of series level by keyword, and override what the builder
    sets (None removes the attribute).
    """

    iod: str
    instances: int
    rows: int
    columns: int
    description: str = ""
    body_part: str = ""
    protocol: str = ""
    laterality: str = ""
    frames: int = 1
    weighting: int = 0
    transfer_syntax: str = ExplicitVRLittleEndian
    layout: str = "basic"
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Study:
    """A study of one patient.

    `date` and `time` are DA and TM values; `number` sets it apart within the scope and makes its
    UIDs.  `attributes` are further attributes of study level by keyword.
    """

    scope: Scope
    number: int
    patient: Patient
    date: str
    time: str
    description: str
    accession_number: str
    id: str
    plans: tuple[SeriesPlan, ...]
    referring_physician: str = ""
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def uid(self) -> str:
        """Study Instance UID."""
        return self.scope.uid("study", self.number)

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The series, in the order in which they were acquired."""
        return tuple(Series(self, number, plan) for number, plan in enumerate(self.plans, start=1))

    def instances(self) -> list[Instance]:
        """All instances of all series."""
        return [instance for series in self.series for instance in series.instances]


@dataclass(frozen=True, eq=False)
class Series:
    """A series of a study; `number` is its Series Number, from 1."""

    study: Study
    number: int
    plan: SeriesPlan

    @cached_property
    def iod(self) -> Iod:
        """What kind of objects the series holds."""
        from stepwedge.synthetic.iods import iod

        return iod(self.plan.iod)

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""
        return str(self.plan.attributes.get("Modality", self.iod.modality))

    @property
    def description(self) -> str:
        """Series Description (0008,103E), empty when there is none."""
        return self.plan.description

    @cached_property
    def uid(self) -> str:
        """Series Instance UID."""
        return self.study.scope.uid("study", self.study.number, self.number)

    @cached_property
    def frame_of_reference_uid(self) -> str:
        """Frame of Reference UID, one for all series of a study made on the same machine."""
        return self.study.scope.uid("study", self.study.number, "frame", self.modality)

    @property
    def date(self) -> str:
        """Series Date (0008,0021): studies are finished on the day that they began."""
        return self.study.date

    @property
    def time(self) -> str:
        """Series Time (0008,0031): each series begins three minutes after the one before."""
        return later(self.study.time, 180 * (self.number - 1))

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """The instances in the order of Instance Number."""
        return tuple(Instance(self, number) for number in range(1, self.plan.instances + 1))

    @property
    def looked_at(self) -> bool:
        """True when its instances have come into being."""
        return "instances" in self.__dict__

    def forget(self) -> None:
        """Lets go of the instances, which come into being again when they are looked at."""
        self.__dict__.pop("instances", None)


@dataclass(frozen=True, eq=False)
class Instance:
    """One composite SOP instance; `number` is its Instance Number, from 1."""

    series: Series
    number: int

    @property
    def study(self) -> Study:
        """The study that it belongs to."""
        return self.series.study

    @property
    def patient(self) -> Patient:
        """The patient that it shows."""
        return self.series.study.patient

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID."""
        return self.series.iod.sop_class_uid

    @cached_property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID."""
        series = self.series
        return self.study.scope.uid("study", self.study.number, series.number, self.number)

    @property
    def transfer_syntax(self) -> str:
        """The UID of the transfer syntax in which it is encoded."""
        return self.series.plan.transfer_syntax

    def in_syntax(self, transfer_syntax: str, layout: str = "basic") -> Instance:
        """The same instance, with the same UIDs, encoded in another transfer syntax.

        `layout` is a key of `stepwedge.synthetic.fragments.LAYOUTS`.  What cannot be encoded so is
        an error when the data set is built; `stepwedge.synthetic.codecs.refusal` tells beforehand.
        """
        plan = replace(self.series.plan, transfer_syntax=transfer_syntax, layout=layout)
        return Instance(Series(self.study, self.series.number, plan), self.number)

    def in_frames(self, frames: int) -> Instance:
        """The same instance, with the same UIDs and another number of frames."""
        plan = replace(self.series.plan, frames=frames)
        return Instance(Series(self.study, self.series.number, plan), self.number)

    def forget(self) -> None:
        """Lets go of the data set, which can be built again: for those who walk through many."""
        self.__dict__.pop("dataset", None)

    @property
    def note(self) -> str:
        """What is odd about it, for a manifest; empty for an ordinary instance."""
        return ""

    @property
    def date(self) -> str:
        """Content Date (0008,0023)."""
        return self.study.date

    @property
    def time(self) -> str:
        """Content Time (0008,0033): a second after the instance before."""
        return later(self.series.time, self.number - 1)

    @cached_property
    def dataset(self) -> Dataset:
        """The data set with its `file_meta`; built once, pixel data shared between instances."""
        return self.build()

    def build(self) -> Dataset:
        """A new data set, for callers that want to change it."""
        dataset = self.series.iod.build(self)
        if not is_native(self.transfer_syntax):
            compress(dataset, self.transfer_syntax, self.series.plan.layout)
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\0\1"
        meta.MediaStorageSOPClassUID = UID(self.sop_class_uid)
        meta.MediaStorageSOPInstanceUID = UID(self.sop_instance_uid)
        meta.TransferSyntaxUID = UID(self.transfer_syntax)
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        dataset.file_meta = meta
        return dataset

    def encoded(self) -> bytes:
        """The data set in its transfer syntax, without preamble and File Meta Information.

        This is what a C-STORE carries.  Raises `CannotEncode` when a text does not fit.
        """
        return encode_dataset(self.dataset, self.transfer_syntax)

    def part10(self) -> bytes:
        """The instance as a file (PS3.10 7)."""
        return encode_file(self.dataset.file_meta, self.encoded())


def later(time: str, seconds: int) -> str:
    """A TM value `seconds` after `time`, which stays as it is when unknown; never past midnight."""
    if len(time) < 6:
        return time
    start = datetime.timedelta(
        hours=int(time[:2]), minutes=int(time[2:4]), seconds=int(time[4:6]) + seconds
    )
    total = min(int(start.total_seconds()), 86399)
    return f"{total // 3600:02}{total // 60 % 60:02}{total % 60:02}{time[6:]}"
