"""Commands for who asks what was: samples by tag, time and coil; old files; a check of all."""

import csv
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf, isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from .screen import RUN, TAGS, AsJson, Tags, show_facts, show_json, show_rows

app = typer.Typer()
history_app = typer.Typer(help="What the historian recorded.", no_args_is_help=True)
app.add_typer(history_app, name="history")

Folder = Annotated[Path, typer.Option("--dir", help="The folder of the historian.")]
HISTORY = RUN / "history"
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@history_app.command("query")
def history_query(
    names: Annotated[
        list[str], typer.Argument(help="Signals; `*` ends a name: f3.* is all of F3.")
    ],
    folder: Folder = HISTORY,
    coil: Annotated[int | None, typer.Option(help="Only while this coil was rolled.")] = None,
    start: Annotated[float, typer.Option(help="First plant time, s.")] = -inf,
    end: Annotated[float, typer.Option(help="Last plant time, s.")] = inf,
    since: Annotated[str, typer.Option(help="First wall time, 2026-11-22T06:00+09:00.")] = "",
    until: Annotated[str, typer.Option(help="Last wall time.")] = "",
    at: Annotated[
        float | None, typer.Option(help="One row a signal: the value held at this plant time, s.")
    ] = None,
    tags: Tags = None,
    as_json: AsJson = False,
) -> None:
    """Print samples as CSV (or JSON): SI, plant unit, quality and both timestamps."""
    from ...connectors.historian import held, query
    from ...plant_sim.signals import Quality
    from ...plant_sim.units import UNITS as SI
    from ...plant_sim.units import from_si

    _must_be_there(folder)
    units = _units(folder, tags)
    wanted = _spelled_out(names, units)
    rows: list[dict[str, Any]] = []

    def row(name: str, time: float, wall: float, value: float, quality: int, status: int) -> None:
        unit = units.get(name, "")
        good = isfinite(value)
        rows.append(
            {
                "name": name,
                "time s": round(time, 6) if isfinite(time) else None,
                "wall": datetime.fromtimestamp(wall, UTC).isoformat(),
                "value": float(f"{from_si(value, unit):.9g}") if good and unit else None,
                "unit": unit,
                "value SI": float(f"{value:.12g}") if good else None,
                "unit SI": SI[unit][0] if unit else "",
                "quality": Quality(quality).name,
                "status": f"{status:#010x}" if status else "",
            }
        )

    if at is not None:
        for name, one in held(folder, wanted, at).items():
            row(name, one.time, one.wall, one.value, one.quality, one.status)
    else:
        traces = query(
            folder, wanted, start, end,
            wall_start=_wall(since, -inf), wall_end=_wall(until, inf), coil=coil,
        )  # fmt: skip
        for name, trace in traces.items():
            columns = (trace.time, trace.wall, trace.value, trace.quality, trace.status)
            for sample in zip(*(column.tolist() for column in columns), strict=True):
                row(name, *sample)
    _show(rows, as_json)


@history_app.command("coils")
def history_coils(folder: Folder = HISTORY, as_json: AsJson = False) -> None:
    """List the coils whose way through the mill was recorded, with both times."""
    from ...connectors.historian import coils

    _must_be_there(folder)
    rows: list[dict[str, object]] = [
        {
            "coil": coil.number,
            "start s": round(coil.start, 3),
            "end s": round(coil.end, 3),
            "from": datetime.fromtimestamp(coil.wall_start, UTC).isoformat(timespec="seconds"),
            "to": datetime.fromtimestamp(coil.wall_end, UTC).isoformat(timespec="seconds"),
            "finished": coil.finished,
        }
        for coil in coils(folder)
    ]
    show_rows(rows, as_json, nothing="no coil was recorded")


@history_app.command("retain")
def history_retain(
    folder: Folder = HISTORY,
    age: Annotated[str, typer.Option(help="Drop what is older: 90d, 36h.")] = "",
    size: Annotated[str, typer.Option(help="Drop the oldest beyond this: 20GB, 500MB.")] = "",
    as_json: AsJson = False,
) -> None:
    """Drop the oldest files; only while nobody records into the folder."""
    from ...connectors.historian import Retention, retain_once

    _must_be_there(folder)
    limit = None if not size else int(_measure(size, UNITS, "size"))
    rule = Retention(_measure(age, SECONDS, "age") if age else None, limit)
    dropped = retain_once(folder, rule)
    show_facts({"files dropped": len(dropped), "folder": folder}, as_json)


@history_app.command("verify")
def history_verify(folder: Folder = HISTORY, as_json: AsJson = False) -> None:
    """Read every byte of the history, and say what is damaged, missing or interrupted."""
    from ...connectors.historian import verify

    _must_be_there(folder)
    found = verify(folder)
    facts = {
        "files": found.files,
        "rows": found.rows,
        "bytes": found.size,
        "gaps": found.gaps,
        "samples lost in gaps": found.lost,
        "missing": found.missing,
        "damaged": found.damaged,
    }
    show_facts(facts, as_json)
    if found.damaged or found.missing:
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(rows)
    elif rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        typer.echo("nothing was recorded there", err=True)


def _must_be_there(folder: Path) -> None:
    from ...plant_sim.errors import ConfigError

    if not folder.is_dir():
        raise ConfigError(f"there is no history in {folder}; give its folder with --dir")


def _units(folder: Path, tags: Path | None) -> Mapping[str, str]:
    """Return the plant unit of each signal: of the tag file, or of the line that passline knows."""
    from ...connectors.tagfile import load_tags
    from ...connectors.tags import PLC_SIGNALS
    from ...plant_sim.lines.hot_strip.signal_table import SIGNALS

    file = tags or folder.parent / TAGS
    if tags is not None or file.is_file():
        return {name: tag.unit for name, tag in load_tags(file).tags.items()}
    return {name: signal.display for name, signal in {**SIGNALS, **PLC_SIGNALS}.items()}


def _spelled_out(names: list[str], units: Mapping[str, str]) -> list[str]:
    """Return names of signals for names with `*`.

    Raises:
        ConfigError: there is none.
    """
    from fnmatch import fnmatchcase

    from ...plant_sim.errors import ConfigError

    found: list[str] = []
    for name in names:
        if name.startswith("historian."):
            found.append(name)
            continue
        matches = [known for known in units if fnmatchcase(known, name)]
        if not matches:
            raise ConfigError(f"signal {name!r} is not known; `passline tags export` lists them")
        found += matches
    return list(dict.fromkeys(found))


def _wall(text: str, other: float) -> float:
    from ...plant_sim.errors import ConfigError

    if not text:
        return other
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ConfigError(f"time {text!r} is not of the form 2026-11-22T06:00") from error


def _measure(text: str, units: Mapping[str, float], what: str) -> float:
    from ...plant_sim.errors import ConfigError

    for unit, factor in sorted(units.items(), key=lambda item: -len(item[0])):
        number = text.removesuffix(unit)
        if number != text:
            try:
                return float(number) * factor
            except ValueError:
                break
    raise ConfigError(f"{what} {text!r} is not a number with one of {', '.join(units)}")
