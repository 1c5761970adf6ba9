"""Patients: names of many scripts with a character set that can say them, and dates that stay put.

Names come from Faker's providers, seeded for every person; what a locale's character set cannot
encode is drawn again, never replaced.  Ages are counted from a fixed day, so that a corpus is the
same whenever it is made.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from faker import Faker

from stepwedge.errors import UsageError
from stepwedge.synthetic import romanise
from stepwedge.synthetic.charsets import DEFAULT, CharacterSet
from stepwedge.synthetic.uids import digest

ISSUER = "STEPWEDGE"

# Every age and every study date counts back from here.
EPOCH = datetime.date(2025, 1, 1)

# How often a name that does not fit its character set is drawn again before we give up.
_DRAWS = 50
# PN: 64 characters a component group (PS3.5 Table 6.2-1).  Ordinary people keep the whole value
# within 64 bytes, escape sequences included: validators count those, and fields of fixed width do.
NAME_LENGTH = 64


@dataclass(frozen=True)
class Locale:
    """Where a person comes from: Faker's locale, and the character sets in use there."""

    key: str
    script: str
    character_sets: tuple[CharacterSet, ...]
    style: str = "western"


def _locale(key: str, script: str, *sets: str, style: str = "western") -> Locale:
    values = tuple(CharacterSet(*terms.split("\\")) for terms in sets)
    return Locale(key, script, values, style)


LOCALES: dict[str, Locale] = {
    locale.key: locale
    for locale in (
        _locale("en_US", "Latin", "", "ISO_IR 100", "ISO_IR 192"),
        _locale("de_DE", "Latin", "ISO_IR 100", "ISO_IR 192"),
        _locale("fr_FR", "Latin", "ISO_IR 100", "ISO_IR 192"),
        _locale("es_ES", "Latin", "ISO_IR 100"),
        _locale("sv_SE", "Latin", "ISO_IR 100", "ISO 2022 IR 6\\ISO 2022 IR 100"),
        _locale("pl_PL", "Latin", "ISO_IR 101"),
        _locale("lt_LT", "Latin", "ISO_IR 110"),
        _locale("tr_TR", "Latin", "ISO_IR 148"),
        _locale("ru_RU", "Cyrillic", "ISO_IR 144", "ISO_IR 192"),
        _locale("el_GR", "Greek", "ISO_IR 126"),
        _locale("ar_SA", "Arabic", "ISO_IR 127", "ISO_IR 192"),
        _locale("he_IL", "Hebrew", "ISO_IR 138"),
        _locale("th_TH", "Thai", "ISO_IR 166"),
        _locale(
            "ja_JP",
            "Japanese",
            "\\ISO 2022 IR 87",
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            "\\ISO 2022 IR 87\\ISO 2022 IR 159",
            style="japanese",
        ),
        _locale("ko_KR", "Korean", "\\ISO 2022 IR 149", "ISO_IR 192", style="korean"),
        _locale(
            "zh_CN", "Chinese", "GB18030", "GBK", "\\ISO 2022 IR 58", "ISO_IR 192", style="chinese"
        ),
        _locale("hi_IN", "Devanagari", "ISO_IR 192"),
    )
}


@dataclass(frozen=True)
class Patient:
    """A synthetic person, as the Patient Module (PS3.3 C.7.1.1) tells of them.

    `birth_date` is a DA value, empty when unknown; `sex` is M, F, O or empty.  `name` is a PN value
    with up to three component groups.  `attributes` holds further attributes of patient level by
    keyword (Patient Comments, Ethnic Group, …).
    """

    name: str
    id: str
    birth_date: str
    sex: str
    charset: CharacterSet = DEFAULT
    issuer: str = ISSUER
    birth_time: str = ""
    locale: str = "en_US"
    attributes: dict[str, Any] = field(default_factory=dict, hash=False)


def draw(seed: int, *path: object) -> Random:
    """A stream of random numbers that depends on nothing but `seed` and `path`."""
    return Random(digest(seed, *path))


def locale(key: str) -> Locale:
    """The locale called `key`; raises `UsageError` with the list of those there are."""
    try:
        return LOCALES[key]
    except KeyError:
        raise UsageError(
            f"locale {key!r} is not known", f"choose one of: {', '.join(LOCALES)}"
        ) from None


def person_name(rng: Random, where: Locale, sex: str, charset: CharacterSet) -> str:
    """A PN value of `where` that `charset` can say, drawn from `rng`.

    Raises `UsageError` when no name of the locale fits the character set.
    """
    fake = _faker(where.key)
    for _ in range(_DRAWS):
        fake.seed_instance(rng.getrandbits(64))
        name = _STYLES[where.style](fake, rng, sex)
        if charset.terms[0] in ("ISO_IR 13", "ISO 2022 IR 13"):
            name = _with_katakana(name)
        if not charset.can_encode(name, name=True):
            continue
        raw = charset.encode(name, name=True)
        # Half of a double-byte character can look like the delimiter of values, which readers that
        # do not track the character set trip over: left to the catalogue of odd cases.
        if len(raw) <= NAME_LENGTH and b"\\" not in raw:
            return name
    raise UsageError(
        f"no name of locale {where.key} out of {_DRAWS} fits into {charset!r}",
        f"use one of its own character sets: {', '.join(map(repr, where.character_sets))}",
    )


def birth_date(rng: Random, ages: tuple[float, float, float] = (0, 62, 100)) -> datetime.date:
    """A date of birth: an age at the epoch; `ages` are the youngest, likeliest and oldest."""
    youngest, likeliest, oldest = ages
    age = min(rng.triangular(youngest, oldest, likeliest), oldest - 0.1)
    return EPOCH - datetime.timedelta(days=int(age * 365.25) + 1)


@cache
def _faker(key: str) -> Faker:
    return Faker(key)


def _western(fake: Faker, rng: Random, sex: str) -> str:
    kind = "female" if sex == "F" else "male"
    family = getattr(fake, f"last_name_{kind}")()
    given = getattr(fake, f"first_name_{kind}")()
    middle = ""
    if hasattr(fake, f"middle_name_{kind}"):
        middle = getattr(fake, f"middle_name_{kind}")()
    elif rng.random() < 0.25:
        middle = getattr(fake, f"first_name_{kind}")()
    prefix = "Dr." if rng.random() < 0.02 else ""
    return "^".join((family, given, middle, prefix)).rstrip("^")


def _japanese(fake: Faker, rng: Random, sex: str) -> str:
    family = fake.last_name_pair()
    given = fake.first_name_female_pair() if sex == "F" else fake.first_name_male_pair()
    kanji, kana, latin = (f"{a}^{b}" for a, b in zip(family, given, strict=True))
    # Faker's readings are katakana; the phonetic group of PS3.5 H.3 is hiragana.
    hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)
    return f"{latin}={kanji}={hiragana}"


def _with_katakana(name: str) -> str:
    """The alphabetic group of a Japanese name in half-width katakana, as JIS X 0201 has it."""
    _, ideographic, phonetic = name.split("=")
    return f"{romanise.half_width(phonetic)}={ideographic}={phonetic}"


def _korean(fake: Faker, rng: Random, sex: str) -> str:
    given = fake.first_name_female() if sex == "F" else fake.first_name_male()
    return romanise.korean_name(fake.last_name(), given)


def _chinese(fake: Faker, rng: Random, sex: str) -> str:
    family, latin = rng.choice(romanise.CHINESE_FAMILIES)
    given = rng.sample(romanise.CHINESE_GIVEN, rng.choice((1, 2, 2)))
    characters = "".join(character for character, _ in given)
    reading = "".join(pinyin for _, pinyin in given).capitalize()
    return f"{latin}^{reading}={family}^{characters}"


_STYLES = {
    "western": _western,
    "japanese": _japanese,
    "korean": _korean,
    "chinese": _chinese,
}
