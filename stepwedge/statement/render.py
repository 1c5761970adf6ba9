"""A statement as the text of a claims file, ready to be edited."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from stepwedge.statement import names
from stepwedge.statement.model import Statement

_WIDTH = 100


def render(statement: Statement, notes: Iterable[str] = ()) -> str:
    """The file; `notes` become comments at its top.

    SOP classes with the same transfer syntaxes are written as one offer, and each list of transfer
    syntaxes once, under a name.
    """
    lines = [f"# {line}" for note in notes for line in textwrap.wrap(note, _WIDTH - 2)]
    if statement.character_sets:
        lines += ["", *_list("character_sets", statement.character_sets)]
    for section in (
        "product", "implementation", "limits", "association", "storage", "commitment", "security",
    ):  # fmt: skip
        lines += _model(section, getattr(statement, section))
    lines += _offers(statement)
    for model, extended in statement.extended.items():
        lines += _model(f"extended_negotiation.{model}", extended)
    for model, levels in statement.keys.items():
        for level, keys in levels.items():
            lines += ["", f"[keys.{model}.{level}]"]
            lines += [f"{_key(keyword)} = {_value(types)}" for keyword, types in keys.items()]
    if statement.status:
        lines += ["", "[status]"]
        lines += [f"{service} = {_value(held)}" for service, held in statement.status.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _model(section: str, model: BaseModel) -> Iterator[str]:
    fields = model.model_dump(exclude_defaults=True)
    if fields:
        yield ""
        yield f"[{section}]"
        yield from (f"{key} = {_value(value)}" for key, value in fields.items())


def _offers(statement: Statement) -> Iterator[str]:
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for role in ("SCP", "SCU"):
        for uid, syntaxes in statement.offered(role).items():
            groups.setdefault((role, syntaxes), []).append(uid)
    sets = {syntaxes: name for name, syntaxes in statement.sets.items()}
    for _, syntaxes in groups:
        if len(syntaxes) > 1:
            sets.setdefault(syntaxes, f"set-{len(sets) + 1}")
    if sets:
        yield ""
        yield "[transfer_syntax_sets]"
        for syntaxes, name in sets.items():
            yield from _list(name, map(_named, syntaxes))
    for (role, syntaxes), classes in groups.items():
        yield ""
        yield "[[sop_classes]]"
        yield f'role = "{role}"'
        yield from _list("classes", map(_named, classes))
        used = (sets[syntaxes],) if syntaxes in sets else tuple(map(_named, syntaxes))
        yield f"transfer_syntaxes = {_value(used)}"


def _named(uid: str) -> str:
    """The keyword of a UID where it means that UID again, else the UID."""
    from pydicom.uid import UID

    keyword = str(UID(uid).keyword or "")
    for resolve in (names.sop_class, names.transfer_syntax):
        try:
            if keyword and resolve(keyword) == uid:
                return keyword
        except ValueError:
            continue
    return uid


def _list(key: str, values: Iterable[str]) -> Iterator[str]:
    yield f"{key} = ["
    yield from (f"    {_value(value)}," for value in values)
    yield "]"


def _key(text: str) -> str:
    return text if text.replace("-", "").replace("_", "").isalnum() else json.dumps(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
