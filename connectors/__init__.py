"""The one way to a plant: tags over OPC UA and Modbus, and the gate that every write passes."""

from importlib import import_module
from typing import TYPE_CHECKING

if __name__ == "connectors":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.connectors, not connectors")

if TYPE_CHECKING:
    from .follower import Follower as Follower
    from .follower import connect as connect
    from .gate.client import GateClient as GateClient
    from .tagfile import TagFile as TagFile
    from .tagfile import load_tags as load_tags
else:  # a public name is loaded when it is first used

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name], __name__), name)

    def __dir__() -> list[str]:
        return __all__


__all__ = ["Follower", "GateClient", "TagFile", "connect", "load_tags"]
_HOME = {
    "Follower": ".follower",
    "GateClient": ".gate.client",
    "TagFile": ".tagfile",
    "connect": ".follower",
    "load_tags": ".tagfile",
}
