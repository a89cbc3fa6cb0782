"""Compiled numbers are accurate, wide, and the same physics as the plain source."""

import hashlib
import os
import re
import subprocess
import sys

import numba as nb
import numpy as np
import pytest

from passline.plant_sim.engine import lanes, numbers
from passline.plant_sim.engine.build import compile_sources
from passline.plant_sim.engine.random import normal, uniform
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.lanes import SOURCES, HotStripLanes
from passline.plant_sim.lines.hot_strip.layout import ROWS
from passline.plant_sim.physics import flow_stress, roll_bite

EPSILON = np.finfo(np.float64).eps


def over(function, x):
    @nb.njit(fastmath=lanes.FASTMATH, error_model="numpy")
    def run(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    y = np.empty_like(x)
    run(x, y)
    return y


@pytest.mark.parametrize(
    ("name", "low", "high", "allowed"),
    [("exp", -30, 30, 1.0), ("atan", -50, 50, 2.0), ("tan", -1.2, 1.2, 4.0)],
)
def test_compiled_functions_are_exact_to_a_few_roundings(name, low, high, allowed):
    x = np.random.default_rng(0).uniform(low, high, 200_000)
    exact = getattr(np, {"atan": "arctan"}.get(name, name))(x.astype(np.longdouble))
    worst = np.abs(over(getattr(lanes, name), x) / exact - 1).max() / EPSILON
    assert worst <= allowed


def test_the_compiled_logarithm_is_exact_to_a_few_roundings():
    x = np.exp(np.random.default_rng(1).uniform(-30, 30, 200_000))
    exact = np.log(x.astype(np.longdouble))
    worst = np.abs(over(lanes.log, x) - exact) / np.maximum(np.abs(exact), 1e-3)
    assert worst.max() / EPSILON <= 1.0


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, 1e300, -1e300, 0.0])
def test_compiled_functions_saturate_and_never_return_nan(x):
    for name in ("exp", "log", "tan"):
        assert np.isfinite(over(getattr(lanes, name), np.array([x])))[0], name


def test_compiled_physics_equals_its_plain_source():
    compiled = compile_sources(SOURCES, apart=True)["physics.roll_bite"]
    stress = compile_sources(SOURCES, apart=True)["physics.flow_stress"]
    rng = np.random.default_rng(2)
    for _ in range(200):
        entry = rng.uniform(3e-3, 35e-3)
        exit = entry * rng.uniform(0.55, 0.9)
        at = (entry, exit, rng.uniform(0.35, 0.45))
        assert compiled.sims_factor(*at) == pytest.approx(roll_bite.sims_factor(*at), rel=1e-11)
        hot = (rng.uniform(0.1, 0.7), rng.uniform(5, 400), rng.uniform(1000, 1450), 0.1)
        assert stress.shida_mean(*hot) == pytest.approx(flow_stress.shida_mean(*hot), rel=1e-12)


def test_random_numbers_are_even_and_depend_on_their_place_alone():
    with np.errstate(over="ignore"):
        key = np.uint64(77)
        flat = np.array([uniform(key, 0, t, 0) for t in range(4000)])
        bell = np.array([normal(key, 3, t, 1) for t in range(4000)])
        assert uniform(key, 0, 5, 0) == flat[5]
        assert uniform(key, 1, 5, 0) != flat[5]
    assert flat.min() >= 0.0
    assert flat.max() < 1.0
    assert abs(flat.mean() - 0.5) < 0.02
    assert abs(bell.mean()) < 0.06
    assert abs(bell.std() - 1.0) < 0.04


def test_plain_numbers_refuse_what_compiled_ones_saturate():
    with pytest.raises(ValueError, match="positive"):
        numbers.log(0.0)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_mill_is_still_compiled_to_wide_code():
    features = __import__("llvmlite.binding", fromlist=["x"]).get_host_cpu_features()
    if not features.get("avx2"):
        pytest.skip("the guard reads AVX code; this processor has none")
    # code from the disk cache cannot be read
    modules = compile_sources(SOURCES, cached=False, apart=True)
    operation = r"\tv(?:add|sub|mul|div|sqrt|f\w+)"
    data = default_mill().parameters()
    substeps = modules["lines.hot_strip.runout"].SUBSTEPS
    for module, driver, least, more in (
        ("mill", "roll", 800, (data,)), ("runout", "travel", 200, (data, substeps)),
    ):  # fmt: skip
        compiled = getattr(modules[f"lines.hot_strip.{module}"], driver)
        compiled(np.ones(ROWS * R.LANES), *more)
        text = "".join(compiled.inspect_asm().values())
        packed = len(re.findall(operation + r"p[sd]\s.*%[yz]mm", text))
        scalar = len(re.findall(operation + r"s[sd]\s", text))
        assert packed >= least, driver
        # next to each wide loop stands one narrow copy, for arrays that overlap: never more
        assert packed > 0.7 * scalar, driver
        assert not re.findall(r"\b(?:exp|log|pow|tan|atan)f?\b", text), driver


FINGERPRINT = """
import hashlib
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
lanes = HotStripLanes(list(range(5)), "faults")
lanes.advance(300)
print(hashlib.sha256(b"".join(lanes.lane(n).rows.tobytes() for n in range(5))).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_freshly_compiled_code_rolls_the_same_bits_as_code_from_the_cache(tmp_path):
    prints = [
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for cache in (tmp_path, tmp_path)
    ]
    lanes = HotStripLanes(list(range(5)), "faults")
    lanes.advance(300)
    rows = b"".join(lanes.lane(n).rows.tobytes() for n in range(5))
    assert {*prints, hashlib.sha256(rows).hexdigest() + "\n"} == {prints[0]}
