"""Who is who in a load: the patient, study, series and instance of every arrival, from its number.

Nothing is kept and nothing is handed around: any process derives the same identity from the run,
the role's name and the arrival's number, so workers cannot collide and the audit knows every UID.
All fields have a fixed width, which is what lets a template be patched in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from stepwedge.synthetic.uids import uid

# Patient ID prefix of all load data: easy to tell apart and to purge.
PREFIX = "SWL"


@dataclass(frozen=True)
class Identity:
    """One study of a load."""

    run: str
    role: str
    number: int

    @cached_property
    def study(self) -> str:
        """Study Instance UID."""
        return uid(0, self.run, self.role, self.number)

    @cached_property
    def series(self) -> str:
        """Series Instance UID: a study of a load has one series."""
        return uid(0, self.run, self.role, self.number, "series")

    def instance(self, index: int) -> str:
        """SOP Instance UID of the image `index`, from 0."""
        return uid(0, self.run, self.role, self.number, index)

    @cached_property
    def patient_id(self) -> str:
        """Patient ID: 24 characters, begins with the run's prefix."""
        return f"{run_prefix(self.run)}{_letters(self.role)}{self.number:09d}"

    @cached_property
    def patient_name(self) -> str:
        """Patient's Name: 24 characters; nobody could take it for a real one."""
        return f"STEPWEDGE^LOAD{_letters(self.role)}{self.number:09d}"[:24].ljust(24, "X")

    @cached_property
    def accession(self) -> str:
        """Accession Number: 16 characters."""
        return f"L{_letters(self.role)}{_mark(self.run)[:4]}{self.number:09d}"


def run_prefix(run: str) -> str:
    """What the Patient IDs of a run's load begin with, `SWL-3f9a1c2b-`."""
    return f"{PREFIX}-{_mark(run)}-"


def _mark(run: str) -> str:
    return blake2b(run.encode(), digest_size=4).hexdigest()


def _letters(role: str) -> str:
    return blake2b(role.encode(), digest_size=1).hexdigest()


def ranges(indexes: list[int]) -> list[tuple[int, int]]:
    """Ascending indexes as half-open ranges: [0, 1, 2, 5] → [(0, 3), (5, 6)]."""
    found: list[tuple[int, int]] = []
    for index in indexes:
        if found and found[-1][1] == index:
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return found
