"""Play: one block of whole episodes, side by side on lanes, with a seat at the desk of each.

An episode is keyed by its seed alone. Its bits do not depend on the block it is played in, on its
place there, on the worker, or on how the job was cut; tests compare the SHA-256 of every episode.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..controls import HOLD, Seat
from ..errors import ConfigError
from ..snapshot import DECISION_PERIOD, SAMPLE_PERIOD, Snapshot, SnapshotBuilder
from .desk import Desk, Offer, ask

if TYPE_CHECKING:
    from ..lines.hot_strip.lanes import Coil, HotStripLanes

COIL_LIMIT = 300.0  # plant s a coil may take on average before the episode is given up

MOST_COILS = 500  # of one episode: half a day of rolling


class LineKind(NamedTuple):
    """What the player must know of a kind of line."""

    lanes: Callable[..., "HotStripLanes"]
    offer: Offer
    interval: float  # s


def line_kind(name: str) -> LineKind:
    """Return the kind of line called `name`.

    Raises:
        ConfigError: there is no such line.
    """
    if name != "hot-strip":
        raise ConfigError(f"line {name!r} is not known; the lines are: hot-strip")
    from ..lines.hot_strip.control_table import offer
    from ..lines.hot_strip.lanes import INTERVAL, HotStripLanes

    return LineKind(HotStripLanes, offer, INTERVAL)


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: what could be known, what was chosen, and what had been spent until then.

    Attributes:
        time: plant clock (s).
        control: control of the chosen move, "none" for hold.
        value: value asked for (SI).
        label: the word of the move.
        confidence: of the seat, 0..1.
        reason: the seat's words.
        moves: how many moves there were to choose from, hold included.
        cost: money spent since the start, the running coil included (EUR).
        harm: harm done since the start (s).
        alerts: the short phrases of the snapshot.
        features: the digested numbers of the snapshot.
    """

    time: float
    control: str
    value: float
    label: str
    confidence: float
    reason: str
    moves: int
    cost: float
    harm: float
    alerts: tuple[str, ...]
    features: Mapping[str, float]


@dataclass(slots=True)
class Episode:
    """One episode: the decisions and the coils of one seed."""

    seed: int
    steps: list[Step] = field(default_factory=list)
    coils: list["Coil"] = field(default_factory=list)
    complete: bool = False  # whether all coils were finished before the time was up

    @property
    def cost(self) -> float:
        """Money of the finished coils (EUR)."""
        return float(sum(coil.cost for coil in self.coils))

    @property
    def harm(self) -> float:
        """Harm of the finished coils (s), apart from money."""
        return float(sum(coil.harm for coil in self.coils))

    @property
    def sha256(self) -> str:
        """Fingerprint of every bit of the episode: all its steps and all its coils."""
        record = [
            self.seed,
            self.complete,
            [asdict(step) for step in self.steps],
            [coil_row(coil) for coil in self.coils],
        ]  # repr of a float in JSON is exact, so equal text means equal bits (all NaN are one)
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def coil_row(coil: "Coil") -> dict[str, Any]:
    """Return the fields of a coil and its cost as plain numbers."""
    row = {name: _plain(value) for name, value in asdict(coil).items()}
    row["cost"] = float(coil.cost)
    return row


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def play_block(
    seat: Seat,
    seeds: Sequence[int],
    scenario: str = "nominal",
    coils: int = 20,
    line: str = "hot-strip",
) -> list[Episode]:
    """Play one episode for each seed, side by side, until each has finished its coils.

    Every SAMPLE_PERIOD of plant time each line is read into its snapshot. Every DECISION_PERIOD the
    seat is asked for every running episode in which an alert stands, as the supervisor's triage
    does; a seat with `asked_always = True`, say a policy, for all of them. It chooses among the
    moves that the catalogue (range, choice, step, pre-conditions) and the cooldowns allow, and its
    choice is written.

    Args:
        seat: who decides.
        seeds: one for each episode; the seed draws orders, faults and noise.
        scenario: name of the scenario.
        coils: finished coils after which an episode ends.
        line: kind of line.

    Raises:
        ConfigError: no seeds, or not a number of coils that a line keeps.
        SimulationError: the seat answered with something that is no move.
    """
    kind = line_kind(line)
    if not seeds or not 1 <= coils <= MOST_COILS:
        raise ConfigError(
            f"an episode needs a seed and 1 to {MOST_COILS} coils, not {len(seeds)} seeds "
            f"and {coils} coils"
        )
    lanes = kind.lanes(seeds, scenario)
    desks = [
        Desk(SnapshotBuilder(lanes.signals, lanes.controls), lanes.controls, kind.offer)
        for _ in seeds
    ]
    episodes = [Episode(seed) for seed in seeds]
    running = list(range(len(seeds)))
    for _ in range(int(coils * COIL_LIMIT / DECISION_PERIOD)):
        for _ in range(round(DECISION_PERIOD / SAMPLE_PERIOD)):
            lanes.advance(round(SAMPLE_PERIOD / kind.interval))
            now = lanes.time
            pages = [
                desks[lane].builder.update(lanes.samples(lane), float(now[lane]))
                for lane in running
            ]
        _decide(seat, lanes, desks, episodes, running, pages)
        counts = lanes.finished_counts()
        for lane in tuple(running):
            if counts[lane] >= coils:
                episodes[lane].complete = True
                running.remove(lane)
        if not running:
            break
    for lane, episode in enumerate(episodes):
        episode.coils = lanes.finished(lane)[:coils]
    return episodes


def _decide(
    seat: Seat,
    lanes: "HotStripLanes",
    desks: Sequence[Desk],
    episodes: Sequence[Episode],
    running: Sequence[int],
    pages: Sequence[Snapshot],
) -> None:
    """Ask the seat, write what it chose, record all of it."""
    moves = [desks[lane].open_moves(page) for lane, page in zip(running, pages, strict=True)]
    answers = ask(seat, pages, moves)
    costs, harms = lanes.money(), lanes.harms()
    for lane, page, legal, (move, decision) in zip(running, pages, moves, answers, strict=True):
        if move != HOLD:
            lanes.write(move.control, move.value, [lane])
            desks[lane].note(move.control, page.time)
        episodes[lane].steps.append(
            Step(
                page.time,
                move.control,
                float(move.value),
                move.label,
                float(decision.confidence),
                decision.reason,
                len(legal),
                float(costs[lane]),
                float(harms[lane]),
                page.alerts,
                {name: float(value) for name, value in page.features.items()},
            )
        )
