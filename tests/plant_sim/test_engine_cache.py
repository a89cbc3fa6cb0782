"""What is compiled is found again, and only for the sources and constants it was made from."""

import ast
import importlib
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

from passline import plant_sim
from passline.plant_sim.engine import imports

PLANT = """
from ..engine.numbers import driver, inline, require
from . import constants as K
from .helper import helped


@inline
def half(x: float) -> float:
    require(x > 0.0, "positive")
    return 0.5 * x * K.FACTOR


@driver
def twice(x: float) -> float:
    return helped(half(x))
"""
HELPER = """
from ..engine.numbers import inline


@inline
def helped(x: float) -> float:
    return x + 1.0
"""
# a small package that shares the engine: links to it, and sources of its own
RUN = """
import ast, sys
parsed, parse = [], ast.parse
def counting(text, *rest, **more):
    parsed.append(sys._getframe(1).f_globals["__name__"])
    return parse(text, *rest, **more)
ast.parse = counting
from passline_small.engine.build import compile_sources
drive = compile_sources(("part.drive",))["part.drive"]
print(drive.twice(8.0), hasattr(drive, "half"))
print(sum(name.startswith("passline") for name in parsed))
"""


@pytest.fixture
def small(tmp_path):
    package = tmp_path / "passline_small"
    (package / "part").mkdir(parents=True)
    root = Path(plant_sim.__file__).parent
    (package / "engine").symlink_to(root / "engine")
    (package / "errors.py").symlink_to(root / "errors.py")
    for name, text in (
        ("__init__.py", ""), ("part/__init__.py", ""), ("part/drive.py", PLANT),
        ("part/helper.py", HELPER), ("part/constants.py", "FACTOR = 2.0\n"),
    ):  # fmt: skip
        (package / name).write_text(text)
    return package


def begin(small):
    command = [sys.executable, "-B", "-c", RUN]
    environment = {"PYTHONPATH": str(small.parent), "NUMBA_CACHE_DIR": str(small.parent / "cache")}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def said(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    value, reachable, parsed = out.split()
    assert reachable == "False"
    return float(value), int(parsed)


def machine_code(small):
    return sorted((small.parent / "cache").rglob("*.nbc"))


@pytest.mark.slow
def test_a_second_start_parses_nothing_and_compiles_nothing(small):
    value, parsed = said(begin(small))
    assert (value, parsed > 0) == (9.0, True)
    before = [(file, file.stat().st_mtime_ns) for file in machine_code(small)]
    assert said(begin(small)) == (9.0, 0)
    assert [(file, file.stat().st_mtime_ns) for file in machine_code(small)] == before


@pytest.mark.slow
def test_a_changed_constant_or_source_never_meets_old_machine_code(small):
    assert said(begin(small))[0] == 9.0
    (small / "part/constants.py").write_text("FACTOR = 4.0\n")
    assert said(begin(small))[0] == 17.0
    (small / "part/helper.py").write_text(HELPER.replace("x + 1.0", "x + 3.0"))
    assert said(begin(small))[0] == 19.0
    (small / "part/constants.py").write_text("FACTOR = 2.0\n")
    (small / "part/helper.py").write_text(HELPER)
    assert said(begin(small)) == (9.0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["*.nbc", "*.nbi"])
@pytest.mark.parametrize("harm", ["empty", "torn", "altered"])
def test_a_damaged_cache_file_is_made_anew(small, kind, harm):
    assert said(begin(small))[0] == 9.0
    for file in (small.parent / "cache").rglob(kind):
        text = bytearray(file.read_bytes())
        text[len(text) // 2] ^= 0xFF
        torn = text[:100] if harm == "torn" else b""
        file.write_bytes(text if harm == "altered" else torn)
    assert said(begin(small))[0] == 9.0
    assert said(begin(small)) == (9.0, 0)


@pytest.mark.slow
def test_processes_that_start_together_on_an_empty_cache_agree(small):
    together = [begin(small) for _ in range(3)]
    assert {said(process)[0] for process in together} == {9.0}
    assert said(begin(small)) == (9.0, 0)


def test_imports_are_those_that_the_parser_finds():
    root = Path(plant_sim.__file__).parent
    for file in sorted(root.glob("**/*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        if parts[-1] in ("__init__", "__main__"):
            continue
        name = ".".join((plant_sim.__name__, *parts))
        importlib.import_module(name)
        package, expected = name.rpartition(".")[0], set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = resolve_name("." * node.level + (node.module or ""), package)
                expected |= {base} if node.module else set()
                inside = {f"{base}.{alias.name}" for alias in node.names}
                expected |= {other for other in inside if other in sys.modules}
        assert set(imports.imports(name)) == expected, name
