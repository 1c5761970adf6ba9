"""Corpora on disk: Part 10 files and a manifest that says what they are and who matches what.

The manifest names the versions of everything that shaped the bytes.  With the same versions, seed
and run, every byte of the folder is the same on any day and machine.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stepwedge.errors import UsageError
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.model import Instance
from stepwedge.version import VERSION

MANIFEST = "manifest.json"
_FORMAT = 2
# What shapes the bytes besides this room.
_SHAPED_BY = ("faker", "numpy", "pydicom")


@dataclass(frozen=True)
class Entry:
    """One file of a corpus; `path` is relative to the folder, `size` in bytes.

    `note` says what is odd about it, if anything.
    """

    path: str
    sha256: str
    size: int
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    patient_id: str
    transfer_syntax: str
    note: str = ""


@dataclass(frozen=True)
class ExpectedAnswer:
    """A question and what its answer must (`required`) and may (`optional`) hold."""

    name: str
    level: str
    keys: dict[str, Any]
    required: list[str]
    optional: list[str]


@dataclass(frozen=True)
class Manifest:
    """What a folder of synthetic files holds."""

    format: int
    corpus: str
    seed: int
    run: str
    versions: dict[str, str]
    files: list[Entry]
    expected: list[ExpectedAnswer]

    def to_json(self) -> str:
        """The manifest as it is written to disk."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def versions() -> dict[str, str]:
    """The versions of everything that shapes the bytes of a corpus."""
    found = {name: importlib.metadata.version(name) for name in _SHAPED_BY}
    return {"stepwedge": VERSION, **found}


def write_corpus(corpus: Corpus, out: Path) -> Manifest:
    """Writes every instance of `corpus` as a Part 10 file below `out`, and `manifest.json`.

    The names of folders and files are fit for a DICOMDIR (PS3.10 8.5).  Raises `UsageError` when
    `out` is not an empty or new folder, or cannot be written.
    """
    prepare(out)
    files = list(write_instances(corpus.instances, out))
    manifest = Manifest(
        _FORMAT,
        corpus.name,
        corpus.scope.seed,
        corpus.scope.run,
        versions(),
        files,
        expected_answers(corpus),
    )
    (out / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def expected_answers(corpus: Corpus) -> list[ExpectedAnswer]:
    """The corpus's questions with their true answers."""
    expected = []
    for question in corpus.questions:
        answer = corpus.matching(question.level, question.keys)
        expected.append(
            ExpectedAnswer(
                question.name,
                question.level,
                question.keys,
                sorted(answer.required),
                sorted(answer.optional),
            )
        )
    return expected


def write_instances(instances: Iterable[Instance], out: Path) -> Iterator[Entry]:
    """Writes instances one by one below `out`; yields an entry for each when it is on disk."""
    for instance in instances:
        path = file_id(instance)
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        content = instance.part10()
        instance.forget()
        target.write_bytes(content)
        yield Entry(
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=instance.sop_instance_uid,
            series_instance_uid=instance.series.uid,
            study_instance_uid=instance.study.uid,
            patient_id=instance.patient.id,
            transfer_syntax=instance.transfer_syntax,
            note=instance.note,
        )


def file_id(instance: Instance) -> str:
    """Where an instance lies below the folder: `DICOM/ST000000/SE001/IM000001`."""
    return (
        f"DICOM/ST{instance.study.number:06}/SE{instance.series.number:03}/IM{instance.number:06}"
    )


def prepare(out: Path) -> None:
    """Makes `out`; raises `UsageError` when it holds something or cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(
                f"the folder {out} is not empty", "name a new or an empty folder: nothing is erased"
            )
        probe = out / MANIFEST
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise UsageError(
            f"cannot write to {out}: {problem.strerror}", "name a folder that you may write to"
        ) from None
