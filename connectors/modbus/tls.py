"""TLS for Modbus: at least 1.2, and a certificate on both sides (Modbus/TCP Security)."""

import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ...plant_sim.errors import ConfigError


def client_context(certificate: Path, key: Path, trusted: Iterable[Path]) -> ssl.SSLContext:
    """Return the context of a client that shows `certificate` and believes `trusted` servers.

    Args:
        certificate: own certificate (DER or PEM).
        key: its private key (PEM).
        trusted: certificates of servers, or of who signed them (DER or PEM).

    Raises:
        ConfigError: if a file is missing or is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks host name and certificate
    return _load(context, certificate, key, trusted)


def server_context(certificate: Path, key: Path, trusted: Iterable[Path]) -> ssl.SSLContext:
    """Return the context of a server that lets in `trusted` clients only.

    Raises:
        ConfigError: if a file is missing or is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _load(context, certificate, key, trusted)


def _load(
    context: ssl.SSLContext, certificate: Path, key: Path, trusted: Iterable[Path]
) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:  # openssl reads files of PEM
            pem.write(_pem(certificate))
            pem.flush()
            context.load_cert_chain(pem.name, key)
        for path in trusted:
            context.load_verify_locations(cadata=_pem(path))
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigError(
            f"the certificates for Modbus over TLS cannot be read ({error}); run: passline certs "
            "init"
        ) from error
    return context


def _pem(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(b"-----"):
        return data.decode("ascii")
    return ssl.DER_cert_to_PEM_cert(data)
