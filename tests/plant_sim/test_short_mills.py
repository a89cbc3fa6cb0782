"""Mills of five, six and seven stands roll in both resolutions, and what is not there is silent."""

from functools import cache

import gymnasium
import numpy as np
import pytest

from passline.plant_sim import make_line
from passline.plant_sim.control.tracking import TrackedMill, Tracker
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip import config
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip import profile_rows as Q  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.alarm_table import alarm_table
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.scenarios import fields as O  # noqa: N812
from passline.plant_sim.scenarios.orders import load_book
from passline.plant_sim.scenarios.registry import Scenario

STANDS = (5, 6, 7)
RESOLUTIONS = ("supervisory", "fine")
OF_STANDS = (R.FORCE, R.SHOWN_FORCE, R.SHOWN_STAND_SPEED, R.SHOWN_TORQUE, R.SHOWN_TENSION,
             R.SHOWN_LOOPER, R.STAND_POWER, R.EXPECTED, R.MONITOR, R.LOCKED)  # fmt: skip
# ten minutes are the first coils of a campaign: few stands with heavy drafts are off gauge for long
# at the heads of the fine resolution, until level 2 has learned their zeros
ON_GAUGE = {("supervisory", n): 0.9 for n in STANDS} | {("fine", n): 0.8 for n in STANDS}


@cache
def mill(stands):
    """Return a mill of so many stands; that of five is believable, but nobody's."""
    if stands == 7:
        return config.default_mill()
    six = config.load_mill(config.SIX_STANDS)
    if stands == 6:
        return six
    data = six.model_dump()
    data["stands"] = [
        {**stand, "max_power": power, "max_torque": 1.5 * stand["max_torque"]}
        for power, stand in zip((11e6, 11e6, 11e6, 10e6, 8e6), data["stands"][1:], strict=True)
    ]
    data["mill"]["slowest"] = 3.5
    return config.Mill.model_validate(data)


@cache
def rolled(stands, resolution):
    """Return eight lines after ten minutes, and the mass of each bar that the mill took."""
    lanes = HotStripLanes(range(8), "nominal", mill(stands), False, resolution)
    bars = {}
    for _ in range(1200):
        lanes.advance(1)
        for lane in np.flatnonzero(lanes.row(R.ACTIVE) > 0.5):
            bars[lane, int(lanes.row(R.COIL)[lane])] = lanes.row(R.MASS)[lane]
    return lanes, bars


def day_with(kind, place):
    """Return a day on which this fault is there from the first coil on."""
    return Scenario(
        "own", "faults", (), "one fault", "고장 하나",
        lambda day: day.fault(kind, start=(1, 1), place=(place, place)),
    )  # fmt: skip


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("stands", STANDS)
def test_coils_are_on_gauge_and_no_steel_is_lost(stands, resolution):
    lanes, bars = rolled(stands, resolution)
    assert np.all(lanes.total(R.COBBLES) + lanes.total(R.TRIPS) == 0.0)
    assert lanes.finished_counts().min() >= 2
    for lane in range(lanes.n):
        for coil in lanes.finished(lane):
            assert coil.mass == pytest.approx(bars[lane, coil.number], rel=0.005)
    steel = lanes.total(R.ROLLED).sum()
    assert 1.0 - lanes.total(R.GAUGE_OFF).sum() / steel > ON_GAUGE[resolution, stands]
    assert 1.0 - lanes.total(R.FDT_OFF).sum() / steel > 0.95
    assert 1.0 - lanes.total(R.FLAT_OFF).sum() / steel > 0.97
    assert lanes.total(R.OVERLOAD).sum() < 20.0  # s beyond a rating, of eighty minutes


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("stands", STANDS)
def test_every_number_is_finite_and_stands_that_are_absent_show_nothing(stands, resolution):
    lanes, _ = rolled(stands, resolution)
    assert np.all(np.isfinite(lanes.rows))
    assert np.all(np.isfinite(lanes.fine))
    assert np.all(np.isfinite(lanes.read()))
    first = 7 - stands
    for row in OF_STANDS:
        assert np.all(lanes.rows[:, row : row + first] == 0.0)
    for row in (R.H, R.T, Q.STAND_CROWN):  # before the first stand is the bar
        np.testing.assert_array_equal(
            lanes.rows[:, row : row + first], lanes.rows[:, row + 1 : row + first + 1]
        )
    active = lanes.row(R.ACTIVE) > 0.5
    force = lanes.rows[0, R.FORCE + first : R.FORCE + 7, : lanes.n][:, active]
    assert force.size
    assert np.all(force.max(axis=1) > 1e6)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("stands", [5, 6])
def test_the_whole_line_rolls_from_the_furnaces_on(stands, resolution):
    lanes = HotStripLanes(range(4), "nominal", mill(stands), resolution=resolution)
    lanes.advance(1600)
    steel = lanes.total(R.ROLLED).sum()
    assert lanes.finished_counts().min() >= 2
    assert np.all(lanes.total(R.COBBLES) + lanes.total(R.TRIPS) == 0.0)
    assert 1.0 - lanes.total(R.GAUGE_OFF).sum() / steel > ON_GAUGE[resolution, stands]
    assert np.all(np.isfinite(lanes.rows))
    assert np.all(np.isfinite(lanes.fine))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("stands", [5, 6])
def test_a_short_mill_goes_on_from_a_saved_state_with_the_same_bits(stands, resolution):
    lanes = HotStripLanes([3, 4], "faults", mill(stands), False, resolution)
    lanes.advance(150)
    saved, one = lanes.save(), lanes.lane(1)
    lanes.advance(100)
    ahead = lanes.read()
    lanes.restore(saved)
    lanes.advance(100)
    np.testing.assert_array_equal(lanes.read(), ahead)
    spread = HotStripLanes.spread(one, 2)
    spread.advance(100)
    np.testing.assert_array_equal(spread.read(), np.stack([ahead[1]] * 2))
    with pytest.raises(ConfigError, match="stands of the state"):
        HotStripLanes([0], "nominal", None, False, resolution).put(0, one)


@pytest.mark.parametrize("stands", [5, 6])
def test_names_of_absent_stands_do_not_exist(stands):
    line = make_line("hot-strip", config=mill(stands))
    absent = tuple(f"f{s}." for s in range(1, 8 - stands))
    assert {f"f{8 - stands}.roll_force", "f7.roll_force"} <= line.signals.keys()
    assert not any(name.startswith(absent) for name in line.signals)
    alarms = alarm_table(mill(stands))
    assert not any(alarm.name.startswith(absent) or alarm.signal in absent for alarm in alarms)
    assert all(set(c.needs) <= line.signals.keys() for c in line.controls.values())
    line.advance(30.0)
    assert all(sample.good for sample in line.read().values())


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_a_nominal_shift_on_six_stands_rings_no_alarm_of_priority_one_or_two(resolution):
    line = make_line("hot-strip", 2, config=config.SIX_STANDS, resolution=resolution)
    rung = set()
    for _ in range(60):
        line.advance(10.0)
        rung |= {one.alarm.name for one in line.alarms.standing() if one.alarm.priority < 3}
    assert len(line.coils) >= 2
    assert rung == set()


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("kind", ["load_cell", "gap_encoder", "looper_swing", "drive_droop"])
def test_a_fault_of_an_absent_stand_is_one_of_the_first_that_is_there(kind, resolution):
    there = HotStripLanes([5], day_with(kind, 3), mill(5), False, resolution)
    absent = HotStripLanes([5], day_with(kind, 1), mill(5), False, resolution)
    assert absent.truth(0)[f"fault.{kind}.place"] == 3.0
    assert absent._days[0].happenings[0].place == 3
    for lanes in (there, absent):
        lanes.advance(120)
    np.testing.assert_array_equal(absent.read(), there.read())


def test_days_without_a_book_are_made_to_fit_and_a_book_that_does_not_is_refused():
    for stands, thinnest in ((5, 2.3e-3), (6, 1.85e-3)):
        lanes = HotStripLanes(range(4), "campaign", mill(stands))
        orders = lanes.orders_ahead(60)
        assert orders[:, :, O.GAUGE].min() > thinnest
        reduction = np.log(orders[:, :, O.BAR_GAUGE] / orders[:, :, O.GAUGE])
        assert reduction.max() < 2.75
        assert orders[:, :, O.BAR_GAUGE].min() >= 25e-3
    book = load_book("coffin-60")
    assert book.orders[:, O.GAUGE].min() < thinnest
    with pytest.raises(ConfigError, match=r"coffin-60: coils .* thinner than the 1\.88 mm that 6"):
        make_line("hot-strip", config=mill(6), book="coffin-60")


@pytest.mark.parametrize("name", ["FinishingMill", "MillSetup", "HotStripLine", "RunOutTable"])
@pytest.mark.parametrize("stands", [5, 6])
def test_environments_take_a_short_mill_with_the_same_spaces(name, stands):
    env = gymnasium.make(f"passline/{name}-v0", config=mill(stands)).unwrapped
    default = gymnasium.make(f"passline/{name}-v0").unwrapped
    assert env.observation_space == default.observation_space
    columns = [seen.name for seen in env.task.observations]
    absent = [n for n, column in enumerate(columns) if column == "f1.roll_force"]
    seen, _ = env.reset(seed=3)
    for _ in range(3 if name == "MillSetup" else 40):
        assert np.all(np.isfinite(seen))
        assert np.all(seen[absent] == 0.0)
        seen, reward, *_ = env.step(np.zeros(env.action_space.shape, np.float32))
        assert np.isfinite(reward)


def test_a_short_mill_is_drawn_without_the_stands_it_has_not():
    drawn = []
    for stands in (6, 7):
        env = gymnasium.make(
            "passline/FinishingMill-v0", config=mill(stands), render_mode="rgb_array"
        )
        env.reset(seed=3)
        drawn.append(env.render())
    assert drawn[0].shape == drawn[1].shape
    assert not np.array_equal(*drawn)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("stands", [5, 6])
def test_tracking_follows_a_short_mill(stands, resolution):
    line = make_line("hot-strip", 4, config=mill(stands), resolution=resolution)
    data = TrackedMill.of(mill(stands), travels=resolution == "fine")
    tracker = Tracker(data, line.signals)
    doubted, off = [], []
    for _ in range(450):
        line.advance(2.0)
        page = tracker.update(line.read())
        doubted += [one.name for one in page.instruments if one.health == "suspect"]
        if page.strip.rolling and page.strip.segments and page.strip.segments[0].fdt is not None:
            off.append(page.strip.segments[0].fdt.value - line.truth()["fdt"])
    assert [n.name for n in page.instruments if n.name.endswith("roll_force")] == [
        f"f{s}.roll_force" for s in range(8 - stands, 8)
    ]
    assert len(doubted) < 1000  # of 450 looks at a dozen instruments
    assert abs(np.median(off)) < 10.0  # K
    assert page.adaptation.coils >= 2
    assert 0.8 < page.adaptation.hardness.value < 1.2


@pytest.mark.parametrize("stands", [0, 4, 8])
def test_other_numbers_of_stands_are_refused(stands):
    data = config.default_mill().model_dump()
    data["stands"] = (data["stands"] * 2)[:stands]
    with pytest.raises(ValueError, match=f"{stands} stands; give 5 to 7"):
        config.Mill.model_validate(data)


@pytest.mark.parametrize("stands", STANDS)
def test_the_stands_of_a_file_lie_in_the_last_places(stands):
    flat, first = mill(stands).parameters(), 7 - stands
    assert np.all(np.isfinite(flat))
    assert flat[P.FIRST_STAND] == first == mill(stands).absent
    forces = [stand.max_force for stand in mill(stands).stands]
    np.testing.assert_array_equal(flat[P.MAX_FORCE + first : P.MAX_FORCE + 7], forces)
    assert flat[P.DISTANCE + 6] == mill(stands).stands[-1].distance
