"""Refused frames of whoever reaches the port: counted, and summed up in the PLC's own log."""

import contextlib
import threading

from ..letter import Outcome
from .records import WriteLog

PERIOD = 1.0  # s between two lines of the log
KINDS = 8  # ways to be refused that a line tells apart; a hostile peer invents any number
LONGEST = 200  # characters of a reason; a hostile peer writes any number


class Refusals:
    """A counter that costs the plant nothing, however fast a peer sends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], int] = {}
        self._peers: dict[tuple[str, str], str] = {}
        self._due = float("-inf")

    def add(self, protocol: str, peer: str, reason: str) -> None:
        """Count one. Any thread."""
        kind = (protocol, reason[:LONGEST])
        with self._lock:
            if kind not in self._seen and len(self._seen) >= KINDS:
                kind = (protocol, "for other reasons")
            self._seen[kind] = self._seen.get(kind, 0) + 1
            self._peers[kind] = peer

    def note(self, log: WriteLog, at: float, now: float) -> None:
        """Write one line about what was counted, not forced to disk, at most once per `PERIOD`.

        Args:
            log: where to; a full disk loses the line and nothing else.
            at: plant clock (s).
            now: clock of the program (s).
        """
        if not self._seen or now < self._due:
            return
        self._due = now + PERIOD
        with self._lock:
            seen, peers = self._seen, self._peers
            self._seen, self._peers = {}, {}
        reason = "; ".join(
            f"{kind[0]} {peers[kind]}: {kind[1]} ({count} times)" for kind, count in seen.items()
        )
        with contextlib.suppress(OSError):
            log.add(
                at, "plc", "mailbox", event="refusals", outcome=Outcome.MALFORMED, reason=reason,
                forced=False,
            )  # fmt: skip
