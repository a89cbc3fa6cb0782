"""The datasheets say what the code does, and the rules earn what a rule is there for."""

from pathlib import Path
from runpy import run_path

import gymnasium
import numpy as np
import pytest

from passline.plant_sim.envs.hot_strip import CT, STRIP
from passline.plant_sim.envs.rules import RULES, rule_of
from passline.plant_sim.errors import ConfigError

TABLES = run_path(str(Path(__file__).parents[2] / "docs" / "environments_table.py"))
IDS = TABLES["IDS"]


@pytest.mark.parametrize("name", ["README", *IDS])
def test_the_tables_of_a_page_are_those_of_the_code(name):
    for block, text in TABLES["blocks"](name).items():
        assert TABLES["written"](name, block) == text, "run docs/environments_table.py"


@pytest.mark.parametrize("name", IDS)
def test_what_was_measured_stands_in_the_page(name):
    for block in TABLES["MEASURED"]:
        assert "|" in (TABLES["written"](name, block) or ""), "run benchmarks/environments.py"
    assert "| hold |" in TABLES["written"](name, "returns")


@pytest.mark.parametrize("name", IDS)
def test_a_rule_reads_observations_and_acts_inside_the_space(name):
    envs = gymnasium.make_vec(name, 3)
    task = gymnasium.make(name).unwrapped.task
    rule = rule_of(task)
    seen, _ = envs.reset(seed=0)
    for _ in range(4):
        actions = rule(seen)
        assert envs.action_space.contains(actions)
        seen = envs.step(actions)[0]


def test_every_environment_has_a_rule():
    assert {name.removeprefix("passline/").partition("-")[0] for name in IDS} == set(RULES)


def test_a_task_without_a_rule_says_so():
    class Unknown:
        name = "Unknown"

    with pytest.raises(ConfigError, match="Unknown has no rule"):
        rule_of(Unknown())


def test_on_a_faulty_day_the_rules_save_a_third_of_the_strip_that_holding_spoils():
    # fuel, scale, line time and crop ends are most of the money and nothing these rules could save
    spoils = [term.name for term in (*STRIP, CT) if term.name != "scrap"]
    envs = gymnasium.make_vec("passline/HotStripLine-v0", 8, scenario="faults")
    task = gymnasium.make("passline/HotStripLine-v0").unwrapped.task
    spoilt, lost = [], []
    for policy in (rule_of(task), lambda seen: np.zeros(envs.action_space.shape, np.float32)):
        seen, _ = envs.reset(seed=40)
        off = total = 0.0
        for _ in range(240):
            seen, reward, _, _, info = envs.step(policy(seen))
            off += sum(info[name].sum() for name in spoils)
            total -= reward.sum()
        spoilt.append(off)
        lost.append(total)
    assert spoilt[0] < 0.67 * spoilt[1]
    assert lost[0] < lost[1]
