"""Seats by name: a seat travels to a worker as a short string and is built there.

A spec is `hold`, `rules`, or code of somebody else: `module:factory` or `module:factory:argument`,
for example `passline.models.decisions:seat_from_spec:lm`. So this package never imports `models`.
A spec is code that will be run: resume only jobs whose manifest you trust.

A seat may say more of itself by attributes: `fingerprint` (which weights decide), `batch_invariant`
(answers do not depend on who is asked together) and `asked_always` (also when no alert stands).
"""

from importlib import import_module
from typing import cast

from ..controls import Seat
from ..errors import ConfigError


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
    module_name, _, rest = spec.partition(":")
    factory_name, _, argument = rest.partition(":")
    if not module_name or not factory_name:
        raise ConfigError(
            f"seat {spec!r} is not known; give hold, rules, or module:factory[:argument]"
        )
    try:
        factory = getattr(import_module(module_name), factory_name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"seat {spec!r} cannot be imported ({error}); check the module and the factory"
        ) from error
    seat = factory(argument) if argument else factory()
    if not callable(getattr(seat, "decide", None)) or not isinstance(
        getattr(seat, "name", None), str
    ):
        raise ConfigError(
            f"seat {spec!r} made a {type(seat).__name__}, which has no name and decide(); "
            "a seat needs both"
        )
    return cast("Seat", seat)


def fingerprint(seat: Seat) -> str:
    """Return what tells this seat from others of its spec: its own `fingerprint`, or its name.

    A seat with weights says here which they are, so that a job is never resumed with others.
    """
    return str(getattr(seat, "fingerprint", seat.name))
