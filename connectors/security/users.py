"""Users of the OPC UA server: certificate, name and password must belong to one another."""

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .certificates import fingerprint
from .lab import Lab
from .pki import Pki
from .trust import SHOWN

FREE = 3  # wrong passwords in a row that cost nothing but the attempt
LONGEST = 300.0  # wall s
SHORTEST_PASSWORD = 12  # characters

_log = logging.getLogger(__name__)


def password_row(password: str) -> dict[str, str]:
    """Return a new salt and the scrypt hash of `password`, as kept in users.json."""
    salt = os.urandom(16)
    return {"salt": salt.hex(), "scrypt": _scrypt(password, salt).hex()}


def is_password(password: str, row: dict[str, str]) -> bool:
    """Say whether `password` is that of the row."""
    hashed = _scrypt(password, bytes.fromhex(row["salt"]))
    return hmac.compare_digest(bytes.fromhex(row["scrypt"]), hashed)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0


class Backoff:
    """Makes guessing slow: after `FREE` failures a peer waits 1, 2, 4 ... `LONGEST` s.

    A peer is the certificate that its channel has proved, so that nobody locks out another.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._peers: dict[str, _Failures] = {}

    def wait(self, peer: str) -> float:
        """Return how long (wall s) `peer` has yet to wait."""
        state = self._peers.get(peer)
        return max(0.0, state.until - self._clock()) if state else 0.0

    def failed(self, peer: str) -> float:
        """Count a failure and return the wait (wall s) that follows from it."""
        state = self._peers.setdefault(peer, _Failures())
        state.count += 1
        extra = min(state.count - FREE, 20)
        pause = min(LONGEST, 2.0 ** (extra - 1)) if extra > 0 else 0.0
        state.until = self._clock() + pause
        return pause

    def succeeded(self, peer: str) -> None:
        """Forget the failures of `peer`."""
        self._peers.pop(peer, None)


class Users:
    """asyncua's user manager. No user is an administrator, and without a password nobody enters.

    With `Lab.OPEN` a channel without security may enter nameless; the nameless can only read.
    """

    def __init__(
        self, pki: Pki, lab: Lab = Lab.OFF, clock: Callable[[], float] = time.monotonic
    ) -> None:
        pki.users()  # a server without users must not start
        self._pki, self._lab = pki, lab
        self._trusted = pki.trust_list("clients")
        self._backoff = Backoff(clock)

    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: str | bytes | None = None,
        certificate: bytes | None = None,
    ) -> Any:
        """Return the user, or None to refuse; asyncua calls this at every activation.

        `certificate` is the channel's own. What the request for the session carried is not proved.

        Raises:
            UaStatusCodeError: BadServerTooBusy, to a peer that has to wait after wrong passwords.
        """
        from asyncua import ua
        from asyncua.crypto.permission_rules import User, UserRole

        if not certificate:  # a channel without security
            nameless = username is None and Lab.OPEN in self._lab
            return User(role=UserRole.Anonymous) if nameless else None
        shown = bytes(certificate)
        flaw = self._trusted.judge(shown)  # the validator is not asked by who sends it nothing
        if flaw is not None:
            _log.warning("OPC UA login refused: %s", flaw.text)
            return None
        peer = fingerprint(shown)
        if (left := self._backoff.wait(peer)) > 0:
            _log.warning("OPC UA login refused: %s waits %.0f s more", peer[:SHOWN], left)
            raise ua.UaStatusCodeError(ua.StatusCodes.BadServerTooBusy)  # type: ignore[no-untyped-call]
        if self._proved(username, password, shown):
            self._backoff.succeeded(peer)
            return User(role=UserRole.User, name=username)
        pause = self._backoff.failed(peer)
        _log.warning(
            "OPC UA login refused: wrong name or password from %s; it waits %.0f s",
            peer[:SHOWN], pause,
        )  # fmt: skip
        return None

    def _proved(self, name: str | None, password: str | bytes | None, shown: bytes) -> bool:
        row = self._pki.users().get(name or "")
        if row is None or not password or name not in self._trusted.owners(shown):
            return False
        given = password.decode("utf-8", "replace") if isinstance(password, bytes) else password
        return is_password(given, row)
