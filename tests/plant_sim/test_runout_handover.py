"""What a line's mill and order say is what its run-out table hears."""

import numpy as np

from passline.plant_sim.lines.hot_strip import faults as F  # noqa: N812
from passline.plant_sim.lines.hot_strip import rows as L  # noqa: N812
from passline.plant_sim.lines.hot_strip import runout_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.runout_handover import hand_over
from passline.plant_sim.lines.hot_strip.parameters import STANDS


def heard(**rows):
    block, table = np.zeros((L.ROWS, L.LANES)), np.zeros((R.COUNT, R.LANES))
    block[L.NOISE_SCALE] = 1.0
    for name, value in rows.items():
        block[getattr(L, name)] = value
    block[L.FAULT + F.BANK_SHUT], block[L.FAULT_PLACE + F.BANK_SHUT] = 1.0, 3.0
    block[L.H + STANDS] = 2.61e-3
    keys, numbers = np.arange(16, dtype=np.uint64), np.zeros(16, np.int64)
    with np.errstate(over="ignore"):
        hand_over(
            block.reshape(-1), table.reshape(-1), default_mill().parameters(), keys, numbers,
            numbers + 7,
        )  # fmt: skip
    return table


def test_the_table_hears_of_strip_order_and_faults():
    table = heard(SPEED=9.0, TRUE_FDT=1150.0, CT_AIM=893.0, STRIP_DONE=40.0, GAUGE_AIM=2.6e-3)
    assert np.all(table[R.SPEED] == 9.0)
    assert np.all(table[R.FDT] == 1150.0)
    assert np.all(table[R.CT_AIM] == 893.0)
    assert np.all(table[R.EXIT] == 2.61e-3)
    assert np.all(table[R.ZOOM_LEAD] == 72.0)
    assert np.all((table[R.SHUT] == 1.0) & (table[R.SHUT_AT] == 3.0))


def test_level_2_listens_to_the_pyrometer_or_to_the_estimate():
    both = {"SHOWN_FDT": 1140.0, "FDT_MODEL": 1158.0}
    assert np.all(heard(**both)[R.FDT_SEEN] == 1140.0)
    assert np.all(heard(FDT_SOURCE=1.0, **both)[R.FDT_SEEN] == 1158.0)


def test_every_instrument_has_noise_of_its_own():
    noise = heard()[R.NOISE : R.NOISE + R.NOISES]
    assert len(np.unique(noise)) == noise.size
    assert abs(noise.mean()) < 0.2
    assert np.all(heard(NOISE_SCALE=0.0)[R.NOISE] == 0.0)
