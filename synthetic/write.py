"""Corpora on disk: Part 10 files and a manifest that says what they are and who matches what.

The manifest names the versions of everything that shaped the bytes.  With the same versions, seed
and run, every byte of the folder is the same on any day and machine.  Files come and go one by one:
neither they nor their lines of the manifest are kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from stepwedge.synthetic.codecs import package, refusal
from stepwedge.synthetic.corpus import Corpus
from stepwedge.synthetic.dicomdir import NAME as DICOMDIR
from stepwedge.synthetic.dicomdir import Directory, Unlisted
from stepwedge.synthetic.model import Instance
from stepwedge.synthetic.place import Folder, Place, archive
from stepwedge.version import VERSION

MANIFEST = "manifest.json"
_FORMAT = 2
# What shapes the bytes besides this room and the encoders of a transfer syntax.
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


@dataclass
class Written:
    """How many files were written and how large they are, in bytes, manifest and directory aside.

    `unlisted` are the files that the DICOMDIR cannot name, with the reason; `left` says how many
    files stayed in the transfer syntax of the corpus, by the reason.
    """

    files: int = 0
    size: int = 0
    unlisted: dict[str, str] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)


def versions(syntaxes: Iterable[str] = ()) -> dict[str, str]:
    """The versions of everything that shapes the bytes of a corpus in those transfer syntaxes."""
    encoders = {package(syntax) for syntax in syntaxes} - {""}
    found = {
        name: zlib.ZLIB_RUNTIME_VERSION if name == "zlib" else importlib.metadata.version(name)
        for name in sorted({*_SHAPED_BY, *encoders})
    }
    return {"stepwedge": VERSION, **found}


def write_corpus(
    corpus: Corpus, out: Path, *, dicomdir: bool = False, transfer_syntax: str = ""
) -> Written:
    """Writes every instance of `corpus` as a Part 10 file below `out`, and `manifest.json`.

    The names of folders and files are fit for a DICOMDIR (PS3.10 8.5), which is written when asked
    for.  `transfer_syntax` is a UID; what it cannot hold stays as it is.  Raises `UsageError` when
    `out` is not an empty or new folder, or cannot be written.
    """
    return _lay_down(corpus, Folder(out), dicomdir, transfer_syntax)


def write_zip(corpus: Corpus, out: Path, *, transfer_syntax: str = "") -> Written:
    """Writes what `write_corpus` does into the new ZIP file `out`, with a DICOMDIR (PS3.12 V.1).

    Raises `UsageError` when the file exists already or cannot be written.
    """
    with archive(out) as place:
        return _lay_down(corpus, place, True, transfer_syntax)


def expected_answers(corpus: Corpus) -> Iterator[ExpectedAnswer]:
    """The corpus's questions with their true answers."""
    for question in corpus.questions:
        answer = corpus.matching(question.level, question.keys)
        yield ExpectedAnswer(
            question.name,
            question.level,
            question.keys,
            sorted(answer.required),
            sorted(answer.optional),
        )


def write_instances(
    instances: Iterable[Instance], place: Place, directory: Directory | None = None
) -> Iterator[tuple[Entry, str]]:
    """Lays down instances one by one; yields an entry for each when it is there.

    Beside it stands why the file is not listed in `directory`, if it is not.
    """
    for instance in instances:
        path = file_id(instance)
        content = instance.part10()
        unlisted = ""
        if directory is not None:
            try:
                directory.add(instance.dataset, path)
            except Unlisted as problem:
                unlisted = str(problem)
        instance.forget()
        place.add(path, content)
        entry = Entry(
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
        yield entry, unlisted


def file_id(instance: Instance) -> str:
    """Where an instance lies below the folder: `DICOM/ST000000/SE001/IM000001`."""
    return (
        f"DICOM/ST{instance.study.number:06}/SE{instance.series.number:03}/IM{instance.number:06}"
    )


def _lay_down(corpus: Corpus, place: Place, dicomdir: bool, syntax: str) -> Written:
    """Files first; manifest and DICOMDIR, which only the end makes whole, behind them."""
    written = Written()
    with TemporaryFile() as manifest, TemporaryFile() as listed:
        directory = None
        if dicomdir:
            directory = Directory(listed, corpus.scope.uid("file-set", corpus.name))

        def entries() -> Iterator[Entry]:
            instances = _encoded_in(syntax, corpus.walk(), written.left)
            for entry, unlisted in write_instances(instances, place, directory):
                written.files += 1
                written.size += entry.size
                if unlisted:
                    written.unlisted[entry.path] = unlisted
                yield entry

        for text in _manifest(corpus, entries()):
            manifest.write(text.encode())
        place.copy(MANIFEST, manifest)
        if directory is not None:
            directory.close()
            place.copy(DICOMDIR, listed)
    return written


def _encoded_in(
    syntax: str, instances: Iterable[Instance], left: Counter[str]
) -> Iterator[Instance]:
    """The instances in another transfer syntax, and those that it cannot hold as they are."""
    for instance in instances:
        if not syntax or syntax == instance.transfer_syntax:
            yield instance
        elif problem := refusal(instance.dataset, syntax):
            left[problem] += 1
            yield instance
        else:
            instance.forget()
            yield instance.in_syntax(syntax)


def _manifest(corpus: Corpus, entries: Iterable[Entry]) -> Iterator[str]:
    """The manifest in pieces, its keys in order; the files are written as it asks for them."""
    yield f'{{\n "corpus": {_json(corpus.name)},\n "expected": '
    yield from _list(expected_answers(corpus))
    yield ',\n "files": '
    syntaxes: set[str] = set()
    yield from _list(_noting(entries, syntaxes))
    rest = {
        "format": _FORMAT,
        "run": corpus.scope.run,
        "seed": corpus.scope.seed,
        "versions": versions(syntaxes),
    }
    yield "".join(f",\n {_json(key)}: {_json(value, 1)}" for key, value in rest.items())
    yield "\n}\n"


def _noting(entries: Iterable[Entry], syntaxes: set[str]) -> Iterator[Entry]:
    """The entries; on their way the transfer syntaxes are added to `syntaxes`."""
    for entry in entries:
        syntaxes.add(entry.transfer_syntax)
        yield entry


def _list(items: Iterable[Any]) -> Iterator[str]:
    separator = "[\n  "
    for item in items:
        yield separator + _json(asdict(item), 2)
        separator = ",\n  "
    yield "[]" if separator.startswith("[") else "\n ]"


def _json(value: Any, depth: int = 0) -> str:
    """A value as JSON that is indented to stand `depth` levels deep."""
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    return text.replace("\n", "\n" + " " * depth)
