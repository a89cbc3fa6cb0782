"""Foundation models made fit for the job: loaded locally, held to a closed set of answers."""

from typing import TYPE_CHECKING, Any

if __name__ == "models":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.models, not models")

if TYPE_CHECKING:
    from .backends.cpu import load
    from .decisions import DecisionEngine

__all__ = ["DecisionEngine", "load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from .backends.cpu import load

        return load
    if name == "DecisionEngine":
        from .decisions import DecisionEngine

        return DecisionEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
