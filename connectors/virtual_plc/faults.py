"""Faults of the wire, by a file: what the PLC says is wrong or late while the plant is sound.

    - {at: 600, for: 120, fault: freeze, tags: [rot.*], protocol: opcua}    # stale, and called good
    - {at: 900, for: 60, fault: word-order}                                 # after a change of PLC
    - {at: 900, for: 60, fault: scale, by: 10, tags: [rot.coiling_temperature]}

`at` and `for` are plant seconds, so that a drill comes out the same at any speed. `tags` are names
or patterns, all by default; `protocol` is opcua, modbus or, by default, both. The faults:

    freeze       values stand; `heartbeat: runs` lets the heartbeat of the PLC run on
    quality      values are called `as: bad` or `as: uncertain`
    scale        values are `by` times what they are
    word-order   Modbus words come in the other order
    clock-jump   plant clock and source times are `by` seconds off
    exception    Modbus answers everything with exception `code` (6 busy, 4 failure)
    slow         every answer is held back for `delay` wall seconds
    drop         every connection is cut, once
    refuse       connections are cut and nobody is let in
    restart      like refuse, and the PLC comes back without the memory of its mailbox
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import nan
from pathlib import Path
from typing import Literal, get_args

from ...plant_sim.errors import ConfigError
from ...plant_sim.signals import Quality, Sample
from ...plant_sim.units import from_si, to_si
from ..rows import Row, read_rows
from ..tagfile import TagFile
from ..tags import HEARTBEAT, Protocol, Tag
from .picture import Picture

Kind = Literal[
    "freeze", "quality", "scale", "word-order", "clock-jump", "exception", "slow", "drop",
    "refuse", "restart",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
PROTOCOLS: tuple[Protocol, ...] = ("opcua", "modbus")
OUTSIDE: tuple[Kind, ...] = ("slow", "drop", "refuse", "restart")  # these need a relay
CLOCK = "plc.time"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the wire.

    Attributes:
        kind: what is wrong.
        at: when it begins (plant s).
        seconds: how long it lasts (plant s).
        protocols: where.
        tags: which tags.
        quality: for "quality".
        number: `by`, `code` or `delay`.
    """

    kind: Kind
    at: float
    seconds: float
    protocols: tuple[Protocol, ...] = PROTOCOLS
    tags: frozenset[str] = frozenset()
    quality: Quality = Quality.BAD
    number: float = 0.0

    def active(self, time: float) -> bool:
        """Whether it acts at plant clock `time` (s)."""
        return self.at <= time < self.at + self.seconds


class WireFaults:
    """The faults of a run, and what they make of a picture."""

    def __init__(self, faults: Sequence[Fault], tags: Mapping[str, Tag]) -> None:
        self.faults = tuple(faults)
        self._tags = tags
        self._last: dict[Protocol, Mapping[str, Sample]] = {}
        self._held: dict[tuple[int, Protocol], Mapping[str, Sample]] = {}

    @property
    def outside(self) -> bool:
        """Whether any of them acts on the connections themselves."""
        return any(fault.kind in OUTSIDE for fault in self.faults)

    def active(self, kind: Kind, over: Protocol, time: float) -> list[Fault]:
        """Return the faults of one kind that act now."""
        return [f for f in self.faults if f.kind == kind and over in f.protocols and f.active(time)]

    def shown(self, picture: Picture, over: Protocol) -> Picture:
        """Return what one protocol shows instead of `picture`."""
        samples, shift = dict(picture.samples), 0.0
        for number, fault in enumerate(self.faults):
            if over not in fault.protocols or not fault.active(picture.time):
                self._held.pop((number, over), None)
                continue
            if fault.kind == "freeze":
                last = self._last.get(over, picture.samples)
                samples.update(self._held.setdefault((number, over), {
                    name: last[name] for name in fault.tags if name in last
                }))  # fmt: skip
            elif fault.kind == "quality":
                for name in fault.tags & samples.keys():
                    value = nan if fault.quality is Quality.BAD else samples[name].value
                    samples[name] = replace(samples[name], value=value, quality=fault.quality)
            elif fault.kind == "scale":
                for name in fault.tags & samples.keys():
                    unit = self._tags[name].unit
                    value = to_si(from_si(samples[name].value, unit) * fault.number, unit)
                    samples[name] = replace(samples[name], value=value)
            elif fault.kind == "clock-jump":
                shift += fault.number
        if shift and CLOCK in samples:
            samples[CLOCK] = replace(samples[CLOCK], value=samples[CLOCK].value + shift)
        self._last[over] = samples
        return replace(picture, samples=samples, time=picture.time + shift)


def load_faults(path: str | Path, tagfile: TagFile, *, lock_step: bool = False) -> WireFaults:
    """Read a file of wire faults.

    Args:
        path: a YAML list.
        tagfile: whose tags they may name.
        lock_step: whether plant time moves on calls alone; nobody must be locked out of calling.

    Raises:
        ConfigError: naming the file, the line and the remedy.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"wire faults {path} cannot be read ({error.strerror}); give an existing file"
        ) from error
    try:
        rows = read_rows(text)
        if not isinstance(rows, list) or not rows:
            raise ConfigError("line 1: wire faults must be a list of rows; give at least one")
        faults = [_read(Row.of(row, "a fault", "line 1"), tagfile.tags) for row in rows]
        for fault in faults:
            if lock_step and fault.kind in ("refuse", "restart") and "opcua" in fault.protocols:
                raise ConfigError(
                    f"line 1: {fault.kind} on opcua would last for ever in lock-step, for nobody "
                    "could let time move; give protocol: modbus, or a plant that runs"
                )
    except ConfigError as error:
        raise ConfigError(f"{path}, {error}") from error
    return WireFaults(faults, tagfile.tags)


def _read(row: Row, tags: Mapping[str, Tag]) -> Fault:
    kind = row.text("fault")
    if kind not in KINDS:
        raise ConfigError(f"{row.place}: fault {kind!r} is not known; use {', '.join(KINDS)}")
    extra: tuple[str, ...] = {
        "freeze": ("heartbeat",), "quality": ("as",), "scale": ("by",), "clock-jump": ("by",),
        "exception": ("code",), "slow": ("delay",),
    }.get(kind, ())  # fmt: skip
    row.only("at", "for", "fault", "tags", "protocol", *extra)
    protocol = row.get("protocol", "both")
    if protocol not in (*PROTOCOLS, "both"):
        raise ConfigError(f"{row.place}: protocol {protocol!r} must be opcua, modbus or both")
    over: tuple[Protocol, ...] = PROTOCOLS if protocol == "both" else (protocol,)
    if kind in ("word-order", "exception"):
        over = ("modbus",)
    names = _names(row, tags)
    if kind == "freeze":
        runs = row.get("heartbeat", "stands")
        if runs not in ("runs", "stands"):
            raise ConfigError(f"{row.place}: heartbeat {runs!r} must be runs or stands")
        names = names - {HEARTBEAT} if runs == "runs" else names | {HEARTBEAT} & tags.keys()
    word = row.get("as", "bad")
    if word not in ("bad", "uncertain"):
        raise ConfigError(f"{row.place}: as {word!r} must be bad or uncertain")
    number = row.number(extra[0]) if extra and extra[0] in ("by", "code", "delay") else 0.0
    if number < {"exception": 1, "slow": 1e-3}.get(kind, number) or number > 1e9:
        raise ConfigError(f"{row.place}: {extra[0]} {number:g} is not possible; give more")
    seconds = row.number("for") if kind != "drop" or "for" in row else 1.0
    if seconds <= 0 or row.number("at") < 0:
        raise ConfigError(f"{row.place}: at must not be negative, and for more than 0 s")
    quality = Quality[word.upper()]
    return Fault(kind, row.number("at"), seconds, over, names, quality, number)  # type: ignore[arg-type]


def _names(row: Row, tags: Mapping[str, Tag]) -> frozenset[str]:
    patterns = row.get("tags", ["*"])
    if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
        raise ConfigError(f"{row.place}: tags must be a list of names or patterns")
    found: set[str] = set()
    for pattern in patterns:
        matching = {name for name in tags if fnmatchcase(name, pattern)}
        if not matching:
            raise ConfigError(f"{row.place}: no tag is called {pattern!r}; correct it")
        found |= matching
    return frozenset(found)
