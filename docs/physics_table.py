"""Write docs/physics.md: every constant of the plant and its control, read from the code itself.

A constant is a public module-level UPPER_CASE name whose value is a float or holds floats; integers
are row numbers and sizes. Its comment has the form

    NAME = 30e3  # W/(m2 K): strip to roll contact [M 3.7]

unit, meaning, mark and source, at the end of the line or on the lines directly above. Run by
`make physics`; tests/plant_sim/test_constants.py compares the page with the code.
"""

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "physics.md"
PLACES = ("physics", "lines", "control", "scenarios", "economics.py")
PENDING: tuple[str, ...] = (  # modules whose comments do not have the form yet; only ever shrinks
    "lines.hot_strip.cycle",
    "lines.hot_strip.mill",
)
FORM = re.compile(
    r"^(?P<unit>[^:]+): (?P<meaning>.+) "
    r"\[(?P<mark>[VCMT](?:/[VCMT])*)(?: (?P<source>[^\]]+))?\]$"
)
NAME = re.compile(r"^[A-Z][A-Z0-9_]*$")
MARKS = {
    "V": "read in the named source",
    "C": "computed or exact",
    "M": "standard literature or typical plant value",
    "T": "tuned, no source found",
}


@dataclass(frozen=True)
class Constant:
    """One row of the table.

    Attributes:
        module: name below the simulator's package.
        name: as in the code.
        value: a float, or a tuple that holds floats.
        comment: unit, meaning, mark and source as written.
    """

    module: str
    name: str
    value: object
    comment: str

    @property
    def parts(self) -> dict[str, str] | None:
        """Unit, meaning, mark and source; None if the comment does not have the form."""
        found = FORM.match(self.comment)
        return found and {key: text or "" for key, text in found.groupdict().items()}

    @property
    def tuned(self) -> bool:
        """Whether the value is tuned; a mark that only partly is counts as tuned."""
        return self.parts is not None and "T" in self.parts["mark"]


def constants() -> list[Constant]:
    """Return all constants in the order of modules and lines, without the pending modules."""
    found: list[Constant] = []
    for place in PLACES:
        path = ROOT / "plant_sim" / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            module = ".".join(file.relative_to(ROOT / "plant_sim").with_suffix("").parts)
            spoken = file.name != "__init__.py" and not file.stem.endswith("rows")
            if module not in PENDING and spoken:  # rows are numbers of places and of states
                found += _of_module(module, file.read_text(encoding="utf-8"))
    return found


def _of_module(module: str, text: str) -> Iterator[Constant]:
    values = vars(import_module(f"passline.plant_sim.{module}"))
    lines = text.splitlines()
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and not token.string.startswith("# fmt")
    }
    for statement in ast.parse(text).body:
        names = _targets(statement)
        for place, name in enumerate(names):
            if NAME.match(name) and _holds_a_float(values[name]):
                comment = _comment(statement, comments, lines)
                units, colon, rest = comment.partition(": ")
                if colon and units.count(", ") == len(names) - 1:  # one unit for each name
                    comment = units.split(", ")[place] + colon + rest
                yield Constant(module, name, values[name], comment)


def _targets(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    if isinstance(getattr(statement, "value", None), ast.Name | ast.Attribute):
        return []  # another name for a constant that has its row elsewhere
    return [
        node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
    ]


def _holds_a_float(value: object) -> bool:
    if isinstance(value, tuple | list):
        return any(_holds_a_float(part) for part in value)
    return isinstance(value, float)


def _comment(statement: ast.stmt, comments: dict[int, str], lines: list[str]) -> str:
    """Return the comment at the end of the statement's lines, else the block right above it."""
    last = statement.end_lineno or statement.lineno
    beside = [comments[n] for n in range(statement.lineno, last + 1) if n in comments]
    for text in [*beside, " ".join(beside)]:
        if FORM.match(text):
            return text
    above: list[str] = []
    number = statement.lineno - 1
    while number in comments and lines[number - 1].startswith("#"):
        above.insert(0, comments[number])
        number -= 1
    for start in range(len(above)):  # a heading may stand above the comment proper
        text = " ".join(above[start:])
        if FORM.match(text):
            return text
    return " ".join(beside or above)


def shares(rows: list[Constant]) -> dict[str, float]:
    """Return the share (0..1) of each mark; a combined mark counts as its weakest, T before M."""
    marks = [row.parts["mark"] for row in rows if row.parts]
    count = Counter(next(mark for mark in "TMCV" if mark in written) for written in marks)
    return {mark: count[mark] / len(rows) for mark in MARKS}


def page(rows: list[Constant]) -> str:
    """Return docs/physics.md.

    Raises:
        ValueError: if a comment does not have the form.
    """
    bare = [f"{row.module}.{row.name} ({row.comment!r})" for row in rows if row.parts is None]
    if bare:
        raise ValueError("write the comment as `unit: meaning [MARK source]` at " + ", ".join(bare))
    out = [
        "# Constants of physics and control",
        "",
        "Written by `make physics` from the comments in the code; edit there, never here. Values",
        "are SI. Section numbers are those of the physics reference the simulator is built on.",
        "",
        "| mark | meaning | constants | share |",
        "|---|---|---|---|",
    ]
    for mark, share in shares(rows).items():
        out.append(f"| {mark} | {MARKS[mark]} | {round(share * len(rows))} | {share:.1%} |")
    module = ""
    for row in rows:
        parts = row.parts or {}
        if row.module != module:
            module = row.module
            out += ["", f"## {module}", "", "| name | value | unit | mark | source | meaning |"]
            out.append("|---|---|---|---|---|---|")
        cells = (f"`{row.name}`", _shown(row.value), *(parts[k] for k in ("unit", "mark")))
        tail = (parts["source"], parts["meaning"])
        out.append("| " + " | ".join(cell.replace("|", "\\|") for cell in (*cells, *tail)) + " |")
    return "\n".join([*out, ""])


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(
            f"({_shown(part)})" if isinstance(part, tuple | list) else _shown(part)
            for part in value
        )
    return f"{value:.10g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(constants()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}: {len(constants())} constants\n")
