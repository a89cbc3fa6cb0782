"""The Modbus face of the virtual PLC: signals as input registers, a mailbox as holding ones."""

from math import nan

from ...plant_sim.signals import Quality
from ...plant_sim.units import from_si
from ..errors import ProtocolError
from ..letter import BEAT_WORDS, REQUEST_WORDS, pack_echoes, unpack_beat, unpack_modbus
from ..modbus.registers import ILLEGAL_ADDRESS, ILLEGAL_VALUE, RegisterImage
from ..tag_devices import need
from ..tagfile import TagFile
from .program import Picture, PlcProgram

BUSY = 6  # exception code: server device busy


class ModbusFace(RegisterImage):
    """Registers of the PLC. A write is a whole request or a whole beat, and proves its sender."""

    def __init__(self, tagfile: TagFile, key: bytes, program: PlcProgram) -> None:
        super().__init__(unit=need(tagfile.modbus, "devices.modbus").unit)
        self._box = need(tagfile.mailbox, "mailbox")
        self._tags = [tag for tag in tagfile.tags.values() if tag.modbus is not None]
        self._key = key
        self._program = program
        if self._box.hash_register is not None:
            self.put("input", self._box.hash_register, tagfile.hash_words)

    def publish(self, picture: Picture) -> None:
        """Show `picture`; a BAD value is NaN."""
        for tag in self._tags:
            sample, at = picture.samples.get(tag.name), tag.modbus
            if sample is None or at is None:
                continue
            bad = sample.quality is Quality.BAD
            value = nan if bad else from_si(sample.value, tag.unit)
            self.put(at.table, at.register, at.encode(value))
        echo = need(self._box.echo_register, "mailbox.modbus")
        self.put("input", echo, pack_echoes(picture.handled, list(picture.echoes)))

    def write(self, address: int, data: bytes, peer: str) -> int:
        """Take a request or a beat; anything else is an illegal address."""
        words = len(data) // 2
        try:
            if (address, words) == (self._box.request_register, REQUEST_WORDS):
                request = unpack_modbus(data, self._key)
                return 0 if self._program.submit(request, "modbus", peer) else BUSY
            if (address, words) == (self._box.beat_register, BEAT_WORDS):
                self._program.beat(unpack_beat(data, self._key))
            else:
                self._program.refuse(
                    "modbus", peer, f"{words} holding registers from {address} are not writable"
                )
                return ILLEGAL_ADDRESS
        except ProtocolError as error:
            self._program.refuse("modbus", peer, str(error))
            return ILLEGAL_VALUE
        return 0
