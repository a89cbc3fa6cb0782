"""Branches and whole episodes, in lanes and in parallel, and their store."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .branch import BranchTable, branch
    from .job import Job, run_job

__all__ = ["BranchTable", "Job", "branch", "run_job"]

_HOMES = {"BranchTable": ".branch", "branch": ".branch", "Job": ".job", "run_job": ".job"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: pyarrow and Numba cost half a second."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_HOMES[name], __name__)
    value = globals()[name] = getattr(module, name)  # the function, not the submodule of its name
    return value
