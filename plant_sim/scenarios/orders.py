"""Order books: a CSV file with one coil a line, in plant units, read and written.

Whatever is wrong in a file is reported at once, each finding with its line, column, value, limit
and what to do. Columns that are left out, and cells that are left empty, take what is usual for the
grade and gauge.
"""

import csv
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..units import from_si, to_si
from .fields import (
    BAR_GAUGE,
    CARBON,
    CHARGE_TEMPERATURE,
    CROWN_AIM,
    CT_AIM,
    DUE,
    FDT_AIM,
    FIELDS,
    GAUGE,
    GRADE,
    GRADE_NAMES,
    GRADES,
    HARDNESS_TRUE,
    MASS,
    ORDER,
    SIDE_DRAFT,
    SLAB_DENSITY,
    SLAB_LENGTH,
    SLAB_THICKNESS,
    WIDTH,
    Field,
    bar_gauge_for,
    crown_for,
    slab_width,
)
from .mix import COLD, PACE, SLACK, THICKNESS

Array = NDArray[np.float64]

BOOKS = Path(__file__).with_name("books")
MOST_LINES = 10_000  # of a book
MOST_BYTES = 4_000_000  # of a book file
MOST_TOLD = 50  # findings listed; the rest is counted
USUAL_LENGTH = 9.0  # m: slab of a book that gives no length [M 3.11]
LEAST_SIDE, MOST_SIDE = -0.01, 0.10  # m: slab over strip, what an edger takes [M 3.3]

SLAB_WIDTH = Field("slab_width", "m", 0.80, 1.75, "slab_width_mm", "mm", "slab width")
_NUMBERS = {field.column: field for field in (*FIELDS, SLAB_WIDTH) if field.plant_unit}
COLUMNS = (
    "grade", "width_mm", "gauge_mm", "fdt_aim_degC", "ct_aim_degC", "carbon_pct", "crown_aim_um",
    "bar_gauge_mm", "slab_thickness_mm", "slab_width_mm", "slab_length_m",
    "charge_temperature_degC", "due_s",
)  # fmt: skip
NEEDED = ("grade", "width_mm", "gauge_mm")


@dataclass(frozen=True, eq=False)
class Book:
    """An order book.

    Attributes:
        name: of the file.
        orders: (coils, len(ORDER)), SI, read-only; `hardness_true` is 1, a plan draws it.
    """

    name: str
    orders: Array

    def __len__(self) -> int:
        return len(self.orders)

    def repeated(self, coils: int) -> Array:
        """Return the orders of so many coils, from the first again when they run out."""
        place = np.arange(coils)
        rounds, place = np.divmod(place, len(self.orders))
        orders: Array = self.orders[place]
        orders[:, DUE] += rounds * self.orders[:, DUE].max()
        return orders


def load_book(path: Path | str) -> Book:
    """Return the order book of a file, or a book of the package by its bare name.

    Args:
        path: a CSV file with a header line, columns of COLUMNS in any order, those of NEEDED at
            least; or a name of `shipped_books()`.

    Raises:
        ConfigError: the file cannot be read, or anything in it is missing, unknown, no number, or
            outside its limits; all findings are listed.
    """
    if isinstance(path, str) and path in shipped_books():
        return _shipped(path)
    file = Path(path)
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"order book {str(path)!r} cannot be read ({error}); give a CSV file or one of "
            f"{', '.join(shipped_books())}"
        ) from error
    if len(raw) > MOST_BYTES:
        raise ConfigError(
            f"order book {file}: more than {MOST_BYTES} bytes; split it into several books"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"order book {file}: byte {error.start} is no UTF-8; save the file as UTF-8"
        ) from error
    return _read(text, str(file), file.stem)


def write_book(book: Book, path: Path | str) -> None:
    """Write an order book as CSV in plant units; `load_book` reads it back.

    Raises:
        ConfigError: the file cannot be written.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    widths = slab_width(book.orders)
    for row, wide in zip(book.orders.tolist(), widths.tolist(), strict=True):
        values = dict(zip(ORDER, row, strict=True)) | {"slab_width": wide}
        writer.writerow(
            GRADE_NAMES[int(row[GRADE])]
            if column == "grade"
            else f"{from_si(values[_NUMBERS[column].name], _NUMBERS[column].plant_unit):.10g}"
            for column in COLUMNS
        )
    try:
        Path(path).write_text(out.getvalue(), encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"order book {str(path)!r} cannot be written ({error}); give another path"
        ) from error


@cache
def shipped_books() -> tuple[str, ...]:
    """Return the names of the books in the package."""
    return tuple(sorted(file.stem for file in BOOKS.glob("*.csv")))


@cache
def _shipped(name: str) -> Book:
    return _read((BOOKS / f"{name}.csv").read_text(encoding="utf-8"), f"{name}.csv", name)


class _Findings:
    """What is wrong in a book, told all at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.told: list[str] = []

    def add(self, line: int, column: str, text: str) -> None:
        self.told.append(f"line {line}, {column}: {text}" if column else f"line {line}: {text}")

    def end(self) -> None:
        """Raise what was found."""
        if not self.told:
            return
        more = len(self.told) - MOST_TOLD
        rest = f"\n  and {more} more" if more > 0 else ""
        raise ConfigError(
            f"order book {self.file}: {len(self.told)} findings\n  "
            + "\n  ".join(self.told[:MOST_TOLD])
            + rest
        )


def _read(text: str, file: str, name: str) -> Book:
    """Return the book in a text; `file` is for messages."""
    found = _Findings(file)
    try:
        lines = [
            (reader.line_num, cells)
            for reader in (csv.reader(io.StringIO(text, newline=""), strict=True),)
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise ConfigError(
            f"order book {file}: no CSV ({error}); put one coil on a line, cells parted by commas"
        ) from error
    if not lines:
        raise ConfigError(
            f"order book {file}: it is empty; begin with the line {','.join(COLUMNS)}"
        )
    line, header = lines[0][0], [cell.strip() for cell in lines[0][1]]
    _check_header(header, line, found)
    found.end()
    body = lines[1:]
    if not 1 <= len(body) <= MOST_LINES:
        raise ConfigError(
            f"order book {file}: {len(body)} coils; give at least 1 and at most {MOST_LINES}"
        )
    orders = np.zeros((len(body), len(ORDER)))
    for row, (line, cells) in enumerate(body):
        if len(cells) != len(header):
            found.add(
                line, "", f"{len(cells)} cells under {len(header)} columns; give one for each"
            )
            continue
        values = {
            column: cell.strip() for column, cell in zip(header, cells, strict=True) if cell.strip()
        }
        orders[row] = _order(values, line, row, found)
    found.end()
    orders.flags.writeable = False
    return Book(name, orders)


def _check_header(header: list[str], line: int, found: _Findings) -> None:
    for column in dict.fromkeys(header):
        if column not in COLUMNS:
            found.add(line, repr(column), f"no such column; choose from {', '.join(COLUMNS)}")
        elif header.count(column) > 1:
            found.add(line, column, f"stands {header.count(column)} times; leave one")
    for column in NEEDED:
        if column not in header:
            found.add(line, column, "is missing; add this column")


def _order(values: dict[str, str], line: int, row: int, found: _Findings) -> Array:
    """Return one order (SI), or zeros when anything in it is wrong."""
    known = len(found.told)
    order = np.zeros(len(ORDER))
    for column in NEEDED:
        if column not in values:
            found.add(line, column, "is empty; every order needs it")
    name = values.pop("grade", "")
    if name and name not in GRADE_NAMES:
        found.add(line, "grade", f"{name!r} is unknown; choose one of {', '.join(GRADE_NAMES)}")
    given = {}
    for column, cell in values.items():
        number = _number(cell, _NUMBERS[column], line, found)
        if number is not None:
            given[_NUMBERS[column].name] = number
    if len(found.told) > known:
        return order
    grade = GRADES[GRADE_NAMES.index(name)]
    usual = {
        FDT_AIM: grade.fdt, CT_AIM: grade.ct, CARBON: grade.carbon, SLAB_THICKNESS: THICKNESS,
        SLAB_LENGTH: USUAL_LENGTH, CHARGE_TEMPERATURE: COLD, DUE: PACE * (row + 1) + SLACK,
        BAR_GAUGE: float(bar_gauge_for(given["gauge"])),
        CROWN_AIM: float(crown_for(given["gauge"])),
        WIDTH: given["width"], GAUGE: given["gauge"],
    }  # fmt: skip
    for place, value in usual.items():
        order[place] = given.get(ORDER[place], value)
    order[GRADE], order[HARDNESS_TRUE] = GRADE_NAMES.index(name), 1.0
    wide = given.get("slab_width", order[WIDTH] + SIDE_DRAFT)
    order[MASS] = SLAB_DENSITY * wide * order[SLAB_THICKNESS] * order[SLAB_LENGTH]
    _check_slab(order, wide, line, found)
    return order


def _number(cell: str, field: Field, line: int, found: _Findings) -> float | None:
    """Return the number of a cell in SI, or note what is wrong with it."""
    low, high = (from_si(limit, field.plant_unit) for limit in (field.low, field.high))
    try:
        shown = float(cell)
    except ValueError:
        found.add(
            line, field.column, f"{cell[:40]!r} is no number; write one from {low:g} to {high:g}"
        )
        return None
    value = to_si(shown, field.plant_unit)
    slip = 1e-9 * (abs(field.low) + abs(field.high))
    if not field.low - slip <= value <= field.high + slip:
        found.add(
            line, field.column,
            f"{shown:g} is outside [{low:g}, {high:g}]; give the {field.english}",
        )  # fmt: skip
        return None
    return value


def _check_slab(order: Array, wide: float, line: int, found: _Findings) -> None:
    """Note a slab that the mill cannot make into its strip."""
    side, mass = wide - order[WIDTH], FIELDS[MASS]
    if not LEAST_SIDE <= side <= MOST_SIDE:
        found.add(
            line, "slab_width_mm",
            f"{wide * 1e3:g} is {side * 1e3:g} mm over the strip, outside [{LEAST_SIDE * 1e3:g}, "
            f"{MOST_SIDE * 1e3:g}]; choose a slab nearer to the strip width",
        )  # fmt: skip
    if not mass.low <= order[MASS] <= mass.high:
        found.add(
            line, "slab_length_m",
            f"{order[SLAB_LENGTH]:g} gives a slab of {order[MASS] * 1e-3:.3g} t, outside "
            f"[{mass.low * 1e-3:g}, {mass.high * 1e-3:g}]; change its length",
        )  # fmt: skip
