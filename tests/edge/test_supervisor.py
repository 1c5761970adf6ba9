"""Ending and beginning the edge from outside, and acting on a target as its file says how."""

from __future__ import annotations

import urllib.parse

import pytest

from stepwedge.edge import Management
from stepwedge.fixtures.edge.supervisor import Supervisor
from stepwedge.fixtures.management import Manager
from stepwedge.verdicts import Blocked


def _manager(**settings: str) -> Manager:
    return Manager(Management.model_validate({"timeout": 5, **settings}))


def test_each_request_does_what_it_names() -> None:
    """What stands in the target file acts, each time."""
    done: list[str] = []
    actions = {name: lambda name=name: done.append(name) for name in ("kill", "revive")}
    with Supervisor(actions) as supervisor:
        manager = _manager(**supervisor.requests)
        for name in ("kill", "revive", "kill"):
            assert manager.do(name).ok
    assert done == ["kill", "revive", "kill"]


def test_who_does_not_know_the_secret_does_nothing() -> None:
    """Another path is not found, whatever it ends in."""
    done: list[str] = []
    with Supervisor({"kill": lambda: done.append("kill")}) as supervisor:
        whole = urllib.parse.urlsplit(supervisor.requests["kill"].removeprefix("POST "))
        for path in ("/kill", "/", "/guess/kill", whole.path + "/"):
            reply = _manager(kill=f"POST http://{whole.netloc}{path}").do("kill")
            assert reply.status == 404
    assert done == []


def test_a_command_succeeds_by_its_exit_code() -> None:
    """What it printed is the answer; a failure blocks what needs it, and says why."""
    manager = _manager(start="echo up", stop="echo no >&2; exit 3")
    assert manager.do("start").body == "up"
    reply = manager.do("stop")
    assert (reply.ok, reply.body, reply.problem) == (False, "no", "exit code 3")
    with pytest.raises(Blocked, match="stop failed with status 500: no"):
        manager.must("stop")


def test_a_command_that_does_not_end_is_given_up() -> None:
    """It counts as nothing having come back."""
    manager = Manager(Management(start="sleep 60", timeout=0.1))
    reply = manager.do("start")
    assert reply.status == 0
    assert "did not end in 0.1 s" in reply.problem


def test_an_operation_that_is_not_said_blocks() -> None:
    """The target file is named as what has to say it."""
    with pytest.raises(Blocked, match=r"does not say how to drain, kill"):
        _manager(api="orthanc", url="http://127.0.0.1").require("restart", "drain", "kill")


def test_only_the_interface_itself_asks_for_credentials() -> None:
    """A command and a request to elsewhere are no calls of the management that could refuse."""
    manager = _manager(
        api="stepwedge",
        url="http://edge:8104",
        stop="systemctl stop edge",
        kill="POST http://elsewhere/kill",
        drain="POST http://edge:8104/drain",
    )
    asks = {name: manager.is_request(name) for name in ("health", "stop", "kill", "drain")}
    assert asks == {"health": True, "stop": False, "kill": False, "drain": True}
