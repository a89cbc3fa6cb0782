"""What a file of the history holds: rows sorted by tag, then by moment, and how they are packed.

A *moment* is one plant time that reached the recorder at one wall time; moments are numbered from 1
on and never again. A row of a tag points to its moment, so that two hundred tags of one batch share
one pair of timestamps. The moments themselves are rows without a name, at the head of each file:
a file needs no other to be read. What the recorder says of itself are rows of `historian.*`.

A value that has a resolution is kept as `count` times `step`, for whole numbers pack best;
any other as `value`. A row with neither is BAD without a value.

Packing was chosen by measurement, see `benchmarks/historian.py encodings`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .changes import EXACT
from .errors import DamagedFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = b"1"
MICRO = 1e6  # timestamps are whole microseconds
GROUP = 65_536  # rows of a row group: what one tag of one coil costs at least to read
HEAD = 4_096  # rows of the first behind the moments: the coil and its order are found quickly

SCHEMA = pa.schema(
    [
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("moment", pa.int64()),
        ("value", pa.float64()),  # SI
        ("count", pa.int64()),
        ("step", pa.float64()),  # SI
        ("quality", pa.int16()),
        ("status", pa.int64()),
        ("mark", pa.int8()),
        ("time", pa.int64()),  # us, plant clock; of moments only
        ("wall", pa.int64()),  # us since 1970; of moments only
        ("note", pa.string()),
    ],
    metadata={b"passline.historian": FORMAT},
)
_ENCODINGS = {
    "moment": "DELTA_BINARY_PACKED",
    "count": "DELTA_BINARY_PACKED",
    "time": "DELTA_BINARY_PACKED",
    "wall": "DELTA_BINARY_PACKED",
    "value": "BYTE_STREAM_SPLIT",
}


@dataclass(frozen=True, slots=True)
class Moments:
    """Consecutive moments: the number of the first, plant time and wall time (s) of each."""

    first: int
    time: "NDArray[np.float64]"
    wall: "NDArray[np.float64]"

    @property
    def last(self) -> int:
        """The number of the last."""
        return self.first + len(self.time) - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of tags, one array a column; `tag` counts in a list of names kept elsewhere."""

    tag: "NDArray[np.int32]"
    moment: "NDArray[np.int64]"
    value: "NDArray[np.float64]"
    quality: "NDArray[np.int16]"
    status: "NDArray[np.int64]"
    mark: "NDArray[np.int8]"

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, float, int, int, int]]) -> "Rows":
        """Return rows noted one by one as columns; at least one."""
        tag, moment, value, quality, status, mark = zip(*rows, strict=True)
        return cls(
            np.array(tag, dtype=np.int32),
            np.array(moment, dtype=np.int64),
            np.array(value, dtype=np.float64),
            np.array(quality, dtype=np.int16),
            np.array(status, dtype=np.int64),
            np.array(mark, dtype=np.int8),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What the recorder says of itself: `historian.<kind>`, a number and a sentence."""

    moment: int
    kind: str
    value: float
    note: str


def table_of(
    moments: Moments,
    rows: Sequence[Rows],
    records: Sequence[Record],
    names: Sequence[str],
    steps: Sequence[float],
) -> Any:
    """Return one sorted table.

    Args:
        moments: to which the rows point.
        rows: of tags, in any order.
        records: of the recorder.
        names: of the tags that `rows` count in.
        steps: resolution (SI) of each of them; 0 for none.
    """
    parts = [_moment_rows(moments)]
    if rows:
        parts.append(_tag_rows(rows, names, np.asarray(steps, dtype=np.float64)))
    if records:
        parts.append(_record_rows(records))
    return sorted_table(parts)


def sorted_table(parts: Sequence[Any]) -> Any:
    """Return the tables `parts` as one, sorted by name, then by moment."""
    table = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    column = table["name"].chunk(0)
    words = column.dictionary.to_pylist()
    rank = np.empty(len(words), dtype=np.int32)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words), dtype=np.int32)
    keys = rank[column.indices.to_numpy(zero_copy_only=False)]
    return table.take(pa.array(np.lexsort((table["moment"].to_numpy(), keys))))


def row_groups(table: Any) -> Iterator[Any]:
    """Return a sorted table in the parts that are read one by one: moments, head, rest."""
    if table.num_rows <= GROUP // 2:
        yield table
        return
    moments = len(table) - table["time"].null_count  # some have no time: they open the next part
    edges = [0, moments, moments + HEAD, *range(moments + HEAD + GROUP, len(table), GROUP)]
    for begin, end in pairwise([*edges, len(table)]):
        if end > begin:
            yield table.slice(begin, end - begin)


def writer(file: Any) -> Any:
    """Return a Parquet writer of this layout onto an open file."""
    return pq.ParquetWriter(
        file,
        SCHEMA,
        compression="zstd",
        compression_level=3,
        use_dictionary=["name", "step", "quality", "status", "mark", "note"],
        column_encoding=_ENCODINGS,
        write_statistics=["name", "moment", "time", "wall"],
        write_page_checksum=True,
    )


def _table(rows: int, **columns: Any) -> Any:
    """Return a table of so many rows; a column that is not given is null."""
    arrays = [
        columns[field.name] if field.name in columns else pa.nulls(rows, field.type)
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def _named(name: str, count: int) -> Any:
    zeros = pa.array(np.zeros(count, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([name]))


def _microseconds(seconds: "NDArray[np.float64]") -> Any:
    good = np.isfinite(seconds)
    whole = np.round(np.where(good, seconds, 0.0) * MICRO).astype(np.int64)
    return pa.array(whole, mask=~good)


def _moment_rows(moments: Moments) -> Any:
    count = len(moments.time)
    return _table(
        count,
        name=_named("", count),
        moment=pa.array(moments.first + np.arange(count, dtype=np.int64)),
        time=_microseconds(moments.time),
        wall=_microseconds(moments.wall),
    )


def _tag_rows(rows: Sequence[Rows], names: Sequence[str], steps: "NDArray[np.float64]") -> Any:
    def joined(column: str) -> Any:
        return np.concatenate([getattr(part, column) for part in rows])

    tag, value = joined("tag"), joined("value")
    step = steps[tag]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        count = np.rint(value / step)
    counted = (step > 0.0) & (np.abs(count) < EXACT)  # false for NaN
    plain = ~counted & np.isfinite(value)
    return _table(
        len(tag),
        name=pa.DictionaryArray.from_arrays(pa.array(tag), pa.array(list(names), pa.string())),
        moment=pa.array(joined("moment")),
        value=pa.array(value, mask=~plain),
        count=pa.array(np.where(counted, count, 0.0).astype(np.int64), mask=~counted),
        step=pa.array(step, mask=~counted),
        quality=pa.array(joined("quality")),
        status=pa.array(joined("status")),
        mark=pa.array(joined("mark")),
    )


def _record_rows(records: Sequence[Record]) -> Any:
    kinds = sorted({record.kind for record in records})
    index = np.array([kinds.index(record.kind) for record in records], dtype=np.int32)
    return _table(
        len(records),
        name=pa.DictionaryArray.from_arrays(
            pa.array(index), pa.array([f"historian.{kind}" for kind in kinds])
        ),
        moment=pa.array([record.moment for record in records], pa.int64()),
        value=pa.array([record.value for record in records], pa.float64()),
        note=pa.array([record.note for record in records], pa.string()),
    )


def rows_in(path: Path) -> int:
    """Return the rows of a file, from its footer alone.

    Raises:
        DamagedFileError: it cannot be read.
    """
    return int(_footer(path).num_rows)


def wall_span(path: Path) -> tuple[float, float]:
    """Return the first and the last wall time (s) in a file, from its footer alone.

    Raises:
        DamagedFileError: it cannot be read.
    """
    footer = _footer(path)
    place = SCHEMA.get_field_index("wall")
    found = [footer.row_group(n).column(place).statistics for n in range(footer.num_row_groups)]
    spans = [(part.min, part.max) for part in found if part is not None and part.has_min_max]
    return min(low for low, _ in spans) / MICRO, max(high for _, high in spans) / MICRO


def _footer(path: Path) -> Any:
    try:
        return pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFileError(path.name, error) from error


def check(path: Any, first: int, last: int) -> tuple[int, str]:
    """Read every byte of a file; return its rows and what is wrong with it, empty when nothing is.

    Args:
        path: of the file.
        first: number of its first moment, as its name says.
        last: of its last.
    """
    rows, moments = 0, []
    before: tuple[str, int] | None = None
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if (file.schema_arrow.metadata or {}).get(b"passline.historian") != FORMAT:
                return 0, "it is no file of this historian"
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)  # all columns: every page is decoded
                rows += table.num_rows
                head, before, fault = _in_order(table, before)
                if fault:
                    return rows, fault
                moments.append(head)
    except (OSError, pa.ArrowException) as error:
        return rows, f"it cannot be read ({' '.join(str(error).split())[:200]})"
    if not np.array_equal(np.concatenate([[], *moments]), np.arange(first, last + 1)):
        return rows, f"its moments are not {first} to {last}, each once"
    return rows, ""


def _in_order(
    table: Any, before: tuple[str, int] | None
) -> tuple["NDArray[np.int64]", tuple[str, int], str]:
    """Return the moments of a row group, its last row, and what is wrong with its order."""
    names = np.array(table["name"].to_pylist())
    moment = table["moment"].to_numpy()
    head = moment[names == ""]
    first, last = (names[0], int(moment[0])), (str(names[-1]), int(moment[-1]))
    rising = (names[1:] > names[:-1]) | ((names[1:] == names[:-1]) & (moment[1:] > moment[:-1]))
    own = np.char.startswith(names, "historian.")  # may say two things of one moment
    if not (rising | own[1:]).all():
        return head, last, "a tag has two rows of one moment, or rows are out of order"
    if before is not None and first[0] != "" and not own[0] and first <= before:
        return head, last, "two row groups overlap"
    return head, last, ""
