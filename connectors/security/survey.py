"""Every certificate of a folder of keys, and what a person should do about it."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from ...plant_sim.errors import ConfigError
from .certificates import (
    Role,
    days_left,
    expiry_warning,
    find_flaw,
    fingerprint,
    load,
    roles,
    to_der,
    uris,
)
from .pki import Pki
from .trust import SHOWN


@dataclass(frozen=True, slots=True)
class Found:
    """One certificate of the folder.

    Attributes:
        name: whose it is; empty for a stranger.
        where: own, trusted/clients, trusted/servers, issuer or rejected.
        subject: its subject.
        uri: its application URI.
        days_left: whole days until it ends.
        until: last day of an overlap; empty without.
        fingerprint: SHA-256, hexadecimal.
        english: what to do about it; empty when there is nothing to do.
        korean: the same.
    """

    name: str
    where: str
    subject: str
    uri: str
    days_left: int
    until: str
    fingerprint: str
    english: str
    korean: str


def survey(pki: Pki, now: datetime.datetime | None = None) -> list[Found]:
    """Return every certificate of the folder, with what a person should do about it."""
    return list(_survey(pki, now))


def _survey(pki: Pki, now: datetime.datetime | None) -> Iterator[Found]:
    for where in ("own", "trusted/clients", "trusted/servers", "issuer", "rejected"):
        for file in sorted((pki.folder / where).glob("*")):
            if file.suffix not in (".der", ".pem") or file.name.endswith(".key.pem"):
                continue
            name, _, rest = file.stem.partition(".")
            until = rest.partition("until-")[2]
            name = "" if where == "rejected" else name
            try:
                certificate = load(file.read_bytes(), str(file))
            except ConfigError as error:
                yield Found(name, where, "", "", 0, until, "", str(error), f"인증서 아님: {file}")
                continue
            digits, left = fingerprint(to_der(certificate)), days_left(certificate, now)
            warning = expiry_warning(left, name or "NAME") or ("", "")
            if until and where != "own":
                warning = (f"replaced; trusted until {until}", f"교체됨; {until}까지 신뢰")
            if where == "rejected":
                warning = _review(certificate, digits)
            yield Found(
                name, where, _printable(certificate.subject.rfc4514_string()),
                _printable(", ".join(uris(certificate))), left, until, digits, *warning,
            )  # fmt: skip


def _review(certificate: x509.Certificate, digits: str) -> tuple[str, str]:
    role: Role = next(iter(roles(certificate)), "clients")
    flaw = find_flaw(certificate, role)
    if flaw is not None:
        return f"unfit: {flaw.text}", f"사용 불가: {flaw.text}"
    option = "--user NAME" if role == "clients" else "--server NAME"
    remedy = f"passline certs trust {digits[:SHOWN]} {option}"
    return f"waits for review; if it is known, run: {remedy}", f"검토 대기; 확인 후 실행: {remedy}"


def _printable(text: str) -> str:
    """Return what a stranger wrote as harmless characters: a terminal obeys some of the others."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
