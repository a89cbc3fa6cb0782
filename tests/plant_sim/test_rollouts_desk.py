"""A seat of the desk in the environment of the whole line."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from passline.plant_sim.controls import Decision
from passline.plant_sim.envs.hot_strip_line import MOVED, HotStripLineTask
from passline.plant_sim.envs.task import Targets
from passline.plant_sim.errors import ConfigError, SimulationError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.rollouts.desk_policy import DeskPolicy
from passline.plant_sim.rollouts.episodes import play_episodes
from passline.plant_sim.rollouts.policy import HoldPolicy, load_policy
from passline.plant_sim.rollouts.seats import fingerprint, load_seat

LINE = "passline/HotStripLine-v0"


class Restless:
    """Moves whenever it may, and remembers what."""

    name = "restless"
    asked_always = True

    def __init__(self):
        self.asked = []

    def decide(self, snapshots, moves):
        self.asked += [
            (page.time, legal[-1], legal) for page, legal in zip(snapshots, moves, strict=True)
        ]
        return [Decision(len(legal) - 1, 1.0) for legal in moves]


def test_a_seat_that_holds_gives_the_bits_of_a_policy_that_holds():
    seeds = [4, 2]
    sat = play_episodes(load_policy("desk:hold"), LINE, seeds, "faults")
    held = play_episodes(HoldPolicy(), LINE, seeds, "faults")
    assert [e.sha256 for e in sat] == [e.sha256 for e in held]


@pytest.mark.slow
def test_an_episode_at_the_desk_has_the_same_bits_in_any_company():
    together = play_episodes(load_policy("desk:rules"), LINE, [0, 1, 2], "faults")
    apart = [
        *play_episodes(load_policy("desk:rules"), LINE, [2, 1], "faults"),
        *play_episodes(load_policy("desk:rules"), LINE, [0], "faults"),
    ]
    assert {e.seed: e.sha256 for e in together} == {e.seed: e.sha256 for e in apart}
    assert all(np.any(e.actions) for e in together)


@pytest.mark.parametrize("name", MOVED)
def test_an_action_asks_for_the_set_point_that_was_chosen(name):
    control, action = CONTROLS[name], HotStripLineTask.actions[MOVED.index(name)]
    values = control.choices or (control.low, control.start, control.high)
    for value in values:
        asked = np.float32(action.asking_for(value))
        assert -1.0 <= asked <= 1.0
        targets = Targets([action])
        present = np.array([[value if action.choices else value - np.sign(value) * action.rate]])
        reached = targets.follow(np.array([[asked]], np.float64), present)[0, 0]
        assert reached == pytest.approx(value, abs=1e-6 * max(abs(control.high), abs(control.low)))


def test_no_control_is_moved_again_before_its_cooldown_nor_one_that_needs_a_person():
    seat = Restless()
    (episode,) = play_episodes(DeskPolicy(seat), LINE, [2])
    written = defaultdict(list)
    for time, move, legal in seat.asked:
        assert {each.control for each in legal} <= {"none", *MOVED}
        if move.control != "none":
            written[move.control].append(time)
    assert len(written) > 2
    for name, times in written.items():
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert all(gap >= CONTROLS[name].cooldown for gap in gaps), name
    moved = {MOVED[column] for column in np.flatnonzero(episode.actions.any(axis=0))}
    assert moved <= set(written)


def test_a_seat_sits_only_where_there_is_a_desk():
    with pytest.raises(ConfigError, match="RunOutTable has no desk"):
        play_episodes(load_policy("desk:rules"), "passline/RunOutTable-v0", [0])


def test_an_answer_that_is_no_move_stops_the_play():
    class Wild(Restless):
        def decide(self, snapshots, moves):
            return [Decision(99, 1.0) for _ in moves]

    with pytest.raises(SimulationError, match="restless chose move 99"):
        play_episodes(DeskPolicy(Wild()), LINE, [0])


def test_a_seat_at_the_desk_is_known_by_its_own_sources():
    inner = "passline.plant_sim.control.rules:RuleSeat"
    assert load_policy(f"desk:{inner}").name == "desk:rules"
    mark = fingerprint(f"desk:{inner}", load_policy(f"desk:{inner}")).split()
    assert mark[0] == "desk:rules"
    assert mark[1:] == fingerprint(inner, load_seat(inner)).split()[1:]
