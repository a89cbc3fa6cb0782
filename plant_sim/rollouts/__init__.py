"""Branches and whole episodes, in lanes and in parallel, and their store."""

from typing import TYPE_CHECKING, Any

from .branch import BranchTable, branch  # at once: the function must stand before its submodule

if TYPE_CHECKING:
    from .env_job import EnvJob
    from .job import Job, run_job

__all__ = ["BranchTable", "EnvJob", "Job", "branch", "run_job"]


def __getattr__(name: str) -> Any:
    """Import what needs pyarrow when it is first asked for: it costs half a second."""
    if name not in ("EnvJob", "Job", "run_job"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import env_job, job

    return getattr(env_job if name == "EnvJob" else job, name)
