"""The trust list: whom this side lets in, read anew at every connection.

A certificate is trusted because it lies in `trusted/clients` or `trusted/servers`, not because of
who signed it. The file's name says whose it is and, in an overlap of two, until when:

    agent.der    agent.3fa9c1d2e4b5a697.der    agent.3fa9c1d2e4b5a697.until-2026-12-24.der

What knocks and is not on the list is put into `rejected/` for a person to review.
"""

import datetime
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .certificates import Flaw, Role, find_flaw, fingerprint, load, to_der, wrong_uri
from .issuers import find_chain_flaw
from .private import write_file

if TYPE_CHECKING:
    from cryptography import x509

MAX_REJECTED = 50  # files; the oldest make room, so that strangers cannot fill the disk
MAX_SIZE = 16_384  # bytes of a certificate worth keeping
SHOWN = 16  # hexadecimal digits of a fingerprint in names of files

OWNER = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FILE = re.compile(
    rf"(?P<owner>{OWNER.pattern})(\.[0-9a-f]{{{SHOWN}}})?"
    r"(\.until-(?P<until>\d{4}-\d\d-\d\d))?\.der"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One trusted certificate.

    Attributes:
        owner: the user or server it belongs to.
        file: where it lies.
        der: the certificate.
        until: last day (UTC) of an overlap; None without end.
    """

    owner: str
    file: Path
    der: bytes
    until: datetime.date | None


class TrustList:
    """Clients or servers that are trusted, below one pki folder."""

    def __init__(self, folder: Path, role: Role) -> None:
        self._folder, self._role = folder, role

    def entries(self, now: datetime.datetime | None = None) -> list[Entry]:
        """Return who is trusted now; a file whose name says nothing is not."""
        today = (now or datetime.datetime.now(datetime.UTC)).date()
        found = []
        for file in sorted((self._folder / "trusted" / self._role).glob("*")):
            name = _FILE.fullmatch(file.name)
            if name is None:
                if not file.name.endswith(".tmp"):
                    _log.warning("%s is not trusted: use passline certs trust", file)
                continue
            try:
                until = datetime.date.fromisoformat(name["until"]) if name["until"] else None
                entry = Entry(name["owner"], file, file.read_bytes(), until)
            except (ValueError, FileNotFoundError):  # no such day, or taken away just now
                continue
            if until is None or today <= until:
                found.append(entry)
        return found

    def owners(self, der: bytes, now: datetime.datetime | None = None) -> set[str]:
        """Return to whom a certificate belongs; nobody's is not trusted."""
        return {entry.owner for entry in self.entries(now) if entry.der == der}

    def judge(self, der: bytes, now: datetime.datetime | None = None) -> Flaw | None:
        """Say why a certificate is refused; one that nobody has reviewed lands in `rejected/`."""
        if not self.owners(der, now):
            self.reject(der)
            return Flaw(
                "BadCertificateUntrusted",
                f"{fingerprint(der)[:SHOWN]} is not trusted; review it with: passline certs list",
            )
        certificate = load(der, "what the peer shows")
        return find_flaw(certificate, self._role, now) or find_chain_flaw(
            certificate, self._folder / "issuer", now
        )

    def reject(self, der: bytes) -> None:
        """Keep a certificate for review. The newest `MAX_REJECTED` are kept."""
        folder = self._folder / "rejected"
        target = folder / f"{fingerprint(der)[:SHOWN]}.der"
        if len(der) > MAX_SIZE or target.exists():
            return
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            kept = sorted(folder.glob("*.der"), key=lambda file: file.stat().st_mtime)
            for file in kept[: max(0, len(kept) + 1 - MAX_REJECTED)]:
                file.unlink(missing_ok=True)
            write_file(target, der, 0o600)
        except OSError as error:  # a full disk must not open the door, nor close it to others
            _log.warning("%s could not be kept for review: %s", target, error)

    async def __call__(self, certificate: "x509.Certificate", description: Any) -> None:
        """Judge whoever asks for a session; asyncua's form of a certificate validator.

        Raises:
            ServiceError: with the status that the peer is told.
        """
        from asyncua import ua
        from asyncua.common.utils import ServiceError

        flaw = self.judge(to_der(certificate)) or wrong_uri(certificate, description.ApplicationUri)
        if flaw is not None:
            _log.warning("OPC UA %s: certificate refused: %s", self._role[:-1], flaw.text)
            raise ServiceError(getattr(ua.StatusCodes, flaw.status))
