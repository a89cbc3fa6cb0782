"""Write the tables of docs/environments/ from the environments themselves.

A table stands in its page between `<!-- name -->` and `<!-- /name -->`; the words around it are
written by hand, and what was measured by benchmarks/environments.py.
tests/plant_sim/test_envs_pages.py compares the pages with the code.
"""

import re
from collections.abc import Iterable
from math import isinf
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.envs.registration import registry

import passline.plant_sim  # noqa: F401  registers the environments
from passline.plant_sim.envs.options import Options
from passline.plant_sim.envs.play import HARM, LIMIT

FOLDER = Path(__file__).with_name("environments")
IDS = sorted(name for name in registry if name.startswith("passline/"))
MEASURED = ("returns", "costs")  # written by benchmarks/environments.py


def task_of(name: str) -> Any:
    """Return the task of an environment."""
    return gymnasium.make(name).unwrapped.task  # type: ignore[attr-defined]


def page_of(name: str) -> Path:
    """Return the page of an environment, or of "README"."""
    short = name.removeprefix("passline/").partition("-")[0]
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", short).lower()
    return FOLDER / f"{short if short == 'README' else snake}.md"


def blocks(name: str) -> dict[str, str]:
    """Return the tables of a page that follow from the code, by their names."""
    if name == "README":
        return {"index": _index(), "options": _options()}
    task = task_of(name)
    return {
        "facts": _facts(name, task),
        "actions": _actions(task),
        "observations": _observations(task),
        "money": _money(task),
        "harm": _harm(task),
    }


def written(name: str, block: str) -> str | None:
    """Return what stands in the page between the marks of a block, or None without them."""
    found = re.search(
        f"<!-- {block} -->\n(.*?)\n<!-- /{block} -->",
        page_of(name).read_text(encoding="utf-8"),
        re.DOTALL,
    )
    return found.group(1) if found else None


def put(name: str, block: str, text: str) -> None:
    """Write a block of a page."""
    page = page_of(name)
    before = page.read_text(encoding="utf-8")
    marks = re.compile(f"(<!-- {block} -->\n).*?(\n?<!-- /{block} -->)", re.DOTALL)
    after = marks.sub(lambda found: f"{found[1]}{text}\n<!-- /{block} -->", before)
    page.write_text(after, encoding="utf-8")


def _rows(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _facts(name: str, task: Any) -> str:
    about = "about " if task.intervals == 1 and task.seconds > 60.0 else ""
    rows = (
        ("name", f"`{name}`"),
        ("plant time of a step", f"{about}{task.seconds:g} s"),
        ("steps of an episode", f"{task.horizon}, then truncated"),
        ("actions", f"`Box(-1, 1, ({len(task.actions)},), float32)`"),
        (
            "observations",
            f"`Box(-{LIMIT:g}, {LIMIT:g}, ({len(task.observations)},), float32)`",
        ),
        ("resolutions", ", ".join(f"`{each}`" for each in task.resolutions)),
        ("presets of `observe`", ", ".join(f"`{each}`" for each in ("all", *task.presets))),
    )
    return _rows(("", ""), rows)


def _actions(task: Any) -> str:
    rows = []
    for number, action in enumerate(task.actions):
        if action.choices:
            means = " ".join(f"{choice:g}" for choice in action.choices[1:])
            at = f"{action.choices[0]:g} up to 0, then {means}"
            rows.append((number, f"`{action.name}`", at, "-", "at once", action.english))
            continue
        below = action.span if action.below is None else action.below
        at = f"{action.centre - below:g} .. {action.centre:g} .. {action.centre + action.span:g}"
        rate = "at once" if isinf(action.rate) else f"{action.rate:g}"
        rows.append((number, f"`{action.name}`", at, action.unit, rate, action.english))
    return _rows(("", "moves", "at -1 .. 0 .. 1", "unit", "most in a step", "what it is"), rows)


def _observations(task: Any) -> str:
    return _rows(
        ("", "name", "0 is", "1 is further", "unit", "instrument noise", "what it is"),
        (
            (
                number,
                f"`{seen.name}`",
                f"{seen.centre:g}",
                f"{seen.scale:g}",
                seen.unit,
                f"{seen.noise:g}" if seen.noise else "-",
                seen.english,
            )
            for number, seen in enumerate(task.observations)
        ),
    )


def _money(task: Any) -> str:
    return _rows(
        ("in `info`", "EUR", "for each", "what for"),
        ((f"`{term.name}`", f"{term.price:.4g}", term.unit, term.english) for term in task.money),
    )


def _harm(task: Any) -> str:
    return _rows(
        ("in `info`", "unit", "what it is"),
        ((f"`{HARM}{term.name}`", term.unit, term.english) for term in task.harms),
    )


def _index() -> str:
    return _rows(
        ("environment", "decides", "plant time of a step", "steps"),
        (
            (
                f"[`{name}`]({page_of(name).name})",
                f"{len(task.actions)} numbers",
                f"{task.seconds:g} s",
                task.horizon,
            )
            for name, task in ((name, task_of(name)) for name in IDS)
        ),
    )


def _options() -> str:
    words = str(Options.__doc__).partition("Attributes:")[2]
    entries = re.findall(r"^ {8}(\w+): (.*?)(?=^ {8}\w+:|\Z)", words, re.DOTALL | re.MULTILINE)
    return _rows(
        ("option", "default", "what it does"),
        (
            (f"`{name}`", f"`{getattr(Options(), name)!r}`", " ".join(text.split()))
            for name, text in entries
        ),
    )


def main() -> None:
    """Write the tables of every page."""
    for name in ("README", *IDS):
        for block, text in blocks(name).items():
            put(name, block, text)


if __name__ == "__main__":
    main()
