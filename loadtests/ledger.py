"""The ledger: every acknowledged instance, kept as ranges of image numbers for each exam.

UIDs are not kept: they follow from the run, the role and the numbers, so that a million instances
are a few megabytes, and an acknowledgement travels from worker to master as two integers.
"""

from __future__ import annotations

from collections.abc import Iterator

from stepwedge.loadtests.identities import Identity


class Accounts:
    """What was acknowledged in one run."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.acknowledged = 0
        self._exams: dict[tuple[str, int], list[tuple[int, int]]] = {}

    def add(self, role: str, number: int, ranges: list[tuple[int, int]]) -> int:
        """Enters an exam's acknowledged images; returns how many they are."""
        pairs = [(int(start), int(end)) for start, end in ranges]
        count = sum(end - start for start, end in pairs)
        self._exams.setdefault((role, int(number)), []).extend(pairs)
        self.acknowledged += count
        return count

    def instances(self, role: str, number: int) -> Iterator[str]:
        """The SOP Instance UIDs of an exam's acknowledged images."""
        identity = Identity(self.run, role, number)
        for start, end in self._exams.get((role, number), ()):
            yield from map(identity.instance, range(start, end))

    def __len__(self) -> int:
        """The number of exams of which something was acknowledged."""
        return len(self._exams)

    def exams(self) -> Iterator[tuple[Identity, list[int]]]:
        """Each exam with the numbers of its acknowledged images."""
        for (role, number), pairs in self._exams.items():
            indexes = [index for start, end in pairs for index in range(start, end)]
            yield Identity(self.run, role, number), indexes
