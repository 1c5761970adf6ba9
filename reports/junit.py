"""`junit.xml`: the run for a continuous integration server.

A warning passes and says so in a property and in system-out: a gate that fails on surprises is
switched off within a week.  Blocked and not claimed are skipped with their reason.  An error is the
harness's own and stays apart from failures.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from stepwedge.reports import units
from stepwedge.reports.cases import Case, cases
from stepwedge.reports.model import RunView
from stepwedge.reports.text import printable
from stepwedge.verdicts import Verdict

FILE = "junit.xml"

_SKIPPED = (Verdict.BLOCKED, Verdict.NOT_CLAIMED)


def write(view: RunView, folder: Path) -> Path:
    """Writes `junit.xml`."""
    path = folder / FILE
    tree = ElementTree.ElementTree(render(view))
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return path


def render(view: RunView) -> ElementTree.Element:
    """The document: one suite for each service, and one each for the target and the load."""
    by_suite: dict[str, list[Case]] = {}
    for case in cases(view):
        by_suite.setdefault(case.suite, []).append(case)
    root = _element("testsuites", name=f"stepwedge {view.title}")
    _count(root, [case for suite in by_suite.values() for case in suite])
    for name, content in by_suite.items():
        root.append(_suite(view, name, content))
    return root


def _suite(view: RunView, name: str, content: list[Case]) -> ElementTree.Element:
    began = min(case.at - case.duration for case in content)
    suite = _element("testsuite", name=name, timestamp=units.iso(began).removesuffix("Z"))
    _count(suite, content)
    if view.run:
        suite.append(
            _properties(
                {
                    "target": view.title,
                    "run": view.run.run_id,
                    "seed": str(view.run.seed),
                    "stepwedge": view.run.stepwedge,
                    "configuration": view.run.config_hash,
                }
            )
        )
    suite.extend(_case(case) for case in content)
    return suite


def _case(case: Case) -> ElementTree.Element:
    element = _element(
        "testcase",
        classname=f"stepwedge.{case.suite}.{case.group}".replace(" ", "_"),
        name=case.name,
        time=f"{case.duration:.3f}",
    )
    if case.properties:
        element.append(_properties(case.properties))
    said = printable(case.detail or case.message)
    if case.verdict in (Verdict.FAIL, Verdict.ERROR):
        kind = "failure" if case.verdict is Verdict.FAIL else "error"
        element.append(_element(kind, said, message=case.message, type=case.verdict.value))
    elif case.verdict in _SKIPPED:
        element.append(_element("skipped", message=f"{case.verdict}: {case.message}"))
    elif case.verdict is Verdict.WARN:
        element.append(_element("system-out", f"warning: {said}"))
    return element


def _properties(values: dict[str, str]) -> ElementTree.Element:
    element = _element("properties")
    element.extend(_element("property", name=name, value=value) for name, value in values.items())
    return element


def _count(element: ElementTree.Element, content: list[Case]) -> None:
    counts = {
        "tests": len(content),
        "failures": sum(case.verdict is Verdict.FAIL for case in content),
        "errors": sum(case.verdict is Verdict.ERROR for case in content),
        "skipped": sum(case.verdict in _SKIPPED for case in content),
    }
    for name, count in counts.items():
        element.set(name, str(count))
    element.set("time", f"{sum(case.duration for case in content):.3f}")


def _element(kind: str, text: str = "", /, **attributes: str) -> ElementTree.Element:
    element = ElementTree.Element(
        kind, {key: printable(value) for key, value in attributes.items()}
    )
    element.text = text or None
    return element
