"""Our tab on Locust's page: every operation with both clocks, whoever asks and whenever."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from flask import Flask, jsonify

from stepwedge.loadtests import webpage
from stepwedge.loadtests.recorder import Recorder
from stepwedge.loadtests.scenarios import make_scenario
from stepwedge.loadtests.tally import Tally

SCENARIO = make_scenario({"users": [{"role": "monitor", "schedule": {"rate": 1}}]})


def tally() -> Tally:
    recorder = Recorder()
    samples = recorder.operation("echo")
    for due in range(3):
        samples.begin(due + 0.5)
        samples.end(due, due + 0.5, due + 0.502)
    made = Tally({"echo": Counter({0: 4})})
    made.add(*recorder.take())
    return made


def test_rows() -> None:
    """Response counts from the plan, service from the start; each says over how many samples."""
    response, service = webpage.rows(tally(), SCENARIO)
    assert (response["clock"], response["samples"], response["p50"]) == ("response", "3", "502 ms")
    assert (service["clock"], service["samples"], service["p50"]) == ("service", "3", "2 ms")
    assert response["planned"] == "4"


def test_tab() -> None:
    """The rows go out with Locust's own figures, and only there."""
    app = Flask(__name__)
    app.add_url_rule("/stats/requests", "requests", lambda: jsonify(state="running"))
    app.add_url_rule("/other", "other", lambda: jsonify(state="running"))
    page = SimpleNamespace(app=app, template_args={})
    webpage.install(page, lambda: webpage.rows(tally(), SCENARIO))
    client = app.test_client()
    told = client.get("/stats/requests").get_json()
    assert told["state"] == "running"
    (stats,) = told["extended_stats"]
    (table,) = page.template_args["extended_tables"]
    assert stats["key"] == table["key"] == page.template_args["extended_tabs"][0]["key"]
    assert {column["key"] for column in table["structure"]} == set(stats["data"][0])
    assert client.get("/other").get_json() == {"state": "running"}
