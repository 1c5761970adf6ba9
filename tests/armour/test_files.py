"""Files from anybody are read or refused in words: no traceback, no memory without bound."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_events import check_finished, run_started, target_seen

from stepwedge import toml
from stepwedge.baseline import load_baseline
from stepwedge.cli.main import run
from stepwedge.errors import Exit, StepwedgeError, UsageError
from stepwedge.fixtures.access.rules import load_rules
from stepwedge.fixtures.servers import claims_of
from stepwedge.loadtests.department import load_department
from stepwedge.loadtests.scenarios import load_scenario
from stepwedge.record import EVENTS, read_events, verify
from stepwedge.statement import load_statement
from stepwedge.synthetic import mix
from stepwedge.target import load_target
from stepwedge.verdicts import Verdict

TARGET = """
name = "archive"
host = "192.0.2.7"
port = [104, "2104-2111"]
ae_title = "ARCHIVE"
claims = ["verification", "storage", "find.study"]
allow = ["load"]
[timeouts]
connect = 5
response = 30.5
[receiver]
ae_title = "STEPWEDGE"
port = 11112
[credentials]
username = "somebody"
passcode = "a secret"
[declared]
artim = 8
[tls]
server_name = "archive.example"
"""

BASELINE = """
about = "An archive."
[[deviation]]
check = "FIND-037"
verdict = "fail"
contains = "1 missing"
reason = "The sign is escaped wrongly."
link = "https://tracker.example/1"
expires = 2030-06-30
intermittent = true
"""

RULES = """
[peers.CT1]
addresses = ["192.0.2.7"]
may = ["store"]
[roles.physician]
released_only = true
[users]
house = "physician"
[tokens]
key = "a secret"
issuer = "somebody"
audience = "edge"
"""


def _built_in(room: str, name: str) -> str:
    return (resources.files(room) / name).read_text(encoding="utf-8")


READERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "target": (lambda file: load_target(file, environment={}), TARGET),
    "claims": (load_statement, claims_of("orthanc").read_text(encoding="utf-8")),
    "baseline": (load_baseline, BASELINE),
    "scenario": (
        lambda file: load_scenario(str(file)),
        _built_in("stepwedge.loadtests", "scenarios/query-mix.toml"),
    ),
    "department": (
        lambda file: load_department.__wrapped__(str(file)),
        _built_in("stepwedge.loadtests", "department.toml"),
    ),
    "mix": (mix.load, _built_in("stepwedge.synthetic", "mixes/night-ct.toml")),
    "rules": (lambda file: load_rules(file, {}), RULES),
}

# What a value may be instead.  Whether a file with it is right is its reader's business.
VALUES = (
    *('""', '"x"', "-1", "0", "1e400", "nan", "inf", "true", "[]", "{}", "[[1]]", "2026-02-30"),
    *('"\\u0000"', '"\\u202e<b>"', "2026-02-28", '"1-65535"', "99999999999999999999", "[{}]"),
    *('"' + "9" * 300 + '"', "'${NONE}'", "'../../../etc/passwd'", '{a = {b = "c"}}', "0x1F"),
)


def _changed(text: str, line: int, value: str) -> str:
    """The text with the value of a line replaced, or the line itself."""
    lines = text.splitlines()
    at = line % len(lines)
    key, equals, _ = lines[at].partition("=")
    lines[at] = f"{key}= {value}" if equals else value
    return "\n".join(lines)


def refused(read: Callable[[Path], object], file: Path) -> str:
    """The words in which a file is refused; empty when it is read."""
    try:
        read(file)
    except UsageError as error:
        assert error.problem.strip()
        return str(error)
    return ""


@pytest.mark.parametrize("kind", READERS)
def test_what_is_changed_is_its_own_example(kind: str, tmp_path: Path) -> None:
    """Each example is read as it stands, so that only its changes are refused."""
    read, text = READERS[kind]
    file = tmp_path / "example.toml"
    file.write_text(text, encoding="utf-8")
    assert refused(read, file) == ""


@pytest.mark.parametrize("kind", READERS)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(VALUES)), max_size=3),
    rubbish=st.none() | st.tuples(st.integers(0, 10_000), st.binary(max_size=6)),
)
def test_any_file_is_read_or_refused(
    kind: str,
    changes: list[tuple[int, str]],
    rubbish: tuple[int, bytes] | None,
    tmp_path: Path,
) -> None:
    """A file with other values, or bytes that do not belong there, is read or refused in words."""
    read, text = READERS[kind]
    for line, value in changes:
        text = _changed(text, line, value)
    raw = text.encode()
    if rubbish is not None:
        at = rubbish[0] % (len(raw) + 1)
        raw = raw[:at] + rubbish[1] + raw[at:]
    file = tmp_path / "any.toml"
    file.write_bytes(raw)
    refused(read, file)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "5000 digits"),
        (b"a." * 100_000 + b"b = 1", "a key of more than 64 parts"),
        (b'"a" . ' * 100_000 + b"b = 1", "a key of more than 64 parts"),
        (b"x = 'y'\n" * 600_000, "longer than 4 MiB"),
        (b'a = [{b = "c\\u0000d"}]', "a.1.b: a string with a NUL"),
        (b"\xff\xfe\x00", "can't decode"),
    ],
)
def test_what_a_parser_stumbles_over(kind: str, raw: bytes, said: str, tmp_path: Path) -> None:
    """Depth, length and NULs that break a parser or the system are refused in words."""
    read, _ = READERS[kind]
    file = tmp_path / "odd.toml"
    file.write_bytes(raw)
    assert said in refused(read, file)


@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_file(kind: str, tmp_path: Path) -> None:
    """A folder is refused in words, and so is nothing."""
    read, _ = READERS[kind]
    assert refused(read, tmp_path)
    assert refused(read, tmp_path / "none.toml")


def test_ordinary_text_is_no_long_key() -> None:
    """Dots in strings, UIDs and versions make no key too long."""
    uid = ".".join(["1"] * 63)
    assert toml.parse(f'a = "{uid}"\n"b.c" = \'...\' # {"etc." * 20}\n')["a"] == uid
    with pytest.raises(tomllib.TOMLDecodeError):
        toml.parse("a")


def _record(folder: Path, bodies: list[bytes]) -> Path:
    """A run record of these events, its chain whole."""
    folder.mkdir(exist_ok=True)
    previous, lines = "0" * 64, []
    for number, body in enumerate(bodies):
        line = b'{"n":%d,"prev":"%s","body":%s}' % (number, previous.encode(), body)
        previous = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    (folder / EVENTS).write_bytes(b"".join(lines))
    return folder


EVENTS_OF_A_RUN = [
    msgspec.json.encode(event)
    for event in (run_started(), target_seen(), check_finished(verdict=Verdict.FAIL))
]


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    at=st.integers(0, 2), place=st.integers(0, 4000), cut=st.integers(0, 20),
    piece=st.sampled_from([b"", b"null", b"[]", b'"', b"\xff", b"{}", b"-1e999", b"[" * 5000]),
    resealed=st.booleans(),
)  # fmt: skip
def test_any_record_is_read_or_refused(
    at: int, place: int, cut: int, piece: bytes, resealed: bool, tmp_path: Path
) -> None:
    """A record with a changed event is read or refused in words, its chain whole or not."""
    bodies = list(EVENTS_OF_A_RUN)
    place %= len(bodies[at])
    damaged = bodies[at][:place] + piece + bodies[at][place + cut :]
    if resealed:
        bodies[at] = damaged
        folder = _record(tmp_path / "run", bodies)
    else:
        folder = _record(tmp_path / "run", bodies)
        whole = (folder / EVENTS).read_bytes()
        (folder / EVENTS).write_bytes(whole.replace(bodies[at], damaged))
    try:
        read_events(folder)
    except UsageError as error:
        assert error.problem
    assert all(verify(folder))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"event":"note","at":1,"severity":"info","text":' + b'{"a":' * 200_000,
        b'{"event":"run-started","at":"noon"}',
        b'{"event":"none-such"}',
    ],
)
def test_a_record_that_is_none(
    body: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record that cannot be read ends every command on it with a sentence and exit code 4."""
    folder = str(_record(tmp_path / "run", [body]))
    for words in (["report", folder], ["compare", folder, folder]):
        assert run(words) == Exit.WRONG_USAGE
        assert "line 1 is not an event" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        run(["verify", folder])
    assert ended.value.code == Exit.NOT_CONFORMANT


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["check", "--target", "{}"], "target"),
        (["doctor", "--target", "{}"], "target"),
        (["load", "{}", "--pacs-host", "127.0.0.1", "--pacs-port", "1", "--pacs-aet", "X"], ""),
        (["check", "--claims", "{}", "--pacs-host", "h", "--pacs-port", "1", "--pacs-aet", "X"],
         ""),
        (["synth", "{}", "--out", "{}.d"], "mix"),
        (["claims", "check", "{}"], ""),
    ],
)  # fmt: skip
def test_commands_refuse_in_words(
    words: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the command line a file that breaks a parser is exit code 4 and a sentence."""
    file = tmp_path / "odd.toml"
    file.write_bytes(b"a = " + b"[" * 100_000)
    assert run([word.format(file) for word in words]) == Exit.WRONG_USAGE
    said = capsys.readouterr().err
    assert "nested too deeply" in said
    assert "Traceback" not in said


def test_all_refusals_are_ours() -> None:
    """What readers raise is an expected error of the command line."""
    assert issubclass(UsageError, StepwedgeError)
    with pytest.raises(UsageError):
        load_target(None, {"host": 7}, {})
