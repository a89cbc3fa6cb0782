"""The plant behind the wires: the follower reads it, the mailbox writes it, as the gate's user."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, TypeVar

from ...plant_sim.signals import Sample
from ...plant_sim.units import to_si
from ..errors import LinkError
from ..follower import Follower
from ..letter import Echo
from ..mailbox import WireMailbox
from ..security import GATE
from ..tag_controls import controls_of
from ..tagfile import load_tags
from .denied import refuse_safety

_LIMIT = 12.0  # wall s for one exchange with the mailbox; its own deadlines are shorter
Answer = TypeVar("Answer")


class WirePlant:
    """The real way to write: OPC UA and Modbus mailbox, with the gate's own keys.

    Args:
        tags: tag file of the plant.
        folder: run folder with `pki/`.

    Raises:
        ConfigError: the tag file is wrong, makes a tag of a safety function writable, or the
            gate's keys are missing.
    """

    def __init__(self, tags: Path, folder: Path) -> None:
        tagfile = load_tags(tags)
        pki = folder / "pki"
        self.tags_hash = tagfile.hash
        refuse_safety(
            {n: [str(t.opcua)] if t.opcua else [] for n, t in tagfile.writable().items()},
            f"tag file {tags}",
        )
        self.controls = controls_of(tagfile)
        self.spans = {
            n: to_si(t.high, t.unit) - to_si(t.low, t.unit) for n, t in tagfile.tags.items()
        }
        self._mailbox = WireMailbox(tagfile, pki, GATE)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="gate-mailbox", daemon=True
        )
        self._thread.start()
        self._follower = Follower(tagfile, pki, GATE)
        self._follower.start()

    def samples(self) -> Mapping[str, Sample]:
        """Return the newest samples."""
        return self._follower.latest()

    def read(self, name: str) -> Sample | None:
        """Read one signal now, in an exchange of its own."""
        return self._follower.read(name)

    def memory(self) -> int | None:
        """Return the number of the PLC's memory; see `WireMailbox.memory`."""
        try:
            return self._wait(self._mailbox.memory())
        except TimeoutError as error:
            raise LinkError("the mailbox did not answer; is the PLC running?") from error

    def send(self, action_id: str, control: str, value: float) -> Echo | None:
        """Put one request into the mailbox, once; see `WireMailbox.send`."""
        try:
            return self._wait(self._mailbox.send(action_id, control, value))
        except TimeoutError:
            return None

    def lookup(self, action_id: str, control: str) -> Echo | None:
        """Return what the mailbox knows of an action id."""
        try:
            return self._wait(self._mailbox.lookup(action_id))
        except TimeoutError as error:
            raise LinkError("the mailbox did not answer; is the PLC running?") from error

    def void(self, action_id: str) -> None:
        """Make an action id void; see `WireMailbox.void`."""
        try:
            self._wait(self._mailbox.void(action_id))
        except TimeoutError as error:
            raise LinkError("the mailbox did not answer; is the PLC running?") from error

    def beat(self) -> None:
        """Tell the PLC that the gate lives and an agent beats."""
        try:
            taken = self._wait(self._mailbox.beat())
        except TimeoutError:
            taken = False
        if not taken:
            raise LinkError("no protocol took the heartbeat; is the PLC running?")

    def close(self) -> None:
        """End both connections and their threads."""
        self._follower.close()
        with contextlib.suppress(TimeoutError):  # the PLC closes what is left of the connection
            self._wait(self._mailbox.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(_LIMIT)
        except CancelledError as error:
            raise TimeoutError("cancelled") from error
        except TimeoutError:
            future.cancel()
            raise
