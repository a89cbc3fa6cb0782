"""Strip on the run-out table: what water, valves, speed and faults do to its temperature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip import runout_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.runout_bench import Strip, TableBench, kernels
from passline.plant_sim.physics.strip_temperature import DENSITY

MILL = default_mill().parameters()
MAINS = int(MILL[P.BANK_COUNT])
LENGTH = MILL[P.BANK_LENGTH]


def with_banks(banks, strip=None, seconds=30.0, substeps=4, **rows):
    """Roll strip under fixed valves, one table for each entry of `banks` (open banks from F7)."""
    bench = TableBench([strip or Strip(zoom=0.0)] * len(banks), calm=True, substeps=substeps)
    for name, value in rows.items():
        bench.set(getattr(R, name), value)
    hold = {}
    for b in range(P.BANKS):
        share = np.clip(np.asarray(banks, float) - b, 0.0, 1.0)
        for past in range(R.PAST):
            hold[R.EARLIER + past * P.BANKS + b] = share
        hold[R.VALVE + b] = share
    bench.roll(seconds, hold)
    return bench


def coiling(banks, **more):
    return with_banks(banks, **more).row(R.TRUE_CT)


def test_one_more_header_pair_cools_2_5_mm_at_10_metres_a_second_by_5_to_15_kelvin():
    pair = 1.0 / 6.0  # of a bank: half a metre wetted on both faces
    fewer, more = coiling([8.0, 8.0 + pair], strip=Strip(2.5e-3, speed=10.0, zoom=0.0))
    assert 5.0 < fewer - more < 15.0


def test_the_coiling_temperature_answers_water_unevenly_where_steel_transforms():
    """Near 650 degC a bank cools by clearly less than above and below: the transformation bump."""
    ct = coiling(np.arange(0.0, 12.0, 0.5), strip=Strip(speed=9.5, carbon=0.14, zoom=0.0))
    drop = -np.diff(ct) / 0.5
    at = 0.5 * (ct[1:] + ct[:-1]) - 273.15
    least = int(np.argmin(drop))
    assert 620.0 < at[least] < 720.0
    assert drop[least] < 0.75 * drop[0]
    assert drop[least] < 0.6 * drop[np.argmin(np.abs(at - 560.0))]


def test_below_450_degrees_a_bank_cools_far_more_than_at_600():
    ct = coiling(np.arange(0.0, 14.0, 0.25), strip=Strip(2.2e-3, speed=9.5, zoom=0.0)) - 273.15
    drop, at = -np.diff(ct), ct[:-1]
    cold = drop[(at < 450.0) & (at > 350.0)]
    warm = drop[(at > 580.0) & (at < 640.0)]
    assert cold.mean() > 2.0 * warm.mean()


def test_halving_the_sub_step_moves_the_coiling_temperature_by_less_than_half_a_kelvin():
    strips = [
        Strip(gauge, 1160.0, 880.0, carbon, speed, 0.0)
        for gauge, speed in ((1.8e-3, 12.0), (2.6e-3, 9.0), (4.0e-3, 6.5))
        for carbon in (0.05, 0.14)
    ]
    results = []
    for substeps in (4, 8):
        bench = TableBench(strips, calm=True, substeps=substeps)
        hold, banks = {}, np.array([6.3, 4.7, 7.3, 5.7, 9.3, 8.7])
        for b in range(P.BANKS):
            share = np.clip(banks - b, 0.0, 1.0)
            hold[R.VALVE + b] = hold[R.EARLIER + b] = share
            hold[R.EARLIER + P.BANKS + b] = hold[R.EARLIER + 2 * P.BANKS + b] = share
        track = []
        bench.roll(25.0, hold)
        for _ in range(20):
            bench.roll(0.5, hold)
            track.append(bench.row(R.TRUE_CT))
        results.append(np.array(track))
    assert np.all((results[1] > 760.0) & (results[1] < 960.0))  # where strip is coiled
    assert np.sqrt(np.mean((results[0] - results[1]) ** 2)) < 0.5


def test_warm_water_and_lost_pressure_cool_less():
    cold = coiling([7.0])
    warm = TableBench([Strip(zoom=0.0)], calm=True)
    hold = {R.WATER_TEMPERATURE: 308.0}
    hold |= {R.VALVE + b: float(b < 7) for b in range(P.BANKS)}
    hold |= {R.EARLIER + k: float(k % P.BANKS < 7) for k in range(R.PAST * P.BANKS)}
    warm.roll(30.0, hold)
    assert warm.row(R.TRUE_CT) > cold + 15.0
    assert coiling([7.0], PRESSURE_LOST=0.3) > cold + 15.0
    assert coiling([7.0], COOLING=1.05) < cold - 5.0


def test_a_valve_gives_water_after_its_dead_time_and_lets_it_go_later_than_that():
    bench = TableBench([Strip()], calm=True)
    bench.set(R.BANK_OUT, 0.0)
    flows = []
    for k in range(40):
        if k < 12:
            bench.roll(0.5)  # strip asks for water
        else:
            bench.gap(0.5)  # the tail is through, headers close one after the other
        flows.append((bench.row(R.COMMAND)[0], bench.row(R.VALVE)[0]))
    told, valve = np.array(flows).T
    on = int(np.argmax(told > 0.5))
    off = on + int(np.argmax(told[on:] < 0.5))
    half_on = int(np.argmax(valve > 0.5))
    half_off = off + int(np.argmax(valve[off:] < 0.5))
    opens, closes = (half_on - on) * R.INTERVAL, (half_off - off) * R.INTERVAL
    assert 0.8 <= opens <= 2.5
    assert 0.8 <= closes <= 2.5
    assert closes > opens


def test_a_shut_bank_shows_in_its_flow_in_the_middle_pyrometer_and_in_the_feedback():
    def rolled(**rows):
        bench = TableBench([Strip()], calm=True)
        for name, value in rows.items():
            bench.set(getattr(R, name), value)
        bench.gap()
        bench.roll(25.0)
        return bench

    well, ill = rolled(), rolled(SHUT=1.0, SHUT_AT=2.0)
    assert well.row(R.SHOWN_FLOW + 1) == pytest.approx(1.0, abs=0.1)
    assert ill.row(R.SHOWN_FLOW + 1) == pytest.approx(0.0, abs=0.01)
    assert ill.row(R.COMMAND + 1) == well.row(R.COMMAND + 1) == 1.0
    assert ill.row(R.TRUE_MID) > well.row(R.TRUE_MID) + 15.0
    assert ill.row(R.FEEDBACK) > well.row(R.FEEDBACK) + 0.2
    out = rolled(SHUT=1.0, SHUT_AT=2.0, BANK_OUT=2.0)  # level 2 goes round it
    assert out.row(R.COMMAND + 1) == 0.0
    assert abs(out.row(R.TRUE_CT) - 893.0) < 10.0
    assert abs(out.row(R.FEEDBACK)) < abs(ill.row(R.FEEDBACK))


def test_a_bank_stuck_open_gives_water_that_nobody_asked_for():
    bench = TableBench([Strip()], calm=True)
    bench.set(R.OPEN, 1.0)
    bench.set(R.OPEN_AT, 11.0)
    bench.gap()
    assert bench.row(R.COMMAND + 10) == 0.0
    assert bench.row(R.SHOWN_FLOW + 10) > 0.8


def test_a_coiling_pyrometer_that_reads_high_makes_the_strip_colder():
    def rolled(offset, source):
        bench = TableBench([Strip(zoom=0.0)], calm=True)
        bench.set(R.CT_OFFSET, offset)
        bench.set(R.CT_SOURCE, source)
        bench.gap()
        bench.roll(80.0)
        return bench.row(R.TRUE_CT)[0]

    assert rolled(25.0, 0.0) < rolled(0.0, 0.0) - 15.0
    assert abs(rolled(25.0, 1.0) - rolled(0.0, 1.0)) < 1e-9  # the middle one knows nothing of it


def test_late_cooling_opens_the_last_main_banks_and_two_step_leaves_out_the_middle():
    bench = TableBench([Strip(zoom=0.0)] * 3, calm=True)
    bench.set(R.STRATEGY, np.array([0.0, 0.5, 1.0]))
    bench.gap()
    bench.roll(60.0)
    told = np.array([bench.row(R.COMMAND + b) for b in range(MAINS)])
    first, middle, last = told[0], told[MAINS // 2 - 1], told[MAINS - 1]
    assert list(first) == [1.0, 1.0, 0.0]
    assert list(last) == [0.0, 1.0, 1.0]
    assert middle[1] == 0.0
    early, _, late = bench.row(R.TRUE_MID)
    assert late > early + 15.0
    assert np.all(np.abs(bench.row(R.TRUE_CT) - 893.0) < 15.0)


def test_a_hot_head_is_only_as_long_and_as_hot_as_the_recipe_says():
    bench = TableBench([Strip(zoom=0.0)] * 2, calm=True)
    bench.set(R.HOT_HEAD, np.array([0.0, 40.0]))
    bench.set(R.HOT_OFFSET, 40.0)
    bench.gap()
    aims = []
    for _ in range(60):
        bench.roll(0.5)
        aims.append(bench.row(R.AIM_SEEN))
    plain, recipe = np.array(aims).T
    assert np.all(plain == 893.0)
    assert recipe.max() == 933.0
    assert recipe[-1] == 893.0


def test_no_strip_is_lost_on_the_table():
    bench = TableBench([Strip(), Strip(3.6e-3, speed=6.2)], seed=3)
    bench.gap()
    laid = np.zeros(2)
    for _ in range(80):
        bench.roll(0.5)
        laid += bench.row(R.SPEED) * R.INTERVAL * bench.row(R.EXIT)
    laid *= 1.25 * DENSITY
    on_table = np.zeros(2)
    for g in range(R.SEGMENTS):
        on_table += np.where(
            (bench.row(R.PLACE + g) > -100.0) & (bench.row(R.PLACE + g) < MILL[P.COILER]),
            bench.row(R.SPAN + g) * bench.row(R.GAUGE + g) * 1.25 * DENSITY,
            0.0,
        )
    assert bench.row(R.COILED) + on_table == pytest.approx(laid, rel=1e-12)
    bench.gap(30.0)
    assert bench.row(R.COILED) == pytest.approx(laid, rel=1e-12)
    assert bench.row(R.CT_ROLLED) == pytest.approx(laid, rel=1e-12)
    size = MILL[P.MANDREL] ** 2 + 4.0 * laid / (1.25 * DENSITY) / (np.pi * 0.97)
    assert bench.row(R.SHOWN_DIAMETER) == pytest.approx(np.sqrt(size), abs=5e-3)


def test_a_coil_is_done_once_when_its_tail_has_passed():
    bench = TableBench([Strip()], calm=True)
    done = []
    for _ in range(2):
        bench.gap()
        bench.roll(30.0)
        for _ in range(60):
            bench.gap(0.5)
            done.append(bench.row(R.COIL_DONE)[0])
    assert sum(done) == 2.0


def test_slipping_pinch_rolls_swing_the_tension_and_shift_the_wraps():
    def rolled(slip):
        bench = TableBench([Strip(zoom=0.0)], calm=True)
        bench.set(R.PINCH_SLIP, slip)
        bench.gap()
        bench.roll(30.0)
        seen = []
        for _ in range(20):
            bench.roll(0.5)
            seen.append([bench.row(r)[0] for r in (R.TENSION, R.PINCH_SPEED, R.TABLE_TENSION)])
        return np.array(seen), bench.row(R.TELESCOPED)[0]

    firm, shifted = rolled(0.0)
    assert shifted == 0.0
    assert np.ptp(firm[:, 0]) < 0.1e6
    loose, shifted = rolled(0.9)
    assert shifted > 2.0
    assert np.ptp(loose[:, 0]) > 3e6
    assert loose[:, 1].max() > 1.03 * firm[:, 1].max()
    assert loose[:, 2].mean() < firm[:, 2].mean()


def test_the_coiling_temperature_is_hit_as_in_a_good_plant():
    """Zoom, noise, skid marks, water waves, clogged nozzles, banks 5 % stronger or weaker."""
    kinds = [
        Strip(2.6e-3, 1161.0, 893.0, 0.08, 8.8), Strip(2.2e-3, 1155.0, 883.0, 0.06, 10.4),
        Strip(3.2e-3, 1167.0, 873.0, 0.10, 7.2), Strip(3.8e-3, 1173.0, 853.0, 0.12, 6.3),
        Strip(2.4e-3, 1158.0, 903.0, 0.06, 9.5), Strip(3.0e-3, 1165.0, 848.0, 0.14, 7.7),
    ]  # fmt: skip
    bench = TableBench([kinds[k % 6] for k in range(16)], seed=5)
    bench.set(R.COOLING, 1.0 + 0.05 * np.array([0] * 6 + [1] * 5 + [-1] * 5))
    hits = []
    for coil in range(4):
        bench.order([kinds[(k + coil // 2) % 6] for k in range(16)])
        bench.gap()
        bench.roll(100.0)
        hits.append(bench.hit())
        bench.learn()
    assert 0.90 < np.mean(hits) < 0.985
    assert np.min(hits) > 0.75


def test_a_table_is_the_same_in_every_lane():
    strips = [Strip(), Strip(3.2e-3, 1167.0, 873.0, 0.10, 7.2), Strip(2.2e-3, speed=11.0)]
    alone = TableBench(strips[1:2], calm=True)
    beside = TableBench([strips[0]] * 6 + strips, calm=True)
    for bench in (alone, beside):
        bench.gap()
        bench.set(R.WATER_TEMPERATURE, 298.0)
        bench.roll(40.0)
        bench.gap(5.0)
    every = beside.table.reshape(-1, R.COUNT, R.LANES)[0, :, 7]
    single = alone.table.reshape(-1, R.COUNT, R.LANES)[0, :, 0]
    assert every.tobytes() == single.tobytes()


@settings(max_examples=25, deadline=None)
@given(
    numbers=st.lists(
        st.floats(allow_nan=True, allow_infinity=True) | st.floats(-1e4, 1e4),
        min_size=R.NOISE, max_size=R.NOISE,
    )
)  # fmt: skip
def test_whatever_is_handed_over_the_strip_stays_a_strip(numbers):
    """Nonsense may come in: temperatures stay inside the physics, and the controls recover."""
    table = np.zeros(R.COUNT * R.LANES)
    kernels().begin_tables(table, np.zeros(R.LANES, np.uint64))
    view = table.reshape(R.COUNT, R.LANES)
    well = view[: R.NOISE].copy()
    well[R.SPEED] = well[R.SPEED_SEEN] = 9.0
    well[R.GAUGE_AIM] = well[R.EXIT] = 2.6e-3
    well[R.FDT_AIM] = well[R.FDT] = well[R.FDT_SEEN] = 1160.0
    well[R.CT_AIM], well[R.WIDTH] = 893.0, 1.25
    view[: R.NOISE] = np.array(numbers)[:, None]
    kernels().advance_table(5, table, MILL, 4)
    heat = view[R.HEAT : R.HEAT + R.SEGMENTS]
    assert np.all((heat >= 300.0) & (heat <= 1700.0))
    view[: R.NOISE] = well
    kernels().advance_table(60, table, MILL, 4)
    for row in (R.DEMAND, R.FEEDBACK, R.SHIFT, R.FDT_KNOWN, R.MID_EXPECTED, R.TENSION, R.SUPPLY):
        assert np.all(np.isfinite(view[row])), row
    commands = view[R.COMMAND : R.COMMAND + P.BANKS]
    assert np.all((commands >= 0.0) & (commands <= 1.0))
