"""What a person does with the folder of keys: make, trust, revoke, renew, look through."""

import datetime
import json
import secrets
from pathlib import Path

from ...plant_sim.errors import ConfigError
from .certificates import (
    Role,
    find_flaw,
    fingerprint,
    load,
    self_signed,
    to_der,
    uris,
)
from .issuers import find_chain_flaw
from .pki import MODBUS, PLC, USERS, Pki, application_uri
from .private import write_file
from .secret import check_reference, fetch
from .trust import OWNER, SHOWN
from .users import SHORTEST_PASSWORD, password_row

OVERLAP = 30  # days for which a renewed certificate's predecessor stays trusted
LEAST_DIGITS = 8  # of a fingerprint, so that nobody trusts by a slip

_FOLDERS = ("own", "trusted/clients", "trusted/servers", "issuer", "rejected", "secrets")
_PRIVATE = ("", "own", "rejected", "secrets")


def init(folder: str | Path) -> Pki:
    """Make every key, certificate, password and trust list that is not there yet."""
    pki = Pki(folder)
    for part in _FOLDERS:
        (pki.folder / part).mkdir(parents=True, exist_ok=True)
    for part in _PRIVATE:
        (pki.folder / part).chmod(0o700)
    for name in (PLC, *USERS):
        target = pki.folder / "own" / f"{name}.der"
        if not target.exists():
            der, pem = self_signed(name, application_uri(name), _role(name))
            write_file(pki.folder / "own" / f"{name}.key.pem", pem, 0o600)
            write_file(target, der, 0o644)
        trusted = pki.trusted(_role(name)) / f"{name}.der"
        if not trusted.exists():
            write_file(trusted, target.read_bytes(), 0o644)
    users = _users(pki)
    for user in USERS:
        place = pki.folder / "secrets" / f"{user}.password"
        usual = pki.reference(user) == f"file:secrets/{user}.password"
        if usual and (user not in users or not place.exists()):
            write_file(place, secrets.token_urlsafe(24).encode(), 0o600)
            users.pop(user, None)
        if user not in users:
            users[user] = password_row(_good_password(pki, user, pki.reference(user)))
            _write_users(pki, users)
    key = pki.folder / "secrets" / "modbus.key"
    if not key.exists() and pki.reference(MODBUS) == "file:secrets/modbus.key":
        write_file(key, secrets.token_hex(32).encode(), 0o600)
    return pki


def add_user(pki: Pki, name: str, reference: str) -> None:
    """Make a user of the server, or give one another password; a new user can only read.

    Args:
        pki: the folder.
        name: 1 to 32 of a-z, 0-9, `-`, `_`.
        reference: where the password lies, `env:`, `keyring:` or `file:`.

    Raises:
        ConfigError: if the name, the reference or the password will not do.
    """
    if not OWNER.fullmatch(name) or name == PLC:
        raise ConfigError(
            f"user name {name!r:.60} will not do; use 1 to 32 of a-z, 0-9, - and _, not {PLC}"
        )
    check_reference(reference)
    row = password_row(_good_password(pki, name, reference))
    references = pki.references() | {name: reference}
    _write_users(pki, _users(pki) | {name: row})
    lines = [f"{who}: {json.dumps(place)}\n" for who, place in references.items()]
    head = "# where secrets lie; no secret is written here\n"
    write_file(pki.folder / "secrets.yaml", (head + "".join(lines)).encode(), 0o600)


def trust(
    pki: Pki, what: str | Path, user: str | None = None, server: str | None = None
) -> tuple[Path, str]:
    """Put a certificate on the trust list, and return its new place and its fingerprint.

    Args:
        pki: the folder.
        what: the file of a certificate, or the fingerprint (SHA-256, at least 8 digits) of one
            that waits in `rejected/`.
        user: whose it is, when it is a client's; never guessed from what it says of itself.
        server: the server's name, when it is a server's.

    Raises:
        ConfigError: if there is no such certificate, it is unfit, or not said for whom.
    """
    if (user is None) == (server is None):
        raise ConfigError(
            "say whose certificate it is; use --user NAME for a client's, --server NAME for a "
            "server's"
        )
    name = user or server or ""
    if user is not None and user not in _users(pki):
        raise ConfigError(f"user {user!r:.60} is not known; make it with: passline certs user")
    if not OWNER.fullmatch(name):
        raise ConfigError(f"name {name!r:.60} will not do; use 1 to 32 of a-z, 0-9, - and _")
    file = _found(pki, str(what))
    certificate = load(file.read_bytes(), str(file))
    role: Role = "clients" if user is not None else "servers"
    flaw = find_flaw(certificate, role) or find_chain_flaw(certificate, pki.folder / "issuer")
    if flaw is not None:
        raise ConfigError(f"{file} is not trusted: {flaw.text}")
    der = to_der(certificate)
    digits = fingerprint(der)
    others = pki.trust_list(role).owners(der) - {name}
    if others:
        raise ConfigError(
            f"{digits[:SHOWN]} already belongs to {', '.join(sorted(others))}; give {name} a "
            "certificate of its own"
        )
    target = pki.trusted(role) / f"{name}.{digits[:SHOWN]}.der"
    write_file(target, der, 0o644)
    (pki.folder / "rejected" / f"{digits[:SHOWN]}.der").unlink(missing_ok=True)
    return target, digits


def revoke(pki: Pki, digits: str) -> list[Path]:
    """Take a certificate off the trust lists at once; return the files that went.

    Raises:
        ConfigError: if no trusted certificate has this fingerprint.
    """
    _check_digits(digits)
    gone = []
    for role in ("clients", "servers"):
        for file in pki.trusted(role).glob("*.der"):
            der = file.read_bytes()
            if fingerprint(der).startswith(digits.lower()):
                write_file(pki.folder / "rejected" / f"{fingerprint(der)[:SHOWN]}.der", der, 0o600)
                file.unlink()
                gone.append(file)
    if not gone:
        raise ConfigError(f"no trusted certificate begins with {digits}; see: passline certs list")
    return gone


def renew(pki: Pki, name: str, overlap: int = OVERLAP) -> datetime.date | None:
    """Give a program of this side a new key and certificate.

    A running program keeps what it has loaded until it is started again. Until the end of the
    overlap both certificates are trusted here; every other machine must be given the new one.

    Args:
        pki: the folder.
        name: the program: `plc`, `gate`, `agent`.
        overlap: days for which the old certificate stays trusted; 0 drops it at once.

    Returns:
        The last day (UTC) of the old certificate; None when it is dropped.

    Raises:
        ConfigError: if the program has no certificate here, or the overlap is negative.
    """
    if overlap < 0:
        raise ConfigError(f"an overlap of {overlap} days is less than 0; use 0 to drop it at once")
    old = pki.certificate(name).read_bytes()
    role = _role(name)
    uri = next(iter(uris(load(old, str(pki.certificate(name))))), application_uri(name))
    der, pem = self_signed(name, uri, role)
    until = None
    listed = pki.trusted(role) / f"{name}.der"
    if overlap and listed.exists():
        until = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=overlap)
        kept = f"{name}.{fingerprint(old)[:SHOWN]}.until-{until}.der"
        write_file(listed.with_name(kept), old, 0o644)
    # Trusted first, used then: whoever starts in between still finds itself on the list.
    write_file(listed.with_name(f"{name}.{fingerprint(der)[:SHOWN]}.der"), der, 0o644)
    write_file(pki.folder / "own" / f"{name}.key.pem", pem, 0o600)
    write_file(pki.folder / "own" / f"{name}.der", der, 0o644)
    write_file(listed, der, 0o644)
    listed.with_name(f"{name}.{fingerprint(der)[:SHOWN]}.der").unlink()
    return until


def _role(name: str) -> Role:
    return "servers" if name == PLC else "clients"


def _users(pki: Pki) -> dict[str, dict[str, str]]:
    return pki.users() if (pki.folder / "users.json").exists() else {}


def _write_users(pki: Pki, users: dict[str, dict[str, str]]) -> None:
    write_file(pki.folder / "users.json", json.dumps(users, indent=1).encode(), 0o600)


def _good_password(pki: Pki, user: str, reference: str) -> str:
    password = fetch(reference, pki.folder)
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigError(
            f"the password of {user} has {len(password)} characters, fewer than "
            f"{SHORTEST_PASSWORD}; choose a longer one"
        )
    return password


def _found(pki: Pki, what: str) -> Path:
    """Return the file that `what` names: itself, or the one rejected with this fingerprint."""
    if Path(what).is_file():
        return Path(what)
    _check_digits(what)
    found = [
        file
        for file in (pki.folder / "rejected").glob("*.der")
        if fingerprint(file.read_bytes()).startswith(what.lower())
    ]
    if len(found) != 1:
        raise ConfigError(
            f"{len(found)} certificates in {pki.folder / 'rejected'} begin with {what}; "
            "see: passline certs list"
        )
    return found[0]


def _check_digits(digits: str) -> None:
    if len(digits) < LEAST_DIGITS or not set(digits.lower()) <= set("0123456789abcdef"):
        raise ConfigError(
            f"{digits!r:.80} is neither a file nor a fingerprint of at least {LEAST_DIGITS} "
            "hexadecimal digits; see: passline certs list"
        )
