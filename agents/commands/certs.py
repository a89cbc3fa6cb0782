"""Commands for who is who: certificates, the trust list, users and their passwords."""

from pathlib import Path
from typing import Annotated

import typer

from .screen import RUN, AsJson, show_facts, show_json, show_rows

app = typer.Typer()
certs_app = typer.Typer(help="Certificates, users and keys.", no_args_is_help=True)
app.add_typer(certs_app, name="certs")

Folder = Annotated[Path, typer.Option("--pki", help="The folder of keys.")]
PKI = RUN / "pki"


@certs_app.command("init")
def certs_init(
    folder: Annotated[Path, typer.Argument(help="Where keys are kept.")] = PKI,
) -> None:
    """Make every certificate, password and key that is not there yet; the rest stays as it is."""
    from ...connectors.security import init

    typer.echo(f"keys are in place in {init(folder).folder}")


@certs_app.command("list")
def certs_list(folder: Folder = PKI, as_json: AsJson = False) -> None:
    """List own, trusted, issuing and rejected certificates, and what to do about each."""
    from ...connectors.security import Pki
    from ...connectors.security.survey import survey

    found = survey(Pki(folder))
    if as_json:
        show_json(found)
        return
    rows = [
        {
            "name": row.name,
            "where": row.where,
            "subject": row.subject,
            "URI": row.uri,
            "days left": row.days_left,
            "fingerprint": row.fingerprint[:16],
            "to do": row.english,
            "할 일": row.korean,
        }
        for row in found
    ]
    show_rows(rows, as_json, nothing=f"no certificate in {folder}; run: passline certs init")


@certs_app.command("trust")
def certs_trust(
    what: Annotated[str, typer.Argument(help="A file, or the fingerprint of a rejected one.")],
    user: Annotated[str | None, typer.Option(help="Whose it is: a user of our server.")] = None,
    server: Annotated[str | None, typer.Option(help="Which server it is that we pin.")] = None,
    folder: Folder = PKI,
    as_json: AsJson = False,
) -> None:
    """Trust a certificate; compare its fingerprint with the owner's on another way first."""
    from ...connectors.security import Pki
    from ...connectors.security.upkeep import trust

    place, digits = trust(Pki(folder), what, user=user, server=server)
    show_facts({"trusted": place, "sha256": digits}, as_json)


@certs_app.command("revoke")
def certs_revoke(
    fingerprint: Annotated[str, typer.Argument(help="SHA-256, at least 8 digits.")],
    folder: Folder = PKI,
) -> None:
    """Trust a certificate no longer, from the next connection on; open sessions stay."""
    from ...connectors.security import Pki
    from ...connectors.security.upkeep import revoke

    for file in revoke(Pki(folder), fingerprint):
        typer.echo(f"no longer trusted: {file}; it waits in rejected/")


@certs_app.command("renew")
def certs_renew(
    name: Annotated[str, typer.Argument(help="plc, gate or agent.")],
    overlap: Annotated[int, typer.Option(min=0, help="Days the old one stays trusted.")] = 30,
    folder: Folder = PKI,
) -> None:
    """Make a new key and certificate; a running program keeps the old one until its restart."""
    from ...connectors.security import Pki
    from ...connectors.security.upkeep import renew

    until = renew(Pki(folder), name, overlap)
    old = f"the old one is trusted until {until}" if until else "the old one is not trusted"
    typer.echo(f"{name} has a new key and certificate; {old}; restart {name} to use it")


@certs_app.command("user")
def certs_user(
    name: Annotated[str, typer.Argument(help="1 to 32 of a-z, 0-9, - and _.")],
    password: Annotated[
        str,
        typer.Option(help="Where it lies: env:NAME, keyring:SERVICE/NAME or file:PATH."),
    ],
    folder: Folder = PKI,
) -> None:
    """Make a user who can read, or give one another password; the password is never an argument."""
    from ...connectors.security import Pki
    from ...connectors.security.upkeep import add_user

    add_user(Pki(folder), name, password)
    typer.echo(f"{name} has the password at {password}; trust his certificate to let him in")
