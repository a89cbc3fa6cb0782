"""Mutants of the gate's rules, and whether the fast tests kill each: `-m benchmarks.gate_mutants`.

One small change at a time is made in the syntax tree of a module: a comparison turned, an `and` for
an `or`, a `not` dropped, a number off by one, an element of a list or a statement left out. Each
mutant is imported by a fork of a parent that has loaded everything else, and pytest runs there.
Ends with the share that was killed, and names the survivors.

    python -m benchmarks.gate_mutants [check approvals:148,172 denied turns undo]
"""

import ast
import copy
import importlib.util
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGE = "passline.connectors.gate"
TESTS = {
    "check": ["test_gate_check"],
    "denied": ["test_gate_check"],
    "turns": ["test_gate_turns", "test_gate"],
    "approvals": ["test_gate_approvals"],
    "undo": ["test_gate_approvals"],
}
LIMIT = 240.0  # wall s for the tests of one mutant
TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
WARM = ("hypothesis.strategies", "pydantic", "numpy", "asyncua", "yaml", "duckdb")


def sites(tree: ast.AST) -> Iterator[tuple[list[Any], str]]:
    """Yield the path to each node that may be changed, with its field; words stay as they are."""

    def walk(node: ast.AST, path: list[Any]) -> Iterator[list[Any]]:
        if isinstance(node, ast.JoinedStr | ast.arg):
            return
        yield path
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            children = value if isinstance(value, list) else [value]
            for place, child in enumerate(children):
                if isinstance(child, ast.AST):
                    step = (field, place if isinstance(value, list) else None)
                    yield from walk(child, [*path, step])

    for path in walk(tree, []):
        yield path, type(at(tree, path)).__name__


def at(tree: Any, path: list[Any]) -> Any:
    for field, place in path:
        tree = getattr(tree, field) if place is None else getattr(tree, field)[place]
    return tree


def put(tree: Any, path: list[Any], new: ast.AST) -> None:
    (field, place), owner = path[-1], at(tree, path[:-1])
    if place is None:
        setattr(owner, field, new)
    else:
        getattr(owner, field)[place] = new


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield every mutant of `source` with a word for it."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for path, _ in sites(tree):
        node = at(tree, path)
        for what, change in changes(node):
            other = copy.deepcopy(tree)
            new = change(at(other, path))
            if new is not None:
                put(other, path, new)
            ast.fix_missing_locations(other)
            yield f"{node.lineno}: {what}: {lines[node.lineno - 1].strip()}", other


def changes(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield what may be done to a node: a word, and a function that changes or replaces it."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                for kind in TURNED[type(operator)]:
                    yield f"{type(operator).__name__} -> {kind.__name__}", turn(place, kind)
        case ast.BoolOp():
            yield "and <-> or", swap_bool
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", lambda n: n.operand
        case ast.BinOp() if type(node.op) in OTHER:
            yield "operator", set_op
        case ast.Constant(value=bool()):
            yield "flipped", lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int() | float()):
            yield "+1", lambda n: ast.Constant(n.value + 1)
            yield "-1", lambda n: ast.Constant(n.value - 1)
        case ast.List() | ast.Tuple() if isinstance(node.ctx, ast.Load):
            for place in range(len(node.elts)):
                yield f"element {place} dropped", drop(place)
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign() | ast.Continue():
            yield "statement dropped", lambda n: ast.Pass()
        case ast.IfExp():
            yield "always", lambda n: n.body
            yield "never", lambda n: n.orelse


def turn(place: int, kind: type[ast.cmpop]) -> Any:
    def change(node: ast.Compare) -> None:
        node.ops[place] = kind()

    return change


def drop(place: int) -> Any:
    def change(node: ast.List) -> None:
        del node.elts[place]

    return change


def swap_bool(node: ast.BoolOp) -> None:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def set_op(node: ast.BinOp) -> None:
    node.op = OTHER[type(node.op)]()


class Mutant(MetaPathFinder, Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return how to import the module, None for every other."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)

    def exec_module(self, module: Any) -> None:
        """Run the changed tree as the module."""
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102


def draw(count: int) -> list[Any]:
    """Return worlds for the oracle, drawn in a fork: here the gate must not be imported yet."""
    out, into = os.pipe()
    if os.fork() == 0:
        from hypothesis import HealthCheck, Phase, given, settings

        from tests.connectors.gate_worlds import worlds

        found: list[Any] = []
        checks, phases = list(HealthCheck), [Phase.generate]
        sweep = settings(
            max_examples=count, deadline=None, derandomize=True, database=None, phases=phases,
            suppress_health_check=checks,
        )  # fmt: skip
        sweep(given(world=worlds())(lambda world: found.append(world)))()  # noqa: PLW0108
        with os.fdopen(into, "wb") as pipe:
            pickle.dump(found, pipe)
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        drawn: list[Any] = pickle.load(pipe)  # noqa: S301
    os.wait()
    return drawn


def survives(module: str, path: Path, tree: ast.Module, drawn: Sequence[Any] = ()) -> bool:
    """Whether oracle and tests of `module` pass with the mutant, in a fork of this process."""
    pid = os.fork()
    if pid == 0:
        import pytest

        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        os.setpgid(0, 0)
        sys.meta_path.insert(0, Mutant(f"{PACKAGE}.{module}", path, tree))
        tests = [str(ROOT / "tests" / "connectors" / f"{name}.py") for name in TESTS[module]]
        options = [
            "-x",
            "-q",
            "-W",
            "ignore",
            "-p",
            "no:cacheprovider",
            "-m",
            "not slow",
            "--timeout",
            "60",
        ]
        try:
            if drawn:  # the oracle first: it needs no pytest, and most mutants die here
                worlds = importlib.import_module("tests.connectors.gate_worlds")
                for world in drawn:
                    worlds.compare(world)
            code = int(pytest.main([*options, *tests]))
        except BaseException:  # noqa: BLE001 - a mutant may do anything; it is found out then
            code = 1
        os._exit(min(code, 99))
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def main() -> None:
    import pytest

    for name in WARM:
        importlib.import_module(name)
    os.chdir(ROOT)
    total = killed = 0
    drawn = draw(200)
    for wanted in sys.argv[1:] or list(TESTS):
        module, _, lines = wanted.partition(":")
        path = ROOT / "connectors" / "gate" / f"{module}.py"
        source = path.read_text()
        if not survives(module, path, ast.parse(source)):
            raise SystemExit(f"the tests of {module} fail without a mutant")
        for word, tree in mutants(source):
            if lines and word.split(":")[0] not in lines.split(","):
                continue
            total += 1
            if survives(module, path, tree, drawn if module in ("check", "denied") else ()):
                print(f"survives: {module}.py:{word}", flush=True)
            else:
                killed += 1
        print(f"{module}: so far {killed} of {total} killed", flush=True)
    print(f"{killed} of {total} mutants killed, {killed / total:.1%} (pytest {pytest.__version__})")


if __name__ == "__main__":
    main()
