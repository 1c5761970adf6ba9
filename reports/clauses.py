"""Where a clause of the standard can be read.

NEMA publishes each edition as DocBook-made HTML whose anchors are the section and table numbers.
"""

from __future__ import annotations

import re

_SECTION = re.compile(r"PS3\.(\d{1,2}) (?:§ ?)?([A-Z0-9]+(?:\.[0-9A-Za-z]+)*(?:-\d+)?)")
_TABLE = re.compile(r"PS3\.(\d{1,2}) (?:Table|T) ?([A-Z0-9.]+-\w+)")
_EDITION = re.compile(r"20\d\d[a-e]")


def address(clause: str, edition: str) -> str:
    """The web address of a clause such as `PS3.4 C.2.2.2.2`, or an empty string for others."""
    volume = edition if _EDITION.fullmatch(edition) else "current"
    for pattern, kind in ((_TABLE, "table"), (_SECTION, "sect")):
        if match := pattern.match(clause):
            part = f"part{int(match[1]):02}"
            return (
                f"https://dicom.nema.org/medical/dicom/{volume}/output/html/{part}.html"
                f"#{kind}_{match[2]}"
            )
    return ""
