"""`stepwedge load fill`: fills an archive, resumably, and measures queries at chosen sizes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from stepwedge.errors import Exit, StepwedgeError
from stepwedge.events import Note, StageFinished, StageStarted
from stepwedge.loadtests import by_size, filling
from stepwedge.loadtests.filling import BLOCK, Fill, Progress
from stepwedge.loadtests.progress import duration
from stepwedge.loadtests.wired import WireDial
from stepwedge.outcome import FILL
from stepwedge.record import EVIDENCE, Record
from stepwedge.target import Target, Timeouts

TABLE = "find-by-size.md"
_SHOW_EVERY = 2.0

# A universal query of a large archive may well take minutes.
_PATIENT = Timeouts(response=600)


def fill_and_measure(
    target: Target,
    fill: Fill,
    record: Record,
    sizes: Sequence[int],
    associations: int,
    console: Console,
) -> int:
    """Fills to each size in turn and measures there; the last is the whole fill.

    `sizes` may be empty: then nothing is measured.  Returns the exit code.
    """
    dial = WireDial(
        target.model_copy(update={"timeouts": _PATIENT}),
        {filling.sop_class(): ("1.2.840.10008.1.2.1",)},
    )
    begun = time.time()
    record.emit(
        StageStarted(
            at=begun,
            stage=FILL,
            detail={"fill": fill.name, "studies": fill.studies, "images": fill.images},
        )
    )
    rows: list[by_size.Measured] = []
    code, problem = Exit.HELD, ""
    for size in [*[s for s in sizes if s < fill.studies], fill.studies]:
        part = replace(fill, studies=size)
        progress = _fill(part, dial, associations, console)
        text = _told(part, progress, time.time() - begun)
        record.emit(Note(at=time.time(), severity="info", text=text))
        console.print(text)
        if problem := progress.problem:
            record.emit(Note(at=time.time(), severity="problem", text=progress.problem))
            console.print(f"[bold red]✗[/] {progress.problem}")
            code = Exit.SERVICE_LEVEL_MISSED
            break
        if sizes and _holds_more(part, dial):
            told = f"not measured at {size} studies: the archive holds more of this fill already"
            record.emit(Note(at=time.time(), severity="info", text=told))
            console.print(told)
        elif sizes:
            rows += by_size.measure(part, dial, lambda one: _show(one, console))
            (record.folder / EVIDENCE / TABLE).write_text(by_size.markdown(rows), "utf-8")
    record.emit(
        StageFinished(
            at=time.time(),
            stage=FILL,
            duration=time.time() - begun,
            detail={"instances": fill.studies * fill.images, "problem": problem},
        )
    )
    if rows:
        console.print(f"the table: {record.folder / EVIDENCE / TABLE}")
    return int(code)


def _fill(fill: Fill, dial: WireDial, associations: int, console: Console) -> Progress:
    first = _resume_at(fill, dial, associations)
    if first:
        console.print(f"{min(first * BLOCK, fill.studies)} studies are there already")
    progress = Progress()
    last = [time.monotonic(), 0]

    def look() -> bool:
        # Called under the progress's lock, between blocks: cheap, and never blocking.
        now = time.monotonic()
        if now - last[0] >= _SHOW_EVERY:
            rate = (progress.stored - last[1]) / (now - last[0])
            console.print(
                f"  {progress.next_block * BLOCK} studies, {rate:.0f} instances/s", style="dim"
            )
            last[:] = [now, progress.stored]
        return False

    return filling.run(
        fill, dial, first=first, associations=associations, progress=progress, stop=look
    )


def _resume_at(fill: Fill, dial: WireDial, associations: int) -> int:
    link = dial("find")
    try:
        found = filling.first_incomplete(fill, link, fill.blocks)
        link.release()
    except StepwedgeError:
        link.abort()
        raise
    # Blocks before it may have been in flight when the fill was cut: they are sent again.
    return found if found == fill.blocks else max(0, found - associations)


def _holds_more(fill: Fill, dial: WireDial) -> bool:
    """True when the first study beyond the fill is there: then this is no size to measure at."""
    link = dial("find")
    try:
        more = filling.is_there(fill, link, fill.studies)
        link.release()
    except StepwedgeError:
        link.abort()
        raise
    return more


def _told(fill: Fill, progress: Progress, seconds: float) -> str:
    rate = progress.stored / seconds if seconds else 0.0
    errors = ", ".join(f"{count} × {kind}" for kind, count in progress.errors.items())
    return (
        f"filled to {fill.studies} studies, {fill.studies * fill.images} instances: "
        f"{progress.stored} stored now, {rate:.0f}/s" + (f"; failed: {errors}" if errors else "")
    )


def _show(one: by_size.Measured, console: Console) -> None:
    if one.problem:
        console.print(f"  {one.key:<36} [red]{one.problem}[/]")
        return
    console.print(
        f"  {one.key:<36} p50 {duration(one.p50):>8}  p95 {duration(one.p95):>8}  "
        f"{one.matches} matches, {one.asked} asked"
    )
