"""How physics becomes a kernel: the same source files, executed again with compiled numbers.

`compile_sources` runs a list of ordinary modules of this package a second time, in order, with
`engine.numbers` (and every module earlier in the list) replaced by its compiled counterpart.
Numba's disk cache looks at one function only, so the hash of all sources, of every file they import
constants from, and of the flags goes into the name of each compiled driver: what changed is
compiled anew. A driver is one unit with everything it calls: a function compiled on its own as well
would exist twice, rounded differently, and which one runs would depend on what the cache held.
"""

import ast
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, resolve_name, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ConfigError

ROOT = __package__.rpartition(".")[0]  # the package that holds engine/
NUMBERS = f"{ROOT}.engine.numbers"
_LOCK = threading.Lock()


@cache
def compile_sources(sources: tuple[str, ...], cached: bool = True) -> dict[str, ModuleType]:
    """Return the compiled modules by the short name given, e.g. "physics.roll_bite".

    Args:
        sources: module names below the package of the simulator; each may import from
            `engine.numbers` and from modules earlier in the list.
        cached: keep machine code on disk; False for tests that inspect it.

    Raises:
        ConfigError: if a source imports a module that is neither listed before it nor free of
            compiled functions.
    """
    import numba as nb

    from . import lanes

    plain = {name: import_module(f"{ROOT}.{name}") for name in sources}
    files = {name: Path(str(module.__file__)) for name, module in plain.items()}
    tag = _tag({*files.values(), *_constants(files), Path(lanes.__file__), Path(__file__)})

    def driver(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{tag}"  # names the cache file: callees and flags are in it
        unit = nb.njit(cache=cached, fastmath=lanes.FASTMATH, error_model="numpy", nogil=True)
        return unit(function)

    compiled: dict[str, ModuleType] = {}
    numbers = ModuleType(NUMBERS)
    vars(numbers).update(vars(lanes.numbers(driver)))
    stand_ins = {NUMBERS: numbers}
    for name, file in files.items():
        module = _execute(name, file, tag, stand_ins)
        compiled[name] = module
        stand_ins[f"{ROOT}.{name}"] = module
    return compiled


def _constants(files: dict[str, Path]) -> set[Path]:
    """Return the files of this package that the sources import: their constants are compiled in."""
    found: set[Path] = set()
    left = [(f"{ROOT}.{name}", file) for name, file in files.items()]
    while left:
        name, file = left.pop()
        package = name.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            modules = [node.module] if node.module else [alias.name for alias in node.names]
            for module in modules:
                imported = resolve_name("." * node.level + module, package)
                other = Path(str(import_module(imported).__file__))
                if other not in found:
                    found.add(other)
                    left.append((imported, other))
    return found


def _tag(files: set[Path]) -> str:
    import numba as nb

    text = b"".join(file.read_bytes() for file in sorted(files)) + nb.__version__.encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _execute(name: str, file: Path, tag: str, stand_ins: dict[str, ModuleType]) -> ModuleType:
    full = f"{ROOT}.{name}__{tag}"
    spec = spec_from_file_location(full, file)
    if spec is None:
        raise ConfigError(f"{file} cannot be loaded as a module; list Python files only")
    module = module_from_spec(spec)
    tree = _Without("require").visit(ast.parse(file.read_text(encoding="utf-8")))
    code = compile(ast.fix_missing_locations(tree), str(file), "exec")
    with _LOCK, _replaced(stand_ins):
        sys.modules[full] = module  # the disk cache finds the module by this name
        exec(code, vars(module))  # noqa: S102  the project's own source, a second time
    return module


class _Without(ast.NodeTransformer):
    """Leave out the statements that call `name`: in a lane there is nobody to raise to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        return None if isinstance(called, ast.Name) and called.id == self.name else node


@contextmanager
def _replaced(stand_ins: dict[str, ModuleType]) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in stand_ins}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
