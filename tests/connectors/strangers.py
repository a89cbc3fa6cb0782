"""Certificates of others, right and wrong in every way that a server must notice."""

import datetime
import functools
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from passline.connectors.security.certificates import fingerprint

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@functools.cache
def key_of(who: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name: making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True)
class Stranger:
    """A certificate with its key, in files; every field may be wrong on purpose."""

    name: str = "stranger"
    uri: str = "urn:passline:agent"
    bits: int = 2048
    begins: datetime.datetime = NOW - DAY
    ends: datetime.datetime = NOW + 365 * DAY
    authority: bool = False
    encipher: bool = True
    purposes: tuple[x509.ObjectIdentifier, ...] = (CLIENT,)
    digest: hashes.SHA256 | hashes.SHA224 = field(default_factory=hashes.SHA256)
    issuer: "Stranger | None" = None

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return key_of(self.name, self.bits)

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    @functools.cached_property
    def certificate(self) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_encipherment=self.encipher,
            data_encipherment=True, key_agreement=False, key_cert_sign=self.authority,
            crl_sign=self.authority, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        above = self.issuer or self
        basic = x509.BasicConstraints(ca=self.authority, path_length=None)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(self.uri)])
        return (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(above.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .add_extension(names, critical=False)
            .add_extension(basic, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
            .sign(above.key, self.digest)
        )

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def digits(self) -> str:
        return fingerprint(self.der)

    def revocations(self, *serials: int, fresh_until: datetime.datetime | None = None) -> bytes:
        """A list, signed by this authority, that takes trust back from `serials`."""
        until = fresh_until or NOW + DAY
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.subject)
            .last_update(until - 2 * DAY)
            .next_update(until)
        )
        for serial in serials:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
            builder = builder.add_revoked_certificate(one.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write certificate (DER) and key (PEM); a program of its own would do the same."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / f"{self.digits[:16]}.der", folder / f"{self.digits[:16]}.pem"
        certificate.write_bytes(self.der)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        key.chmod(0o600)
        return certificate, key
