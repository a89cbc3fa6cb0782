import subprocess
import sys

import pytest

from passline.models.presets import DEFAULT, PRESETS, preset, table
from passline.plant_sim.errors import ConfigError


def test_only_what_ran_here_says_so():
    assert [row.name for row in PRESETS.values() if row.tried] == [DEFAULT]
    assert {row["tried here"] for row in table()} == {"yes, real weights", "no"}


def test_every_family_states_its_licence_and_its_languages():
    for row in PRESETS.values():
        assert row.licence
        assert row.licence_class in ("open", "conditional", "research-only", "unknown")
        assert row.languages
    assert sum("ko" in row.languages for row in PRESETS.values()) >= 5


def test_routers_and_experts_of_a_mixture_are_left_alone():
    for name in ("solar-open-100b", "ax-k1"):
        assert not any(layer in preset(name).lora for layer in ("gate", "gate_proj", "up_proj"))


def test_an_unknown_model_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=DEFAULT):
        preset("gpt-99")


def test_looking_at_presets_loads_no_heavy_library():
    code = (
        "import sys, passline.models, passline.models.presets, passline.models.install, "
        "passline.models.decisions, passline.models.dataset, passline.models.scores\n"
        "assert not {'torch', 'transformers', 'peft', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
