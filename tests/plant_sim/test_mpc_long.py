"""Model predictive control over several coils, on doubted samples, and at the desk of the line."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.control.mpc_line import LEAST_AIR, USUAL_AIR, LineController
from passline.plant_sim.control.mpc_strip import TableSheet, TableStrip
from passline.plant_sim.control.mpc_table import TableController
from passline.plant_sim.control.tracking import TrackedMill, Tracker, usual_delivery
from passline.plant_sim.envs.options import options_of
from passline.plant_sim.envs.play import Play
from passline.plant_sim.envs.run_out_table import TableTask
from passline.plant_sim.lines.hot_strip import rows
from passline.plant_sim.lines.hot_strip import runout_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.layout import TABLE
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.rollouts.episodes import play_episodes
from passline.plant_sim.rollouts.mpc_policy import believable
from passline.plant_sim.rollouts.policy import Policy, Sight, load_policy
from passline.plant_sim.signals import Quality, Sample

SHEET = TableSheet(TrackedMill.of(default_mill()), default_mill().run_out_table.main_banks)
FIVE_COILS = 1150  # steps of 0.5 s
DOUBTED = 100  # seed of a first coil in which a stand lies outside its formulas' validity
Array = NDArray[np.float64]


def _rewards(policy: Policy, seeds: list[int], scenario: str) -> Iterator[tuple[Array, Play]]:
    task = TableTask()
    play = Play(task, len(seeds), options_of(task, {"scenario": scenario}))
    play.reset(list(seeds), np.ones(len(seeds), bool))
    sight = Sight(play, policy.sees)
    policy.begin(sight)
    for _ in range(FIVE_COILS):
        yield play.step(policy.act(sight))[0], play
        sight.look()


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["nominal", "dead-bank"])
def test_over_five_coils_mpc_earns_and_its_trim_does_not_wander_off(scenario: str) -> None:
    seeds = [300, 301, 302, 303]
    held = sum(reward for reward, _ in _rewards(load_policy("hold"), seeds, scenario))
    moved, trims = np.zeros(len(seeds)), []
    for reward, play in _rewards(load_policy("mpc"), seeds, scenario):
        moved += reward
        trims.append(np.abs(play.plant.row(rows.ACT_BANK)))
    gain = moved - held
    wide = 3.18 * gain.std(ddof=1) / np.sqrt(len(seeds))  # Student's t, three degrees of freedom
    assert gain.mean() > -wide
    assert np.mean(trims[-200:]) < 0.9


def test_the_controller_knows_what_level_2_has_taken_over_from_its_feedback() -> None:
    task = TableTask()
    play = Play(task, 1, options_of(task, {}))
    play.reset([200000], np.ones(1, bool))  # a line whose water cools less than believed
    tracker, strip = Tracker(SHEET.mill, SIGNALS), TableStrip(SHEET)
    plant = play.plant
    apart, greatest = 0.0, 0.0
    for _ in range(240):
        play.step(np.zeros((1, 1), np.float32))
        samples = believable(plant.samples(0))
        page = tracker.update(samples)
        values = {name: one.value for name, one in samples.items()}
        strip.remember(values, 0.0)
        if page.strip.speed is None:
            continue
        strip.begins(page)
        under = page.strip.under_pyrometer
        seen = under is not None and under.number == strip.number
        strip.follow(values, page, page.strip.speed.value, seen)
        if page.strip.rolling:
            true = float(plant.row(TABLE + R.SHIFT)[0])
            apart, greatest = max(apart, abs(strip.shift - true)), max(greatest, abs(true))
    assert greatest > 0.5
    assert apart < 0.05


@pytest.mark.slow
def test_a_line_that_doubts_all_of_its_samples_alike_is_cooled_on() -> None:
    env = "passline/RunOutTable-v0"
    (held,) = play_episodes(load_policy("hold"), env, [DOUBTED])
    (moved,) = play_episodes(load_policy("mpc"), env, [DOUBTED])
    assert np.count_nonzero(moved.actions) > 100
    assert moved.ret > held.ret


def _sample(value: float, quality: Quality = Quality.GOOD) -> Sample:
    return Sample(value, quality, 1.0, 1.0)


def test_one_doubted_sample_stays_doubted_and_all_alike_are_believed() -> None:
    some = {"fm.fdt": _sample(1150.0, Quality.UNCERTAIN), "fm.speed": _sample(8.0)}
    assert not believable(some)["fm.fdt"].good
    every = {name: replace(one, quality=Quality.UNCERTAIN) for name, one in some.items()}
    assert all(one.good for one in believable(every).values())
    bad = {name: replace(one, quality=Quality.BAD) for name, one in some.items()}
    assert not any(one.good for one in believable(bad).values())


def test_where_strip_is_lost_the_last_trim_is_held() -> None:
    page = Tracker(SHEET.mill, SIGNALS).update({})
    assert TableController(SHEET).decide({}, page, 0.75) == 0.75


def _desk(pyrometer: float, estimate: float, phase: float = 2.0) -> dict[str, Sample]:
    """Return samples whose two temperatures lie so far (K) above level 2's model."""
    model = usual_delivery(1270.0, 34e-3, 2.6e-3, 8.0 * 2.6e-3, 0.4)
    shown = {
        "coil.phase": phase, "fm.entry_temperature": 1270.0, "coil.gauge_aim": 2.6e-3,
        "fm.speed": 8.0, "fm.spray_opening": 0.4, "fm.fdt": model + pyrometer,
        "fm.fdt_model": model + estimate, "furnace1.oxygen": 0.017, "furnace2.oxygen": 0.017,
    }  # fmt: skip
    return {name: _sample(value) for name, value in shown.items()}


NOW = {"fm.fdt_source": 0.0, "furnace.excess_air": USUAL_AIR}


def _source(desk: LineController, samples: dict[str, Sample]) -> float:
    return [desk.decide(samples, NOW)["fm.fdt_source"] for _ in range(20)][-1]


def test_the_line_listens_to_the_temperature_that_is_nearer_to_the_model() -> None:
    assert _source(LineController(2), _desk(-30.0, 0.0)) == 1.0
    assert _source(LineController(2), _desk(0.0, -30.0)) == 0.0
    desk = LineController(2)
    assert _source(desk, _desk(-6.0, 0.0)) == 0.0  # a running strip feels the change
    assert desk.decide(_desk(-6.0, 0.0, phase=0.0), NOW)["fm.fdt_source"] == 1.0


def test_air_is_taken_while_both_probes_show_some_to_spare() -> None:
    rich = _desk(0.0, 0.0)
    assert LineController(2).decide(rich, NOW)["furnace.excess_air"] < USUAL_AIR
    least = {**NOW, "furnace.excess_air": LEAST_AIR}
    assert LineController(2).decide(rich, least)["furnace.excess_air"] == LEAST_AIR
    scarce = {**rich, "furnace2.oxygen": _sample(0.002)}
    assert LineController(2).decide(scarce, least)["furnace.excess_air"] > LEAST_AIR
    blind = {name: one for name, one in rich.items() if name != "furnace1.oxygen"}
    assert LineController(2).decide(blind, least)["furnace.excess_air"] == USUAL_AIR


@pytest.mark.slow
def test_an_hour_of_the_line_earns_more_with_mpc_than_with_level_2_beneath_it() -> None:
    env, seeds = "passline/HotStripLine-v0", range(400, 404)
    beneath = play_episodes(load_policy("level2"), env, seeds)
    moved = play_episodes(load_policy("mpc"), env, seeds)
    assert sum(e.ret for e in moved) > sum(e.ret for e in beneath) + 100.0
    assert sum(e.harm.sum() for e in moved) <= sum(e.harm.sum() for e in beneath)
