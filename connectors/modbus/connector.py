"""The connector that reads a plant over Modbus TCP, in blocks."""

from ...plant_sim.signals import Quality
from ..addresses import BITS
from ..connector import Raw, SupervisedConnector
from ..errors import LinkError
from ..tag_claims import HASH_WORDS
from ..tag_devices import need
from ..tagfile import TagFile
from .client import ModbusClient
from .registers import plan


class ModbusConnector(SupervisedConnector):
    """Reads every Modbus tag of a tag file; a NaN is BAD."""

    def __init__(self, tagfile: TagFile, **timing: float) -> None:
        super().__init__({n: t for n, t in tagfile.tags.items() if t.modbus}, **timing)
        self._tagfile = tagfile
        self._device = need(tagfile.modbus, "devices.modbus")
        self._blocks = plan(self.tags.values())
        self._client: ModbusClient | None = None

    async def _open(self) -> None:
        self._client = await ModbusClient.open(
            self._device.host, self._device.port, self._device.unit, self._deadline
        )
        box = self._tagfile.mailbox
        if box is not None and box.hash_register is not None:
            theirs = await self._client.read("input", box.hash_register, HASH_WORDS)
            if theirs != self._tagfile.hash_words:
                raise LinkError(
                    f"the PLC was made from tag table {theirs.hex()}, not "
                    f"{self._tagfile.hash_words.hex()}; take the tag file of its run folder"
                )

    async def _poll(self) -> dict[str, Raw]:
        if self._client is None:
            raise LinkError("there is no Modbus connection")
        found: dict[str, Raw] = {}
        for block in self._blocks:
            data = await self._client.read(block.table, block.start, block.count)
            for tag in block.tags:
                if (at := tag.modbus) is not None:
                    size = 1 if at.table in BITS else 2
                    first = size * (at.register - block.start)
                    value = at.decode(data[first : first + size * at.words])
                    bad = value != value  # NaN
                    found[tag.name] = Raw(value, Quality.BAD if bad else Quality.GOOD)
        return found

    async def _shut(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
