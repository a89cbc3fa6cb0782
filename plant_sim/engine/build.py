"""How physics becomes a kernel: the same source files, executed again with compiled numbers.

`compile_sources` gives the drivers of ordinary modules of this package, compiled. Numba's disk
cache looks at one function only, so the hash of its module, of every file that one imports, and of
the flags goes into the name of each compiled driver: what changed is compiled anew. Only then are
the modules executed a second time, with `engine.numbers` (and every module that uses it) replaced
by its compiled counterpart; a start that finds its machine code on disk parses nothing. A driver is
one unit with all it calls: a function compiled on its own as well would exist twice, rounded
differently, and which one runs would depend on what the cache held.
"""

import ast
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import FunctionType, ModuleType
from typing import Any

from ..errors import ConfigError
from .collection import no_collection
from .imports import NUMBERS, ROOT, counts, everything, file_of, imports, source, tagged

_LOCK = threading.Lock()


def compile_sources(
    sources: tuple[str, ...], cached: bool = True, apart: bool = False
) -> dict[str, ModuleType]:
    """Return the compiled modules by the short name given, e.g. "lines.hot_strip.drive".

    Each module holds its drivers and constants; what it imports is compiled with it, at the first
    call of a driver that the disk cache does not hold.

    Args:
        sources: module names below the package of the simulator.
        cached: keep machine code on disk; False for tests that inspect it.
        apart: let every function be called, not the drivers alone; for tests of single formulas.
    """
    module = _executed if apart else _face
    with no_collection():
        return {name: module(f"{ROOT}.{name}", cached, apart) for name in sources}


@cache
def _face(name: str, cached: bool, apart: bool) -> ModuleType:
    """Return constants and drivers of a module, without what Python must not call.

    Machine code from the cache names the modules of the functions that were copied into it; empty
    ones stand for them until something has to be compiled.
    """
    plain = import_module(name)
    face = ModuleType(tagged(name) if counts(name) else name, plain.__doc__)
    for key, value in vars(plain).items():
        role = getattr(value, "role", "") if isinstance(value, FunctionType) else ""
        if role == "driver" and value.__module__ == name:
            setattr(face, key, _driver(name, key, cached))
        elif role != "inline" and not key.startswith("__"):
            setattr(face, key, value)
    with _LOCK:
        for full in map(tagged, filter(counts, everything(name))):
            sys.modules.setdefault(full, ModuleType(full))
    return face


def _driver(name: str, key: str, cached: bool) -> Any:
    """Return a driver that is loaded from the disk cache, or compiled from executed sources."""
    import numba as nb

    from .compiler import WHOLE, DriverCompiler
    from .disk_cache import DiskCache

    plain = vars(import_module(name))[key]
    function = FunctionType(plain.__code__, vars(import_module(name)), key, plain.__defaults__)
    function.__qualname__ = _cache_name(name, key)
    setattr(function, WHOLE, lambda: vars(_executed(name, cached, False))[key].py_func)
    driver = nb.njit(nogil=True, pipeline_class=DriverCompiler, **_flags())(function)
    if cached:
        driver._cache = DiskCache(function)
    return driver


def _cache_name(name: str, key: str) -> str:
    """Return the name of a driver that names its cache file: callees and flags are in it."""
    return f"{key}_{tagged(name).rpartition('__')[2]}"


def _flags() -> dict[str, Any]:
    from . import lanes

    return {"fastmath": lanes.FASTMATH, "error_model": "numpy"}


@cache
def _executed(name: str, cached: bool, apart: bool) -> ModuleType:
    """Return a module executed with compiled numbers; those that it imports come first.

    Each is executed once for whoever asks: what two drivers share is compiled once.
    """
    import numba as nb

    from . import lanes
    from .compiler import InlineCompiler

    full = tagged(name) + "_apart" * apart

    def driver(function: Callable[..., Any]) -> Any:
        function.__qualname__ = _cache_name(name, function.__name__) + "_apart" * apart
        return nb.njit(cache=cached and apart, nogil=True, **_flags())(function)

    # machine code of what is copied into a driver anyway, and ways in for Python, cost time only
    copied: dict[str, Any] = {}
    if not apart:
        ways_in = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        copied = ways_in | {"pipeline_class": InlineCompiler}
    inline = nb.njit(forceinline=True, **_flags(), **copied)
    numbers = ModuleType(NUMBERS)
    vars(numbers).update(vars(lanes.numbers(driver, inline)))
    used = [other for other in imports(name) if counts(other)]
    stand_ins = {other: _executed(other, cached, apart) for other in used}
    return _execute(name, full, stand_ins | {NUMBERS: numbers})


def _execute(name: str, full: str, stand_ins: dict[str, ModuleType]) -> ModuleType:
    file = file_of(name)
    spec = spec_from_file_location(full, file)
    if spec is None:
        raise ConfigError(f"{file} cannot be loaded as a module; list Python files only")
    module = module_from_spec(spec)
    tree = _Without("require").visit(ast.parse(source(file)))
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
