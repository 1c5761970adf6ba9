"""One very large multi-frame object, frame after frame: what it takes of memory is one frame.

The length of native pixel data is a number of 32 bits (PS3.5 7.1.2), so that it ends below 4 GiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from struct import pack

from pydicom.uid import ExplicitVRLittleEndian

from stepwedge.errors import UsageError
from stepwedge.synthetic import phantoms
from stepwedge.synthetic.encode import encode_dataset, encode_file
from stepwedge.synthetic.hospital import Hospital, accession_number
from stepwedge.synthetic.model import Instance, SeriesPlan, Study

ROWS = COLUMNS = 512
FRAME = ROWS * COLUMNS
_LOOP = 16  # frames that repeat
_MOST = (0xFFFFFFFE // FRAME) * FRAME
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def size_of(text: str) -> int:
    """Bytes from a size such as 2GiB, 512MiB or 1000000; raises `UsageError` for anything else."""
    found = re.fullmatch(r"(\d+) ?(KiB|MiB|GiB|)", text)
    if not found:
        raise UsageError(f"{text!r} is no size", "give a number and KiB, MiB or GiB, such as 2GiB")
    return int(found[1]) * _UNITS[found[2]]


def large_instance(seed: int, run: str, size: int) -> Instance:
    """An Ultrasound Multi-frame object whose pixel data has at least `size` bytes.

    Its `dataset` would hold all of them: use `large_parts`.  Raises `UsageError` for a size that
    is not above 0, or that does not fit.
    """
    if not 0 < size <= _MOST:
        raise UsageError(
            f"a size of {size} bytes is not possible",
            f"native pixel data has a length of 32 bits: give 1 to {_MOST} bytes",
        )
    hospital = Hospital(seed, run)
    patient = hospital.patient(0)
    plan = SeriesPlan(
        iod="US multi-frame", instances=1, rows=ROWS, columns=COLUMNS,
        description="Very long sweep", body_part="ABDOMEN", frames=-(-size // FRAME),
    )  # fmt: skip
    study = Study(
        scope=hospital.scope,
        number=900_000,
        patient=patient,
        date="20240515",
        time="101500",
        description="Very long sweep",
        accession_number=accession_number(hospital.scope, "large"),
        id="LARGE",
        plans=(plan,),
    )
    return study.instances()[0]


def large_parts(instance: Instance) -> Iterator[bytes]:
    """The encoded data set of a large instance: its header, then frame by frame."""
    frames = instance.series.plan.frames
    dataset = instance.in_frames(1).build()
    dataset.NumberOfFrames = frames
    del dataset.PixelData
    header = encode_dataset(dataset, ExplicitVRLittleEndian)
    yield header + pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, frames * FRAME)
    for frame in range(frames):
        yield phantoms.ultrasound_frame(
            instance.study.scope.seed, ROWS, COLUMNS, frame % _LOOP, _LOOP
        )


def write_large(instance: Instance, out: Path) -> int:
    """Writes a large instance as a Part 10 file; returns its size in bytes.

    Raises `UsageError` when the file exists already or cannot be written.
    """
    meta = instance.in_frames(1).build().file_meta
    try:
        with out.open("xb") as file:
            file.write(encode_file(meta, b""))
            for part in large_parts(instance):
                file.write(part)
            return file.tell()
    except FileExistsError:
        raise UsageError(f"{out} exists already", "name a new file: nothing is erased") from None
    except OSError as problem:
        raise UsageError(
            f"cannot write {out}: {problem.strerror}", "name a file in a folder that you may use"
        ) from None
