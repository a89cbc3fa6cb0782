"""The fine finishing mill rolls coils: mass flow, tension, temperature, events, and equal bits."""

import pickle
import re

import numpy as np
import pytest

from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip import faults as K  # noqa: N812
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine import bench as B  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine import rows as F  # noqa: N812
from passline.plant_sim.lines.hot_strip.fine.pace import FAST, pace_of
from passline.plant_sim.lines.hot_strip.fine.sources import PART_SOURCES
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes

# the first use on a machine compiles for a minute; later ones load the machine code
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def fine(seeds, scenario="nominal"):
    return HotStripLanes(list(seeds), scenario, resolution="fine", upstream=False)


def lane_rows(lanes, first, count):
    """Rows of all lanes as (count, n)."""
    at = lanes.fine[:, first : first + count]
    return at.transpose(1, 0, 2).reshape(count, -1)[:, : lanes.n]


def event(lanes):
    return lane_rows(lanes, F.EVENT, 1)[0]


def followed(lanes, intervals):
    """Advance and keep a few rows of every interval: a dict of (intervals, ..., n)."""
    path = {name: [] for name in ("h", "fdt", "force", "phase", "speed", "tension", "angle")}
    for _ in range(intervals):
        lanes.advance(1)
        path["h"].append(lanes.row(R.H + 7))
        path["fdt"].append(lanes.row(R.TRUE_FDT))
        path["force"].append([lanes.row(R.FORCE + s) for s in range(7)])
        path["phase"].append(lanes.row(R.PHASE))
        path["speed"].append(lanes.row(R.SPEED))
        if lanes.resolution == "fine":
            path["tension"].append(lane_rows(lanes, F.TENSION + 1, 6))
            path["angle"].append(lane_rows(lanes, F.ANGLE, 6))
    return {name: np.array(rows) for name, rows in path.items()}


@pytest.fixture(scope="module")
def coils():
    """64 nominal lines over their first coil and into the next."""
    lanes = fine(range(64))
    path = followed(lanes, 80)
    shown = lanes.row(R.FDT_AIM) - lanes.row(R.FDT_SHIFT)  # the aim as a wrong pyrometer makes it
    aims = lanes.row(R.GAUGE_AIM), shown, lanes.row(R.MASS)
    return lanes, path, followed(lanes, 250), aims


def steady(count, seed=5):
    """The same line `count` times, in the body of its first coil, with an even bar and no sprays.

    What is done to one lane and not to another is then the only difference between them.
    """
    lanes = fine([seed] * count)
    lanes.advance(20)
    for cell in range(R.CELLS):
        lanes.set_row(R.BAR_CELL + cell, 1285.0)
    lanes.set_row(R.FDT_AIM, 2000.0)  # far too cold: the sprays stay shut
    lanes.set_row(R.ZOOM_RATE, 0.0)
    lanes.advance(50)
    lanes.set_row(R.ZOOM, 0.0)
    lanes.advance(10)
    return lanes


def push(lanes, lane, row, change):
    """Add to one fine row of one lane."""
    lanes.fine[lane // 16, row, lane % 16] += change


def test_nominal_coils_roll_without_a_cobble(coils):
    lanes, _, _, (_, _, ordered) = coils
    assert np.count_nonzero(event(lanes)) == 0
    assert lanes.row(R.COIL).min() >= 2.0
    rolled = np.array([lanes.finished(n)[0].mass for n in range(lanes.n)])
    # what necking takes off the width is not given back in length
    np.testing.assert_allclose(rolled, ordered, rtol=0.002)


def test_loopers_settle_at_their_angle_and_hold_the_tension_aimed_at(coils):
    _, head, rest, _ = coils
    late = rest["phase"][10] == 2.0
    angle = np.degrees(rest["angle"][10:40][:, :, late])
    pull = rest["tension"][10:40][:, :, late] / 1e6
    np.testing.assert_allclose(angle.mean(axis=(0, 2)), 20.0, atol=1.0)
    aims = (3.5, 4.5, 6.0, 8.0, 10.0, 12.0)
    np.testing.assert_allclose(pull.mean(axis=(0, 2)), aims, rtol=0.06)
    assert pull.min() > 1.0
    assert pull.max() < 25.0
    assert np.degrees(head["angle"]).max() < 76.0


def test_volume_flow_is_the_same_behind_every_stand():
    lanes, flows = steady(1), []
    for _ in range(40):
        lanes.advance(1)
        flows.append(lane_rows(lanes, F.V_OUT, 7)[:, 0] * lane_rows(lanes, F.EXIT, 7)[:, 0])
    mean = np.mean(flows, axis=0)
    np.testing.assert_allclose(mean, mean.mean(), rtol=0.005)


@pytest.mark.parametrize("stand", [2, 4])
def test_a_faster_stand_pulls_before_and_slackens_behind(stand):
    lanes = steady(2)
    state, bench = lanes.fine[0].copy(), np.zeros((B.ROWS, 16))
    for row, there in (
        (B.CARBON, R.CARBON), (B.HARDNESS, R.HARDNESS), (B.STIFFNESS, R.STIFFNESS),
        (B.WIDTH, R.WIDTH),
    ):  # fmt: skip
        bench[row] = lanes.rows[0, there]
    for row, there in (
        (B.HEAD, F.HEAD), (B.TAIL, F.TAIL), (B.MASTER, F.MASTER), (B.SPEED, F.MASTER),
        (B.MONITOR, F.MONITOR),
    ):  # fmt: skip
        bench[row] = state[there]
    state[F.BELIEVED_SLIP + stand, 0] -= 0.01  # lane 0 gets a faster stand, lane 1 stays
    run = compile_sources(PART_SOURCES)["lines.hot_strip.fine.trial"].run_stands
    run(8, state.ravel(), bench.ravel(), lanes._mill, pace_of(), FAST, 1, 0, 7)
    pull, angle = state[F.TENSION : F.TENSION + 8], state[F.ANGLE : F.ANGLE + 7]
    assert pull[stand, 0] > pull[stand, 1] + 0.2e6
    assert pull[stand + 1, 0] < pull[stand + 1, 1] - 0.2e6
    assert angle[stand - 1, 0] < angle[stand - 1, 1]
    assert angle[stand, 0] > angle[stand, 1]
    run(600, state.ravel(), bench.ravel(), lanes._mill, pace_of(), FAST, 1, 0, 7)
    np.testing.assert_allclose(angle[:6, 0], angle[:6, 1], atol=0.02)  # brought back


def test_lost_tension_ends_in_a_cobble_and_the_mill_rolls_on_when_it_is_clear():
    lanes = steady(3)
    push(lanes, 0, F.BELIEVED_SLIP + 3, -0.114)  # F4 too fast: a loop grows behind it
    push(lanes, 1, F.BELIEVED_SLIP + 3, +0.60)  # far too slow: the strip before F5 tears
    lanes.advance(24)
    assert [F.EVENTS[int(code)] for code in event(lanes)] == ["cobble", "strip_break", ""]
    assert lane_rows(lanes, F.EVENT_STAND, 1)[0].tolist() == [4.0, 4.0, 0.0]
    rolled = lanes.total(R.ROLLED)
    lanes.advance(10)
    assert lanes.total(R.ROLLED)[0] == rolled[0]
    assert lanes.total(R.ROLLED)[2] > rolled[2]
    assert lanes.row(R.SPEED)[0] < lanes.row(R.SPEED)[2]
    assert lanes.row(R.ACTIVE)[0] == 0.0  # the lost bar is over for the coil cycle
    lanes.advance(2600)  # twenty minutes until the mill is clear
    assert event(lanes).tolist() == [0.0, 0.0, 0.0]
    assert lanes.row(R.COIL)[0] == 2.0
    assert lanes.total(R.ROLLED)[0] > rolled[0] + 1000.0


def ail(lanes, lane, kind, size, place):
    """Give one lane a fault of full size for good."""
    for row, value in (
        (R.FAULT_FROM, 0.0), (R.FAULT_UNTIL, 1e9), (R.FAULT_SIZE, size), (R.FAULT_RAMP, 0.0),
        (R.FAULT_PLACE, place),
    ):  # fmt: skip
        lanes.rows[lane // 16, row + kind, lane % 16] = value


def test_faults_of_the_mill_act_at_their_stand():
    lanes = steady(4)
    ail(lanes, 1, K.ECCENTRICITY, 60e-6, 7.0)
    ail(lanes, 2, K.LOAD_CELL, 1.5e6, 5.0)
    ail(lanes, 3, K.GAP_ENCODER, 80e-6, 2.0)
    lanes.advance(1)
    entry = lane_rows(lanes, F.EXIT + 1, 1)[0]
    path = []
    for _ in range(20):
        lanes.advance(1)
        path.append(lane_rows(lanes, F.EXIT, 7).copy())
    exits = np.array(path)
    swing = np.diff(exits[:, 6], axis=0).std(axis=0)  # what drifts slowly is no run-out
    assert swing[1] > 1.5 * swing[0]
    shown, true = lanes.row(R.SHOWN_FORCE + 4), lanes.row(R.FORCE + 4)
    assert shown[2] - true[2] == pytest.approx(1.5e6, abs=0.3e6)
    assert abs(shown[0] - true[0]) < 0.3e6
    assert abs(exits[:, 1, 3].mean() - exits[:, 1, 0].mean()) > 20e-6
    assert entry[1] == pytest.approx(entry[0], abs=1e-6)  # F2 feels F7 by tension alone


def test_a_force_far_above_the_rating_trips_the_stand():
    lanes = steady(1)
    lanes.advance(2)
    assert event(lanes)[0] == 0.0
    lanes._mill[P.MAX_FORCE + 2] = 0.5 * lanes.row(R.FORCE + 2)[0]
    lanes.advance(1)
    assert F.EVENTS[int(event(lanes)[0])] == "force_trip"
    assert lane_rows(lanes, F.EVENT_STAND, 1)[0, 0] == 3.0


def test_delivery_temperature_rises_with_speed_and_with_the_bar():
    lanes = steady(3)
    trim = np.array([0.0, 0.5, 0.0])
    lanes.set_row(R.SPEED_TRIM, trim)
    for cell in range(R.CELLS):
        lanes.set_row(R.BAR_CELL + cell, np.array([1285.0, 1285.0, 1295.0]))
    lanes.advance(50)
    fdt = np.zeros(3)
    for _ in range(8):
        lanes.advance(1)
        fdt += lanes.row(R.TRUE_FDT) / 8.0
    assert 5.0 < (fdt[1] - fdt[0]) / 0.5 < 25.0
    assert 0.35 < (fdt[2] - fdt[0]) / 10.0 < 0.75


def test_gauge_and_temperature_hold_over_the_body(coils):
    _, _, rest, (gauge, fdt, _) = coils
    at = rest["phase"][:70] == 2.0
    off = (rest["h"][:70] - gauge)[at]
    assert abs(off.mean()) < 5e-6
    assert off.std() < 15e-6
    warm = (rest["fdt"][:70] - fdt)[at]
    assert abs(warm.mean()) < 8.0
    assert warm.std() < 6.0


def test_the_fine_mill_agrees_with_the_supervisory_one_on_the_body():
    """Seeds 0..15, means: thickness within 5 um, FDT within 8 K, force of each stand within 5 %."""
    means = []
    for resolution in ("fine", "supervisory"):
        lanes = HotStripLanes(list(range(16)), resolution=resolution, upstream=False)
        path = followed(lanes, 130)
        at = path["phase"] == 2.0
        weight = at.sum(axis=0)
        means.append((
            ((path["h"] - lanes.row(R.GAUGE_AIM)) * at).sum(axis=0) / weight,
            ((path["fdt"] - lanes.row(R.FDT_AIM)) * at).sum(axis=0) / weight,
            (path["force"] * at[:, None, :]).sum(axis=0) / weight,
        ))  # fmt: skip
    (h, fdt, force), (h_then, fdt_then, force_then) = means
    assert abs((h - h_then).mean()) < 5e-6
    assert abs((fdt - fdt_then).mean()) < 8.0
    ratio = (force / force_then).mean(axis=1)
    np.testing.assert_allclose(ratio, 1.0, atol=0.05)


def test_a_line_has_the_same_bits_alone_among_others_and_in_another_slot():
    many = fine([3, 8, 21, 3, 8])
    many.advance(70)
    alone = fine([8])
    for _ in range(7):
        alone.advance(10)
    for lane in (1, 4):
        np.testing.assert_array_equal(many.lane(lane).rows, alone.lane(0).rows)
        np.testing.assert_array_equal(many.lane(lane).fine, alone.lane(0).fine)
    assert not np.array_equal(many.lane(0).fine, many.lane(1).fine)


def test_a_saved_fine_line_goes_on_as_if_nothing_had_happened():
    lanes = fine([4, 5])
    lanes.advance(60)
    saved, one = pickle.loads(pickle.dumps((lanes.save(), lanes.lane(1))))
    lanes.advance(30)
    after = lanes.lane(1)
    lanes.restore(saved)
    lanes.advance(30)
    np.testing.assert_array_equal(lanes.lane(1).fine, after.fine)
    others = HotStripLanes.spread(one, 3)
    others.advance(30)
    np.testing.assert_array_equal(others.lane(2).fine, after.fine)
    np.testing.assert_array_equal(others.lane(2).rows, after.rows)


def test_states_of_one_resolution_do_not_fit_the_other():
    rough = HotStripLanes([1], upstream=False)
    with pytest.raises(ConfigError, match="another kind of line"):
        rough.put(0, fine([1]).lane(0))
    with pytest.raises(ConfigError, match="choose one of"):
        HotStripLanes([1], resolution="coarse")


def test_the_fast_step_is_compiled_to_wide_code():
    features = __import__("llvmlite.binding", fromlist=["x"]).get_host_cpu_features()
    if not features.get("avx2"):
        pytest.skip("the guard reads AVX code; this processor has none")
    module = compile_sources(PART_SOURCES, cached=False)["lines.hot_strip.fine.trial"]
    lanes = HotStripLanes([1], resolution="fine", upstream=False)
    bench = np.ones(B.ROWS * 16)
    module.run_stands(1, lanes._fine.copy(), bench, lanes._mill, pace_of(), FAST, 1, 0, 7)
    text = "".join(module.run_stands.inspect_asm().values())
    operation = r"\tv(?:add|sub|mul|div|sqrt|f\w+)"
    packed = len(re.findall(operation + r"p[sd]\s.*%[yz]mm", text))
    scalar = len(re.findall(operation + r"s[sd]\s", text))
    assert packed >= 1000
    assert packed > 0.7 * scalar  # beside each wide loop stands one narrow copy: never more
    assert not re.findall(r"\b(?:exp|log|pow|tan|atan)f?\b", text)
