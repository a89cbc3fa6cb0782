"""A plant, followed over both protocols by a background thread, for callers that are not async."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.signals import Sample
from .connector import DEADLINE
from .errors import LinkError
from .historian import Historian
from .latest import Latest
from .modbus.connector import ModbusConnector
from .opcua import OpcUaConnector
from .security import AGENT, Pki
from .tagfile import TagFile, load_tags

if TYPE_CHECKING:
    from .connector import SupervisedConnector
    from .vector import VectorPlan


class Follower:
    """Reads OPC UA and Modbus side by side and keeps the newest Sample of every tag.

    A tag that both protocols carry comes from the one over which its station is written; the other
    stands in while the first is not GOOD. `Sample.time` is the plant clock: the tag plc.time of the
    same batch. A sample is as fresh as the PLC's heartbeat, so a server that answers for a hung
    plant does not stay GOOD.

    Args:
        tagfile: a tag file or its path.
        pki: folder of keys.
        user: whose keys to use; "agent" may only read.
        historian: gets every batch, if given.
        timing: `period`, `deadline` and `backoff` of the connectors (wall s).
    """

    def __init__(
        self,
        tagfile: TagFile | str | Path,
        pki: str | Path | Pki,
        user: str = AGENT,
        historian: Historian | None = None,
        **timing: float,
    ) -> None:
        self.tagfile = tagfile if isinstance(tagfile, TagFile) else load_tags(tagfile)
        keys = pki if isinstance(pki, Pki) else Pki(pki)
        self._connectors: dict[str, SupervisedConnector] = {}
        if self.tagfile.opcua is not None:
            self._connectors["opcua"] = OpcUaConnector(self.tagfile, keys, user, "poll", **timing)
        if self.tagfile.modbus is not None:
            self._connectors["modbus"] = ModbusConnector(self.tagfile, keys, user, **timing)
        self._home = _homes(self.tagfile)
        self._historian = historian
        if historian is not None:
            for protocol, connector in self._connectors.items():
                connector.subscribe(self._recorder(protocol, historian))
        self._plans: dict[str, VectorPlan] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> "Follower":
        """Begin to follow; returns at once, whether the plant is up or not."""
        if self._thread is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(ready,), name="follower", daemon=True
            )
            self._thread.start()
            ready.wait()
        return self

    def samples(self) -> dict[str, Sample]:
        """Return the newest sample of every tag, aged to now."""
        return dict(self.latest())

    def latest(self) -> Latest:
        """Return the same, each sample made only when it is looked at."""
        held = {name: each.held() for name, each in self._connectors.items()}
        return Latest(self._home, held, time.monotonic())

    def read(self, name: str, limit: float = DEADLINE) -> Sample | None:
        """Read one tag now, over its first protocol, and judge it as everything that is followed.

        Args:
            name: the tag.
            limit: how long to wait for the answer (wall s).

        Returns:
            Its sample, BAD where the plant is down; None when no answer came, or not following.

        Raises:
            TagError: if there is no such tag.
        """
        self.tagfile.tag(name)
        connector, loop = self._connectors.get(self._home[name]), self._loop
        if connector is None or loop is None:
            return None
        plan = self._plans.get(name) or self._plans.setdefault(name, connector.plan([name]))
        future = asyncio.run_coroutine_threadsafe(connector.read_now(plan), loop)
        try:
            return future.result(limit)[name]
        except (TimeoutError, CancelledError):
            future.cancel()
            return None

    def health(self) -> dict[str, dict[str, Any]]:
        """Return of each protocol what `connector.Health` says."""
        return {name: asdict(each.health()) for name, each in self._connectors.items()}

    def wait_good(self, limit: float) -> bool:
        """Wait until every protocol is up and fresh; False when `limit` (wall s) is over."""
        end = time.monotonic() + limit
        while True:
            if all(each.alive() for each in self._connectors.values()):
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)

    def close(self) -> None:
        """Stop following; the last samples turn BAD."""
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10.0)
            self._thread = self._loop = None

    def __enter__(self) -> "Follower":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, ready: threading.Event) -> None:
        async def follow() -> None:
            self._loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            for connector in self._connectors.values():
                await connector.start()
            ready.set()
            await self._stop.wait()
            for connector in self._connectors.values():
                await connector.close()

        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(follow())

    def _recorder(self, protocol: str, historian: Historian) -> Any:
        def record(samples: Mapping[str, Sample]) -> None:
            historian.add(
                {name: item for name, item in samples.items() if self._home[name] == protocol}
            )

        return record


def connect(
    tagfile: TagFile | str | Path, pki: str | Path | None = None, user: str = AGENT
) -> Follower:
    """Follow the plant of a tag file.

    Args:
        tagfile: a tag file or its path.
        pki: folder of keys; by default `pki` beside the tag file.
        user: whose keys to use.

    Returns:
        A started Follower; close it, or use it as a context manager.

    Raises:
        LinkError: if the folder of keys is not given and cannot be guessed.
    """
    if pki is None:
        if isinstance(tagfile, TagFile):
            raise LinkError("a tag file without a path says nothing of keys; give the pki folder")
        pki = Path(tagfile).parent / "pki"
    return Follower(tagfile, pki, user).start()


def _homes(tagfile: TagFile) -> dict[str, str]:
    """Return the protocol that each tag is taken from."""
    by_modbus = {
        name.partition(".")[0]
        for name, tag in tagfile.writable().items()
        if tag.write and tag.write.protocol == "modbus"
    }
    return {
        name: "modbus"
        if tagfile.opcua is None
        or tag.opcua is None
        or (tag.modbus and name.partition(".")[0] in by_modbus)
        else "opcua"
        for name, tag in tagfile.tags.items()
    }
