"""Write docs/scenarios.md from the list of scenarios, faults, columns and notes in the code.

tests/plant_sim/test_scenarios.py compares the page with the code.
"""

from collections.abc import Iterator
from pathlib import Path

from passline.plant_sim.scenarios.catalogue import SCENARIOS
from passline.plant_sim.scenarios.draw import DISTURBANCES, SHIFTS
from passline.plant_sim.scenarios.faults import FAULTS, KPIS, ORDERED, Fault
from passline.plant_sim.scenarios.fields import FIELDS, GRADE_NAMES
from passline.plant_sim.scenarios.generator import PREFIX
from passline.plant_sim.scenarios.notes import KINDS
from passline.plant_sim.scenarios.orders import NEEDED, SLAB_WIDTH, shipped_books
from passline.plant_sim.units import from_si

PAGE = Path(__file__).with_name("scenarios.md")


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Scenarios"
    yield ""
    yield (
        "What is ordered and what can go wrong. `make_line(..., scenario=NAME)` and every command "
        "with `--scenario` take a name from the first table; the seed draws the rest. This page is "
        "written by `python docs/scenarios_table.py`."
    )
    yield ""
    yield (
        f"`{PREFIX}<seed>` is one more scenario for every seed below 2^32: one to three faults of "
        "any kind, disturbances, a mix of orders. Scenarios of the level *shifted* are held out: "
        "they are not for training. S24, S25 and S30 of the drills happen on the wire and at the "
        "gate, not in the plant, and are not in this list."
    )
    yield ""
    yield from _table(
        ("scenario", "level", "drill and group", "training", "what for", "용도"),
        (
            (f"`{row.name}`", row.level, " ".join(row.tags), "yes" if row.training else "no",
             row.english, row.korean)
            for row in SCENARIOS.values()
        ),
    )  # fmt: skip
    yield ""
    yield "## Kinds of faults"
    yield ""
    yield (
        "A fault changes an input of the physics, an actuator or an instrument, never a result. "
        "Sizes without a unit are the share that is lost; of `skid`, `roll_wear`, `wrong_grade` "
        "and `air_ratio` they are the factor minus 1. "
        "*Moves at least* is the mean over the coils under a fault of middle size, without an "
        "agent, against the same campaign without the fault. No fault shows in what is ordered ("
        + ", ".join(f"`{name}`" for name in ORDERED)
        + "), and each must not show in the signals of its last column."
    )
    yield ""
    yield from _table(
        ("fault", "size", "place", "what goes wrong", "고장", "moves at least", "not visible in"),
        (
            (f"`{row.name}`", _size(row), _place(row), row.english, row.korean,
             ", ".join(f"{kpi} {least:+g} {KPIS[kpi][0]}".removesuffix(" 1")
                       for kpi, least in row.moves) or "nothing by itself",
             " ".join(f"`{name}`" for name in row.hidden if name not in ORDERED))
            for row in FAULTS.values()
        ),
    )  # fmt: skip
    yield ""
    yield f"Disturbances with a factor: {', '.join(DISTURBANCES)}."
    yield f"Parameters of a shifted plant: {', '.join(SHIFTS)}."
    yield ""
    yield "## Order books"
    yield ""
    yield (
        f"`load_book(path)` reads a CSV file, one coil a line. It needs {', '.join(NEEDED)}; what "
        "is left out is what the grade usually has. In the package: "
        + ", ".join(f"`{name}`" for name in shipped_books())
        + "."
    )
    yield ""
    yield from _table(
        ("column", "from", "to", "what"),
        (
            ("`grade`", "", "", f"one of {', '.join(GRADE_NAMES)}") if field.name == "grade"
            else (f"`{field.column}`", f"{from_si(field.low, field.plant_unit):g}",
                  f"{from_si(field.high, field.plant_unit):g}", field.english)
            for field in (*FIELDS, SLAB_WIDTH) if field.column
        ),
    )  # fmt: skip
    yield ""
    yield "## Notes on the desk"
    yield ""
    yield "What a note really is stands in the truth of the plan alone."
    yield ""
    yield from _table(("kind", "what it is"), ((f"`{kind}`", text) for kind, text in KINDS.items()))


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _size(row: Fault) -> str:
    unit = "" if row.unit == "1" else f" {row.unit}"
    if row.both:
        low, high = sorted((abs(row.low), abs(row.high)))
        return f"±({low:g} to {high:g}){unit}"
    return f"{row.low:g} to {row.high:g}{unit}"


def _place(row: Fault) -> str:
    return f"{row.place} {row.places[0]} to {row.places[1]}" if row.place else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
