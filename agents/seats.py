"""Who sits at the desk, by name; only the engines that are asked for are imported."""

from ..plant_sim.controls import Seat


def seat_for(engine: str) -> tuple[Seat, Seat | None]:
    """Return the seat that `engine` names, and the rules that help it (None for the idle seat).

    Args:
        engine: "rules", "hold", or a model's name as `models.decisions.seat_from_spec` knows it
            ("lm", "lm-zero-shot", "head").

    Raises:
        ConfigError: nobody has that name.
        MissingExtraError: a model is asked for and torch is not installed.
    """
    from ..plant_sim.control.rules import HoldSeat, RuleSeat

    if engine == "hold":
        return HoldSeat(), None
    rules: Seat = RuleSeat()
    if engine == "rules":
        return rules, rules
    from ..models.decisions import seat_from_spec

    return seat_from_spec(engine), rules
