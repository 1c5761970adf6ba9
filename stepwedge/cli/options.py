"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from stepwedge.target import Target, load_target

_F = TypeVar("_F", bound=Callable[..., Any])

# Command-line option → field of the target.
TARGET_OPTIONS = {
    "--pacs-host": ("host", "Host of the target, for a quick start without a file."),
    "--pacs-port": ("port", "Its port, or a range such as 2104-2111."),
    "--pacs-aet": ("ae_title", "Its AE title."),
    "--calling-aet": ("calling_ae_title", "Our AE title."),
}


def target_options(command: _F) -> _F:
    """Adds --target and the quick-start options to a command.

    The command receives `target_file` and one argument for each field; `resolve` takes them.
    """
    for option, (field, text) in reversed(TARGET_OPTIONS.items()):
        command = click.option(option, field, help=text)(command)
    return click.option(
        "--target",
        "target_file",
        type=click.Path(path_type=Path),
        help="The target file (TOML).",
    )(command)


def resolve(target_file: Path | None, **fields: Any) -> Target:
    """The target that the options name.  Raises UsageError with all that is wrong with it."""
    return load_target(target_file, fields)


def as_arguments(target_file: Path | None, **fields: Any) -> list[str]:
    """The same options as words, to hand them to another process or to pytest."""
    names = {field: option for option, (field, _) in TARGET_OPTIONS.items()}
    words = [] if target_file is None else ["--target", str(target_file)]
    for field, value in fields.items():
        if value is not None:
            words += [names[field], str(value)]
    return words
