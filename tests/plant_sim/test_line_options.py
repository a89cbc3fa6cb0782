"""A line of one's own: another mill file, an order book, another resolution."""

import numpy as np
import pytest

from passline.plant_sim import make_line
from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip import config
from passline.plant_sim.scenarios import fields as O  # noqa: N812
from passline.plant_sim.scenarios.orders import load_book


def test_another_mill_rolls_other_coils_and_stays_inside_the_ranges_of_its_signals(tmp_path):
    text = config.DEFAULT.read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace("modulus: 5_000_000_000", "modulus: 4_600_000_000"))
    mine, default = make_line("hot-strip", 4, config=file), make_line("hot-strip", 4)
    for line in (mine, default):
        line.advance(400.0)
        assert np.all(np.isfinite(line.read_vector()))
    assert not np.array_equal(mine.read_vector(), default.read_vector())


def test_the_coils_of_an_order_book_are_rolled_in_its_order():
    line = make_line("hot-strip", 4, book="coffin-60")
    orders = load_book("coffin-60").repeated(60)
    seen = {}
    for _ in range(60):
        line.advance(10.0)
        shown = line.read(["coil.number", "coil.width", "coil.gauge_aim"])
        number = int(shown["coil.number"].value)
        if number:
            seen[number] = (shown["coil.width"].value, shown["coil.gauge_aim"].value)
    assert len(seen) >= 3
    for number, (width, gauge) in seen.items():
        assert width == orders[number - 1, O.WIDTH]
        assert gauge == orders[number - 1, O.GAUGE]


@pytest.mark.parametrize(
    "wrong",
    [{"resolution": "coarse"}, {"book": "no-such-book"}, {"config": 3.0}, {"scenario": "sunday"}],
)
def test_what_does_not_exist_is_refused_with_a_sentence(wrong):
    with pytest.raises(ConfigError):
        make_line("hot-strip", 4, **wrong)
