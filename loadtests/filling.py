"""Filling an archive: small studies by template, as fast as the target takes them, resumable.

Study n of a fill is always the same: its UIDs, patient, name and date follow from the fill's name
and n.  So nothing needs to be remembered to go on with a fill: which studies are there already is
asked of the target, and sending one twice changes nothing.

Studies are sent in blocks, in order; a resumed fill finds the first block that is not complete by
bisection, and goes back by as many blocks as may have been in flight.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stepwedge.errors import StepwedgeError, UsageError
from stepwedge.loadtests import queries
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.links import Dial, Link
from stepwedge.loadtests.outcomes import in_words, kind_of_error, kind_of_status
from stepwedge.synthetic import Patient, SeriesPlan, Study, Template
from stepwedge.synthetic.model import Scope
from stepwedge.wire.prepared import Prepared, Shared

ROLE = "fill"
BLOCK = 50  # studies
DAYS = 250  # the studies of a fill lie on so many days
_MATRIX = 32  # rows and columns: two kilobytes of pixel data
# A worker gives up after so many failures in a row: the target is gone, or full.
_PATIENCE = 5


@dataclass(frozen=True)
class Fill:
    """What an archive is filled with: `studies` of `images` instances each."""

    name: str = "archive"
    studies: int = 1000
    images: int = 1

    def __post_init__(self) -> None:
        if self.studies < 1 or self.images < 1:
            raise UsageError(
                f"a fill of {self.studies} studies with {self.images} images is nothing",
                "give at least one of each",
            )

    def identity(self, number: int) -> Identity:
        """Who study `number` is of."""
        return Identity(f"fill/{self.name}", ROLE, number)

    @property
    def blocks(self) -> int:
        """How many blocks the studies are sent in."""
        return -(-self.studies // BLOCK)

    def block(self, index: int) -> range:
        """The studies of a block."""
        return range(index * BLOCK, min((index + 1) * BLOCK, self.studies))


@dataclass
class Progress:
    """What has been done so far, for whoever watches; `lock` guards it."""

    stored: int = 0
    failed: int = 0
    bytes: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    next_block: int = 0
    problem: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, kind: str) -> None:
        """Counts a failure."""
        with self.lock:
            self.failed += 1
            self.errors[kind] = self.errors.get(kind, 0) + 1


def date_of(number: int) -> str:
    """The Study Date of study `number`: one of DAYS days of 2023, spread evenly."""
    day = (number * 97) % DAYS
    return time.strftime("%Y%m%d", time.gmtime(1_672_574_400 + day * 86_400))


@lru_cache(maxsize=DAYS)
def _template(date: str) -> tuple[Template, Shared]:
    study = Study(
        scope=Scope(0, "fill"),
        number=0,
        patient=Patient("STEPWEDGE^FILL", "FILL", "19700101", "O"),
        date=date,
        time="120000",
        description="Stepwedge fill",
        accession_number="FILL",
        id="1",
        plans=(SeriesPlan(iod="MR", instances=1, rows=_MATRIX, columns=_MATRIX),),
    )
    template = Template.compile(study.series[0].instances[0])
    return template, Shared(template.pixels)


def instance(fill: Fill, number: int, index: int) -> Prepared:
    """Image `index` of study `number`."""
    template, pixels = _template(date_of(number))
    identity = fill.identity(number)
    uid = identity.instance(index)
    header, _ = template.fill(
        sop_instance_uid=uid,
        series_instance_uid=identity.series,
        study_instance_uid=identity.study,
        patient_id=identity.patient_id,
        patient_name=identity.patient_name,
        accession_number=identity.accession,
        instance_number=index + 1,
    )
    return Prepared(template.sop_class_uid, template.transfer_syntax, uid, [header, pixels])


def sop_class() -> str:
    """The SOP class that a fill is made of."""
    return _template(date_of(0))[0].sop_class_uid


def first_incomplete(fill: Fill, link: Link, upto: int) -> int:
    """The first block below `upto` whose last study is not there, by bisection."""
    low, high = 0, upto
    while low < high:
        middle = (low + high) // 2
        if is_there(fill, link, fill.block(middle)[-1]):
            low = middle + 1
        else:
            high = middle
    return low


def is_there(fill: Fill, link: Link, number: int) -> bool:
    """True when the target has study `number` whole.  Raises StepwedgeError when it cannot say."""
    identity = fill.identity(number)
    answer = link.find(queries.STUDY_ROOT_FIND, queries.images(identity.study, identity.series))
    if kind := kind_of_status(answer.status):
        raise StepwedgeError(f"what is there already cannot be asked for: {in_words(kind)}")
    return len(answer.identifiers) >= fill.images


def run(
    fill: Fill,
    dial: Dial,
    *,
    first: int = 0,
    associations: int = 8,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Sends all blocks from `first` on over several associations; returns what was done."""
    done = progress or Progress()
    done.next_block = first

    def take() -> int | None:
        with done.lock:
            if done.next_block >= fill.blocks or done.problem or stop():
                return None
            done.next_block += 1
            return done.next_block - 1

    def work() -> None:
        link: Link | None = None
        failures = 0
        index = take()
        while index is not None:
            try:
                link = link or dial("storage", (sop_class(),))
                _send(fill, fill.block(index), link, done)
            except (StepwedgeError, OSError) as error:
                done.fail(kind_of_error(error))
                if link is not None:
                    link.abort()
                    link = None
                failures += 1
                if failures >= _PATIENCE:
                    with done.lock:
                        done.problem = done.problem or f"{in_words(kind_of_error(error))}: {error}"
                    return
                continue  # the same block again: what is there already is sent twice
            failures = 0
            index = take()
        if link is not None:
            try:
                link.release()
            except (StepwedgeError, OSError) as error:
                done.fail(kind_of_error(error))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(associations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def _send(fill: Fill, numbers: Sequence[int], link: Link, done: Progress) -> None:
    for number in numbers:
        for index in range(fill.images):
            prepared = instance(fill, number, index)
            answer = link.store(prepared)
            if kind := kind_of_status(answer.status):
                done.fail(kind)
                if done.failed > 100 and done.failed > done.stored:
                    with done.lock:
                        done.problem = f"most instances were {in_words(kind)}"
                    return
                continue
            with done.lock:
                done.stored += 1
                done.bytes += prepared.size
