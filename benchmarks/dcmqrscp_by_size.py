"""C-FIND by archive size at dcmqrscp, up to 100,000 instances, which it could not be sent in a day.

dcmqrscp reads its whole index at every store too, so a fill slows down with its square.  The first
10,000 instances come by C-STORE.  For the rest its index is lengthened: each record is copied with
the fixed-width identities of another study of the fill, and no image lies behind it, which a C-FIND
does not look for.  Afterwards the server is asked over the network whether it knows each study.

    python -m benchmarks.dcmqrscp_by_size
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from stepwedge.fixtures.servers.dcmtk import Dcmqrscp
from stepwedge.loadtests import by_size, filling
from stepwedge.loadtests.by_size import Measured
from stepwedge.loadtests.filling import Fill, date_of
from stepwedge.loadtests.wired import WireDial
from stepwedge.target import Target, Timeouts

WHOLE: Final = Fill("archive", studies=500, images=200)
STORED: Final = (5, 50)  # studies; all after them are only in the index
# index.dat of DCMTK 3.6: what describes the studies, which no C-FIND reads, and a record an image.
HEADER: Final = 44006
RECORD: Final = 8032


def main() -> None:
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory() as name, Dcmqrscp(Path(name)) as server:
        target = Target(
            host=server.host,
            port=server.port,
            ae_title=server.ae_title,
            timeouts=Timeouts(response=600),
        )
        dial = WireDial(target, {filling.sop_class(): ("1.2.840.10008.1.2.1",)})
        first = 0
        for studies in STORED:
            part = replace(WHOLE, studies=studies)
            filling.run(part, dial, first=first, associations=1)
            first = part.blocks - 1
            rows += _measured(part, dial)
        lengthen(Path(name) / "area" / "index.dat", replace(WHOLE, studies=STORED[-1]), WHOLE)
        _must_be_known(dial, WHOLE)
        rows += _measured(WHOLE, dial)
    print(by_size.markdown(rows))


def _measured(fill: Fill, dial: WireDial) -> list[Measured]:
    print(f"{fill.studies} studies, {fill.studies * fill.images} instances", flush=True)
    return by_size.measure(fill, dial, lambda row: print(f"  {row.key}: {row.p50:.4f} s"))


def lengthen(index: Path, have: Fill, want: Fill) -> None:
    """Adds to an index that holds `have` the records of the studies that `want` has more."""
    data = index.read_bytes()
    records = [data[at : at + RECORD] for at in range(HEADER, len(data), RECORD)]
    owners = {have.identity(number).patient_id.encode(): number for number in range(have.studies)}
    by_study: dict[int, list[bytes]] = {number: [] for number in owners.values()}
    for record in records:
        patient = next((owner for owner in owners if owner in record), b"")
        if not patient:
            raise SystemExit(f"{index}: a record of no study of the fill: no index of DCMTK 3.6?")
        by_study[owners[patient]].append(record)
    with index.open("ab") as out:
        for number in range(have.studies, want.studies):
            model = number % have.studies
            out.writelines(_renamed(record, have, model, number) for record in by_study[model])


def _must_be_known(dial: WireDial, fill: Fill) -> None:
    link = dial("find")
    for number in range(fill.studies):
        if not filling.is_there(fill, link, number):
            raise SystemExit(f"study {number} is not found whole")
    link.release()


def _renamed(record: bytes, fill: Fill, model: int, number: int) -> bytes:
    before, after = fill.identity(model), fill.identity(number)
    pairs = [
        (before.study, after.study),
        (before.series, after.series),
        (before.patient_id, after.patient_id),
        (before.patient_name, after.patient_name),
        (before.accession, after.accession),
        (date_of(model), date_of(number)),
        *((before.instance(index), after.instance(index)) for index in range(fill.images)),
    ]
    for old, new in pairs:
        record = record.replace(old.encode(), new.encode())
    return record


if __name__ == "__main__":
    main()
