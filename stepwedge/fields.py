"""The kinds of values in a target file, each with its own sentence when it is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# The ports an edge server ingests on by default.
EDGE_PORTS = "2104-2111"


class Table(BaseModel):
    """One table of a target file: unknown keys are mistakes, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _ae_title(value: object) -> object:
    """PS3.5 Table 6.2-1, AE: at most 16 characters, no backslash or control, not only spaces."""
    if not isinstance(value, str):
        return value
    title = value.strip(" ")
    if not title or len(title) > 16 or not re.fullmatch(r"[\x20-\x5b\x5d-\x7e]+", title):
        raise ValueError("expected an AE title: 1 to 16 printable ASCII characters, no backslash")
    return title


def parse_ports(value: object) -> tuple[int, ...]:
    """`4242`, `"4242"`, a range `"2104-2111"`, or a list of these, as a tuple of ports.

    Raises ValueError with a sentence.
    """
    if isinstance(value, list | tuple):
        ports = tuple(port for part in value for port in parse_ports(part))
        twice = sorted({port for port in ports if ports.count(port) > 1})
        if twice:
            raise ValueError(f"the ranges overlap in {ports_in_words(twice)}; expected each once")
        if not ports:
            raise ValueError("expected at least one port")
        return ports
    what = f'expected a port (4242) or a range of ports ("{EDGE_PORTS}"), each within 1 to 65535'
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?", str(value))
    if isinstance(value, bool) or not match:
        raise ValueError(what)
    first = int(match[1])
    last = int(match[2] or first)
    if not (0 < first < 65536 and 0 < last < 65536):
        raise ValueError(what)
    if last < first:
        raise ValueError(f"the range is reversed; expected {last}-{first}")
    return tuple(range(first, last + 1))


def ports_in_words(ports: Sequence[int]) -> str:
    """Ports as they are written in a target file, neighbours as ranges: `2104-2111, 4242`."""
    runs: list[list[int]] = []
    for port in ports:
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


AeTitle = Annotated[str, BeforeValidator(_ae_title)]
Ports = Annotated[tuple[int, ...], BeforeValidator(parse_ports)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=0, le=65535)]
