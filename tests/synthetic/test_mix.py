"""Mixes are data: shares come out as they are written, and a mix that makes no sense is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from stepwedge.errors import UsageError
from stepwedge.synthetic import Hospital, mix, people
from stepwedge.synthetic.commands import synth

SMALL = """
about = "One kind."
hours = [8, 9, 10]
ages = [30, 40, 50]
sexes = { F = 1 }
[[protocols]]
name = "Chest"
modality = "CR"
part = "CHEST"
share = 1
series = [{ iod = "CR", instances = [1, 1], rows = 32, columns = 32 }]
"""


@pytest.mark.parametrize("name", mix.names())
def test_shares_come_out(name: str) -> None:
    """Of many studies each protocol has the share that is written, within chance."""
    loaded, hospital = mix.load(name), Hospital(7, "mix", mix=name)
    count = 1500
    seen = Counter(study.plans[0].protocol for study in hospital.studies(count))
    total = sum(protocol.share for protocol in loaded.protocols)
    for protocol in loaded.protocols:
        share = protocol.share / total
        if protocol.sex or protocol.from_age:
            assert seen[protocol.name] / count < share
        else:
            # Four standard deviations, and what other protocols leave to this one.
            spread = 4 * (share * (1 - share) / count) ** 0.5 + 0.1 * share
            assert abs(seen[protocol.name] / count - share) < spread, protocol.name


def test_who_is_examined_and_when() -> None:
    """Screening sees women of the age it is for; the night begins at eight and passes midnight."""
    for study in Hospital(7, "m", mix="mammography-screening").studies(200):
        assert study.patient.sex == "F"
        assert "1950" <= study.patient.birth_date[:4] <= "1974"
    hours = {int(study.time[:2]) for study in Hospital(7, "m", mix="night-ct").studies(200)}
    assert {22, 23, 0, 1} <= hours
    assert not hours & set(range(8, 20))


def test_mammography_is_for_women_above_forty() -> None:
    """Limits of a protocol hold in a mix of all patients."""
    seen = [
        study.patient
        for study in Hospital(7, "m").studies(1500)
        if study.plans[0].protocol == "Mammography"
    ]
    assert len(seen) > 10
    assert {patient.sex for patient in seen} == {"F"}
    assert max(patient.birth_date for patient in seen) < "1985"


@pytest.mark.parametrize("key", people.LOCALES)
def test_descriptions_speak_the_language_of_the_patient(key: str) -> None:
    """Study Descriptions are in the patient's language, as far as the character set goes."""
    (protocol,) = (p for p in mix.load(mix.DEFAULT).protocols if p.name == "CT head")
    for charset in people.locale(key).character_sets:
        text = protocol.description(key, charset)
        assert charset.can_encode(text)
        word = mix.words()[key.split("_")[0]]["HEAD"]
        if charset.can_encode(word):
            assert text == f"CT {word}"


def test_a_mix_of_ones_own(tmp_path: Path) -> None:
    """A TOML file is a mix, on the command line too."""
    (tmp_path / "my.toml").write_text(SMALL)
    arguments = [str(tmp_path / "my.toml"), "--studies", "2", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(synth, arguments, catch_exceptions=False)
    assert done.output.startswith("2 instances of ")
    study = Hospital(1, "own", mix=tmp_path / "my.toml").study(0)
    assert (study.patient.sex, study.plans[0].protocol) == ("F", "Chest")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('iod = "CR"', 'iod = "XX"', "no builder for objects called 'XX'; there are: CT, MR"),
        ('iod = "CR"', 'iod = "KO"', "KO refers to any image, which must come before it"),
        (
            "share = 1",
            'share = "much"',
            r"Expected `int`, got `str` - at `\$.protocols.0..share",
        ),
        ("share = 1", "share = 0", "a share above 0"),
        ("[8, 9, 10]", "[8, 7, 10]", "hours must rise"),
        ("[30, 40, 50]", "[30, 40]", "is no mix"),
        ("{ F = 1 }", "{ X = 1 }", "sexes has shares for F, M, O"),
        ("[1, 1]", "[2, 1]", "instances, rows, columns and frames"),
        ("about =", "about", "is no mix"),
        ("about", "abuot", "is no mix"),
    ],
)
def test_a_mix_that_makes_no_sense(tmp_path: Path, old: str, new: str, says: str) -> None:
    """What is wrong with a mix is told with its place."""
    (tmp_path / "my.toml").write_text(SMALL.replace(old, new, 1))
    with pytest.raises(UsageError, match=says):
        mix.load(tmp_path / "my.toml")


@pytest.mark.parametrize(("name", "says"), [("day-ct", "night-ct"), ("none.toml", "cannot read")])
def test_a_mix_that_is_not_there(name: str, says: str) -> None:
    """An unknown mix lists those there are; a file that is missing is told."""
    with pytest.raises(UsageError, match=says):
        Hospital(1, "m", mix=name)
