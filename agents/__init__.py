"""The operator: a LangGraph supervisor that sees, diagnoses, asks, acts, verifies and reports."""

if __name__ == "agents":  # the repository root is on sys.path: one module, one name
    raise ImportError("import passline.agents, not agents")

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .supervisor import build_supervisor as build_supervisor

__all__ = ["build_supervisor"]


def __getattr__(name: str) -> Any:
    if name == "build_supervisor":  # LangGraph is heavy: imported when it is asked for
        from .supervisor import build_supervisor

        return build_supervisor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
