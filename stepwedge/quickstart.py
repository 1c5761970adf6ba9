"""The options that name a target without a file, or change one field of it.

One table for every command line that has them: ours, pytest's and Locust's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Option:
    """`field` is the target's, dotted where it is in a table; a `flag` takes no value."""

    name: str
    field: str
    help: str
    flag: bool = False

    @property
    def destination(self) -> str:
        """The field as an identifier, for parsers that keep values as attributes."""
        return self.field.replace(".", "__")


OPTIONS: Final = (
    Option("--pacs-host", "host", "Host of the target, for a quick start without a file."),
    Option("--pacs-port", "port", "Its port, or a range such as 2104-2111."),
    Option("--pacs-aet", "ae_title", "Its AE title."),
    Option("--calling-aet", "calling_ae_title", "Our AE title."),
    Option("--claims", "claims_file", "Its Conformance Statement, to be held to it."),
    Option("--pacs-tls", "tls.enabled", "Speak TLS, as all --pacs-tls- options imply.", flag=True),
    Option("--pacs-tls-ca", "tls.ca", "Whom we trust for its certificate: authorities in PEM."),
    Option("--pacs-tls-certificate", "tls.certificate", "The certificate that we show, in PEM."),
    Option("--pacs-tls-key", "tls.key", "The key of that certificate, in PEM."),
    Option("--pacs-tls-certificates", "tls.certificates", "A folder of stepwedge certificates."),
)


def fields_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a target from parsed values by destination; what is not given is left out."""
    return {
        option.field: value
        for option in OPTIONS
        if (value := values.get(option.destination)) not in (None, False)
    }
