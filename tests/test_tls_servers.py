"""The checks of TLS against storescp with each of DCMTK's profiles: what is known and nothing else.

DCMTK 3.6.7 has the profiles that the standard has retired, and none of RFC 9325.  That its
Non-Downgrading and Extended profiles fall short in next to nothing is what one expects; its BCP 195
profile of 2015 and its AES profile take what today's forbids.  Nothing is said of revocation, for
which storescp is given no list.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepwedge.cli.check import suites_arguments
from stepwedge.events import CheckFinished
from stepwedge.fixtures.certificates import Certificates
from stepwedge.fixtures.servers import ServerTls, Storescp
from stepwedge.verdicts import Verdict

DHE = {"TLS-028": "warn"}
OLD = {"TLS-006": "fail", "TLS-007": "fail", "TLS-026": "warn"}
KNOWN = {
    "+py": DHE,  # Non-downgrading BCP 195
    "+px": {**DHE, **OLD},  # BCP 195 of 2015
    "+pz": {**DHE, "TLS-002": "warn"},  # Extended BCP 195, which ends with TLS 1.2
    # AES: RSA key transport and nothing else
    "+pa": {**OLD, "TLS-002": "warn", "TLS-030": "warn", "TLS-031": "fail", "TLS-046": "warn"},
}


class Listener:
    """Collects what was not passed."""

    def __init__(self) -> None:
        self.others: dict[str, str] = {}
        self.passed = 0

    def pytest_stepwedge_event(self, event: Any) -> None:
        if isinstance(event, CheckFinished) and event.verdict is not Verdict.PASS:
            self.others[event.id] = str(event.verdict)
        elif isinstance(event, CheckFinished):
            self.passed += 1


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    Certificates().write(folder)
    return folder


@pytest.mark.parametrize("profile", KNOWN)
def test_each_profile_is_told_from_the_others(
    profile: str, certificates: Path, tmp_path: Path
) -> None:
    """What a profile lacks is found, and nothing that it has."""
    listener = Listener()
    secured = ServerTls(certificates)
    with Storescp(tmp_path / "server", tls=secured, options=[profile]) as server:
        target = tmp_path / "target.toml"
        target.write_text(
            f'host = "127.0.0.1"\nport = {server.port}\nae_title = "{server.ae_title}"\n'
            'claims = ["verification", "storage", "tls.client-certificate"]\n'
            f'[tls]\ncertificates = "{certificates}"\n',
            encoding="utf-8",
        )
        words = ["--target", str(target), "--runs", str(tmp_path / "runs"), "--check", "TLS-0"]
        pytest.main([*suites_arguments(), "-p", "no:terminal", *words], [listener])
    not_claimed = {"TLS-086": "not claimed"}
    assert listener.others == KNOWN[profile] | not_claimed
    assert listener.passed > 40
