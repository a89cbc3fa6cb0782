"""What may be asked of a demo, checked before anything is started."""

from dataclasses import dataclass
from pathlib import Path

from ..plant_sim.errors import ConfigError
from .reports.records import RUN

SCENARIO = "faults"
MODELS = ("lm", "lm-zero-shot", "head")


@dataclass(frozen=True, slots=True)
class Order:
    """One demo as it was asked for; see `agents.demo.run`."""

    seed: int
    lang: str
    coils: int
    speed: float
    engine: str
    folder: Path

    def check(self) -> None:
        """Refuse what cannot be done.

        Raises:
            ConfigError: an argument is out of its range.
        """
        if self.lang not in ("en", "ko"):
            raise ConfigError(f"language {self.lang!r} is not spoken here; use en or ko")
        if not 1 <= self.coils <= 120:
            raise ConfigError(f"coils {self.coils} is outside [1, 120]; 20 take three minutes")
        if not 0.1 <= self.speed <= 60.0:
            raise ConfigError(f"speed {self.speed:g} is outside [0.1, 60]; 15 is usual")
        if self.engine not in ("rules", "hold", *MODELS):
            raise ConfigError(
                f"engine {self.engine!r} is not known; use rules, hold, {', '.join(MODELS)}"
            )
        if (self.folder / RUN).exists():
            raise ConfigError(f"{self.folder} holds a run already; give another folder")
