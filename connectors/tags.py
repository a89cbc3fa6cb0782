"""Where a signal lives on the wire, and how a raw number becomes a Sample.

A `Tag` has an OPC UA address, a Modbus address or both. What travels on the wire is the plant unit
an operator reads (degC, mm, MN); inside it is SI, converted here through `plant_sim.units`.
"""

from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Literal

from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Quality, Sample, Signal
from ..plant_sim.units import from_si, to_si
from .addresses import ModbusAddress, OpcUaAddress

Protocol = Literal["opcua", "modbus"]
Way = Literal["mailbox", "direct"]
Risk = Literal["low", "medium", "high"]

BAD_AFTER = 3.0  # a value older than this many `stale_after` is BAD, unless the tag says otherwise
MARGIN = 0.05  # noise may leave the plausible range by this part of its span

HEARTBEAT = "plc.heartbeat"
"""Only while it moves does anything that the PLC says count as fresh."""

PLC_SIGNALS: dict[str, Signal] = {
    signal.name: signal
    for signal in (
        Signal("plc.time", "s", 0, 1e9, "s", "level1", "plant clock", "설비 시각"),
        Signal(HEARTBEAT, "1", 0, 2**32, "1", "level1",
               "counts the cycles of the PLC program", "PLC 주기 계수"),
        Signal("plc.remote", "1", 0, 1, "1", "level1",
               "1: set-points are taken from the gate, 0: local", "1 원격, 0 현장"),
        Signal("plc.finished", "1", 0, 1, "1", "level1",
               "1: the plant clock has stopped for good", "1 운전 종료"),
        Signal("plc.speed", "1", 0, 1e6, "1", "level1",
               "plant seconds a wall second; 0: the plant clock stands", "설비 시각 배속, 0 정지"),
    )
}  # fmt: skip
"""What the PLC says of itself; every virtual PLC has these beside the signals of its line."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A state of the plant in which alone a tag may be written: `low` <= `tag` <= `high`.

    Attributes:
        tag: an interlock that the plant shows, or a state of it.
        low: least value, in the plant unit of that tag.
        high: greatest value, likewise.
        english: what holds then, in one phrase.
        korean: the same in Korean.
    """

    tag: str
    low: float
    high: float
    english: str = ""
    korean: str = ""

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ConfigError(
                f"the limits [{self.low}, {self.high}] of {self.tag} in a permit must be finite "
                "and rising; give both"
            )


@dataclass(frozen=True, slots=True)
class WriteRule:
    """How the gate may write a tag, and within which limits; values in the plant unit.

    Attributes:
        protocol: the only protocol over which the PLC takes this control.
        index: number of the control in a mailbox request; 0 for one that is written directly.
        low: least value.
        high: greatest value.
        way: "mailbox" is applied and echoed under an action id; "direct" writes the address of the
            tag itself, of which only a read-back tells what became.
        max_step: greatest change in one write.
        rate: greatest change in one plant second since the last write.
        cooldown: least time between two writes (plant s).
        risk: "high" always needs a person.
        needs: tags that must be GOOD and fresh before a write.
        excludes: controls that act on the same thing: within the cooldown of their last write this
            one waits.
        permits: states of the plant that must hold, and be seen GOOD and fresh, before a write.
        tolerance: how exactly the read-back must agree.
        choices: the only legal values of a selector, or empty.
        steps: sizes of the moves an agent is offered.
        start: where a hand-back brings the control, or None where the plant knows it itself.
    """

    protocol: Protocol
    index: int
    low: float
    high: float
    way: Way = "mailbox"
    max_step: float = inf
    rate: float = inf
    cooldown: float = 0.0
    risk: Risk = "medium"
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    permits: tuple[Condition, ...] = ()
    tolerance: float = 0.0
    choices: tuple[float, ...] = ()
    steps: tuple[float, ...] = ()
    start: float | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ConfigError(
                f"write limits [{self.low}, {self.high}] must be finite and rising; give both"
            )
        if not (0 if self.way == "direct" else 1) <= self.index <= 0xFFFF:
            raise ConfigError(f"write index {self.index} is outside [1, 65535]; choose another")
        for what, value in (("max_step", self.max_step), ("rate", self.rate)):
            if not value > 0:
                raise ConfigError(f"{what} {value} must be more than 0; leave it out for no limit")
        for what, value in (("cooldown", self.cooldown), ("tolerance", self.tolerance)):
            if not (isfinite(value) and value >= 0):
                raise ConfigError(f"{what} {value} must be finite and not negative")
        for step in self.steps:
            if not 0 < step < inf:
                raise ConfigError(f"step {step} must be finite and more than 0; give its size")
        for value in (*self.choices, *(() if self.start is None else (self.start,))):
            if not self.low <= value <= self.high:
                raise ConfigError(
                    f"{value} is outside the write limits [{self.low}, {self.high}]; keep choices "
                    "and start inside"
                )


@dataclass(frozen=True, slots=True)
class Tag:
    """One signal on the wire; values in the plant unit.

    Attributes:
        name: the name of the signal inside.
        unit: plant unit, a key of `units.UNITS`.
        low: least plausible value.
        high: greatest plausible value.
        stale_after: age (wall s) from which a value is UNCERTAIN.
        bad_after: age (wall s) from which it is BAD; None is three times `stale_after`.
        resolution: the smallest difference the instrument shows; 0 is not known.
        dead_band: a change smaller than this against the last *reported* value is not reported.
        scan: wanted time between two reads (wall s); 0 takes that of the connector.
        frozen_after: how long (wall s) an instrument may show the very same number while the plant
            clock runs; then it is UNCERTAIN. 0 for what may stand still for good.
        opcua: its node, if any.
        modbus: its registers, if any.
        write: how the gate may write it, or None.
        english: meaning in one phrase.
        korean: the same in Korean.
    """

    name: str
    unit: str
    low: float
    high: float
    stale_after: float = 1.0
    opcua: OpcUaAddress | None = None
    modbus: ModbusAddress | None = None
    write: WriteRule | None = None
    english: str = ""
    korean: str = ""
    bad_after: float | None = None
    resolution: float = 0.0
    dead_band: float = 0.0
    scan: float = 0.0
    frozen_after: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ConfigError(
                f"tag {self.name}: range [{self.low}, {self.high}] must be finite and rising; "
                "give both ends in the plant unit"
            )
        if not (isfinite(self.stale_after) and self.stale_after > 0):
            raise ConfigError(
                f"tag {self.name}: stale_after {self.stale_after} must be more than 0 s"
            )
        if self.bad_after is not None and not self.stale_after <= self.bad_after < inf:
            raise ConfigError(
                f"tag {self.name}: bad_after {self.bad_after} s must be finite and not less than "
                f"stale_after {self.stale_after} s"
            )
        for what in ("resolution", "dead_band", "scan", "frozen_after"):
            value = getattr(self, what)
            if not (isfinite(value) and value >= 0):
                raise ConfigError(
                    f"tag {self.name}: {what} {value} must be finite and not negative"
                )
        if self.opcua is None and self.modbus is None:
            raise ConfigError(f"tag {self.name} has no address; give opcua or modbus")
        from_si(0.0, self.unit)  # an unknown unit is refused here
        if self.write is not None and self.write.way == "direct":
            self._check_direct(self.write)

    def _check_direct(self, rule: WriteRule) -> None:
        """Refuse a direct write to what cannot be written or cannot carry its limits."""
        if (self.opcua if rule.protocol == "opcua" else self.modbus) is None:
            raise ConfigError(
                f"tag {self.name} is written directly over {rule.protocol} and has no address "
                "there; give it one"
            )
        if rule.protocol == "modbus" and self.modbus is not None:
            if self.modbus.table not in ("coil", "holding"):
                raise ConfigError(
                    f"tag {self.name}: modbus table {self.modbus.table} cannot be written; give a "
                    "coil or holding register, or drop write"
                )
            for value in (rule.low, rule.high):
                self.modbus.encode(value)

    def sample(
        self, raw: float | None, quality: Quality, time: float, received: float, status: int = 0
    ) -> Sample:
        """Make a Sample of what the wire gave.

        Args:
            raw: value in the plant unit, or None when there was none.
            quality: what the protocol said of it.
            time: plant clock (s).
            received: `time.monotonic()` at reception (s).
            status: code of the protocol.

        Returns:
            The value in SI; not finite is BAD, far outside the plausible range is UNCERTAIN.
        """
        if raw is None or not isfinite(raw) or quality is Quality.BAD:
            return Sample(nan, Quality.BAD, time, received, status)
        slack = MARGIN * (self.high - self.low)
        if not self.low - slack <= raw <= self.high + slack:
            quality = Quality.UNCERTAIN
        return Sample(to_si(raw, self.unit), quality, time, received, status)

    def aged(self, sample: Sample, now: float) -> Sample:
        """Return `sample` with the quality that its age at monotonic time `now` leaves it."""
        age = now - sample.received
        if age <= self.stale_after or sample.quality is Quality.BAD:
            return sample
        if age <= (self.bad_after or BAD_AFTER * self.stale_after):
            return Sample(
                sample.value, Quality.UNCERTAIN, sample.time, sample.received, sample.status
            )
        return Sample(nan, Quality.BAD, sample.time, sample.received, sample.status)
