"""Stop, start, restart and drain."""

from __future__ import annotations

from stepwedge.checks import SHALL, check
from stepwedge.fixtures.crossing import Crossing
from stepwedge.fixtures.management import Manager
from stepwedge.fixtures.running import Running
from stepwedge.fixtures.sopclasses import VERIFICATION
from stepwedge.fixtures.verifiers import expect, expect_success
from stepwedge.verdicts import Deviation


@check(
    "MGMT-020",
    "Stepwedge edge, management",
    SHALL,
    claim="management.stop",
    defects=["management-stop-ignored"],
)
def test_stop(crossing: Crossing, running: Running) -> None:
    """An edge that was stopped takes no association on any port."""
    with running.stopped():
        taken = running.accepting()
    expect(not taken, "no association on any port", f"accepted on {', '.join(map(str, taken))}")


@check(
    "MGMT-021",
    "Stepwedge edge, management",
    SHALL,
    claim="management.stop",
    defects=["management-start-incomplete"],
)
def test_start(crossing: Crossing, running: Running) -> None:
    """An edge that was started again serves on every port of its range; one that is not served is
    named."""
    with running.stopped():
        pass
    silent = sorted(set(crossing.target.port) - set(running.accepting()))
    expect(not silent, "every port to serve", f"port {', '.join(map(str, silent))} does not")


@check(
    "MGMT-022",
    "PS3.4 B.1.2",
    SHALL,
    claim="management.restart",
    defects=["management-restart-loses-data"],
)
def test_restart_keeps_data(crossing: Crossing, manager: Manager, running: Running) -> None:
    """What was found through the edge before a restart is found afterwards."""
    cargo = crossing.settled("CT")
    running.restart()
    missing = crossing.missing(cargo, where=crossing.edge)
    expect(not missing, f"{len(cargo.uids)} instances", f"{len(missing)} are not found any more")


@check(
    "MGMT-023",
    "PS3.8 Table 9-21",
    SHALL,
    claim="management.drain",
    defects=["management-drain-ignored", "management-drain-permanent"],
)
def test_drain_rejects(crossing: Crossing, running: Running) -> None:
    """While draining, a new association is rejected transiently: the requestor may come back."""
    with running.draining():
        answer = crossing.edge.attempt([VERIFICATION], label="while draining")
    expect(
        answer.kind == "rejected" and answer.result == 2,
        "a rejection with result 2 (transient)",
        answer.words,
        "Result, Source, Reason/Diag.",
    )


@check(
    "MGMT-024",
    "Stepwedge edge, management",
    SHALL,
    claim="management.drain",
    defects=["management-drain-aborts"],
)
def test_drain_finishes(crossing: Crossing, running: Running) -> None:
    """While draining, an association that is open goes on being served until it is released."""
    cargo = crossing.cargo("CT", instances=2)
    with crossing.storing(cargo.deposits) as association:
        first, second = cargo.deposits
        expect_success(association.store(first.sop_class, first.uid, first.data, first.syntax))
        with running.draining():
            try:
                expect_success(
                    association.store(second.sop_class, second.uid, second.data, second.syntax)
                )
                released = association.release()
            except Deviation as deviation:
                raise Deviation(
                    "the association that is open to be served", deviation.observed
                ) from None
    expect(released, "the release to be answered", "no A-RELEASE-RP")
    crossing.expect_arrives(cargo)


@check(
    "MGMT-025",
    "Stepwedge edge, management",
    SHALL,
    claim="management.drain",
    defects=["management-drain-for-good"],
)
def test_start_after_drain(crossing: Crossing, running: Running) -> None:
    """An edge that was drained takes associations again once it is started."""
    with running.draining():
        pass
    answer = crossing.edge.attempt([VERIFICATION], label="after the drain")
    expect(answer.kind == "accepted", "the association to be accepted", answer.words, "Result")
