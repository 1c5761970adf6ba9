"""The audit after a load: every acknowledged instance is looked for, by UID and not by count.

Each series is asked for at IMAGE level and its answers are compared as a set.  Whatever seems to be
missing is asked for again by a list of its UIDs, and once more after a while, since an archive may
index what it has acknowledged a little later; what is still not there then is lost.  Of a sample
the data sets are retrieved and compared, element by element, with what was sent.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from stepwedge.errors import StepwedgeError
from stepwedge.events import Ledger
from stepwedge.loadtests import queries
from stepwedge.loadtests.identities import Identity
from stepwedge.loadtests.ledger import Accounts
from stepwedge.loadtests.links import Dial, Link
from stepwedge.loadtests.outcomes import in_words, kind_of_error, kind_of_status

# A UID list of this many is about 2.3 kB, which every server takes.
_LIST = 50
# How long something acknowledged may take to be found, in seconds, and how often it is asked for.
_PATIENCE = 10.0
_AGAIN = 1.0
_EXAMPLES = 10
# At most this many are asked for one list at a time; beyond it the first answer has to do.
_ASK_AGAIN = 20_000


class CannotAudit(StepwedgeError):
    """The target does not answer the queries that the audit needs."""


@dataclass
class Findings:
    """What the audit has found so far."""

    acknowledged: int = 0
    found: int = 0
    duplicated: int = 0
    missing: list[tuple[Identity, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def audit(
    accounts: Accounts,
    dial: Dial,
    at: Callable[[], float],
    *,
    workers: int = 4,
    patience: float = _PATIENCE,
) -> Ledger:
    """Looks for everything that was acknowledged.

    Raises CannotAudit when the target cannot be asked.
    """
    findings = Findings()
    _in_parallel(accounts.exams(), dial, workers, lambda link, exam: _look(link, exam, findings))
    missing = _ask_again(findings, dial, patience)
    return Ledger(
        at=at(),
        acknowledged=findings.acknowledged,
        found=findings.acknowledged - len(missing),
        missing=len(missing),
        duplicated=findings.duplicated,
        examples=[identity.instance(index) for identity, index in missing[:_EXAMPLES]],
        method=(
            "each series queried at IMAGE level (C-FIND, Study Root) and its SOP Instance UIDs "
            f"compared; what seemed missing asked for by UID for up to {patience:g} s"
        ),
    )


def _look(link: Link, exam: tuple[Identity, list[int]], findings: Findings) -> None:
    identity, indexes = exam
    answered = Counter(_ask(link, queries.images(identity.study, identity.series)))
    missing = [index for index in indexes if not answered[identity.instance(index)]]
    with findings.lock:
        findings.acknowledged += len(indexes)
        findings.found += len(indexes) - len(missing)
        findings.duplicated += sum(count - 1 for count in answered.values() if count > 1)
        findings.missing += [(identity, index) for index in missing]


def _ask(link: Link, identifier: bytes) -> list[str]:
    answer = link.find(queries.STUDY_ROOT_FIND, identifier)
    if kind := kind_of_status(answer.status):
        raise CannotAudit(f"the query of the audit was {in_words(kind)}")
    return [
        uid for raw in answer.identifiers if (uid := queries.value_of(raw, queries.SOP_INSTANCE))
    ]


def _ask_again(findings: Findings, dial: Dial, patience: float) -> list[tuple[Identity, int]]:
    missing = findings.missing
    deadline = time.monotonic() + patience
    while missing and len(missing) <= _ASK_AGAIN:
        missing = _by_list(missing, dial)
        if not missing or time.monotonic() >= deadline:
            break
        time.sleep(_AGAIN)
    return missing


def _by_list(missing: list[tuple[Identity, int]], dial: Dial) -> list[tuple[Identity, int]]:
    series: dict[Identity, list[int]] = {}
    for identity, index in missing:
        series.setdefault(identity, []).append(index)
    still: list[tuple[Identity, int]] = []
    link = dial("find")
    try:
        for identity, indexes in series.items():
            for start in range(0, len(indexes), _LIST):
                some = indexes[start : start + _LIST]
                asked = queries.images(
                    identity.study, identity.series, map(identity.instance, some)
                )
                found = set(_ask(link, asked))
                still += [(identity, i) for i in some if identity.instance(i) not in found]
        link.release()
    except (StepwedgeError, OSError) as error:
        link.abort()
        raise CannotAudit(f"the audit could not go on: {error}") from error
    return still


def _in_parallel(
    items: Iterable[tuple[Identity, list[int]]],
    dial: Dial,
    workers: int,
    work: Callable[[Link, tuple[Identity, list[int]]], None],
) -> None:
    """Runs `work` over all items on several associations.

    Raises CannotAudit at the first error.
    """
    waiting: queue.SimpleQueue[tuple[Identity, list[int]]] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    failures: list[BaseException] = []

    def run() -> None:
        link: Link | None = None
        try:
            while not failures:
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    break
                link = link or dial("find")
                work(link, item)
            if link is not None:
                link.release()
        except (StepwedgeError, OSError, ValueError) as error:
            failures.append(error)
            if link is not None:
                link.abort()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        first = failures[0]
        if isinstance(first, CannotAudit):
            raise first
        raise CannotAudit(
            f"the audit could not go on: {in_words(kind_of_error(first))}: {first}"
        ) from first


def sample(accounts: Accounts, count: int, seed: int) -> list[tuple[Identity, int]]:
    """`count` acknowledged instances, drawn evenly over exams and images."""
    dice = random.Random(seed)
    exams = list(accounts.exams())
    chosen: dict[tuple[Identity, int], None] = {}
    for _ in range(4 * count):
        if len(chosen) >= count or not exams:
            break
        identity, indexes = dice.choice(exams)
        chosen.setdefault((identity, dice.choice(indexes)))
    return list(chosen)
