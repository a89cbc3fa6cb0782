"""Figures of an evaluation against a second way: DuckDB on the Parquet, SciPy on what it returns.

The mill on a day of faults does harm in some episodes and none in others.
"""

import re

import duckdb
import numpy as np
import pytest
from scipy import stats

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.rollouts.commands import rollout
from passline.plant_sim.rollouts.evaluate import evaluate
from passline.plant_sim.rollouts.report import render
from passline.plant_sim.rollouts.report_plots import figure

SEATS = ("hold", "rules", "level2")
DAYS = ("nominal", "faults")
SEEDS = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("mill")
    env = "passline/FinishingMill-v0"
    rollout(place, SEATS, DAYS, SEEDS, env=env, backend="inline", progress=False)
    return place


@pytest.fixture(scope="module")
def result(folder):
    return evaluate(folder)


@pytest.fixture(scope="module")
def rows(result):
    return {(r["seat"], r["scenario"]): r for r in result["environments"][0]["rows"]}


@pytest.fixture(scope="module")
def summed(folder):
    """Return and harm of each episode by seat and day in the order of seeds, summed over steps."""
    found = {}
    for seat in SEATS:
        for day in DAYS:
            table = duckdb.sql(
                f"SELECT seed, sum(reward) AS ret, sum(harm) AS harm FROM "
                f"'{folder}/{seat}/steps/*.parquet' WHERE scenario = '{day}' "
                "GROUP BY seed ORDER BY seed"
            ).fetchnumpy()
            assert list(table["seed"]) == list(range(SEEDS))
            found[seat, day] = (np.array(table["ret"]), np.array(table["harm"]))
    return found


def test_returns_are_those_of_the_steps(rows, summed):
    for key, (returns, _) in summed.items():
        assert rows[key]["mean"] == pytest.approx(returns.mean())
        assert rows[key]["iqm"] == pytest.approx(stats.trim_mean(returns, 0.25))
        drawn = np.random.default_rng(5).choice(returns, (8000, SEEDS))
        t = (drawn.mean(1) - returns.mean()) / drawn.std(1, ddof=1)
        low, high = returns.mean() - np.quantile(t, [0.975, 0.025]) * returns.std(ddof=1)
        assert rows[key]["mean_interval"] == pytest.approx((low, high), abs=0.12 * (high - low))


def test_differences_are_taken_seed_by_seed(rows, summed):
    for (seat, day), (returns, harm) in summed.items():
        row, (base, hurt) = rows[seat, day], summed["hold", day]
        if seat == "hold":
            continue
        assert row["difference"] == pytest.approx((returns - base).mean())
        assert row["harm_difference"] == pytest.approx((harm - hurt).mean(), abs=1e-9)
        wins, ties = (returns > base).sum(), (returns == base).sum()
        assert row["improvement"] == (wins + ties / 2) / SEEDS
        if not ties:
            exact = stats.binomtest(int(wins), SEEDS).proportion_ci(0.95, "exact")
            assert row["improvement_interval"] == pytest.approx((exact.low, exact.high))


def test_harm_is_counted_in_seconds_and_in_episodes(rows, summed):
    seen = set()
    for key, (_, harm) in summed.items():
        row, many = rows[key], int((harm > 0.0).sum())
        seen.add(0 < many < SEEDS)
        assert row["harm"] == pytest.approx(harm.mean())
        assert row["harm"] == pytest.approx(sum(row["harm_by"].values()))
        assert row["harmed"] == many
        bound = stats.binomtest(many, SEEDS, alternative="less").proportion_ci(0.95, "exact").high
        assert row["harmed_bound"] == pytest.approx(bound)
        if many:
            assert row["harm_interval"][0] < row["harm"] < row["harm_interval"][1]
    assert seen == {True, False}, "the days should have episodes with harm and days without"


def test_the_worst_by_harm_are_those_with_most_of_it(result, summed):
    worst = [e for e in result["environments"][0]["worst"] if e["seat"] == "rules"]
    harms = np.sort(np.concatenate([summed["rules", day][1] for day in DAYS]))[::-1]
    most = [harm for harm in harms[:5] if harm > 0.0]
    assert most
    shown = sorted((e["harm"] for e in worst), reverse=True)
    assert shown[: len(most)] == pytest.approx(most)


def test_the_page_shows_the_figures_of_the_table(result, rows):
    cells = re.findall(r"<td[^>]*>(?:<span[^>]*>)?([^<]*)", render(result))
    for row in rows.values():
        for name in ("mean", "iqm", "difference", "improvement", "harm"):
            assert figure(row[name]) in cells
        assert f"{row['harmed']} / {SEEDS}" in cells
