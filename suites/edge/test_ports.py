"""The ingestion ports: each serves, all at once, and all lead to the same archive."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Cargo, Crossing
from stepwedge.fixtures.deposits import STORED
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_success, status_of
from stepwedge.verdicts import Blocked, Deviation

MODALITIES = ("CR", "CT", "MR", "DX", "US", "NM", "PT", "SC")


def _named(problems: dict[int, str]) -> str:
    return "; ".join(f"port {port}: {problem}" for port, problem in problems.items())


@check(
    "EDGE-001",
    "PS3.7 9.1.5",
    SHALL,
    claim="edge.ports",
    defects=["edge-port-hangs-up", "edge-port-silent"],
)
def test_every_port_echoes(crossing: Crossing) -> None:
    """Every port of the range accepts an association and answers C-ECHO; one that does not is
    named."""
    problems: dict[int, str] = {}
    for port in crossing.target.port:
        answer = crossing.edge.attempt([VERIFICATION], port=port, label=f"port {port}")
        if answer.association is None:
            problems[port] = answer.words
            continue
        try:
            expect_success(answer.association.echo())
        except Deviation as deviation:
            problems[port] = deviation.observed
    expect(not problems, f"C-ECHO on each of {len(crossing.target.port)} ports", _named(problems))


@check("EDGE-002", "PS3.4 B.2.2", SHALL, claim="edge.ports", defects=["edge-port-echo-only"])
def test_every_port_stores(crossing: Crossing) -> None:
    """Every port of the range takes a C-STORE; one that does not is named."""
    cargo = crossing.cargo("CT", instances=len(crossing.target.port))
    problems: dict[int, str] = {}
    for port, deposit in zip(crossing.target.port, cargo.deposits, strict=True):
        try:
            status = status_of(crossing.send([deposit], port=port)[0].final)
        except Deviation as deviation:
            problems[port] = deviation.observed
            continue
        if status not in STORED:
            problems[port] = f"status {status:04X}H"
    expect(not problems, "C-STORE acknowledged on every port", _named(problems))


@check("EDGE-003", "PS3.4 C.4.1", SHALL, claim="edge.ports", defects=["edge-port-apart"])
def test_one_archive_behind_all_ports(crossing: Crossing) -> None:
    """What came in through one port is found through all."""
    ports = crossing.target.port
    cargo = crossing.cargo("CT", instances=len(ports))
    for port, deposit in zip(ports, cargo.deposits, strict=True):
        crossing.keep([deposit], port=port)
    problems: dict[int, str] = {}
    for port in ports:
        missing = crossing.missing(cargo, where=crossing.edge, port=port)
        if missing:
            through = ", ".join(
                str(number)
                for number, one in zip(ports, cargo.deposits, strict=True)
                if one.uid in missing
            )
            problems[port] = f"what came in through {through} is not found"
            break  # the others would wait for the same
    expect(not problems, "an instance from each port to be found through each", _named(problems))


@check("EDGE-004", "PS3.4 B.2.2", SHALL, claim="edge.ports", defects=["edge-ports-one-at-a-time"])
def test_eight_modalities_at_once(crossing: Crossing) -> None:
    """Eight modalities store at the same time, spread over the ports, and lose nothing."""
    ports = crossing.target.port
    cargoes = [crossing.cargo(modality, instances=3) for modality in MODALITIES]
    places = [ports[number % len(ports)] for number in range(len(cargoes))]

    with ExitStack() as open_ones, ThreadPoolExecutor(len(cargoes)) as pool:
        associations = [
            open_ones.enter_context(crossing.storing(cargo.deposits, port=port))
            for cargo, port in zip(cargoes, places, strict=True)
        ]

        def run(number: int) -> list[int]:
            association = associations[number]
            return [
                status_of(association.store(one.sop_class, one.uid, one.data, one.syntax).final)
                for one in cargoes[number].deposits
            ]

        statuses = list(pool.map(run, range(len(cargoes))))
    refused = sum(status not in STORED for some in statuses for status in some)
    expect(not refused, "every C-STORE acknowledged", f"{refused} refused")
    lost = sum(len(crossing.missing(cargo, where=crossing.edge)) for cargo in cargoes)
    expect(not lost, "everything that was acknowledged to be found", f"{lost} instances missing")


@check(
    "EDGE-005",
    "PS3.8 Table 9-21",
    SHALL,
    claim="edge.port-limit",
    defects=["edge-port-limit-unchecked", "edge-port-limit-shared"],
)
def test_limit_of_a_port(crossing: Crossing) -> None:
    """A port that is full rejects for the moment, and the other ports go on serving."""
    ports, limit = crossing.target.port, crossing.target.edge.associations_a_port
    if limit is None or len(ports) < 2:
        raise Blocked("edge.associations_a_port is not declared, or there is only one port")
    with ExitStack() as full:
        for _ in range(limit):
            full.enter_context(crossing.edge.associate([VERIFICATION], port=ports[0]))
        beyond = crossing.edge.attempt([VERIFICATION], port=ports[0], label="one too many")
        expect(
            beyond.kind == "rejected" and beyond.result == 2,
            f"association {limit + 1} on port {ports[0]} to be rejected transiently",
            beyond.words,
            "Result, Source, Reason/Diag.",
        )
        other = crossing.edge.attempt([VERIFICATION], port=ports[1], label="the next port")
        expect(
            other.kind == "accepted",
            f"port {ports[1]} to serve while port {ports[0]} is full",
            other.words,
            "Result",
        )


@check("EDGE-006", "PS3.4 C.4.1", SHALL, claim="edge.ports", defects=["edge-port-echo-only"])
def test_every_port_answers_queries(crossing: Crossing) -> None:
    """Every port of the range answers C-FIND with the same matches; one that does not is named."""
    cargo: Cargo = crossing.settled("CT", instances=1)
    problems: dict[int, str] = {}
    for port in crossing.target.port:
        try:
            found = crossing.held(crossing.edge, cargo, port)
        except Deviation as deviation:
            problems[port] = deviation.observed
            continue
        if set(found) != cargo.uids:
            problems[port] = f"{len(found)} matches"
    expect(not problems, "the same match on every port", _named(problems))
