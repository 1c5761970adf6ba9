"""`junit.xml`: what a continuous integration server reads of a run."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import run_records
from run_events import check_finished, run_started
from run_records import KINDS, ended, write

from stepwedge.events import AnyEvent
from stepwedge.reports import junit
from stepwedge.reports.model import read_view
from stepwedge.verdicts import Verdict

# What a testcase may hold, in this order (the schema that Jenkins publishes, with the properties
# of test cases that pytest made common).
CHILDREN = ["properties", "skipped", "error", "failure", "system-out"]


def read(tmp_path: Path, events: list[AnyEvent]) -> ElementTree.Element:
    """Writes, draws and reads back."""
    folder = write(tmp_path, "run", events)
    return ElementTree.parse(junit.write(read_view(folder), folder)).getroot()


def case_of(root: ElementTree.Element, id: str) -> ElementTree.Element:
    return next(case for case in root.iter("testcase") if case.get("name", "").startswith(id))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "huge"])
def test_structure(kind: str, tmp_path: Path) -> None:
    """Counts are those of the cases, names are unique, elements stand where readers expect them."""
    root = read(tmp_path, KINDS[kind]())
    assert root.tag == "testsuites"
    names = []
    for suite in root:
        assert suite.tag == "testsuite"
        found = suite.findall("testcase")
        counts = {"tests": len(found)}
        for name, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            counts[name] = len(suite.findall(f"testcase/{child}"))
        assert {name: suite.get(name) for name in counts} == {
            name: str(count) for name, count in counts.items()
        }
        for case in found:
            names.append((case.get("classname"), case.get("name")))
            children = [child.tag for child in case]
            assert children == [tag for tag in CHILDREN if tag in children]
            assert float(case.get("time", "")) >= 0
    assert len(names) == len(set(names))
    assert root.get("tests") == str(len(names))


def test_verdicts(tmp_path: Path) -> None:
    """Fail fails, error is an error, what says nothing is skipped, warn passes and says so."""
    root = read(tmp_path, run_records.failing())
    failure = case_of(root, "MOVE-001").find("failure")
    assert failure is not None
    assert "observed status A702 with 3 failed sub-operations" in failure.get("message", "")
    assert "PS3.4 C.4.2.1 (2025a)" in (failure.text or "")
    assert case_of(root, "FIND-090").find("error") is not None
    blocked = case_of(root, "MOVE-050").find("skipped")
    assert blocked is not None and blocked.get("message", "").startswith("blocked: MOVE-001 failed")
    unclaimed = case_of(root, "GETS-001").find("skipped")
    assert unclaimed is not None and unclaimed.get("message", "").startswith("not claimed")
    warned = case_of(root, "STOR-030")
    assert [child.tag for child in warned] == ["properties", "system-out"]


def test_properties(tmp_path: Path) -> None:
    """A case carries its clause, edition, level, verdict and the command that repeats it."""
    case = case_of(read(tmp_path, run_records.passing()), "FIND-020")
    held = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert held["clause"] == "PS3.4 C.2.2.2.4" and held["edition"] == "2025a"
    assert held["level"] == "shall" and held["verdict"] == "pass"
    assert "FIND-020" in str(held["repeat"])


def test_load_and_target_are_cases(tmp_path: Path) -> None:
    """Each service level, the ledger and each address of the target can pass or fail."""
    root = read(tmp_path, run_records.failing())
    assert case_of(root, "95 % of C-STORE").find("failure") is not None
    assert case_of(root, "95 % of C-FIND").find("failure") is None
    assert case_of(root, "every acknowledged instance").find("failure") is not None
    assert case_of(root, "the target accepts an association").find("failure") is None


def test_control_characters_are_shown(tmp_path: Path) -> None:
    """XML cannot hold most control characters, and servers send them."""
    check = check_finished(verdict=Verdict.FAIL, observed="name A\x00B\x1bC\ufffe")
    failure = case_of(read(tmp_path, ended([run_started(), check])), "FIND-040").find("failure")
    assert failure is not None and "name A␀B␛C\\ufffe" in failure.get("message", "")
