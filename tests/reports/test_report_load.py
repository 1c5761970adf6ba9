"""The load page: what the service time consists of, and what the harness says of itself."""

from __future__ import annotations

import re

import run_events

from stepwedge.events import Added, LoadSecond, LoadSummary, Overhead
from stepwedge.reports import loadplots, loadview, overhead, phases
from stepwedge.reports.model import LoadView


def view(summary: LoadSummary, seconds: list[LoadSecond] | None = None) -> LoadView:
    return LoadView(summary=summary, seconds=seconds or [], ledger=None)


def test_phases_add_up() -> None:
    """Each bar is as long as the others; its parts are the shares of the phases' means."""
    store = run_events.load_operation(
        "store",
        phases={"send": run_events.histogram(1), "first answer": run_events.histogram(3)},
    )
    drawn = str(phases.bars("a", [store, run_events.load_operation("exam")]))
    widths = [float(w) for w in re.findall(r'width="([\d.]+)"[^>]*class="phase p[23]"', drawn)]
    bars = [w for w in widths if w > 12]  # the legend's squares are 12 wide
    assert [round(w / sum(bars), 2) for w in bars] == [0.25, 0.75]
    assert "4.00 ms over 1 000" in drawn.replace("\u202f", " ")
    assert "exam" not in drawn


def test_the_harness_of_itself() -> None:
    """Ceiling, share and client-limited are told where they were measured."""
    summary = run_events.load_summary(
        ceiling={"store": 4000.0}, ceiling_share=0.81, client_limited=True
    )
    told = dict(loadview.measured(view(summary)))
    assert "store 4" in told["Its own ceiling, against a null SCP here"]
    assert told["Share of the ceiling in the busiest seconds"].startswith("81")
    limited = "Client-limited (above 70 % of a core or of the ceiling)"
    assert told[limited].startswith("yes")


def test_no_plan_is_no_plan() -> None:
    """What nobody planned is not drawn against a plan of nothing; empty seconds count as zero."""
    seconds = [
        LoadSecond(
            at=n,
            second=n,
            operation="last-image",
            planned=0,
            started=2,
            finished=2,
            failed=0,
            bytes=0,
        )
        for n in (0, 1, 5)
    ]
    drawn = str(loadplots.throughput("a", "last-image", seconds))
    assert "planned" not in drawn
    assert "3 s: achieved 0 /s" in drawn


def test_what_an_edge_adds() -> None:
    """Both sides are drawn and told; what chance may explain is not called a difference."""
    told = overhead.rows(
        Overhead(
            at=0,
            scenario="edge",
            rounds=2,
            latencies=[
                Added("find", "response.p50", 0.010, 0.030, 3.0, 2.5, 3.6, (90, 91)),
                Added("store", "response.p50", 0.020, 0.019, 0.95, 0.8, 1.1, (400, 400)),
            ],
            operation="exam",
            capacities=(12.0, None),
        ),
        1,
    )
    assert told["sentence"] == (
        "In the median the edge adds: find +20.0 ms. "
        "Capacity in exam: 12.0 /s alone, none was found through the edge."
    )
    drawn = str(told["figure"])
    assert "find response.p50: 10.0 ms alone, 30.0 ms through the edge" in drawn
    assert "+20.0 ms, × 3.00" in drawn and drawn.count("no difference shown") == 1
