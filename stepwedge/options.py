"""Options that several commands share, in whatever room they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stepwedge.quickstart import OPTIONS, fields_of
from stepwedge.target import Target, load_target

_F = TypeVar("_F", bound=Callable[..., Any])


def target_options(command: _F) -> _F:
    """Adds --target and the quick-start options to a command.

    The command receives `target_file` and one argument for each option; `resolve` takes them.
    """
    for option in reversed(OPTIONS):
        command = click.option(
            option.name, option.destination, help=option.help, is_flag=option.flag
        )(command)
    return click.option(
        "--target",
        "target_file",
        type=click.Path(path_type=Path),
        help="The target file (TOML).",
    )(command)


runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Folder in which the run's own folder is made.",
)

workers_option = click.option(
    "--processes", type=click.IntRange(1, 256), default=1, help="Worker processes."
)


def resolve(target_file: Path | None, **values: Any) -> Target:
    """The target that the options name.  Raises UsageError with all that is wrong with it."""
    return load_target(target_file, fields_of(values))


def as_arguments(target_file: Path | None, **values: Any) -> list[str]:
    """The same options as words, to hand them to another process or to pytest."""
    words = [] if target_file is None else ["--target", str(target_file)]
    for option in OPTIONS:
        value = values.get(option.destination)
        if value not in (None, False):
            words += [option.name] if option.flag else [option.name, str(value)]
    return words
