"""What passline never writes, whatever a tag file or a catalogue says: the words of safety.

A safety function belongs to the plant's own safety system (IEC 61511, ISO 13849), which needs no
help and must not be reached from here. The list is words, not addresses: a tag whose name or node
contains one is refused, and so is the whole gate, at its start. A tag that only sounds like safety
is renamed, or stays read-only; nobody switches the list off.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ...plant_sim.errors import ConfigError

DENIED: tuple[str, ...] = (
    "e stop", "em stop", "emg", "emergency", "not aus", "not halt", "esd", "psd", "scram",
    "interlock", "guard", "guarding", "fence", "light curtain", "muting", "lockout", "loto",
    "safe", "safety", "failsafe", "sis", "sil", "sif", "sto", "ss1", "sls", "trip", "two hand",
    "비상정지", "비상", "인터록", "안전",
)  # fmt: skip
"""Words, lower case; a blank stands where a name may join or part them: EStop, e_stop, ESTOP."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|[가-힣]+")
_KOREAN = tuple(word for word in DENIED if not word.isascii())
_LATIN = frozenset(word.replace(" ", "") for word in DENIED if word.isascii())
_ANYWHERE = ("emergency", "interlock", "safety", "failsafe", "lightcurtain", "lockout", "guard")
_LONGEST = max(word.count(" ") for word in DENIED) + 1


@lru_cache(maxsize=4096)
def denied(name: str) -> str:
    """Return the word of safety in a tag's name or address; empty when there is none.

    >>> denied("mill.e_stop"), denied("Line1.EStopReset"), denied("f3.roll_gap")
    ('estop', 'estop', '')
    """
    words = [word.lower() for word in _WORD.findall(name)]
    for first in range(len(words)):
        for last in range(first + 1, min(first + _LONGEST, len(words)) + 1):
            for joined in _forms("".join(words[first:last])):
                if joined in _LATIN:
                    return joined
    plain = "".join(words)
    return next((word for word in (*_ANYWHERE, *_KOREAN) if word in plain), "")


def refuse_safety(writable: Mapping[str, Iterable[str]], where: str) -> None:
    """Refuse a set of writable tags in which one belongs to a safety function.

    Args:
        writable: name of each writable tag, with its addresses.
        where: what makes them writable, for the message.

    Raises:
        ConfigError: naming the tag and what to do.
    """
    for name, addresses in writable.items():
        for text in (name, *addresses):
            if word := denied(text):
                told = "" if text == name else f" (its address {text})"
                raise ConfigError(
                    f"{where} makes {name}{told} writable, but {word!r} names a safety function, "
                    "which passline never writes; drop its write entry"
                )


def _forms(word: str) -> tuple[str, ...]:
    """Return a word as it stands, without its number, and without the s of a plural."""
    bare = word.rstrip("0123456789")
    return word, bare, bare.removesuffix("s")
