"""A steel line in physics: fast, vectorised, with real faults; Gymnasium is its face.

Importing this package registers the environments; everything heavier waits for its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from gymnasium.envs.registration import register

if __name__ == "plant_sim":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.plant_sim, not plant_sim")

if TYPE_CHECKING:
    from .errors import PasslineError as PasslineError
    from .lines.line import Line as Line
    from .lines.line import make_line as make_line
else:  # a public name is loaded when it is first used

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name], __name__), name)

    def __dir__() -> list[str]:
        return __all__


__all__ = ["Line", "PasslineError", "make_line"]
_HOME = {"Line": ".lines.line", "PasslineError": ".errors", "make_line": ".lines.line"}
_ENVS = "passline.plant_sim.envs"

register(
    "passline/FinishingMill-v0",
    entry_point=f"{_ENVS}.finishing_mill:FinishingMill",
    vector_entry_point=f"{_ENVS}.finishing_mill:FinishingMillVector",
    max_episode_steps=240,
)
register(
    "passline/HotStripLine-v0",
    entry_point=f"{_ENVS}.hot_strip_line:HotStripLine",
    vector_entry_point=f"{_ENVS}.hot_strip_line:HotStripLineVector",
    max_episode_steps=360,
)
register(
    "passline/MillSetup-v0",
    entry_point=f"{_ENVS}.mill_setup:MillSetup",
    vector_entry_point=f"{_ENVS}.mill_setup:MillSetupVector",
    max_episode_steps=8,
)
register(
    "passline/ReheatingFurnace-v0",
    entry_point=f"{_ENVS}.reheating_furnace:ReheatingFurnace",
    vector_entry_point=f"{_ENVS}.reheating_furnace:ReheatingFurnaceVector",
    max_episode_steps=960,
)
register(
    "passline/RunOutTable-v0",
    entry_point=f"{_ENVS}.run_out_table:RunOutTable",
    vector_entry_point=f"{_ENVS}.run_out_table:RunOutTableVector",
    max_episode_steps=240,
)
