"""The target: where the server under test is, who we are to it, what it claims, what we may do.

It comes from a TOML file, from a quick start (`--pacs-host`, `--pacs-port`, `--pacs-aet`) or from
the environment.  Precedence, field by field: command-line option, then environment variable, then
file, then default.  All mistakes of a file are reported at once.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from stepwedge import toml
from stepwedge.access import Access, AuditAt, AuthenticatorAt, Tokens, Users
from stepwedge.checks import is_claimed
from stepwedge.claims import ORDINARY_PACS, unknown_claim
from stepwedge.edge import Edge, Management
from stepwedge.errors import UsageError
from stepwedge.fields import AeTitle, Port, Ports, Seconds, Table, ports_in_words
from stepwedge.httpservice import Web
from stepwedge.tls import Tls, rooted

if TYPE_CHECKING:
    from stepwedge.statement import Statement

# Environment variable → field, the third way to name a target.
ENVIRONMENT = {
    "STEPWEDGE_PACS_HOST": "host",
    "STEPWEDGE_PACS_PORT": "port",
    "STEPWEDGE_PACS_AET": "ae_title",
}
TARGET_VARIABLE = "STEPWEDGE_TARGET"


class Timeouts(Table):
    """How long to wait for the target, in seconds, by phase."""

    connect: Seconds = 5.0
    negotiate: Seconds = 10.0
    response: Seconds = 30.0
    release: Seconds = 5.0


class ReceiverAt(Table):
    """Our storage receiver, the C-MOVE destination, as the target knows it.

    `port` 0 takes a free port, which only works with a target that can be told of it.
    `host` is the address we listen on; empty means loopback for a loopback target, else all.
    """

    ae_title: AeTitle = "STEPWEDGE"
    host: str = ""
    port: Port = 11112


class Credentials(Table):
    """What DICOM User Identity negotiation (PS3.7 D.3.3.7) presents."""

    username: str = ""
    passcode: SecretStr = SecretStr("")


class Declared(Table):
    """What the Conformance Statement says of the target; each given value is checked."""

    max_pdu: Annotated[int, Field(ge=0)] | None = None
    implementation_class_uid: str | None = None
    implementation_version: str | None = None
    artim: Seconds | None = None
    idle: Seconds | None = None


class Target(Table):
    """A server under test.  A port range is one target, all of whose ports must serve."""

    name: str = ""
    host: Annotated[str, Field(min_length=1)]
    port: Ports
    ae_title: AeTitle
    calling_ae_title: AeTitle = "STEPWEDGE"
    claims: tuple[str, ...] = ORDINARY_PACS
    claims_file: Path | None = None
    allow: frozenset[Literal["load", "robustness", "destructive"]] = frozenset()
    timeouts: Timeouts = Timeouts()
    receiver: ReceiverAt = ReceiverAt()
    credentials: Credentials = Credentials()
    management: Management = Management()
    edge: Edge = Edge()
    users: Users = Users()
    access: Access = Access()
    authenticator: AuthenticatorAt = AuthenticatorAt()
    tokens: Tokens = Tokens()
    audit: AuditAt = AuditAt()
    declared: Declared = Declared()
    tls: Tls = Tls()
    web: Web = Web()

    @field_validator("claims")
    @classmethod
    def _known_claims(cls, claims: tuple[str, ...]) -> tuple[str, ...]:
        problems = [problem for problem in map(unknown_claim, claims) if problem]
        if problems:
            raise ValueError("; ".join(problems))
        return claims

    @field_validator("tls", mode="before")
    @classmethod
    def _meant(cls, table: object) -> object:
        """Whoever writes a [tls] table means TLS."""
        return {"enabled": True, **table} if isinstance(table, dict) else table

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.name:
            object.__setattr__(self, "name", self.ae_title.lower())
        return self

    @cached_property
    def statement(self) -> Statement | None:
        """The Conformance Statement in the claims file; None when the target names none."""
        from stepwedge.statement import load_statement

        return None if self.claims_file is None else load_statement(self.claims_file)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """What we listen on cannot be what the target listens on, when both are this machine."""
        ours = {
            "receiver.port": self.receiver.port if "receiver" in self.model_fields_set else 0,
            "edge.other_receiver.port": self.edge.other_receiver.port,
            "edge.gate_port": self.edge.gate_port,
        }
        taken = dict.fromkeys(self.port if self.is_loopback else (), "port")
        for key, port in ours.items():
            if port and port in taken:
                raise ValueError(f"{key} {port} overlaps with {taken[port]}; give it another one")
            taken[port] = key
        return self

    @property
    def first_port(self) -> int:
        """The port that suites speak to when a check is not about the range."""
        return self.port[0]

    @property
    def server_name(self) -> str:
        """The name that its certificate must carry."""
        return self.tls.server_name or self.host

    @property
    def is_loopback(self) -> bool:
        """True when the host is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def receiver_host(self) -> str:
        """The address our receiver listens on."""
        return self.receiver.host or ("127.0.0.1" if self.is_loopback else "0.0.0.0")

    def is_claimed(self, claim: str) -> bool:
        """True when the target claims this capability, itself, by a parent, or by its [tls]."""
        if claim.startswith("tls.") and not self.tls.enabled:
            return False
        return is_claimed(claim, (*self.claims, *self.tls.implied_claims))

    def public(self) -> dict[str, Any]:
        """All fields as plain values for the run record; secrets are starred out."""
        fields: dict[str, Any] = self.model_dump(mode="json")
        fields["allow"] = sorted(self.allow)
        if self.claims_file is not None:
            digest = hashlib.sha256(self.claims_file.read_bytes()).hexdigest()
            fields["claims_file"] = f"{self.claims_file.name} (SHA-256 {digest})"
        fields["port"] = ports_in_words(self.port)
        return fields

    def config_hash(self) -> str:
        """SHA-256 over the public fields: equal hashes mean an equally configured target."""
        return hashlib.sha256(repr(sorted(self.public().items())).encode()).hexdigest()

    def must_allow(self, what: str) -> None:
        """Raises UsageError unless the target file allows `what`.

        Load and hostile input can hurt a server that others rely on, so permission is written
        down by somebody who may give it.
        """
        if what not in self.allow:
            raise UsageError(
                f"{what} against {self.name} ({self.host}) is not allowed by its target file",
                f'if you may do that to this server, write allow = ["{what}"] into the file',
            )


def load_target(
    file: Path | None = None,
    options: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Target:
    """Resolves the target from options, environment and file, in this order of precedence.

    `options` maps field names (`host`, `port`, `receiver.port`, …) to values; None counts as not
    given.  Raises UsageError with one line a mistake.
    """
    env = os.environ if environment is None else environment
    given = {name: value for name, value in (options or {}).items() if value is not None}
    if file is None and env.get(TARGET_VARIABLE):
        file = Path(env[TARGET_VARIABLE])
    source = "the command line" if file is None else str(file)
    fields: dict[str, Any] = {} if file is None else _read(file, env)
    if file is not None and isinstance(fields.get("claims_file"), str):
        fields["claims_file"] = str(file.parent / fields["claims_file"])
    for variable, name in ENVIRONMENT.items():
        if env.get(variable):
            fields[name] = env[variable]
    for name, value in given.items():
        table, _, key = name.rpartition(".")
        if table and not isinstance(fields.get(table), dict):
            fields[table] = {}
        (fields[table] if table else fields)[key] = value
    if not fields:
        raise UsageError(
            "no target is named",
            "give --target FILE, or --pacs-host, --pacs-port and --pacs-aet, or set "
            f"{TARGET_VARIABLE}; stepwedge serve runs a reference PACS to try it on",
        )
    if file is None and "allow" not in fields and _is_loopback(str(fields.get("host"))):
        fields["allow"] = ["load"]
    try:
        target = Target.model_validate(fields)
    except ValidationError as error:
        lines = [_sentence(mistake) for mistake in error.errors()]
        raise UsageError(
            f"{source} does not describe a target:\n" + "\n".join(f"  {line}" for line in lines),
            "docs/target.md lists every key",
        ) from None
    target.tls.check()
    if target.claims_file is not None:
        from stepwedge.statement.apply import apply

        return apply(target, more="claims" in fields)
    if "statement" in target.claims:
        raise UsageError(
            f"{source} claims a statement without naming one",
            'name it: claims_file = "claims.toml", or --claims FILE',
        )
    return target


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _read(file: Path, env: Mapping[str, str]) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no target file {file}", "name an existing file with --target"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the target file {file} cannot be read: {error}") from None
    try:
        fields = toml.parse(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{file} is not TOML: {error}", 'strings need quotes: host = "192.0.2.7"'
        ) from None
    missing: list[str] = []
    filled: dict[str, Any] = _fill(fields, env, missing)
    if missing:
        raise UsageError(
            f"{file} refers to environment variables that are not set: {', '.join(missing)}",
            "export them before the run; secrets do not belong into the file",
        )
    for table in ("tls", "management", "web"):
        if isinstance(filled.get(table), dict):
            filled[table] = rooted(filled[table], file.parent)
    return filled


def _fill(value: Any, env: Mapping[str, str], missing: list[str]) -> Any:
    """Replaces ${NAME} in every string by the environment's value."""
    if isinstance(value, dict):
        return {key: _fill(item, env, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, env, missing) for item in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match[1] not in env:
            missing.append(match[1])
        return env.get(match[1], "")

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", replace, value)


# Words that keys of secrets hold.
_SECRET = ("passcode", "passphrase", "password", "secret", "token")

_EXPECTED = {
    "path_type": "expected the name of a file",
    "missing": "expected a value: this key is required",
    "extra_forbidden": "is no key of a target file",
    "string_type": "expected a string",
    "literal_error": "expected one of {expected}",
    "greater_than": "expected a number above {gt}",
    "less_than_equal": "expected a number of at most {le}",
}


def _sentence(mistake: ErrorDetails) -> str:
    key = ".".join(str(part) for part in mistake["loc"])
    context = mistake.get("ctx", {})
    if mistake["type"] == "value_error":
        expected = str(context.get("error"))
    else:
        expected = _EXPECTED.get(mistake["type"], mistake["msg"]).format(**context)
    if mistake["type"] in ("missing", "extra_forbidden"):
        return f"{key}: {expected}"
    if not key:
        return expected
    secret = any(word in key for word in _SECRET)
    shown = "(secret)" if secret else repr(mistake["input"])
    return f"{key}: read {shown}; {expected}"
