"""Ray as a place where work units are played: on this machine, loopback only, or on a cluster.

Whole units and a few hundred bytes about each travel, and once per job a seat that says so. With
`RAY_ADDRESS` set, the cluster there is used: it is as open as it was started, every node needs
this passline, and the folder of the job must be the same place on all of them.
"""

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from socket import gethostname
from typing import Any

from ..errors import ConfigError, MissingExtraError, PasslineError, SimulationError
from .backends import ATTEMPTS, DIED, Carried, Player, Results, Unit, UnitResult, Work

IN_FLIGHT = 2  # units an actor has at hand, so that it never waits for the driver


class RayPlayer(Player):
    """A worker in an actor."""

    def play_with(self, unit: Unit, seat: Sequence[Any]) -> UnitResult:
        """Play a unit; `seat` is empty, or names the one of the object store.

        It comes with every call because an actor that was killed starts with nothing, and is
        fetched once.

        Raises:
            ConfigError: the folder is not to be seen from this node.
        """
        if not (self._folder / "manifest.json").exists():
            raise ConfigError(
                f"{self._folder} is not to be seen on {gethostname()}; with RAY_ADDRESS give a "
                "folder that all nodes share"
            )
        if seat and self._carried is None:
            import ray

            self._carried = ray.get(seat[0])
        return self.play(unit)


def ray(
    job: Work,
    units: Sequence[Unit],
    folder: Path,
    workers: int,
    carried: Carried | None = None,
) -> Results:
    """Play the units by Ray actors; Ray restarts a killed actor and tries its units again.

    A Ray that the caller has already started is used and left running, and so is the cluster of
    RAY_ADDRESS. Otherwise one is started for the job, which listens on loopback only, and is
    stopped and removed at the end.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: no cluster answers, or a node does not see the folder.
        SimulationError: the workers died again and again on one unit.
        PasslineError: Ray would be reachable from outside this machine.
    """
    own, place = _start_ray(workers)
    ray = _ray()
    try:
        actor = ray.remote(RayPlayer).options(
            num_cpus=1,
            max_restarts=-1,
            max_task_retries=ATTEMPTS,
            runtime_env={"env_vars": {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}},
        )
        # By value once, and by name with each unit: a seat in the store outlives every actor.
        seat = [ray.put(carried)] if carried is not None else []
        players = [actor.remote(job, str(folder)) for _ in range(min(workers, len(units)))]
        queue = list(reversed(units))
        running: dict[Any, Any] = {}

        def feed(player: Any) -> None:
            if queue:
                running[player.play_with.remote(queue.pop(), seat)] = player

        for _ in range(IN_FLIGHT):
            for player in players:
                feed(player)
        while running:
            done, _ = ray.wait(list(running), num_returns=1)
            player = running.pop(done[0])
            try:
                result: UnitResult = ray.get(done[0])
            except ray.exceptions.RayActorError as error:
                raise SimulationError(DIED) from error
            except ray.exceptions.RayTaskError as error:
                raise (error.cause if isinstance(error.cause, PasslineError) else error) from None
            feed(player)
            yield result
    finally:
        if own:
            ray.shutdown()
            if place:
                shutil.rmtree(place, ignore_errors=True)


def _start_ray(workers: int) -> tuple[bool, str]:
    """Reach Ray, or start it on loopback; return whether to leave it in the end, and its folder."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would tell of a killed worker on stdout, in the middle of a command's JSON.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    address = os.environ.get("RAY_ADDRESS", "local")
    if address not in ("", "local"):
        return _join_cluster(address), ""
    # Read when Ray is imported. It is meant for other systems, but on Linux too it is the only way
    # to keep the node's address, and so every listener, on 127.0.0.1; a test lists the listeners.
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if not any(name in os.environ for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # or Ray writes one to the home folder
    ray = _ray()
    if ray.is_initialized():
        return False, ""
    # The names of Ray's sockets must be short, so not in a long TMPDIR.
    short = os.environ.get("RAY_TMPDIR") or ("/tmp" if os.name == "posix" else None)  # noqa: S108
    place = tempfile.mkdtemp(prefix="passline-ray-", dir=short)
    ray.init(
        address="local",
        num_cpus=workers,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=80 * 2**20,  # the least Ray takes; results go to files, not through it
        _temp_dir=place,
    )
    address = str(ray.nodes()[0]["NodeManagerAddress"])
    if address != "127.0.0.1":
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)
        raise PasslineError(
            f"Ray would listen on {address}, not on loopback only; start a new process, where ray "
            "is not imported before the job begins"
        )
    return True, place


def _join_cluster(address: str) -> bool:
    """Join the cluster at `address`, unless the caller has; return whether to leave it again."""
    if address.startswith("127."):  # or Ray looks for it on the address of this machine
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    ray = _ray()
    if ray.is_initialized():
        return False
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"no Ray answers at RAY_ADDRESS {address!r} ({type(error).__name__}); start the "
            "cluster, or unset RAY_ADDRESS to play on this machine"
        ) from error
    return True


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    return ray
