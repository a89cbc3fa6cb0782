"""How physics becomes a kernel: the same source files, executed again with compiled numbers.

`compile_sources` runs ordinary modules of this package a second time, with `engine.numbers` (and
every module that uses it) replaced by its compiled counterpart. Numba's disk cache looks at one
function only, so the hash of its module, of every file that one imports, and of the flags goes into
the name of each compiled driver: what changed is compiled anew. A driver is one unit with all it
calls: a function compiled on its own as well would exist twice, rounded differently, and which one
runs would depend on what the cache held.
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
def compile_sources(
    sources: tuple[str, ...], cached: bool = True, apart: bool = False
) -> dict[str, ModuleType]:
    """Return the compiled modules by the short name given, e.g. "lines.hot_strip.drive".

    Each module holds its drivers and constants; what it imports is compiled with it.

    Args:
        sources: module names below the package of the simulator.
        cached: keep machine code on disk; False for tests that inspect it.
        apart: let every function be called, not the drivers alone; for tests of single formulas.
    """
    return {name: _face(_compiled(f"{ROOT}.{name}", cached, apart), apart) for name in sources}


def _face(module: ModuleType, apart: bool) -> ModuleType:
    """Return the module without the functions that Python must not call: they have no way in."""
    from numba.core.dispatcher import Dispatcher

    if apart:
        return module
    face = ModuleType(module.__name__, module.__doc__)
    for name, value in vars(module).items():
        if not isinstance(value, Dispatcher) or not value.targetoptions.get("forceinline"):
            setattr(face, name, value)
    return face


@cache
def _compiled(name: str, cached: bool, apart: bool) -> ModuleType:
    """Return a module executed with compiled numbers; those that it imports come first.

    Each is executed once for whoever asks: what two drivers share is compiled once.
    """
    import numba as nb

    from . import lanes

    tag = _tag(name) + "_apart" * apart
    flags: dict[str, Any] = {"fastmath": lanes.FASTMATH, "error_model": "numpy"}

    def driver(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{tag}"  # names the cache file: callees and flags are in it
        return nb.njit(cache=cached, nogil=True, **flags)(function)

    # ways in for Python, to what is copied into a driver anyway, cost a fifth of all compile time
    ways_in: dict[str, Any] = {"no_cpython_wrapper": not apart, "no_cfunc_wrapper": not apart}
    inline = nb.njit(forceinline=True, **flags, **ways_in)
    numbers = ModuleType(NUMBERS)
    vars(numbers).update(vars(lanes.numbers(driver, inline)))
    used = [other for other in _imports(name) if _counts(other)]
    stand_ins = {other: _compiled(other, cached, apart) for other in used}
    return _execute(name, tag, stand_ins | {NUMBERS: numbers})


def _file(name: str) -> Path:
    return Path(str(import_module(name).__file__))


@cache
def _imports(name: str) -> tuple[str, ...]:
    """Return the modules of this package that a module imports, in their order."""
    found: dict[str, None] = {}
    package = name.rpartition(".")[0]
    for node in ast.walk(ast.parse(_file(name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            modules = [node.module] if node.module else [alias.name for alias in node.names]
            found |= dict.fromkeys(resolve_name("." * node.level + m, package) for m in modules)
    return tuple(found)


@cache
def _counts(name: str) -> bool:
    """Say whether a module uses `engine.numbers`, itself or through what it imports."""
    used = _imports(name)
    return name != NUMBERS and (NUMBERS in used or any(_counts(other) for other in used))


def _tag(name: str) -> str:
    """Return the hash of a module and of all it imports: their constants are compiled in."""
    import numba as nb

    from . import lanes

    files, left = {Path(lanes.__file__), Path(__file__)}, [name]
    while left:
        module = left.pop()
        if _file(module) not in files:
            files.add(_file(module))
            left.extend(_imports(module))
    text = b"".join(file.read_bytes() for file in sorted(files)) + nb.__version__.encode()
    return hashlib.sha256(text).hexdigest()[:12]


def _execute(name: str, tag: str, stand_ins: dict[str, ModuleType]) -> ModuleType:
    file, full = _file(name), f"{name}__{tag}"
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
