"""The receiver under load: which image belongs to which retrieval."""

from __future__ import annotations

from stepwedge.loadtests.receiving import Receiver, study_of
from stepwedge.target import load_target


def receiver() -> Receiver:
    return Receiver(load_target(None, {"host": "h", "port": 1, "ae_title": "X"}, {}), {})


def test_two_retrievals_of_one_study() -> None:
    """Images of the next retrieval are left for it, whichever report comes first."""
    made = receiver()
    for moment in (10, 20, 110, 120):
        made.note("1.2", moment, 7)
    assert made.take("1.2", 5, 50) == [(10, 7), (20, 7)]
    assert made.take("1.2", 100, 150) == [(110, 7), (120, 7)]
    assert made.take("1.2", 0, 500) == []


def test_study_uid() -> None:
    """The Study Instance UID is read in explicit and implicit VR, past a false trace."""
    explicit = b"\x20\x00\x0d\x00UI\x04\x001.2\0"
    implicit = b"\x20\x00\x0d\x00\x04\x00\x00\x001.3\0"
    false = b"\x20\x00\x0d\x00\xff\xff\xff\xff"
    assert study_of(explicit) == "1.2"
    assert study_of(false + implicit) == "1.3"
    assert study_of(b"nothing of the kind") == ""
