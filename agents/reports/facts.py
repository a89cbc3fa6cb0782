"""The facts of a run: typed, in SI, money in EUR, and nothing in them that was not recorded.

Text and plots are made from these alone. What the operator could not know, the ground truth, is
kept apart in `faults`, so that a report can mark it as such.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...plant_sim.snapshot import URGENT

MONEY = ("downgrade", "scale", "fuel", "energy", "water", "rolls", "delay", "cost")  # EUR
HITS = (  # share of the mass within tolerance
    "gauge_hit", "width_hit", "profile_hit", "flatness_hit", "fdt_hit", "ct_hit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CoilFact:
    """One finished coil: its order, how well it came out (from true values), what it cost.

    `event` is what ended it before its tail, a key of `signal_table.EVENTS` (0 nothing), and
    `event_place` the stand where that was, from 1 (0 none).
    """

    number: int
    width: float
    gauge_aim: float
    fdt_aim: float
    ct_aim: float
    carbon_declared: float
    event: int
    event_place: int
    mass: float
    seconds: float
    gauge_hit: float
    width_hit: float
    profile_hit: float
    flatness_hit: float
    fdt_hit: float
    ct_hit: float
    downgrade: float
    scale: float
    fuel: float
    energy: float
    water: float
    rolls: float
    delay: float
    cost: float
    harm: float


@dataclass(frozen=True, slots=True)
class Column:
    """How one seat did on the coils all seats have rolled.

    Attributes:
        seat: "hold" (no agent), "rules", or the engine of the agent.
        coils: the finished coils, in order.
        money: EUR a coil, by kind.
        hits: share of the mass within tolerance, by quantity.
        harm: seconds beyond a rating, each stand and each rating counted, of two-phase rolling
            and of standstill behind an event; apart from money.
        moves: set-points moved.
    """

    seat: str
    coils: tuple[CoilFact, ...]
    money: dict[str, float]
    hits: dict[str, float]
    harm: float
    moves: int


@dataclass(frozen=True, slots=True)
class Sight:
    """An alert (a key of `ALERTS`) as the agent first saw it (s of plant time)."""

    time: float
    coil: int
    alert: str


@dataclass(frozen=True, slots=True)
class Write:
    """One line of the PLC's own log: a write request as it arrived there.

    Attributes:
        wall: seconds since the epoch.
        time: plant time (s).
        protocol: "opcua" or "modbus".
        user: who asked, as the protocol knows it.
        action_id: identity of the action, 32 hexadecimal digits.
        control: the set-point.
        before: its value before (SI).
        value: its value asked for (SI).
        outcome: what the PLC did with it.
        applied: whether the set-point moved.
        coil: coil in the mill then.
        why: the reason the seat gave, "" when none is recorded.
        confidence: of the seat, 0..1; None when none is recorded.
        by: the seat that chose, "rollback" for a move taken back, "" when none is recorded.
        effect: how its expected effect was judged: "seen", "unseen", "opposite", "unknown" or "".
    """

    wall: float
    time: float
    protocol: str
    user: str
    action_id: str
    control: str
    before: float | None
    value: float
    outcome: str
    applied: bool
    coil: int
    why: str
    confidence: float | None
    by: str
    effect: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Ground truth, unknown to every seat: what was wrong, from when (plant s), and how much.

    Attributes:
        kind: name of the fault.
        begin: plant time (s).
        end: plant time (s).
        coil: the first coil it touches.
        size: at its largest, SI; its unit is that of `scenarios.faults.FAULTS`.
        place: stand, gap, bank or zone it sits at, from 1; 0 where there is but one.
        seen: when the agent was first told of its sign (plant s), None if never.
        answered: when its remedy was first applied after that, None if never.
    """

    kind: str
    begin: float
    end: float
    coil: int
    size: float
    place: int
    seen: float | None
    answered: float | None


@dataclass(frozen=True, slots=True)
class AlarmCount:
    """How often one alarm of the plant came, and how it stood at the end.

    Attributes:
        name: of the alarm table.
        priority: 1 the most urgent .. 4.
        came: how often.
        first: when it came first (plant s).
        led: how often it was the first-out of its cascade.
        standing: whether its condition held at the end.
    """

    name: str
    priority: int
    came: int
    first: float
    led: int
    standing: bool


@dataclass(frozen=True, slots=True)
class AlarmShift:
    """The alarms of a run, as the plant's own alarm system told them (ISA-18.2).

    Attributes:
        hours: plant time covered (h).
        alarms: those that came, the most urgent and then the most frequent first.
        most: most new alarms in any ten minutes.
        floods: spans of plant time (s) in which more came than a person can follow.
        chattering: alarms that came three times in a minute.
    """

    hours: float
    alarms: tuple[AlarmCount, ...]
    most: int
    floods: tuple[tuple[float, float], ...]
    chattering: tuple[str, ...]

    @property
    def came(self) -> int:
        """How many alarms came."""
        return sum(alarm.came for alarm in self.alarms)

    @property
    def rate(self) -> float:
        """New alarms an hour of plant time; 0 of a run without length."""
        return self.came / self.hours if self.hours > 0.0 else 0.0

    @property
    def urgent(self) -> int:
        """How many of the highest two priorities came."""
        return sum(alarm.came for alarm in self.alarms if alarm.priority <= URGENT)


@dataclass(frozen=True, slots=True)
class HandBack:
    """A span of plant time (s) in which the PLC had taken control back, and why."""

    begin: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """A process that ended and what became of it."""

    wall: float
    time: float
    process: str
    returned: int | None
    restarted: bool


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The PLC's log against the ledger of the gate.

    Attributes:
        applied: writes the PLC applied.
        matched: of these, writes applied once that the ledger has exactly once, as done.
        twice: action ids the PLC applied more than once.
        strangers: action ids the PLC applied that have not exactly one entry of this content.
        denied: action ids the PLC applied and the ledger says were not done.
        unsettled: action ids the PLC applied of which the ledger does not know what became.
        unheard: action ids the ledger calls done and the PLC never applied.
    """

    applied: int
    matched: int
    twice: tuple[str, ...]
    strangers: tuple[str, ...]
    denied: tuple[str, ...]
    unsettled: tuple[str, ...]
    unheard: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether every applied write has exactly one entry, done, and the reverse."""
        return self.applied == self.matched and not self.unheard


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a report says about a run.

    Attributes:
        seed: of the plant.
        scenario: of the plant.
        engine: the seat of the agent.
        speed: plant seconds a wall second.
        begun: when the run began, local time, as text.
        wall: how long it took (s).
        plant: plant time it covers (s).
        asked: coils ordered.
        finished: whether all of them were rolled.
        tolerances: half widths of the bands: gauge (m) or gauge_share of the aim, fdt and ct (K).
        columns: no agent, rules, agent, on the same coils.
        decisions: how often the agent decided.
        rules_asked: how often the rules alone were asked, on the coils ordered; None: not recorded.
        seen: what the agent saw.
        writes: the PLC's own log.
        invalid: requests the PLC could not read or take as a request, by reason.
        check: the log against the ledger.
        handbacks: when the PLC had taken control back.
        interruptions: processes that ended during the run.
        notes: what was done differently from what was asked, in English and in Korean.
        faults: ground truth, unknown to the agent.
        alarms: of the plant in this run; None: not recorded.
        alarms_alone: of the same plant without an agent; None: not recorded.
    """

    seed: int
    scenario: str
    engine: str
    speed: float
    begun: str
    wall: float
    plant: float
    asked: int
    finished: bool
    tolerances: dict[str, float]
    columns: tuple[Column, ...]
    decisions: int
    rules_asked: int | None
    seen: tuple[Sight, ...]
    writes: tuple[Write, ...]
    invalid: dict[str, int]
    check: CrossCheck
    handbacks: tuple[HandBack, ...]
    interruptions: tuple[Interruption, ...]
    notes: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...]
    alarms: AlarmShift | None
    alarms_alone: AlarmShift | None

    @property
    def agent(self) -> Column:
        """The column of the agent."""
        return self.columns[-1]

    @property
    def chosen(self) -> tuple[int, int, int]:
        """Applied moves chosen by the agent's own seat, by the rules that help it, taken back."""
        by = [write.by for write in self.writes if write.applied]
        helped = 0 if self.engine == "rules" else by.count("rules")
        return by.count(self.engine), helped, by.count("rollback")

    def save(self, path: Path) -> None:
        """Write the facts as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")


def coil_fact(row: dict[str, Any]) -> CoilFact:
    """Return the coil of one record; what a record has beyond a `CoilFact` is left out."""
    return CoilFact(**{field.name: row[field.name] for field in fields(CoilFact)})


def column(seat: str, coils: tuple[CoilFact, ...], moves: int) -> Column:
    """Return how `seat` did: means a coil for money, means a kilogram for hits."""
    count, mass = max(len(coils), 1), sum(coil.mass for coil in coils) or 1.0
    return Column(
        seat,
        coils,
        {kind: sum(getattr(coil, kind) for coil in coils) / count for kind in MONEY},
        {hit: sum(getattr(coil, hit) * coil.mass for coil in coils) / mass for hit in HITS},
        sum(coil.harm for coil in coils),
        moves,
    )
