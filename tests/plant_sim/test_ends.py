"""Head and tail of a coil: how soon the strip is in tolerance, and how long it stays there."""

import numpy as np
import pytest

from passline.plant_sim.control.gap_control import (
    HEAD_MONITORED,
    HEAD_RATE,
    MONITOR_FROM,
    MONITOR_RATE,
    MONITOR_UNTIL,
    monitor_rate,
)
from passline.plant_sim.lines.hot_strip import profile_rows as Q  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes

COILS = 4
RESOLUTIONS = (
    "supervisory",
    pytest.param("fine", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
)


def rolled(resolution, seeds=16):
    """Return what every interval of calm coils delivered: place, what is left, thickness error."""
    lanes = HotStripLanes(list(range(seeds)), "calm", resolution=resolution)
    path = {name: [] for name in ("coil", "at", "left", "off", "speed", "slow", "zero")}
    while lanes.finished_counts().min() < COILS:
        lanes.advance(1)
        strip = (lanes.row(R.ACTIVE) > 0.5) & (lanes.row(R.SHOWN_GAUGE) > 0.0)
        for name, value in (
            ("coil", lanes.row(R.COIL)), ("at", lanes.row(R.STRIP_DONE)),
            ("left", lanes.row(R.STRIP_LEFT)),
            ("off", lanes.row(R.H + 7) - lanes.row(R.GAUGE_AIM)),
            ("speed", lanes.row(R.SPEED)), ("slow", lanes.row(R.THREAD_SPEED)),
            ("zero", lanes.row(R.ZERO + 6) + lanes.row(Q.ROLL_GAP + 6)),
        ):  # fmt: skip
            path[name].append(value[strip])
    assert not [coil for lane in range(lanes.n) for coil in lanes.finished(lane) if coil.event]
    return {name: np.concatenate(values) for name, values in path.items()}


@pytest.fixture(scope="module", params=RESOLUTIONS)
def calm(request):
    return rolled(request.param)


def far_off(path, chosen):
    """Return the share of the chosen intervals whose strip is more than 30 um off."""
    return np.mean(np.abs(path["off"][chosen]) > 30e-6)


def test_from_the_second_coil_on_the_strip_is_in_tolerance_30_m_behind_its_head(calm):
    later = calm["coil"] > 1.5
    behind = later & (calm["at"] > 30.0) & (calm["at"] < 100.0)
    assert far_off(calm, behind) < 0.01
    assert abs(np.mean(calm["off"][behind])) < 6e-6
    assert far_off(calm, later & (calm["at"] < 20.0)) < 0.35


def test_even_a_gap_far_off_its_zero_is_brought_in_60_m_behind_the_first_head(calm):
    first = (calm["coil"] < 1.5) & (calm["at"] > 60.0) & (calm["at"] < 150.0)
    assert far_off(calm, first) < 0.02


def test_the_tail_is_no_thicker_than_the_body(calm):
    tail = (calm["coil"] > 2.5) & (calm["left"] < 15.0)
    assert abs(np.mean(calm["off"][tail])) < 12e-6
    assert far_off(calm, tail) < 0.12


def test_one_head_is_enough_to_find_the_zero_of_the_gaps(calm):
    second = (calm["coil"] > 1.5) & (calm["coil"] < 2.5) & (calm["at"] < 5.0)
    assert np.max(np.abs(calm["zero"][second])) < 0.12e-3  # of up to 0.65 mm


def test_zoom_waits_until_the_coiler_has_the_head(calm):
    # tension and slip let the strip run some percent off what was asked of F7
    faster = calm["speed"] - calm["slow"]
    assert np.max(faster[calm["at"] < 95.0]) < 0.04 * np.max(calm["slow"])
    near, far = (faster[(calm["at"] > at) & (calm["at"] < at + 50.0)] for at in (45.0, 400.0))
    assert np.mean(far) > np.mean(near) + 0.3


def test_the_monitor_is_fast_at_the_head_and_rests_before_it_and_at_the_tail():
    assert monitor_rate(MONITOR_FROM - 0.1, 500.0) == 0.0
    assert monitor_rate(MONITOR_FROM + 0.1, 500.0) == HEAD_RATE > MONITOR_RATE
    assert monitor_rate(HEAD_MONITORED + 0.1, 500.0) == MONITOR_RATE
    assert monitor_rate(500.0, MONITOR_UNTIL - 0.1) == 0.0
