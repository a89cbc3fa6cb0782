"""Branches: the same future when nothing is done, paired noise, equal work, harm before money."""

import numpy as np
import pytest

from passline.plant_sim.controls import HOLD, Move, legal_moves
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip.control_table import CONTROLS, offer
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes, LineState
from passline.plant_sim.lines.hot_strip.rows import MONEY
from passline.plant_sim.rollouts import BranchTable, branch
from passline.plant_sim.rollouts.branch import branch_many

FASTER = Move("fm.speed_trim", 0.3, "up")
SLOWER = Move("fm.speed_trim", -0.3, "down")


def state_after(seconds: float, seed: int = 3, scenario: str = "nominal") -> LineState:
    lanes = HotStripLanes([seed], scenario)
    lanes.advance(round(seconds / 0.5))
    return lanes.lane(0)


def test_holding_on_the_same_future_costs_exactly_what_the_line_goes_on_to_cost():
    lanes = HotStripLanes([3], "faults")
    lanes.advance(500)
    begun, running = lanes.finished_counts()[0], (lanes.money() - lanes.row(MONEY))[0]
    table = branch(lanes.lane(0), [HOLD], None, 150.0)
    lanes.advance(300)
    last = lanes.finished_counts()[0] + 1
    while lanes.finished_counts()[0] < last:
        lanes.advance(1)
    plain = sum(coil.cost for coil in lanes.finished(0)[begun:last]) - running
    assert table.cost[0, 0] == plain
    assert table.seeds == (None,)


def test_the_bank_that_gives_no_water_is_best_taken_out_of_service():
    lanes = HotStripLanes([3], "dead-bank")
    while lanes.truth(0)["fault.bank_shut.now"] == 0:
        lanes.advance(10)
    dead = lanes.truth(0)["fault.bank_shut.place"]
    moves = [HOLD] + [Move("rot.bank_out", float(bank), f"{bank}") for bank in range(1, 7)]
    table = branch(lanes.lane(0), moves, [1, 2, 3], 300.0)
    assert moves[table.best].value == dead
    assert table.worst[table.best] < table.cost[0].min(), "better than holding on every seed"
    assert table.margin > 0.0


def test_a_candidate_costs_the_same_alone_and_among_others_and_other_states():
    states = [state_after(120.0), state_after(300.0, seed=8, scenario="faults")]
    many = branch_many(states, [[HOLD, FASTER, SLOWER], [HOLD, FASTER]], [5, 6, 7], 60.0)
    alone = branch(states[0], [HOLD, FASTER, SLOWER], [6], 60.0)
    assert np.array_equal(alone.cost[:, 0], many[0].cost[:, 1])
    assert np.array_equal(alone.harm[:, 0], many[0].harm[:, 1])
    again = branch(states[1], [HOLD, FASTER], [5, 6, 7], 60.0)
    assert np.array_equal(again.cost, many[1].cost)


def test_candidates_meet_the_same_noise_and_seeds_bring_other_noise():
    table = branch(state_after(200.0), [HOLD, Move("rot.bank_out", 0.0, "0")], [1, 2, 3], 60.0)
    assert np.array_equal(table.cost[0], table.cost[1]), "a move to where it stands changes nothing"
    assert len(set(table.cost[0])) == 3


def test_a_faster_line_is_not_charged_for_the_coil_it_got_further():
    state = state_after(230.0)
    moves = [HOLD, FASTER, SLOWER]
    table = branch(state, moves, None, 300.0)
    lines = []
    for move in moves:
        line = HotStripLanes.spread(state, 1)
        if move is not HOLD:
            line.write(move.control, move.value)
        line.advance(600)
        lines.append(line)
    last = max(line.finished_counts()[0] for line in lines) + 1
    begun = len(state.kept)
    same_coils = []
    for line in lines:
        while line.finished_counts()[0] < last:
            line.advance(1)
        same_coils.append(sum(coil.cost for coil in line.finished(0)[begun:last]))
    spent_before = np.array(same_coils) - table.cost[:, 0]  # on the coil that was half done
    assert spent_before == pytest.approx(spent_before[0])
    assert len({line.time[0] for line in lines}) == 3, "they were there at different times"


def test_no_money_buys_harm():
    table = BranchTable(
        (HOLD, FASTER, SLOWER),
        (1, 2),
        60.0,
        np.array([[100.0, 100.0], [10.0, 10.0], [90.0, 92.0]]),
        np.array([[1.0, 0.0], [0.0, 1.5], [0.0, 1.0]]),
    )
    assert table.best == 2
    assert table.margin == pytest.approx(9.0)
    assert [row["admissible"] for row in table.rows()] == [True, False, True]


def test_holding_wins_a_tie():
    cost, harm = np.full((3, 2), 5.0), np.zeros((3, 2))
    assert BranchTable((HOLD, FASTER, SLOWER), (1, 2), 60.0, cost, harm).best == 0


def test_every_legal_move_of_a_running_line_can_be_played():
    lanes = HotStripLanes([3])
    lanes.advance(300)
    moves = legal_moves(CONTROLS, lanes.samples(0), offer)
    table = branch(lanes.lane(0), moves, [1], 30.0)
    assert table.cost.shape == (len(moves), 1)
    assert np.all(np.isfinite(table.cost))
    assert len(moves) >= 10


@pytest.mark.parametrize(
    ("moves", "seeds", "horizon", "word"),
    [
        ([], [1], 60.0, "candidates"),
        ([HOLD], [], 60.0, "seeds"),
        ([HOLD], [1], 0.0, "horizon"),
        ([HOLD], [1], 0.7, "horizon"),
    ],
)
def test_a_branch_that_makes_no_sense_is_refused(moves, seeds, horizon, word):
    with pytest.raises(ConfigError, match=word):
        branch(state_after(10.0), moves, seeds, horizon)
