"""A thousand heads thread into F7: two stands, a looper, gap control, against Radau and by cobbles.

Run: .venv/bin/python benchmarks/head_threading.py
Prints the deviation of a handful of heads from the same equations solved by scipy's Radau with the
uncompiled physics, the impact of all heads, their cobbles, the speed, and how wide the code is.
"""

import re
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from passline.plant_sim.control import gap_control, speed_control
from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.fine import bench as B  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine import level1
from passline.plant_sim.lines.hot_strip.fine import rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine.pace import pace_of
from passline.plant_sim.lines.hot_strip.fine.sources import PART_SOURCES
from passline.plant_sim.physics import hydraulic_gap, interstand, looper, main_drive, roll_bite
from passline.plant_sim.physics.flow_stress import shida_mean
from passline.plant_sim.physics.mill_stretch import KISS_FORCE, gap_for
from passline.plant_sim.physics.strip_temperature import DENSITY

Array = NDArray[np.float64]

TRIAL = "lines.hot_strip.fine.trial"
FIRST, LAST = 5, 7  # F6 and F7
PASSES = ((3.9e-3, 3.1e-3, 1183.0), (3.1e-3, 2.6e-3, 1173.0))  # m, m, K of the schedule
SPEED, WIDTH, CARBON, STIFFNESS = 8.0, 1.25, 0.08, 4.5e9
GIVE = 0.2  # thickness of F6 per its gap, M / (M + Q)
SPEED_ERROR, GAP_ERROR = 0.008, 40e-6  # deviations of the set-up's speed and gap
SLOW, FAST, STEPS = 20, 5, 60  # 1.5 s in slow steps of 25 ms


def pass_at(
    entry: float, exit: float, heat: float, speed: float, radius: float, back: float, front: float
) -> tuple[float, float, float, float]:
    """Return force (N), load on the drive (N), sticking slip and flattened radius (m)."""
    flat, strain = radius, roll_bite.strain(entry, exit)
    for _ in range(60):
        rate = speed * strain / roll_bite.contact_length(entry - exit, flat)
        stress = shida_mean(strain, rate, heat, CARBON)
        force = roll_bite.force_under_tension(entry, exit, WIDTH, flat, stress, back, front)
        new = roll_bite.flattened_radius(radius, force, WIDTH, entry - exit)
        done = abs(new - flat) < 1e-13
        flat = new
        if done:
            break
    load = roll_bite.torque_under_tension(entry, exit, WIDTH, radius, flat, stress, back, front)
    return force, load / radius, roll_bite.forward_slip(entry, exit, flat), flat


def heads(count: int, seed: int, mill: Array) -> tuple[Array, Array]:
    """Return fine state and bench of `count` heads about to be bitten by F7, in blocks."""
    rng = np.random.default_rng(seed)
    blocks = -(-count // F.LANES)
    fine = np.zeros((blocks, F.ROWS, F.LANES))
    bench = np.zeros((blocks, B.ROWS, F.LANES))
    for row, value in (
        (B.CARBON, CARBON), (B.HARDNESS, 1.0), (B.STIFFNESS, STIFFNESS), (B.WIDTH, WIDTH),
        (B.HEAD, 1027.5), (B.TAIL, 500.0), (B.MASTER, SPEED), (B.SPEED, SPEED),
    ):  # fmt: skip
        bench[:, row] = value
    fine[:, F.ENTRY : F.ENTRY + 7] = 10e-3  # stands that do not run need finite numbers
    fine[:, F.EXIT : F.EXIT + 7] = 8e-3
    fine[:, F.FLAT : F.FLAT + 7] = 0.4
    fine[:, F.AIM : F.AIM + 8] = 8e-3
    for s, (entry, exit, heat) in zip((5, 6), PASSES, strict=True):
        radius = mill[P.RADIUS + s]
        strip = SPEED * PASSES[1][1] / exit
        force, load, sticking, flat = pass_at(entry, exit, heat, strip / 1.04, radius, 0.0, 0.0)
        shape = (blocks, F.LANES)
        slip = interstand.slip(sticking, 0.7, 0.0, 0.0)
        believed = slip + SPEED_ERROR * rng.standard_normal(shape)
        gap = gap_for(exit, force, STIFFNESS) + GAP_ERROR * rng.standard_normal(shape)
        turn = rng.uniform(0.0, 2.0 * np.pi, shape)
        power, torque = mill[P.MAX_POWER + s], mill[P.MAX_TORQUE + s]
        start: Any
        for row, start in (
            (F.ENTRY, entry), (F.EXIT, exit), (F.ENTRY_HEAT, heat), (F.ENTRY_WIDTH, WIDTH),
            (F.FLAT, flat), (F.SET_GAP, gap), (F.GAP_AT, gap), (F.GAP_REFERENCE, gap),
            (F.AIM + 1, exit), (F.BELIEVED_SLIP, believed), (F.SLIP_SHARE, 0.7),
            (F.SWING, 10e-6), (F.PHASE_COS, np.cos(turn)), (F.PHASE_SIN, np.sin(turn)),
            (F.ROLL, strip / (1.0 + believed) * (1.0 + (s == 6) * speed_control.IMPACT_LEAD)),
            (F.SLIP, sticking), (F.STRESS, 180e6), (F.ANGLE, looper.LOWEST), (F.COSINE, 1.0),
        ):  # fmt: skip
            fine[:, row + s] = start
        right = gap_for(exit, force, STIFFNESS)
        if s == 5:
            fine[:, F.LOADED + s], fine[:, F.LOADED_FOR + s] = 1.0, 5.0
            mass = main_drive.inertia(power, torque, radius)
            fine[:, F.PUSH + s] = load / mass
            pressed: Any = force - (1.0 - GIVE) * STIFFNESS * (gap - right)
            for row in (F.SEEN_FORCE, F.LOCKED, F.FORCE):
                fine[:, row + s] = pressed
            meter: Any = gap_control.gaugemeter
            thick = meter(gap, pressed, 0.0)
            fine[:, F.GAUGEMETER + s] = fine[:, F.GAUGE_LOCKED + s] = thick
            wrong = thick - meter(right, force, 0.0)
    # what F7 takes in is what F6 rolls with its wrong gap
    fine[:, F.ENTRY + 6] += wrong
    fine[:, F.AIM + FIRST] = PASSES[0][0]
    return fine, bench


def distances() -> Array:
    """Return the default mill with F5 so far away that no tail leaves F6."""
    mill = default_mill().parameters()
    mill[P.DISTANCE + 4] = 1000.0
    return mill


SHOWN = ("F6-F7 tension", "looper angle", "F7 gap", "F7 thickness", "F7 roll speed")
UNITS = (("MPa", 1e-6), ("deg", 57.29578), ("um", 1e6), ("um", 1e6), ("mm/s", 1e3))


def shown(fine: Array) -> list[Array]:
    """Return what the table compares, of all lanes of a block."""
    rows = (F.TENSION + 6, F.ANGLE + 5, F.GAP_AT + 6, F.EXIT + 6, F.ROLL + 6)
    return [fine[row].copy() for row in rows]


class Reference:
    """One head's ODEs in continuous time between the samples of level 1, in plain physics."""

    def __init__(self, fine: Array, mill: Array, lane: int) -> None:
        self.mill, self.lane = mill, lane
        self.entries = [fine[F.ENTRY + s, lane] for s in (5, 6)]
        self.swing = [fine[F.SWING + s, lane] for s in (5, 6)]
        start = np.arctan2(fine[F.PHASE_SIN + 5 : F.PHASE_SIN + 7, lane],
                           fine[F.PHASE_COS + 5 : F.PHASE_COS + 7, lane])  # fmt: skip
        self.exits = [PASSES[0][1], PASSES[1][1]]
        excess, _, _ = looper.path(looper.LOWEST, 5.5)
        # gap, rate, phase, roll speed, integral of each stand; then store, angle, rate of the arm
        self.state = np.array([
            *(x for n, s in enumerate((5, 6)) for x in (
                fine[F.GAP_AT + s, lane], 0.0, start[n], fine[F.ROLL + s, lane],
                fine[F.PUSH + s, lane])),
            excess, looper.LOWEST, 0.0,
        ])  # fmt: skip

    def tension(self, y: Array) -> float:
        """Return the tension between the stands (Pa)."""
        return interstand.tension(looper.path(y[11], 5.5)[0] - y[10], 5.5)

    def stand(self, y: Array, n: int, pull: float) -> tuple[float, float, float, float]:
        """Return exit thickness, force, load and slip of a stand in equilibrium of its stretch."""
        entry, heat = self.entries[n], PASSES[n][2]
        back, front = (0.0, pull) if n == 0 else (pull, 0.0)
        radius, at = self.mill[P.RADIUS + 5 + n], 5 * n
        phase = y[at + 2]
        gap = y[at] + hydraulic_gap.run_out(np.cos(phase), np.sin(phase), self.swing[n])
        exit = self.exits[n]
        for _ in range(40):
            force, load, sticking, _ = pass_at(entry, exit, heat, y[at + 3], radius, back, front)
            error = exit - gap - (force - KISS_FORCE) / STIFFNESS
            slope = 1.0 + roll_bite.strip_modulus(force, entry - exit) / STIFFNESS
            exit -= error / slope
            if abs(error) < 1e-14:
                break
        self.exits[n] = exit
        return exit, force, load, interstand.slip(sticking, 0.7, back, front)

    def rates(self, _time: float, y: Array) -> Array:
        """Return the time derivatives of the state."""
        pull, out = self.tension(y), np.empty(13)
        fed, taken, first = 0.0, 0.0, 0.0
        for n in (0, 1):
            at, s = 5 * n, 5 + n
            exit, _, load, slip = self.stand(y, n, pull)
            power, torque = self.mill[P.MAX_POWER + s], self.mill[P.MAX_TORQUE + s]
            radius = self.mill[P.RADIUS + s]
            mass = main_drive.inertia(power, torque, radius)
            w, z = hydraulic_gap.FREQUENCY, hydraulic_gap.DAMPING
            out[at] = y[at + 1]
            out[at + 1] = -w * w * (y[at] - self.gap[n]) - 2.0 * z * w * y[at + 1]
            out[at + 2] = y[at + 3] / self.mill[P.BACKUP_RADIUS + s]
            w, z = main_drive.FREQUENCY, main_drive.DAMPING
            off = self.aim[n] - y[at + 3]
            limit = main_drive.most_effort(power, torque, radius, y[at + 3]) / mass
            wanted = 2.0 * z * w * off + y[at + 4]
            given = min(max(wanted, -limit), limit)
            out[at + 3] = given - load / mass
            out[at + 4] = w * w * off if given == wanted else 0.0
            speed = y[at + 3] * (1.0 + slip)
            fed, taken, first = (
                (speed, 0.0, exit) if n == 0 else (fed, speed * exit / self.entries[1], first)
            )
        out[10] = fed - taken
        _, lever, cosine = looper.path(y[11], 5.5)
        section = first * WIDTH
        load = pull * section * lever + looper.weight(cosine, DENSITY * section * 5.5)
        swing = (self.torque - load - looper.FRICTION * y[12]) / looper.INERTIA
        rests = y[11] <= looper.LOWEST and y[12] <= 0.0 and swing <= 0.0
        out[11], out[12] = (0.0, 0.0) if rests else (y[12], swing)
        return out

    def go(self, fine: Array, seconds: float, done: float) -> None:
        """Integrate one slow step under the references of `fine`, and write the state there."""
        lane = self.lane
        self.gap = [fine[F.GAP_REFERENCE + s, lane] for s in (5, 6)]
        self.aim = [fine[F.ROLL_AIM + s, lane] for s in (5, 6)]
        self.torque = fine[F.ARM_TORQUE + 5, lane]
        scale = np.array([1e-6, 1e-4, 1e-2, 1e-2, 1e-2] * 2 + [1e-5, 1e-3, 1e-2])
        self.state = solve_ivp(
            self.rates, (0.0, seconds), self.state, "Radau", rtol=1e-8, atol=1e-5 * scale
        ).y[:, -1]
        pull = self.tension(self.state)
        for n, s in ((0, 5), (1, 6)):
            exit, force, _, _ = self.stand(self.state, n, pull)
            at = 5 * n
            fine[F.GAP_AT + s], fine[F.ROLL + s] = self.state[at], self.state[at + 3]
            fine[F.EXIT + s], fine[F.FORCE + s] = exit, force
            fine[F.LOADED + s] = 1.0
            fine[F.LOADED_FOR + s] = 5.0 + done if n == 0 else done
        fine[F.TENSION + 6], fine[F.ANGLE + 5] = pull, self.state[11]
        fine[F.ANGLE_RATE + 5] = self.state[12]


def against_radau(lanes: tuple[int, ...], slow: int, fast: int, iterations: int) -> Array:
    """Return (rms, greatest) deviation of what is shown, over lanes and time, shape (2, 5)."""
    return _deviation(_paths(slow, fast, iterations), lanes)


def _paths(slow: int, fast: int, iterations: int) -> Array:
    """Return the compiled paths of the first block, shape (STEPS, 5, LANES)."""
    mill = distances()
    fine, bench = heads(16, 1, mill)
    run = compile_sources(PART_SOURCES)[TRIAL].run_stands
    path = []
    for _ in range(STEPS):
        run(slow // SLOW, fine[0].ravel(), bench[0].ravel(), mill, pace_of(slow, fast), fast,
            iterations, FIRST, LAST)  # fmt: skip
        path.append(shown(fine[0]))
    return np.array(path)


_EXACT: dict[int, Array] = {}


def _exact(lane: int) -> Array:
    """Return Radau's path of one lane, shape (STEPS, 5)."""
    if lane not in _EXACT:
        mill = distances()
        fine, bench = heads(16, 1, mill)
        plain, reference, path = fine[0], Reference(fine[0], mill, lane), []
        for row in (F.LOADED, F.LOADED_FOR):
            plain[row + 6] = 0.0
        for k in range(STEPS):
            level1.steer(plain.ravel(), bench[0].ravel(), mill, 0.025)
            reference.go(plain, 0.025, 0.025 * (k + 1))
            path.append([row[lane] for row in shown(plain)])
        _EXACT[lane] = np.array(path)
    return _EXACT[lane]


def _deviation(path: Array, lanes: tuple[int, ...]) -> Array:
    off = np.array([path[:, :, lane] - _exact(lane) for lane in lanes])
    return np.array([np.sqrt((off**2).mean(axis=(0, 1))), np.abs(off).max(axis=(0, 1))])


def threaded(count: int = 1000) -> dict[str, float]:
    """Thread many heads; return cobbles, impact drops, tensions at the end, and the speed."""
    mill = distances()
    fine, bench = heads(count, 2, mill)
    run, pace = compile_sources(PART_SOURCES)[TRIAL].run_stands, pace_of(SLOW, FAST)
    blocks = fine.shape[0]
    cobbled, least = np.zeros((blocks, F.LANES), bool), np.full((blocks, F.LANES), np.inf)
    before = fine[:, F.ROLL + 6].copy()
    start = time.process_time()
    for _ in range(STEPS):
        for b in range(blocks):
            run(1, fine[b].ravel(), bench[b].ravel(), mill, pace, FAST, 1, FIRST, LAST)
        slack, angle = fine[:, F.SLACK + 5], fine[:, F.ANGLE + 5]
        cobbled |= (slack > 0.3) & (angle > np.pi / 3)
        least = np.minimum(least, fine[:, F.ROLL + 6])
    spent = time.process_time() - start
    drop = ((before - least) / before).ravel()[:count]
    pull = fine[:, F.TENSION + 6].ravel()[:count]
    return {
        "heads": count,
        "cobbles": int(cobbled.ravel()[:count].sum()),
        "impact drop, mean %": 100.0 * drop.mean(),
        "impact drop, most %": 100.0 * drop.max(),
        "tension after 1.5 s, mean MPa": pull.mean() / 1e6,
        "tension after 1.5 s, deviation MPa": pull.std() / 1e6,
        "looper after 1.5 s, mean deg": float(fine[:, F.ANGLE + 5].mean() * 57.29578),
        "head-seconds per CPU-second": blocks * F.LANES * STEPS * 0.025 / spent,
    }


def widths() -> tuple[int, int, list[str]]:
    """Return packed and scalar instructions of the trial, and library calls found in it."""
    module = compile_sources(PART_SOURCES, cached=False)[TRIAL]
    mill = distances()
    fine, bench = heads(16, 1, mill)
    module.run_stands(1, fine[0].ravel(), bench[0].ravel(), mill, pace_of(), FAST, 1, FIRST, LAST)
    text = "".join(module.run_stands.inspect_asm().values())
    operation = r"\tv(?:add|sub|mul|div|sqrt|f\w+)"
    packed = len(re.findall(operation + r"p[sd]\s.*%[yz]mm", text))
    scalar = len(re.findall(operation + r"s[sd]\s", text))
    return packed, scalar, re.findall(r"\b(?:exp|log|pow|tan|atan)f?\b", text)


def main() -> None:
    """Print the tables."""
    lanes = (0, 3, 7, 11)
    print("deviation from Radau (rtol 1e-8), rms / greatest over", len(lanes), "heads and 1.5 s")
    print("steps              " + "".join(f"{name:>22s}" for name in SHOWN))
    for fast, iterations in ((5, 1), (10, 2)):
        off = against_radau(lanes, SLOW, fast, iterations)
        cells = [
            f"{off[0, n] * scale:10.3f} /{off[1, n] * scale:7.3f} {unit}"
            for n, (unit, scale) in enumerate(UNITS)
        ]
        print(f"{25 / fast:4.1f} ms, {iterations} Newton   " + " ".join(cells))
    for name, value in threaded().items():
        print(f"{name:36s} {value:10.2f}")
    packed, scalar, calls = widths()
    print(f"instructions: {packed} packed, {scalar} scalar, library calls {calls or 'none'}")


if __name__ == "__main__":
    main()
