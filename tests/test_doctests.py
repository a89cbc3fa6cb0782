"""The examples in the docstrings are right."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WITH_EXAMPLES = [
    "passline." + ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for folder in ("agents", "connectors", "models", "plant_sim")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if ">>> " in file.read_text()
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_docstring_examples_of_a_module_are_right(module):
    assert doctest.testmod(import_module(module)).failed == 0
