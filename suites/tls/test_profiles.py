"""The Secure Transport Connection Profiles that the target's claims file names (PS3.15 Annex B)."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.stated import security
from stepwedge.fixtures.stated.judging import Judge
from stepwedge.fixtures.tls.probe import Probe
from stepwedge.statement import Statement


@check(
    "TLS-150",
    "PS3.15 B.12",
    SHALL,
    claim="statement",
    defects=["tls-null-accepted", "tls-1-1-accepted", "tls-aes-128-gcm-refused"],
)
def test_profiles(judge: Judge, tls: Probe, statement: Statement) -> None:
    """Each security profile that the claims file names is provided."""
    judge(security.judge(tls, statement), "security profiles")
