"""What a module is made of: the modules it imports, and the tag that names all of that.

The tag goes into the name of the machine code on disk, so code is only found for the sources and
constants it was made from. It is needed at every start, so nothing is parsed for it: to parse some
seventy files takes longer than to load the machine code.
"""

import hashlib
import re
import sys
from functools import cache
from importlib import import_module
from importlib.util import resolve_name
from pathlib import Path

ROOT = __package__.rpartition(".")[0]  # the package that holds engine/
NUMBERS = f"{ROOT}.engine.numbers"

# a test compares what this finds in every file with what the parser finds
_IMPORT = re.compile(r"^ *from (\.+)([\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)
_COMMENT = re.compile(r"#.*")


def file_of(name: str) -> Path:
    """Return the source file of a module."""
    return Path(str(import_module(name).__file__))


@cache
def source(file: Path) -> bytes:
    """Return a source file, read once: what is compiled later is what was hashed."""
    return file.read_bytes()


@cache
def _digest(file: Path) -> bytes:
    return hashlib.sha256(source(file)).digest()


@cache
def imports(name: str) -> tuple[str, ...]:
    """Return the modules of this package that a module imports, in their order."""
    found: dict[str, None] = {}
    package = name.rpartition(".")[0]
    import_module(name)  # so whatever it imports is known
    for dots, module, names in _IMPORT.findall(source(file_of(name)).decode("utf-8")):
        base = resolve_name(dots + module, package)
        if module:
            found[base] = None
        listed = _COMMENT.sub("", names).strip("() \n").split(",")
        within = (f"{base}.{text.split()[0]}" for text in listed if text.strip())
        found |= dict.fromkeys(other for other in within if other in sys.modules)
    return tuple(found)


@cache
def counts(name: str) -> bool:
    """Say whether a module uses `engine.numbers`, itself or through what it imports."""
    used = imports(name)
    return name != NUMBERS and (NUMBERS in used or any(counts(other) for other in used))


@cache
def everything(name: str) -> tuple[str, ...]:
    """Return a module and all that it imports, directly or not."""
    found: dict[str, None] = {}
    left = [name]
    while left:
        module = left.pop()
        if module not in found:
            found[module] = None
            left.extend(imports(module))
    return tuple(found)


@cache
def tag(name: str) -> str:
    """Return the hash of a module, of all it imports and of the engine."""
    import numba as nb

    files = {file_of(module) for module in everything(name)}
    files |= set(Path(__file__).parent.glob("*.py"))
    text = b"".join(_digest(file) for file in sorted(files)) + nb.__version__.encode()
    return hashlib.sha256(text).hexdigest()[:12]


def tagged(name: str) -> str:
    """Return the name under which a module's machine code is known."""
    return f"{name}__{tag(name)}"
