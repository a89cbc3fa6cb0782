"""Who is who: certificates, trust lists, passwords and the key of the Modbus mailbox.

The first start of a virtual PLC makes all of it. In a plant every file under `own` and `secrets`
belongs to the account of its program; here one account runs everything, so mode 0600 keeps other
accounts out but not the agent from the gate's secrets.
"""

import datetime
import hashlib
import hmac
import ipaddress
import json
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.errors import ConfigError

if TYPE_CHECKING:
    from asyncua import Client, Server

PLC = "plc"
GATE = "gate"
AGENT = "agent"
DRIVER = "driver"  # may drive the clock of a simulated plant, and nothing else
USERS = (GATE, AGENT, DRIVER)
VALID = datetime.timedelta(days=3 * 365)


def application_uri(name: str) -> str:
    """Return the application URI of a program; its certificate carries the same."""
    return "urn:passline:virtual-plc" if name == PLC else f"urn:passline:{name}"


class Pki:
    """A folder of keys: own/, trusted/clients, trusted/servers, secrets/, users.json."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def certificate(self, name: str) -> Path:
        """Return the certificate of `name` (DER)."""
        return self._there(self.folder / "own" / f"{name}.der")

    def key(self, name: str) -> Path:
        """Return the private key of `name` (PEM, mode 0600)."""
        return self._private(self.folder / "own" / f"{name}.key.pem")

    def trusted(self, role: str) -> Path:
        """Return the folder of trusted "clients" or "servers"."""
        return self.folder / "trusted" / role

    def server_certificate(self) -> Path:
        """Return the pinned certificate of the PLC."""
        return self._there(self.trusted("servers") / f"{PLC}.der")

    def password(self, user: str) -> str:
        """Return the password of `user`."""
        return self._private(self.folder / "secrets" / f"{user}.password").read_text().strip()

    def modbus_key(self) -> bytes:
        """Return the key that proves a Modbus mailbox request."""
        return bytes.fromhex(self._private(self.folder / "secrets" / "modbus.key").read_text())

    def users(self) -> dict[str, dict[str, str]]:
        """Return salt and scrypt hash of every user."""
        table: dict[str, dict[str, str]] = json.loads(
            self._there(self.folder / "users.json").read_text()
        )
        return table

    def _private(self, path: Path) -> Path:
        """Refuse a secret that other accounts can read."""
        if self._there(path).stat().st_mode & 0o077:
            raise ConfigError(f"{path} can be read by other accounts; run: chmod 600 {path}")
        return path

    def _there(self, path: Path) -> Path:
        if not path.exists():
            raise ConfigError(f"{path} is missing; start the PLC once or run: passline certs init")
        return path


def init(folder: str | Path) -> Pki:
    """Make every key, certificate, password and trust list that is not there yet."""
    pki = Pki(folder)
    for part in ("own", "trusted/clients", "trusted/servers", "secrets"):
        (pki.folder / part).mkdir(parents=True, exist_ok=True)
    for private in (pki.folder, pki.folder / "own", pki.folder / "secrets"):
        private.chmod(0o700)
    for name in (PLC, *USERS):
        target = pki.folder / "own" / f"{name}.der"
        if not target.exists():
            _self_signed(name, target, pki.folder / "own" / f"{name}.key.pem")
        role = "servers" if name == PLC else "clients"
        trusted = pki.trusted(role) / f"{name}.der"
        if not trusted.exists():
            _write(trusted, target.read_bytes(), 0o644)
    users_file = pki.folder / "users.json"
    users = json.loads(users_file.read_text()) if users_file.exists() else {}
    for user in USERS:
        secret = pki.folder / "secrets" / f"{user}.password"
        if user not in users or not secret.exists():
            password = secrets.token_urlsafe(24)
            salt = os.urandom(16)
            users[user] = {"salt": salt.hex(), "scrypt": _scrypt(password, salt).hex()}
            _write(secret, password.encode(), 0o600)
            _write(users_file, json.dumps(users, indent=1).encode(), 0o600)
    modbus = pki.folder / "secrets" / "modbus.key"
    if not modbus.exists():
        _write(modbus, secrets.token_hex(32).encode(), 0o600)
    return pki


class Users:
    """asyncua's user manager: name, password and certificate must belong to one another.

    No user is an administrator by name, and without a password nobody enters.
    """

    def __init__(self, pki: Pki) -> None:
        self._table = pki.users()
        self._certificates = {
            file.stem: hashlib.sha256(file.read_bytes()).digest()
            for file in pki.trusted("clients").glob("*.der")
        }

    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: str | bytes | None = None,
        certificate: bytes | None = None,
    ) -> Any:
        """Return the user, or None to refuse; asyncua calls this at every activation."""
        from asyncua.crypto.permission_rules import User, UserRole

        row = self._table.get(username or "")
        if row is None or not password or certificate is None:
            return None
        given = password.decode("utf-8", "replace") if isinstance(password, bytes) else password
        same = hmac.compare_digest(
            bytes.fromhex(row["scrypt"]), _scrypt(given, bytes.fromhex(row["salt"]))
        )
        pinned = self._certificates.get(username or "", b"")
        known = hmac.compare_digest(pinned, hashlib.sha256(bytes(certificate)).digest())
        return User(role=UserRole.User, name=username) if same and known else None


async def secure_server(server: "Server", pki: Pki, url: str) -> None:
    """Close every door of an asyncua server but one: Basic256Sha256, SignAndEncrypt, user name."""
    from asyncua import ua
    from asyncua.crypto.truststore import TrustStore
    from asyncua.crypto.validator import CertificateValidator
    from asyncua.crypto.validator import CertificateValidatorOptions as Check

    server.set_endpoint(url)  # the default listens on 0.0.0.0
    await server.set_application_uri(application_uri(PLC))
    server.allow_remote_admin(False)  # the default lets `admin` in without a password
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    server.set_identity_tokens([ua.UserNameIdentityToken])
    server.iserver.max_connections = 32
    await server.load_certificate(pki.certificate(PLC))
    await server.load_private_key(pki.key(PLC))
    store = TrustStore([pki.trusted("clients")], [])
    await store.load()
    server.iserver.certificate_validator = CertificateValidator(
        Check.TRUSTED_VALIDATION | Check.PEER_CLIENT, store
    )


async def secure_client(client: "Client", pki: Pki, user: str) -> None:
    """Give an asyncua client its certificate, the pinned certificate of the PLC and its user."""
    from asyncua import ua
    from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
    from asyncua.crypto.truststore import TrustStore
    from asyncua.crypto.validator import CertificateValidator
    from asyncua.crypto.validator import CertificateValidatorOptions as Check

    client.application_uri = application_uri(user)
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        str(pki.certificate(user)),
        str(pki.key(user)),
        server_certificate=str(pki.server_certificate()),  # None would trust on first use
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    store = TrustStore([pki.trusted("servers")], [])
    await store.load()
    client.certificate_validator = CertificateValidator(
        Check.TRUSTED_VALIDATION | Check.PEER_SERVER, store
    )
    client.set_user(user)
    client.set_password(pki.password(user))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that never exists with more rights than `mode`, whole or not at all."""
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    draft.replace(path)


def _self_signed(name: str, certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "passline"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    names = [
        x509.UniformResourceIdentifier(application_uri(name)),
        *(x509.DNSName(host) for host in ("localhost", socket.gethostname())),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True,
        data_encipherment=True, key_agreement=False, key_cert_sign=True, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if name == PLC else ExtendedKeyUsageOID.CLIENT_AUTH
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
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(key, pem, 0o600)
    _write(certificate, signed.public_bytes(serialization.Encoding.DER), 0o644)
