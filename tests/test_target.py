"""The target file, the quick start and the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwedge.errors import UsageError
from stepwedge.target import load_target

QUICK = {"host": "127.0.0.1", "port": "4242", "ae_title": "PACS"}


def write(folder: Path, text: str) -> Path:
    file = folder / "target.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_quick_start_needs_three_fields_and_claims_an_ordinary_pacs() -> None:
    """Host, port and AE title are enough; everything an ordinary PACS does is then claimed."""
    target = load_target(None, QUICK, {})
    assert (target.host, target.port, target.ae_title) == ("127.0.0.1", (4242,), "PACS")
    assert target.is_claimed("find.study")
    assert not target.is_claimed("association.called-ae")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Every wrong key of a file is named with what was read and what was expected."""
    file = write(
        tmp_path,
        """
        host = "127.0.0.1"
        port = "2111-2104"
        ae_titel = "X"
        ae_title = "A-TITLE-THAT-IS-TOO-LONG"
        claims = ["find.studi"]
        allow = ["loud"]
        [timeouts]
        connect = -1
        """,
    )
    with pytest.raises(UsageError) as caught:
        load_target(file, {}, {})
    text = str(caught.value)
    for part in (
        "port: read '2111-2104'; the range is reversed; expected 2104-2111",
        "ae_titel: is no key of a target file",
        "ae_title: read 'A-TITLE-THAT-IS-TOO-LONG'; expected an AE title",
        "did you mean 'find.study'?",
        "allow.0: read 'loud'; expected one of",
        "timeouts.connect: read -1; expected a number above",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("port", "ports"),
    [(4242, (4242,)), ("4242", (4242,)), ("2104-2106", (2104, 2105, 2106)), ("7-7", (7,))],
)
def test_a_port_is_a_number_or_a_range(port: object, ports: tuple[int, ...]) -> None:
    """A range of ports is one target, all of whose ports must serve."""
    assert load_target(None, QUICK | {"port": port}, {}).port == ports


@pytest.mark.parametrize("port", [0, 65536, "x", "1-", "1-2-3", True, -5, "2104,2105"])
def test_what_is_no_port_is_refused(port: object) -> None:
    """Anything else is told to be no port, with an example of one."""
    with pytest.raises(UsageError, match="expected a port"):
        load_target(None, QUICK | {"port": port}, {})


@pytest.mark.parametrize("title", ["", "   ", "SEVENTEEN-LETTERS", "BACK\\SLASH", "Ü"])
def test_an_ae_title_follows_its_vr(title: str) -> None:
    """An AE title has 1 to 16 printable ASCII characters without a backslash (PS3.5 6.2)."""
    with pytest.raises(UsageError, match="AE title"):
        load_target(None, QUICK | {"ae_title": title}, {})


def test_options_beat_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    """Each field comes from the first of option, environment variable and file that has it."""
    file = write(tmp_path, 'host = "file"\nport = 1\nae_title = "FILE"\n')
    environment = {"STEPWEDGE_PACS_PORT": "2", "STEPWEDGE_PACS_AET": "ENV"}
    target = load_target(file, {"ae_title": "OPTION"}, environment)
    assert (target.host, target.port, target.ae_title) == ("file", (2,), "OPTION")


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    """STEPWEDGE_TARGET names a target file when no option does."""
    file = write(tmp_path, 'host = "h"\nport = 1\nae_title = "FILE"\n')
    assert load_target(None, {}, {"STEPWEDGE_TARGET": str(file)}).ae_title == "FILE"


def test_no_target_says_how_to_name_one() -> None:
    """Without any target the error lists the three ways."""
    with pytest.raises(UsageError, match="--pacs-host"):
        load_target(None, {}, {})


def test_secrets_come_from_the_environment_and_are_not_shown(tmp_path: Path) -> None:
    """${NAME} is filled from the environment; the record never shows the passcode."""
    file = write(
        tmp_path,
        'host = "h"\nport = 1\nae_title = "A"\n[credentials]\nusername = "u"\n'
        'passcode = "${PACS_PASSCODE}"\n',
    )
    target = load_target(file, {}, {"PACS_PASSCODE": "open sesame"})
    assert target.credentials.passcode.get_secret_value() == "open sesame"
    assert "open sesame" not in repr(target.public())
    with pytest.raises(UsageError, match="PACS_PASSCODE"):
        load_target(file, {}, {})


@pytest.mark.parametrize(
    ("text", "match"),
    [("host = x", "is not TOML"), ("", "no target is named"), ('host = ""', "port: expected")],
)
def test_a_broken_file_is_explained(tmp_path: Path, text: str, match: str) -> None:
    """A file that is no TOML, empty or incomplete is told so, without a traceback."""
    with pytest.raises(UsageError, match=match):
        load_target(write(tmp_path, text), {}, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"there is no target file .*nowhere\.toml"):
        load_target(tmp_path / "nowhere.toml", {}, {})


def test_load_must_be_allowed() -> None:
    """Load is allowed by the file; only a quick start on this machine allows it by itself."""
    load_target(None, QUICK, {}).must_allow("load")
    with pytest.raises(UsageError, match=r'allow = \["load"\]'):
        load_target(None, QUICK | {"host": "192.0.2.1"}, {}).must_allow("load")
    with pytest.raises(UsageError, match="robustness"):
        load_target(None, QUICK, {}).must_allow("robustness")


def test_equal_targets_have_equal_hashes() -> None:
    """The configuration hash depends on the public fields and on nothing else."""
    one, two = load_target(None, QUICK, {}), load_target(None, QUICK, {})
    assert one.config_hash() == two.config_hash()
    other = load_target(None, QUICK | {"port": 4243}, {})
    assert one.config_hash() != other.config_hash()
