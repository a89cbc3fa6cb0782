"""Jobs on an environment, compared and reported; the episodes are played, none is made up."""

import json
import re
from html.parser import HTMLParser

import gymnasium
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import passline.plant_sim  # noqa: F401  registers the environments
from passline.agents.cli import app
from passline.plant_sim.envs.rules import rule_of
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.evaluate import evaluate
from passline.plant_sim.rollouts.exact import share_bound
from passline.plant_sim.rollouts.report import render, write_report
from passline.plant_sim.rollouts.store import Manifest

ENV = "passline/RunOutTable-v0"
SCENARIOS = ("disturbed", "nominal")
SEEDS = tuple(range(16))
TRIMS = (-0.5, 0.5)  # what the hindsight of the oracle chooses from, beside hold and rules


def play(policy, scenario):
    """Play an episode of a policy on each of SEEDS; the policy maps observations to actions."""
    envs = gymnasium.make_vec(ENV, len(SEEDS), scenario=scenario)
    seen, _ = envs.reset(seed=SEEDS[0])
    horizon = envs.unwrapped.task.horizon
    steps, sums = [], {}
    for _ in range(horizon):
        action = policy(seen)
        seen_before = seen
        seen, reward, _, _, info = envs.step(action)
        steps.append((seen_before, action, reward, info["cost"]))
        for name in ("ct", "water", "harm_overload", "harm_two_phase"):
            sums[name] = sums.get(name, 0.0) + info[name]
    envs.close()
    return {
        seed: {
            "observation": [step[0][lane].tolist() for step in steps],
            "action": [step[1][lane].tolist() for step in steps],
            "reward": [float(step[2][lane]) for step in steps],
            "harm": [float(step[3][lane]) for step in steps],
            **{name: float(values[lane]) for name, values in sums.items()},
        }
        for lane, seed in enumerate(SEEDS)
    }


@pytest.fixture(scope="module")
def episodes():
    """What each seat played, by scenario; the oracle took the best of all on each seed."""
    rule = rule_of(gymnasium.make(ENV).unwrapped.task)
    policies = {"hold": lambda seen: np.zeros((len(seen), 1), np.float32), "rules": rule}
    for trim in TRIMS:
        policies[f"trim {trim}"] = lambda seen, trim=trim: np.full((len(seen), 1), trim, np.float32)
    played = {
        name: {scenario: play(policy, scenario) for scenario in SCENARIOS}
        for name, policy in policies.items()
    }
    best = {
        scenario: {
            seed: max(
                (of[scenario][seed] for of in played.values()), key=lambda e: sum(e["reward"])
            )
            for seed in SEEDS
        }
        for scenario in SCENARIOS
    }
    return {
        "hold": played["hold"],
        "level2": played["hold"],  # nothing on top of the mill's own automation
        "rules": played["rules"],
        "oracle": best,
    }


def store(folder, seat, of):
    """Write a job as the store does: one unit a scenario."""
    manifest = Manifest.open(
        folder,
        {"env": ENV, "seat": seat, "scenarios": sorted(of), "seeds": SEEDS, "settings": {}},
        "code",
        seat,
    )
    for name in ("episodes", "steps"):
        (folder / name).mkdir(parents=True)
    for unit, scenario in enumerate(sorted(of)):
        rows, steps = [], []
        for seed, episode in of[scenario].items():
            rows.append(
                {
                    "seed": seed,
                    "scenario": scenario,
                    "steps": len(episode["reward"]),
                    "ret": sum(episode["reward"]),
                    "harm": sum(episode["harm"]),
                    "sha256": "",
                    **{f"money.{name}": episode[name] for name in ("ct", "water")},
                    "harm.overload": episode["harm_overload"],
                    "harm.two_phase": episode["harm_two_phase"],
                }
            )
            for number, (seen, action, reward, harm) in enumerate(
                zip(*(episode[n] for n in ("observation", "action", "reward", "harm")), strict=True)
            ):
                steps.append(
                    {
                        "seed": seed,
                        "scenario": scenario,
                        "step": number,
                        "observation": seen,
                        "action": action,
                        "reward": reward,
                        "harm": harm,
                    }
                )
        for name, table in (("episodes", rows), ("steps", steps)):
            pq.write_table(pa.Table.from_pylist(table), folder / name / f"unit-{unit:05d}.parquet")
        manifest.add(unit, {}, seat)


@pytest.fixture(scope="module")
def folder(episodes, tmp_path_factory):
    place = tmp_path_factory.mktemp("seats")
    for seat, of in episodes.items():
        store(place / seat, seat, of)
    return place


@pytest.fixture(scope="module")
def facts(folder):
    (found,) = evaluate(folder)["environments"]
    return found


def row_of(facts, seat, scenario="disturbed"):
    return next(r for r in facts["rows"] if (r["seat"], r["scenario"]) == (seat, scenario))


def returns(of):
    return np.array([sum(of[seed]["reward"]) for seed in SEEDS])


def test_a_table_has_a_row_for_each_seat_on_each_scenario(facts, episodes):
    assert facts["env"] == ENV
    assert facts["seats"] == ["hold", "level2", "oracle", "rules"]
    assert [row["scenario"] for row in facts["rows"]] == ["disturbed"] * 4 + ["nominal"] * 4
    rules, hold = (returns(episodes[seat]["disturbed"]) for seat in ("rules", "hold"))
    row = row_of(facts, "rules")
    assert row["episodes"] == row["pairs"] == 16
    assert row["mean"] == pytest.approx(rules.mean())
    assert row["difference"] == pytest.approx((rules - hold).mean())
    assert row["improvement"] == ((rules > hold).mean() + 0.5 * (rules == hold).mean())
    assert row["difference_interval"][0] < row["difference"] < row["difference_interval"][1]
    assert row["money_by"]["ct"] + row["money_by"]["water"] == pytest.approx(-row["mean"])


def test_a_baseline_is_not_compared_with_itself(facts):
    hold = row_of(facts, "hold")
    assert hold["pairs"] == 0
    assert hold["difference"] is hold["improvement"] is hold["harm_difference"] is None


def test_a_seat_that_played_the_same_ties_on_every_seed(facts):
    row = row_of(facts, "level2")
    assert row["difference"] == 0.0
    assert row["improvement"] == 0.5


def test_harm_stands_apart_with_a_bound_even_where_none_was_seen(facts, episodes):
    for row in facts["rows"]:
        harm = [sum(e["harm"]) for e in episodes[row["seat"]][row["scenario"]].values()]
        assert row["harm"] == pytest.approx(np.mean(harm))
        assert row["harmed"] == sum(value > 0.0 for value in harm)
        assert row["harmed_bound"] == pytest.approx(share_bound(row["harmed"], 16))
        assert row["harmed_share"] < row["harmed_bound"] <= 1.0
        assert (row["harm_interval"] is None) == (row["harmed"] == 0), "noughts have no interval"


def test_the_score_is_nought_for_the_reference_and_one_for_the_oracle(facts, episodes):
    score = facts["score"]
    rows = {row["seat"]: row for row in score["rows"]}
    assert score["scenarios"] + sorted(score["refused"]) == sorted(SCENARIOS)
    assert score["scenarios"], "the hindsight of four policies is above one of them"
    assert rows["level2"]["score"] == pytest.approx(0.0, abs=1e-9)
    assert rows["oracle"]["score"] == pytest.approx(1.0)
    by_hand = []
    for scenario in score["scenarios"]:
        zero, one, ours = (
            returns(episodes[seat][scenario]).mean() for seat in ("level2", "oracle", "rules")
        )
        by_hand.append((ours - zero) / (one - zero))
        assert row_of(facts, "rules", scenario)["score"] == pytest.approx(by_hand[-1])
    assert rows["rules"]["score"] == pytest.approx(np.mean(by_hand))
    assert rows["rules"]["gap"] >= 1.0 - rows["rules"]["score"] - 1e-9


def test_an_oracle_that_is_no_better_makes_no_score_and_says_why(episodes, tmp_path):
    for seat in ("level2", "rules"):
        store(tmp_path / seat, seat, episodes[seat])
    store(tmp_path / "oracle", "oracle", episodes["level2"])
    (found,) = evaluate(tmp_path, "level2")["environments"]
    assert sorted(found["score"]["refused"]) == sorted(SCENARIOS)
    assert "standard errors" in found["score"]["refused"]["nominal"]
    assert found["score"]["rows"] == []
    assert "standard errors" in render(evaluate(tmp_path, "level2"))


def test_an_oracle_with_an_argument_is_found_unless_there_are_two(episodes, tmp_path):
    for seat in ("level2", "rules"):
        store(tmp_path / seat, seat, episodes[seat])
    store(tmp_path / "oracle", "oracle:budget=4", episodes["oracle"])
    (found,) = evaluate(tmp_path)["environments"]
    assert found["oracle"] == "oracle:budget=4"
    assert found["score"]["rows"]
    store(tmp_path / "other", "oracle:budget=9", episodes["oracle"])
    (found,) = evaluate(tmp_path)["environments"]
    assert found["score"] is None


def test_without_oracle_there_is_no_score(episodes, tmp_path):
    store(tmp_path / "hold", "hold", episodes["hold"])
    (found,) = evaluate(tmp_path)["environments"]
    assert found["score"] is None
    assert row_of(found, "hold")["score"] is None


def test_the_worst_episodes_are_named_with_the_command_that_replays_them(facts, folder, episodes):
    for seat in facts["seats"]:
        entries = [e for e in facts["worst"] if e["seat"] == seat and e["why"] == "return"]
        everything = sorted(sum(e["reward"]) for of in episodes[seat].values() for e in of.values())
        assert [entry["return"] for entry in entries] == pytest.approx(everything[:5])
    entry = facts["worst"][0]
    assert entry["replay"] == (
        f"passline replay {folder / entry['seat']} {entry['seed']} --scenario {entry['scenario']}"
    )


def test_a_baseline_that_nobody_played_is_told(folder):
    (found,) = evaluate(folder, "best")["environments"]
    assert "nobody played best; the seats here are level2, hold, oracle, rules" in found["notes"][0]


def test_unlike_results_of_one_seat_on_one_seed_are_refused(episodes, tmp_path):
    store(tmp_path / "one", "hold", episodes["hold"])
    store(tmp_path / "two", "hold", episodes["rules"])
    with pytest.raises(ConfigError, match="with unlike results"):
        evaluate(tmp_path)


def test_profiles_fall_and_stay_inside_their_bands(facts):
    assert [profile["scenario"] for profile in facts["profiles"]] == list(SCENARIOS)
    for profile in (*facts["profiles"], facts["score"]["profile"]):
        for rows in profile["seats"].values():
            share, low, high = (np.array(rows[name]) for name in ("share", "low", "high"))
            assert np.all(np.diff(share) <= 1e-12)
            assert np.all((low <= share) & (share <= high))


class Page(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.outside = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)


@pytest.fixture(scope="module")
def page(folder):
    return render(evaluate(folder))


def test_a_report_asks_for_nothing_from_outside_and_is_well_formed(page):
    reader = Page()
    reader.feed(page)
    assert reader.open == []
    assert reader.outside == []
    assert "url(" not in page
    assert not re.search(r"\b(nan|None|inf)\b", " ".join(reader.words))


def test_a_report_shows_what_the_evaluation_says(page, facts):
    assert page.count('class="line thin') == len(facts["worst"]) * 5 + sum(
        entry["harm"] > 0.0 for entry in facts["worst"]
    )
    for entry in facts["worst"]:
        assert entry["replay"] in page
    for text in ("Paired differences", "짝지은 차이", "optimality gap", "최적성 격차"):
        assert text in page


def test_a_report_in_korean_opens_in_korean(folder):
    page = render(evaluate(folder), "ko")
    assert '<html lang="ko" data-lang="ko">' in page


def test_what_a_seat_is_called_is_text_and_no_markup(episodes, tmp_path):
    store(tmp_path / "one", "<b>hold</b> & co", {"nominal": episodes["hold"]["nominal"]})
    page = render(evaluate(tmp_path))
    assert "<b>" not in page
    assert "&lt;b&gt;hold&lt;/b&gt; &amp; co" in page


def test_a_step_file_that_is_gone_is_one_sentence(episodes, tmp_path):
    store(tmp_path / "hold", "hold", episodes["hold"])
    (tmp_path / "hold/steps/unit-00000.parquet").unlink()
    with pytest.raises(ConfigError, match=r"unit-00000\.parquet cannot be read .* resume the job"):
        write_report(evaluate(tmp_path), tmp_path / "report.html")


def test_the_command_prints_a_table_json_and_a_report(folder, tmp_path):
    run = CliRunner().invoke
    table = run(app, ["evaluate", str(folder)])
    assert table.exit_code == 0
    assert "oracle" in table.stdout
    html = tmp_path / "report.html"
    result = run(
        app, ["evaluate", str(folder), "--baseline", "rules", "--html", str(html), "--json"]
    )
    found = json.loads(result.stdout)["evaluation"]["environments"][0]
    assert found["baseline"] == "rules"
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
