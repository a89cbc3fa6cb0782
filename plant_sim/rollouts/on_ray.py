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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import create_connection, gethostname
from typing import Any

from ..errors import ConfigError, MissingExtraError, PasslineError, SimulationError
from .backends import ATTEMPTS, DIED, Carried, Player, Results, Unit, UnitResult, Work

IN_FLIGHT = 2  # calls an actor has at hand, so that it never waits for the driver
CALL = 2.0  # s of work in a call: a call costs driver and actor the same, whatever is in it
ANSWER = 5.0  # s until a cluster that says nothing is not there
THREADS = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Of a Ray that is started here. As it comes, its daemons look round ten times a second, and actors
# are nicer by 15 than the driver, so that on a machine with other work all else goes first.
SELDOM = {
    "AUTOSCALER_UPDATE_INTERVAL_S": "60",
    "LOG_NAME_UPDATE_INTERVAL_S": "60",
    "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
    "RAY_event_stats": "0",
    "RAY_gcs_pull_resource_loads_period_milliseconds": "10000",
    "RAY_io_context_monitor_probe_interval_ms": "10000",
    "RAY_memory_monitor_refresh_ms": "1000",
    "RAY_object_manager_timer_freq_ms": "1000",
    "RAY_raylet_check_gc_period_milliseconds": "1000",
    "RAY_raylet_report_resources_period_milliseconds": "1000",
    "RAY_local_fs_monitor_interval_ms": "1000",
    "RAY_worker_niceness": "0",
}


class RayPlayer:
    """A worker in an actor.

    Args:
        folder: where the files of the job go.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._player: Player | None = None

    def play(self, units: Sequence[Unit], told: Sequence[Any]) -> list[UnitResult]:
        """Play units; `told` names the job and its seat, if that travels, in the object store.

        They are named with every call because an actor that was killed starts with nothing, and
        they are fetched once.

        Raises:
            ConfigError: the folder is not to be seen from this node.
        """
        if not Path(self._folder, "manifest.json").exists():
            raise ConfigError(
                f"{self._folder} is not to be seen on {gethostname()}; with RAY_ADDRESS give a "
                "folder that all nodes share"
            )
        if self._player is None:
            import ray

            job, carried = ray.get(told[0])
            self._player = Player(job, self._folder, carried)
        return [self._player.play(unit) for unit in units]


def ray(
    job: Work,
    units: Sequence[Unit],
    folder: Path,
    workers: int,
    carried: Carried | None = None,
) -> Results:
    """Play the units by Ray actors; Ray restarts a killed actor and tries its call again.

    A Ray that the caller has already started is used and left running, and so is the cluster of
    RAY_ADDRESS. Otherwise one is started, which listens on loopback only, and is stopped and
    removed at the end, of the job or of what `kept` holds together.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: no cluster answers or lets us in, it has no core, or a node does not see the
            folder.
        SimulationError: the workers died again and again on one call.
        PasslineError: Ray would be reachable from outside this machine.
    """
    with ExitStack() as own:
        _start_ray(workers, _kept or own)
        yield from _play(job, units, folder, workers, carried)


def _play(
    job: Work, units: Sequence[Unit], folder: Path, workers: int, carried: Carried | None
) -> Results:
    ray = _ray()
    actor = ray.remote(RayPlayer).options(
        num_cpus=1,
        max_restarts=-1,
        max_task_retries=ATTEMPTS,
        runtime_env={"env_vars": THREADS},
    )
    told = [ray.put((job, carried))]  # the store outlives every actor
    players = [actor.remote(str(folder)) for _ in range(min(workers, len(units)))]
    queue = list(reversed(units))
    # A call without units tells that a player is there. A cluster may never have a core for one.
    running = {player.play.remote([], told): player for player in players}
    left = len(units)
    try:
        while left:
            done, _ = ray.wait(list(running), num_returns=1)
            player = running.pop(done[0])
            try:
                results: list[UnitResult] = ray.get(done[0])
            except ray.exceptions.RayActorError as error:
                raise SimulationError(DIED) from error
            except ray.exceptions.RayTaskError as error:
                raise (error.cause if isinstance(error.cause, PasslineError) else error) from None
            for _ in range(1 if results else IN_FLIGHT):
                count = share(len(queue), len(players), results)
                if count:
                    call = [queue.pop() for _ in range(count)]
                    running[player.play.remote(call, told)] = player
            left -= len(results)
            yield from results
    finally:
        for player in players:
            ray.kill(player)


def share(left: int, players: int, last: Sequence[UnitResult]) -> int:
    """Return how many of the units that are left go into the next call of a player.

    As many as take CALL, by those of its call before, but no more than an even share of what is
    left: at the end all players have something to do.
    """
    wall = sum(result.wall for result in last)
    fit = int(CALL * len(last) / wall) if wall else 1
    return min(left, max(1, min(fit, left // (IN_FLIGHT * players))))


_kept: ExitStack | None = None  # what stops a Ray that is kept from job to job


@contextmanager
def kept() -> Iterator[None]:
    """Keep the Ray that a job starts for those that follow inside, and stop it at the end."""
    global _kept  # noqa: PLW0603  there is one Ray in a process
    with ExitStack() as stack:
        _kept = stack
        try:
            yield
        finally:
            _kept = None


def _start_ray(workers: int, stack: ExitStack) -> None:
    """Reach Ray, or start it on loopback; `stack` gets what leaves or stops it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would tell of a killed worker on stdout, in the middle of a command's JSON.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
    address = os.environ.get("RAY_ADDRESS", "local")
    if address not in ("", "local"):
        _join_cluster(address, stack)
        return
    # Read when Ray is imported. It is meant for other systems, but on Linux too it is the only way
    # to keep the node's address, and so every listener, on 127.0.0.1; a test lists the listeners.
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if not any(name in os.environ for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # or Ray writes one to the home folder
    ray = _ray()
    if ray.is_initialized():
        return
    # The names of Ray's sockets must be short, so not in a long TMPDIR.
    short = os.environ.get("RAY_TMPDIR") or ("/tmp" if os.name == "posix" else None)  # noqa: S108
    place = tempfile.mkdtemp(prefix="passline-ray-", dir=short)
    stack.callback(shutil.rmtree, place, ignore_errors=True)
    stack.callback(ray.shutdown)
    with _environment(SELDOM):
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=80 * 2**20,  # the least Ray takes; results go to files
            _temp_dir=place,
        )
    address = str(ray.nodes()[0]["NodeManagerAddress"])
    if address != "127.0.0.1":
        raise PasslineError(
            f"Ray would listen on {address}, not on loopback only; start a new process, where ray "
            "is not imported before the job begins"
        )


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set, for what is started inside."""
    new = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            del os.environ[name]


def _join_cluster(address: str, stack: ExitStack) -> None:
    """Join the cluster at `address`, unless the caller has; `stack` gets what leaves it again."""
    if address.startswith(("127.", "localhost")):  # or Ray looks for it on this machine's address
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if _has_token():
        # A head that finds a token asks everybody for it; a driver shows its own only in this mode.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = _ray()
    if not ray.is_initialized():
        if not _listens(address):
            raise ConfigError(
                f"nothing listens at RAY_ADDRESS {address!r}; start the cluster, or unset "
                "RAY_ADDRESS to play on this machine"
            )
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise ConfigError(
                f"the Ray at RAY_ADDRESS {address!r} does not let us in ({type(error).__name__}); "
                "set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH to the token it was started with, and "
                "have the same Ray and Python there"
            ) from error
        stack.callback(ray.shutdown)
    cores = ray.cluster_resources().get("CPU", 0.0)
    if cores < 1.0:
        raise ConfigError(
            f"the Ray at RAY_ADDRESS {address!r} has {cores:g} cores; give it at least one"
        )


def _listens(address: str) -> bool:
    """Return whether somebody does at an address of host and port; any other is Ray's to find."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        return True
    with suppress(OSError), create_connection((host, int(port)), timeout=ANSWER):
        return True
    return False


def _has_token() -> bool:
    named = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    return named or Path("~/.ray/auth_token").expanduser().exists()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray") from error
    return ray
