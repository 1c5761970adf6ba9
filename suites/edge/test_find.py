"""C-FIND through the edge: what the PACS would have answered, and no later than it must."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from pydicom import Dataset

from stepwedge.checks import QUALITY, SHALL, check
from stepwedge.fixtures.crossing import Cargo, Crossing
from stepwedge.fixtures.gate import Gate, Weather
from stepwedge.fixtures.peer import Peer
from stepwedge.fixtures.verifiers import expect, expect_same_set, expect_status, uids

STUDY_KEYS = (
    "PatientName",
    "PatientID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
)
# Who is asked decides these; everything else is the PACS's own word.
_OWN = ("RetrieveAETitle", "InstanceAvailability")
# A hop costs two messages and an association; a second would be felt at every click.
TOLERATED = 0.5
_TIMES = 7


def _both(
    crossing: Crossing, level: str, keys: dict[str, str], returned: tuple[str, ...] = ()
) -> tuple[list[Dataset], list[Dataset]]:
    """The matches at the edge, and those at the PACS."""
    return (
        crossing.find(crossing.edge, level, keys, returned),
        crossing.find(crossing.pacs, level, keys, returned),
    )


def _expect_equal(crossing: Crossing, level: str, keys: dict[str, str], key: str) -> None:
    edge, pacs = (uids(matches, key) for matches in _both(crossing, level, keys))
    expect_same_set(edge, pacs, {*edge, *pacs}, f"{level} as at the PACS")


@check(
    "EDGE-010",
    "PS3.4 C.4.1",
    SHALL,
    claim="edge.find",
    defects=["edge-find-own-queue", "edge-find-first-match-only", "edge-find-match-twice"],
)
def test_studies(crossing: Crossing) -> None:
    """C-FIND at STUDY level shows through the edge what it shows at the PACS."""
    one, other = crossing.settled(instances=1), crossing.settled(instances=1)
    listed = f"{one.study}\\{other.study}"
    _expect_equal(crossing, "STUDY", {"StudyInstanceUID": listed}, "StudyInstanceUID")


@check(
    "EDGE-011",
    "PS3.4 C.4.1",
    SHALL,
    claim="edge.find",
    defects=["edge-find-own-queue", "edge-find-first-match-only", "edge-find-match-twice"],
)
def test_series_and_images(crossing: Crossing) -> None:
    """C-FIND at SERIES and IMAGE level shows through the edge what it shows at the PACS."""
    cargo = crossing.settled("CT", "MR", instances=3)
    keys = {"StudyInstanceUID": cargo.study}
    _expect_equal(crossing, "SERIES", keys, "SeriesInstanceUID")
    keys["SeriesInstanceUID"] = cargo.series[0]
    _expect_equal(crossing, "IMAGE", keys, "SOPInstanceUID")


@check("EDGE-012", "PS3.4 C.4.1.1.3.2", SHALL, claim="edge.find", defects=["edge-find-loses-keys"])
def test_values(crossing: Crossing) -> None:
    """Each match carries through the edge the values that the PACS gives."""
    cargo = crossing.settled(instances=1)
    edge, pacs = _both(crossing, "STUDY", {"StudyInstanceUID": cargo.study}, STUDY_KEYS)
    for through, there in zip(edge, pacs, strict=False):
        differing = [
            keyword
            for keyword in STUDY_KEYS
            if keyword not in _OWN and str(through.get(keyword)) != str(there.get(keyword))
        ]
        expect(
            not differing,
            "the values that the PACS gives",
            ", ".join(f"{k} {through.get(k)} instead of {there.get(k)}" for k in differing),
            "Identifier",
        )


@check("EDGE-013", "Stepwedge edge, find", QUALITY, claim="edge.find", defects=["edge-find-slow"])
def test_latency(
    crossing: Crossing, step: Callable[[str], None], figure: Callable[[str, float, str], None]
) -> None:
    """A query through the edge takes at most half a second longer than at the PACS.

    Both are asked in turn, seven times; the medians are compared, and the difference is a figure
    of the report.
    """
    cargo = crossing.settled(instances=1)

    def ask(where: Peer) -> float:
        started = time.perf_counter()
        crossing.find(where, "STUDY", {"StudyInstanceUID": cargo.study})
        return time.perf_counter() - started

    pairs = [(ask(crossing.edge), ask(crossing.pacs)) for _ in range(_TIMES)]
    through, direct = (statistics.median(times) for times in zip(*pairs, strict=True))
    step(f"a query takes {through * 1000:.1f} ms through the edge, {direct * 1000:.1f} ms direct")
    figure("C-FIND, added by the edge (median)", through - direct, "s")
    expect(
        through - direct <= TOLERATED,
        f"at most {TOLERATED:g} s more than the PACS takes",
        f"{through - direct:.2f} s more ({through:.2f} s instead of {direct:.2f} s)",
    )


@check(
    "EDGE-014",
    "PS3.4 C.4.1.1.4",
    SHALL,
    claim="edge.find",
    defects=["edge-find-failure-hidden"],
)
def test_pacs_down(crossing: Crossing, gate: Gate) -> None:
    """While the PACS does not answer, C-FIND fails instead of finding nothing."""
    cargo: Cargo = crossing.settled(instances=1)
    with gate.being(Weather(shut=True)):
        operation = crossing.ask(crossing.edge, "STUDY", {"StudyInstanceUID": cargo.study})
    if operation.pending:
        return  # it was found all the same, in a cache of the edge's own
    expect_status(operation.final, "failure", why="because the PACS could not be asked")


@check("EDGE-016", "PS3.4 C.4.1", SHALL, claim="edge.elsewhere", defects=["edge-knows-own-only"])
def test_from_elsewhere(crossing: Crossing) -> None:
    """A study that came to the PACS by another way than through the edge is found through it."""
    cargo = crossing.settled_elsewhere("CT")
    keys = {"StudyInstanceUID": cargo.study}
    found = uids(crossing.find(crossing.edge, "STUDY", keys), "StudyInstanceUID")
    expect(found == [cargo.study], "the study, once", f"{len(found)} matches", "Identifier")


@check(
    "EDGE-015",
    "PS3.4 C.4.1.1.3.2",
    SHALL,
    claim="edge.move",
    defects=["edge-find-retrieve-ae-wrong"],
)
def test_retrieve_ae_title(crossing: Crossing) -> None:
    """Retrieve AE Title in a match, when there is one, names whom the requester can retrieve from:
    the edge."""
    cargo = crossing.settled(instances=1)
    keys = {"StudyInstanceUID": cargo.study}
    for match in crossing.find(crossing.edge, "STUDY", keys, ("RetrieveAETitle",)):
        titles = match.get("RetrieveAETitle") or []
        titles = [titles] if isinstance(titles, str) else list(titles)
        expect(
            not titles or crossing.target.ae_title in titles,
            f"{crossing.target.ae_title} among the Retrieve AE Titles",
            ", ".join(titles),
            "Retrieve AE Title (0008,0054)",
        )
