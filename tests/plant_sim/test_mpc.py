"""Model predictive control: what it may see, that it is causal, and that it earns its keep."""

import ast
from pathlib import Path

import numpy as np
import pytest

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim import control
from passline.plant_sim.control.mpc_forecast import MOST, coiling
from passline.plant_sim.control.mpc_setup import FASTER, SLOWER, speed_trim
from passline.plant_sim.control.mpc_strip import TableSheet
from passline.plant_sim.control.mpc_table import RATE, Courses, TableController, outside
from passline.plant_sim.control.tracking import TrackedMill, Tracker
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.rollouts.episodes import play_episodes
from passline.plant_sim.rollouts.policy import load_policy

SHEET = TableSheet(TrackedMill.of(default_mill()), default_mill().run_out_table.main_banks)


def test_mpc_imports_nothing_of_the_plant():
    allowed = {
        "signals", "economics", "tracking", "tracking.cooling", "cooling_feedback", "cooling_setup",
        "gap_control", "speed_control", "mpc_table", "mpc_strip", "mpc_forecast", "mpc_mill",
        "mpc_setup",
    }  # fmt: skip
    files = sorted(Path(str(control.__file__)).parent.glob("mpc*.py"))
    assert len(files) == 6
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.module in allowed, f"{file.name}: {node.module}"


@pytest.mark.slow
@pytest.mark.parametrize("env", ["RunOutTable", "FinishingMill", "MillSetup", "HotStripLine"])
def test_an_episode_of_mpc_has_the_same_bits_in_any_company(env: str) -> None:
    name = f"passline/{env}-v0"
    together = play_episodes(load_policy("mpc"), name, [0, 1, 2], "disturbed")
    apart = [
        *play_episodes(load_policy("mpc"), name, [2, 0], "disturbed"),
        *play_episodes(load_policy("mpc"), name, [1], "disturbed"),
    ]
    assert {e.seed: e.sha256 for e in together} == {e.seed: e.sha256 for e in apart}
    assert np.abs(together[0].actions).max() > 0.0


@pytest.mark.slow
def test_on_the_table_mpc_loses_less_than_hold():
    env, seeds = "passline/RunOutTable-v0", range(200, 208)
    held = play_episodes(load_policy("hold"), env, seeds)
    moved = play_episodes(load_policy("mpc"), env, seeds)
    assert sum(e.ret for e in moved) > sum(e.ret for e in held)
    assert sum(e.harm.sum() for e in moved) <= sum(e.harm.sum() for e in held)


def test_without_a_controller_mpc_says_so():
    with pytest.raises(ConfigError, match="no mpc for ReheatingFurnace"):
        play_episodes(load_policy("mpc"), "passline/ReheatingFurnace-v0", [0])
    with pytest.raises(ConfigError, match="all observations"):
        play_episodes(
            load_policy("mpc"), "passline/HotStripLine-v0", [0], settings={"observe": "instruments"}
        )
    with pytest.raises(ConfigError, match="at once"):
        play_episodes(
            load_policy("mpc"), "passline/RunOutTable-v0", [0], settings={"action_delay": 1}
        )


def _coiled(asked: float, back: float = 0.0, gain: float = 1.0, fdt: float = 1160.0) -> float:
    one = np.ones(1)
    banks = SHEET.mill.banks
    found = coiling(
        SHEET, fdt * one, 2.6e-3 * one, 0.08, asked * one, back * one, (8.0 * one, 9.0 * one),
        298.15, gain, np.full(banks, 0.94), np.zeros(banks),
    )  # fmt: skip
    return float(found[0])


def test_more_water_and_colder_delivery_coil_colder():
    usual = _coiled(6.0)
    assert 700.0 < usual < 1000.0
    assert _coiled(7.0) < usual - 10.0
    assert _coiled(6.0, back=0.5) < usual - 5.0
    assert _coiled(6.0, gain=1.1) < usual - 10.0
    assert _coiled(6.0, fdt=1150.0) < usual - 5.0


def test_a_bank_without_water_cools_nothing_and_one_that_leaks_cools_unasked():
    one, banks = np.ones(1), SHEET.mill.banks

    def coiled(yields: np.ndarray, leaks: np.ndarray) -> float:
        return float(
            coiling(SHEET, 1160.0 * one, 2.6e-3 * one, 0.08, 6.0 * one, 0.0 * one,
                    (8.0 * one, 8.0 * one), 298.15, 1.0, yields, leaks)[0]
        )  # fmt: skip

    full, dry = np.full(banks, 0.94), np.zeros(banks)
    dead, leaking = full.copy(), dry.copy()
    dead[2], leaking[9] = 0.0, 0.9
    assert coiled(dead, dry) > coiled(full, dry) + 10.0
    assert coiled(full, leaking) < coiled(full, dry) - 10.0


def test_a_course_moves_no_faster_than_the_trim_may():
    heads = np.array([[MOST, -MOST, 0.0], [0.0, 0.0, 0.0]])
    course = Courses(heads, 0.5).run(20)
    steps = np.diff(np.vstack([np.full((1, 2), 0.5), course]), axis=0)
    assert np.abs(steps).max() <= RATE + 1e-12
    assert np.abs(course).max() <= MOST


def test_the_chance_to_miss_a_tolerance_rises_with_the_error():
    chances = outside(np.array([0.0, 10.0, 15.0, 30.0, -30.0]), 15.0, 6.0)
    assert np.all(np.diff(chances[:4]) > 0.0)
    assert chances[2] == pytest.approx(0.5, abs=0.01)
    assert chances[3] == pytest.approx(chances[4])


def test_the_set_up_goes_faster_for_a_cold_bar_within_its_limits():
    assert speed_trim(True, 1250.0, 2.6e-3, 1160.0, 8.0) == 0.0
    cold = speed_trim(False, 1200.0, 2.6e-3, 1160.0, 8.0)
    hot = speed_trim(False, 1320.0, 2.6e-3, 1160.0, 8.0)
    assert cold == pytest.approx(FASTER)
    assert hot == pytest.approx(-SLOWER, abs=1e-5)


def test_without_samples_the_table_is_left_alone():
    page = Tracker(SHEET.mill, SIGNALS).update({})
    assert TableController(SHEET).decide({}, page, 0.0) == 0.0
