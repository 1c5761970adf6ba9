"""Mixes: what a hospital examines, how often, on whom and when, written down as TOML.

Those that come along lie in `mixes/`; anybody can write their own.  A share is a weight: shares
need not add up to anything.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from stepwedge import toml
from stepwedge.errors import UsageError
from stepwedge.synthetic.charsets import CharacterSet
from stepwedge.synthetic.iods import ANY_IMAGE, IODS

FOLDER = Path(__file__).parent / "mixes"
_WORDS = "words"
DEFAULT = "general-hospital"


class SeriesShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A series of a protocol: its kind, and fewest and most instances of it.

    `rows` and `columns` are in pixels, `frames` for multi-frame objects; `chance` is how often the
    series is there at all (0…1).
    """

    iod: str
    name: str = ""
    instances: tuple[int, int] = (1, 1)
    rows: int = 64
    columns: int = 64
    frames: int = 1
    chance: float = 1.0


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of examination; `sex` and `from_age` (years) limit whom it is done on."""

    name: str
    modality: str
    share: int
    series: tuple[SeriesShare, ...]
    part: str = ""
    laterality: str = ""
    sex: str = ""
    from_age: int = 0

    def suits(self, sex: str, age: float) -> bool:
        """True for a patient of that Patient's Sex and age in years."""
        return self.sex in ("", sex) and age >= self.from_age

    def description(self, locale: str, charset: CharacterSet) -> str:
        """Study Description in the language of `locale`, as far as `charset` can say it."""
        for language in (locale.split("_")[0], "en"):
            word = words().get(language, {}).get(self.part, "")
            text = f"{self.modality} {word}".strip()
            if charset.can_encode(text):
                return text
        return self.modality


class Mix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mix of protocols.

    `hours` are the first, the busiest and the last hour in which examinations begin, counted on
    past 24; `ages` the youngest, likeliest and oldest in years; `sexes` shares by Patient's Sex.
    """

    about: str
    protocols: tuple[Protocol, ...]
    hours: tuple[float, float, float]
    ages: tuple[float, float, float]
    sexes: dict[str, int]


def names() -> list[str]:
    """The names of the mixes that come along."""
    return sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != _WORDS)


@cache
def words() -> dict[str, dict[str, str]]:
    """Body parts by language and Body Part Examined."""
    return tomllib.loads((FOLDER / f"{_WORDS}.toml").read_text(encoding="utf-8"))


def load(name: str | Path) -> Mix:
    """The mix called `name`, or that of a TOML file.

    Raises `UsageError` when there is no such mix, or the file is none, in words with the place.
    """
    known = names()
    path = FOLDER / f"{name}.toml" if name in known else Path(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"mix {str(name)!r} is not known",
            f"choose one of: {', '.join(known)}; or name a TOML file",
        )
    try:
        raw: dict[str, Any] = toml.parse(path.read_text(encoding="utf-8"))
        mix = msgspec.convert(raw, Mix)
    except OSError as problem:
        raise UsageError(f"cannot read the mix {path}: {problem.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as problem:
        raise UsageError(
            f"{path} is no mix: {problem}", f"compare it with {FOLDER / f'{DEFAULT}.toml'}"
        ) from None
    if problems := _problems(mix):
        raise UsageError(f"{path} is no mix: {'; '.join(problems)}")
    return mix


def _problems(mix: Mix) -> list[str]:
    """What types cannot tell: unknown kinds, shares and ranges that make no sense."""
    found = []
    if not mix.protocols or not any(p.share > 0 and not p.sex for p in mix.protocols):
        found.append("it needs a protocol with a share above 0 that every patient can have")
    for label, triple in (("hours", mix.hours), ("ages", mix.ages)):
        if list(triple) != sorted(triple) or triple[0] < 0:
            found.append(f"{label} must rise: first, likeliest, last")
    if not set(mix.sexes) <= {"F", "M", "O", ""} or sum(mix.sexes.values()) < 1:
        found.append("sexes has shares for F, M, O and the empty string only")
    for protocol in mix.protocols:
        if protocol.share < 0 or not protocol.series:
            found.append(f"{protocol.name}: a share is at least 0, and there is a series")
        before: list[str] = []
        for series in protocol.series:
            found += [f"{protocol.name}: {text}" for text in _of_series(series, before)]
            before.append(series.iod)
        if protocol.series and protocol.series[0].chance < 1:
            found.append(f"{protocol.name}: the first series must always be there")
    return found


def _of_series(series: SeriesShare, before: list[str]) -> list[str]:
    if series.iod not in IODS:
        return [f"no builder for objects called {series.iod!r}; there are: {', '.join(IODS)}"]
    needs = IODS[series.iod].needs
    images = [key for key in before if IODS[key].image]
    if (needs == ANY_IMAGE and not images) or (needs not in ("", ANY_IMAGE, *before)):
        return [f"{series.iod} refers to {needs}, which must come before it"]
    fewest, most = series.instances
    if not 1 <= fewest <= most or min(series.rows, series.columns, series.frames) < 1:
        return [f"{series.iod}: instances, rows, columns and frames are at least 1, and rise"]
    if not 0 < series.chance <= 1:
        return [f"{series.iod}: a chance lies above 0 and is at most 1"]
    return []
