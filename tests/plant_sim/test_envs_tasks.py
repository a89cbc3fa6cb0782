"""The tasks say what steel does: what an action moves, what it costs, and what holding means."""

import gymnasium
import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.hot_strip_line import MOVED
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.lines.hot_strip.parameters import BANKS

MILL, TABLE = "passline/FinishingMill-v0", "passline/RunOutTable-v0"
SETUP, LINE = "passline/MillSetup-v0", "passline/HotStripLine-v0"
CONTROLS = len(MOVED)


def play(env, action, steps, seed):
    """Hold one action; returns rewards, infos, and the observations by name."""
    seen = [env.reset(seed=seed)[0]]
    rewards, infos = [], []
    for _ in range(steps):
        observation, reward, _, _, info = env.step(np.asarray(action, np.float32))
        seen.append(observation)
        rewards.append(reward)
        infos.append(info)
    names = [each.name for each in env.task.observations]
    return np.array(rewards), infos, dict(zip(names, np.stack(seen).T, strict=True))


def make(name, **options):
    return gymnasium.make(name, **options).unwrapped


def one(count, place, value):
    action = np.zeros(count)
    action[place] = value
    return action


def test_a_finished_coil_ends_the_episode_and_slow_rolling_costs_time():
    taken = {}
    for speed in (-1.0, 1.0):
        env = make(MILL)
        env.reset(seed=8)
        terminated, seconds = False, 0.0
        while not terminated:
            _, _, terminated, truncated, info = env.step(np.array([0.0, speed, 0.0], np.float32))
            assert not truncated
            seconds += info["time"]
        taken[speed] = seconds
    assert taken[-1.0] > taken[1.0] + 5.0


def test_faster_rolling_needs_more_spray_to_deliver_as_hot():
    spray, delivered = (
        [play(make(MILL), [0, speed, 0], 120, 8)[2][name][80:].mean() for speed in (0.0, 0.5, 1.0)]
        for name in ("fm.spray_opening", "fm.fdt_model")
    )
    assert spray[0] + 0.1 < spray[1] < spray[2] - 0.1
    assert np.ptp(delivered) < 0.5  # of 20 K


def test_the_gauge_trim_moves_the_strip_by_what_it_says():
    thick = [
        play(make(MILL), [trim, 0, 0], 120, 8)[2]["fm.exit_thickness"][80:].mean()
        for trim in (0.0, 0.4)
    ]
    assert (thick[0] - thick[1]) * 50e-6 == pytest.approx(40e-6, abs=4e-6)


def test_more_banks_coil_the_head_colder_until_the_feedback_takes_them_out():
    # the pyrometer sees strip from step 37 on; the feedback of the coiling temperature answers with
    # 6 s, so a trim that stays shows at the head alone (and a little of the other sign behind it)
    cold, warm = (
        20.0 * play(make(TABLE), [trim], 150, 8)[2]["rot.coiling_temperature"]
        for trim in (0.5, -0.5)
    )
    head, body = (float((cold - warm)[part].mean()) for part in (slice(39, 49), slice(80, 150)))
    assert head < -50.0  # K of 1.5 banks
    assert abs(body) < 25.0


def test_holding_is_the_line_alone():
    env = make(LINE, scenario="faults")
    rewards, infos, _ = play(env, np.zeros(CONTROLS), 60, 5)
    alone = HotStripLanes([5], "faults")
    alone.advance(60 * 20)
    earned = -sum(info["production"] for info in infos)  # no part of the line's own money
    assert earned - rewards.sum() == pytest.approx(alone.money()[0])
    assert sum(info["cost"] for info in infos) == pytest.approx(alone.harms()[0])


def test_the_line_moves_its_controls_no_faster_than_an_operator_may():
    for name, step in (("fm.speed_trim", 0.2), ("rot.cooling_correction", 0.1)):
        seen = play(make(LINE), one(CONTROLS, MOVED.index(name), 1.0), 30, 5)[2]
        scale = next(each.scale for each in make(LINE).task.observations if each.name == name)
        moved = np.diff(seen[name] * scale)
        assert moved.max() == pytest.approx(step, rel=1e-5)
        assert seen[name][-1] == pytest.approx(1.0)


def test_a_bank_out_of_service_gets_no_water():
    seen = play(make(LINE), one(CONTROLS, MOVED.index("rot.bank_out"), 2 / BANKS), 40, 5)[2]
    assert seen["rot.bank_out"][-1] == pytest.approx(2 / BANKS)
    assert np.all(seen["rot.bank_2_command"][2:] == 0.0)
    assert seen["rot.bank_1_command"].max() == 1.0


def test_set_ups_without_correction_roll_the_coils_that_the_line_rolls_alone():
    env = make(SETUP, scenario="faults")
    rewards, _, _ = play(env, np.zeros(8), 8, 21)
    alone = HotStripLanes([21], "faults", upstream=False)
    while alone.finished_counts()[0] < 8:
        alone.advance(1)
    coils = alone.finished(0)
    np.testing.assert_allclose(
        -rewards[1:], [coil.cost for coil in coils[1:]], rtol=1e-9, atol=0.51
    )  # the gap before a coil is charged to it there, and to the coil before it here
    plant = env._play.plant
    assert plant.finished(0) == coils[:7]


def test_a_wider_gap_makes_another_head_and_is_not_learned_as_a_zero():
    zeros, off = [], []
    for offset in (-1.0, 0.0, 1.0):
        env = make(SETUP)
        _, infos, _ = play(env, one(8, 6, offset), 1, 3)
        plant = env._play.plant
        zeros.append(plant.row(R.ZERO + 6)[0])
        off.append(infos[0]["gauge"])
    # gap, force and gauge agree on the zero wherever the gap was set
    assert np.ptp(zeros) < 5e-6
    assert len(set(off)) > 1


def test_the_set_up_environment_shows_what_level_2_will_set():
    env = make(SETUP)
    env.reset(seed=3)
    plant = env._play.plant
    shown, aim = plant.set_up(R.GAP + 6)[0], plant.set_up(R.GAUGE_AIM)[0]
    assert plant.signal("coil.phase")[0] == 0.0  # nothing rolled yet
    alone = HotStripLanes([3], upstream=False)
    while alone.row(R.ACTIVE)[0] < 0.5:
        alone.advance(1)
    assert alone.row(R.GAP + 6)[0] == shown
    assert alone.row(R.GAUGE_AIM)[0] == aim


def test_gaps_set_much_too_narrow_cost_gauge_and_force():
    spent, harm = zip(
        *(
            (sum(i["gauge"] for i in infos), sum(i["cost"] for i in infos))
            for infos in (
                play(make(SETUP), np.r_[np.full(7, width), 0.0], 4, 3)[1] for width in (0.0, -1.0)
            )
        ),
        strict=True,
    )
    assert spent[1] > spent[0] + 20.0
    assert harm[1] >= harm[0]


def test_the_picture_shows_the_strip_only_while_it_is_rolled():
    env = make(MILL, render_mode="rgb_array")
    env.reset(seed=2)
    empty = env.render()
    for _ in range(60):
        env.step(np.zeros(3, np.float32))
    rolling = env.render()
    assert empty.shape == rolling.shape

    def glowing(frame):
        red, green, blue = (frame[..., part].astype(int) for part in range(3))
        return np.sum((red > green + 60) & (red > blue + 60))

    assert glowing(rolling[:262]) > glowing(empty[:262]) + 500


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_fine_mill_is_the_same_bits_in_both_forms_and_threads_stand_by_stand():
    env, envs = make(MILL, resolution="fine"), gymnasium.make_vec(MILL, 2, resolution="fine")
    alone, together = [env.reset(seed=5)[0]], [envs.reset(seed=4)[0][1]]
    for step in range(70):
        action = np.array([0.2, 0.1, -0.1], np.float32) * (step > 55)
        alone.append(env.step(action)[0])
        together.append(envs.step(np.stack([action, action]))[0][1])
    np.testing.assert_array_equal(np.stack(alone), np.stack(together))
    names = [each.name for each in env.task.observations]
    seen = np.stack(alone)
    rolling = seen[:, names.index("fm.rolling")] > 0.5
    first = [  # step in which a stand carries more than half of what level 2 expects
        int(np.argmax(rolling & (seen[:, names.index(f"f{s}.roll_force")] > -2.5)))
        for s in range(1, 8)
    ]
    assert first == sorted(first)
    assert 0 < first[0] < first[-1]


@pytest.mark.parametrize("name", [TABLE, MILL])
def test_an_episode_of_one_coil_on_a_day_of_faults_is_a_coil_under_them(name):
    """The day begins its faults with a later coil, which such an episode never rolls."""
    env = make(name, scenario="dead-bank")
    play(env, np.zeros(env.action_space.shape[0]), 10, 3)
    plant = env._play.plant
    (fault,) = plant.lane(0).day.happenings
    assert (fault.from_coil, fault.ramp) == (1, 0.0)
    assert plant.lane(0).day.scenario.name == "dead-bank"


def test_a_dead_bank_is_felt_in_an_episode_of_one_coil():
    sound, dead = (
        play(make(TABLE, scenario=day), np.zeros(1), 150, 3)[2] for day in ("nominal", "dead-bank")
    )
    flows = [name for name in sound if name.endswith("_flow")]
    shut = [name for name in flows if dead[name][60:].max() < 0.05 < sound[name][60:].min()]
    assert len(shut) == 1
    assert np.abs(dead["rot.coiling_temperature"] - sound["rot.coiling_temperature"]).max() > 0.2


def test_the_middle_pyrometer_tells_of_a_head_before_the_coiling_pyrometer_sees_it():
    early, late = [], []
    for seed in range(6):
        seen = play(make(TABLE), [0.0], 60, seed)[2]
        first = int(np.argmax(seen["rot.strip_seen"] > 0.5))
        blind = (seen["rot.mid_seen"] > 0.5) & (seen["rot.strip_seen"] < 0.5)
        assert first > 0
        assert blind[:first].sum() >= 3
        early.append(seen["rot.mid_temperature"][:first][blind[:first]].mean())
        late.append(seen["rot.coiling_temperature"][first + 4 : first + 12].mean())
    assert np.corrcoef(early, late)[0, 1] > 0.7
