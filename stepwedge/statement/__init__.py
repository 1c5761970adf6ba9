"""The Conformance Statement of a target as data: `claims.toml`, in the order of PS3.2 Annex N.

`load_statement` reads and checks a file, `render` writes one, `implied` derives the dotted claims
that select checks, and the importers read what vendors publish.
"""

from stepwedge.statement.implied import implied
from stepwedge.statement.load import load_statement
from stepwedge.statement.model import Statement
from stepwedge.statement.render import render

__all__ = ["Statement", "implied", "load_statement", "render"]
