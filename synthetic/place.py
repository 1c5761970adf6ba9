"""Where a corpus is laid down: a folder, or a ZIP file that depends on nothing but its files."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from stepwedge.errors import UsageError

# The first moment that a ZIP file can name: no entry tells of the day when it was made.
_NO_MOMENT = (1980, 1, 1, 0, 0, 0)
# Readable by everybody, as on any other medium.
_READABLE = 0o644 << 16


class Place(Protocol):
    """Something that takes files under relative paths."""

    def add(self, path: str, content: bytes) -> None:
        """Lays down a file."""

    def copy(self, path: str, file: IO[bytes]) -> None:
        """Lays down what `file` holds from its beginning on."""


class Folder:
    """A new or empty folder.  Raises `UsageError` when it is not, or cannot be written."""

    def __init__(self, out: Path) -> None:
        prepare(out)
        self._out = out

    def add(self, path: str, content: bytes) -> None:
        """Lays down a file; raises `UsageError` when it cannot be written."""
        with self._writing(path) as file:
            file.write(content)

    def copy(self, path: str, file: IO[bytes]) -> None:
        """Lays down what `file` holds from its beginning on."""
        file.seek(0)
        with self._writing(path) as target:
            shutil.copyfileobj(file, target)

    @contextmanager
    def _writing(self, path: str) -> Iterator[IO[bytes]]:
        target = self._out / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                yield file
        except OSError as problem:
            raise _cannot(target, problem) from None


class Archive:
    """An open ZIP file (PS3.12 Annex V), its entries stored and not compressed.

    The deflated bytes would depend on the version of zlib; stored, they are the same everywhere.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, path: str, content: bytes) -> None:
        """Lays down a file."""
        self._archive.writestr(_entry(path), content)

    def copy(self, path: str, file: IO[bytes]) -> None:
        """Lays down what `file` holds from its beginning on."""
        file.seek(0)
        with self._archive.open(_entry(path), "w", force_zip64=True) as target:
            shutil.copyfileobj(file, target)


@contextmanager
def archive(out: Path) -> Iterator[Archive]:
    """The new ZIP file `out`; what is not finished is taken away again.

    Raises `UsageError` when the file exists already or cannot be written.
    """
    try:
        file = out.open("xb")
    except FileExistsError:
        raise UsageError(f"{out} exists already", "name a new file: nothing is erased") from None
    except OSError as problem:
        raise _cannot(out, problem) from None
    try:
        with file, zipfile.ZipFile(file, "w") as opened:
            yield Archive(opened)
    except OSError as problem:
        out.unlink()
        raise _cannot(out, problem) from None
    except BaseException:
        out.unlink()
        raise


def prepare(out: Path) -> None:
    """Makes `out`; raises `UsageError` when it holds something or cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(
                f"the folder {out} is not empty", "name a new or an empty folder: nothing is erased"
            )
        probe = out / ".stepwedge"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise UsageError(
            f"cannot write to {out}: {problem.strerror}", "name a folder that you may write to"
        ) from None


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _NO_MOMENT)
    entry.create_system = 3  # the attributes below are those of Unix, on every machine
    entry.external_attr = _READABLE
    return entry


def _cannot(path: Path, problem: OSError) -> UsageError:
    return UsageError(
        f"cannot write {path}: {problem.strerror or problem}",
        "name a file in a folder that you may use, with room for it",
    )
