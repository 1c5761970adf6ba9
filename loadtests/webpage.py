"""A tab of our own on Locust's web page: response and service times, as they are counted here.

Locust's own table knows one time for each operation, from its start on, and rounds it to whole
milliseconds.  The tab shows the run's merged samples instead, of all workers, once a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from stepwedge.loadtests.histograms import Distribution
from stepwedge.loadtests.progress import duration
from stepwedge.loadtests.scenarios import Scenario
from stepwedge.loadtests.tally import Tally

_KEY = "dicom"
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p9999": 0.9999}

# What Locust's page is told of the columns: the key of the row's value, and the heading.
_COLUMNS = (
    ("operation", "Operation"),
    ("clock", "Time"),
    ("samples", "Samples"),
    ("p50", "p50"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("p999", "p99.9"),
    ("p9999", "p99.99"),
    ("max", "Max"),
    ("planned", "Planned"),
    ("failed", "Failed"),
    ("late", "Late"),
    ("dropped", "Dropped"),
)


def rows(tally: Tally, scenario: Scenario) -> list[dict[str, str]]:
    """The table: for each operation its response times, from the plan on, and its service times."""
    order = [name for name in scenario.operations if name in tally.totals]
    order += sorted(set(tally.totals) - set(order))
    return [
        {
            "operation": name,
            "clock": clock,
            **_times(getattr(tally.totals[name], clock)),
            "planned": f"{sum(tally.planned[name].values())}" if name in tally.planned else "–",
            "failed": f"{tally.totals[name].failed}",
            "late": f"{tally.totals[name].late}",
            "dropped": f"{tally.totals[name].dropped}",
        }
        for name in order
        for clock in ("response", "service")
    ]


def _times(times: Distribution) -> dict[str, str]:
    told = {name: duration(times.quantile(share)) for name, share in _QUANTILES.items()}
    largest = times.largest if times.count else None
    return {"samples": f"{times.count}", **told, "max": duration(largest)}


def install(web_ui: Any, shown: Callable[[], list[dict[str, str]]]) -> None:
    """Adds the tab to a Locust web page; `shown` gives its rows whenever the page asks."""
    structure = [{"key": key, "title": title} for key, title in _COLUMNS]
    web_ui.template_args["extended_tabs"] = [{"title": "DICOM", "key": _KEY}]
    web_ui.template_args["extended_tables"] = [{"key": _KEY, "structure": structure}]

    @web_ui.app.after_request  # type: ignore[untyped-decorator]
    def extend(response: Any) -> Any:
        from flask import request  # Locust's; there is none without its web page

        if request.path == "/stats/requests" and response.is_json:
            told = {**response.json, "extended_stats": [{"key": _KEY, "data": shown()}]}
            response.set_data(json.dumps(told))
        return response
