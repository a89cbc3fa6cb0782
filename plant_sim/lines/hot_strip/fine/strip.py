"""The slow step's strip: samples of thickness, heat and width that travel from stand to stand.

Each gap holds samples at equal distances that move with the strip; when one distance has passed
they move up by one place. A sample knows its mean temperature and how far its surface is colder
(`strip_heat`).
"""

import numpy as np
from numpy.typing import NDArray

from ....engine.numbers import fmax, fmin, inline, kernel, where
from ....physics.roll_bite import contact_length, strain
from ....physics.strip_temperature import DENSITY, HEAT, SPRAY_FILM, SPRAY_LENGTH
from ....physics.tension_creep import necking
from .. import parameters as P  # noqa: N812
from ..parameters import STANDS
from ..strip_heat import (
    FIRST_SPRAY,
    LAST_SPRAY,
    SPRAY_PLACE,
    behind_bite,
    face_flux,
    recovery,
    standing_dip,
)
from . import bench as B  # noqa: N812
from . import rows as F  # noqa: N812
from .rows import CELLS, GAUGE_CELLS, LANES, SAMPLES

Block = NDArray[np.float64]


@kernel
def carry(fine: Block, bench: Block, mill: Block, seconds: float, entry_heat: Block) -> None:
    """Move the strip by what has passed in this slow step, cool it, and read gauge and pyrometer.

    Args:
        fine: state of sixteen mills; the way each gap's strip has gone is in F.WAY (m).
        bench: B.HEAD, B.SPRAY; B.THICK.. are used as scratch.
        mill: the mill's data.
        seconds: the slow step.
        entry_heat: mean temperature of the bar before F1 in each lane (K).
    """
    first = int(mill[P.FIRST_STAND])
    for i in range(LANES):
        fine[(F.ENTRY_HEAT + first) * LANES + i] = entry_heat[i]
    place = 0.0
    for g in range(first, STANDS):
        _leave(fine[g * LANES :])
        distance = mill[P.DISTANCE + g]
        cells = CELLS if g < STANDS - 1 else GAUGE_CELLS
        film = SPRAY_FILM if FIRST_SPRAY <= g <= LAST_SPRAY else 0.0
        _travel(fine, bench, g, distance / cells, cells + 1, place, film, seconds)
        place += distance
        if g < STANDS - 1:
            _arrive(fine[g * SAMPLES * LANES :], fine[(g + 1) * LANES :], bench)
    _mark(fine[F.S_MARK * LANES :], bench, bench[B.MONITOR * LANES :])
    _mark(fine[F.S_KNOWN * LANES :], bench, bench[B.KNOWN * LANES :])
    _read(fine, bench, mill)


@kernel
def _mark(marks: Block, bench: Block, now: Block) -> None:
    """Let what level 1 knows of the strip in F7 now travel with it to the gauge."""
    for k in range(GAUGE_CELLS, 0, -1):
        for i in range(LANES):
            moves = bench[B.SHIFT * LANES + i] > 0.5
            newer = marks[(k - 1) * LANES + i]
            marks[k * LANES + i] = where(moves, newer, marks[k * LANES + i])
    for i in range(LANES):
        moves = bench[B.SHIFT * LANES + i] > 0.5
        marks[i] = where(moves, now[i], marks[i])


@kernel
def _leave(stand: Block) -> None:
    """Heat, surface and width of the strip behind a stand: contact, work, friction."""
    for i in range(LANES):
        entry, exit = stand[F.ENTRY * LANES + i], stand[F.EXIT * LANES + i]
        heat, cold = stand[F.ENTRY_HEAT * LANES + i], stand[F.ENTRY_COLD * LANES + i]
        roll = fmax(stand[F.ROLL * LANES + i], 0.05)
        length = contact_length(fmax(entry - exit, 1e-6), stand[F.FLAT * LANES + i])
        left, dip = behind_bite(
            heat, cold, 0.5 * (entry + exit), length, roll,
            stand[F.FORCE * LANES + i] / stand[F.ENTRY_WIDTH * LANES + i],
            stand[F.SLIP * LANES + i], stand[F.STRESS * LANES + i],
            strain(entry, fmin(exit, 0.9999 * entry)),
        )  # fmt: skip
        loaded = stand[F.LOADED * LANES + i] > 0.5
        stand[F.LEFT_HEAT * LANES + i] = where(loaded, left, heat)
        stand[F.LEFT_COLD * LANES + i] = where(loaded, dip, cold)
        stand[F.LEFT_WIDTH * LANES + i] = stand[F.ENTRY_WIDTH * LANES + i]


@kernel
def _travel(
    fine: Block, bench: Block, g: int, cell: float, samples: int, place: float, film: float,
    seconds: float,
) -> None:  # fmt: skip
    """Move the samples of one gap up where a cell has passed, then cool them on their way."""
    gap = fine[g * LANES :]
    for i in range(LANES):
        way = gap[F.WAY * LANES + i]
        done = gap[F.FRACTION * LANES + i] + way / cell
        shift = where(done >= 1.0, 1.0, 0.0)
        gap[F.FRACTION * LANES + i] = fmin(done - shift, 1.0)
        gap[F.WAY * LANES + i] = 0.0
        bench[B.FRACTION * LANES + i] = fmin(done - shift, 1.0)
        bench[B.WAY * LANES + i] = way
        bench[B.FILM * LANES + i] = film * (1.0 - gap[F.DRY * LANES + i])
        bench[B.FILM * LANES + i] *= bench[B.SPRAY * LANES + i]
        bench[B.SHIFT * LANES + i] = shift
        # behind a fresh head the whole gap is filled with it
        bench[B.FRESH * LANES + i] = where(bench[B.HEAD * LANES + i] < place + cell, 1.0, 0.0)
        bench[B.THICK * LANES + i] = gap[F.EXIT * LANES + i]
        bench[B.HEAT * LANES + i] = gap[F.LEFT_HEAT * LANES + i]
        bench[B.COLD * LANES + i] = gap[F.LEFT_COLD * LANES + i]
        bench[B.BREADTH * LANES + i] = gap[F.LEFT_WIDTH * LANES + i]
        rate = necking(gap[(F.TENSION + 1) * LANES + i], fmax(gap[F.STRESS * LANES + i], 1e7))
        bench[B.ABOVE * LANES + i] = 1.0 - seconds * rate
    base = g * SAMPLES
    for k in range(samples - 1, 0, -1):
        _shift(fine[(base + k) * LANES :], fine[(base + k - 1) * LANES :], bench)
    _enter(fine[base * LANES :], bench)
    for k in range(samples):
        _cool(fine[(base + k) * LANES :], bench, float(k), cell, seconds)


@kernel
def _shift(sample: Block, newer: Block, bench: Block) -> None:
    """Give a sample's place to the newer one before it, where a cell has passed."""
    for i in range(LANES):
        moves, fresh = bench[B.SHIFT * LANES + i] > 0.5, bench[B.FRESH * LANES + i] > 0.5
        thick = where(moves, newer[F.S_THICK * LANES + i], sample[F.S_THICK * LANES + i])
        heat = where(moves, newer[F.S_HEAT * LANES + i], sample[F.S_HEAT * LANES + i])
        cold = where(moves, newer[F.S_COLD * LANES + i], sample[F.S_COLD * LANES + i])
        width = where(moves, newer[F.S_WIDTH * LANES + i], sample[F.S_WIDTH * LANES + i])
        sample[F.S_THICK * LANES + i] = where(fresh, bench[B.THICK * LANES + i], thick)
        sample[F.S_HEAT * LANES + i] = where(fresh, bench[B.HEAT * LANES + i], heat)
        sample[F.S_COLD * LANES + i] = where(fresh, bench[B.COLD * LANES + i], cold)
        sample[F.S_WIDTH * LANES + i] = where(fresh, bench[B.BREADTH * LANES + i], width)


@kernel
def _enter(sample: Block, bench: Block) -> None:
    """Take what leaves the stand as the newest sample, where a cell has passed."""
    for i in range(LANES):
        takes = bench[B.SHIFT * LANES + i] + bench[B.FRESH * LANES + i] > 0.5
        sample[F.S_THICK * LANES + i] = where(
            takes, bench[B.THICK * LANES + i], sample[F.S_THICK * LANES + i]
        )
        sample[F.S_HEAT * LANES + i] = where(
            takes, bench[B.HEAT * LANES + i], sample[F.S_HEAT * LANES + i]
        )
        sample[F.S_COLD * LANES + i] = where(
            takes, bench[B.COLD * LANES + i], sample[F.S_COLD * LANES + i]
        )
        sample[F.S_WIDTH * LANES + i] = where(
            takes, bench[B.BREADTH * LANES + i], sample[F.S_WIDTH * LANES + i]
        )


@inline
def _under(start: float, end: float) -> float:
    """Return the length (m) of start..end that lies under the spray of a gap."""
    return fmax(fmin(end, SPRAY_PLACE + SPRAY_LENGTH) - fmax(start, SPRAY_PLACE), 0.0)


@kernel
def _cool(sample: Block, bench: Block, number: float, cell: float, seconds: float) -> None:
    """Radiation, air and spray on one sample of every lane over the way it has just gone."""
    for i in range(LANES):
        thick = sample[F.S_THICK * LANES + i]
        heat, cold = sample[F.S_HEAT * LANES + i], sample[F.S_COLD * LANES + i]
        end = (number + bench[B.FRACTION * LANES + i]) * cell
        way = bench[B.WAY * LANES + i]
        wet = _under(end - way, end) / fmax(way, 1e-6)
        flux = face_flux(heat - cold, bench[B.FILM * LANES + i] * wet)
        pace = recovery(thick) * seconds
        sample[F.S_HEAT * LANES + i] = heat - 2.0 * flux * seconds / (DENSITY * HEAT * thick)
        cold = (cold + pace * standing_dip(flux, thick)) / (1.0 + pace)
        sample[F.S_COLD * LANES + i] = cold
        sample[F.S_WIDTH * LANES + i] = sample[F.S_WIDTH * LANES + i] * bench[B.ABOVE * LANES + i]


@kernel
def _arrive(samples: Block, stand: Block, bench: Block) -> None:
    """Set what enters the next stand: between the two samples about to be there."""
    for i in range(LANES):
        near = bench[B.FRACTION * LANES + i]
        far = 1.0 - near
        a, b = CELLS * LANES + i, (CELLS - 1) * LANES + i
        stand[F.ENTRY * LANES + i] = (
            far * samples[F.S_THICK * LANES + a] + near * samples[F.S_THICK * LANES + b]
        )
        stand[F.ENTRY_HEAT * LANES + i] = (
            far * samples[F.S_HEAT * LANES + a] + near * samples[F.S_HEAT * LANES + b]
        )
        stand[F.ENTRY_COLD * LANES + i] = (
            far * samples[F.S_COLD * LANES + a] + near * samples[F.S_COLD * LANES + b]
        )
        stand[F.ENTRY_WIDTH * LANES + i] = (
            far * samples[F.S_WIDTH * LANES + a] + near * samples[F.S_WIDTH * LANES + b]
        )


@kernel
def _read(fine: Block, bench: Block, mill: Block) -> None:
    """Read thickness at the X-ray gauge and temperature at the pyrometer from the samples there."""
    base = (STANDS - 1) * SAMPLES
    cell = mill[P.DISTANCE + STANDS - 1] / GAUGE_CELLS
    seen = fmin(fmax(mill[P.PYROMETER_DISTANCE] / cell, 1.0), float(GAUGE_CELLS))
    for i in range(LANES):
        bench[B.THICK * LANES + i] = 0.0
        bench[B.HEAT * LANES + i] = 0.0
        bench[B.COLD * LANES + i] = 0.0
        bench[B.MARK * LANES + i] = 0.0
        bench[B.KNOWN_SEEN * LANES + i] = 0.0
    for k in range(GAUGE_CELLS + 1):
        _weigh(fine[(base + k) * LANES :], fine[k * LANES :], bench, float(k), seen)


@kernel
def _weigh(sample: Block, mark: Block, bench: Block, number: float, seen: float) -> None:
    """Add a sample's share of what stands at the gauge and under the pyrometer."""
    for i in range(LANES):
        at = number + bench[B.FRACTION * LANES + i]
        off = at - float(GAUGE_CELLS)
        share = fmax(1.0 - fmax(off, -off), 0.0)
        bench[B.THICK * LANES + i] += share * sample[F.S_THICK * LANES + i]
        bench[B.MARK * LANES + i] += share * mark[F.S_MARK * LANES + i]
        bench[B.KNOWN_SEEN * LANES + i] += share * mark[F.S_KNOWN * LANES + i]
        off = at - seen
        share = fmax(1.0 - fmax(off, -off), 0.0)
        bench[B.HEAT * LANES + i] += share * sample[F.S_HEAT * LANES + i]
        bench[B.COLD * LANES + i] += share * sample[F.S_COLD * LANES + i]
