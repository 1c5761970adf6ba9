"""What a load process runs: target, scenario and run folder, from options or from its launcher.

`stepwedge load` resolves everything and hands it over in one environment variable, so that secrets
are on no command line.  `locust -f loadtests/locustfile.py` reads the same options itself.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stepwedge.errors import UsageError
from stepwedge.loadtests.scenarios import (
    Requester,
    Scenario,
    Workstation,
    load_scenario,
    make_scenario,
)
from stepwedge.quickstart import OPTIONS, fields_of
from stepwedge.target import Target, load_target
from stepwedge.wire.transport import QuickAck

HANDED_OVER = "STEPWEDGE_LOAD"


@dataclass(frozen=True)
class Settings:
    """Everything that a load process needs to know before it starts."""

    target: Target
    scenario: Scenario
    run_folder: Path | None = None  # appended to; None: a run of our own below `runs`
    runs: Path = Path("runs")
    quickack: QuickAck = QuickAck.KERNEL
    audit: bool = True
    ceiling: dict[str, float] | None = None  # the harness's own; None: to be measured first

    def handed_over(self) -> str:
        """The settings as one JSON text, secrets included: for the environment of a child only."""
        return json.dumps(
            {
                "target": _open(self.target),
                "scenario": self.scenario.model_dump(mode="json"),
                "run_folder": str(self.run_folder) if self.run_folder else None,
                "runs": str(self.runs),
                "quickack": str(self.quickack),
                "audit": self.audit,
                "ceiling": self.ceiling,
            }
        )

    def check(self) -> None:
        """Raises UsageError for a combination that cannot work, before anything is started."""
        self.target.must_allow("load")
        for one in self.scenario.users:
            if isinstance(one, Requester) and one.user and one.user not in self.target.users.all():
                raise UsageError(
                    f"users {one.name} ask as the {one.user} of [users], whom the target file does "
                    "not name",
                    f'add [users.{one.user}] to it, or write user = "" in the scenario',
                )
            if isinstance(one, Workstation) and one.retrieve != "none":
                claim = one.retrieve
                if not self.target.is_claimed(claim) and not self.target.is_claimed(
                    f"{claim}.study"
                ):
                    raise UsageError(
                        f"users {one.name} retrieve by C-{claim.upper()}, which the target does "
                        "not claim",
                        f'add "{claim}" to its claims, or write retrieve = "none" in the scenario',
                    )


def _open(target: Target) -> dict[str, Any]:
    fields = target.model_dump(mode="json")
    fields["credentials"]["passcode"] = target.credentials.passcode.get_secret_value()
    fields["tls"]["passphrase"] = target.tls.passphrase.get_secret_value()
    for part, user in target.users.all().items():
        fields["users"][part]["passcode"] = user.passcode.get_secret_value()
    fields["allow"] = sorted(target.allow)
    return fields


def add_arguments(parser: Any) -> None:
    """Adds our options to Locust's parser, or to a plain one."""
    group = parser.add_argument_group("Stepwedge")
    for flags, options in _ARGUMENTS:
        group.add_argument(*flags, **options)


_ARGUMENTS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--scenario",), {"default": "first", "help": "built-in scenario, or a TOML file"}),
    (("--target",), {"default": None, "help": "target file (TOML)"}),
    *(
        (
            (option.name,),
            {
                "dest": option.destination,
                "help": option.help,
                **({"action": "store_true"} if option.flag else {"default": None}),
            },
        )
        for option in OPTIONS
    ),
    (("--run",), {"default": None, "help": "run folder to append to"}),
    (("--runs",), {"default": "runs", "help": "folder in which a new run folder is made"}),
    (("--seconds",), {"type": float, "default": None, "help": "length of the run"}),
    (("--scale",), {"type": float, "default": None, "help": "multiplies every rate"}),
    (("--exams-per-year",), {"type": float, "default": None, "help": "size of the department"}),
    (("--quickack",), {"action": "store_true", "help": "re-arm TCP_QUICKACK before each receive"}),
    (("--no-audit",), {"action": "store_true", "help": "do not look for what was acknowledged"}),
)


def from_environment(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: handed over by a launcher, else from its command line.

    Raises UsageError with every mistake.
    """
    env = os.environ if environment is None else environment
    if text := env.get(HANDED_OVER):
        return _handed_over(json.loads(text))
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_arguments(parser)
    options, _ = parser.parse_known_args(list(argv))
    target = load_target(
        Path(options.target) if options.target else None,
        fields_of(vars(options)),
        env,
    )
    return Settings(
        target=target,
        scenario=resolve_scenario(
            options.scenario, options.seconds, options.scale, options.exams_per_year
        ),
        run_folder=Path(options.run) if options.run else None,
        runs=Path(options.runs),
        quickack=QuickAck.REARMED if options.quickack else QuickAck.KERNEL,
        audit=not options.no_audit,
    )


def _handed_over(fields: dict[str, Any]) -> Settings:
    target = Target.model_validate(fields["target"])
    folder = fields["run_folder"]
    return Settings(
        target=target,
        scenario=make_scenario(fields["scenario"], "handed over"),
        run_folder=Path(folder) if folder else None,
        runs=Path(fields["runs"]),
        quickack=QuickAck(fields["quickack"]),
        audit=fields["audit"],
        ceiling=fields["ceiling"],
    )


def resolve_scenario(
    name: str,
    seconds: float | None = None,
    scale: float | None = None,
    exams_per_year: float | None = None,
    users: int | None = None,
    levels: Sequence[str] = (),
) -> Scenario:
    """A scenario with the options of the command line applied.

    `users` is the whole number of users, shared out in the scenario's proportions.
    """
    changes: dict[str, Any] = {}
    if seconds is not None:
        changes["seconds"] = seconds
    if scale is not None:
        changes["scale"] = scale
    if levels:
        changes["levels"] = list(levels)
    scenario = load_scenario(name, changes)
    if exams_per_year is None and users is None:
        return scenario
    fields = scenario.model_dump(mode="json")
    if exams_per_year is not None:
        _set_exams_per_year(fields, exams_per_year)
    if users is not None:
        if users < len(fields["users"]):
            raise UsageError(
                f"{users} users are too few: the scenario has {len(fields['users'])} roles",
                "give each role at least one",
            )
        for table, count in zip(
            fields["users"], shares([t["count"] for t in fields["users"]], users), strict=True
        ):
            table["count"] = count
    return make_scenario(fields, name)


def _set_exams_per_year(fields: dict[str, Any], exams_per_year: float) -> None:
    """The department's size in every schedule that is given in exams a year."""
    found = [
        table["schedule"] for table in fields["users"] if table["schedule"].get("exams_per_year")
    ]
    if not found:
        raise UsageError(
            f"the scenario {fields['name']} is not given in exams a year",
            "use radiology-day, or write exams_per_year in a schedule of your scenario",
        )
    first = found[0]["exams_per_year"]
    for schedule in found:
        # Roles keep their proportions: two readings an exam stay two readings an exam.
        schedule["exams_per_year"] *= exams_per_year / first


def shares(weights: Sequence[int], whole: int) -> list[int]:
    """`whole` shared out in proportion to `weights`, at least one each, by largest remainders."""
    left = whole - len(weights)
    exact = [left * weight / sum(weights) for weight in weights]
    counts = [int(part) for part in exact]
    order = sorted(range(len(weights)), key=lambda n: counts[n] - exact[n])
    for n in order[: left - sum(counts)]:
        counts[n] += 1
    return [1 + count for count in counts]
