"""A scenario: who does what to the target, when, and what the target is held to.  It is TOML.

    name = "morning"
    seconds = 120
    levels = ["store.response.p99 < 500ms", "lost == 0"]

    [[users]]
    role = "modality"
    count = 8
    schedule = { shape = "constant", rate = "40/min", arrivals = "poisson" }
    exams = [{ modality = "CT", images = [80, 320], rows = 512, columns = 512 }]

A file is read whole and all its mistakes are told at once, before anything touches the target.
"""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from stepwedge import toml
from stepwedge.errors import UsageError
from stepwedge.loadtests import schedules
from stepwedge.loadtests.department import Department, Exam, Examination, draw_exam, load_department
from stepwedge.loadtests.levels import Level, LevelError, parse_level
from stepwedge.loadtests.mistakes import in_words

_PER = {"s": 1.0, "min": 60.0, "h": 3600.0}


def _rate(value: object) -> object:
    """`2`, `"2/s"`, `"40/min"` or `"300/h"` as arrivals per second."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*(s|min|h)\s*", value)
        if not match:
            raise ValueError('expected a number per second, or "40/min", "300/h"')
        return float(match[1]) / _PER[match[2]]
    return value


Rate = Annotated[float, BeforeValidator(_rate), Field(gt=0, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=604_800)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Schedule(_Strict):
    """When arrivals happen.  Which keys apply depends on the shape; docs/load.md has the table."""

    shape: Literal["constant", "ramp", "steps", "spike", "day"] = "constant"
    arrivals: Literal["even", "poisson"] = "even"
    after: Annotated[float, Field(ge=0)] = 0  # seconds before the first arrival
    rate: Rate | None = None  # constant; spike: outside the spike
    exams_per_year: Annotated[float, Field(gt=0)] | None = None  # the peak hour of such a year
    start: Rate | None = None  # ramp
    end: Rate | None = None
    rates: Annotated[tuple[Rate, ...], Field(min_length=1)] | None = None  # steps
    peak: Rate | None = None  # spike
    at: Annotated[float, Field(ge=0)] | None = None
    width: Seconds | None = None
    hours: tuple[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=1, le=24)]] = (7, 19)

    @model_validator(mode="after")
    def _whole(self) -> Schedule:
        wanted = _KEYS[self.shape]
        given = {key for key in _SHAPE_KEYS if getattr(self, key) is not None}
        paced = given & {"rate", "exams_per_year"}
        if "pace" in wanted and len(paced) != 1:
            raise ValueError(f"shape {self.shape!r} needs one of rate and exams_per_year")
        if missing := sorted(wanted - given - {"pace"}):
            raise ValueError(f"shape {self.shape!r} needs {', '.join(missing)}")
        allowed = wanted | ({"rate", "exams_per_year"} if "pace" in wanted else set())
        if surplus := sorted(given - allowed):
            raise ValueError(f"shape {self.shape!r} has no {', '.join(surplus)}")
        if self.hours[0] >= self.hours[1]:
            raise ValueError(f"hours {list(self.hours)}: the first comes before the last")
        return self

    def plan(self, seconds: float, department: Department, scale: float = 1.0) -> schedules.Plan:
        """The course of the arrival rate over `seconds`, with every rate multiplied by `scale`."""
        left = seconds - self.after
        if left <= 0:
            raise ValueError(f"after {self.after:g} s nothing is left of a run of {seconds:g} s")
        return self._course(left, department).scaled(scale).after(self.after)

    def _course(self, seconds: float, department: Department) -> schedules.Plan:
        pace = self.rate or 0.0
        if self.exams_per_year is not None:
            pace = department.peak_rate(self.exams_per_year)
        match self.shape:
            case "constant":
                return schedules.constant(pace, seconds)
            case "ramp":
                return schedules.ramp(self.start or 0, self.end or 0, seconds)
            case "steps":
                return schedules.steps(self.rates or (), seconds)
            case "spike":
                at, width = self.at or 0, self.width or 0
                if at >= seconds:
                    raise ValueError(f"the spike at {at:g} s lies behind the end of the run")
                return schedules.spike(pace, self.peak or 0, at, width, seconds)
            case "day":
                peak = pace * max(department.hours[slice(*self.hours)]) / max(department.hours)
                return schedules.profile(department.hours[slice(*self.hours)], peak, seconds)


_KEYS: dict[str, set[str]] = {
    "constant": {"pace"},
    "ramp": {"start", "end"},
    "steps": {"rates"},
    "spike": {"pace", "peak", "at", "width"},
    "day": {"pace"},
}
_SHAPE_KEYS = ("rate", "exams_per_year", "start", "end", "rates", "peak", "at", "width")


class _Users(_Strict):
    """`count` users of one role; each is a station with its own associations."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 1
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] = ""
    schedule: Schedule


class Modality(_Users):
    """Sends exams.  One arrival is one exam: a study with its images, one after another."""

    role: Literal["modality"]
    exams: Annotated[tuple[Examination, ...], Field(min_length=1)] | None = None
    association: Literal["study", "instance", "kept"] = "study"


class Router(_Users):
    """Forwards everything at once to a port range: an exam's images over all ports in turn."""

    role: Literal["router"]
    exams: Annotated[tuple[Examination, ...], Field(min_length=1)] | None = None
    lanes: Annotated[int, Field(ge=1, le=64)] = 8  # associations at once


Key = Literal["patient-id", "study-uid", "date", "wildcard", "universal"]


class Workstation(_Users):
    """Reads: one arrival is a query, and the retrieval of what it found."""

    role: Literal["workstation"]
    keys: Annotated[tuple[Key, ...], Field(min_length=1)] = ("patient-id",)
    retrieve: Literal["move", "get", "none"] = "move"
    association: Literal["kept", "each"] = "kept"
    age: Annotated[float, Field(ge=0)] = 0  # seconds since a study was acknowledged, at least


class Requester(Workstation):
    """Asks from outside, as a user of [users]; what is asked for is released to that user first.

    Each association shows who asks.  Without a user it asks as everyone else does.
    """

    role: Literal["requester"]  # type: ignore[assignment]
    keys: Annotated[tuple[Key, ...], Field(min_length=1)] = ("study-uid",)
    association: Literal["kept", "each"] = "each"
    age: Annotated[float, Field(ge=0)] = 5  # what an edge has acknowledged may be on its way
    user: Literal["physician", "colleague", ""] = "physician"


class Worklist(_Users):
    """Asks for today's worklist again and again, as modalities do."""

    role: Literal["worklist"]
    association: Literal["kept", "each"] = "each"


class Monitor(_Users):
    """Echoes."""

    role: Literal["monitor"]
    association: Literal["kept", "each"] = "kept"


Users = Annotated[
    Modality | Router | Workstation | Requester | Worklist | Monitor, Field(discriminator="role")
]

# What each role's arrivals become, for levels and the order of tables.
OPERATIONS: dict[str, tuple[str, ...]] = {
    "modality": ("exam", "store"),
    "router": ("exam", "store"),
    "workstation": ("find", "move", "get", "first-image", "last-image"),
    "requester": ("grant", "find", "move", "get", "first-image", "last-image"),
    "worklist": ("worklist",),
    "monitor": ("echo",),
}
ASSOCIATION = ("associate", "release")


class Scenario(_Strict):
    """A whole scenario.  `scale` multiplies every rate; the command line and the search set it."""

    name: str = "scenario"
    about: str = ""
    seconds: Seconds = 60
    model: Literal["open", "closed"] = "open"
    think: Annotated[float, Field(ge=0)] = 0  # closed model: seconds between two operations
    deadline: Seconds = 10  # open model: an arrival later than this is dropped
    drain: Seconds = 30  # after the last arrival: how long what runs may take to end
    seed: int = 1
    scale: Annotated[float, Field(gt=0)] = 1
    department: str = ""
    levels: tuple[str, ...] = ()
    stop_when_missed: bool = False
    # Retrieved and compared byte for byte after the run, of the acknowledged instances.
    compare: Annotated[int, Field(ge=0)] = 20
    users: Annotated[tuple[Users, ...], Field(min_length=1)]

    @field_validator("levels", mode="after")
    @classmethod
    def _readable(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for text in levels:
            try:
                parse_level(text)
            except LevelError as error:
                problems.append(f"{error.problem}: {error.mend}")
        if problems:
            raise ValueError("\n".join(problems))
        return levels

    @field_validator("users", mode="after")
    @classmethod
    def _named(cls, users: tuple[Any, ...]) -> tuple[Any, ...]:
        taken: set[str] = set()
        named = []
        for one in users:
            base = one.name or one.role.capitalize()
            name = next(n for n in (base, *(f"{base}{i}" for i in range(2, 999))) if n not in taken)
            if one.name and name != one.name:
                raise ValueError(f"two tables are called {one.name!r}")
            taken.add(name)
            named.append(one.model_copy(update={"name": name}))
        return tuple(named)

    @model_validator(mode="after")
    def _possible(self) -> Scenario:
        problems = []
        for one in self.users:
            try:
                one.schedule.plan(self.seconds, self.load_department())
            except ValueError as error:
                problems.append(f"users {one.name}: {error}")
        for text in self.levels:
            try:
                parse_level(text, self.operations)
            except LevelError as error:
                problems.append(f"{error.problem}: {error.mend}")
        readers = [u for u in self.users if isinstance(u, Workstation) and "study-uid" in u.keys]
        if readers and not self.sends:
            problems.append(
                f"users {readers[0].name}: key study-uid needs a modality in the same scenario, "
                "whose studies it asks for"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations this scenario can have, in the order of tables."""
        names = dict.fromkeys(op for one in self.users for op in OPERATIONS[one.role])
        names.update(dict.fromkeys(ASSOCIATION))
        return tuple(names)

    @property
    def parsed_levels(self) -> tuple[Level, ...]:
        """The service levels, read."""
        return tuple(parse_level(text, self.operations) for text in self.levels)

    @property
    def user_count(self) -> int:
        """All users of all roles."""
        return sum(one.count for one in self.users)

    @property
    def sends(self) -> bool:
        """True when some role stores instances."""
        return any(isinstance(one, Modality | Router) for one in self.users)

    @property
    def needs_receiver(self) -> bool:
        """True when some role retrieves by C-MOVE, and so needs our storage receiver."""
        return any(isinstance(one, Workstation) and one.retrieve == "move" for one in self.users)

    def load_department(self) -> Department:
        """The department whose figures apply."""
        return load_department(self.department)

    def plan(self, users: _Users) -> schedules.Plan:
        """The course of the arrival rate of one role."""
        return users.schedule.plan(self.seconds, self.load_department(), self.scale)

    def poisson_seed(self, users: _Users) -> int | None:
        """The seed of a role's random arrivals; None: they are evenly spaced."""
        if users.schedule.arrivals == "even":
            return None
        return self.seed * 1_000_003 + [one.name for one in self.users].index(users.name)

    def exam(self, users: Modality | Router, number: int) -> Exam:
        """What arrival `number` of a modality sends: the same in every process."""
        kinds = users.exams or self.load_department().exams
        return draw_exam(kinds, self.poisson_seed(users) or self.seed, number)


BUILT_IN = ("first", "radiology-day", "echo-storm", "store-flood", "query-mix", "edge")


def load_scenario(name: str, changes: dict[str, Any] | None = None) -> Scenario:
    """Reads a scenario: a built-in by its name, else a TOML file by its path.

    `changes` overrides top-level keys.  Raises UsageError with every mistake of the file.
    """
    source = Path(name)
    if name in BUILT_IN:
        text = (resources.files(__package__) / "scenarios" / f"{name}.toml").read_text("utf-8")
    elif source.suffix == ".toml" or source.exists():
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the scenario {name} cannot be read: {error}") from error
    else:
        raise UsageError(
            f"there is no scenario {name!r}",
            f"the built-in ones are {', '.join(BUILT_IN)}; a file of your own ends in .toml",
        )
    try:
        fields = toml.parse(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the scenario {name} is not TOML: {error}") from error
    fields.setdefault("name", source.stem)
    return make_scenario({**fields, **(changes or {})}, name)


def make_scenario(fields: dict[str, Any], name: str = "scenario") -> Scenario:
    """Validates a scenario.  Raises UsageError with every mistake."""
    try:
        return Scenario.model_validate(fields)
    except ValidationError as error:
        known = {"": list(Scenario.model_fields)}
        raise UsageError(
            f"the scenario {name} has mistakes:\n{in_words(error, known)}",
            "docs/load.md shows every key of a scenario",
        ) from error
