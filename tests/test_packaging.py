"""One name, one list, one direction: what the build and the imports must keep true."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agents", "connectors", "models", "plant_sim")
MAY_IMPORT = {
    "plant_sim": set(),
    "connectors": {"plant_sim"},
    "models": {"plant_sim"},
    "agents": {"plant_sim", "connectors", "models"},
}
HEAVY = {"asyncua", "fastapi", "gymnasium", "langgraph", "numpy", "ray", "torch", "transformers"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_listed_in_pyproject():
    found = {
        "passline." + ".".join(init.parent.relative_to(ROOT).parts)
        for folder in FOLDERS
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_python_file_lies_in_a_package():
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
    assert [file for file in files if not (file.parent / "__init__.py").exists()] == []


def test_every_data_file_is_shipped():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    endings = (".py", *(pattern.removeprefix("**/*") for pattern in patterns))
    files = (file for folder in FOLDERS for file in (ROOT / folder).rglob("[!.]*"))
    sources = (file for file in files if file.is_file() and "__pycache__" not in file.parts)
    assert [file for file in sources if not file.name.endswith(endings)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_refuses_to_be_imported_under_its_bare_name(folder):
    command = [sys.executable, "-c", f"import {folder}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"import passline.{folder}, not {folder}" in run.stderr


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_library_imports_in_one_direction_and_never_itself_by_name(folder):
    for file in (ROOT / folder).rglob("*.py"):
        depth = len(file.relative_to(ROOT / folder).parts)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert all(name.name.split(".")[0] != "passline" for name in node.names), file
            if isinstance(node, ast.ImportFrom):
                paths = [node.module] if node.module else [name.name for name in node.names]
                heads = {path.split(".")[0] for path in paths}
                assert node.level or "passline" not in heads, f"{file}: use a relative import"
                assert "__future__" not in heads, f"{file}: annotations are read at run time"
                if node.level > depth:  # reaches another folder
                    assert heads <= MAY_IMPORT[folder], f"{file}: {folder} -> {heads}"


def test_every_dependency_but_torch_is_pinned_in_the_lock():
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = {spec for group in (PROJECT["project"]["dependencies"], *extras) for spec in group}
    names = {re.match(r"[\w-]+", spec).group().lower() for spec in wanted} - {"passline", "torch"}
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    assert names <= {line.split("==")[0] for line in lock}


def test_no_file_names_a_registry_or_a_folder_of_somebodys_machine():
    hosts = "|".join(("pypi", "pythonhosted", "npmjs", "npmmirror"))
    alien = re.compile(rf"https?://[^\s\"']*({hosts})\.|[\"' ]/(root|work|home)/\w")
    command = ["git", "ls-files"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout")
    for name in listed.stdout.splitlines():
        text = (ROOT / name).read_bytes().decode(errors="replace")
        assert alien.search(text) is None, name


def test_help_loads_nothing_heavy_and_takes_half_a_second():
    code = (
        "import resource, sys, passline.agents.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print('\\n', used.ru_utime + used.ru_stime, *sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    last = [run.stdout.splitlines()[-1].split() for run in runs]
    assert HEAVY.isdisjoint(last[0][1:])
    assert min(float(words[0]) for words in last) < 0.5
