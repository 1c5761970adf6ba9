"""What hostile cases send is the same in every run, but for its names."""

from __future__ import annotations

import zlib

import pytest

from stepwedge.fixtures.hostile.cases import all_cases
from stepwedge.fixtures.hostile.script import Command, Names
from stepwedge.synthetic.model import Scope


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_deflated_data_set_ends_within_an_element(seed: int) -> None:
    """Whatever the UIDs of the run, the last element claims more than comes (PS3.5 A.5)."""
    case = next(case for case in all_cases() if case.id == "ROBV-029")
    store = next(step for step in case.script if isinstance(step, Command))
    assert store.data is not None
    packed = store.data(Names("PEER", "HARNESS", Scope(seed, f"RUN{seed}")))
    assert len(packed) % 2 == 0
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    raw = stream.decompress(packed)
    assert not stream.eof
    head, pixels = raw.split(b"\xe0\x7f\x10\x00OW\0\0")
    assert head
    assert 0 < len(pixels) - 4 < int.from_bytes(pixels[:4], "little")
