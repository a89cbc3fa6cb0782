"""Files that one account alone may read."""

import os
from pathlib import Path

from ...plant_sim.errors import ConfigError

OTHERS = 0o077  # the rights of the group and of everybody


def write_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file that never exists with more rights than `mode`, whole or not at all."""
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def private_file(path: Path, remedy: str) -> Path:
    """Return `path` when no other account can read it or put another file in its place.

    Raises:
        ConfigError: if the file is missing (`remedy` then says what to do), or it or its folder
            is open to other accounts.
    """
    if not path.exists():
        raise ConfigError(f"{path} is missing; {remedy}")
    for place, mode in ((path, "600"), (path.parent, "700")):
        rights = place.stat().st_mode & 0o777
        if rights & OTHERS:
            raise ConfigError(
                f"{place} has mode {rights:o} and can be read by other accounts; "
                f"run: chmod {mode} {place}"
            )
    return path
