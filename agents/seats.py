"""Who sits at the desk, by name; only the engines that are asked for are imported."""

from pathlib import Path

from ..plant_sim.controls import Seat
from ..plant_sim.errors import ConfigError

ADAPTED = ("lm", "head")  # engines that work with an adapter


def seat_for(engine: str, adapter: str | Path | None = None) -> tuple[Seat, Seat | None]:
    """Return the seat that `engine` names, and the rules that help it (None for the idle seat).

    Args:
        engine: "rules", "hold", or a model's name as `models.decisions.seat_from_spec` knows it
            ("lm", "lm-zero-shot", "head").
        adapter: name or folder of the adapter that "lm" and "head" work with; None: the shipped.

    Raises:
        ConfigError: nobody has that name, or he has no use for an adapter.
        MissingExtraError: a model is asked for and torch is not installed.
    """
    from ..plant_sim.control.rules import HoldSeat, RuleSeat

    if adapter is not None and engine not in ADAPTED:
        raise ConfigError(
            f"{engine} works without an adapter, {adapter} was given; use {' or '.join(ADAPTED)}"
        )
    if engine == "hold":
        return HoldSeat(), None
    rules: Seat = RuleSeat()
    if engine == "rules":
        return rules, rules
    from ..models.decisions import seat_from_spec

    if adapter is None:
        return seat_from_spec(engine), rules
    return seat_from_spec(engine, adapter=adapter), rules
