"""What a target file says of a service over HTTP: where it is, and who we are to it."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from pydantic import BeforeValidator, SecretStr

from stepwedge.fields import Seconds, Table


def _url(value: object) -> object:
    """The root of an HTTP interface, without a slash at its end."""
    if isinstance(value, str) and value and not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        raise ValueError('expected a URL such as "https://edge.example:8443"')
    return value.rstrip("/") if isinstance(value, str) else value


Url = Annotated[str, BeforeValidator(_url)]


class HttpService(Table):
    """An HTTP interface below `url`.

    `username` and `password`, or `token`, are shown with every request.  `ca` is a file of
    authorities, in PEM, that are trusted for an https URL.
    """

    url: Url = ""
    username: str = ""
    password: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    ca: str = ""
    timeout: Seconds = 10.0


class Web(HttpService):
    """The `[web]` table: the target's DICOMweb services (PS3.18), `url` being their root."""

    timeout: Seconds = 30.0


def basic(username: str, password: str) -> str:
    """The Authorization header field of a user (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def web_table(url: str, username: str, password: str) -> str:
    """The `[web]` table of a target file, for those who write one."""
    return f'[web]\nurl = "{url}"\nusername = "{username}"\npassword = "{password}"\n'
