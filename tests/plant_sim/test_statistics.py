"""Estimates and intervals, each against a second way to compute it: SciPy, or rliable's figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.rollouts.exact import (
    incomplete_beta,
    share_bound,
    share_interval,
    t_quantile,
)
from passline.plant_sim.rollouts.scale import Scale
from passline.plant_sim.rollouts.statistics import (
    FEW,
    Resampling,
    difference_of,
    gap_of,
    improvement_of,
    iqm,
    iqm_of,
    mean_of,
    profile_of,
)

MONEY = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def one_scenario(n: int, draws: int = 2000) -> Resampling:
    return Resampling(range(n), draws=draws)


def two_seats() -> tuple[np.ndarray, np.ndarray]:
    """20 runs of 4 tasks, as rliable 1.2.0 (NumPy 2.4.6, pandas 2.3.3) was given them."""
    rng = np.random.default_rng(7)
    scale = np.array([1.0, 0.5, 2.0, 1.0])
    return rng.normal(0.6, 0.3, (20, 4)) * scale, rng.normal(0.5, 0.3, (20, 4)) * scale


def tasks_as_scenarios(draws: int) -> Resampling:
    """Other seeds in each scenario, as rliable draws the runs of each task for themselves."""
    return Resampling(range(80), [f"task {seed // 20}" for seed in range(80)], draws)


def test_point_estimates_are_those_of_rliable():
    one, other = two_seats()
    among = tasks_as_scenarios(200)
    values = one.T.ravel()
    assert iqm(values) == pytest.approx(0.49782262945279976, abs=1e-14)
    assert mean_of(values, among).value == pytest.approx(0.6197573445026299, abs=1e-14)
    assert gap_of(values, among).value == pytest.approx(0.4675170313571172, abs=1e-14)
    # each pair of runs as a task of its own: rliable then compares it alone, which is to pair it
    assert improvement_of(one.ravel(), other.ravel()).value == 0.65
    rounded = (seat.round(1).ravel() for seat in (one, other))
    assert improvement_of(*rounded).value == 0.625  # with six ties


def test_stratified_intervals_are_those_of_rliable():
    # get_interval_estimates(reps=50000, random_state=RandomState(1)), percentiles
    among = tasks_as_scenarios(20_000)
    values = two_seats()[0].T.ravel()
    expected = [
        (iqm_of, 0.42811311223610354, 0.5773280070114535),
        (mean_of, 0.5367009552684935, 0.6987120168406633),
        (gap_of, 0.41209589179812256, 0.5271158929756318),
    ]
    for estimate_of, low, high in expected:
        estimate = estimate_of(values, among)
        assert estimate.interval == pytest.approx((low, high), abs=0.002), estimate_of.__name__
        assert estimate.method == "bootstrap"


def test_a_profile_and_its_band_are_those_of_rliable():
    # create_performance_profile with its 2000 draws
    profile = profile_of(
        two_seats()[0].T.ravel(), [0.0, 0.25, 0.5, 0.75, 1.0], tasks_as_scenarios(20_000)
    )
    assert profile.shares == pytest.approx([0.9875, 0.775, 0.475, 0.275, 0.2125])
    assert profile.low == pytest.approx([0.9625, 0.6875, 0.375, 0.2, 0.15], abs=0.013)
    assert profile.high == pytest.approx([1.0, 0.8625, 0.5625, 0.35, 0.275], abs=0.013)


@given(MONEY)
def test_the_iqm_is_the_trimmed_mean_of_scipy(values):
    assert iqm(values) == pytest.approx(float(stats.trim_mean(values, 0.25)), abs=1e-6)


@pytest.mark.parametrize("n", [15, 60])
def test_percentile_intervals_are_those_of_scipy(n):
    values = np.random.default_rng(n).gamma(2.0, 50.0, n)
    among = one_scenario(n, draws=20_000)
    for estimate_of, statistic in (
        (mean_of, np.mean),
        (iqm_of, lambda x, axis: stats.trim_mean(x, 0.25, axis=axis)),
    ):
        reference = stats.bootstrap(
            (values,), statistic, n_resamples=20_000, method="percentile", rng=1
        ).confidence_interval
        width = reference.high - reference.low
        assert estimate_of(values, among).interval == pytest.approx(
            (reference.low, reference.high), abs=0.03 * width
        )


def test_few_seeds_get_the_t_interval_of_scipy_for_a_mean_and_say_so():
    values = np.random.default_rng(2).gamma(2.0, 50.0, FEW - 1)
    estimate = mean_of(values, one_scenario(FEW - 1))
    reference = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert estimate.interval == pytest.approx((reference.low, reference.high))
    assert estimate.method == "t"


def test_few_seeds_get_the_bca_interval_of_scipy_for_an_iqm_and_say_so():
    values = np.random.default_rng(3).gamma(2.0, 50.0, 12)
    estimate = iqm_of(values, one_scenario(12, draws=20_000))
    reference = stats.bootstrap(
        (values,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=20_000,
        method="BCa",
        rng=1,
    ).confidence_interval
    width = reference.high - reference.low
    assert estimate.interval == pytest.approx((reference.low, reference.high), abs=0.03 * width)
    assert estimate.method == "bca"


@pytest.mark.parametrize(("events", "n"), [(0, 1), (0, 300), (1, 7), (3, 10), (10, 10), (7, 1000)])
def test_shares_have_the_exact_bounds_of_scipy(events, n):
    reference = stats.binomtest(events, n).proportion_ci(0.95, "exact")
    assert share_interval(events, n) == pytest.approx((reference.low, reference.high), abs=1e-9)
    one_sided = stats.binomtest(events, n, alternative="less").proportion_ci(0.95, "exact")
    assert share_bound(events, n) == pytest.approx(one_sided.high, abs=1e-9)


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_what_was_never_seen_has_the_bound_of_the_rule_of_three(n):
    assert share_bound(0, n) == pytest.approx(3.0 / n, rel=0.08)
    assert share_bound(0, n) < 3.0 / n


@given(st.floats(0.2, 300.0), st.floats(0.2, 300.0), st.floats(0.0, 1.0))
def test_the_incomplete_beta_function_is_that_of_scipy(a, b, x):
    from scipy.special import betainc

    assert incomplete_beta(a, b, x) == pytest.approx(float(betainc(a, b, x)), abs=1e-11)


@pytest.mark.parametrize("freedom", [1, 2, 5, 13, 200])
def test_the_quantile_of_t_is_that_of_scipy(freedom):
    assert t_quantile(0.975, freedom) == pytest.approx(float(stats.t.ppf(0.975, freedom)))


def test_pairing_takes_out_what_the_seeds_have_in_common():
    rng = np.random.default_rng(5)
    seeds = rng.normal(0.0, 100.0, 40)  # hard and easy days
    hold, rules = seeds, seeds + 5.0 + rng.normal(0.0, 1.0, 40)
    among = one_scenario(40)
    low, high = difference_of(rules, hold, among).interval
    assert 4.0 < low < 5.0 < high < 6.0
    assert mean_of(hold, among).low < mean_of(rules, among).low < mean_of(hold, among).high


def test_all_seats_are_drawn_by_the_same_seeds():
    values = np.random.default_rng(6).normal(0.0, 1.0, 30)
    hold, rules = mean_of(values, one_scenario(30)), mean_of(values + 7.0, one_scenario(30))
    assert rules.interval == pytest.approx((hold.low + 7.0, hold.high + 7.0))


def test_a_seed_played_in_several_scenarios_is_drawn_in_all_of_them_at_once():
    days = np.random.default_rng(8).normal(0.0, 1.0, 50)
    twice = np.concatenate([days, days])
    names = ["nominal"] * 50 + ["faults"] * 50
    shared = mean_of(twice, Resampling([*range(50), *range(50)], names))
    apart = mean_of(twice, Resampling(range(100), names))
    alone = mean_of(days, one_scenario(50))
    assert shared.interval == pytest.approx(alone.interval), "a second look at a day is no new day"
    assert apart.high - apart.low == pytest.approx((alone.high - alone.low) / 2**0.5, rel=0.1)


def test_each_scenario_keeps_its_number_of_episodes_in_every_draw():
    names = ["nominal"] * 30 + ["faults"] * 10
    faults = np.array([name == "faults" for name in names], float)
    share = mean_of(faults, Resampling([*range(30), *range(5, 15)], names))
    assert share.interval == (0.25, 0.25)


def test_an_interval_is_the_same_at_every_call():
    values = np.random.default_rng(9).normal(10.0, 2.0, 200)
    assert iqm_of(values, one_scenario(200)) == iqm_of(values, one_scenario(200))


def test_one_episode_has_a_value_and_no_interval():
    estimate = iqm_of([12.5], one_scenario(1))
    assert (estimate.value, estimate.interval, estimate.method) == (12.5, None, "none")
    assert mean_of([12.5], one_scenario(1)).interval is None
    better = improvement_of([2.0], [1.0])
    assert better.value == 1.0
    assert better.interval == pytest.approx((0.025, 1.0)), "one win proves little"


@given(st.floats(-1e6, 1e6), st.integers(2, 40))
def test_episodes_that_are_all_equal_leave_no_doubt_about_mean_and_iqm(value, n):
    among = one_scenario(n, draws=50)
    for estimate_of in (mean_of, iqm_of):
        ends = estimate_of(np.full(n, value), among).interval
        assert ends == pytest.approx((value, value), abs=1e-6)


@given(MONEY)
def test_a_seat_against_itself_is_all_ties(values):
    better = improvement_of(values, values)
    assert better.value == 0.5
    assert better.low < 0.5 < better.high
    assert difference_of(values, values, one_scenario(len(values), 50)).value == 0.0


@given(MONEY, st.randoms())
def test_improvement_of_one_and_of_the_other_make_one(values, random):
    other = list(values)
    random.shuffle(other)
    one_way, other_way = improvement_of(values, other), improvement_of(other, values)
    assert one_way.value + other_way.value == pytest.approx(1.0)
    assert one_way.low == pytest.approx(1.0 - other_way.high, abs=1e-9)


@given(MONEY)
def test_a_profile_falls_from_all_to_none_and_its_band_never_closes_on_either(values):
    among = one_scenario(len(values), 50)
    taus = np.linspace(min(values), max(values), 7)
    taus = np.concatenate([[taus[0] - 1.0], taus, [taus[-1] + 1.0]])
    profile = profile_of(values, taus, among)
    assert profile.shares[0] == 1.0
    assert profile.shares[-1] == 0.0
    assert np.all(np.diff(profile.shares) <= 0.0)
    assert np.all(profile.low <= profile.shares)
    assert np.all(profile.shares <= profile.high)
    assert profile.low[0] < 1.0
    assert profile.high[-1] > 0.0


def test_a_profile_counts_what_lies_on_its_edge():
    assert profile_of([1.0, 2.0, 3.0, 4.0], [2.0], one_scenario(4)).shares == [0.75]


@pytest.mark.parametrize("wrong", [[1.0, float("nan")], [float("inf"), 1.0], [], [[1.0, 2.0]]])
def test_what_is_not_finite_or_not_there_is_refused(wrong):
    for estimate in (
        lambda: iqm(wrong),
        lambda: mean_of(wrong, one_scenario(2)),
        lambda: improvement_of(wrong, wrong),
        lambda: profile_of(wrong, [0.0], one_scenario(2)),
    ):
        with pytest.raises(ConfigError, match=r"not finite|give no estimate"):
            estimate()


def test_a_seed_that_stands_twice_in_a_scenario_is_refused():
    with pytest.raises(ConfigError, match="each seed once"):
        Resampling([1, 1])
    Resampling([1, 1], ["nominal", "faults"])


@pytest.mark.parametrize(("events", "n"), [(-1, 5), (6, 5), (0, 0), (float("nan"), 5)])
def test_a_share_that_is_none_is_refused(events, n):
    with pytest.raises(ConfigError, match="are no share"):
        share_bound(events, n)


def scale_of_two_days(noise: float = 1.0):
    """Reference, a seat half the way and an oracle, on two days of unlike size."""
    rng = np.random.default_rng(10)
    names = ["nominal"] * 40 + ["faults"] * 40
    size = np.array([10.0] * 40 + [1000.0] * 40)
    reference = -size * (5.0 + rng.normal(0.0, 0.3, 80))
    oracle = reference + size * (1.0 + noise * rng.normal(0.0, 0.1, 80))
    seat = reference + 0.5 * size + size * rng.normal(0.0, 0.1, 80)
    among = Resampling([*range(40), *range(40)], names)
    return reference, seat, oracle, among


def test_the_reference_scores_nought_and_the_oracle_one():
    reference, seat, oracle, among = scale_of_two_days()
    scale = Scale(reference, oracle, among)
    assert scale.normalised(reference).mean.value == pytest.approx(0.0, abs=1e-12)
    assert scale.normalised(oracle).mean.value == pytest.approx(1.0)
    assert scale.normalised(oracle).mean.interval == pytest.approx((1.0, 1.0))
    half = scale.normalised(seat)
    assert half.mean.low < 0.5 < half.mean.high
    assert half.mean.high - half.mean.low < 0.2


def test_a_score_weighs_scenarios_alike_however_much_money_moves_in_them():
    reference, seat, oracle, among = scale_of_two_days()
    by_hand = [
        (seat[day].mean() - reference[day].mean()) / (oracle[day].mean() - reference[day].mean())
        for day in (slice(0, 40), slice(40, 80))
    ]
    assert Scale(reference, oracle, among).normalised(seat).mean.value == pytest.approx(
        np.mean(by_hand)
    )


def test_the_intervals_of_a_score_are_those_of_a_bootstrap_of_all_three_seats():
    seats = scale_of_two_days()
    taus = [0.25, 0.5]

    def scores(index):
        """Return the scores of both days for each draw of seeds, (draws, 80)."""
        days = []
        for day in (0, 40):
            reference, seat, oracle = (returns[index + day] for returns in seats[:3])
            zero, one = (ends.mean(axis=-1, keepdims=True) for ends in (reference, oracle))
            days.append((seat - zero) / (one - zero))
        return np.concatenate(days, axis=-1)

    drawn = scores(np.random.default_rng(1).integers(0, 40, (20_000, 40)))
    scale = Scale(seats[0], seats[2], seats[3])
    found = scale.normalised(seats[1])
    for estimate, values in (
        (found.mean, drawn.mean(axis=1)),
        (found.iqm, stats.trim_mean(drawn, 0.25, axis=1)),
        (found.gap, 1.0 - np.minimum(drawn, 1.0).mean(axis=1)),
    ):
        assert estimate.interval == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.005)
    profile = scale.profile(seats[1], taus)
    for tau, low, high in zip(taus, profile.low, profile.high, strict=True):
        ends = np.quantile((drawn >= tau).mean(axis=1), [0.025, 0.975])
        assert (low, high) == pytest.approx(ends, abs=0.0126), "one episode is 0.0125"


def test_an_oracle_closer_to_the_reference_than_their_noise_is_refused_by_name():
    reference, _, oracle, among = scale_of_two_days()
    close = np.where(np.arange(80) < 40, oracle, reference + np.tile([400.0, -399.0], 40))
    with pytest.raises(ConfigError, match=r"'faults'.*half-width.*leave it out"):
        Scale(reference, close, among)
    with pytest.raises(ConfigError, match="'faults'"):
        Scale(reference, reference, among)
    with pytest.raises(ConfigError, match="one episode"):
        Scale([0.0], [1.0], one_scenario(1))
