"""Episodes on lanes: the bits of an episode are its seed's alone, and its seat keeps the rules."""

from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise

import pytest

from passline.plant_sim.control.rules import HoldSeat, RuleSeat
from passline.plant_sim.controls import HOLD, Decision
from passline.plant_sim.errors import ConfigError, SimulationError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS
from passline.plant_sim.lines.hot_strip.line import HotStripLine
from passline.plant_sim.rollouts.play import play_block
from passline.plant_sim.rollouts.seats import fingerprint, load_seat


class Restless:
    """Moves whenever it may."""

    name = "restless"
    asked_always = True

    def decide(self, snapshots, moves):
        return [Decision(len(legal) - 1, 1.0) for legal in moves]


class Gregarious:
    """Chooses by how many are asked with it, as a matrix product rounds by its batch."""

    name = "gregarious"
    asked_always = True

    def decide(self, snapshots, moves):
        return [Decision(min(len(snapshots), len(legal) - 1), 1.0) for legal in moves]


def test_an_episode_is_the_same_alone_among_five_and_among_thirtyseven_in_any_place():
    seeds = list(range(37))
    among_37 = {e.seed: e.sha256 for e in play_block(RuleSeat(), seeds, "faults", 2)}
    among_5 = {e.seed: e.sha256 for e in play_block(RuleSeat(), [30, 4, 12, 0, 7], "faults", 2)}
    alone = {e.seed: e.sha256 for s in (4, 30) for e in play_block(RuleSeat(), [s], "faults", 2)}
    assert len(set(among_37.values())) == 37
    assert among_5.items() <= among_37.items()
    assert alone.items() <= among_37.items()


def test_a_seat_that_hangs_on_its_companions_is_asked_alone():
    together = play_block(Gregarious(), [1, 2, 3], coils=1)
    alone = play_block(Gregarious(), [2], coils=1)
    assert together[1].sha256 == alone[0].sha256


def test_a_line_that_nobody_touches_rolls_what_it_rolls_with_a_seat_that_holds():
    (episode,) = play_block(HoldSeat(), [6], "faults", 3)
    line = HotStripLine(6, "faults")
    while len(line.coils) < 3:
        line.advance(10.0)
    assert episode.complete
    assert episode.coils == line.coils[:3]
    assert {step.control for step in episode.steps} == {HOLD.control}


def test_no_control_is_written_again_before_its_cooldown_is_over():
    (episode,) = play_block(Restless(), [2], coils=2)
    written = defaultdict(list)
    for step in episode.steps:
        if step.control != HOLD.control:
            written[step.control].append(step.time)
    assert written
    for name, times in written.items():
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert all(gap >= CONTROLS[name].cooldown for gap in gaps), name


def test_a_seat_acts_on_faults_and_saves_money():
    seeds = list(range(6))
    hold, rules = (play_block(seat, seeds, "faults", 9) for seat in (HoldSeat(), RuleSeat()))
    assert sum(e.cost for e in rules) < sum(e.cost for e in hold)
    assert any(step.control != HOLD.control for e in rules for step in e.steps)


def test_without_an_alert_nobody_is_asked_unless_the_seat_wants_it():
    class Nosy(HoldSeat):
        def __init__(self, always):
            self.asked_always, self.seen = always, []

        def decide(self, snapshots, moves):
            self.seen += [bool(page.alerts) for page in snapshots]
            return super().decide(snapshots, moves)

    triaged, always = Nosy(False), Nosy(True)
    (episode,) = play_block(triaged, [1], "faults", 6)
    play_block(always, [1], "faults", 6)
    assert 0 < len(triaged.seen) < len(always.seen) == len(episode.steps)
    assert all(triaged.seen)
    assert {s.reason for s in episode.steps if not s.alerts} == {"quiet"}


def test_an_answer_that_is_no_move_stops_the_play():
    class Wild(Restless):
        def decide(self, snapshots, moves):
            return [Decision(99, 1.0) for _ in moves]

    with pytest.raises(SimulationError, match="restless chose move 99"):
        play_block(Wild(), [0], coils=1)


def test_the_fingerprint_of_an_episode_sees_every_step_and_every_coil():
    (episode,) = play_block(HoldSeat(), [6], coils=1)
    before = episode.sha256
    steps = list(episode.steps)
    episode.steps[3] = replace(steps[3], confidence=steps[3].confidence - 1e-16)
    assert episode.sha256 != before
    episode.steps = steps
    assert episode.sha256 == before
    episode.coils[0] = replace(episode.coils[0], harm=episode.coils[0].harm + 0.5)
    assert episode.sha256 != before


@pytest.mark.parametrize(("seeds", "coils"), [([], 1), ([1], 0), ([1], 10_000)])
def test_an_episode_without_seed_or_with_too_many_coils_is_refused(seeds, coils):
    with pytest.raises(ConfigError, match="an episode needs"):
        play_block(HoldSeat(), seeds, coils=coils)


def test_a_seat_is_built_from_its_spec():
    assert load_seat("rules").name == "rules"
    assert load_seat("passline.plant_sim.control.rules:RuleSeat").name == "rules"
    mark = fingerprint("hold", load_seat("hold"))
    assert mark.startswith("hold ")
    assert mark.endswith(f" numba-{version('numba')}")


@pytest.mark.parametrize(
    "spec",
    ["", "best", "no.such.module:seat", "passline.plant_sim.controls:nothing", "json:dumps:seat"],
)
def test_a_spec_that_names_no_seat_is_refused(spec):
    with pytest.raises(ConfigError, match="seat"):
        load_seat(spec)
