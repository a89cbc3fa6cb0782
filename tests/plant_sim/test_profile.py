"""Crown and flatness of the hot strip line: warm rolls, wear, preset, loops and faults."""

import numpy as np
import pytest

from passline.plant_sim.control import profile_setup
from passline.plant_sim.control.gap_control import oil_compensation
from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip import profile as plain
from passline.plant_sim.lines.hot_strip import profile_rows as Q  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.physics.mill_stretch import KISS_FORCE, oil_film

from .schedule_310 import PASSES

SOURCES = (
    "physics.roll_bite",
    "physics.strip_temperature",
    "physics.roll_thermal",
    "physics.roll_wear",
    "physics.crown_flatness",
    "physics.flow_stress",
    "physics.mill_stretch",
    "control.level2_model",
    "control.gap_control",
    "control.profile_setup",
    "lines.hot_strip.profile",
)
LANES, COIL_INTERVALS, GAP_INTERVALS = R.LANES, 160, 45
EXITS = np.array([PASSES[0].entry, *(row.exit for row in PASSES)])
FORCES = np.array([row.force for row in PASSES])
COLUMN = np.s_[:, None]


class Rolling:
    """Sixteen mills that roll coils of the reference schedule, with the scatter of a plant."""

    def __init__(self, seed=0, width=1.25, gauge=2.6e-3, kernels=None):
        kernels = kernels or compile_sources(SOURCES, apart=True)["lines.hot_strip.profile"]
        self.kernels, self.rng = kernels, np.random.default_rng(seed)
        self.flat = np.zeros(Q.PROFILE_END * LANES)
        self.rows = self.flat.reshape(-1, LANES)
        self.mill = np.zeros(P.SIZE)
        self.mill[P.RADIUS : P.RADIUS + 7] = [row.radius for row in PASSES]
        self.exits = EXITS * np.linspace(1.0, gauge / 2.6e-3, 8)
        self.forces = FORCES * width / 1.25
        self.rows[R.H : R.H + 8] = self.exits[COLUMN]
        self.rows[R.WIDTH], self.rows[R.GAUGE_AIM] = width, gauge
        for i in range(LANES):
            kernels.begin_profile(self.flat, i)
        # no plant is the one of the book: 8 % either way
        self.rows[Q.OWN_BEND] = 1 + 0.08 * self.rng.normal(size=LANES)
        self.rows[Q.OWN_HEAT] = 1 + 0.08 * self.rng.normal(size=LANES)
        self.crown, self.flatness = [], []

    def coil(self, intervals=COIL_INTERVALS, disturb=None):
        """Roll a coil and keep crown error (m) and flatness (I) of every interval."""
        rng, rows = self.rng, self.rows
        for i in range(LANES):
            rows[R.H : R.H + 8, i] = self.exits
            rows[R.EXPECTED : R.EXPECTED + 7, i] = self.forces * (1 + 0.03 * rng.normal(size=7))
            rows[Q.BAR_CROWN, i] = 350e-6 * (1 + 0.2 * rng.normal())
            self.kernels.preset_profile(self.flat, i, 0)
        rows[R.ACTIVE], rows[R.COIL_TIME] = 1.0, 0.0
        level = self.forces[COLUMN] * (1 + 0.02 * rng.normal(size=(7, LANES)))
        phase = rng.uniform(0, 6, LANES)
        self.crown, self.flatness = [], []
        for n in range(intervals):
            rows[R.COIL_TIME] += R.INTERVAL
            rows[R.SPEED] = 9.0 + 0.01 * n
            rows[R.H : R.H + 8] = self.exits[COLUMN] * (1 + 0.002 * rng.normal(size=(8, LANES)))
            # skid marks, and a tail that is colder than the head
            force = level * (1 + 0.02 * np.sin(0.7 * n + phase) + 0.03 * n / COIL_INTERVALS)
            rows[R.FORCE : R.FORCE + 7] = force
            rows[R.FLAT : R.FLAT + 7] = np.array([row.flattened for row in PASSES])[COLUMN]
            rows[R.T : R.T + 7] = np.array([row.kelvin for row in PASSES])[COLUMN]
            rows[Q.CROWN_NOISE : Q.FLATNESS_NOISE + 1] = rng.normal(size=(2, LANES))
            if disturb:
                disturb(rows, n)
            self.kernels.profile(self.flat, self.mill)
            shown = force + 0.06e6 * rng.normal(size=(7, LANES))
            rows[R.SHOWN_FORCE : R.SHOWN_FORCE + 7] = shown
            self.crown.append(rows[Q.CROWN] - rows[Q.CROWN_AIM])
            self.flatness.append(rows[Q.FLATNESS].copy())
        rows[R.ACTIVE] = 0.0
        rows[R.SHOWN_FORCE : R.SHOWN_FORCE + 7] = 0.0
        for _ in range(GAP_INTERVALS):
            self.kernels.profile(self.flat, self.mill)

    def shares(self):
        """Share of the last coil within +-18 um of crown, and within +-30 I, by lane."""
        crown, flat = np.array(self.crown), np.array(self.flatness)
        return (abs(crown) <= 18e-6).mean(axis=0), (abs(flat) <= 30.0).mean(axis=0)


@pytest.fixture(scope="module")
def shift_of_coils():
    """Thirty coils of 80 s with 22 s between them: fifty minutes."""
    rolling, shares = Rolling(), []
    for _ in range(30):
        rolling.coil()
        shares.append(rolling.shares())
    return rolling, np.array(shares)


def test_a_nominal_coil_keeps_its_crown_and_its_flatness(shift_of_coils):
    _, shares = shift_of_coils
    assert shares[:, 0].min() >= 0.90
    assert shares[:, 1].min() >= 0.95


@pytest.mark.parametrize(("width", "gauge"), [(1.0, 3.0e-3), (1.1, 2.2e-3), (1.4, 3.2e-3)])
def test_other_products_keep_theirs_from_the_second_coil_on(width, gauge):
    rolling = Rolling(width=width, gauge=gauge)
    rolling.coil()
    rolling.coil()
    crown, flat = rolling.shares()
    assert crown.min() >= 0.90
    assert flat.min() >= 0.90


def test_rolls_stay_warm_and_wear_by_micrometres_a_coil(shift_of_coils):
    rolling, _ = shift_of_coils
    rise = rolling.rows[Q.THERMAL : Q.THERMAL + 7]
    assert rise.min() > 25.0
    assert rise.max() < 65.0
    worn = rolling.rows[Q.WEAR + 4 : Q.WEAR + 7] / 30
    assert worn.min() > 1e-6
    assert worn.max() < 4e-6


def missed_oil(speed, force):
    """What level 1 leaves of the growth of the oil films since the gaps were zeroed (m)."""
    grown = np.vectorize(oil_film)(speed, force) - oil_film(plain.ZERO_SPEED, KISS_FORCE)
    believed = np.vectorize(oil_compensation)(speed, force)
    return grown - believed + oil_compensation(plain.ZERO_SPEED, KISS_FORCE)


def test_level_1_takes_most_of_the_oil_film_out_but_not_all():
    speed, force = np.meshgrid(np.linspace(2.0, 15.0, 14), np.linspace(6e6, 25e6, 20))
    grown = np.vectorize(oil_film)(speed, force) - oil_film(plain.ZERO_SPEED, KISS_FORCE)
    missed = missed_oil(speed, force)
    assert 50e-6 < np.abs(grown).max() < 250e-6  # a gauge fault, were it left alone
    assert 15e-6 < np.abs(missed).max() < 60e-6
    late = speed[0] > 6.0  # zoom closes the gap still: what the monitor is there for
    assert np.all(np.diff(missed[:, late], axis=1) > 0.0)


def test_warm_rolls_close_the_gap_and_worn_ones_open_it(shift_of_coils):
    rolling, _ = shift_of_coils
    rise, worn = (rolling.rows[n : n + 7] for n in (Q.THERMAL, Q.WEAR))
    closed = (
        2
        * 1.3
        * 1.2e-5
        * rolling.mill[P.RADIUS : P.RADIUS + 7][COLUMN]
        * (rise - rolling.rows[Q.ZEROED : Q.ZEROED + 7])
    )
    speed = rolling.rows[R.SPEED] * rolling.rows[R.H + 7] / rolling.rows[R.H + 1 : R.H + 8]
    oil = missed_oil(speed, rolling.rows[R.FORCE : R.FORCE + 7])
    assert rolling.rows[Q.ROLL_GAP : Q.ROLL_GAP + 7] == pytest.approx(worn - closed - oil, abs=1e-9)
    assert rolling.rows[Q.ROLL_GAP].max() < 0.0  # F1: growth by tenths of a millimetre wins
    assert abs(rolling.rows[Q.ROLL_GAP : Q.ROLL_GAP + 7]).max() < 0.5e-3


def test_crown_ratio_is_kept_in_the_late_stands(shift_of_coils):
    """Crown thins with the strip: what changes the ratio late would show as flatness."""
    rolling, _ = shift_of_coils
    crown = rolling.rows[Q.STAND_CROWN : Q.CROWN + 1, 0]
    ratio = crown / rolling.exits
    assert abs(ratio[7] / ratio[6] - 1.0) < 0.05
    assert np.all(np.diff(crown) < 0.0)


def test_idle_rolls_cool_and_neither_wear_nor_show_flatness():
    rolling = Rolling()
    rolling.coil(20)
    before = rolling.rows[Q.THERMAL : Q.WEAR + 7].copy()
    rolling.kernels.profile(rolling.flat, rolling.mill)
    after = rolling.rows[Q.THERMAL : Q.WEAR + 7]
    assert np.all(after[:7] < before[:7])
    assert np.all(after[7:] == before[7:])
    for row in (Q.FLATNESS, Q.EDGE_WAVE, Q.CENTRE_BUCKLE, Q.SHOWN_CROWN):
        assert np.all(rolling.rows[row] == 0.0)


def test_the_flatness_loop_takes_an_edge_wave_back_in_seconds():
    rolling = Rolling()
    rolling.coil()

    def lose_bending(rows, n):  # the last stand's actuator gives a fifth of its range away
        rows[Q.BENDING_PLACE] = 7.0
        rows[Q.BENDING_SET + 6] -= 0.3e6 if n == 40 else 0.0

    rolling.coil(disturb=lose_bending)
    flat = np.array(rolling.flatness)
    assert np.all(flat[40] > flat[39] + 30.0)  # less bending: long edges
    assert np.all(abs(flat[70:110].mean(axis=0)) < 10.0)


def test_a_bending_fault_holds_its_stand_and_waves_the_edges():
    rolling = Rolling()
    for _ in range(2):
        rolling.coil()
    healthy = np.array(rolling.flatness).mean(axis=0)

    def limit(rows, _n):
        rows[Q.BENDING_FAULT], rows[Q.BENDING_PLACE] = 0.8, 7.0

    rolling.coil(disturb=limit)
    assert np.all(rolling.rows[Q.BENDING + 6] <= 0.2 * 1.2e6 + 1.0)
    assert np.all(np.array(rolling.flatness).mean(axis=0) > healthy + 40.0)
    rolling.rows[Q.BENDING_FAULT] = 0.0


def test_a_wear_fault_wears_its_stand_faster_and_no_other():
    healthy, faulty = Rolling(), Rolling()

    def wear(rows, _n):
        rows[Q.WEAR_FAULT], rows[Q.WEAR_PLACE] = 2.0, 6.0

    healthy.coil()
    faulty.coil(disturb=wear)
    ratio = faulty.rows[Q.WEAR : Q.WEAR + 7] / healthy.rows[Q.WEAR : Q.WEAR + 7]
    assert ratio[5] == pytest.approx(3.0)
    assert np.delete(ratio, 5, axis=0) == pytest.approx(1.0)


def test_buckles_are_flagged_beyond_the_dead_band():
    rolling = Rolling()
    rolling.coil()

    def bend(share):
        def disturb(rows, _n):
            rows[Q.FLATNESS_TRIM] = 0.0
            rows[Q.BENDING_SET + 6] = share * 1.2e6

        return disturb

    flags = {}
    for share in (0.0, 1.0):
        rolling.coil(20, disturb=bend(share))
        flags[share] = np.array(rolling.flatness)[-1]
        rows = rolling.rows
        change = rows[Q.CROWN] / rows[R.H + 7] - rows[Q.CROWN - 1] / rows[R.H + 6]
        assert np.sign(change) == pytest.approx(np.sign(flags[share]))
    assert np.all(flags[0.0] > 74.0)  # 0.9 of the 82 I of the edge limit
    assert np.all(flags[1.0] < -37.0)


def test_compiled_kernels_are_the_plain_source():
    compiled, slow = Rolling(seed=5), Rolling(seed=5, kernels=plain)
    for rolling in (compiled, slow):
        rolling.coil(12)
    assert compiled.rows == pytest.approx(slow.rows, rel=1e-9, abs=1e-12)


def test_the_preset_spends_the_shift_before_the_bending():
    shift, bending, given = profile_setup.preset(60e-6, 9e6, 110e-6, 1.25)
    assert abs(shift) < profile_setup.MOST_SHIFT
    assert bending == pytest.approx(profile_setup.MIDDLE_BENDING)
    assert given == pytest.approx(60e-6)
    shift, bending, given = profile_setup.preset(1e-3, 9e6, 110e-6, 1.25)
    assert shift == -profile_setup.MOST_SHIFT
    assert bending == 0.0
    assert given < 1e-3
    assert profile_setup.crown_aim(1.2e-3) == 30e-6
    assert profile_setup.crown_aim(2.6e-3) == pytest.approx(41.6e-6)
    assert profile_setup.force_following(10e6, 9e6) > 0.0
    # a coil that was too short to be seen teaches nothing
    assert profile_setup.next_crown_correction(5e-6, 1e-3, 3.0, 40e-6) == 5e-6
