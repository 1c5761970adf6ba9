"""`allure-results/`: the run for those who keep their history in Allure.

Only an export: Allure's own page is drawn by Allure.  Names of files and histories come from the
check and its case alone, so that the next run of the same check is recognised as the same; nothing
that differs from run to run (UIDs, times, ports) is a parameter.
"""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from allure_commons.model2 import (
    Attachment,
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)
from allure_commons.types import LabelType, LinkType, Severity
from attr import asdict

from stepwedge.events import Step
from stepwedge.reports.cases import Case, cases
from stepwedge.reports.clauses import address
from stepwedge.reports.model import RunView
from stepwedge.reports.text import printable
from stepwedge.verdicts import Level, Verdict

FOLDER = "allure-results"

_STATUS = {
    Verdict.PASS: Status.PASSED,
    Verdict.WARN: Status.PASSED,
    Verdict.FAIL: Status.FAILED,
    Verdict.ERROR: Status.BROKEN,
    Verdict.BLOCKED: Status.SKIPPED,
    Verdict.NOT_CLAIMED: Status.SKIPPED,
}
_SEVERITY = {
    Level.SHALL: Severity.CRITICAL,
    Level.SHOULD: Severity.NORMAL,
    Level.QUALITY: Severity.MINOR,
}
_MIME = {
    ".json": ("application/json", "json"),
    ".pcap": ("application/vnd.tcpdump.pcap", "pcap"),
    ".bin": ("application/octet-stream", "bin"),
    ".txt": ("text/plain", "txt"),
    ".dcm": ("application/dicom", "dcm"),
}
_CATEGORIES: list[dict[str, Any]] = [
    {"name": "Not conformant", "matchedStatuses": ["failed"]},
    {"name": "The harness failed", "matchedStatuses": ["broken"]},
    {
        "name": "Blocked by an earlier failure",
        "matchedStatuses": ["skipped"],
        "messageRegex": "(?s)blocked: .*",
    },
    {"name": "Not claimed", "matchedStatuses": ["skipped"], "messageRegex": "(?s)not claimed: .*"},
    {
        "name": "Legal, but surprising",
        "matchedStatuses": ["passed"],
        "messageRegex": "(?s)warn: .*",
    },
]
# One namespace for all names of ours: the same check has the same id wherever it is drawn.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "stepwedge.invalid")


def write(view: RunView, folder: Path) -> Path:
    """Writes `allure-results/` anew, with attachments, environment and categories."""
    results = folder / FOLDER
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    for case in _distinct(cases(view)):
        result = _result(view, case)
        result.attachments = [
            attachment
            for number, path in enumerate(case.evidence)
            if (attachment := _attach(view.folder, path, results, f"{result.uuid}-{number}"))
        ]
        data = asdict(result, filter=lambda _, value: value or value is False)
        _write_json(results / f"{result.uuid}-result.json", data)
    (results / "environment.properties").write_text(_environment(view), encoding="utf-8")
    _write_json(results / "categories.json", _CATEGORIES)
    return results


def _result(view: RunView, case: Case) -> TestResult:
    full = f"stepwedge.{case.suite}.{case.group}.{case.properties.get('id', case.name)}"
    whole = f"{full}[{case.parameter}]"
    run = view.run.run_id if view.run else view.folder.name
    said = printable(case.message)
    return TestResult(
        uuid=str(uuid.uuid5(_NAMESPACE, f"{run} {whole}")),
        historyId=uuid.uuid5(_NAMESPACE, whole).hex,
        testCaseId=uuid.uuid5(_NAMESPACE, full).hex,
        fullName=printable(full),
        name=printable(case.name),
        status=_STATUS[case.verdict],
        statusDetails=None
        if case.verdict is Verdict.PASS
        else StatusDetails(message=f"{case.verdict}: {said}", trace=printable(case.detail)),
        stage="finished",
        description=printable(case.detail),
        start=_milliseconds(case.at - case.duration),
        stop=_milliseconds(case.at),
        labels=_labels(case),
        links=_links(case),
        parameters=[Parameter(name="case", value=repr(printable(case.parameter)))]
        if case.parameter
        else [],
        steps=[_step(step, case) for step in case.steps],
    )


def _distinct(content: list[Case]) -> list[Case]:
    """The cases with the last of those that ran twice: a result needs a name of its own."""
    return list({(case.suite, case.group, case.name): case for case in content}.values())


def _labels(case: Case) -> list[Label]:
    labels = [
        (LabelType.EPIC, "Load" if case.suite == "load" else "Conformance"),
        (LabelType.FEATURE, case.suite),
        (LabelType.STORY, case.group),
        (LabelType.PARENT_SUITE, "stepwedge"),
        (LabelType.SUITE, case.suite),
        (LabelType.SUB_SUITE, case.group),
        (LabelType.SEVERITY, _SEVERITY[case.level].value),
        (LabelType.FRAMEWORK, "stepwedge"),
        (LabelType.TAG, case.level.value),
    ]
    if case.verdict is Verdict.WARN:
        labels.append((LabelType.TAG, "warn"))
    return [Label(name=str(name), value=printable(value)) for name, value in labels]


def _links(case: Case) -> list[Link]:
    clause = case.properties.get("clause", "")
    url = address(clause, case.properties.get("edition", ""))
    return [Link(type=LinkType.LINK, url=url, name=clause)] if url else []


def _step(step: Step, case: Case) -> TestStepResult:
    """A step that took no known time is drawn as a moment."""
    return TestStepResult(
        name=printable(step.text),
        status=_STATUS[case.verdict] if step is case.steps[-1] else Status.PASSED,
        start=_milliseconds(step.at - (step.duration or 0.0)),
        stop=_milliseconds(step.at),
    )


def _attach(run: Path, path: str, results: Path, name: str) -> Attachment | None:
    """Copies a piece of evidence; one that is no file of the run folder is left out."""
    source = (run / path).resolve()
    if not source.is_relative_to(run.resolve()) or not source.is_file():
        return None
    mime, extension = _MIME.get(source.suffix, ("application/octet-stream", "bin"))
    target = f"{name}-attachment.{extension}"
    shutil.copyfile(source, results / target)
    return Attachment(name=source.name, source=target, type=mime)


def _environment(view: RunView) -> str:
    """Java properties: `key=value`, ISO 8859-1 with the rest escaped."""
    values = {"Target": view.title}
    if view.run:
        values |= {
            "Stepwedge": view.run.stepwedge,
            "Python": view.run.python,
            "Platform": view.run.platform,
            "Seed": str(view.run.seed),
            "Configuration": view.run.config_hash,
        }
    for seen in view.targets:
        values[f"Address {seen.address}"] = seen.implementation_version or "unknown"
    return "".join(f"{_escape(key)}={_escape(value)}\n" for key, value in values.items())


def _escape(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\")
    for character in " :=#!":
        escaped = escaped.replace(character, f"\\{character}")
    escaped = escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return "".join(one if ord(one) < 0x7F else _unicode(one) for one in escaped)


def _unicode(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def _milliseconds(at: float) -> int:
    return round(at * 1000)


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    path.write_text(text, encoding="utf-8")
