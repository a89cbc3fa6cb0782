import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passline.plant_sim.errors import ConfigError
from passline.plant_sim.lines.hot_strip import config
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812

TEXT = config.DEFAULT.read_text(encoding="utf-8")


def changed(tmp_path, old, new):
    assert old in TEXT
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return file


def test_the_default_mill_fills_every_parameter():
    flat = config.default_mill().parameters()
    assert flat.shape == (P.SIZE,)
    assert np.all(np.isfinite(flat))


def test_a_mill_of_ones_own_is_read(tmp_path):
    mill = config.load_mill(changed(tmp_path, "fastest: 14.0", "fastest: 18.5"))
    assert mill.parameters()[P.FASTEST] == 18.5
    assert config.mill_of(mill) is mill
    assert config.mill_of(None) is config.default_mill()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fastest: 14.0", "fastest: 3.0", "slowest 5 m/s must be below fastest 3 m/s"),
        ("count: 2", "count: 7", "furnaces.count 7"),
        ("count: 2", "count: 2\n  colour: red", "furnaces.colour"),
        ("name: default", "nom: default", "name: Field required"),
        ("coiler: 112.0", "coiler: .nan", "run_out_table.coiler nan"),
        ("coiler: 112.0", "coiler: 90", "must rise in this order"),
        ("main_banks: 12", "main_banks: 13", "15 banks are more than 14"),
        (
            "[8.0, 10.5, 10.5, 9.5, 9.5]",
            "[8.0, 20.5, 19.5]",
            "zone_lengths: 3 zones; a furnace",
        ),
        ("length: 48.0", "length: 49.0", "add up to 48 m, length is 49 m"),
        ("work_roll_radius: 0.390", "work_roll_radius: 390", "stands.0.work_roll_radius 390"),
        ("modulus: 5_000_000_000", "modulus: soft", "stands.0.modulus 'soft'"),
    ],
)
def test_what_is_wrong_in_a_mill_file_is_named(tmp_path, old, new, told):
    with pytest.raises(ConfigError, match="mill file") as caught:
        config.load_mill(changed(tmp_path, old, new))
    assert told in str(caught.value)
    assert "compare with mill.yaml" in str(caught.value)


def test_all_findings_are_listed_at_once(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace("count: 2", "count: 9").replace("barrel: 2.05", "barrel: 9"))
    with pytest.raises(ConfigError) as caught:
        config.load_mill(file)
    assert "furnaces.count 9" in str(caught.value)
    assert "mill.barrel 9" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "a: [1", "\x00", "just words"])
def test_a_file_that_is_no_mill_is_refused(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        config.load_mill(file)


def test_a_missing_file_and_a_wrong_type_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load_mill(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="no mill"):
        config.mill_of(3.0)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_in_a_rating_is_taken_or_refused_never_half(value):
    data = config.default_mill().model_dump()
    data["stands"][0]["max_force"] = value
    try:
        mill = config.Mill.model_validate(data)
    except ValueError:
        assert not (math.isfinite(value) and 1e6 <= value <= 80e6)
    else:
        assert mill.parameters()[P.MAX_FORCE] == value
