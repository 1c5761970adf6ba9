"""How fast synthetic instances are made, and how little memory a large corpus takes.

Rates are per CPU second of one core, which other work on the machine does not change.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure, median
from stepwedge.synthetic import Hospital, Series, Template
from stepwedge.synthetic.uids import uid

_FILLS = 20_000
_SLICES = 60
_STUDIES = 4_000

_FIRST_INSTANCE = """
from stepwedge.synthetic import Hospital
assert Hospital(7, "bench").study(0).instances()[0].encoded()
"""

# Instances a CPU second of a new process, from its first study on.
_WHOLE_HOSPITAL = """
import time
from stepwedge.synthetic import Hospital
begun, made = time.process_time(), 0
for study in Hospital(7, "bench", mix="night-ct").studies(12):
    for instance in study.instances():
        instance.encoded()
        instance.forget()
        made += 1
print(made / (time.process_time() - begun))
"""
# By how many MiB the peak of memory rises.
_TWO_GIBIBYTES = """
import resource
from pathlib import Path
from tempfile import TemporaryDirectory
from stepwedge.synthetic.large import large_instance, write_large
with TemporaryDirectory() as folder:
    write_large(large_instance(7, "small", 1 << 20), Path(folder) / "small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    write_large(large_instance(7, "large", 2 << 30), Path(folder) / "large")
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def figures() -> Iterator[Figure]:
    """The figures of the synthetic hospital."""
    series = _long_ct()
    yield Figure("model path, 512 x 512 CT", median(lambda: _model_rate(series)), 400, "/s")
    rate = median(lambda: float(_measured(_WHOLE_HOSPITAL)), rounds=3)
    yield Figure("model path, CT of a new hospital, pixels drawn too", rate, 400, "/s")
    template = Template.compile(series.instances[0])
    rate = median(lambda: _template_rate(template))
    yield Figure("template path", rate, 25_000, "instances/s")
    yield Figure("template path, bytes handed over", rate * len(template) / 1e9, 5, "GB/s")
    yield Figure(
        "first instance of a new process, CPU", median(_first_instance), 1, "s", at_most=True
    )
    extra = float(_measured(_TWO_GIBIBYTES))
    yield Figure("memory that 2 GiB multi-frame take", extra, 64, "MiB", at_most=True)
    before = _peak()
    for _ in Hospital(8, "bench").studies(_STUDIES):
        pass
    # Nothing is kept, so that a million studies take what some thousand do.
    yield Figure("peak memory while studies stream by", _peak(), 512, "MiB", at_most=True)
    yield Figure(f"memory that {_STUDIES} studies leave", _peak() - before, 16, "MiB", at_most=True)


def _long_ct() -> Series:
    """A CT series of the hospital that is long enough; its pixels are drawn once here."""
    for study in Hospital(7, "bench").studies(200):
        for series in study.series:
            if series.plan.iod == "CT" and series.plan.instances >= _SLICES:
                for instance in series.instances[:_SLICES]:
                    instance.build()
                return series
    raise AssertionError("no long CT series among 200 studies")


def _model_rate(series: Series) -> float:
    fresh = Series(series.study, series.number, series.plan)
    started = time.process_time()
    for instance in fresh.instances[:_SLICES]:
        instance.encoded()
    return _SLICES / (time.process_time() - started)


def _template_rate(template: Template) -> float:
    names = [uid(7, "fill", number) for number in range(_FILLS)]
    started = time.process_time()
    for name in names:
        template.fill(sop_instance_uid=name)
    return _FILLS / (time.process_time() - started)


def _first_instance() -> float:
    """CPU seconds from the start of Python, imports included, to the first encoded instance."""
    before = _children()
    subprocess.run([sys.executable, "-c", _FIRST_INSTANCE], check=True, timeout=60)
    return _children() - before


def _measured(program: str) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=600, capture_output=True, text=True
    )
    return done.stdout


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    """The largest resident set of this process so far, in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
