"""The synthetic hospital: studies by number, each a pure function of seed, run and number.

Nothing is kept: study 999,999 costs what study 0 does, and the same number is the same study on
every day and machine.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stepwedge.errors import UsageError
from stepwedge.synthetic import people
from stepwedge.synthetic.model import Scope, SeriesPlan, Study
from stepwedge.synthetic.people import ISSUER, Patient, draw
from stepwedge.synthetic.uids import digest

# Patient ID is LO, 64 characters; prefix, separators and a number of seven digits must fit, and a
# run should stay readable in a list.
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,23}")

# Accession Number is SH, 16 characters: two letters and ten digits drawn from the scope.
_ACCESSION_DIGITS = 10

# A patient has this many studies on average.
_STUDIES_A_PATIENT = 1.6

# Studies lie within this many days before the epoch.
_YEARS = 5


@dataclass(frozen=True)
class Protocol:
    """What one kind of examination looks like: its series, and the realistic size of them.

    A series is (IOD key, description, fewest and most instances, rows, columns, frames).
    """

    modality: str
    description: str
    body_part: str
    share: int
    series: tuple[tuple[str, str, int, int, int, int, int], ...]


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        "CT",
        "CT Head without contrast",
        "HEAD",
        18,
        (("CT", "Topogram", 1, 2, 512, 512, 1), ("CT", "Head 2.0 axial", 60, 90, 512, 512, 1)),
    ),
    Protocol(
        "CT",
        "CT Thorax with contrast",
        "CHEST",
        12,
        (
            ("CT", "Topogram", 1, 2, 512, 512, 1),
            ("CT", "Thorax 2.0 soft tissue", 120, 180, 512, 512, 1),
            ("CT", "Thorax 2.0 lung", 120, 180, 512, 512, 1),
        ),
    ),
    Protocol(
        "MR",
        "MR Brain",
        "BRAIN",
        15,
        (
            ("MR", "Localizer", 3, 3, 256, 256, 1),
            ("MR", "T1 SE axial", 20, 28, 256, 256, 1),
            ("MR", "T2 TSE axial", 20, 28, 320, 320, 1),
            ("MR", "PD axial", 20, 28, 256, 256, 1),
        ),
    ),
    Protocol(
        "CR", "Chest two views", "CHEST", 40, (("CR", "Chest PA and lateral", 1, 2, 2048, 1760, 1),)
    ),
    Protocol(
        "US",
        "Ultrasound abdomen",
        "ABDOMEN",
        15,
        (("US multi-frame", "Liver sweep", 1, 4, 480, 640, 30),),
    ),
)


class Hospital:
    """A hospital of synthetic patients.

    `seed` decides everything; `run` sets the data apart from every other run's on a shared server:
    it goes into all UIDs, accession numbers and the prefix of the Patient ID, `SW-<run>-`.
    `matrix` limits rows and columns, `locales` the origins of patients; `most_instances` and
    `most_frames` cut series and loops short, which keeps suites fast.

    Raises `UsageError` when an argument is not of the right kind.
    """

    def __init__(
        self,
        seed: int,
        run: str,
        *,
        matrix: int | None = None,
        most_instances: int | None = None,
        most_frames: int | None = None,
        locales: Sequence[str] = ("en_US", "de_DE", "fr_FR", "ru_RU", "ja_JP", "ko_KR", "zh_CN"),
    ) -> None:
        check_scope(seed, run)
        for label, value in (
            ("matrix", matrix),
            ("most_instances", most_instances),
            ("most_frames", most_frames),
        ):
            if value is not None and (not isinstance(value, int) or value < 1):
                raise UsageError(f"{label} is {value!r}", "give a whole number from 1 on, or None")
        self.scope = Scope(seed, run)
        self.matrix = matrix
        self.most_instances = most_instances
        self.most_frames = most_frames
        self.locales = tuple(people.locale(key) for key in locales)
        if not self.locales:
            raise UsageError("the list of locales is empty", "name at least one, such as en_US")

    @property
    def seed(self) -> int:
        """The seed that everything was drawn from."""
        return self.scope.seed

    @property
    def run(self) -> str:
        """The run that this data belongs to."""
        return self.scope.run

    def patient(self, number: int) -> Patient:
        """The patient with that number, from 0 on."""
        rng = draw(self.seed, self.run, "patient", number)
        where = rng.choice(self.locales)
        charset = rng.choice(where.character_sets)
        sex = rng.choices(("F", "M", "O", ""), (500, 490, 6, 4))[0]
        return Patient(
            name=people.person_name(rng, where, sex, charset),
            id=patient_id(self.run, f"{number:07}"),
            birth_date=people.birth_date(rng).strftime("%Y%m%d"),
            sex=sex,
            charset=charset,
            issuer=ISSUER,
            locale=where.key,
        )

    def study(self, number: int) -> Study:
        """The study with that number, from 0 on."""
        rng = draw(self.seed, self.run, "study", number)
        patient = self.patient(int(number / _STUDIES_A_PATIENT))
        protocol = rng.choices(PROTOCOLS, [protocol.share for protocol in PROTOCOLS])[0]
        born = datetime.datetime.strptime(patient.birth_date, "%Y%m%d").date()
        earliest = max(born, people.EPOCH - datetime.timedelta(days=365 * _YEARS))
        days = (people.EPOCH - earliest).days
        date = people.EPOCH - datetime.timedelta(days=rng.randrange(1, days + 1))
        minutes = int(rng.triangular(7 * 60, 21 * 60, 10 * 60))
        where = people.locale(patient.locale)
        return Study(
            scope=self.scope,
            number=number,
            patient=patient,
            date=date.strftime("%Y%m%d"),
            time=f"{minutes // 60:02}{minutes % 60:02}{rng.randrange(60):02}",
            description=protocol.description,
            accession_number=accession_number(self.scope, number),
            id=f"{number:07}",
            plans=tuple(self._plan(rng.randint(*plan[2:4]), protocol, plan, position)
                        for position, plan in enumerate(protocol.series)),
            referring_physician=people.person_name(rng, where, rng.choice("FM"), patient.charset),
        )  # fmt: skip

    def studies(self, count: int) -> Iterator[Study]:
        """The first `count` studies, one after another; each is made when it is asked for."""
        if not isinstance(count, int) or count < 0:
            raise UsageError(f"the number of studies is {count!r}", "give a whole number from 0 on")
        return (self.study(number) for number in range(count))

    def _plan(
        self,
        instances: int,
        protocol: Protocol,
        plan: tuple[str, str, int, int, int, int, int],
        position: int,
    ) -> SeriesPlan:
        iod, description, _, _, rows, columns, frames = plan
        return SeriesPlan(
            iod=iod,
            instances=min(instances, self.most_instances or instances),
            rows=min(rows, self.matrix or rows),
            columns=min(columns, self.matrix or columns),
            description=description,
            body_part=protocol.body_part,
            protocol=protocol.description,
            frames=min(frames, self.most_frames or frames),
            weighting=position,
        )


def check_scope(seed: object, run: object) -> None:
    """Raises `UsageError` when `seed` or `run` cannot name a scope."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"the seed is {seed!r}", "give a whole number, such as 7")
    if not isinstance(run, str) or not _RUN.fullmatch(run):
        raise UsageError(
            f"the run is {run!r}",
            "give 1 to 24 letters, digits, dots or hyphens that begin with a letter or digit",
        )


def patient_id(run: str, name: str) -> str:
    """A Patient ID that can be told apart and purged: `SW-<run>-<name>`."""
    return f"SW-{run}-{name}"


def accession_number(scope: Scope, name: object) -> str:
    """An Accession Number of 12 characters, unique to the scope with near certainty."""
    value = int.from_bytes(digest(scope.seed, scope.run, "accession", name)[:8], "big")
    return f"SW{value % 10**_ACCESSION_DIGITS:0{_ACCESSION_DIGITS}}"
