"""How a command shows its result: a table or a line for a person, JSON for a program."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for a program.")]
Dir = Annotated[Path, typer.Option("--dir", help="The run folder.")]
Tags = Annotated[
    Path | None, typer.Option("--tags", help="The tag file; by default that of the run folder.")
]
RUN = Path("runs/plant")  # where `serve`, `gate` and `operate` meet unless told otherwise
TAGS = "hot_strip.yaml"  # in the run folder


def plain(value: object) -> Any:
    """Return `value` as what JSON knows; a number that is not finite becomes null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def show_json(value: object) -> None:
    """Print `value` as JSON on standard output."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def show_rows(rows: Sequence[Mapping[str, object]], as_json: bool, nothing: str = "none") -> None:
    """Print `rows` as a table, or as a JSON list.

    Args:
        rows: one mapping from column title to value a row, all with the same titles.
        as_json: print JSON instead.
        nothing: what to say when there are no rows.
    """
    if as_json:
        show_json(rows)
        return
    if not rows:
        typer.echo(nothing)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for title in rows[0]:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console = Console()
    if not console.is_terminal:  # a pipe has no width: one row, one line
        console.width = 500
    console.print(table)


def show_facts(facts: Mapping[str, object], as_json: bool) -> None:
    """Print named values one a line, or as one JSON object."""
    if as_json:
        show_json(facts)
        return
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        typer.echo(f"{name:{width}}  {_cell(value)}")


def number(value: float) -> str:
    """Return a number as a person reads it: four digits or all before the point; "-" for none."""
    if not isfinite(value):
        return "-"
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e15 else f"{value:.4g}"


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_cell, value)) or "-"
    return str(value)
