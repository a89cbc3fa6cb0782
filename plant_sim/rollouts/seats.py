"""Seats by name: a seat travels to a worker as a short string and is built there.

A spec is `hold`, `rules`, or code of somebody else: `module:factory` or `module:factory:argument`,
for example `passline.models.decisions:seat_from_spec:lm`. So this package never imports `models`.
A spec is code that will be run: resume only jobs whose manifest you trust.

A seat may say more of itself by attributes: `fingerprint` (which weights decide), `batch_invariant`
(answers do not depend on who is asked together) and `asked_always` (also when no alert stands).
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..controls import Seat
from ..errors import ConfigError

if TYPE_CHECKING:
    from .policy import Policy

DESK = "desk:"  # before the spec of a seat: it sits at the desk in an environment


def built(spec: str, what: str, known: Iterable[str]) -> object:
    """Import and call the factory of `module:factory` or `module:factory:argument`.

    Args:
        spec: its factory is called with the argument, as a string, when there is one.
        what: is to be built, for the message of an error.
        known: names that would have been understood too, for the same.

    Raises:
        ConfigError: the spec cannot be read or imported.
    """
    module_name, _, rest = spec.partition(":")
    factory_name, _, argument = rest.partition(":")
    if not module_name or not factory_name:
        raise ConfigError(
            f"{what} {spec!r} is not known; give {', '.join(known)}, or module:factory[:argument]"
        )
    try:
        factory = getattr(import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{what} {spec!r} cannot be imported ({error}); check the module and the factory"
        ) from error
    found: object = factory(argument) if argument else factory()
    return found


def load_seat(spec: str) -> Seat:
    """Build the seat that `spec` names.

    Args:
        spec: `hold`, `rules`, `module:factory` or `module:factory:argument`; the factory is called
            with the argument, as a string, when there is one.

    Raises:
        ConfigError: the spec cannot be read, or what it names is not a seat.
    """
    if spec in ("hold", "rules"):
        from ..control.rules import HoldSeat, RuleSeat

        return HoldSeat() if spec == "hold" else RuleSeat()
    seat = built(spec, "seat", ("hold", "rules"))
    if not callable(getattr(seat, "decide", None)) or not isinstance(
        getattr(seat, "name", None), str
    ):
        raise ConfigError(
            f"seat {spec!r} made a {type(seat).__name__}, which has no name and decide(); "
            "a seat needs both"
        )
    return cast("Seat", seat)


def fingerprint(spec: str, seat: "Seat | Policy") -> str:
    """Return what tells this seat from others of its spec, so that a job never mixes two of them.

    It is what the seat says of itself (`fingerprint`, which weights decide, or its name), the hash
    of its sources (see `_sources`) and the versions of what computes its answers. Take it when the
    seat has just been built: later the files may be others than those that were imported.
    """
    own = str(getattr(seat, "fingerprint", seat.name))
    spec, decides = spec.removeprefix(DESK), getattr(seat, "seat", seat)
    modules = {type(decides).__module__}
    if ":" in spec:
        modules.add(spec.partition(":")[0])
    sources = {name: path for module in modules for name, path in _sources(module)}
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name].read_bytes())
    # By what is installed, not by what this process happens to have imported. A seat of the plant
    # itself, hold or rules, needs no more than the plant.
    ours = all(module.split(".")[:2] == __name__.split(".")[:2] for module in modules)
    libraries = ("numba",) if ours else ("numba", "torch", "transformers")
    return " ".join([own, digest.hexdigest()[:16], *map(_version, libraries)])


def _sources(module: str) -> Iterator[tuple[str, Path]]:
    """Yield name and path of a seat's sources: its folder of passline, or the file of its module.

    What a foreign module imports is not looked at; its seat can say more in its `fingerprint`.
    """
    package, _, rest = module.partition(".")
    if package == __name__.partition(".")[0] and rest:
        root = Path(__file__).parents[2]
        for path in (root / rest.partition(".")[0]).rglob("*.py"):
            yield path.relative_to(root).as_posix(), path
    elif file := getattr(sys.modules.get(module), "__file__", None):
        yield module, Path(file)


def _version(library: str) -> str:
    try:
        return f"{library}-{version(library)}"
    except PackageNotFoundError:
        return f"{library}-none"
