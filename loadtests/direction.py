"""One load as the master sees it, around the conductor: preflight, receiver, audit, verdict.

`prepare` looks whether the target answers at all, `start` begins the stage, `finish` audits, writes
what is left and gives the exit code.  When no run folder was given, it makes one and seals it.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Iterable
from importlib.metadata import version

import msgspec

from stepwedge.errors import StepwedgeError
from stepwedge.events import Ledger, Note, RunFinished, RunStarted, TargetSeen
from stepwedge.loadtests.audit import CannotAudit, audit, sample
from stepwedge.loadtests.conductor import Conductor
from stepwedge.loadtests.receiving import Receiver
from stepwedge.loadtests.sampling import compare
from stepwedge.loadtests.settings import Settings
from stepwedge.loadtests.supply import Supply
from stepwedge.loadtests.wired import WireDial
from stepwedge.outcome import outcome
from stepwedge.record import Record, read_events, seal
from stepwedge.version import VERSION

_PACKAGES = ("locust", "gevent", "pydicom", "hdrhistogram", "numpy", "msgspec")


class Direction:
    """One load, from the preflight to the exit code."""

    def __init__(self, settings: Settings, dial: WireDial, supply: Supply) -> None:
        self.settings = settings
        self.dial = dial
        self.supply = supply
        self.own_run = settings.run_folder is None
        self.started = False
        self.finished = False
        self._begun = time.time()
        self._receiver: Receiver | None = None
        if settings.run_folder is None:
            self.record = Record.create(settings.runs, settings.target.name)
            self._run_started()
        else:
            self.record = Record.open(settings.run_folder)
        # Every load of a run folder has UIDs of its own.
        self.run = f"{self.record.folder.name}/{time.time_ns()}"
        self.conductor = Conductor(
            scenario=settings.scenario,
            run=self.run,
            record=self.record,
            policies=self._policies(),
        )

    def _run_started(self) -> None:
        target = self.settings.target
        self.record.emit(
            RunStarted(
                at=self._begun,
                run_id=self.record.folder.name,
                command=sys.argv,
                seed=self.settings.scenario.seed,
                target=target.public(),
                config_hash=target.config_hash(),
                stepwedge=VERSION,
                platform=platform.platform(),
                python=platform.python_version(),
                packages={name: version(name) for name in _PACKAGES},
            )
        )

    def _policies(self) -> dict[str, str]:
        return {
            "TCP_QUICKACK": str(self.settings.quickack),
            "clock": "CLOCK_REALTIME",
        }

    def prepare(self) -> StepwedgeError | None:
        """Echoes once at each port and opens our receiver; returns what stands in the way."""
        target = self.settings.target
        problem: StepwedgeError | None = None
        for port in target.port:
            found = self._look_at(port)
            problem = problem or found
        if problem is None and self.settings.scenario.needs_receiver:
            try:
                self._receiver = Receiver(target, self.dial.syntaxes)
                self._receiver.start()
                self.conductor.arrivals = self._receiver.take
            except StepwedgeError as error:
                problem = error
                self.record.emit(Note(at=time.time(), severity="problem", text=str(error)))
        return problem

    def _look_at(self, port: int) -> StepwedgeError | None:
        address = f"{self.settings.target.host}:{port}"
        begun = time.time()
        try:
            link = self.dial("verification", (), port)
            try:
                link.echo()
                options = link.options()
                self.conductor.policies.update(options)
                link.release()
            except BaseException:
                link.abort()
                raise
        except StepwedgeError as error:
            self.record.emit(
                TargetSeen(
                    at=begun,
                    address=address,
                    reachable=False,
                    problem=error.problem,
                    phase=getattr(error, "phase", ""),
                )
            )
            return error
        if self.own_run:
            tls = options.get("TLS", "") if self.settings.target.tls.enabled else ""
            self.record.emit(TargetSeen(at=begun, address=address, reachable=True, tls=tls))
        return None

    def start(
        self,
        workers: list[str],
        zero: int,
        offsets: dict[str, float],
        ceilings: Iterable[dict[str, float]],
    ) -> None:
        """Begins the stage.  `ceilings` are what each worker reaches against a null SCP."""
        scenario = self.settings.scenario
        self.conductor.reaches(ceilings)
        self.started = True
        self.conductor.start(
            workers,
            zero,
            {
                "scenario": scenario.name,
                "about": scenario.about,
                "seconds": scenario.seconds,
                "scale": scenario.scale,
                "users": {one.name: one.count for one in scenario.users},
                "workers": len(workers),
                "clock_offsets": {worker: round(value, 6) for worker, value in offsets.items()},
            },
        )

    def finish(self, *, interrupted: bool) -> int:
        """Audits, writes what is left, and returns the exit code."""
        self.finished = True
        if not self.started:
            return self.close(interrupted=interrupted)
        ledger = None if interrupted else self._audit()
        self.conductor.finish(ledger, interrupted=interrupted)
        return self.close(interrupted=interrupted)

    def _audit(self) -> Ledger | None:
        conductor = self.conductor
        if not self.settings.scenario.sends:
            return None
        if not self.settings.audit:
            conductor.note("info", "what was acknowledged was not looked for: --no-audit")
            return None
        if not self.settings.target.is_claimed("find.study"):
            conductor.note(
                "warning",
                "what was acknowledged was not looked for: the target does not claim find.study",
            )
            return None
        try:
            ledger = audit(conductor.accounts, self.dial, time.time)
        except CannotAudit as error:
            conductor.note("problem", f"what was acknowledged could not be audited: {error}")
            return None
        return self._compared(ledger)

    def _compared(self, ledger: Ledger) -> Ledger:
        """The ledger with a sample's data sets compared, where the target claims C-GET."""
        scenario, conductor = self.settings.scenario, self.conductor
        if not scenario.compare or not self.settings.target.is_claimed("get.study"):
            return ledger
        chosen = sample(conductor.accounts, scenario.compare, scenario.seed)
        altered, failed = compare(chosen, scenario, self.supply, self.dial)
        for text in altered[:5]:
            conductor.note("problem", f"altered: {text}")
        if failed:
            conductor.note(
                "warning",
                f"{len(failed)} of {len(chosen)} instances of the sample could not be compared: "
                f"{failed[0]}",
            )
        return msgspec.structs.replace(
            ledger,
            altered=len(altered),
            method=f"{ledger.method}; {len(chosen) - len(failed)} retrieved by C-GET and compared "
            "element by element",
        )

    def close(self, *, interrupted: bool = False) -> int:
        """Ends the record; seals the run when it is our own.  Returns the exit code."""
        if self._receiver is not None:
            self._receiver.close()
        try:
            found = outcome(read_events(self.record.folder))
            code = int(found.exit_code)
            if self.own_run:
                self.record.emit(
                    RunFinished(
                        at=time.time(),
                        exit_code=code,
                        sentence=found.sentence,
                        duration=time.time() - self._begun,
                        interrupted=interrupted,
                    )
                )
        finally:
            self.record.close()
        if self.own_run:
            seal(self.record.folder)
        return code
