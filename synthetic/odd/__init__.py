"""The catalogue of odd cases: what archives stumble over, each with what a server owes it."""

from __future__ import annotations

from stepwedge.errors import UsageError
from stepwedge.synthetic.corpus import Corpus, Question
from stepwedge.synthetic.hospital import check_scope, patient_id
from stepwedge.synthetic.model import Scope
from stepwedge.synthetic.odd import pixels, structure, values
from stepwedge.synthetic.odd.case import FIRST_NUMBER, OddCase, Outcome

__all__ = ["CATALOGUE", "OddCase", "Outcome", "odd_case", "odd_corpus"]

CATALOGUE: dict[str, OddCase] = {
    case.id: case for case in (*values.CASES, *structure.CASES, *pixels.CASES)
}


def odd_case(id: str) -> OddCase:
    """The case called `id`; raises `UsageError` with the list of those there are."""
    try:
        return CATALOGUE[id]
    except KeyError:
        raise UsageError(
            f"no odd case is called {id!r}", f"choose one of: {', '.join(CATALOGUE)}"
        ) from None


def odd_corpus(seed: int, run: str) -> Corpus:
    """One study for every case, in the order of the catalogue.

    Raises `UsageError` for an unfit seed or run.
    """
    check_scope(seed, run)
    scope = Scope(seed, run)
    studies = tuple(
        case.study(scope, FIRST_NUMBER + number) for number, case in enumerate(CATALOGUE.values())
    )
    mine = {"PatientID": patient_id(run, "*")}
    return Corpus("odd", scope, studies, (Question("all studies", "STUDY", mine),))
