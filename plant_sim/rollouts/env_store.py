"""The store of an environment's episodes: columns of Parquet, two files for each work unit.

    manifest.json               the job, and the SHA-256 of every finished file
    episodes/unit-00000.parquet one row an episode: what it earned, what harm it did, its SHA-256
    steps/unit-00000.parquet    one row a step: what was seen, done and spent

The unit of a column stands in its own metadata; environment, options and what each number of an
observation and an action means in that of the file, under `passline`, as JSON. Arrays go to the
file as they are, never row by row.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..envs.options import options_of, seen_of
from ..errors import ConfigError
from .episodes import EnvEpisode, task_of
from .store import Manifest, read_table, write_table

KEY = b"passline"  # of the file's metadata
VERSION = 1
Column = tuple[str, Any, str]  # name, values, unit


def write_env_unit(
    folder: Path,
    index: int,
    episodes: Sequence[EnvEpisode],
    env: str,
    settings: Mapping[str, Any],
    job: str,
) -> dict[str, str]:
    """Write the files of one unit and return their SHA-256, keyed by the path inside `folder`.

    Args:
        folder: of the job.
        index: of the unit.
        episodes: of one scenario.
        env: id of the environment.
        settings: its options but for the scenario.
        job: hash of the job.
    """
    facts = describe(env, settings) | {"job": job, "version": VERSION}
    tables = {"episodes": _episode_table(episodes), "steps": _step_table(episodes)}
    files: dict[str, str] = {}
    for name, table in tables.items():
        file = f"{name}/unit-{index:05d}.parquet"
        files[file] = write_table(
            folder / file, table.replace_schema_metadata({KEY: json.dumps(facts)})
        )
    return files


def describe(env: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the numbers of an environment mean, as plain data.

    A seen number is (value - centre) / scale; an action of -1..1 asks for centre - below to
    centre + span.
    """
    task = task_of(env)
    seen = seen_of(task, options_of(task, {**settings}))  # type: ignore[typeddict-item]
    return {
        "env": env,
        "settings": dict(settings),
        "seconds": task.seconds,
        "horizon": task.horizon,
        "observations": [
            {"name": s.name, "unit": s.unit, "centre": s.centre, "scale": s.scale} for s in seen
        ],
        "actions": [
            {
                "name": action.name,
                "unit": action.unit,
                "centre": action.centre,
                "span": action.span,
                "below": action.span_below,
                "choices": list(action.choices),
            }
            for action in task.actions
        ],
        "money": [{"name": t.name, "unit": t.unit, "price": t.price} for t in task.money],
        "harm": [{"name": t.name, "unit": t.unit} for t in task.harms],
    }


def _episode_table(episodes: Sequence[EnvEpisode]) -> pa.Table:
    columns: list[Column] = [
        ("seed", np.array([e.seed for e in episodes], np.int64), "1"),
        ("scenario", _words([e.scenario for e in episodes]), "1"),
        ("steps", np.array([len(e.rewards) for e in episodes], np.int32), "1"),
        ("ret", np.array([e.ret for e in episodes]), "EUR"),
        ("harm", np.array([float(e.harm.sum()) for e in episodes]), "s"),
        ("terminated", np.array([e.terminated for e in episodes]), "1"),
        ("sha256", pa.array([e.sha256 for e in episodes]), "1"),
    ]
    columns += _terms("money", "EUR", [e.money for e in episodes])
    columns += _terms("harm", "s", [e.harms for e in episodes])
    columns.append(("last", _vectors(np.stack([e.last for e in episodes])), "1"))
    return _table(columns)


def _step_table(episodes: Sequence[EnvEpisode]) -> pa.Table:
    lengths = [len(e.rewards) for e in episodes]
    columns: list[Column] = [
        ("seed", np.repeat(np.array([e.seed for e in episodes], np.int64), lengths), "1"),
        ("scenario", _words([e.scenario for e in episodes], lengths), "1"),
        ("step", np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]), "1"),
        ("observation", _vectors(np.concatenate([e.observations for e in episodes])), "1"),
        ("action", _vectors(np.concatenate([e.actions for e in episodes])), "1"),
        ("reward", np.concatenate([e.rewards for e in episodes]), "EUR"),
        ("harm", np.concatenate([e.harm for e in episodes]), "s"),
    ]
    columns += _terms("money", "EUR", [e.spent for e in episodes])
    columns += _terms("harm", "s", [e.hurt for e in episodes])
    return _table(columns)


def _terms(prefix: str, unit: str, terms: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return a column for each reason; `terms` are those of the episodes, numbers or arrays."""
    return [
        (f"{prefix}.{name}", np.concatenate([np.atleast_1d(each[name]) for each in terms]), unit)
        for name in terms[0]
    ]


def _table(columns: Sequence[Column]) -> pa.Table:
    arrays = [
        values if isinstance(values, pa.Array) else pa.array(values) for _, values, _ in columns
    ]
    fields = [
        pa.field(name, array.type, False, {"unit": unit})
        for (name, _, unit), array in zip(columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _words(words: Sequence[str], lengths: Sequence[int] | None = None) -> pa.Array:
    known = list(dict.fromkeys(words))
    codes = np.array([known.index(word) for word in words], np.int32)
    if lengths is not None:
        codes = np.repeat(codes, lengths)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(known))


def _vectors(rows: NDArray[np.float32]) -> pa.Array:
    """Return (rows, width) as a column of lists of fixed size."""
    flat = pa.array(np.ascontiguousarray(rows, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])


@dataclass(frozen=True, eq=False)
class StoredEpisode:
    """One episode as it was stored; shapes as in `EnvEpisode`, T steps.

    Attributes:
        seed: of the episode.
        scenario: name of the scenario.
        observations: float32, (T + 1, observations), the last is what is seen at the end.
        actions: float32, (T, actions).
        rewards: EUR, (T,).
        harm: s, (T,).
        terminated: whether the task was done; else the episode was cut at its horizon.
    """

    seed: int
    scenario: str
    observations: NDArray[np.float32]
    actions: NDArray[np.float32]
    rewards: NDArray[np.float64]
    harm: NDArray[np.float64]
    terminated: bool


def read_episodes(folder: Path | str) -> Iterator[StoredEpisode]:
    """Yield the episodes of a job on an environment, in the order of its units.

    Raises:
        ConfigError: the folder holds no such job, or a file is missing or damaged.
    """
    folder = Path(folder)
    manifest = Manifest.read(folder)
    if "env" not in manifest.job:
        raise ConfigError(f"{folder} holds no job on an environment; give one begun with --env")
    for unit in manifest.finished():
        episodes, steps = (read_table(folder, name, unit) for name in ("episodes", "steps"))
        seen, done, last = (
            _rows(table[name])
            for table, name in ((steps, "observation"), (steps, "action"), (episodes, "last"))
        )
        rewards, harm = steps["reward"].to_numpy(), steps["harm"].to_numpy()
        start = 0
        for row, episode in enumerate(
            episodes.select(["seed", "scenario", "steps", "terminated"]).to_pylist()
        ):
            part = slice(start, start + episode["steps"])
            start = part.stop
            yield StoredEpisode(
                episode["seed"],
                episode["scenario"],
                np.concatenate([seen[part], last[row : row + 1]]),
                done[part],
                rewards[part],
                harm[part],
                episode["terminated"],
            )


def read_returns(folder: Path) -> list[dict[str, Any]]:
    """Return for each scenario of a job its episodes, mean return (EUR) and mean harm (s).

    Raises:
        ConfigError: a file is missing or damaged.
    """
    manifest = Manifest.read(folder)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in manifest.job["scenarios"]}
    for unit in manifest.finished():
        table = read_table(folder, "episodes", unit, ["scenario", "ret", "harm"])
        for row in table.to_pylist():
            found[row["scenario"]].append(row)
    return [
        {
            "seat": manifest.job["seat"],
            "scenario": name,
            "episodes": len(rows),
            "return": float(np.mean([row["ret"] for row in rows])) if rows else None,
            "harm": float(np.mean([row["harm"] for row in rows])) if rows else None,
            "harmed": sum(row["harm"] > 0.0 for row in rows),
        }
        for name, rows in found.items()
    ]


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what the numbers of a stored job mean, see `describe`.

    Raises:
        ConfigError: nothing is finished there.
    """
    finished = Manifest.read(folder).finished()
    if not finished:
        raise ConfigError(f"{folder} has no finished unit; resume the job first")
    schema = pq.read_schema(folder / f"episodes/unit-{finished[0]:05d}.parquet")
    return dict(json.loads(schema.metadata[KEY]))


def _rows(column: pa.ChunkedArray) -> NDArray[np.float32]:
    whole = column.combine_chunks()
    return np.asarray(whole.flatten().to_numpy()).reshape(len(whole), -1)
