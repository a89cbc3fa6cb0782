"""One control interval of the fine mill: what comes from the line, the steps, what goes back."""

import numpy as np
from numpy.typing import NDArray

from ....control.gap_control import MONITOR_SHARE, SETTLED, monitor_rate
from ....control.level2_model import LOSS_SHARE, delivery_temperature, modulus
from ....control.speed_control import spray_opening
from ....engine.numbers import fmax, fmin, inline, kernel, where
from ....physics.flow_stress import COLDEST, HOTTEST
from .. import faults as K  # noqa: N812
from .. import parameters as P  # noqa: N812
from .. import profile_rows as Q  # noqa: N812
from .. import rows as R  # noqa: N812
from ..mill import pass_on
from ..mill_show import ENTRY_NOISE, HYDRAULIC, TENSION_NOISE, TORQUE_NOISE, WIDTH_NOISE
from ..parameters import STANDS
from . import bench as B  # noqa: N812
from . import rows as F  # noqa: N812
from .bar import clear, prepare
from .level1 import steer
from .rows import GAUGE_CELLS, LANES, SAMPLES
from .stands import fast_step
from .strip import carry
from .watch import watch

Block = NDArray[np.float64]

INTERVAL = R.INTERVAL
MOST_REDUCTION = 1.833  # 1: entry over exit at the most strain Shida holds for [C 3.1]
CREEP_SPEED = 1.0  # m/s: least speed that the table is told; its rollers never stand [M 3.11]


@kernel
def take_in(block: Block, fine: Block, bench: Block, mill: Block) -> None:
    """Take the line's set-up, set-points and bar; a new bar makes the mill ready."""
    for i in range(LANES):
        new = block[R.COIL * LANES + i] != fine[F.COIL_SEEN * LANES + i]
        if new and block[R.ACTIVE * LANES + i] > 0.5:
            clear(fine, i)
            prepare(block, fine, i, mill)
    first = int(mill[P.FIRST_STAND])
    for s in range(first, STANDS):
        _ail(block, block[s * LANES :], fine[s * LANES :], float(s + 1))
        for i in range(LANES):
            fine[(F.SET_GAP + s) * LANES + i] = block[(R.GAP + s) * LANES + i]
            fine[(F.SUM_FORCE + s) * LANES + i] = 0.0
    for i in range(LANES):
        fine[(F.ENTRY + first) * LANES + i] = block[R.H * LANES + i]
        bench[B.CARBON * LANES + i] = block[R.CARBON * LANES + i]
        bench[B.HARDNESS * LANES + i] = block[R.HARDNESS * LANES + i]
        bench[B.STIFFNESS * LANES + i] = block[R.STIFFNESS * LANES + i]
        wide = block[R.WIDTH * LANES + i] + block[R.BAR_WIDER * LANES + i]
        bench[B.WIDTH * LANES + i] = wide
        fine[(F.ENTRY_WIDTH + first) * LANES + i] = wide
        bench[B.PULL * LANES + i] = block[R.TENSION_TRIM * LANES + i]
        bench[B.COMPENSATION * LANES + i] = block[R.AGC_COMPENSATION * LANES + i]
        bench[B.HEAD * LANES + i] = fine[F.HEAD * LANES + i]
        bench[B.TAIL * LANES + i] = fine[F.TAIL * LANES + i]
        bench[B.MASTER * LANES + i] = fine[F.MASTER * LANES + i]
        bench[B.MONITOR * LANES + i] = fine[F.MONITOR * LANES + i]
        fine[F.SUM_EXIT * LANES + i] = 0.0
        fine[F.SUM_HEAT * LANES + i] = 0.0
        fine[F.SUM_COLD * LANES + i] = 0.0
        fine[F.SUM_SPEED * LANES + i] = 0.0
        fine[F.SUM_POWER * LANES + i] = 0.0
        fine[F.SUM_GAUGE * LANES + i] = 0.0
        aim = block[R.THREAD_SPEED * LANES + i] + block[R.ZOOM * LANES + i]
        aim = aim + block[R.SPEED_TRIM * LANES + i] + block[R.ACT_SPEED * LANES + i]
        aim = fmin(fmax(aim, mill[P.SLOWEST]), mill[P.FASTEST])
        bench[B.SPEED * LANES + i] = where(fine[F.EVENT * LANES + i] > 0.5, 0.0, aim)

        seen = where(
            block[R.FDT_SOURCE * LANES + i] > 0.5,
            block[R.FDT_MODEL * LANES + i],
            block[R.SHOWN_FDT * LANES + i],
        )
        settled = where(fine[F.DELIVERED * LANES + i] > SETTLED, 1.0, 0.0)
        settled = settled * fine[(F.LOADED + STANDS - 1) * LANES + i]
        opening, integral = spray_opening(
            settled * (seen - block[R.FDT_AIM * LANES + i]),
            block[R.SPRAY_INTEGRAL * LANES + i],
            block[R.SPRAY_TRIM * LANES + i] + block[R.ACT_SPRAY * LANES + i],
            INTERVAL,
            block[R.SHOWN_SPEED * LANES + i] * block[R.GAUGE_AIM * LANES + i],
        )
        block[R.SPRAY_INTEGRAL * LANES + i] = integral
        block[R.SPRAY * LANES + i] = opening
        bench[B.SPRAY * LANES + i] = opening


@inline
def _here(block: Block, i: int, kind: int, place: float) -> float:
    """Return the present size of a fault if it is at this stand or at all of them, else 0."""
    at = block[(R.FAULT_PLACE + kind) * LANES + i]
    here = where(at == place, 1.0, where(at == 0.0, 1.0, 0.0))
    size: float = block[(R.FAULT + kind) * LANES + i]
    return here * size


@kernel
def _ail(block: Block, rolls: Block, stand: Block, place: float) -> None:
    """Bring the present faults of a stand, and its warm and worn rolls, into its rows."""
    for i in range(LANES):
        stand[F.BIAS_FORCE * LANES + i] = _here(block, i, K.LOAD_CELL, place)
        open = _here(block, i, K.GAP_ENCODER, place) + rolls[Q.ROLL_GAP * LANES + i]
        stand[F.BIAS_GAP * LANES + i] = -open
        stand[F.LEAK * LANES + i] = _here(block, i, K.HGC_LEAK, place)
        oil = 1.0 - block[(R.FAULT + K.HYDRAULIC_PRESSURE) * LANES + i]
        slow = 1.0 - oil * (1.0 - _here(block, i, K.HGC_SLOW, place))
        stand[F.SLOW * LANES + i] = slow
        stand[F.STICTION * LANES + i] = _here(block, i, K.AGC_STICTION, place)
        stand[F.DROOP * LANES + i] = _here(block, i, K.DRIVE_DROOP, place)
        stand[F.WEAK * LANES + i] = _here(block, i, K.DRIVE_LIMIT, place)
        stand[F.SWING_MORE * LANES + i] = _here(block, i, K.ECCENTRICITY, place)
        stand[F.BELIEF * LANES + i] = _here(block, i, K.MODULUS_ERROR, place)
        stand[F.DRY * LANES + i] = _here(block, i, K.SPRAY_BLOCK, place)
        stand[F.RINGING * LANES + i] = _here(block, i, K.LOOPER_SWING, place)


@kernel
def run(
    block: Block, fine: Block, mill: Block, pace: Block, slow: int, fast: int, iterations: int
) -> None:
    """Move sixteen mills by one control interval.

    Args:
        block: rows of the line.
        fine: state of the mills.
        mill: the mill's data.
        pace: the fast step, and `hydraulic_gap.response` for it; INTERVAL / (slow * fast) seconds.
        slow: slow steps in the interval.
        fast: fast steps in a slow one.
        iterations: Newton steps of each bite in a fast step.
    """
    first = int(mill[P.FIRST_STAND])
    bench = np.zeros(B.ROWS * LANES)
    heat = np.zeros(LANES)
    take_in(block, fine, bench, mill)
    seconds = INTERVAL / slow
    for k in range(slow):
        for i in range(LANES):
            before = fine[F.ENTRY_BEFORE * LANES + i]
            now = block[R.ENTRY_TEMPERATURE * LANES + i]
            heat[i] = before + (now - before) * (k + 1.0) / slow
            rate = monitor_rate(
                fine[F.DELIVERED * LANES + i], block[R.STRIP_LEFT * LANES + i]
            ) * fine[(F.LOADED + STANDS - 1) * LANES + i]  # fmt: skip
            off = fine[F.AT_GAUGE * LANES + i] + 2e-6 * block[(R.NOISE + R.N_GAUGE) * LANES + i]
            off = off + block[(R.FAULT + K.THICKNESS_GAUGE) * LANES + i]
            off = off - block[R.GAUGE_AIM * LANES + i] + block[R.ACT_GAUGE * LANES + i]
            off = off - block[R.GAUGE_TRIM * LANES + i]
            rate = rate * block[R.MONITOR_ON * LANES + i]
            bench[B.FRESH * LANES + i] = rate
            bench[B.THICK * LANES + i] = off
            bench[B.MARK * LANES + i] = fine[F.MARK_AT_GAUGE * LANES + i]
            block[R.GAUGE_ERROR * LANES + i] = where(rate > 0.0, off, 0.0)
        steer(fine, bench, mill, seconds)
        for _ in range(fast):
            fast_step(fine, bench, mill, pace, iterations, first, STANDS)
        carry(fine, bench, mill, seconds, heat)
        watch(fine, block, bench, mill, seconds, 1.0 / slow)
    hand_out(block, fine, bench, mill)
    show_fine(block, fine, first)


@kernel
def hand_out(block: Block, fine: Block, bench: Block, mill: Block) -> None:
    """Give back the rows of the supervisory mill: means of the interval, and what is shown."""
    first = int(mill[P.FIRST_STAND])
    for s in range(first, STANDS):
        for i in range(LANES):
            loaded = fine[(F.LOADED + s) * LANES + i]
            # over an interval in which strip came the mean would be a force nobody felt
            came = fine[(F.LOADED_FOR + s) * LANES + i] < INTERVAL
            force = loaded * where(
                came, fine[(F.FORCE + s) * LANES + i], fine[(F.SUM_FORCE + s) * LANES + i]
            )
            block[(R.FORCE + s) * LANES + i] = force
            seen = force + fine[(F.BIAS_FORCE + s) * LANES + i]
            seen = seen + 0.06e6 * block[(R.NOISE + R.N_FORCE + s) * LANES + i]
            block[(R.SHOWN_FORCE + s) * LANES + i] = loaded * seen
            block[(R.LOCKED + s) * LANES + i] = fine[(F.LOCKED + s) * LANES + i]
            block[(R.FLAT + s) * LANES + i] = fine[(F.FLAT + s) * LANES + i]
            block[(R.H + s) * LANES + i] = fine[(F.ENTRY + s) * LANES + i]
            block[(R.T + s) * LANES + i] = fine[(F.ENTRY_HEAT + s) * LANES + i]
            correction = MONITOR_SHARE[s] * bench[B.MONITOR * LANES + i]
            block[(R.MONITOR + s) * LANES + i] = correction
            entry, heat = fine[(F.ENTRY + s) * LANES + i], fine[(F.ENTRY_HEAT + s) * LANES + i]
            thin = entry <= MOST_REDUCTION * fine[(F.EXIT + s) * LANES + i]
            inside = where(thin, 1.0, 0.0) * where(heat >= COLDEST, 1.0, 0.0)
            inside = inside * where(heat <= HOTTEST, 1.0, 0.0)
            before = where(s > first, block[R.OUTSIDE * LANES + i], 0.0)
            block[R.OUTSIDE * LANES + i] = before + loaded * (1.0 - inside)
    for i in range(LANES):
        block[R.T * LANES + i] = fine[(F.ENTRY_HEAT + first) * LANES + i]
    pass_on(block, first)
    _remember_entry(block, fine, bench, mill)
    for i in range(LANES):
        fine[F.HEAD * LANES + i] = bench[B.HEAD * LANES + i]
        fine[F.TAIL * LANES + i] = bench[B.TAIL * LANES + i]
        fine[F.MASTER * LANES + i] = bench[B.MASTER * LANES + i]
        fine[F.MONITOR * LANES + i] = bench[B.MONITOR * LANES + i]
        fine[F.ENTRY_BEFORE * LANES + i] = block[R.ENTRY_TEMPERATURE * LANES + i]
        weight = fine[F.SUM_GAUGE * LANES + i]
        rolling = where(weight > 0.0, 1.0, 0.0)
        exit = fine[F.SUM_EXIT * LANES + i] / fmax(weight, 1e-6)
        old = block[(R.H + STANDS) * LANES + i]
        block[(R.H + STANDS) * LANES + i] = where(rolling > 0.5, exit, old)
        fdt, cold = fine[F.SUM_HEAT * LANES + i], fine[F.SUM_COLD * LANES + i]
        true = where(rolling > 0.5, fdt, block[R.TRUE_FDT * LANES + i])
        block[(R.T + STANDS) * LANES + i] = true
        block[R.TRUE_FDT * LANES + i] = true
        speed = fmax(fine[F.SUM_SPEED * LANES + i], CREEP_SPEED)
        block[R.SPEED * LANES + i] = speed
        power = fine[F.SUM_POWER * LANES + i]
        block[R.POWER * LANES + i] = power
        block[R.EVENT * LANES + i] = fine[F.EVENT * LANES + i]
        block[R.EVENT_PLACE * LANES + i] = fine[F.EVENT_STAND * LANES + i]
        block[R.RESIDUAL * LANES + i] = fine[(F.RESIDUAL + STANDS - 1) * LANES + i]

        active, aim = block[R.ACTIVE * LANES + i], block[R.GAUGE_AIM * LANES + i]
        shown_speed = speed + 0.005 * block[(R.NOISE + R.N_SPEED) * LANES + i]
        block[R.SHOWN_SPEED * LANES + i] = shown_speed
        seen = fine[F.AT_GAUGE * LANES + i] + 2e-6 * block[(R.NOISE + R.N_GAUGE) * LANES + i]
        seen = seen + block[(R.FAULT + K.THICKNESS_GAUGE) * LANES + i]
        block[R.SHOWN_GAUGE * LANES + i] = rolling * seen
        missed = 0.06e6 * block[(R.NOISE + R.N_FORCE + STANDS - 1) * LANES + i]
        missed = missed / modulus(block[R.WIDTH * LANES + i])
        block[R.KNOWN_AT_GAUGE * LANES + i] = fine[F.KNOWN_AT_GAUGE * LANES + i] + missed
        shown = fdt - cold + block[(R.FAULT + K.FDT_PYROMETER) * LANES + i]
        shown = shown + block[R.FDT_SHIFT * LANES + i]
        shown = shown + 2.0 * block[(R.NOISE + R.N_FDT) * LANES + i]
        block[R.SHOWN_FDT * LANES + i] = rolling * shown + (1.0 - rolling) * 950.0
        noise = 0.05e6 * block[(R.NOISE + R.N_POWER) * LANES + i]
        block[R.SHOWN_POWER * LANES + i] = active * (power + noise)
        expected = delivery_temperature(
            fine[F.ENTRY_SEEN * LANES + i],
            fine[F.AIM * LANES + i],
            aim,
            shown_speed * aim,
            block[R.SPRAY * LANES + i],
            LOSS_SHARE[first],
        )
        expected = expected + block[R.FDT_BIAS * LANES + i]
        old = block[R.FDT_MODEL * LANES + i]
        fresh = where(block[R.COIL_TIME * LANES + i] > 1.0, 0.4, 1.0)
        block[R.FDT_MODEL * LANES + i] = where(active > 0.5, old + fresh * (expected - old), old)


@kernel
def _remember_entry(block: Block, fine: Block, bench: Block, mill: Block) -> None:
    """Show the temperature before F1, and let it follow the strip to F7 with the time that takes.

    A lag as long as the way gives level 2 the right moment on a bar that cools evenly. Says too how
    long the tail still needs from F1 on.
    """
    length = 0.0
    for i in range(LANES):
        bench[B.TRANSIT * LANES + i] = 0.0
    for g in range(int(mill[P.FIRST_STAND]), STANDS - 1):
        length += mill[P.DISTANCE + g]
        for i in range(LANES):
            speed = fmax(fine[(F.V_OUT + g) * LANES + i], 0.5)
            bench[B.TRANSIT * LANES + i] += mill[P.DISTANCE + g] / speed
    for i in range(LANES):
        passed = fmin(fmax(bench[B.TAIL * LANES + i] / length, 0.0), 1.0)
        block[R.TRANSIT * LANES + i] = (1.0 - passed) * bench[B.TRANSIT * LANES + i]
        entry = block[R.ENTRY_TEMPERATURE * LANES + i]
        entry = entry + ENTRY_NOISE * block[(R.NOISE + R.N_ENTRY) * LANES + i]
        active = block[R.ACTIVE * LANES + i]
        block[R.SHOWN_ENTRY * LANES + i] = active * entry + (1.0 - active) * 1150.0
        old = fine[F.ENTRY_SEEN * LANES + i]
        share = fine[(F.LOADED + STANDS - 1) * LANES + i]
        share = share * INTERVAL / (INTERVAL + bench[B.TRANSIT * LANES + i])
        fine[F.ENTRY_SEEN * LANES + i] = old + share * (entry - old)


@kernel
def show_fine(block: Block, fine: Block, first: int) -> None:
    """What only the fine mill knows of its stands, its gaps and the width."""
    for s in range(first, STANDS):
        for i in range(LANES):
            loaded = fine[(F.LOADED + s) * LANES + i]
            at = fine[(F.GAP_AT + s) * LANES + i] + fine[(F.BIAS_GAP + s) * LANES + i]
            block[(R.SHOWN_GAP + s) * LANES + i] = at  # as the encoder says
            block[(R.SHOWN_STAND_SPEED + s) * LANES + i] = fine[(F.ROLL + s) * LANES + i]
            torque = fine[(F.TORQUE + s) * LANES + i]
            torque = torque + TORQUE_NOISE * block[(R.NOISE + R.N_TORQUE + s) * LANES + i]
            block[(R.SHOWN_TORQUE + s) * LANES + i] = loaded * torque
    for s in range(first, STANDS - 1):
        for i in range(LANES):
            loaded = fine[(F.LOADED + s + 1) * LANES + i]
            pull = fine[(F.TENSION + s + 1) * LANES + i]
            pull = pull + TENSION_NOISE * block[(R.NOISE + R.N_TENSION + s) * LANES + i]
            block[(R.SHOWN_TENSION + s) * LANES + i] = loaded * pull
            block[(R.SHOWN_LOOPER + s) * LANES + i] = fine[(F.ANGLE + s) * LANES + i]
            open = 1.0 - fine[(F.DRY + s) * LANES + i]
            block[(R.SHOWN_SPRAY + s) * LANES + i] = open * block[R.SPRAY * LANES + i]
    last = F.S_WIDTH + (STANDS - 1) * SAMPLES + GAUGE_CELLS
    for i in range(LANES):
        rolling = fine[(F.LOADED + STANDS - 1) * LANES + i]
        wide = fine[last * LANES + i]
        block[R.EXIT_WIDTH * LANES + i] = wide
        seen = wide + WIDTH_NOISE * block[(R.NOISE + R.N_WIDTH) * LANES + i]
        block[R.SHOWN_WIDTH * LANES + i] = rolling * seen
        lost = block[(R.FAULT + K.HYDRAULIC_PRESSURE) * LANES + i]
        block[R.SHOWN_HYDRAULIC * LANES + i] = HYDRAULIC * (1.0 - lost)
