"""Authorities of the plant: a certificate that one of them signed must not have been revoked.

`issuer/` holds their certificates (.der, .pem) and revocation lists (.crl). An authority makes
nobody trusted: what it signed must lie on the trust list itself. It can only take trust back.
"""

import datetime
import logging
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ...plant_sim.errors import ConfigError
from .certificates import Flaw, is_authority, load

DEEPEST = 4  # authorities above one another

_log = logging.getLogger(__name__)


def find_chain_flaw(
    certificate: x509.Certificate, folder: Path, now: datetime.datetime | None = None
) -> Flaw | None:
    """Say what is wrong with the authorities above `certificate`; a self-signed one has none.

    Args:
        certificate: what is asked about.
        folder: the issuer folder.
        now: time (UTC); the clock's if None.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    below = certificate
    for _ in range(DEEPEST):
        if below.issuer == below.subject:
            return None if _signed(below, below) else _forged()
        above = _issuer_of(below, folder)
        if above is None:
            return Flaw(
                "BadCertificateChainIncomplete",
                f"its issuer {below.issuer.rfc4514_string()!r:.120} is not in {folder}; put it "
                "there, with its revocation list",
            )
        if not above.not_valid_before_utc <= now <= above.not_valid_after_utc:
            return Flaw(
                "BadCertificateIssuerTimeInvalid",
                f"its issuer is valid from {above.not_valid_before_utc:%Y-%m-%d} to "
                f"{above.not_valid_after_utc:%Y-%m-%d} only; renew it",
            )
        if flaw := _revocation(below, above, folder, now):
            return flaw
        below = above
    return Flaw("BadCertificateChainIncomplete", f"more than {DEEPEST} issuers; shorten the chain")


def _forged() -> Flaw:
    return Flaw("BadCertificateInvalid", "its signature is wrong; make a new certificate")


def _issuer_of(certificate: x509.Certificate, folder: Path) -> x509.Certificate | None:
    for file in sorted(folder.glob("*")):
        if file.suffix not in (".der", ".pem"):
            continue
        try:
            above = load(file.read_bytes(), str(file))
        except ConfigError as error:
            _log.warning("%s", error)
            continue
        if is_authority(above) and _signed(certificate, above):
            return above
    return None


def _signed(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _revocation(
    below: x509.Certificate, above: x509.Certificate, folder: Path, now: datetime.datetime
) -> Flaw | None:
    """Look for `below` in the newest list that `above` has signed; without a list it is refused."""
    lists = [
        found
        for file in folder.glob("*.crl")
        if (found := _load_list(file)) is not None and found.issuer == above.subject
        and found.is_signature_valid(above.public_key())  # type: ignore[arg-type]
    ]  # fmt: skip
    fresh = [one for one in lists if one.next_update_utc is None or one.next_update_utc >= now]
    if not fresh:
        return Flaw(
            "BadCertificateRevocationUnknown",
            f"its issuer has no valid revocation list in {folder}; put a fresh .crl there",
        )
    newest = max(fresh, key=lambda one: one.last_update_utc)
    if newest.get_revoked_certificate_by_serial_number(below.serial_number) is not None:
        return Flaw("BadCertificateRevoked", "its issuer has revoked it; make a new certificate")
    return None


def _load_list(file: Path) -> x509.CertificateRevocationList | None:
    data = file.read_bytes()
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except ValueError:
        _log.warning("%s is not a revocation list; put a DER or PEM one there", file)
        return None
