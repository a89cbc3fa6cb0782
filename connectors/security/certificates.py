"""Certificates of applications: making one, reading one, and saying what is wrong with one."""

import datetime
import hashlib
import ipaddress
import socket
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...plant_sim.errors import ConfigError

Role = Literal["clients", "servers"]

VALID = datetime.timedelta(days=3 * 365)
RSA_BITS = (2048, 4096)  # what both security policies accept
WARN_DAYS = (7, 30, 60)  # days before the end at which a warning grows louder
_DIGESTS = ("sha256", "sha384", "sha512")
_PURPOSE = {
    "clients": ExtendedKeyUsageOID.CLIENT_AUTH,
    "servers": ExtendedKeyUsageOID.SERVER_AUTH,
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a certificate is refused.

    Attributes:
        status: name of the OPC UA status code.
        text: one sentence: what, value, limit, remedy.
    """

    status: str
    text: str


def self_signed(name: str, uri: str, role: Role) -> tuple[bytes, bytes]:
    """Return a new certificate (DER) and its private key (PEM) for a program on this machine."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[0])
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "passline"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    names = [
        x509.UniformResourceIdentifier(uri),
        *(x509.DNSName(host) for host in ("localhost", socket.gethostname())),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True,
        data_encipherment=True, key_agreement=False, key_cert_sign=True, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    public = private.public_key()
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([_PURPOSE[role]]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return signed.public_bytes(serialization.Encoding.DER), pem


def load(data: bytes, what: str) -> x509.Certificate:
    """Return the certificate in `data`, DER or PEM.

    Raises:
        ConfigError: if it is none; `what` names it.
    """
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise ConfigError(f"{what} is not a certificate; give a DER or PEM file") from error


def to_der(certificate: x509.Certificate) -> bytes:
    """Return the DER form."""
    return certificate.public_bytes(serialization.Encoding.DER)


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate in hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def uris(certificate: x509.Certificate) -> list[str]:
    """Return the application URIs that the certificate carries."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return list(found.value.get_values_for_type(x509.UniformResourceIdentifier))


def roles(certificate: x509.Certificate) -> list[Role]:
    """Return what the certificate may be used as."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        return []
    both: tuple[Role, Role] = ("clients", "servers")
    return [role for role in both if _PURPOSE[role] in found.value]


def days_left(certificate: x509.Certificate, now: datetime.datetime | None = None) -> int:
    """Return the whole days until the certificate ends; negative when it has ended."""
    left = certificate.not_valid_after_utc - (now or datetime.datetime.now(datetime.UTC))
    return left.days


def expiry_warning(days: int, name: str) -> tuple[str, str] | None:
    """Return an English and a Korean warning when a certificate ends soon, else None.

    Args:
        days: what `days_left` returned.
        name: whose certificate it is, for the remedy.
    """
    remedy = f"passline certs renew {name}"
    if days < 0:
        return f"expired {-days} days ago; run: {remedy}", f"{-days}일 전에 만료됨; 실행: {remedy}"
    for limit in WARN_DAYS:
        if days <= limit:
            return (
                f"expires in {days} days (limit {limit}); run: {remedy}",
                f"{days}일 뒤 만료(기준 {limit}일); 실행: {remedy}",
            )
    return None


def find_flaw(
    certificate: x509.Certificate, role: Role, now: datetime.datetime | None = None
) -> Flaw | None:
    """Say what makes a certificate unfit for an application, whoever it belongs to."""
    return _weak(certificate) or _untimely(certificate, now) or _misused(certificate, role)


def wrong_uri(certificate: x509.Certificate, uri: str | None) -> Flaw | None:
    """Say whether the application calls itself otherwise than its certificate."""
    known = uris(certificate)
    if uri in known:
        return None
    return Flaw(
        "BadCertificateUriInvalid",
        f"the application calls itself {uri!r:.120}, its certificate {known!r:.200}; make them the "
        "same",
    )


def _weak(certificate: x509.Certificate) -> Flaw | None:
    low, high = RSA_BITS
    try:
        key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return Flaw("BadCertificateInvalid", "its key cannot be read; make an RSA key of 2048 bits")
    if not isinstance(key, rsa.RSAPublicKey) or not low <= key.key_size <= high:
        bits = getattr(key, "key_size", 0)
        kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__
        return Flaw(
            "BadCertificatePolicyCheckFailed",
            f"its key is {kind} of {bits} bits, not RSA of {low} to {high}; make a new key",
        )
    if digest is None or digest.name not in _DIGESTS:
        name = digest.name if digest else "no digest"
        return Flaw(
            "BadCertificatePolicyCheckFailed",
            f"it is signed with {name}, not {', '.join(_DIGESTS)}; make a new certificate",
        )
    return None


def _untimely(certificate: x509.Certificate, now: datetime.datetime | None) -> Flaw | None:
    now = now or datetime.datetime.now(datetime.UTC)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins <= now <= ends:
        return None
    word = "is not valid before" if now < begins else "has expired at"
    return Flaw(
        "BadCertificateTimeInvalid",
        f"it {word} {begins if now < begins else ends:%Y-%m-%d %H:%M} UTC; "
        "set the clock right or renew it",
    )


def _misused(certificate: x509.Certificate, role: Role) -> Flaw | None:
    try:
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return Flaw(
            "BadCertificateInvalid", "it does not say what its key is for; make it for OPC UA"
        )
    if is_authority(certificate):
        return Flaw(
            "BadCertificateUseNotAllowed",
            "it is an authority (CA flag), not an application; make one with CA:FALSE",
        )
    if not (
        usage.digital_signature
        and usage.content_commitment
        and usage.key_encipherment
        and usage.data_encipherment
    ):
        return Flaw(
            "BadCertificateUseNotAllowed",
            "its key usage lacks one of digitalSignature, nonRepudiation, keyEncipherment, "
            "dataEncipherment; make it for OPC UA",
        )
    if _PURPOSE[role] not in purposes:
        return Flaw(
            "BadCertificateUseNotAllowed",
            f"its extended key usage is not that of {role}; make it for OPC UA {role}",
        )
    return None


def is_authority(certificate: x509.Certificate) -> bool:
    """Say whether the certificate may sign others."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca
