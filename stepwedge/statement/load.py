"""Reading `claims.toml`: every mistake of a file at once, each with its place and a way to mend it.

First each section by itself (unknown keys, UIDs and tags, values out of range), then what sections
say of one another: a key of a model that is not claimed, a SOP class without transfer syntax.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from stepwedge import toml
from stepwedge.errors import UsageError
from stepwedge.statement import names
from stepwedge.statement.model import (
    APPLIES,
    MATCHING,
    SERVICES,
    Commitment,
    Extended,
    Fields,
    Implementation,
    Limits,
    Offer,
    Policy,
    Product,
    Security,
    Statement,
    Status,
    Storage,
    Term,
)

DOCUMENT = "docs/claims.md shows every section"

# Sections of the file that are models of their own, by the name of the statement's field.
_MODELS: dict[str, type[BaseModel]] = {
    "product": Product,
    "implementation": Implementation,
    "limits": Limits,
    "association": Policy,
    "storage": Storage,
    "commitment": Commitment,
    "security": Security,
}
_OTHERS = (
    *("sop_classes", "transfer_syntax_sets", "keys", "extended_negotiation"),
    *("character_sets", "status"),
)
SECTIONS = (*_MODELS, *_OTHERS)


def load_statement(file: Path) -> Statement:
    """Reads a claims file.  Raises UsageError with a line for each mistake."""
    try:
        fields = toml.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no claims file {file}",
            "name an existing file; stepwedge discover drafts one from what a server does",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not TOML: {error}", DOCUMENT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the claims file {file} cannot be read: {error}") from None
    return statement_of(fields, str(file))


def statement_of(fields: Fields, source: str) -> Statement:
    """The statement that parsed TOML describes.  Raises UsageError likewise."""
    reader = _Reader()
    statement = reader.read(fields)
    if not any(line.startswith("sop_classes") for line in reader.mistakes):
        # All of these ask what is offered: a name that was not understood would be missed there.
        reader.mistakes += list(contradictions(statement))
    if reader.mistakes:
        lines = "\n".join(f"  {line}" for line in dict.fromkeys(reader.mistakes))
        raise UsageError(f"{source} is no claims file:\n{lines}", DOCUMENT)
    return statement


class _Reader:
    """Reads section by section, and keeps what is wrong with each."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def read(self, fields: Fields) -> Statement:
        for key in fields.keys() - set(SECTIONS):
            self._wrong(key, f"is no section of a claims file{names.meant(key, SECTIONS)}")
        found: dict[str, Any] = {
            name: value
            for name, model in _MODELS.items()
            if (value := self._model(model, fields.get(name, {}), name)) is not None
        }
        sets = {
            name: self._each(syntaxes, names.transfer_syntax, f"transfer_syntax_sets.{name}")
            for name, syntaxes in self._table(fields, "transfer_syntax_sets").items()
        }
        return Statement(
            **found,
            sets=sets,
            offers=self._offers(fields.get("sop_classes", []), sets),
            keys=self._keys(self._table(fields, "keys")),
            extended=self._extended(self._table(fields, "extended_negotiation")),
            character_sets=self._adapted(
                tuple[Term, ...], fields.get("character_sets", ()), "character_sets"
            ),
            status=self._status(self._table(fields, "status")),
        )

    def _offers(self, value: Any, sets: Fields) -> tuple[Offer, ...]:
        if not isinstance(value, list):
            self._wrong("sop_classes", "expected tables, each begun with [[sop_classes]]")
            return ()
        offers = []
        for number, fields in enumerate(value, start=1):
            place = f"sop_classes {number}"
            offer = self._model(Offer, fields, place)
            if not isinstance(offer, Offer):
                continue
            if not offer.transfer_syntaxes:
                shown = ", ".join(map(names.name, offer.classes[:3]))
                self._wrong(
                    f"{place}.transfer_syntaxes",
                    f"{shown} cannot be offered without a transfer syntax; name at least one",
                )
            unknown = [text for text in offer.transfer_syntaxes if text not in sets]
            self._each(unknown, names.transfer_syntax, f"{place}.transfer_syntaxes", sets)
            offers.append(offer)
        return tuple(offers)

    def _keys(self, table: Fields) -> dict[str, dict[str, dict[str, tuple[str, ...]]]]:
        found: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {}
        for model in table:
            if model not in names.LEVELS:
                what = f"is no information model{names.meant(model, names.LEVELS)}"
                self._wrong(f"keys.{model}", f"{what} (known: {', '.join(names.LEVELS)})")
                continue
            levels_of = self._table(table, model, "keys.")
            for level in levels_of:
                place = f"keys.{model}.{level}"
                if level not in names.LEVELS[model]:
                    known = ", ".join(names.LEVELS[model])
                    self._wrong(place, f"is no level of this model; its levels are {known}")
                    continue
                for key, types in self._table(levels_of, level, f"keys.{model}.").items():
                    keyword = self._resolved(key, names.attribute, f"{place}.{key}", quoted=False)
                    held = self._matching(types, keyword, f"{place}.{key}")
                    if keyword:
                        found.setdefault(model, {}).setdefault(level, {})[keyword] = held
        return found

    def _matching(self, types: Any, keyword: str, place: str) -> tuple[str, ...]:
        if not isinstance(types, list):
            self._wrong(place, f"read {types!r}; expected a list of matching types")
            return ()
        for text in types:
            if text not in MATCHING:
                hint = names.meant(str(text), MATCHING)
                self._wrong(place, f"read {text!r}; expected one of {', '.join(MATCHING)}{hint}")
        if not types:
            self._wrong(place, 'is empty; write ["returned"] for a key that is only returned')
        if "returned" in types and len(types) > 1:
            self._wrong(place, "is said to be matched and to be only returned")
        if keyword:
            vr = names.vr_of(keyword)
            for text in types:
                where = APPLIES.get(text)
                if where is not None and vr not in where:
                    fits = ", ".join(sorted(where))
                    self._wrong(
                        place,
                        f"{text} matching does not exist for its VR {vr}, only for {fits} "
                        "(PS3.4 C.2.2.2)",
                    )
        return tuple(text for text in types if text in MATCHING)

    def _extended(self, table: Fields) -> dict[str, Extended]:
        found = {}
        for model, fields in table.items():
            place = f"extended_negotiation.{model}"
            if model not in names.FIND:
                self._wrong(place, f"is no information model{names.meant(model, names.FIND)}")
            elif isinstance(value := self._model(Extended, fields, place), Extended):
                found[model] = value
        return found

    def _status(self, table: Fields) -> dict[str, tuple[str, ...]]:
        found = {}
        for service, statuses in table.items():
            place = f"status.{service}"
            if service not in SERVICES:
                self._wrong(place, f"is no service{names.meant(service, SERVICES)}")
                continue
            held = self._adapted(tuple[Status, ...], statuses, place)
            found[service] = tuple(str(status).upper().replace("X", "x") for status in held)
        return found

    # -- parts of sections -----------------------------------------------------------------------

    def _table(self, fields: Fields, name: str, place: str = "") -> Fields:
        value = fields.get(name, {})
        if isinstance(value, dict):
            return value
        self._wrong(place + name, f"read {value!r}; expected a table")
        return {}

    def _each(
        self, texts: Any, resolve: names.Resolver, place: str, also: Iterable[str] = ()
    ) -> tuple[str, ...]:
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self._wrong(place, f"read {texts!r}; expected a list of strings")
            return ()
        found = []
        for text in texts:
            hint = names.meant(text, also)
            if uid := self._resolved(text, resolve, place, hint=hint):
                found.append(uid)
        return tuple(found)

    def _resolved(
        self,
        text: str,
        resolve: names.Resolver,
        place: str,
        *,
        quoted: bool = True,
        hint: str = "",
    ) -> str:
        try:
            return resolve(text)
        except ValueError as problem:
            read = f"read {text!r}, which " if quoted else ""
            self._wrong(place, f"{read}{problem}{'' if 'did you mean' in str(problem) else hint}")
            return ""

    def _model(self, model: type[BaseModel], fields: Any, place: str) -> BaseModel | None:
        try:
            return model.model_validate(fields)
        except ValidationError as error:
            for mistake in error.errors():
                # Items that are wrong leave a list short, which is no mistake of its own.
                if mistake["type"] != "too_short" or not mistake["input"]:
                    self._wrong(*_sentence(mistake, place, model.model_fields))
            return None

    def _adapted(self, kind: Any, value: Any, place: str) -> tuple[Any, ...]:
        try:
            adapted: tuple[Any, ...] = TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            for mistake in error.errors():
                self._wrong(*_sentence(mistake, place, ()))
            return ()
        return adapted

    def _wrong(self, place: str, what: str) -> None:
        self.mistakes.append(f"{place}: {what}")


_EXPECTED = {
    "missing": "expected a value: this key is required",
    "string_type": "expected a string",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number of seconds",
    "model_type": "expected a table",
    "literal_error": "expected {expected}",
    "greater_than": "expected a number above {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "string_too_long": "expected at most {max_length} characters",
    "string_too_short": "expected at least {min_length} characters",
    "too_short": "expected at least one",
    "tuple_type": "expected a list",
}
_PATTERNS = {
    "class_uid": "expected a UID: digits and dots",
    "status": "expected four hexadecimal digits, the last of which may be x (A7xx)",
}


def _sentence(mistake: ErrorDetails, place: str, known: Iterable[str]) -> tuple[str, str]:
    where = ".".join([place, *(str(part) for part in mistake["loc"] if isinstance(part, str))])
    context = mistake.get("ctx", {})
    kind = mistake["type"]
    if kind == "extra_forbidden":
        return where, f"is no key of this section{names.meant(str(mistake['loc'][-1]), known)}"
    if kind == "value_error":
        return where, f"read {mistake['input']!r}, which {context.get('error')}"
    expected = _EXPECTED.get(kind, mistake["msg"]).format(**context)
    if place.startswith("status"):
        expected = _PATTERNS["status"]
    elif kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(str(mistake["loc"][-1]), expected)
    if kind == "missing":
        return where, expected
    return where, f"read {mistake['input']!r}; {expected}"


# -- what sections say of one another -------------------------------------------------------------


def contradictions(statement: Statement) -> Iterable[str]:
    """What cannot be true of one server, in sentences."""
    for rule in _RULES:
        yield from rule(statement)


def _keys_without_model(statement: Statement) -> Iterable[str]:
    for model in statement.keys:
        if not statement.provides(names.FIND[model]):
            yield (
                f"keys.{model}: keys are claimed, but {names.name(names.FIND[model])} is not "
                "claimed as SCP under [[sop_classes]]"
            )


def _extended_without_model(statement: Statement) -> Iterable[str]:
    for model in statement.extended:
        if not statement.provides(names.FIND[model]):
            yield (
                f"extended_negotiation.{model}: {names.name(names.FIND[model])} is not claimed as "
                "SCP under [[sop_classes]]"
            )


def _status_without_service(statement: Statement) -> Iterable[str]:
    for service in statement.status:
        if not any(map(statement.provides, classes_of(service, statement))):
            yield f"status.{service}: no SOP class of this service is claimed as SCP"


def _storage_without_class(statement: Statement) -> Iterable[str]:
    if statement.storage.level is not None and not _stores(statement):
        yield "storage.level: no SOP class of the Storage service is claimed as SCP"


def _commitment_without_class(statement: Statement) -> Iterable[str]:
    if statement.commitment.same_association and not statement.provides(names.COMMITMENT):
        yield "commitment: Storage Commitment Push Model is not claimed as SCP"


def _stores(statement: Statement) -> bool:
    return any(map(names.is_storage, statement.offered_classes("SCP")))


def classes_of(service: str, statement: Statement) -> Iterable[str]:
    """The SOP classes of a service; of storage, those that the statement names."""
    match service:
        case "echo":
            return (names.VERIFICATION,)
        case "store":
            return tuple(filter(names.is_storage, statement.offered_classes("SCP")))
        case "find":
            return (names.FIND["patient-root"], names.FIND["study-root"])
        case "move":
            return tuple(names.MOVE.values())
        case "get":
            return tuple(names.GET.values())
        case "commitment":
            return (names.COMMITMENT,)
        case "mpps":
            return (names.STEP,)
        case _:
            return (names.WORKLIST,)


_RULES: tuple[Callable[[Statement], Iterable[str]], ...] = (
    _keys_without_model,
    _extended_without_model,
    _status_without_service,
    _storage_without_class,
    _commitment_without_class,
)
