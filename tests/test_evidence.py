"""Evidence: which conversations are kept of a check, and from whose side."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepwedge.evidence import MOST, Said, keep, load_conversation
from stepwedge.fixtures.conversation import Recorder
from stepwedge.fixtures.overheard import Overheard
from stepwedge.reports import conversation
from stepwedge.reports.conversation import ladder
from stepwedge.reports.offence import named
from stepwedge.wire.chunks import Chunk, Direction
from stepwedge.wire.pdus import ReleaseRP, ReleaseRQ

HERE = ("127.0.0.1", 11113)
ABORT = bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 0))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run."""
    (tmp_path / "evidence").mkdir()
    return tmp_path


def test_what_the_target_says_to_our_receiver_is_its_own(run: Path) -> None:
    """On an association that the target opened, its PDUs come in, and one can be the offence."""
    recorder = Recorder()
    with recorder.fresh():
        overheard = Overheard(recorder, "at our receiver", HERE)
        overheard("received", ReleaseRQ().encode(), 1, 0.0)
        overheard("sent", ReleaseRP().encode(), 1, 0.0)
        overheard("received", ABORT, 2, 0.0)
        said = [
            Said(one.label, one.address, one.snapshot(), one.we_requested)
            for one in recorder.conversations()
        ]
    assert [one.we_requested for one in said] == [False, False]
    kept = keep(run, "MOVE-001", said)
    paths = [path for path in kept if path.endswith(conversation.SUFFIX)]
    first, second = (conversation.read(run, path) for path in paths)
    assert first is not None and second is not None
    assert [rung.outgoing for rung in ladder(first, paths[0], None).rungs] == [False, True]
    decided = named(second, "A-ABORT", "an A-ABORT, source 2, reason 0")
    assert decided is not None and decided.index == 0
    assert load_conversation(run / paths[0]).peer == "127.0.0.1:11113"


def test_what_we_asked_is_kept_however_much_came_of_it(run: Path) -> None:
    """Of a move with an association for each instance, our request is among what is kept."""
    asked = Said("C-MOVE", HERE, [Chunk(0.0, Direction.TO_SERVER, ReleaseRQ().encode())])
    came = [
        Said("at our receiver", HERE, [Chunk(1.0 + n, Direction.TO_SERVER, ABORT)], False)
        for n in range(MOST + 3)
    ]
    kept = keep(run, "MOVE-001", [asked, *came])
    paths = [path for path in kept if path.endswith(conversation.SUFFIX)]
    labels = [load_conversation(run / path).label for path in paths]
    assert labels == ["C-MOVE", *["at our receiver"] * (MOST - 1)]


def test_a_conversation_ends_with_its_check() -> None:
    """What goes on, on an association that the target keeps open, belongs to the next check."""
    recorder = Recorder()
    overheard = Overheard(recorder, "at our receiver", HERE)
    for _ in range(2):
        with recorder.fresh():
            overheard("received", ABORT, 1, 0.0)
            (conversation_,) = recorder.conversations()
            assert len(conversation_.snapshot()) == 1
            del conversation_
