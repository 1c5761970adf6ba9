"""The [tls] table of a target file: where its files are, and every mistake that can be in them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from stepwedge.cli.main import run
from stepwedge.errors import Exit, UsageError
from stepwedge.fixtures.certificates import Authority, Certificates
from stepwedge.options import as_arguments
from stepwedge.target import Target, load_target
from stepwedge.tls import PROFILES, client_context, server_context

QUICK = {"host": "127.0.0.1", "port": "2762", "ae_title": "PACS"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `stepwedge certificates` makes."""
    folder = tmp_path_factory.mktemp("certificates")
    Certificates().write(folder)
    return folder


def at(file_folder: Path, table: str, **environment: str) -> Target:
    file = file_folder / "target.toml"
    file.write_text(f'host = "127.0.0.1"\nport = 2762\nae_title = "A"\n[tls]\n{table}\n')
    return load_target(file, {}, environment)


def test_a_table_means_tls_and_a_word_switches_it_off(folder: Path) -> None:
    """Whoever writes [tls] means it; enabled = false keeps the rest and speaks in clear."""
    assert at(folder, 'certificates = "."').tls.enabled
    assert not at(folder, 'certificates = "."\nenabled = false').tls.enabled
    assert not load_target(None, QUICK, {}).tls.enabled


def test_paths_are_relative_to_the_target_file(folder: Path) -> None:
    """A folder of certificates stands for authority, certificate and key, from the file's place."""
    tls = at(folder, 'certificates = "."').tls
    assert tls.trusted == folder / "ca.pem"
    assert tls.shown == (folder / "client.pem", folder / "client.key")
    assert at(folder, 'ca = "ca.pem"').tls.shown is None


def test_contexts_hold_what_the_table_says(folder: Path) -> None:
    """Versions, verification and certificates arrive in what opens and accepts connections."""
    tls = at(folder, 'certificates = "."\nminimum = "1.3"\nverify = "chain"').tls
    context = client_context(tls)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert not context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert client_context(at(folder, 'certificates = "."').tls).check_hostname
    careless = at(folder, 'certificates = "."\nverify = "none"').tls
    assert client_context(careless).verify_mode is ssl.CERT_NONE
    assert server_context(tls).verify_mode is ssl.CERT_OPTIONAL


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_a_claim(folder: Path, profile: str) -> None:
    """What the table says is claimed, and nothing of TLS is while TLS is off."""
    target = at(folder, f'certificates = "."\nprofile = "{profile}"\nclear_port = 104')
    assert target.is_claimed("tls.transport")
    assert target.is_claimed("tls.clear-port")
    assert target.is_claimed("tls.bcp195") is (not PROFILES[profile].retired)
    assert target.is_claimed("tls.retired") is PROFILES[profile].retired
    assert target.is_claimed("tls.modified-bcp195") is profile.startswith("modified")
    off = load_target(None, QUICK | {"claims": ["tls"]}, {})
    assert not off.is_claimed("tls.transport")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('ca = "nowhere.pem"', "ca: there is no file {folder}/nowhere.pem"),
        ('ca = "client.key"', "ca: {folder}/client.key holds no certificate in PEM"),
        ('certificate = "nowhere.pem"', "certificate: there is no file {folder}/nowhere.pem"),
        ('certificate = "client.pem"', "key: {folder}/client.pem holds no private key in PEM"),
        (
            'certificate = "client.pem"\nkey = "server.key"',
            "key: {folder}/server.key is not the key of the certificate {folder}/client.pem",
        ),
        ('key = "client.key"', "key: there is a key but no certificate"),
        ('certificate = "client.pem"\nkey = "no.key"', "key: there is no file {folder}/no.key"),
        (
            'certificate = "refused/expired.pem"\nkey = "refused/expired.key"',
            "certificate: {folder}/refused/expired.pem expired on 20",
        ),
        (
            'certificate = "refused/not-yet-valid.pem"\nkey = "refused/not-yet-valid.key"',
            "certificate: {folder}/refused/not-yet-valid.pem is valid from 20",
        ),
        ("receiver = true", "receiver: our receiver needs a certificate of its own"),
        ('certificates = "nowhere"', "ca: there is no file {folder}/nowhere/ca.pem"),
    ],
)
def test_every_mistake_in_a_file_is_named(folder: Path, table: str, said: str) -> None:
    """What cannot serve is told before anything is sent: which file, and what is wrong with it."""
    with pytest.raises(UsageError, match=r"docs/tls\.md") as caught:
        at(folder, table)
    assert said.format(folder=folder) in caught.value.problem


def test_all_files_are_looked_at_before_the_first_is_complained_of(folder: Path) -> None:
    """Two mistakes are two lines."""
    with pytest.raises(UsageError) as caught:
        at(folder, 'ca = "nowhere.pem"\ncertificate = "client.pem"\nkey = "server.key"')
    assert len(caught.value.problem.splitlines()) == 3


def test_an_expired_authority_is_named(tmp_path: Path) -> None:
    """An authority that can no longer vouch for anybody is told so."""
    Authority(days=(-20, -10)).issue("leaf", days=(-20, -1)).write(tmp_path, "leaf")
    with pytest.raises(UsageError, match=r"ca: .*leaf\.pem has expired on 20"):
        at(tmp_path, 'ca = "leaf.pem"')


def test_a_key_may_be_encrypted(tmp_path: Path) -> None:
    """The passphrase comes from the environment, is used, and is never shown."""
    certificates = Certificates()
    certificates.client.write(tmp_path, "client", passphrase="open sesame")
    table = 'certificate = "client.pem"\nkey = "client.key"\n'
    with pytest.raises(UsageError, match="is encrypted and no passphrase is given"):
        at(tmp_path, table)
    with pytest.raises(UsageError, match="does not open with the passphrase") as caught:
        at(tmp_path, table + 'passphrase = "${PASS}"', PASS="wrong")
    assert "wrong" not in str(caught.value)
    target = at(tmp_path, table + 'passphrase = "${PASS}"', PASS="open sesame")
    assert client_context(target.tls)
    assert "open sesame" not in repr(target.public())


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            'minimum = "1.4"',
            "tls.minimum: read '1.4'; expected one of '1.0', '1.1', '1.2' or '1.3'",
        ),
        ('profile = "bcp"', "tls.profile: read 'bcp'; expected one of 'bcp195-rfc9325'"),
        ('verify = "yes"', "tls.verify: read 'yes'; expected one of 'name', 'chain' or 'none'"),
        ("clear_port = 0", "tls.clear_port: read 0; expected a number above 0"),
        ('cert = "x"', "tls.cert: is no key of a target file"),
        ("passphrase = 7", "tls.passphrase: read (secret); expected a string"),
    ],
)
def test_wrong_values_are_explained(tmp_path: Path, table: str, said: str) -> None:
    """Each key says what was read and what was expected."""
    with pytest.raises(UsageError) as caught:
        at(tmp_path, table)
    assert said in caught.value.problem


def test_options_are_enough_for_a_quick_start(folder: Path) -> None:
    """--pacs-tls options name the same fields, from the working directory, over those of a file."""
    target = load_target(None, QUICK | {"tls.certificates": str(folder)}, {})
    assert target.tls.enabled
    assert target.tls.trusted == folder / "ca.pem"
    file = folder / "clear.toml"
    file.write_text('host = "h"\nport = 1\nae_title = "A"\n[tls]\nenabled = false\n')
    assert load_target(file, {"tls.enabled": True}, {}).tls.enabled


def test_options_are_handed_on_as_words() -> None:
    """A flag is a word of its own; what is not given is not handed on."""
    words = as_arguments(None, host="h", tls__enabled=True, tls__ca="x.pem", tls__key=None)
    assert words == ["--pacs-host", "h", "--pacs-tls", "--pacs-tls-ca", "x.pem"]


def test_certificates_are_made_for_users_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`stepwedge certificates` makes a folder for a target file, and adds to none."""
    folder = tmp_path / "made"
    assert run(["certificates", str(folder), "--name", "pacs.example"]) == Exit.HELD
    out = capsys.readouterr().out
    assert f'certificates = "{folder}"' in out
    assert "pacs.example, localhost, 127.0.0.1" in out
    assert at(tmp_path, 'certificates = "made"').tls.shown == (
        folder / "client.pem",
        folder / "client.key",
    )
    assert (folder / "client.key").stat().st_mode & 0o077 == 0
    assert run(["certificates", str(folder)]) == Exit.WRONG_USAGE
    assert "is not empty" in capsys.readouterr().err
