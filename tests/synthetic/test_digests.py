"""The default corpora are the same bytes on any day and machine: their digests are pinned here.

A change of what is written is a change for everybody who keeps a corpus; change a digest on
purpose, and say so in the changelog.
"""

from __future__ import annotations

import hashlib

import pytest

from stepwedge.synthetic.corpora import build

PINNED = {
    "general-hospital": "62a5897c979943307e22c6189fb2ea6c7398d3af5eb54c1a1b6da91b168ab3e8",
    "mammography-screening": "56bb8b5d4eb6448987a8039ee5bd09daeb802f5c54de699175cac75c6a5f58a8",
    "night-ct": "6178d0141438cdc39f588d5f935c78f0dcad166c20adba3181dec23f748802f5",
    "conformance": "d59dd7e2e8d205cebdd41e161f81b81d41a6d82a95b2f1b5af22dcd502b5c955",
    "variety": "c963a0803b5669bee30d7511fda4c7c9b1d06701f3b946c99b7b5ba404a3cebe",
    "odd": "8d3e95bf4862396985dfa8aba0c6eac509d40347654f6d69ff9e2a4d5f3ce7df",
    "people": "8d509b64a37cf8fd75d8622d6b5f57748cb00e3d3dcd275f2d3e3d0367156e19",
}


@pytest.mark.parametrize("name", PINNED)
def test_a_corpus_has_the_bytes_it_always_had(name: str) -> None:
    """Every instance, in the order of the corpus, goes into one digest."""
    digest = hashlib.sha256()
    for instance in build(name, 7, "pinned", studies=12, matrix=32).instances:
        digest.update(instance.part10())
        instance.forget()
    assert digest.hexdigest() == PINNED[name]
