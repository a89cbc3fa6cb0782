"""What can go wrong on the hot strip line: each scenario is a name and a few likelihoods.

The seed of a campaign draws which fault comes, at which coil and how big; faults change physics,
an actuator or an instrument, never a KPI. What was drawn is ground truth and no signal shows it.
"""

from dataclasses import dataclass

from ..errors import ConfigError


@dataclass(frozen=True, slots=True)
class Scenario:
    """How likely each fault of a campaign is (0..1).

    Attributes:
        name: `kebab-case`.
        drift: the finishing pyrometer slowly reads low (scale and steam on the lens).
        dead: the valve of one cooling bank stays shut.
        lot: a lot of coils is harder than its declared grade.
        english: what it is for.
    """

    name: str
    drift: float
    dead: float
    lot: float
    english: str

    @property
    def odds(self) -> tuple[float, float, float]:
        """The likelihoods in the order the kernel reads them."""
        return (self.drift, self.dead, self.lot)


SCENARIOS: dict[str, Scenario] = {
    row.name: row
    for row in (
        Scenario("nominal", 0.0, 0.0, 0.0, "every disturbance of a normal shift, no fault"),
        Scenario("pyrometer-drift", 1.0, 0.0, 0.0, "the finishing pyrometer drifts low"),
        Scenario("dead-bank", 0.0, 1.0, 0.0, "one cooling bank gives no water"),
        Scenario("wrong-grade", 0.0, 0.0, 1.0, "a lot harder than declared"),
        Scenario("faults", 0.8, 0.8, 0.8, "any of the three faults, drawn from the seed"),
    )
}


def scenario(name: str) -> Scenario:
    """Return the scenario of this name.

    Raises:
        ConfigError: if there is none.
    """
    try:
        return SCENARIOS[name]
    except KeyError:
        raise ConfigError(
            f"scenario {name!r} does not exist; choose one of {', '.join(SCENARIOS)}"
        ) from None
