"""The tag file that is generated for a line of our own: what the virtual PLC shows, and where."""

from collections.abc import Mapping
from math import floor, log10

from ..plant_sim.controls import Control
from ..plant_sim.signals import Signal
from ..plant_sim.units import UNITS, from_si
from .addresses import Kind, ModbusAddress, OpcUaAddress, Scaling, Table
from .tag_devices import MailboxMap, ModbusDevice, OpcUaDevice
from .tag_table import REARM, TagFile
from .tags import PLC_SIGNALS, Condition, Tag, WriteRule

_COUNTERS = ("coil.number",)
_STATES = ("plc.remote", "plc.finished")  # 0 or 1, and never BAD: a bit has no code for that
_REARM_INDEX = 1000  # number of the control that re-arms the PLC
_FINER = 10  # an instrument shows a tenth of its noise
_ROOM = 30_000  # counts of an i16 that a plausible value may use


def make_default(
    signals: Mapping[str, Signal],
    controls: Mapping[str, Control],
    *,
    opcua_port: int,
    modbus_port: int,
    line: str = "hot-strip",
    host: str = "127.0.0.1",
) -> TagFile:
    """Return the tag file for a set of signals and controls.

    Every signal is on OPC UA. What belongs to the run-out table, to the coil and to the PLC is on
    Modbus as well, coded as such a PLC codes it: states as discrete inputs, switches as coils,
    instruments as scaled 16-bit input registers, counters as 32-bit ones, the rest as floats.
    Controls of the mill are written over OPC UA, those of the run-out table over Modbus.
    """
    uri = f"urn:passline:{line}"
    shown = {**PLC_SIGNALS, **signals}
    where = _registers(shown, controls)
    index = {name: number for number, name in enumerate(controls, start=1)}
    tags = {}
    for signal in shown.values():
        control = controls.get(signal.name)
        at = where.get(signal.name)
        tags[signal.name] = Tag(
            signal.name,
            signal.display,
            _plant(signal.low, signal),
            _plant(signal.high, signal),
            opcua=OpcUaAddress(uri, f"s={node_name(signal.name)}"),
            modbus=at,
            write=_write(control, index[signal.name], shown) if control else None,
            english=signal.english,
            korean=signal.korean,
            resolution=_resolution(signal, control),
        )
    tags[REARM] = Tag(
        REARM,
        "1",
        0.0,
        1.0,
        opcua=OpcUaAddress(uri, f"s={node_name(REARM)}"),
        write=WriteRule("opcua", _REARM_INDEX, 1.0, 1.0, risk="high"),
        english="write 1 to leave local after a hand-back; an operator's decision",
        korean="현장 전환 후 원격 복귀 (운전자 결정)",
    )
    return TagFile(
        line,
        OpcUaDevice(f"opc.tcp://{host}:{opcua_port}", "urn:passline:virtual-plc"),
        ModbusDevice(host, modbus_port, 1),
        MailboxMap(
            OpcUaAddress(uri, "s=Mailbox.Request"),
            OpcUaAddress(uri, "s=Mailbox.Echo"),
            OpcUaAddress(uri, "s=Mailbox.Beat"),
            request_register=0,
            beat_register=32,
            echo_register=500,
            hash_register=622,
        ),
        tags,
    )


def node_name(name: str) -> str:
    """Return the name a signal has on OPC UA.

    >>> node_name("f1.roll_force"), node_name("rot.bank_1_flow"), node_name("coil.ct_aim")
    ('F1.RollForce', 'ROT.Bank1Flow', 'Coil.CtAim')
    """
    station, _, quantity = name.partition(".")
    head = station.upper() if len(station) <= 3 else station.title()
    return f"{head}.{''.join(word.title() for word in quantity.split('_'))}"


def _write(control: Control, index: int, signals: Mapping[str, Signal]) -> WriteRule:
    """Return the rule of a control, in its plant unit."""
    signal = signals[control.name]

    def difference(value: float) -> float:
        return _short(value / UNITS[signal.display][1])

    return WriteRule(
        "modbus" if control.name.startswith("rot.") else "opcua",
        index,
        _plant(control.low, signal),
        _plant(control.high, signal),
        max_step=difference(control.max_step),
        rate=control.rate / UNITS[signal.display][1],
        cooldown=control.cooldown,
        risk=control.risk,
        needs=control.needs,
        excludes=control.excludes,
        permits=tuple(
            Condition(
                permit.signal,
                _plant(permit.low, signals[permit.signal]),
                _plant(permit.high, signals[permit.signal]),
                permit.english,
                permit.korean,
            )
            for permit in control.permits
        ),
        tolerance=difference(control.tolerance),
        choices=tuple(_plant(choice, signal) for choice in control.choices),
        steps=tuple(difference(step) for step in control.steps),
        start=_plant(control.start, signal),
    )


def _registers(
    signals: Mapping[str, Signal], controls: Mapping[str, Control]
) -> dict[str, ModbusAddress]:
    """Return where each signal of run-out table, coil and PLC lies; like codings side by side."""
    found: dict[tuple[Table, Kind, Scaling], list[str]] = {}
    for name, signal in signals.items():
        if name.partition(".")[0] in ("plc", "rot") or name in _COUNTERS:
            found.setdefault(_coding(signal, controls.get(name)), []).append(name)
    sizes = {"f64": 0, "f32": 1, "u32": 2}
    free: dict[Table, int] = {"discrete": 0, "coil": 0, "input": 0, "holding": 0}
    where = {}
    for (table, kind, scaling), names in sorted(
        found.items(), key=lambda item: (sizes.get(item[0][1], 3), item[0][2].scale)
    ):
        for name in names:
            where[name] = ModbusAddress(table, free[table], kind, scaling=scaling)
            free[table] += where[name].words
    return where


def _coding(signal: Signal, control: Control | None) -> tuple[Table, Kind, Scaling]:
    """Return how a signal is coded."""
    if signal.name in _STATES:
        return "discrete", "bool", Scaling()
    if control is not None and control.choices == (0.0, 1.0):
        return "coil", "bool", Scaling()
    if control is not None and control.choices:
        return "input", "u16", Scaling(missing=(65535.0,))
    if signal.name in _COUNTERS:
        return "input", "u32", Scaling(missing=(4294967295.0,))
    if signal.name == "plc.time":
        return "input", "f64", Scaling()
    scale = _resolution(signal, control)
    most = max(abs(_plant(signal.low, signal)), abs(_plant(signal.high, signal)))
    if signal.noise and most <= _ROOM * scale:
        return "input", "i16", Scaling(scale, missing=(-32768.0,))
    return "input", "f32", Scaling()


def _resolution(signal: Signal, control: Control | None) -> float:
    """Return the smallest difference shown, plant unit: a tenth of the noise, as a power of ten."""
    if signal.name in (*_COUNTERS, *_STATES) or (control is not None and control.choices):
        return 1.0
    if not signal.noise:
        return 0.0
    noise = signal.noise / UNITS[signal.display][1]
    return float(f"1e{floor(log10(_short(noise) / _FINER) + 1e-9)}")


def _plant(value: float, signal: Signal) -> float:
    return _short(from_si(value, signal.display))


def _short(value: float) -> float:
    return float(f"{value:.9g}")
