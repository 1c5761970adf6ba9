"""The group of commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence

import click

from stepwedge.errors import Exit, StepwedgeError
from stepwedge.version import VERSION

# Command → the module and attribute that hold it, in the order of `stepwedge --help`.
COMMANDS = {
    "doctor": "stepwedge.cli.doctor:doctor",
    "check": "stepwedge.cli.check:check",
    "explore": "stepwedge.cli.explore:explore",
    "discover": "stepwedge.cli.discover:discover",
    "claims": "stepwedge.cli.claims:claims",
    "load": "stepwedge.loadtests.commands:load",
    "capacity": "stepwedge.loadtests.commands:capacity",
    "overhead": "stepwedge.cli.overhead:overhead",
    "synth": "stepwedge.synthetic.commands:synth",
    "serve": "stepwedge.fixtures.commands:serve",
    "certificates": "stepwedge.cli.certificates:certificates",
    "report": "stepwedge.reports.commands:report",
    "compare": "stepwedge.reports.commands:compare",
    "verify": "stepwedge.reports.commands:verify",
    "list": "stepwedge.cli.catalogue:list_checks",
    "explain": "stepwedge.cli.catalogue:explain",
    "matrix": "stepwedge.cli.matrix:matrix",
    "coverage": "stepwedge.cli.coverage:coverage",
    "defects": "stepwedge.cli.defects:defects",
    "demo": "stepwedge.cli.demo:demo",
}

# What `stepwedge --help` says of each, kept here so that help needs to import none of them.
HELP = {
    "doctor": "Look at a target and say what can be tested, and why not.",
    "check": "Run the conformance suite against a target.",
    "explore": "Say nearly valid PDUs to a target until something breaks.",
    "discover": "Draft a claims file from what a target does.",
    "claims": "Claims files: what a Conformance Statement says, as data.",
    "load": "Run a load scenario against a target.",
    "capacity": "Search the highest load at which the service levels hold.",
    "overhead": "Measure what an edge adds to the PACS behind it.",
    "synth": "Write synthetic studies to a folder.",
    "serve": "Run the reference PACS, or a real server with a working configuration.",
    "certificates": "Make a throw-away authority and certificates to try TLS with.",
    "report": "Draw the reports of a run again.",
    "compare": "Compare two runs.",
    "verify": "Verify that a run record was not changed.",
    "list": "List the checks.",
    "explain": "Show one check whole.",
    "matrix": "Check real servers side by side and write the matrix.",
    "coverage": "Show which requirements the checks cover, and why the rest is untested.",
    "defects": "Show the defects that prove the checks, or prove them.",
    "demo": "Start a server, check it, load it, and write the report.",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, HELP[name]) for name in COMMANDS])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 held, 1 not conformant, 2 service level missed or regression, "
        "3 target not reachable, 4 wrong usage or configuration, 5 nothing was executed, "
        "6 the harness failed."
    ),
)
@click.version_option(VERSION, prog_name="stepwedge")
def stepwedge() -> None:
    """Conformance and load testing for PACS and DICOM edge servers."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with one of the codes of `stepwedge.errors.Exit`."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.  Errors are printed, not raised."""
    try:
        result = stepwedge.main(args=arguments, prog_name="stepwedge", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return int(Exit.WRONG_USAGE)
    except click.ClickException as error:
        error.show()
        return int(Exit.WRONG_USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return int(Exit.HARNESS_FAILED)
    except StepwedgeError as error:
        click.echo(f"stepwedge: {error.problem}", err=True)
        if error.mend:
            click.echo(f"  → {error.mend}", err=True)
        return int(error.exit_code)
    except BrokenPipeError:
        return int(Exit.HELD)  # whoever read our output had enough
    except Exception:
        # Python's own exit code for it would be 1, which says that the target does not conform.
        traceback.print_exc()
        click.echo("stepwedge: this is a failure of the harness, not of a target", err=True)
        return int(Exit.HARNESS_FAILED)
    return int(result) if isinstance(result, int) else int(Exit.HELD)
