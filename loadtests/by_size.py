"""C-FIND by archive size: how long selective, range, wildcard and universal queries take.

The archive is filled to one size after another; at each, every kind of key is asked repeatedly on
one association, one query after another, so that what is measured is the query and not a queue.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stepwedge.errors import StepwedgeError
from stepwedge.loadtests import queries
from stepwedge.loadtests.filling import Fill, date_of
from stepwedge.loadtests.identities import run_prefix
from stepwedge.loadtests.links import Dial
from stepwedge.loadtests.outcomes import in_words, kind_of_error, kind_of_status

# Each kind of key is asked at most so often, or for so long (seconds), whatever comes first.
_MOST = 200
_LONGEST = 6.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of key at one archive size.  Times are in seconds."""

    studies: int
    instances: int
    key: str
    matches: int  # the most that one query returned
    asked: int
    p50: float
    p95: float
    largest: float
    problem: str = ""


Query = Callable[[Fill, int], dict[int, str | bytes]]


def _study() -> dict[int, str | bytes]:
    return {
        queries.LEVEL: "STUDY",
        queries.STUDY: "",
        queries.PATIENT_ID: "",
        queries.PATIENT_NAME: "",
        queries.STUDY_DATE: "",
        queries.ACCESSION: "",
    }


def _with(tag: int, value: str) -> dict[int, str | bytes]:
    return {**_study(), tag: value}


# The kinds of key, from the most selective on, each for the study with a number.
KEYS: dict[str, Query] = {
    "Study Instance UID": lambda f, n: _with(queries.STUDY, f.identity(n).study),
    "Patient ID": lambda f, n: _with(queries.PATIENT_ID, f.identity(n).patient_id),
    "Accession Number": lambda f, n: _with(queries.ACCESSION, f.identity(n).accession),
    "UID list (10)": lambda f, n: _with(
        queries.STUDY,
        "\\".join(f.identity((n + step) % f.studies).study for step in range(10)),
    ),
    "wildcard at the end (≤ 10 matches)": lambda f, n: _with(
        queries.PATIENT_ID, f.identity(n).patient_id[:-1] + "*"
    ),
    "wildcard at the front": lambda f, n: _with(
        queries.PATIENT_ID, "*" + f.identity(n).patient_id[-9:]
    ),
    "no match": lambda f, n: _with(queries.PATIENT_ID, f"{run_prefix('nobody')}{n:09d}"),
    "date (1 day of 250)": lambda f, n: _with(queries.STUDY_DATE, f"{date_of(n)}-{date_of(n)}"),
    "universal (all studies)": lambda f, n: _study(),
}


def measure(
    fill: Fill, dial: Dial, tell: Callable[[Measured], None], keys: Sequence[str] = tuple(KEYS)
) -> list[Measured]:
    """Asks every kind of key at the archive's present size."""
    found = []
    for key in keys:
        one = _measure_key(fill, dial, key)
        found.append(one)
        tell(one)
    return found


def _measure_key(fill: Fill, dial: Dial, key: str) -> Measured:
    dice = random.Random(f"{fill.studies}/{key}")
    times: list[float] = []
    matches, problem = 0, ""
    try:
        link = dial("find")
        end = time.monotonic() + _LONGEST
        while len(times) < _MOST and (not times or time.monotonic() < end):
            asked = queries.encode(KEYS[key](fill, dice.randrange(fill.studies)))
            begun = time.time_ns()
            answer = link.find(queries.STUDY_ROOT_FIND, asked)
            if kind := kind_of_status(answer.status):
                problem = in_words(kind)
                break
            times.append((answer.finished - begun) * 1e-9)
            matches = max(matches, len(answer.identifiers))
        link.release()
    except (StepwedgeError, OSError) as error:
        problem = in_words(kind_of_error(error))
    values = np.array(times) if times else np.array([float("nan")])
    return Measured(
        studies=fill.studies,
        instances=fill.studies * fill.images,
        key=key,
        matches=matches,
        asked=len(times),
        p50=float(np.quantile(values, 0.5)),
        p95=float(np.quantile(values, 0.95)),
        largest=float(values.max()),
        problem=problem,
    )


def markdown(rows: Sequence[Measured]) -> str:
    """The table: a line for each kind of key, a column for each archive size; medians and p95."""
    sizes = sorted({(row.studies, row.instances) for row in rows})
    head = "| key | " + " | ".join(f"{s:,} studies ({i:,} instances)" for s, i in sizes) + " |"
    rule = "|---|" + "---|" * len(sizes)
    lines = [head, rule]
    for key in dict.fromkeys(row.key for row in rows):
        cells = []
        for studies, _ in sizes:
            one = next((r for r in rows if r.key == key and r.studies == studies), None)
            cells.append(_cell(one))
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(one: Measured | None) -> str:
    if one is None:
        return "–"
    if one.problem:
        return one.problem
    return f"{_ms(one.p50)} / {_ms(one.p95)} ms ({one.matches:,})"


def _ms(seconds: float) -> str:
    value = seconds * 1000
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def sizes_up_to(fill: Fill) -> list[int]:
    """Numbers of studies with 1000, 10 000, … instances up to the whole fill, and the whole."""
    sizes = []
    instances = 1000
    while instances < fill.studies * fill.images:
        sizes.append(-(-instances // fill.images))
        instances *= 10
    return [*sizes, fill.studies]
