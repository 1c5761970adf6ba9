"""What a target file says of access: users, AE titles with limited rights, and who is told.

`[users]` are people whom the target knows, by the part they play; `[access]` AE titles and how
studies are released; `[authenticator]` the RADIUS authenticator that the harness plays; `[tokens]`
whose JSON Web Tokens the target believes; `[audit]` where it sends its audit trail.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from stepwedge.fields import AeTitle, Port, Seconds, Table


class User(Table):
    """A username and its passcode, written as ${NAME} of an environment variable."""

    name: Annotated[str, Field(min_length=1)]
    passcode: SecretStr


class Users(Table):
    """People whom the target knows.

    To the `physician` studies are released, to the `colleague`, another physician, none.  `locked`
    is a user who is locked, `international` one whose name or passcode is beyond ASCII, `clerk`
    one who may query and not retrieve.
    """

    physician: User | None = None
    colleague: User | None = None
    locked: User | None = None
    international: User | None = None
    clerk: User | None = None

    def all(self) -> dict[str, User]:
        """Those that are named, by their part."""
        parts = {part: getattr(self, part) for part in type(self).model_fields}
        return {part: user for part, user in parts.items() if user is not None}


class Access(Table):
    """AE titles that the target knows, and what it lets them do.

    From `outside` a user's identity is demanded; `echo_only` and `store_only` may do just that;
    `bound` may call from `bound_address` only, and not from `elsewhere` (addresses of ours).
    `release` and `withdraw` are shell commands that release a study, or take that back; they find
    the user and the Study Instance UID in STEPWEDGE_USER and STEPWEDGE_STUDY.  `logs` are files
    that the target writes, in which no credentials may be.
    """

    outside: AeTitle = "OUTSIDE"
    echo_only: AeTitle | None = None
    store_only: AeTitle | None = None
    bound: AeTitle | None = None
    bound_address: str = ""
    elsewhere: str = ""
    release: str = ""
    withdraw: str = ""
    logs: tuple[str, ...] = ()


class AuthenticatorAt(Table):
    """The RADIUS authenticator that the harness plays, as the target knows it.

    `limit` is within how many seconds the target decides when it gets no answer.
    """

    host: str = "127.0.0.1"
    port: Port = 1812
    accounting_port: Port = 1813
    secret: SecretStr = SecretStr("")
    limit: Seconds = 10.0


class Tokens(Table):
    """Whose JSON Web Tokens (HS256) the target believes."""

    key: SecretStr = SecretStr("")
    issuer: str = ""
    audience: str = ""


class AuditAt(Table):
    """Our collector of audit messages, as the target knows it.

    `within` is after how many seconds at most a message is there.  Over TLS the collector shows
    `certificate` with `key` (PEM files).
    """

    host: str = "127.0.0.1"
    port: Port = 6514
    transport: Literal["udp", "tls"] = "udp"
    certificate: str = ""
    key: str = ""
    within: Seconds = 5.0
