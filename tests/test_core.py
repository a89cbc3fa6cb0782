"""Everything but the models runs without torch, transformers, peft, Ray and Stable-Baselines3."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "transformers", "peft", "ray", "stable_baselines3"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""


def modules():
    for folder in ("plant_sim", "connectors", "models", "agents"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield "passline." + ".".join(file.relative_to(ROOT).with_suffix("").parts)


def run(code):
    command = [sys.executable, "-c", BLOCKED + code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=55)


def test_every_module_can_be_imported_without_the_extras():
    code = "from importlib import import_module\n"
    code += "".join(f"import_module({name!r})\n" for name in modules())
    done = run(code)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_needs_an_extra_says_which_and_how_to_get_it():
    done = run(
        "from passline.models.decisions import seat_from_spec\n"
        "from passline.plant_sim.errors import MissingExtraError\n"
        "try:\n"
        "    seat_from_spec('lm')\n"
        "except MissingExtraError as missing:\n"
        "    print(missing)\n"
    )
    assert "pip install 'passline[models]'" in done.stdout, done.stderr[-2000:]
