"""Exams a year: what a department's size means in arrivals per second, and what one exam holds.

A department's year is unit enough for whoever buys a PACS: a year has so many full days, a day has
an hourly course, and its busiest hour is what the archive must bear.  The figures are data
(`department.toml`) and are meant to be replaced by a site's own.
"""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stepwedge import toml
from stepwedge.errors import UsageError
from stepwedge.loadtests.mistakes import in_words


class Examination(BaseModel):
    """One kind of exam: its share among all, the images it has, and how large they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modality: Literal["CR", "CT", "MR", "US"]
    share: Annotated[float, Field(gt=0)] = 1
    images: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1, le=20_000)]] = (1, 1)
    rows: Annotated[int, Field(ge=32, le=8192)] = 512
    columns: Annotated[int, Field(ge=32, le=8192)] = 512
    frames: Annotated[int, Field(ge=1, le=2000)] = 1  # of each image; ultrasound loops only

    @model_validator(mode="after")
    def _ordered(self) -> Examination:
        if self.images[0] > self.images[1]:
            raise ValueError(f"images {list(self.images)}: the fewest come first, then the most")
        if self.frames > 1 and self.modality != "US":
            raise ValueError(f"frames {self.frames}: only ultrasound has loops here")
        return self


class Department(BaseModel):
    """A department's year."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    full_days: Annotated[float, Field(gt=0, le=366)]
    hours: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=24, max_length=24)]
    exams: Annotated[tuple[Examination, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _busy(self) -> Department:
        if max(self.hours) <= 0:
            raise ValueError("hours: at least one hour of the day must have exams")
        return self

    def peak_rate(self, exams_per_year: float) -> float:
        """Exams per second in the busiest hour of a full day."""
        return exams_per_year / self.full_days * (max(self.hours) / sum(self.hours)) / 3600

    def exams_per_year(self, peak_rate: float) -> float:
        """The year whose busiest hour has `peak_rate` exams per second: the inverse."""
        return peak_rate * 3600 * (sum(self.hours) / max(self.hours)) * self.full_days


@dataclass(frozen=True, slots=True)
class Exam:
    """What one arrival of a modality sends: its number in the run, its kind, its images."""

    number: int
    kind: Examination
    images: int


def draw_exam(kinds: tuple[Examination, ...], seed: int, number: int) -> Exam:
    """The exam of arrival `number`: the same in every process, whoever asks."""
    dice = random.Random(f"{seed}/{number}")
    kind = dice.choices(kinds, [k.share for k in kinds])[0]
    return Exam(number, kind, dice.randint(*kind.images))


def mean_images(kinds: tuple[Examination, ...]) -> float:
    """How many images an exam of such a mix has in the mean."""
    shares = sum(kind.share for kind in kinds)
    return sum(kind.share * sum(kind.images) / 2 for kind in kinds) / shares


@cache
def load_department(path: str = "") -> Department:
    """Reads a department file; without a path, the one that Stepwedge brings.

    Raises UsageError with every mistake of the file.
    """
    where = path or "department.toml"
    try:
        text = (
            Path(path).read_text(encoding="utf-8")
            if path
            else (resources.files(__package__) / "department.toml").read_text(encoding="utf-8")
        )
        return Department.model_validate(toml.parse(text))
    except OSError as error:
        raise UsageError(f"the department file {where} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the department file {where} is not TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(
            f"the department file {where} has mistakes:\n{in_words(error)}",
            "loadtests/department.toml in the sources shows each key",
        ) from error
