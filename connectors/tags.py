"""Where a signal lives on the wire, and how a raw number becomes a Sample.

A `Tag` has an OPC UA address, a Modbus address or both. What travels on the wire is the plant unit
an operator reads (degC, mm, MN); inside it is SI, converted here through `plant_sim.units`.
"""

import struct
from dataclasses import dataclass
from math import isfinite, nan
from typing import Literal

from ..plant_sim.errors import ConfigError
from ..plant_sim.signals import Quality, Sample, Signal
from ..plant_sim.units import from_si, to_si

Protocol = Literal["opcua", "modbus"]
Kind = Literal["f32", "f64"]

BAD_AFTER = 3.0  # a value older than this many `stale_after` is BAD
MARGIN = 0.05  # noise may leave the plausible range by this part of its span

_FORMATS: dict[Kind, struct.Struct] = {"f32": struct.Struct(">f"), "f64": struct.Struct(">d")}

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
    )
}  # fmt: skip
"""What the PLC says of itself; every virtual PLC has these beside the signals of its line."""


@dataclass(frozen=True, slots=True)
class OpcUaAddress:
    """A node by namespace URI, never by namespace index: the index may change at a restart."""

    namespace: str
    identifier: str  # "s=F1.RollForce"

    def __str__(self) -> str:
        return f"nsu={self.namespace};{self.identifier}"

    @classmethod
    def parse(cls, text: str) -> "OpcUaAddress":
        """Read `nsu=<uri>;s=<name>`.

        >>> OpcUaAddress.parse("nsu=urn:passline:hot-strip;s=F1.RollForce").identifier
        's=F1.RollForce'
        """
        head, _, identifier = text.rpartition(";")
        if not head.startswith("nsu=") or len(head) < 5 or identifier[:2] not in ("s=", "i="):
            raise ConfigError(
                f"OPC UA address {text!r} is not of the form nsu=<uri>;s=<name>; write it so"
            )
        return cls(head[4:], identifier)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Registers of one number, most significant word first."""

    table: Literal["input", "holding"]
    register: int  # 0-based
    kind: Kind = "f32"

    @property
    def words(self) -> int:
        """How many 16-bit registers the number takes."""
        return _FORMATS[self.kind].size // 2

    def decode(self, registers: bytes) -> float:
        """Return the number in `registers`, big-endian bytes as on the wire."""
        return float(_FORMATS[self.kind].unpack(registers)[0])

    def encode(self, value: float) -> bytes:
        """Return `value` as big-endian bytes; NaN travels as NaN."""
        return _FORMATS[self.kind].pack(value)


@dataclass(frozen=True, slots=True)
class WriteRule:
    """How a tag is written: by which protocol's mailbox, under which index, within which limits.

    Attributes:
        protocol: the only protocol over which the PLC takes this control.
        index: number of the control in a mailbox request.
        low: least value, plant unit.
        high: greatest value, plant unit.
    """

    protocol: Protocol
    index: int
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise ConfigError(
                f"write limits [{self.low}, {self.high}] must be finite and rising; give both"
            )
        if not 1 <= self.index <= 0xFFFF:
            raise ConfigError(f"write index {self.index} is outside [1, 65535]; choose another")


@dataclass(frozen=True, slots=True)
class Tag:
    """One signal on the wire.

    Attributes:
        name: the name of the signal inside.
        unit: plant unit on the wire, a key of `units.UNITS`.
        low: least plausible value, plant unit.
        high: greatest plausible value, plant unit.
        stale_after: age (wall s) from which a value is UNCERTAIN; three times that, BAD.
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
        if self.opcua is None and self.modbus is None:
            raise ConfigError(f"tag {self.name} has no address; give opcua or modbus")
        from_si(0.0, self.unit)  # an unknown unit is refused here

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
        if age <= BAD_AFTER * self.stale_after:
            return Sample(
                sample.value, Quality.UNCERTAIN, sample.time, sample.received, sample.status
            )
        return Sample(nan, Quality.BAD, sample.time, sample.received, sample.status)
