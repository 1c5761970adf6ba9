"""The synthetic hospital: studies by number, each a pure function of seed, run and number.

Nothing is kept: study 999,999 costs what study 0 does, and the same number is the same study on
every day and machine.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from stepwedge.errors import UsageError
from stepwedge.synthetic import mix as mixes
from stepwedge.synthetic import people
from stepwedge.synthetic.mix import Protocol
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

# Where the patients of a hospital come from when nobody chooses.
LOCALES = ("en_US", "de_DE", "fr_FR", "ru_RU", "ja_JP", "ko_KR", "zh_CN")

# Studies lie within this many days before the epoch.
_YEARS = 5


class Hospital:
    """A hospital of synthetic patients.

    `seed` decides everything; `run` sets the data apart from every other run's on a shared server:
    it goes into all UIDs, accession numbers and the prefix of the Patient ID, `SW-<run>-`.
    `mix` says what is examined: a name of `stepwedge.synthetic.mix`, or a TOML file.  `matrix`
    limits rows and columns, `locales` the origins of patients; `most_instances` and `most_frames`
    cut series and loops short, which keeps suites fast.

    Raises `UsageError` when an argument is not of the right kind.
    """

    def __init__(
        self,
        seed: int,
        run: str,
        *,
        mix: str | Path = mixes.DEFAULT,
        matrix: int | None = None,
        most_instances: int | None = None,
        most_frames: int | None = None,
        locales: Sequence[str] = LOCALES,
    ) -> None:
        check_scope(seed, run)
        for label, value in (
            ("matrix", matrix),
            ("most_instances", most_instances),
            ("most_frames", most_frames),
        ):
            check_size(label, value)
        self.scope = Scope(seed, run)
        self.mix = mixes.load(mix)
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
        sex = rng.choices(list(self.mix.sexes), list(self.mix.sexes.values()))[0]
        return Patient(
            name=people.person_name(rng, where, sex, charset),
            id=patient_id(self.run, f"{number:07}"),
            birth_date=people.birth_date(rng, self.mix.ages).strftime("%Y%m%d"),
            sex=sex,
            charset=charset,
            issuer=ISSUER,
            locale=where.key,
        )

    def study(self, number: int) -> Study:
        """The study with that number, from 0 on."""
        rng = draw(self.seed, self.run, "study", number)
        patient = self.patient(int(number / _STUDIES_A_PATIENT))
        born = datetime.datetime.strptime(patient.birth_date, "%Y%m%d").date()
        protocol = self._protocol(rng, patient.sex, (people.EPOCH - born).days / 365.25)
        earliest = max(born, people.EPOCH - datetime.timedelta(days=365 * _YEARS))
        days = (people.EPOCH - earliest).days
        day = people.EPOCH - datetime.timedelta(days=rng.randrange(1, days + 1))
        first, busiest, last = self.mix.hours
        minutes = int(rng.triangular(first * 60, last * 60, busiest * 60))
        begun = datetime.datetime.combine(day, datetime.time(second=rng.randrange(60)))
        begun += datetime.timedelta(minutes=minutes)
        where = people.locale(patient.locale)
        return Study(
            scope=self.scope,
            number=number,
            patient=patient,
            date=begun.strftime("%Y%m%d"),
            time=begun.strftime("%H%M%S"),
            description=protocol.description(patient.locale, patient.charset),
            accession_number=accession_number(self.scope, number),
            id=f"{number:07}",
            plans=tuple(self._plans(rng, protocol)),
            referring_physician=people.person_name(rng, where, rng.choice("FM"), patient.charset),
        )

    def studies(self, count: int) -> Iterator[Study]:
        """The first `count` studies, one after another; each is made when it is asked for."""
        if not isinstance(count, int) or count < 0:
            raise UsageError(f"the number of studies is {count!r}", "give a whole number from 0 on")
        return (self.study(number) for number in range(count))

    def _protocol(self, rng: Random, sex: str, age: float) -> Protocol:
        suited = [protocol for protocol in self.mix.protocols if protocol.suits(sex, age)]
        return rng.choices(suited, [protocol.share for protocol in suited])[0]

    def _plans(self, rng: Random, protocol: Protocol) -> Iterator[SeriesPlan]:
        for position, series in enumerate(protocol.series):
            instances, there = rng.randint(*series.instances), rng.random() < series.chance
            if not there:
                continue
            yield SeriesPlan(
                iod=series.iod,
                instances=min(instances, self.most_instances or instances),
                rows=min(series.rows, self.matrix or series.rows),
                columns=min(series.columns, self.matrix or series.columns),
                description=series.name,
                body_part=protocol.part,
                laterality=protocol.laterality,
                protocol=protocol.name,
                frames=min(series.frames, self.most_frames or series.frames),
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


def check_size(label: str, value: object) -> None:
    """Raises `UsageError` when a limit is neither left open (None) nor a number from 1 on."""
    if value is not None and (not isinstance(value, int) or value < 1):
        raise UsageError(f"{label} is {value!r}", "give a whole number from 1 on, or leave it out")


def patient_id(run: str, name: str) -> str:
    """A Patient ID that can be told apart and purged: `SW-<run>-<name>`."""
    return f"SW-{run}-{name}"


def accession_number(scope: Scope, name: object) -> str:
    """An Accession Number of 12 characters, unique to the scope with near certainty."""
    value = int.from_bytes(digest(scope.seed, scope.run, "accession", name)[:8], "big")
    return f"SW{value % 10**_ACCESSION_DIGITS:0{_ACCESSION_DIGITS}}"
