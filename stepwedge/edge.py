"""What a target file says of an edge: what lies around it, and how it is managed.

`[edge]` names the archives behind it, as we reach them, so that what goes through the edge can be
held against what is there.  `[management]` says how it is started, stopped and asked: by commands,
by requests, or by an interface that is known here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stepwedge.fields import AeTitle, Port, Seconds, Table
from stepwedge.httpservice import HttpService


class Station(Table):
    """A DICOM application beside the target: an AE title and where it listens."""

    ae_title: AeTitle
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(gt=0, le=65535)]


class OtherReceiver(Table):
    """A second receiver of ours, as the edge knows it; port 0 says that it knows none."""

    ae_title: AeTitle = "STEPWEDGE2"
    port: Port = 0


class Edge(Table):
    """The `[edge]` table.

    `pacs` is the archive behind the edge and `mims` the image management system, as we reach them.
    `gate_host` and `gate_port` are where the edge reaches us when we stand as a gate between it and
    its PACS, as `management.route` tells it to (port 0: any free one).  `settle` is within how many
    seconds what was acknowledged is at the PACS, and a change of health is told.
    `associations_a_port` is the declared limit of one ingestion port.
    """

    pacs: Station | None = None
    mims: Station | None = None
    other_receiver: OtherReceiver = OtherReceiver()
    gate_host: str = "127.0.0.1"
    gate_port: Port = 0
    settle: Seconds = 10.0
    associations_a_port: Annotated[int, Field(ge=1, le=64)] | None = None


class Management(HttpService):
    """The `[management]` table: how the target is acted on.

    Each operation is a command for the shell, or a request: a method and a path below `url`, or a
    method and a whole URL (`POST /start`).  `api` fills in what an interface that is known here
    needs: "stepwedge" is that of the reference edge, "orthanc" Orthanc's.  `kill` ends the process
    as a crash would, and `revive` starts it again.  In `route`, `{host}` and `{port}` stand for
    where the PACS is to be looked for.
    """

    api: Literal["", "stepwedge", "orthanc"] = ""
    start: str = ""
    stop: str = ""
    restart: str = ""
    drain: str = ""
    kill: str = ""
    revive: str = ""
    health: str = ""
    route: str = ""
