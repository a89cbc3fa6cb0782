"""Who a person is: one secret an operator, and signatures over exactly what he agrees to.

A signature covers the value he saw and the state of the plant it was asked in, so it cannot be
used for anything else. The file is readable by the account of the gate only, but agents run under
that same account today (see `server`): a signature shows that somebody decided on this very write,
and no replay or mistake of an agent can make one. Hostile code of the account could read the key.
"""

import hashlib
import hmac
import json
import secrets
import time
from math import inf
from pathlib import Path

from .audit import private_file
from .errors import ApprovalError
from .ledger import Approval


def load_operators(path: Path) -> dict[str, str]:
    """Return name -> key (hex); the first start makes the file with one operator, mode 0600.

    Raises:
        ApprovalError: others can read the file.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {"operators": {"operator": secrets.token_hex(32)}}
        private_file(path, json.dumps(content, indent=2).encode() + b"\n")
    if path.stat().st_mode & 0o077:
        raise ApprovalError(f"{path} can be read by others; run: chmod 600 {path}")
    keys = json.loads(path.read_text())["operators"]
    return {str(name): str(key) for name, key in keys.items()}


def sign(key: str, *parts: str) -> str:
    """Return the signature of `parts` with an operator's key (hex)."""
    message = json.dumps(parts).encode()
    return hmac.new(bytes.fromhex(key), message, hashlib.sha256).hexdigest()


def approval_parts(approval: Approval, decision: str, operator: str) -> tuple[str, ...]:
    """Return what a decision about `approval` signs: everything that makes it this write."""
    return (
        decision,
        operator,
        approval.id,
        approval.action_id,
        approval.control,
        float(approval.value).hex(),
        float(approval.before).hex(),
        approval.state_hash,
        approval.basis,
        float(approval.expires).hex(),
    )


def signed(keys: dict[str, str], operator: str, signature: str, *parts: str) -> bool:
    """Return whether `signature` is that of `operator` over `parts`."""
    key = keys.get(operator)
    return key is not None and hmac.compare_digest(sign(key, *parts), signature)


class Challenges:
    """Fresh words for a person to sign, where there is no approval that makes a signature fresh."""

    LIFE = 60.0  # wall s

    def __init__(self) -> None:
        self._made: dict[str, float] = {}

    def make(self) -> str:
        """Return a fresh word; it holds for `LIFE`, once."""
        now = time.monotonic()
        self._made = {word: at for word, at in self._made.items() if now - at < self.LIFE}
        word = secrets.token_hex(16)
        self._made[word] = now
        return word

    def spend(self, word: str) -> bool:
        """Return whether `word` is one of ours and fresh; it is used up either way."""
        return self._made.pop(word, -inf) > time.monotonic() - self.LIFE
