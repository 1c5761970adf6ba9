"""`stepwedge certificates`: a throw-away authority and all certificates to try TLS with."""

from __future__ import annotations

from pathlib import Path

import click

from stepwedge.errors import UsageError

_WRITTEN = """\
{folder}/ca.pem       for the target: the authority that it shall trust
{folder}/crl.pem      for the target: the authority's revocation list
{folder}/server.pem   for the target: its certificate ({names}), key in server.key
{folder}/client.pem   for us: our certificate, key in client.key
{folder}/refused/     for us: what a target that verifies must not let in
{folder}/faulty/      for the reference PACS: what a server must not show
In the target file:

[tls]
certificates = "{folder}"
"""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--name", "names", multiple=True, help="A host name or address of the target; may be repeated."
)
def certificates(folder: Path, names: tuple[str, ...]) -> None:
    """Make a throw-away authority and certificates to try TLS with, in FOLDER.

    The authority's key is not kept: a folder can be thrown away, not added to.  This machine's
    loopback names are always in the certificates.
    """
    from stepwedge.fixtures.certificates import Certificates

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "name a folder that is not there yet")
    made = Certificates(names)
    made.write(folder)
    click.echo(_WRITTEN.format(folder=folder, names=", ".join(made.names)))
