"""The sample of an audit: acknowledged instances fetched by C-GET, compared with what was sent.

Every element that was sent must come back with the same value, pixel data bit for bit.  Elements
that the archive adds (group lengths, its own dates) are its right; a changed or missing one makes
the instance *altered*.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pydicom.filereader import read_dataset

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests import queries
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.links import Dial
from stepwedge.loadtests.outcomes import in_words, kind_of_error, kind_of_status
from stepwedge.loadtests.scenarios import Modality, Router, Scenario
from stepwedge.loadtests.supply import Supply
from stepwedge.wire.prepared import Shared


def sent(scenario: Scenario, supply: Supply, identity: Identity, index: int) -> bytes:
    """The data set of an instance as it was sent: made again from its numbers."""
    spec = next(one for one in scenario.users if one.name == identity.role)
    if not isinstance(spec, Modality | Router):
        raise ValueError(f"users {identity.role} send nothing")
    exam = scenario.exam(spec, identity.number)
    parts = supply.image(exam.kind, identity, index).parts
    return b"".join(bytes(p.data) if isinstance(p, Shared) else bytes(p) for p in parts)


def compare(
    chosen: Sequence[tuple[Identity, int]], scenario: Scenario, supply: Supply, dial: Dial
) -> tuple[list[str], list[str]]:
    """Retrieves and compares; what was altered, and what could not be compared, in words."""
    altered: list[str] = []
    failed: list[str] = []
    link = None
    for identity, index in chosen:
        uid = identity.instance(index)
        came: list[bytes] = []
        try:
            link = link or dial("get")
            answer = link.get(
                queries.retrieve_instance(identity.study, identity.series, uid),
                lambda _uid, _moment, data, came=came: came.append(data),  # type: ignore[misc]
            )
            problem = kind_of_status(answer.status) or ("" if len(came) == 1 else "incomplete")
        except (StepwedgeError, OSError) as error:
            if link is not None:
                link.abort()
                link = None
            problem = kind_of_error(error)
        if problem:
            failed.append(f"{uid}: {in_words(problem)}")
            if link is None:
                break  # the association is gone: the rest would only repeat it
        elif difference := differs(sent(scenario, supply, identity, index), came[0]):
            altered.append(f"{uid}: {difference}")
    if link is not None:
        try:
            link.release()
        except (StepwedgeError, OSError) as error:
            failed.append(in_words(kind_of_error(error)))
    return altered, failed


def differs(before: bytes, after: bytes) -> str:
    """The first difference between two data sets in explicit VR little endian; empty: none."""
    try:
        there = _elements(after)
    except Exception as error:  # whatever pydicom says of bytes that are no data set
        return f"what came back cannot be read: {error}"
    for tag, element in _elements(before).items():
        if tag not in there:
            return f"{element.name} {element.tag} is missing"
        if there[tag].value != element.value:
            return f"{element.name} {element.tag} was changed"
    return ""


def _elements(data_set: bytes) -> dict[int, Any]:
    read = read_dataset(BytesIO(data_set), is_implicit_VR=False, is_little_endian=True)
    return {int(element.tag): element for element in read if element.tag.element}
