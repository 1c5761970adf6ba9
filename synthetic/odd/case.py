"""What an odd case is, and the instance that shows it.

A case is data: an id, the clause it touches, one sentence, what a server owes it, and how an
ordinary instance is changed into it.  What a data set cannot say (a wrong length, an element twice)
is put between the encoded elements as bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.synthetic.encode import encode_dataset
from stepwedge.synthetic.hospital import accession_number, patient_id
from stepwedge.synthetic.iods import IODS
from stepwedge.synthetic.model import Instance, Scope, Series, SeriesPlan, Study
from stepwedge.synthetic.people import Patient

# Odd studies are numbered from here, clear of those that a corpus numbers from 0.
FIRST_NUMBER = 500_000


class Outcome(StrEnum):
    """What a server owes a case that it has no other reason to refuse."""

    MUST_STORE = "must store"  # it is right, however rare
    MAY_REFUSE = "may refuse"  # it breaks a rule: refused in words, or taken and given back
    MUST_REFUSE = "must refuse"  # it cannot be identified, or cannot be read to its end


# Bytes to put before the first element whose tag is not below the number, in order.
Splices = Callable[[Dataset], list[tuple[int, bytes]]]


@dataclass(frozen=True)
class OddCase:
    """One odd case.

    `about` are the keywords of the elements that it is about; none means the whole data set.
    `change` alters the data set that the builder of `iod` made; `splices` adds encoded elements,
    each in place of the element whose tag it is put at.  `suffix` is appended to the UIDs of study,
    series and instance, `series_suffix` to that of the series alone.
    """

    id: str
    clause: str
    what: str
    outcome: Outcome = Outcome.MUST_STORE
    about: tuple[str, ...] = ()
    change: Callable[[Dataset], None] | None = None
    splices: Splices | None = None
    iod: str = "CT"
    frames: int = 1
    transfer_syntax: str = ExplicitVRLittleEndian
    layout: str = "basic"
    suffix: str = ""
    series_suffix: str = ""

    def study(self, scope: Scope, number: int = FIRST_NUMBER) -> OddStudy:
        """The study of one instance (behind what its kind refers to) that shows the case."""
        needs = IODS[self.iod].needs
        return OddStudy(
            scope=scope,
            number=number,
            patient=Patient("ODD^CASE", patient_id(scope.run, self.id), "19700101", "O"),
            date="20240515",
            time="101500",
            description=self.id,
            accession_number=accession_number(scope, self.id),
            id="ODD",
            plans=(*((self._plan(needs),) if needs else ()), self._plan(self.iod)),
            case=self,
        )

    def instance(self, scope: Scope, number: int = FIRST_NUMBER) -> Instance:
        """The odd instance itself."""
        return self.study(scope, number).instances()[-1]

    def _plan(self, iod: str) -> SeriesPlan:
        odd = iod == self.iod
        return SeriesPlan(
            iod=iod,
            instances=1,
            rows=16,
            columns=16,
            description="odd case",
            body_part="HEAD",
            frames=self.frames,
            transfer_syntax=self.transfer_syntax if odd else ExplicitVRLittleEndian,
            layout=self.layout if odd else "basic",
        )


@dataclass(frozen=True)
class OddStudy(Study):
    """A study whose last instance is odd."""

    case: OddCase = field(kw_only=True)

    @cached_property
    def uid(self) -> str:
        """Study Instance UID; it depends on the case and not on its number."""
        return self.scope.uid("odd", self.case.id) + self.case.suffix

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The series; only the last one is odd."""
        plain = tuple(_Source(self, n, plan) for n, plan in enumerate(self.plans[:-1], start=1))
        return (*plain, _OddSeries(self, len(self.plans), self.plans[-1]))


class _Source(Series):
    """A series that the odd one refers to."""

    @cached_property
    def uid(self) -> str:
        return self.study.scope.uid(self.study.uid, self.number)


class _OddSeries(Series):
    study: OddStudy

    @cached_property
    def uid(self) -> str:
        case = self.study.case
        return self.study.scope.uid("odd", case.id, "series") + case.suffix + case.series_suffix

    @cached_property
    def frame_of_reference_uid(self) -> str:
        return self.study.scope.uid("odd", self.study.case.id, "frame")

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        return (_OddInstance(self, 1),)


class _OddInstance(Instance):
    series: _OddSeries

    @cached_property
    def sop_instance_uid(self) -> str:
        case = self.series.study.case
        return self.study.scope.uid("odd", case.id, "instance") + case.suffix

    @property
    def note(self) -> str:
        case = self.series.study.case
        return f"{case.id}: {case.outcome}: {case.what} ({case.clause})"

    def build(self) -> Dataset:
        with config.disable_value_validation():
            dataset = super().build()
            if self.series.study.case.change is not None:
                self.series.study.case.change(dataset)
        return dataset

    def encoded(self) -> bytes:
        splices = self.series.study.case.splices
        if splices is None:
            return super().encoded()
        return spliced(self.dataset, splices(self.dataset))


def spliced(dataset: Dataset, splices: list[tuple[int, bytes]]) -> bytes:
    """`dataset` in Explicit VR Little Endian, with encoded elements put in.

    Each takes the place of the element whose tag it is put at, where there is one.
    """
    pieces: list[bytes] = []
    low = 0
    for at, raw in [*sorted(splices, key=lambda one: one[0]), (1 << 32, b"")]:
        part = Dataset()
        for element in dataset:
            if low <= int(element.tag) < at:
                part.add(element)
        pieces += [encode_dataset(part, ExplicitVRLittleEndian), raw]
        low = at + 1
    return b"".join(pieces)


def put(dataset: Dataset, keyword: str, value: Any) -> None:
    """Sets an attribute past pydicom's own opinion of the value."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    dataset.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE))


def setting(**values: Any) -> Callable[[Dataset], None]:
    """A change that sets attributes by keyword."""

    def change(dataset: Dataset) -> None:
        for keyword, value in values.items():
            put(dataset, keyword, value)

    return change


def element(tag: int, vr: str, value: bytes, *, length: int | None = None) -> bytes:
    """An element in Explicit VR Little Endian as it is said, right or wrong."""
    size = len(value) if length is None else length
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode()
    if vr in ("OB", "OW", "SQ", "UN", "UT", "ZZ"):
        return head + b"\0\0" + size.to_bytes(4, "little") + value
    return head + size.to_bytes(2, "little") + value
