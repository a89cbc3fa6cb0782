"""What works on this machine, what does not, and what to do about it.

Nothing is changed and nothing is downloaded. A finding is "ok", "off" (an optional part is
missing; the rest works) or "broken" (passline cannot do its main job here).
"""

import os
import platform
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Literal

from ..plant_sim.errors import PasslineError

OLDEST = (3, 11)
SOCKET_PATH = 103  # bytes; the shortest limit of a Unix socket's path (macOS), less the final zero
PORTS = (4840, 5020)  # what `passline serve` uses unless told otherwise
NATIVE = ("numpy", "numba", "pyarrow", "duckdb", "cryptography", "torch", "ray")
MODULES = {"pyyaml": "yaml", "stable-baselines3": "stable_baselines3"}
WITHOUT = {
    "models": "the language model, the head and fine-tuning do not run; rules do",
    "rl": "Stable-Baselines3 cannot be trained on the environments",
    "ray": "rollouts run in this process or in processes, not on Ray",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: what was looked at.
        state: "ok", "off" or "broken".
        detail: what was found.
        remedy: what to do about it; empty when there is nothing to do.
    """

    topic: str
    state: Literal["ok", "off", "broken"]
    detail: str
    remedy: str = ""


def examine(folder: Path = Path("runs")) -> Iterator[Finding]:
    """Yield one finding after another, the cheap ones first.

    Args:
        folder: where runs are to be kept.
    """
    yield _python()
    yield from _packages()
    yield _run_folder(folder)
    yield from (_port(port) for port in PORTS)
    yield _terminal()
    yield _attempt(
        "plant", _plant, "run `passline doctor` again after the packages above are right"
    )
    yield _attempt("language model", _weights, "run `passline models install`", state="off")


def _python() -> Finding:
    found = f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores"
    if sys.version_info < OLDEST:
        return Finding("python", "broken", found, "install Python 3.11 or newer and start again")
    return Finding("python", "ok", found)


def _packages() -> Iterator[Finding]:
    try:
        wanted = metadata.requires("passline") or []
    except metadata.PackageNotFoundError:
        yield Finding("packages", "broken", "passline is not installed", "run `pip install -e .`")
        return
    groups: dict[str, list[str]] = {"core": []}
    for line in wanted:
        name = re.match(r"[A-Za-z0-9_.-]+", line)
        extra = re.search(r"extra == ['\"](\w+)['\"]", line)
        group = extra.group(1) if extra else "core"
        if name and name.group() != "passline" and group in ("core", *WITHOUT):
            groups.setdefault(group, []).append(name.group())
    for group, names in groups.items():
        missing = {name: reason for name in names if (reason := _trouble(name))}
        if not missing:
            yield Finding(f"packages, {group}", "ok", ", ".join(map(_version, names)))
        elif group == "core":
            detail = "; ".join(missing.values())
            yield Finding(
                "packages, core", "broken", detail, "run `pip install --upgrade passline`"
            )
        else:
            detail = f"{'; '.join(missing.values())}: {WITHOUT[group]}"
            remedy = f"run `pip install 'passline[{group}]'`"
            yield Finding(f"packages, {group}", "off", detail, remedy)


def _trouble(name: str) -> str:
    module = MODULES.get(name.lower(), name.replace("-", "_"))
    if name == "langgraph-checkpoint-sqlite":
        module = "langgraph.checkpoint.sqlite"
    try:
        if name in NATIVE:  # a native library can be there and still not load
            import_module(module)
        elif util.find_spec(module) is None:
            return f"{name} is missing"
    except (ImportError, OSError) as error:
        return f"{name} does not load ({str(error).splitlines()[0]})"
    return ""


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return name


def _run_folder(folder: Path) -> Finding:
    length = len(os.fsencode(folder.resolve() / "demo-seed000-20260101-000000" / "gate.sock"))
    if not hasattr(socket, "AF_UNIX"):
        detail = "this system has no Unix sockets, over which agents reach the gate"
        return Finding("run folder", "broken", detail, "use Linux or macOS (WSL on Windows)")
    if length > SOCKET_PATH:
        detail = f"the path of gate.sock has {length} bytes, more than {SOCKET_PATH}"
        return Finding("run folder", "broken", detail, "work in a folder with a shorter path")
    existing = next(parent for parent in (folder, *folder.resolve().parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        detail = f"nothing can be written below {existing}: {error.strerror}"
        return Finding("run folder", "broken", detail, "work in a folder that is yours")
    return Finding("run folder", "ok", f"{folder}/ can be written")


def _port(port: int) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            detail = f"{port} cannot be opened on 127.0.0.1: {error.strerror}"
            return Finding(f"port {port}", "off", detail, "give `passline serve` another port")
    return Finding(f"port {port}", "ok", "free on 127.0.0.1")


def _terminal() -> Finding:
    encoding = (sys.stdout.encoding or "ascii").lower()
    if encoding.replace("-", "") != "utf8":
        detail = f"output is {encoding}; Korean and ° will not show"
        return Finding("terminal", "off", detail, "set PYTHONUTF8=1")
    return Finding("terminal", "ok", "UTF-8")


def _attempt(
    topic: str, check: Callable[[], str], remedy: str, state: Literal["off", "broken"] = "broken"
) -> Finding:
    try:
        return Finding(topic, "ok", check())
    except (PasslineError, ImportError, OSError) as error:
        return Finding(topic, state, str(error).splitlines()[0], remedy)


def _plant() -> str:
    from time import perf_counter

    from ..plant_sim import make_line

    began = perf_counter()
    line = make_line("hot-strip", seed=0)
    line.advance(60.0)
    took = perf_counter() - began
    return f"a minute of the hot strip line took {took:.1f} s (the first time, it is compiled)"


def _weights() -> str:
    from ..models.install import verify, weights_folder

    folder = weights_folder()
    verify(folder)
    return f"{folder.name} lies in {folder}, its checksums are right"
