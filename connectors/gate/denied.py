"""What passline never writes, whatever a tag file or a catalogue says: the words of safety.

A safety function belongs to the plant's own safety system (IEC 61511, ISO 13849), which needs no
help and must not be reached from here. The list is words, not addresses: a tag whose name or node
contains one is refused, and so is the whole gate, at its start. A tag that only sounds like safety
is renamed, or stays read-only; nobody switches the list off.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise

from ...plant_sim.errors import ConfigError

ANYWHERE: tuple[str, ...] = (
    "emergency", "interlock", "safety", "failsafe", "lightcurtain", "lockout", "guard",
    "비상", "인터록", "안전",
)  # fmt: skip
"""Parts of a name that mean safety wherever they stand, in lower case and without separators."""

WORDS = frozenset(
    (
        "estop", "emstop", "emg", "notaus", "nothalt", "esd", "psd", "scram", "fence", "muting",
        "loto", "safe", "sis", "sil", "sif", "sto", "ss1", "sls", "trip", "twohand",
    )
)  # fmt: skip
"""Words, or two words in a row, that mean it only by themselves: EStop, e_stop, ESTOP_2."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|[가-힣]+")


@lru_cache(maxsize=4096)
def denied(name: str) -> str:
    """Return the word of safety in a tag's name or address; empty when there is none.

    >>> denied("mill.e_stop"), denied("Line1.EStopReset"), denied("f3.roll_gap")
    ('estop', 'estop', '')
    """
    words: list[str] = [word.lower() for word in _WORD.findall(name)]
    pairs = [first + second for first, second in pairwise(words)]
    for joined in (*words, *pairs):
        for form in (joined, joined.rstrip("0123456789")):
            if form in WORDS:
                return form
    plain = "".join(words)
    return next((word for word in ANYWHERE if word in plain), "")


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
